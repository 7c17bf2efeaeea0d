"""The switchboard: takes every call that a transport brings, leads it through, and knows which calls go on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol

import structlog

from integrations.gateway.every import Every
from integrations.gateway.hub import ConversationChanged, Event, Hub
from integrations.gateway.inbox import Inbox
from integrations.voice.call.office import Standing
from integrations.voice.call.session import CallSession, Equipment
from integrations.voice.channel import VoiceChannel
from integrations.voice.configuration import Hotline
from integrations.voice.front_office import FrontOffice
from integrations.voice.line import Exchange, Line, LineGone
from integrations.voice.prompts import Prompts
from integrations.voice.recording import RecordingFolder
from integrations.voice.speech import Recogniser, Voice
from property_db.calls import service as calls
from property_db.calls.models import Call, CallDirection, CallOutcome
from property_db.clock import Clock
from property_db.database import Database

log = structlog.get_logger()

SEEN_EVERY_SECONDS = 20.0
ORPHANED_AFTER = timedelta(minutes=2)
STOP_SECONDS = 12.0
"""A message that is being left has to be understood and filed in it."""
READY_SECONDS = 2.0

EngineState = Literal["ok", "down", "off"]


class TransportState(Protocol):
    """What a transport says of itself; each has more of its own."""


@dataclass(frozen=True, slots=True)
class HotlineStatus:
    """How the hotline is."""

    calls: int
    most_calls: int
    recogniser: EngineState
    voice: EngineState
    transports: dict[str, TransportState]


class Handover(Protocol):
    """Gives calls to agents' telephones."""

    def stands(self, call: "RunningCall", standing: Standing) -> None:
        """How it stands with the conversation of a call, whenever that was looked at; never blocks."""
        ...

    async def ended(self, call: "RunningCall") -> None:
        """The call is over: nothing of a hand-over may run on."""
        ...


@dataclass(slots=True)
class RunningCall:
    """A call that this process carries."""

    row: Call
    line: Line
    session: CallSession
    office: FrontOffice
    handed_to: int | None = None

    @property
    def public_id(self) -> str:
        """The call's outside id."""
        return self.row.public_id

    @property
    def listeners(self) -> int:
        """How many listen in."""
        return self.session.tap.listeners


class Switchboard:
    """See the module.

    Args:
        settings: ``hotline.yml``; its defaults where there is none.
        equipment: what all calls share.

    Attributes:
        exchange: places calls; None where no transport can.
        transports: how each of them is, by its name.
        handover: gives calls to agents' telephones; None: agents type, and the caller hears it.
    """

    def __init__(
        self,
        settings: Hotline,
        equipment: Equipment,
        database: Database,
        clock: Clock,
        hub: Hub,
        inbox: Inbox,
        channel: VoiceChannel,
        folder: RecordingFolder,
        *,
        alone: bool,
    ) -> None:
        self.settings = settings
        self.equipment = equipment
        self.exchange: Exchange | None = None
        self.transports: dict[str, Callable[[], TransportState]] = {}
        self.handover: Handover | None = None
        self._database = database
        self._clock = clock
        self._hub = hub
        self._inbox = inbox
        self._folder = folder
        self._alone = alone
        self._calls: dict[str, RunningCall] = {}
        self._coming = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self._sweeper = Every(SEEN_EVERY_SECONDS, self._sweep, "voice.sweep_failed", first_after=SEEN_EVERY_SECONDS)
        channel.connect(self._session_of)
        hub.listen(self._on_event)

    @property
    def prompts(self) -> Prompts:
        """What the telephone itself says."""
        return self.equipment.prompts

    @property
    def recogniser(self) -> Recogniser | None:
        """What hears; None where nothing does."""
        return self.equipment.recogniser

    @property
    def voice(self) -> Voice | None:
        """What speaks; None where nothing does."""
        return next(iter(self.equipment.voices), None)

    async def start(self) -> None:
        """End what a process that died has left, then be ready."""
        self._closing = False
        silent_for = timedelta() if self._alone else ORPHANED_AFTER
        async with self._database.transaction() as session:
            orphans = await calls.close_orphans(session, self._clock, silent_for=silent_for)
        if orphans:
            log.warning("voice.orphans_closed", calls=len(orphans))
        self._sweeper.start()

    async def stop(self) -> None:
        """Take no more, say goodbye on the calls that go on, and end them."""
        self._closing = True
        await self._sweeper.stop()
        for call in self._calls.values():
            call.session.dismiss()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def close(self) -> None:
        """Let go of the engines."""
        if self.recogniser is not None:
            await self.recogniser.close()
        for voice in self.equipment.voices:
            await voice.close()

    async def take(self, line: Line) -> None:
        """Run a whole inbound call; one too many hears busy."""
        if self._closing or len(self._calls) + self._coming >= self.settings.most_calls:
            await self._refuse(line)
            return
        self._coming += 1
        try:
            row = await self._begin(line, CallDirection.IN)
        except BaseException:
            await line.reject("unavailable")
            raise
        finally:
            self._coming -= 1
        await self._run(line, row, None)

    async def place(
        self, line: Line, script: Callable[[CallSession], Awaitable[None]], row: Call | None = None
    ) -> None:
        """Run an outbound call that was answered.

        Args:
            script: told the session before it begins, so that it says what the call is for.
            row: the call as it was written before dialling; None writes it now.
        """
        if row is None:
            row = await self._begin(line, CallDirection.OUT)
        await self._run(line, row, script)

    def live(self) -> list[RunningCall]:
        """The calls that this process carries."""
        return list(self._calls.values())

    async def listen_in(self, public_id: str) -> AsyncIterator[bytes]:
        """Both sides mixed, 8 kHz, until the call is over; nothing where there is no such call."""
        call = self._calls.get(public_id)
        if call is None:
            return
        log.info("voice.listened_in", call=public_id)
        async for piece in call.session.tap.listen():
            yield piece

    async def status(self) -> HotlineStatus:
        """How everything is now."""
        recogniser, voice = await asyncio.gather(_state_of(self.recogniser), _state_of(self.voice))
        states = {name: state() for name, state in self.transports.items()}
        return HotlineStatus(len(self._calls), self.settings.most_calls, recogniser, voice, states)

    # One call

    async def _refuse(self, line: Line) -> None:
        row = await self._begin(line, CallDirection.IN)
        await line.reject("unavailable" if self._closing else "busy")
        async with self._database.transaction() as session:
            await calls.end(session, row.id, CallOutcome.BUSY, self._clock)
        log.warning("voice.refused", transport=line.transport, calls=len(self._calls))

    async def _begin(self, line: Line, direction: CallDirection) -> Call:
        number, called = (line.caller, line.called) if direction is CallDirection.IN else (line.called, line.caller)
        async with self._database.transaction() as session:
            return await calls.begin(session, direction, line.transport, number, called, self._clock)

    async def _run(self, line: Line, row: Call, script: Callable[[CallSession], Awaitable[None]] | None) -> None:
        office = FrontOffice(
            self._database,
            self._clock,
            self._inbox,
            self._hub,
            self._folder,
            row,
            trusted=self.settings.trust_caller_number and row.direction is CallDirection.IN,
            keep_days=self.settings.keep_recordings_days if self.settings.record else None,
        )
        session = CallSession(line, office, self.equipment)
        call = RunningCall(row, line, session, office)
        self._calls[row.public_id] = call
        handover = self.handover
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
        outcome: CallOutcome | None = None
        log.info("voice.call_began", call=row.public_id, transport=line.transport, line=line.line_id)
        try:
            if script is not None:
                await script(session)
            if handover is not None:
                session.dialogue.persons.told = lambda standing: handover.stands(call, standing)
            reason = await session.run()
            log.info("voice.call_ended", call=row.public_id, reason=reason)
        except LineGone:
            outcome = CallOutcome.ABANDONED
        except Exception as error:
            outcome = CallOutcome.FAILED
            log.exception("voice.call_failed", call=row.public_id, error=type(error).__name__)
        finally:
            del self._calls[row.public_id]
            if task is not None:
                self._tasks.discard(task)
            if handover is not None:
                await handover.ended(call)
            await asyncio.shield(office.ended(outcome or session.dialogue.outcome))

    # Events

    def _session_of(self, public_id: str) -> CallSession | None:
        call = self._calls.get(public_id)
        return None if call is None else call.session

    async def _on_event(self, event: Event) -> None:
        if not isinstance(event, ConversationChanged):
            return
        for call in self._calls.values():
            if call.office.conversation_id == event.conversation_id:
                call.session.conversation_changed()

    async def _sweep(self) -> None:
        """Show that these calls are alive, and end those of a process that is not."""
        async with self._database.transaction() as session:
            await calls.seen(session, [call.row.id for call in self._calls.values()], self._clock)
            await calls.close_orphans(session, self._clock, silent_for=ORPHANED_AFTER)


async def _state_of(engine: Recogniser | Voice | None) -> EngineState:
    if engine is None:
        return "off"
    try:
        async with asyncio.timeout(READY_SECONDS):
            return "ok" if await engine.ready() else "down"
    except TimeoutError:
        return "down"
