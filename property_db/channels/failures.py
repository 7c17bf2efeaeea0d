"""What a channel says it could not deliver after all, after it had taken the message."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.conversations.models import Conversation, Direction, Message, MessageState


async def sent_to(
    session: AsyncSession, identity_id: int, message_id: int, public_id_beginning: str
) -> tuple[int, int] | None:
    """Return the conversation's and the message's id, if this message went to this identity; None for any other."""
    row = (
        await session.execute(
            select(Message.conversation_id, Message.id)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .where(
                Message.id == message_id,
                Message.direction == Direction.OUT,
                Conversation.identity_id == identity_id,
                Conversation.public_id.startswith(public_id_beginning, autoescape=True),
            )
        )
    ).one_or_none()
    return None if row is None else (row.conversation_id, row.id)


async def not_arrived(session: AsyncSession, message_id: int, reason: str) -> None:
    """Take back that a message was delivered."""
    await session.execute(
        update(Message)
        .where(
            Message.id == message_id,
            Message.direction == Direction.OUT,
            Message.state.in_([MessageState.DELIVERED, MessageState.SENDING]),
        )
        .values(state=MessageState.FAILED, reason=reason, delivered_at=None),
        execution_options={"synchronize_session": False},
    )
