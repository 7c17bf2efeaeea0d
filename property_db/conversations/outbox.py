"""The outbox: each answer is written before it is delivered, and delivered until the channel confirms it."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.clock import Clock
from property_db.conversations import repository
from property_db.conversations.models import Message, MessageState

_OPTIONS = {"synchronize_session": False}


async def undelivered(
    session: AsyncSession, clock: Clock, conversation_id: int | None = None, limit: int = 200
) -> list[Message]:
    """Return pending outbound messages that are due, oldest first within their conversation."""
    return list(await repository.pending_out(session, clock.now(), conversation_id, limit))


async def delivered(session: AsyncSession, message_id: int, clock: Clock) -> None:
    """Note that the channel has the message; doing so twice changes nothing."""
    await session.execute(
        update(Message)
        .where(Message.id == message_id, Message.state == MessageState.PENDING)
        .values(state=MessageState.DELIVERED, delivered_at=clock.now()),
        execution_options=_OPTIONS,
    )


async def delivery_failed(session: AsyncSession, message_id: int, retry_at: datetime | None, reason: str = "") -> None:
    """Count a failed delivery and try again from `retry_at`; None gives the message up."""
    await session.execute(
        update(Message)
        .where(Message.id == message_id, Message.state == MessageState.PENDING)
        .values(
            attempts=Message.attempts + 1,
            next_attempt_at=retry_at,
            reason=reason or None,
            state=MessageState.FAILED if retry_at is None else MessageState.PENDING,
        ),
        execution_options=_OPTIONS,
    )
