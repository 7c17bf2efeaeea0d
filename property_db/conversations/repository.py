"""Queries over conversations and messages."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BindParameter, bindparam, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlalchemy.sql.dml import ReturningUpdate

from property_db.base import UtcDateTime
from property_db.conversations.models import (
    ActionRun,
    Conversation,
    ConversationState,
    Direction,
    Message,
    MessageState,
)
from property_db.handoff.models import QueueItem, QueueState
from property_db.people.models import ChannelIdentity


async def by_public_id(session: AsyncSession, public_id: str) -> Conversation | None:
    """Return the conversation with this outside id."""
    return await session.scalar(select(Conversation).where(Conversation.public_id == public_id))


async def fresh(session: AsyncSession, conversation_id: int, *, lock: bool = False) -> Conversation | None:
    """Return the row as it is now, not as this session first saw it; `lock` keeps other writers out."""
    statement = select(Conversation).where(Conversation.id == conversation_id)
    if lock:
        # Nothing on SQLite, where BEGIN IMMEDIATE already did it. Rows may refer to it meanwhile, or those who lock
        # an identity first and those who lock a conversation first would wait for each other.
        statement = statement.with_for_update(key_share=True)
    return await session.scalar(statement, execution_options={"populate_existing": True})


async def lock_identity(session: AsyncSession, identity_id: int) -> None:
    """Let one transaction at a time decide about an identity's open conversation."""
    if session.get_bind().dialect.name == "sqlite":
        return  # BEGIN IMMEDIATE has locked everything already
    await session.execute(
        select(ChannelIdentity.id).where(ChannelIdentity.id == identity_id).with_for_update(key_share=True)
    )


async def open_of_identity(session: AsyncSession, identity_id: int) -> Conversation | None:
    """Return the one conversation of the identity that is not closed."""
    return await session.scalar(
        select(Conversation)
        .where(Conversation.identity_id == identity_id, Conversation.state != ConversationState.CLOSED)
        .execution_options(populate_existing=True)
    )


async def move_waiting(session: AsyncSession, from_id: int, to_id: int) -> None:
    """Let a request for a person that nobody has taken wait in another conversation of the same identity."""
    await session.execute(
        update(QueueItem)
        .where(QueueItem.conversation_id == from_id, QueueItem.state == QueueState.WAITING)
        .values(conversation_id=to_id, version=QueueItem.version + 1),
        execution_options={"synchronize_session": False},
    )


async def newest_of_identity(session: AsyncSession, identity_id: int, limit: int) -> list[Conversation]:
    """Return the newest conversations of an identity, newest last."""
    rows = await session.scalars(
        select(Conversation)
        .where(Conversation.identity_id == identity_id)
        .order_by(Conversation.opened_at.desc(), Conversation.id.desc())
        .limit(limit)
    )
    return list(rows)[::-1]


async def by_client_message_id(
    session: AsyncSession, conversation_id: int, direction: Direction, client_message_id: str
) -> Message | None:
    """Return the message that was already written under this client message id."""
    return await session.scalar(
        select(Message).where(
            Message.conversation_id == conversation_id,
            Message.direction == direction,
            Message.client_message_id == client_message_id,
        )
    )


async def by_seq(session: AsyncSession, conversation_id: int, seq: int) -> Message | None:
    """Return one message of a conversation."""
    return await session.scalar(select(Message).where(Message.conversation_id == conversation_id, Message.seq == seq))


async def after(
    session: AsyncSession, conversation_id: int, after_seq: int, *, for_resident: bool, limit: int
) -> list[Message]:
    """Return the messages after a sequence number, oldest first."""
    statement = (
        select(Message)
        .where(Message.conversation_id == conversation_id, Message.seq > after_seq)
        .order_by(Message.seq)
        .limit(limit)
    )
    if for_resident:
        statement = statement.where(Message.visible_to_resident)
    return list(await session.scalars(statement))


def _claim_statement() -> ReturningUpdate[tuple[int]]:
    """The compare-and-swap of a claim; made once, since building it takes longer than running it."""
    conversation_id: BindParameter[int] = bindparam("the_conversation")
    waiting, working = aliased(Message), aliased(Message)
    oldest = (
        select(waiting.id)
        .where(
            waiting.conversation_id == conversation_id,
            waiting.direction == Direction.IN,
            waiting.state == MessageState.RECEIVED,
        )
        .order_by(waiting.seq)
        .limit(1)
        .scalar_subquery()
    )
    somebody_works = exists().where(
        working.conversation_id == conversation_id,
        working.direction == Direction.IN,
        working.state == MessageState.PROCESSING,
    )
    now = bindparam("the_moment", type_=UtcDateTime())
    return (
        update(Message)
        .where(
            Message.id == oldest,
            Message.state == MessageState.RECEIVED,
            or_(Message.next_attempt_at.is_(None), Message.next_attempt_at <= now),
            ~somebody_works,
        )
        .values(
            state=MessageState.PROCESSING,
            claimed_by=bindparam("the_worker"),
            claimed_at=now,
            attempts=Message.attempts + 1,
        )
        .returning(Message.id)
    )


_CLAIM = _claim_statement()


async def claim_oldest(session: AsyncSession, conversation_id: int, worker: str, now: datetime) -> int | None:
    """Claim the oldest received message if it is due and none is worked on; returns its id.

    Of two workers exactly one sees a changed row.
    """
    claimed: int | None = await session.scalar(
        _CLAIM,
        {"the_conversation": conversation_id, "the_worker": worker, "the_moment": now},
        execution_options={"synchronize_session": False},
    )
    return claimed


async def conversations_with_work(session: AsyncSession, now: datetime, limit: int) -> list[int]:
    """Return ids of conversations with a received message that is due."""
    rows = await session.scalars(
        select(Message.conversation_id)
        .where(
            Message.direction == Direction.IN,
            Message.state == MessageState.RECEIVED,
            or_(Message.next_attempt_at.is_(None), Message.next_attempt_at <= now),
        )
        .group_by(Message.conversation_id)
        .limit(limit)
    )
    return list(rows)


async def pending_out(
    session: AsyncSession, now: datetime, conversation_id: int | None, limit: int
) -> Sequence[Message]:
    """Return outbound messages that are due for delivery, in order."""
    statement = (
        select(Message)
        .where(
            Message.direction == Direction.OUT,
            Message.state == MessageState.PENDING,
            or_(Message.next_attempt_at.is_(None), Message.next_attempt_at <= now),
        )
        .order_by(Message.conversation_id, Message.seq)
        .limit(limit)
    )
    if conversation_id is not None:
        statement = statement.where(Message.conversation_id == conversation_id)
    return (await session.scalars(statement)).all()


async def action_run(session: AsyncSession, message_id: int, action: str) -> ActionRun | None:
    """Return what the action did for this message before."""
    return await session.scalar(select(ActionRun).where(ActionRun.message_id == message_id, ActionRun.action == action))


async def action_runs(session: AsyncSession, message_id: int) -> list[ActionRun]:
    """Return what all actions did for the message, oldest first."""
    return list(
        await session.scalars(select(ActionRun).where(ActionRun.message_id == message_id).order_by(ActionRun.id))
    )
