"""The house behind a call: the gateway's inbox and the property database. Each step is a transaction of its own."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.gateway.channel import ChosenOption, InboundMessage
from integrations.gateway.errors import ApiError
from integrations.gateway.hub import ConversationChanged, Event, Hub
from integrations.gateway.inbox import Inbox
from integrations.gateway.receiving import Received
from integrations.voice import left_danger
from integrations.voice.call.office import Chosen, NotTaken, Sent, Standing
from integrations.voice.channel import NAME
from integrations.voice.recording import RecordingFolder, StoredSound
from property_db.calls import caller, recordings, voicemail
from property_db.calls import service as calls
from property_db.calls.models import Call, CallOutcome, CallState, Recording, RecordingKind
from property_db.clock import Clock
from property_db.conversations import service as conversations
from property_db.conversations.models import ConversationState
from property_db.database import Database
from property_db.errors import DatabaseBusy, DomainError
from property_db.handoff import service as handoff
from property_db.handoff.models import QueueKind
from property_db.people import service as people

log = structlog.get_logger()

VOICEMAIL_DAYS = 90
"""Where calls are not recorded: a message left on purpose is kept all the same."""
KEEPING_SECONDS = 5.0
TRY_AGAIN_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Pauses before a message left is filed once more: nothing but its sound tells of it until then."""
_DATABASE_AWAY = (SQLAlchemyError, DatabaseBusy, OSError)
"""A driver that cannot connect raises an `OSError` of its own."""
_BOT_ANSWERS = (ConversationState.BOT, ConversationState.RATING)


class FrontOffice:
    """An :class:`integrations.voice.call.office.Office` for one call.

    Args:
        call: the row of the call.
        trusted: the exchange vouches for the caller's number.
        keep_days: how long recordings stay; None where nothing is recorded.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        inbox: Inbox,
        hub: Hub,
        folder: RecordingFolder,
        call: Call,
        *,
        trusted: bool,
        keep_days: int | None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._inbox = inbox
        self._hub = hub
        self._folder = folder
        self._call_id = call.id
        self._number = call.number
        self._trusted = trusted
        self._keep_days = keep_days
        self._identity_id: int | None = None
        self._count = 0
        self._keeping: set[asyncio.Task[Any]] = set()
        self.public_id = call.public_id
        self.conversation_id: int | None = None

    async def answered(self) -> None:
        """Note it, and open an identity of the call's own: who calls next from this telephone is somebody else."""
        async with self._database.transaction() as session:
            await calls.answered(session, self._call_id, self._clock)
            identity = await people.identity_for(session, NAME, self.public_id, self._clock)
            await calls.attach(session, self._call_id, identity.id, None)
            self._identity_id = identity.id

    async def is_known(self) -> bool:
        """See :class:`Office`."""
        if not self._trusted or self._number is None:
            return False
        async with self._database.reading() as session:
            return await caller.person_by_number(session, self._number, self._clock) is not None

    async def confirm_home(self, digits: str) -> str | None:
        """See :class:`Office`."""
        if self._identity_id is None:
            return None
        async with self._database.transaction() as session:
            known = await caller.identify(session, self._identity_id, self._number, digits, self._clock)
            if known is None:
                return None
            home = next((one for one in known.homes if caller.room_matches([one], digits)), known.homes[0])
            return home.label

    async def send(self, text: str, chosen: Chosen | None = None) -> Sent:
        """See :class:`Office`."""
        self._count += 1
        choice = None if chosen is None else ChosenOption(chosen.seq, chosen.option_id, chosen.conversation)
        message = InboundMessage(NAME, self.public_id, f"{self.public_id}-{self._count}", text, choice)
        try:
            received = await self._inbox.receive(message)
        except (ApiError, DomainError, SQLAlchemyError) as error:
            raise NotTaken(type(error).__name__) from error
        if received.conversation.id != self.conversation_id:
            self.conversation_id = received.conversation.id
            async with self._database.transaction() as session:
                await calls.attach(session, self._call_id, self._identity_id, self.conversation_id)
        return Sent(received.message.id, received.message.seq, _awaits(received))

    async def heard(
        self, text: str, confidence: float, seconds: float, refused: str | None, message_id: int | None, sound: bytes
    ) -> None:
        """Keep it beside the call: nobody waits for the disk."""
        self._beside(self._keep_heard(text, confidence, seconds, refused, message_id, sound))

    async def standing(self) -> Standing:
        """See :class:`Office`."""
        if self.conversation_id is None:
            return Standing()
        async with self._database.reading() as session:
            conversation = await conversations.get(session, self.conversation_id)
            place = await handoff.place_of(session, self.conversation_id)
        waits = place is not None and not place.taken and place.kind is QueueKind.CHAT
        return Standing(
            owner=conversation.state.value,
            agent_id=conversation.agent_id,
            ahead=max(place.position - 1, 0) if place is not None and waits else None,
            minutes=place.wait_minutes if place is not None and waits else None,
            call_back=place is not None and not place.taken and place.kind is QueueKind.CALLBACK,
        )

    async def leave_queue(self) -> None:
        """See :class:`Office`."""
        if self.conversation_id is None:
            return
        async with self._database.transaction() as session:
            await handoff.abandon(session, self.conversation_id, self._clock)
        self._hub.publish(ConversationChanged(self.conversation_id))

    async def moved(self, state: CallState, agent_id: int | None = None) -> None:
        """See :class:`Office`."""
        async with self._database.transaction() as session:
            await calls.set_state(session, self._call_id, state, self._clock, agent_id)

    async def rated(self, stars: int) -> None:
        """See :class:`Office`."""
        async with self._database.transaction() as session:
            await calls.rate(session, self._call_id, stars)

    async def speech_failed(self) -> None:
        """See :class:`Office`."""
        async with self._database.transaction() as session:
            await calls.speech_failed(session, self._call_id)

    async def voicemail(self, sound: bytes, transcript: str) -> bool:
        """See :class:`Office`; filed to its end, also where whoever waits for it is cancelled."""
        return await asyncio.shield(self._beside(self._keep_voicemail(sound, transcript)))

    async def ended(self, outcome: CallOutcome) -> None:
        """See :class:`Office`; who waited for a person waits no longer, and who had one is told to them."""
        if self._keeping:
            await asyncio.wait(self._keeping, timeout=KEEPING_SECONDS)
        changed: list[Event] = []
        async with self._database.transaction() as session:
            await calls.end(session, self._call_id, outcome, self._clock)
            if self.conversation_id is not None:
                place = await handoff.place_of(session, self.conversation_id)
                if place is not None and place.kind is QueueKind.CHAT:
                    await handoff.abandon(session, self.conversation_id, self._clock)
                changed.append(ConversationChanged(self.conversation_id))
        self._hub.publish(*changed)

    def _beside[Result](self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        """Do it beside the call, whose end waits for it a while."""
        task = asyncio.create_task(work, name="voice.keeping")
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)
        return task

    # Messages left

    async def _keep_voicemail(self, sound: bytes, transcript: str) -> bool:
        try:
            stored = await self._folder.keep(sound, self._clock.now(), voicemail=True)
        except OSError as error:
            log.error("voice.voicemail_lost", call=self.public_id, error=type(error).__name__)
            return False
        try:
            events = await self._file_until_filed(stored, transcript)
        except (*_DATABASE_AWAY, DomainError, asyncio.CancelledError) as error:
            # The sound stays for a person to find, until `stray_recordings` removes it.
            log.error("voice.voicemail_lost", call=self.public_id, error=type(error).__name__, file=stored.file)
            if isinstance(error, asyncio.CancelledError):
                raise
            return False
        self._hub.publish(*events)
        return True

    async def _file_until_filed(self, stored: StoredSound, transcript: str) -> list[Event]:
        """File a message, again after each pause while the database is away; what listeners are to know.

        A commit that fails may have been made all the same, so each try but the first looks before.

        Raises:
            SQLAlchemyError, DatabaseBusy, OSError: the last try failed too.
            DomainError: it is refused, as it would be each time.
        """
        events: list[Event] = []
        for tried, pause in enumerate((*TRY_AGAIN_SECONDS, None)):
            try:
                if not (tried and await self._has_row(stored)):
                    await self._file(stored, transcript, events)
            except _DATABASE_AWAY as error:
                if pause is None:
                    raise
                log.warning("voice.voicemail_later", call=self.public_id, error=type(error).__name__)
                await asyncio.sleep(pause)
            else:
                break
        return events

    async def _file(self, stored: StoredSound, transcript: str, events: list[Event]) -> None:
        """One try; `events` are of the newest one, also where its commit fails."""
        events.clear()
        async with self._database.transaction() as session:
            call = await calls.get(session, self._call_id)
            recording = await self._row(session, RecordingKind.VOICEMAIL, stored, self._keep_days or VOICEMAIL_DAYS)
            ticket = await voicemail.file(session, call, recording, transcript, self._number, self._clock)
            conversation_id = (await calls.get(session, self._call_id)).conversation_id
            if conversation_id is not None:
                events += await left_danger.raise_alarm(session, conversation_id, transcript, self._clock)
                events.append(ConversationChanged(conversation_id))
        log.info("voice.voicemail_filed", call=self.public_id, ticket=ticket.number)

    # What was heard

    async def _keep_heard(
        self, text: str, confidence: float, seconds: float, refused: str | None, message_id: int | None, sound: bytes
    ) -> None:
        stored = await self._sound_of(sound)
        try:
            async with self._database.transaction() as session:
                recording: Recording | None = None
                if stored is not None:
                    recording = await self._row(session, RecordingKind.UTTERANCE, stored, self._keep_days or 1)
                await calls.heard(
                    session,
                    self._call_id,
                    text,
                    confidence,
                    seconds,
                    self._clock,
                    message_id=message_id,
                    recording_id=None if recording is None else recording.id,
                    refused=refused,
                )
        except (*_DATABASE_AWAY, DomainError) as error:
            log.error("voice.heard_not_kept", call=self.public_id, error=type(error).__name__)
            if stored is not None:
                await self._drop(stored)
            return
        if self.conversation_id is not None and message_id is not None:
            self._hub.publish(ConversationChanged(self.conversation_id))  # the desk shows what was heard with it

    async def _sound_of(self, sound: bytes) -> StoredSound | None:
        """The sound on disk; None where nothing is recorded, or the disk refuses: the words are kept all the same."""
        if self._keep_days is None or not sound:
            return None
        with contextlib.suppress(OSError):
            return await self._folder.keep(sound, self._clock.now())
        return None

    async def _drop(self, stored: StoredSound) -> None:
        """Remove the sound of a moment that was not kept; where that cannot be told now, `stray_recordings` does it."""
        with contextlib.suppress(*_DATABASE_AWAY):
            if not await self._has_row(stored):
                await self._folder.drop(stored.file)

    async def _has_row(self, stored: StoredSound) -> bool:
        async with self._database.reading() as session:
            return bool(await recordings.known(session, [stored.public_id]))

    async def _row(self, session: AsyncSession, kind: RecordingKind, stored: StoredSound, days: int) -> Recording:
        return await recordings.add(
            session,
            self._call_id,
            kind,
            stored.file,
            stored.seconds,
            stored.size,
            days,
            self._clock,
            public_id=stored.public_id,
        )


def _awaits(received: Received) -> bool:
    """Whether the bot answers: not where a person has the conversation, or will have it."""
    return received.conversation.state in _BOT_ANSWERS
