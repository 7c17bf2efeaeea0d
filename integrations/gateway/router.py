"""The conversation router: who answers a message, and what happens when nobody can.

Every step is a transaction over rows, so that doing it again after a crash does no harm: an answer is stored together
with the mark that its question is answered, and a second answer to the same message is never stored.
"""

from collections.abc import Sequence
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.language.emergency import EmergencyKind, detect
from integrations.gateway.answers import logical_answer
from integrations.gateway.engine_client import EngineClient, EngineUnavailable, Reply, TurnFailed
from integrations.gateway.hub import AlarmRaised, ConversationChanged, Hub, MessageStored, TypingChanged
from integrations.gateway.receiving import HUMAN_PAYLOAD
from integrations.gateway.settings import Settings
from integrations.gateway.texts import say
from property_db.clock import Clock
from property_db.conversations import blocks as b
from property_db.conversations import lookup
from property_db.conversations import service as conversations
from property_db.conversations.models import (
    Author,
    Conversation,
    ConversationState,
    Direction,
    Message,
    MessageState,
)
from property_db.database import Database
from property_db.emergencies import service as emergencies
from property_db.handoff import service as handoff
from property_db.handoff.models import QueueKind

log = structlog.get_logger()

LEAVE_QUEUE_PAYLOAD = "/leave_queue"
PHOTO_PAYLOAD = "/inform"
FIRST_RETRY = timedelta(seconds=1)
LONGEST_RETRY = timedelta(seconds=20)
# A zero-width space in front of a leading slash: the engine takes the rest as text, a reader sees no difference.
_NOT_A_COMMAND = "\u200b"


class Router:
    """Answers claimed messages."""

    def __init__(
        self, settings: Settings, database: Database, clock: Clock, hub: Hub, engine: EngineClient, worker: str
    ) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._hub = hub
        self._engine = engine
        self._worker = worker
        self._apologise_after = timedelta(seconds=settings.apologise_after_seconds)

    async def answer(self, message: Message) -> None:
        """See one claimed message to its end: answered, held for a person, or due again later."""
        async with self._database.reading() as session:
            conversation = await conversations.get(session, message.conversation_id)
        danger = detect(message.text) if message.choice is None else None
        if danger is not None:
            await self._answer_emergency(conversation, message, danger)
        elif _payload(message) == LEAVE_QUEUE_PAYLOAD:
            await self._leave_queue(conversation, message)
        elif conversation.state is ConversationState.BOT:
            await self._answer_by_engine(conversation, message)
        else:
            await self._hold(message)

    async def _answer_emergency(self, conversation: Conversation, message: Message, kind: EmergencyKind) -> None:
        async with self._database.transaction() as session:
            answer = await emergencies.report(
                session,
                conversation_id=conversation.id,
                identity_id=conversation.identity_id,
                kind=kind,
                text=message.text,
                message_id=message.id,
                clock=self._clock,
            )
            stored = await self._store_answer(session, message, [answer.block, b.Text(text=answer.handled_text)])
        log.warning("emergency.answered", kind=kind, ticket=answer.ticket.number)
        self._hub.publish(*stored, AlarmRaised(conversation.id))

    async def _leave_queue(self, conversation: Conversation, message: Message) -> None:
        async with self._database.transaction() as session:
            left = await handoff.abandon(session, conversation.id, self._clock)
            text = say("left_queue") if left else say("choice_gone")
            stored = await self._store_answer(session, message, [b.Text(text=text)])
        self._hub.publish(*stored, ConversationChanged(conversation.id))

    async def _hold(self, message: Message) -> None:
        async with self._database.transaction() as session:
            await self._finish(session, message, MessageState.HELD)
        self._hub.publish(ConversationChanged(message.conversation_id))

    async def _answer_by_engine(self, conversation: Conversation, message: Message) -> None:
        self._hub.publish(TypingChanged(conversation.id, Author.BOT, True))
        try:
            blocks = logical_answer(await self._replies(conversation, message))
        except EngineUnavailable as failure:
            await self._try_later(conversation, message, failure)
            return
        except TurnFailed as failure:
            log.error("engine.turn_failed", conversation_id=conversation.id, message_id=message.id, cause=str(failure))
            blocks = [b.Text(text=say("apology_no_answer")), _human_choice()]
        finally:
            self._hub.publish(TypingChanged(conversation.id, Author.BOT, False))
        async with self._database.transaction() as session:
            fresh = await conversations.get(session, conversation.id)
            if fresh.state is ConversationState.WAITING:
                blocks = [*blocks, _leave_choice()]
            stored = await self._store_answer(session, message, blocks)
        self._hub.publish(*stored)
        if fresh.state is not conversation.state:
            self._hub.publish(ConversationChanged(conversation.id))

    async def _replies(self, conversation: Conversation, message: Message) -> list[Reply]:
        if message.attempts > 1:
            # An earlier process may have got this turn done and died before it could store the answer.
            earlier = await self._engine.earlier_turn(conversation.public_id, message.id)
            if earlier is not None:
                return earlier

        async def apologise() -> None:
            await self._apologise(message)

        return await self._engine.turn(
            conversation.public_id,
            _engine_text(message),
            {
                "message_id": message.id,
                "conversation_id": conversation.id,
                "channel": conversation.channel,
                "sent_at": message.created_at.isoformat(),
                "upload_ids": message.upload_ids,
            },
            slow_after=self._settings.apologise_after_seconds,
            on_slow=apologise,
        )

    async def _try_later(self, conversation: Conversation, message: Message, failure: EngineUnavailable) -> None:
        waited = self._clock.now() - message.created_at
        log.warning("engine.unavailable", conversation_id=conversation.id, attempt=message.attempts, error=str(failure))
        if waited > timedelta(seconds=self._settings.give_up_after_seconds):
            await self._give_up(conversation, message)
            return
        if waited >= self._apologise_after:
            await self._apologise(message)
        async with self._database.transaction() as session:
            if HUMAN_PAYLOAD not in await lookup.waiting_choices(session, conversation.id):
                pause = min(FIRST_RETRY * 2 ** min(message.attempts - 1, 10), LONGEST_RETRY)
                if waited < self._apologise_after:  # the apology comes on time, not with the attempt after it
                    pause = min(pause, self._apologise_after - waited)
                await conversations.retry_later(session, message.id, self._worker, self._clock.now() + pause)
                return
            stored = await self._hand_over(session, conversation, message)
        self._hub.publish(*stored, ConversationChanged(conversation.id))

    async def _give_up(self, conversation: Conversation, message: Message) -> None:
        async with self._database.transaction() as session:
            stored = await self._hand_over(session, conversation, message, b.Text(text=say("apology_gave_up")))
        self._hub.publish(*stored, ConversationChanged(conversation.id))

    async def _hand_over(
        self, session: AsyncSession, conversation: Conversation, message: Message, *first: b.Block
    ) -> list[MessageStored]:
        """To a person without the engine, which is down: all that waits is held for the agent."""
        place = await handoff.request(session, conversation.id, "engine_down", self._clock)
        stored = await self._store_answer(session, message, [*first, queue_block(place)], MessageState.HELD)
        await conversations.hold_waiting(session, conversation.id)
        return stored

    async def _apologise(self, message: Message) -> None:
        """Tell the resident once that the answer takes longer, with a way to a person."""
        async with self._database.transaction() as session:
            if not await conversations.apologised(session, message.id, self._clock):
                return
            apology = await conversations.append(
                session,
                message.conversation_id,
                direction=Direction.OUT,
                author=Author.SYSTEM,
                client_message_id=f"apology-{message.id}",
                blocks=b.dump([b.Text(text=say("apology_engine_slow")), _human_choice()]),
                clock=self._clock,
            )
        self._hub.publish(MessageStored(message.conversation_id, apology.id))

    async def _store_answer(
        self,
        session: AsyncSession,
        message: Message,
        blocks: Sequence[b.Block],
        state: MessageState = MessageState.ANSWERED,
    ) -> list[MessageStored]:
        """Store the one answer to ``message`` and close the work on it; nothing is stored when it has one already.

        Raises:
            ClaimLost: another worker took the message over; nothing of this transaction stays.
        """
        await self._finish(session, message, state)
        if await lookup.has_answer(session, message.id):
            return []
        answer = await conversations.append(
            session,
            message.conversation_id,
            direction=Direction.OUT,
            author=Author.BOT,
            client_message_id=f"answer-{message.id}",
            reply_to_id=message.id,
            blocks=b.dump(blocks),
            clock=self._clock,
        )
        return [MessageStored(message.conversation_id, answer.id)]

    async def _finish(self, session: AsyncSession, message: Message, state: MessageState) -> None:
        await conversations.finish(session, message.id, self._worker, self._clock, state)


def queue_block(place: handoff.QueuePlace) -> b.System:
    """What a resident is told on entering the queue, or when nobody is on duty."""
    if place.kind is QueueKind.CALLBACK:
        return b.System(text=say("callback"), event="callback")
    text = say("waiting", ahead=place.position - 1, minutes=place.wait_minutes)
    return b.System(text=text, event="waiting")


def _payload(message: Message) -> str | None:
    return message.choice["payload"] if message.choice else None


def _engine_text(message: Message) -> str:
    payload = _payload(message)
    if payload is not None:
        return payload
    if not message.text:
        return PHOTO_PAYLOAD
    if message.text[0] in "/／":
        return _NOT_A_COMMAND + message.text
    return message.text


def _human_choice() -> b.Choices:
    return b.Choices(options=[b.Choice(id="human", title=say("choice_human"), payload=HUMAN_PAYLOAD)])


def _leave_choice() -> b.Choices:
    option = b.Choice(id="leave", title=say("choice_leave_queue"), payload=LEAVE_QUEUE_PAYLOAD)
    return b.Choices(options=[option])
