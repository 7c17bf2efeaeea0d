"""Conversations: opening, writing and reading them; the workers' half is in `inbox` and `outbox`."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

from property_db.clock import SYSTEM_CLOCK, Clock
from property_db.conversations import repository
from property_db.conversations.errors import ClaimLost, ConversationNotFound
from property_db.conversations.inbox import (
    apologised,
    claim_next,
    fail_inbound,
    finish,
    hold_waiting,
    media_fetched,
    recover,
    remember_run,
    retry_later,
    run_of,
    runs_of,
    with_work,
)
from property_db.conversations.models import Author, Conversation, ConversationState, Direction, Message, MessageState
from property_db.conversations.outbox import delivered, delivery_failed, undelivered

SILENCE_ENDS_AFTER = timedelta(hours=12)
"""A bot conversation silent for longer is over: what was asked in the morning is not continued the next day."""

_FIRST_STATE = {Direction.IN: MessageState.RECEIVED, Direction.OUT: MessageState.PENDING}


async def append(
    session: AsyncSession,
    conversation_id: int,
    *,
    direction: Direction,
    author: Author,
    clock: Clock = SYSTEM_CLOCK,
    text: str = "",
    blocks: Sequence[dict[str, Any]] = (),
    client_message_id: str | None = None,
    choice: dict[str, Any] | None = None,
    upload_ids: Sequence[str] = (),
    reply_to_id: int | None = None,
    agent_id: int | None = None,
    visible_to_resident: bool = True,
    state: MessageState | None = None,
    media: dict[str, Any] | None = None,
    is_new: bool = False,
) -> Message:
    """Write a message with the conversation's next `seq`.

    The same `client_message_id` in the same direction returns the row that is already there; `is_new` from a caller
    who holds the identity's lock and has looked for it. An internal note is `visible_to_resident=False` and needs no
    delivery, so it is written as delivered.

    Raises:
        ConversationNotFound: there is no such conversation.
    """
    if client_message_id is not None and not is_new:
        # The lock makes the second of two simultaneous copies wait here and then find the first.
        if await repository.fresh(session, conversation_id, lock=True) is None:
            raise ConversationNotFound
        existing = await repository.by_client_message_id(session, conversation_id, direction, client_message_id)
        if existing is not None:
            return existing
    now = clock.now()
    message = Message(
        conversation_id=conversation_id,
        seq=await _next_seq(session, conversation_id, clock),
        created_at=now,
        direction=direction,
        author=author,
        text=text,
        blocks=list(blocks),
        client_message_id=client_message_id,
        choice=choice,
        upload_ids=list(upload_ids),
        reply_to_id=reply_to_id,
        agent_id=agent_id,
        visible_to_resident=visible_to_resident,
        media=media,
        state=state or (_FIRST_STATE[direction] if visible_to_resident else MessageState.DELIVERED),
    )
    session.add(message)
    await session.flush()
    return message


async def _next_seq(session: AsyncSession, conversation_id: int, clock: Clock) -> int:
    """Take the next number in one statement, so that two writers can never read the same one."""
    now = clock.now()
    seq: int | None = await session.scalar(
        update(Conversation)
        .where(Conversation.id == conversation_id)
        .values(last_seq=Conversation.last_seq + 1, last_activity_at=now)
        .returning(Conversation.last_seq),
        execution_options={"synchronize_session": False},
    )
    if seq is None:
        raise ConversationNotFound
    known = session.identity_map.get(session.identity_key(Conversation, conversation_id))
    if known is not None:
        set_committed_value(known, "last_seq", seq)
        set_committed_value(known, "last_activity_at", now)
    return seq


async def open_for(session: AsyncSession, channel: str, identity_id: int, clock: Clock = SYSTEM_CLOCK) -> Conversation:
    """Return the conversation a new message of this identity belongs to.

    That is the open one; a new one after closing, while only stars are awaited, or after 12 hours of silence with
    the bot. A conversation that waits for a person or belongs to one is never ended by silence. A call back that was
    asked for in the old one waits in the new one: an agent who took the old one would take what is over.
    """
    await repository.lock_identity(session, identity_id)
    current = await repository.open_of_identity(session, identity_id)
    return await carry_on(session, channel, identity_id, current, clock)


async def carry_on(
    session: AsyncSession, channel: str, identity_id: int, current: Conversation | None, clock: Clock = SYSTEM_CLOCK
) -> Conversation:
    """Do `open_for` for a caller who holds the identity's lock and has read its open conversation."""
    now = clock.now()
    if current is not None:
        silent = now - current.last_activity_at > SILENCE_ENDS_AFTER
        over = current.state is ConversationState.RATING or (current.state is ConversationState.BOT and silent)
        if not over:
            return current
        current.state, current.closed_at = ConversationState.CLOSED, now
        await session.flush()
    conversation = Conversation(
        channel=channel, identity_id=identity_id, created_at=now, opened_at=now, last_activity_at=now
    )
    session.add(conversation)
    await session.flush()
    if current is not None:
        await repository.move_waiting(session, current.id, conversation.id)
    return conversation


async def current_of(session: AsyncSession, identity_id: int) -> Conversation | None:
    """Return the identity's conversation that is not closed, if any; opens none."""
    return await repository.open_of_identity(session, identity_id)


async def get(session: AsyncSession, conversation_id: int) -> Conversation:
    """Return a conversation as it is now.

    Raises:
        ConversationNotFound: there is none.
    """
    conversation = await repository.fresh(session, conversation_id)
    if conversation is None:
        raise ConversationNotFound
    return conversation


async def by_public_id(session: AsyncSession, public_id: str, identity_id: int | None = None) -> Conversation:
    """Return the conversation with this outside id; with `identity_id`, only if it is that identity's.

    Raises:
        ConversationNotFound: there is none, or it is somebody else's.
    """
    conversation = await repository.by_public_id(session, public_id)
    if conversation is None or (identity_id is not None and conversation.identity_id != identity_id):
        raise ConversationNotFound
    return conversation


async def latest(session: AsyncSession, identity_id: int, limit: int = 5) -> list[Conversation]:
    """Return the newest conversations of an identity, newest last."""
    return await repository.newest_of_identity(session, identity_id, limit)


async def after(
    session: AsyncSession, conversation_id: int, after_seq: int = 0, *, for_resident: bool, limit: int = 500
) -> list[Message]:
    """Return the messages after `after_seq`, oldest first; internal notes only where the reader is no resident."""
    return await repository.after(session, conversation_id, after_seq, for_resident=for_resident, limit=limit)


async def message_by_seq(session: AsyncSession, conversation_id: int, seq: int) -> Message | None:
    """Return one message of a conversation, for example the one whose choice was taken."""
    return await repository.by_seq(session, conversation_id, seq)


async def set_state(
    session: AsyncSession, conversation_id: int, state: ConversationState, clock: Clock = SYSTEM_CLOCK
) -> Conversation:
    """Move a conversation to `state`; closing it remembers when. Queue and desk do this through `handoff`.

    Raises:
        ConversationNotFound: there is none.
    """
    conversation = await repository.fresh(session, conversation_id, lock=True)
    if conversation is None:
        raise ConversationNotFound
    conversation.state = state
    if state is ConversationState.CLOSED:
        conversation.closed_at = clock.now()
    if state is not ConversationState.HUMAN:
        conversation.agent_id = None
    await session.flush()
    return conversation


async def count_failure(session: AsyncSession, conversation_id: int) -> int:
    """Count one message that was not understood; returns how many in a row."""
    conversation = await get(session, conversation_id)
    conversation.failures += 1
    await session.flush()
    return conversation.failures


async def forget_failures(session: AsyncSession, conversation_id: int) -> None:
    """Start counting again after a message that was understood."""
    conversation = await get(session, conversation_id)
    if conversation.failures:
        conversation.failures = 0
        await session.flush()


__all__ = [
    "SILENCE_ENDS_AFTER", "ClaimLost", "ConversationNotFound", "after", "apologised", "append", "by_public_id",
    "carry_on", "claim_next", "count_failure", "current_of", "delivered", "delivery_failed", "fail_inbound",
    "finish", "forget_failures", "get", "hold_waiting", "latest", "media_fetched", "message_by_seq", "open_for",
    "recover", "remember_run", "retry_later", "run_of", "runs_of", "set_state", "undelivered", "with_work",
]  # fmt: skip
