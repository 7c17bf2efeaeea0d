"""What the router asks about messages besides claiming and delivering them."""

from collections.abc import Collection

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.conversations import blocks
from property_db.conversations.models import Author, Conversation, Direction, Message, MessageState
from property_db.handoff.models import Agent, QueueItem
from property_db.people.models import ChannelIdentity

_OFFER_WITHIN = 5
"""So many messages back an offer is looked for; who reads further back presses it."""


async def inbound_of_identity(session: AsyncSession, identity_id: int, client_message_id: str) -> Message | None:
    """Return the message that this identity sent under this id, in whichever of its conversations.

    A repeated delivery can come after the conversation was closed; it must not open a new one.
    """
    return await session.scalar(
        select(Message).where(
            # As a set, by which the planner goes to the unique index instead of through all inbound messages.
            Message.conversation_id.in_(select(Conversation.id).where(Conversation.identity_id == identity_id)),
            Message.direction == Direction.IN,
            Message.client_message_id == client_message_id,
        )
    )


async def message(session: AsyncSession, message_id: int) -> Message | None:
    """Return one message."""
    return await session.get(Message, message_id)


async def last_outbound(session: AsyncSession, conversation_id: int) -> Message | None:
    """Return the newest message the resident was sent."""
    return await session.scalar(
        select(Message)
        .where(
            Message.conversation_id == conversation_id,
            Message.direction == Direction.OUT,
            Message.visible_to_resident,
        )
        .order_by(Message.seq.desc())
        .limit(1)
    )


async def last_offer(session: AsyncSession, conversation_id: int, *, only_delivered: bool) -> Message | None:
    """Return the message whose choices a number means that the resident types now, or None.

    That is the bot's newest message; what the system or a person said after it does not take its offer away, unless
    it offers something itself. With `only_delivered` nothing counts that has not arrived.
    """
    statement = select(Message).where(
        Message.conversation_id == conversation_id, Message.direction == Direction.OUT, Message.visible_to_resident
    )
    if only_delivered:
        statement = statement.where(Message.state.in_([MessageState.DELIVERED, MessageState.SENDING]))
    newest = await session.scalars(statement.order_by(Message.seq.desc()).limit(_OFFER_WITHIN))
    for row in newest:
        if any(block.get("kind") == "choices" for block in row.blocks):
            return row
        if row.author is Author.BOT:
            return None
    return None


async def option_named(
    session: AsyncSession, conversation_id: int, words: str, *, only_delivered: bool
) -> blocks.Choice | None:
    """Return the option of the last offer that these words name, by its title or number; see `last_offer`."""
    offer = await last_offer(session, conversation_id, only_delivered=only_delivered)
    return None if offer is None else blocks.choice_typed(offer.blocks, words)


async def has_answer(session: AsyncSession, message_id: int) -> bool:
    """Whether an answer to this message was stored."""
    return bool(await session.scalar(select(exists().where(Message.reply_to_id == message_id))))


async def has_apologised_backlog(session: AsyncSession, conversation_id: int) -> bool:
    """Whether a message is still not answered although its sender was asked for patience."""
    statement = exists().where(
        Message.conversation_id == conversation_id,
        Message.direction == Direction.IN,
        Message.state.in_([MessageState.RECEIVED, MessageState.PROCESSING]),
        Message.apologised_at.is_not(None),
    )
    return bool(await session.scalar(select(statement)))


async def release_held(session: AsyncSession, conversation_id: int, queue_item_id: int) -> None:
    """Give back to the bot what was held since the resident entered the queue."""
    item = await session.get(QueueItem, queue_item_id)
    if item is None:
        return
    await session.execute(
        update(Message)
        .where(
            Message.conversation_id == conversation_id,
            Message.direction == Direction.IN,
            Message.state == MessageState.HELD,
            Message.created_at > item.waiting_since,
        )
        .values(state=MessageState.RECEIVED, next_attempt_at=None),
        execution_options={"synchronize_session": False},
    )


async def claimants(session: AsyncSession) -> list[str]:
    """Return the workers that hold claimed messages."""
    rows = await session.scalars(
        select(Message.claimed_by)
        .where(Message.direction == Direction.IN, Message.state == MessageState.PROCESSING)
        .distinct()
    )
    return [worker for worker in rows if worker]


async def claimed_by(session: AsyncSession, worker: str) -> list[int]:
    """Return the ids of the messages that a worker holds."""
    rows = await session.scalars(
        select(Message.id).where(
            Message.direction == Direction.IN, Message.state == MessageState.PROCESSING, Message.claimed_by == worker
        )
    )
    return list(rows)


async def seqs(session: AsyncSession, message_ids: Collection[int]) -> dict[int, int]:
    """Return the `seq` of each message id."""
    if not message_ids:
        return {}
    rows = await session.execute(select(Message.id, Message.seq).where(Message.id.in_(message_ids)))
    return {row.id: row.seq for row in rows}


async def identity_of(session: AsyncSession, conversation: Conversation) -> ChannelIdentity:
    """Return who a conversation is with."""
    return (
        await session.execute(select(ChannelIdentity).where(ChannelIdentity.id == conversation.identity_id))
    ).scalar_one()


async def agent_names(session: AsyncSession, agent_ids: Collection[int]) -> dict[int, str]:
    """Return the display name of each agent id."""
    if not agent_ids:
        return {}
    rows = await session.execute(select(Agent.id, Agent.display_name).where(Agent.id.in_(agent_ids)))
    return {row.id: row.display_name for row in rows}
