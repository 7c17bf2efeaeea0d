"""What the desk's lists ask about many conversations at once: a long queue costs no more queries than a short one."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.audit.models import AuditEntry
from property_db.conversations.models import Author, Conversation, Message
from property_db.estates.models import Home
from property_db.handoff.models import Alarm, QueueItem, QueueState
from property_db.people.models import ChannelIdentity, Person
from property_db.pushes.models import Push, PushKind, PushState
from property_db.tickets.models import Ticket

_OPEN = (QueueState.WAITING, QueueState.TAKEN)
INVITED = "resident.invited"
"""The audit action of an agent who asked a resident back."""


@dataclass(frozen=True, slots=True)
class Voice:
    """The newest message of one author in a conversation."""

    seq: int
    at: datetime


async def names(session: AsyncSession, identity_ids: Collection[int]) -> dict[int, str]:
    """Return the person's name of each verified identity."""
    rows = await session.execute(
        select(ChannelIdentity.id, Person.name)
        .join(Person, Person.id == ChannelIdentity.person_id)
        .where(ChannelIdentity.id.in_(identity_ids), ChannelIdentity.verified_at.is_not(None))
    )
    return {row.id: row.name for row in rows}


async def last_said(session: AsyncSession, conversation_ids: Collection[int]) -> dict[int, Message]:
    """Return the newest message of each conversation that somebody wrote: no notes, nothing of the system."""
    newest = (
        select(Message.conversation_id, func.max(Message.seq).label("seq"))
        .where(
            Message.conversation_id.in_(conversation_ids),
            Message.visible_to_resident,
            Message.author != Author.SYSTEM,
        )
        .group_by(Message.conversation_id)
        .subquery()
    )
    rows = await session.scalars(
        select(Message).join(
            newest, and_(Message.conversation_id == newest.c.conversation_id, Message.seq == newest.c.seq)
        )
    )
    return {message.conversation_id: message for message in rows}


async def last_concern(session: AsyncSession, item_ids: Collection[int]) -> dict[int, Message]:
    """Return, by conversation, the newest message of the resident besides the one that asked for a person.

    That one is usually 「转人工」 and tells nobody what it is about.
    """
    newest = (
        select(Message.conversation_id, func.max(Message.seq).label("seq"))
        .join(QueueItem, QueueItem.conversation_id == Message.conversation_id)
        .where(QueueItem.id.in_(item_ids), Message.author == Author.RESIDENT, Message.text != QueueItem.reason)
        .group_by(Message.conversation_id)
        .subquery()
    )
    rows = await session.scalars(
        select(Message).join(
            newest, and_(Message.conversation_id == newest.c.conversation_id, Message.seq == newest.c.seq)
        )
    )
    return {message.conversation_id: message for message in rows}


async def voices(session: AsyncSession, conversation_ids: Collection[int]) -> dict[tuple[int, Author], Voice]:
    """Return when resident and agent last wrote in each conversation."""
    rows = await session.execute(
        select(Message.conversation_id, Message.author, func.max(Message.seq), func.max(Message.created_at))
        .where(
            Message.conversation_id.in_(conversation_ids),
            Message.visible_to_resident,
            Message.author.in_([Author.RESIDENT, Author.AGENT]),
        )
        .group_by(Message.conversation_id, Message.author)
    )
    return {(conversation_id, author): Voice(seq, at) for conversation_id, author, seq, at in rows}


async def unanswered_since(session: AsyncSession, conversation_ids: Collection[int]) -> dict[int, datetime]:
    """Return when the resident wrote the first message after the agent's last one; nothing where there is none."""
    replied = (
        select(Message.conversation_id, func.max(Message.seq).label("seq"))
        .where(
            Message.conversation_id.in_(conversation_ids),
            Message.visible_to_resident,
            Message.author == Author.AGENT,
        )
        .group_by(Message.conversation_id)
        .subquery()
    )
    rows = await session.execute(
        select(Message.conversation_id, func.min(Message.created_at))
        .join(replied, replied.c.conversation_id == Message.conversation_id)
        .where(Message.author == Author.RESIDENT, Message.seq > replied.c.seq)
        .group_by(Message.conversation_id)
    )
    return {row[0]: row[1] for row in rows}


async def open_items(session: AsyncSession, conversation_ids: Collection[int]) -> dict[int, QueueItem]:
    """Return the open queue item of each conversation."""
    rows = await session.scalars(
        select(QueueItem).where(QueueItem.conversation_id.in_(conversation_ids), QueueItem.state.in_(_OPEN)),
        execution_options={"populate_existing": True},
    )
    return {item.conversation_id: item for item in rows}


async def with_alarm(session: AsyncSession, conversation_ids: Collection[int]) -> set[int]:
    """Return those of the conversations in which an alarm was raised."""
    rows = await session.scalars(
        select(Alarm.conversation_id).where(Alarm.conversation_id.in_(conversation_ids)).distinct()
    )
    return {conversation_id for conversation_id in rows if conversation_id is not None}


async def conversations_by_id(session: AsyncSession, conversation_ids: Collection[int]) -> dict[int, Conversation]:
    """Return the conversations with these ids."""
    rows = await session.scalars(select(Conversation).where(Conversation.id.in_(conversation_ids)))
    return {conversation.id: conversation for conversation in rows}


async def places_of_tickets(session: AsyncSession, ticket_ids: Collection[int]) -> dict[int, tuple[str, str | None]]:
    """Return number and home of each ticket."""
    rows = await session.execute(
        select(Ticket.id, Ticket.number, Home.label)
        .outerjoin(Home, Home.id == Ticket.home_id)
        .where(Ticket.id.in_(ticket_ids))
    )
    return {row.id: (row.number, row.label) for row in rows}


async def newest_alarm(session: AsyncSession, conversation_id: int) -> Alarm | None:
    """Return the alarm a conversation raised last."""
    return await session.scalar(
        select(Alarm).where(Alarm.conversation_id == conversation_id).order_by(Alarm.id.desc()).limit(1)
    )


async def concerns_desk(session: AsyncSession, conversation_id: int, since: datetime) -> bool:
    """Whether the conversation is in a list of the desk, or has left one after `since`."""
    found = exists().where(
        QueueItem.conversation_id == conversation_id,
        or_(QueueItem.state.in_(_OPEN), QueueItem.finished_at >= since),
    )
    return bool(await session.scalar(select(found)))


def conversation_subject(conversation_id: int) -> str:
    """A conversation as audit entries name it."""
    return f"conversation:{conversation_id}"


async def invited_at(session: AsyncSession, conversation_id: int) -> datetime | None:
    """Return when the resident of a conversation was last asked to come back."""
    return await session.scalar(
        select(AuditEntry.at)
        .where(AuditEntry.subject == conversation_subject(conversation_id), AuditEntry.action == INVITED)
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )


async def invitation_of(session: AsyncSession, identity_id: int, since: datetime) -> PushState | None:
    """Return where the newest message stands that asks this identity back; None if none was written after `since`."""
    return await session.scalar(
        select(Push.state)
        .where(Push.identity_id == identity_id, Push.kind == PushKind.AGENT_REPLY, Push.created_at > since)
        .order_by(Push.id.desc())
        .limit(1)
    )
