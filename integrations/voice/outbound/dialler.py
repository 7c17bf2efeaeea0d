"""Places the calls that a person has released: so many at once, in the hours people accept, each by one process."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from integrations.gateway.every import Every
from integrations.gateway.services import Services
from integrations.voice.call.session import CallSession
from integrations.voice.channel import NAME
from integrations.voice.handover.completed import completes
from integrations.voice.handover.house import House
from integrations.voice.handover.phones import PhoneHandover
from integrations.voice.hotline import Switchboard
from integrations.voice.line import NotReached
from integrations.voice.outbound.connecting import AgentSide
from integrations.voice.outbound.machine import who_answered
from integrations.voice.outbound.placing import OUTCOMES, Placing
from integrations.voice.outbound.reminder import Reminder
from property_db.calls import outbound
from property_db.calls import service as calls
from property_db.calls.models import CallOutcome, OutboundKind, OutboundTask
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, Direction

log = structlog.get_logger()

LOOK_SECONDS = 3.0
"""An agent who wants to call back now should not wonder whether anything happens."""
STOP_SECONDS = 5.0
LOST_AFTER = timedelta(hours=1)
"""With several processes: so long after it was taken a call is nobody's any more. Longer than the longest call."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a task ended.

    Attributes:
        again: whether it may be tried again where nobody was reached.
    """

    outcome: CallOutcome
    call_id: int | None = None
    again: bool = True


class Dialler:
    """See the module.

    Args:
        phones: knows which agents are on the telephone.
    """

    def __init__(self, switchboard: Switchboard, services: Services, house: House, phones: PhoneHandover) -> None:
        self._switchboard = switchboard
        self._services = services
        self._house = house
        self._phones = phones
        self._tasks: set[asyncio.Task[None]] = set()
        self._talking: set[asyncio.Task[Any]] = set()
        self._looking = Every(LOOK_SECONDS, self.look, "voice.dialler_failed")

    async def start(self) -> None:
        """Take up what a process that died was dialling, then dial."""
        settings = self._switchboard.settings.outbound
        if not settings.enabled:
            return
        silent_for = timedelta() if self._services.database.is_sqlite else LOST_AFTER
        async with self._services.database.transaction() as session:
            lost = await outbound.recover(
                session,
                self._services.clock,
                silent_for=silent_for,
                attempts=settings.attempts,
                retry_minutes=settings.retry_minutes,
            )
        if lost:
            log.warning("voice.outbound_recovered", tasks=len(lost))
        self._looking.start()

    async def stop(self) -> None:
        """Dial no more; what rings is given up and tried again later, what is talking is the switchboard's to end."""
        await self._looking.stop()
        for running in self._tasks:
            if running not in self._talking:
                running.cancel()

    async def finish(self) -> None:
        """Wait until the end of every call is written down; after the switchboard has stopped."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
        for running in late:
            running.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def look(self) -> None:
        """Take what is due, as far as there is room for it."""
        switchboard, settings = self._switchboard, self._switchboard.settings.outbound
        if not settings.enabled or switchboard.exchange is None:
            return
        room = min(settings.calls_at_once - len(self._tasks), switchboard.settings.most_calls - len(switchboard.live()))
        if room <= 0:
            return
        await self._take(room)

    @completes
    async def _take(self, most: int) -> None:
        """Claim what is due, and begin with it."""
        settings, clock = self._switchboard.settings.outbound, self._services.clock
        quiet = {"quiet_begin": settings.quiet_begin, "quiet_end": settings.quiet_end}
        async with self._services.database.reading() as session:
            due = await outbound.due(session, clock, **quiet, limit=most)
        for one in due:
            async with self._services.database.transaction() as session:
                task = await outbound.claim(session, one.id, clock, **quiet)
            if task is not None:
                running = asyncio.create_task(self._run(task), name="voice.outbound")
                self._tasks.add(running)
                running.add_done_callback(self._tasks.discard)

    async def _run(self, task: OutboundTask) -> None:
        result = Result(CallOutcome.FAILED)
        log.info("voice.outbound_began", task=task.public_id, kind=task.kind.value)
        try:
            result = await (self._call_back(task) if task.kind is OutboundKind.CALLBACK else self._remind(task))
        except Exception as error:  # it is tried again, and the others still are
            log.exception("voice.outbound_failed", task=task.public_id, error=type(error).__name__)
        finally:
            self._talking.discard(_me())
            await self._finish(task, result)

    @completes
    async def _finish(self, task: OutboundTask, result: Result) -> None:
        settings = self._switchboard.settings.outbound
        async with self._services.database.transaction() as session:
            await outbound.finish(
                session,
                task.id,
                result.outcome,
                self._services.clock,
                call_id=result.call_id,
                attempts=settings.attempts if result.again else 0,
                retry_minutes=settings.retry_minutes,
            )
        log.info("voice.outbound_ended", task=task.public_id, outcome=result.outcome.value)

    async def _placing(self, number: str) -> Placing:
        return await Placing.begin(self._switchboard, self._services.database, self._services.clock, number)

    # Reminders

    async def _remind(self, task: OutboundTask) -> Result:
        placing = await self._placing(task.number)
        try:
            line = await placing.dial()
        except NotReached as missed:
            return Result(OUTCOMES[missed.reason], placing.row.id)
        equipment = self._switchboard.equipment
        try:
            answerer = await who_answered(line, equipment.detector(), equipment.pace)
        except BaseException:
            await line.hang_up()
            await placing.end(CallOutcome.FAILED)
            raise
        log.info("voice.outbound_answered", task=task.public_id, by=answerer)
        if answerer == "gone":
            await line.hang_up()
            return Result(await placing.end(CallOutcome.NO_ANSWER), placing.row.id)

        async def opted_out() -> None:
            async with self._services.database.transaction() as session:
                await outbound.opt_out(session, task.number, "call", self._services.clock)

        async def script(session: CallSession) -> None:
            parts = session.dialogue.parts

            async def asked() -> None:
                await self._tell_desk(placing.row.id, task.text)

            session.dialogue = Reminder(parts, task.text, opted_out, asked, to_machine=answerer == "machine")

        self._talking.add(_me())
        return Result(await placing.talk(line, script), placing.row.id)

    @completes
    async def _tell_desk(self, call_id: int, text: str) -> None:
        """Leave in the conversation what we called about, for the person who takes it."""
        async with self._services.database.transaction() as session:
            call = await calls.get(session, call_id)
            if call.identity_id is None:
                return
            conversation = await conversations.open_for(session, NAME, call.identity_id, self._services.clock)
            await conversations.append(
                session,
                conversation.id,
                direction=Direction.OUT,
                author=Author.SYSTEM,
                text=text,
                visible_to_resident=False,
                clock=self._services.clock,
            )

    # Calls back

    async def _call_back(self, task: OutboundTask) -> Result:
        agent_id = task.created_by
        number = None if agent_id is None else await self._house.number_of(agent_id)
        if agent_id is None or number is None:
            log.warning("voice.call_back_without_phone", task=task.public_id)
            return Result(CallOutcome.FAILED, again=False)
        if agent_id in self._phones.on_phone:
            return Result(CallOutcome.BUSY)
        self._phones.on_phone.add(agent_id)
        try:
            side = AgentSide(self._switchboard, self._house, self._services, agent_id)
            return Result(*await side.call_back(number, task.number, task.conversation_id))
        finally:
            self._phones.on_phone.discard(agent_id)


def _me() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("outside of a task")
    return task
