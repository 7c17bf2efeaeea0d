"""The conversation router: who answers a message, and what happens when nobody can.

Every step is a transaction over rows, so that doing it again after a crash does no harm: an answer is stored together
with the mark that its question is answered, and a second answer to the same message is never stored.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.gateway import at_once
from integrations.gateway.answers import logical_answer
from integrations.gateway.channel import Channel
from integrations.gateway.engine_client import EngineClient, EngineUnavailable, Reply, TurnFailed
from integrations.gateway.hub import ConversationChanged, Hub, MessageStored, TypingChanged
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
from property_db.handoff import service as handoff

log = structlog.get_logger()

PHOTO_PAYLOAD = "/inform"
FIRST_RETRY = timedelta(seconds=1)
LONGEST_RETRY = timedelta(seconds=20)
# A zero-width space in front of a leading slash: the engine takes the rest as text, a reader sees no difference.
_NOT_A_COMMAND = "\u200b"


class Router:
    """Answers claimed messages."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        hub: Hub,
        engine: EngineClient,
        channels: Mapping[str, Channel],
        worker: str,
    ) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._hub = hub
        self._engine = engine
        self._worker = worker
        self._channels = channels
        self._give_up_after = timedelta(seconds=settings.give_up_after_seconds)

    async def answer(self, message: Message, conversation: Conversation | None = None) -> None:
        """See one claimed message to its end: answered, held for a person, or due again later.

        Dangers do not come here: they are answered where they are taken in (``at_once``).
        """
        if conversation is None:
            async with self._database.reading() as session:
                conversation = await conversations.get(session, message.conversation_id)
        if _payload(message) == at_once.LEAVE_QUEUE_PAYLOAD:
            await self._leave_queue(conversation, message)
        elif conversation.state is ConversationState.BOT:
            if self._waited(message) > self._give_up_after + LONGEST_RETRY:
                await self._give_up(conversation, message)  # it fails again and again, and not for the engine's sake
            else:
                await self._answer_by_engine(conversation, message)
        elif conversation.state in (ConversationState.WAITING, ConversationState.HUMAN):
            await self._hold(conversation, message)
        else:
            await self._move_on(conversation, message)

    def _patience(self, conversation: Conversation) -> timedelta:
        """After how long a resident is told that it takes longer: some channels count every message."""
        channel = self._channels.get(conversation.channel)
        patience = channel.capabilities.patience if channel is not None else None
        return timedelta(seconds=self._settings.apologise_after_seconds if patience is None else patience)

    def _waited(self, message: Message) -> timedelta:
        return self._clock.now() - message.created_at

    async def _leave_queue(self, conversation: Conversation, message: Message) -> None:
        async with self._database.transaction() as session:
            place = await handoff.place_of(session, conversation.id)
            left = await handoff.abandon(session, conversation.id, self._clock)
            if left and place is not None:
                # What was asked while waiting is the bot's to answer now.
                await lookup.release_held(session, conversation.id, place.item_id)
            text = say("left_queue") if left else say("choice_gone")
            stored = await self._store_answer(session, message, [b.Text(text=text)])
        self._hub.publish(*stored, ConversationChanged(conversation.id))

    async def _hold(self, conversation: Conversation, message: Message) -> None:
        """Leave the message to the person who has, or will take, the conversation."""
        async with self._database.transaction() as session:
            stored: list[MessageStored] = []
            place = None
            if message.attempts > 1 and conversation.state is ConversationState.WAITING:
                place = await handoff.place_of(session, conversation.id)
            if place is not None and not await self._was_told(session, conversation):
                # Killed between the action that asked for a person and its answer: say now what was not said.
                stored = await self._store_answer(session, message, at_once.queue_blocks(place))
            else:
                await self._finish(session, message, MessageState.HELD)
        self._hub.publish(*stored, ConversationChanged(conversation.id))

    async def _was_told(self, session: AsyncSession, conversation: Conversation) -> bool:
        last = await lookup.last_outbound(session, conversation.id)
        return last is not None and any(block.get("event") == "waiting" for block in last.blocks)

    async def _move_on(self, conversation: Conversation, message: Message) -> None:
        """The conversation ended while the message was on its way: it goes on in the resident's next one."""
        async with self._database.transaction() as session:
            following = await conversations.open_for(
                session, conversation.channel, conversation.identity_id, self._clock
            )
            copy = await conversations.append(
                session,
                following.id,
                direction=Direction.IN,
                author=Author.RESIDENT,
                client_message_id=f"moved-{message.id}",
                text=message.text,
                upload_ids=message.upload_ids,
                clock=self._clock,
            )
            await self._finish(session, message, MessageState.HELD)
        self._hub.publish(MessageStored(following.id, copy.id, inbound=True), ConversationChanged(following.id))

    async def _answer_by_engine(self, conversation: Conversation, message: Message) -> None:
        self._hub.publish(TypingChanged(conversation.id, Author.BOT, True))
        try:
            blocks = logical_answer(await self._replies(conversation, message))
        except EngineUnavailable as failure:
            await self._try_later(conversation, message, failure)
            return
        except TurnFailed as failure:
            log.error("engine.turn_failed", conversation_id=conversation.id, message_id=message.id, cause=str(failure))
            blocks = [b.Text(text=say("apology_no_answer")), at_once.human_choice()]
        finally:
            self._hub.publish(TypingChanged(conversation.id, Author.BOT, False))
        async with self._database.transaction() as session:
            fresh = await conversations.get(session, conversation.id)
            if fresh.state is ConversationState.WAITING:
                blocks = [*blocks, at_once.leave_choice()]
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
            slow_after=self._patience(conversation).total_seconds(),
            on_slow=apologise,
        )

    async def _try_later(self, conversation: Conversation, message: Message, failure: EngineUnavailable) -> None:
        waited = self._waited(message)
        log.warning("engine.unavailable", conversation_id=conversation.id, attempt=message.attempts, error=str(failure))
        if waited > self._give_up_after:
            await self._give_up(conversation, message)
            return
        patience = self._patience(conversation)
        if waited >= patience:
            await self._apologise(message)
        pause = min(FIRST_RETRY * 2 ** min(message.attempts - 1, 10), LONGEST_RETRY)
        if waited < patience:  # the apology comes on time, not with the attempt after it
            pause = min(pause, patience - waited)
        async with self._database.transaction() as session:
            await conversations.retry_later(session, message.id, self._worker, self._clock.now() + pause)

    async def _give_up(self, conversation: Conversation, message: Message) -> None:
        """To a person: the message could not be answered in all this time."""
        async with self._database.transaction() as session:
            place = await handoff.request(session, conversation.id, "engine_down", self._clock)
            blocks = [b.Text(text=say("apology_gave_up")), *at_once.queue_blocks(place)]
            stored = await self._store_answer(session, message, blocks, MessageState.HELD)
        self._hub.publish(*stored, ConversationChanged(conversation.id))

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
                blocks=b.dump([b.Text(text=say("apology_engine_slow")), at_once.human_choice()]),
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
        return [await at_once.store_answer(session, message, blocks, self._clock)]

    async def _finish(self, session: AsyncSession, message: Message, state: MessageState) -> None:
        await conversations.finish(session, message.id, self._worker, self._clock, state)


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
