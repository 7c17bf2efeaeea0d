"""One call of ours: its row, dialling, and how it ended."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

import structlog

from integrations.voice.call.session import CallSession
from integrations.voice.handover.completed import completed, completes
from integrations.voice.handover.dialling import dial
from integrations.voice.hotline import Switchboard
from integrations.voice.line import Line, NotReached
from property_db.calls import service as calls
from property_db.calls.models import Call, CallDirection, CallOutcome
from property_db.clock import Clock
from property_db.database import Database

log = structlog.get_logger()

TRANSPORT = "sip"
"""Only this one places calls."""
RING_SECONDS = 40.0
Missed = Literal["busy", "no_answer", "rejected", "unreachable", "not_configured"]
OUTCOMES: Mapping[Missed, CallOutcome] = {
    "busy": CallOutcome.BUSY,
    "no_answer": CallOutcome.NO_ANSWER,
    "rejected": CallOutcome.NO_ANSWER,
    "unreachable": CallOutcome.FAILED,
    "not_configured": CallOutcome.FAILED,
}


class Placing:
    """A call to a resident.

    Attributes:
        row: as it was written before dialling.
    """

    def __init__(self, switchboard: Switchboard, database: Database, clock: Clock, row: Call) -> None:
        self.row = row
        self._switchboard = switchboard
        self._database = database
        self._clock = clock

    @classmethod
    async def begin(cls, switchboard: Switchboard, database: Database, clock: Clock, number: str) -> "Placing":
        """Write the call down before anything rings."""

        async def write() -> Call:
            async with database.transaction() as session:
                return await calls.begin(session, CallDirection.OUT, TRANSPORT, number, None, clock)

        return cls(switchboard, database, clock, await completed(write()))

    async def dial(self) -> Line:
        """Ring; no header goes with it, as it leaves for the public network.

        Raises:
            NotReached: nobody answered; the call is ended then, as it is when this is cancelled.
        """
        try:
            line = await dial(self._switchboard, str(self.row.number), {}, RING_SECONDS)
        except NotReached as missed:
            await self.end(OUTCOMES[missed.reason])
            raise
        except asyncio.CancelledError:
            await self.end(CallOutcome.ABANDONED)
            raise
        except Exception:
            await self.end(CallOutcome.FAILED)
            raise
        try:
            await self._answered()
        except BaseException:
            await line.hang_up()
            raise
        return line

    @completes
    async def _answered(self) -> None:
        async with self._database.transaction() as session:
            await calls.answered(session, self.row.id, self._clock)

    async def talk(self, line: Line, script: Callable[[CallSession], Awaitable[None]]) -> CallOutcome:
        """Run the answered call to its end; how it ended."""
        await self._switchboard.place(line, script, self.row)
        async with self._database.reading() as session:
            ended = await calls.get(session, self.row.id)
        return ended.outcome or CallOutcome.FAILED

    @completes
    async def belongs_to(self, conversation_id: int) -> None:
        """Say which conversation the answered call is about."""
        async with self._database.transaction() as session:
            row = await calls.get(session, self.row.id)
            await calls.attach(session, row.id, row.identity_id, conversation_id)

    @completes
    async def end(self, outcome: CallOutcome) -> CallOutcome:
        """It is over; the first to say so wins."""
        async with self._database.transaction() as session:
            await calls.end(session, self.row.id, outcome, self._clock)
        return outcome
