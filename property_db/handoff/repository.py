"""Queries over queue, agents and alarms. Changes that several may attempt at once are single UPDATEs."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, and_, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from property_db.conversations.models import Conversation, ConversationState
from property_db.handoff.models import Agent, AgentSession, AgentStatus, Alarm, QueueItem, QueueKind, QueueState

_OPTIONS = {"synchronize_session": False}
OPEN = (QueueState.WAITING, QueueState.TAKEN)


async def item(session: AsyncSession, item_id: int) -> QueueItem | None:
    """Return a queue item as it is now."""
    return await session.scalar(
        select(QueueItem).where(QueueItem.id == item_id), execution_options={"populate_existing": True}
    )


async def open_item(session: AsyncSession, conversation_id: int) -> QueueItem | None:
    """Return the conversation's open item as it is now."""
    return await session.scalar(
        select(QueueItem).where(QueueItem.conversation_id == conversation_id, QueueItem.state.in_(OPEN)),
        execution_options={"populate_existing": True},
    )


async def take_item(session: AsyncSession, item: QueueItem, agent_id: int, now: datetime) -> bool:
    """Compare-and-swap from waiting to taken; True for exactly one of several agents."""
    return await _one(
        session,
        update(QueueItem)
        .where(QueueItem.id == item.id, QueueItem.state == QueueState.WAITING, QueueItem.version == item.version)
        .values(state=QueueState.TAKEN, agent_id=agent_id, taken_at=now, version=QueueItem.version + 1),
    )


async def end_item(session: AsyncSession, item: QueueItem, state: QueueState, now: datetime) -> bool:
    """Compare-and-swap from an open state to `state`."""
    return await _one(
        session,
        update(QueueItem)
        .where(QueueItem.id == item.id, QueueItem.state == item.state, QueueItem.version == item.version)
        .values(state=state, finished_at=now, version=QueueItem.version + 1),
    )


async def release_item(session: AsyncSession, item: QueueItem, kind: QueueKind, priority: int, now: datetime) -> bool:
    """Compare-and-swap from taken back to waiting, not behind `priority`."""
    return await _one(
        session,
        update(QueueItem)
        .where(QueueItem.id == item.id, QueueItem.state == QueueState.TAKEN, QueueItem.version == item.version)
        .values(
            state=QueueState.WAITING,
            kind=kind,
            agent_id=None,
            taken_at=None,
            waiting_since=now,
            priority=max(item.priority, priority),
            version=QueueItem.version + 1,
        ),
    )


async def use_capacity(session: AsyncSession, agent_id: int) -> bool:
    """Count one more conversation for an agent, unless that is too many."""
    return await _one(
        session,
        update(Agent).where(Agent.id == agent_id, Agent.active < Agent.max_active).values(active=Agent.active + 1),
    )


async def free_capacity(session: AsyncSession, agent_id: int) -> None:
    """Count one conversation less for an agent."""
    await session.execute(
        update(Agent).where(Agent.id == agent_id, Agent.active > 0).values(active=Agent.active - 1),
        execution_options=_OPTIONS,
    )


async def _one(session: AsyncSession, statement: Any) -> bool:
    result = await session.execute(statement, execution_options=_OPTIONS)
    return cast("CursorResult[Any]", result).rowcount == 1


async def ahead_of(session: AsyncSession, item: QueueItem) -> int:
    """Count who waits before this item: higher priority, then longer waiting."""
    earlier = or_(
        QueueItem.priority > item.priority,
        (QueueItem.priority == item.priority)
        & (
            (QueueItem.waiting_since < item.waiting_since)
            | ((QueueItem.waiting_since == item.waiting_since) & (QueueItem.id < item.id))
        ),
    )
    statement = select(func.count(QueueItem.id)).where(
        QueueItem.state == QueueState.WAITING, QueueItem.kind == item.kind, earlier
    )
    return await session.scalar(statement) or 0


async def capacity(session: AsyncSession) -> tuple[int, int]:
    """Return how many agents are online, and how many more conversations they could take together."""
    statement = select(func.count(Agent.id), func.coalesce(func.sum(Agent.max_active - Agent.active), 0)).where(
        Agent.status == AgentStatus.ONLINE
    )
    online, free = (await session.execute(statement)).one()
    return online, max(int(free), 0)


async def waiting(session: AsyncSession) -> list[tuple[QueueItem, Conversation]]:
    """Return who waits, in the order in which they should be taken."""
    rows = await session.execute(
        select(QueueItem, Conversation)
        .join(Conversation, Conversation.id == QueueItem.conversation_id)
        .where(QueueItem.state == QueueState.WAITING)
        .order_by(
            QueueItem.kind == QueueKind.CALLBACK, QueueItem.priority.desc(), QueueItem.waiting_since, QueueItem.id
        ),
        execution_options={"populate_existing": True},
    )
    return [(found, conversation) for found, conversation in rows]


async def held(session: AsyncSession, agent_id: int | None) -> list[Conversation]:
    """Return the conversations people hold, of one agent or (None) of all, last active first."""
    statement = select(Conversation).where(Conversation.state == ConversationState.HUMAN)
    if agent_id is not None:
        statement = statement.where(Conversation.agent_id == agent_id)
    rows = await session.scalars(
        statement.order_by(Conversation.last_activity_at.desc()), execution_options={"populate_existing": True}
    )
    return list(rows)


async def forsaken(session: AsyncSession, seen_before: datetime, now: datetime) -> list[tuple[int, int]]:
    """Return conversations, with their agents, whose agent was not seen since `seen_before` or has signed out."""
    signed_in = exists().where(AgentSession.agent_id == Agent.id, AgentSession.expires_at > now)
    rows = await session.execute(
        select(Conversation.id, Agent.id)
        .join(Agent, Agent.id == Conversation.agent_id)
        .where(
            Conversation.state == ConversationState.HUMAN,
            or_(
                Agent.last_seen_at.is_(None),
                Agent.last_seen_at < seen_before,
                and_(Agent.status == AgentStatus.OFFLINE, ~signed_in),
            ),
        )
        .order_by(Conversation.id)
    )
    return [(conversation_id, agent_id) for conversation_id, agent_id in rows]


async def waiting_chats(session: AsyncSession) -> list[int]:
    """Return the conversations that wait for a chat with a person."""
    rows = await session.scalars(
        select(QueueItem.conversation_id)
        .where(QueueItem.state == QueueState.WAITING, QueueItem.kind == QueueKind.CHAT)
        .order_by(QueueItem.conversation_id)
    )
    return list(rows)


async def open_alarms(session: AsyncSession) -> list[Alarm]:
    """Return alarms nobody has acknowledged, the newest first."""
    return list(await session.scalars(select(Alarm).where(Alarm.acknowledged_at.is_(None)).order_by(Alarm.id.desc())))


async def has_alarm(session: AsyncSession, conversation_id: int) -> bool:
    """Whether a danger was told of in this conversation, acknowledged or not."""
    statement = select(exists().where(Alarm.conversation_id == conversation_id))
    return bool(await session.scalar(statement))


async def agent_named(session: AsyncSession, username: str) -> Agent | None:
    """Return the agent with this user name."""
    return await session.scalar(select(Agent).where(Agent.username == username))


async def all_agents(session: AsyncSession) -> list[Agent]:
    """Return all agents, by user name."""
    return list(await session.scalars(select(Agent).order_by(Agent.username)))


async def agent(session: AsyncSession, agent_id: int) -> Agent | None:
    """Return an agent as they are now."""
    return await session.scalar(
        select(Agent).where(Agent.id == agent_id), execution_options={"populate_existing": True}
    )


async def session_of(session: AsyncSession, token_hash: str) -> AgentSession | None:
    """Return a signed-in browser with its agent."""
    return await session.scalar(
        select(AgentSession).where(AgentSession.token_hash == token_hash).options(joinedload(AgentSession.agent)),
        execution_options={"populate_existing": True},
    )


async def silence(session: AsyncSession, seen_before: datetime) -> list[int]:
    """Set online and away agents who were not seen lately offline; returns their ids."""
    rows = await session.scalars(
        update(Agent)
        .where(
            Agent.status != AgentStatus.OFFLINE,
            or_(Agent.last_seen_at.is_(None), Agent.last_seen_at < seen_before),
        )
        .values(status=AgentStatus.OFFLINE)
        .returning(Agent.id),
        execution_options=_OPTIONS,
    )
    return sorted(rows)
