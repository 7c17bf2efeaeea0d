"""The way to a person: asking for one, being taken, handed back, closed. Every take goes through `claim`."""

from dataclasses import dataclass
from math import ceil

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.audit import service as audit
from property_db.clock import Clock
from property_db.conversations import repository as conversations
from property_db.conversations.errors import ConversationNotFound
from property_db.conversations.inbox import hold_waiting
from property_db.conversations.models import Conversation, ConversationState
from property_db.handoff import repository
from property_db.handoff.agents import (
    GONE_AFTER,
    SignedIn,
    agent_of_token,
    create_agent,
    open_session,
    password_hash_of,
    seen,
    set_status,
    sign_in,
    sign_out,
    sweep_silent,
)
from property_db.handoff.errors import (
    AlarmNotFound,
    AlreadyTaken,
    AtCapacity,
    NotYourConversation,
    QueueItemNotFound,
    SessionExpired,
    SignInRefused,
)
from property_db.handoff.models import Agent, Alarm, QueueItem, QueueKind, QueueState
from property_db.upsert import insert_for

MINUTES_PER_CHAT = 4
"""Assumed length of a conversation with a person until the desk measures its own."""
REQUEUED_PRIORITY = 50
"""Who was with a person already waits before all others but emergencies."""
EMERGENCY_PRIORITY = 100
"""Who told of a danger waits before everybody."""


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """Where somebody stands: `position` from 1, a rough wait in minutes, and whether it is a chat or a call back."""

    item_id: int
    position: int
    wait_minutes: int
    kind: QueueKind
    taken: bool = False


async def request(
    session: AsyncSession, conversation_id: int, reason: str, clock: Clock, priority: int = 0
) -> QueuePlace:
    """Ask for a person; asking again gives the place already held.

    With nobody on duty it becomes a call back and the bot stays in the conversation: nobody waits before an empty desk.
    Who has told of a danger goes before everybody who has not.

    Raises:
        ConversationNotFound: there is no such conversation.
    """
    conversation = await conversations.fresh(session, conversation_id, lock=True)
    if conversation is None:
        raise ConversationNotFound
    item = await repository.open_item(session, conversation_id)
    online, _ = await repository.capacity(session)
    if await repository.has_alarm(session, conversation_id):
        priority = max(priority, EMERGENCY_PRIORITY)
        if item is not None and item.state is QueueState.WAITING:
            item.priority = max(item.priority, priority)
    if item is None:
        kind = QueueKind.CHAT if online else QueueKind.CALLBACK
        item = await _enqueue(session, conversation_id, reason[:255], priority, kind, clock)
    elif item.state is QueueState.WAITING and item.kind is QueueKind.CALLBACK and online:
        item.kind = QueueKind.CHAT
    if item.kind is QueueKind.CHAT and conversation.state is ConversationState.BOT:
        conversation.state = ConversationState.WAITING
    await session.flush()
    return await _place(session, item)


async def call_back(
    session: AsyncSession, conversation_id: int, reason: str, clock: Clock, priority: int = 0
) -> QueuePlace:
    """Ask for a call back whoever is on duty: somebody left a message and has hung up, so nobody waits in a chat.

    A chat that waits becomes the call back; one that an agent holds stays with the agent.

    Raises:
        ConversationNotFound: there is no such conversation.
    """
    conversation = await conversations.fresh(session, conversation_id, lock=True)
    if conversation is None:
        raise ConversationNotFound
    item = await repository.open_item(session, conversation_id)
    if item is None:
        item = await _enqueue(session, conversation_id, reason[:255], priority, QueueKind.CALLBACK, clock)
    elif item.state is QueueState.WAITING and item.kind is QueueKind.CHAT:
        item.kind, item.reason, item.version = QueueKind.CALLBACK, reason[:255], item.version + 1
    if conversation.state is ConversationState.WAITING:
        conversation.state, conversation.failures = ConversationState.BOT, 0
    await session.flush()
    return await _place(session, item)


async def _enqueue(
    session: AsyncSession, conversation_id: int, reason: str, priority: int, kind: QueueKind, clock: Clock
) -> QueueItem:
    now = clock.now()
    item = QueueItem(
        conversation_id=conversation_id,
        reason=reason,
        priority=priority,
        kind=kind,
        created_at=now,
        waiting_since=now,
    )
    session.add(item)
    await session.flush()
    return item


async def _place(session: AsyncSession, item: QueueItem) -> QueuePlace:
    if item.state is QueueState.TAKEN:
        return QueuePlace(item.id, 0, 0, item.kind, taken=True)
    position = await repository.ahead_of(session, item) + 1
    online, free = await repository.capacity(session)
    wait = 1 if position <= free else ceil((position - free) * MINUTES_PER_CHAT / max(online, 1))
    return QueuePlace(item.id, position, wait, item.kind)


async def place_of(session: AsyncSession, conversation_id: int) -> QueuePlace | None:
    """Return the conversation's place in the queue, or None if it asked for nobody."""
    item = await repository.open_item(session, conversation_id)
    return None if item is None else await _place(session, item)


async def claim(session: AsyncSession, queue_item_id: int, agent_id: int, clock: Clock) -> QueueItem:
    """Take a waiting conversation. Item and capacity change together or not at all; taking one's own again is harmless.

    Raises:
        QueueItemNotFound: there is no such item.
        AlreadyTaken: somebody else was first, or the request is over.
        AtCapacity: the agent holds as many conversations as they may.
    """
    item = await _locked_item(session, queue_item_id)
    if item.state is QueueState.TAKEN and item.agent_id == agent_id:
        return item
    async with session.begin_nested():  # a caller that handles the refusal must not keep half of it
        if not await repository.take_item(session, item, agent_id, clock.now()):
            raise AlreadyTaken
        if not await repository.use_capacity(session, agent_id):
            agent = await repository.agent(session, agent_id)
            raise AtCapacity(max_active=agent.max_active if agent else 0)
        await _give_to(session, item.conversation_id, agent_id)
        await hold_waiting(session, item.conversation_id)
    _note(session, clock, agent_id, "queue.taken", item.conversation_id)
    return await _refreshed(session, item)


async def _locked_item(session: AsyncSession, queue_item_id: int) -> QueueItem:
    """Return the item with its conversation locked: before the item, as everybody does, or two would wait in a ring."""
    item = await repository.item(session, queue_item_id)
    while item is not None:
        conversation_id = item.conversation_id
        await conversations.fresh(session, conversation_id, lock=True)
        item = await repository.item(session, queue_item_id)
        if item is not None and item.conversation_id == conversation_id:
            return item
        # A call back has just moved to the resident's next conversation.
    raise QueueItemNotFound


async def _give_to(session: AsyncSession, conversation_id: int, agent_id: int) -> None:
    await session.execute(
        update(Conversation)
        .where(Conversation.id == conversation_id)
        .values(state=ConversationState.HUMAN, agent_id=agent_id, closed_at=None),
        execution_options={"synchronize_session": False},
    )
    await conversations.fresh(session, conversation_id)


async def hand_back(session: AsyncSession, conversation_id: int, agent_id: int, clock: Clock) -> Conversation:
    """Give a conversation back to the bot.

    Raises:
        NotYourConversation: the agent does not hold it.
    """
    return await _end(session, conversation_id, agent_id, ConversationState.BOT, "queue.handed_back", clock)


async def close(session: AsyncSession, conversation_id: int, agent_id: int, clock: Clock) -> Conversation:
    """End a conversation with a person; it then awaits stars, until they are given or the next message comes.

    Raises:
        NotYourConversation: the agent does not hold it.
    """
    return await _end(session, conversation_id, agent_id, ConversationState.RATING, "queue.closed", clock)


async def require_holder(session: AsyncSession, conversation_id: int, agent_id: int) -> Conversation:
    """Return the conversation, locked, if this agent holds it now: the check before a reply is written.

    Raises:
        NotYourConversation: the agent does not hold it.
    """
    conversation = await conversations.fresh(session, conversation_id, lock=True)
    holds = conversation is not None and conversation.state is ConversationState.HUMAN
    if conversation is None or not holds or conversation.agent_id != agent_id:
        raise NotYourConversation
    return conversation


async def _end(
    session: AsyncSession, conversation_id: int, agent_id: int, state: ConversationState, act: str, clock: Clock
) -> Conversation:
    conversation = await require_holder(session, conversation_id, agent_id)
    item = await repository.open_item(session, conversation_id)
    if item is not None:
        if not await repository.end_item(session, item, QueueState.DONE, clock.now()):
            raise NotYourConversation
        await _refreshed(session, item)
    await repository.free_capacity(session, agent_id)
    await repository.agent(session, agent_id)
    conversation.state, conversation.agent_id, conversation.failures = state, None, 0
    await session.flush()
    _note(session, clock, agent_id, act, conversation_id)
    return conversation


async def forsaken(session: AsyncSession, clock: Clock) -> list[tuple[int, int]]:
    """Return the conversations whose agent has vanished or signed out, each with the agent; see `requeue`."""
    now = clock.now()
    return await repository.forsaken(session, now - GONE_AFTER, now)


async def requeue(session: AsyncSession, conversation_id: int, agent_id: int, clock: Clock) -> QueuePlace | None:
    """Take a conversation from an agent who is gone and let it wait before all who wait for the first time.

    With nobody on duty it becomes a call back, as in `request`. None if the agent holds it no more.
    """
    conversation = await conversations.fresh(session, conversation_id, lock=True)
    if conversation is None or conversation.state is not ConversationState.HUMAN or conversation.agent_id != agent_id:
        return None
    online, _ = await repository.capacity(session)
    kind = QueueKind.CHAT if online else QueueKind.CALLBACK
    item = await repository.open_item(session, conversation_id)
    if item is None:
        item = await _enqueue(session, conversation_id, "requeued", REQUEUED_PRIORITY, kind, clock)
    elif not await repository.release_item(session, item, kind, REQUEUED_PRIORITY, clock.now()):
        return None
    await _refreshed(session, item)
    await repository.free_capacity(session, agent_id)
    await repository.agent(session, agent_id)
    conversation.state = ConversationState.WAITING if online else ConversationState.BOT
    conversation.agent_id, conversation.failures = None, 0
    await session.flush()
    _note(session, clock, agent_id, "queue.requeued", conversation_id)
    return await _place(session, item)


async def stranded(session: AsyncSession) -> list[int]:
    """Return the conversations that wait for a chat while nobody is on duty; see `call_back_later`."""
    online, _ = await repository.capacity(session)
    return [] if online else await repository.waiting_chats(session)


async def call_back_later(session: AsyncSession, conversation_id: int) -> bool:
    """Give a waiting conversation back to the bot and keep the wish for a person; False if it waits no more.

    Also False when somebody has come on duty meanwhile.
    """
    conversation = await conversations.fresh(session, conversation_id, lock=True)
    item = await repository.open_item(session, conversation_id)
    online, _ = await repository.capacity(session)
    waits = item is not None and item.state is QueueState.WAITING and item.kind is QueueKind.CHAT
    if conversation is None or item is None or not waits or online:
        return False
    item.kind, item.version = QueueKind.CALLBACK, item.version + 1
    if conversation.state is ConversationState.WAITING:
        conversation.state, conversation.failures = ConversationState.BOT, 0
    await session.flush()
    return True


async def abandon(session: AsyncSession, conversation_id: int, clock: Clock) -> bool:
    """Leave the queue at the resident's wish; False if nobody waited or somebody has just taken it."""
    conversation = await conversations.fresh(session, conversation_id, lock=True)
    item = await repository.open_item(session, conversation_id)
    if item is None or item.state is not QueueState.WAITING:
        return False
    if not await repository.end_item(session, item, QueueState.ABANDONED, clock.now()):
        return False
    await _refreshed(session, item)
    if conversation is not None and conversation.state is ConversationState.WAITING:
        conversation.state = ConversationState.BOT
        await session.flush()
    return True


async def _refreshed(session: AsyncSession, item: QueueItem) -> QueueItem:
    await session.refresh(item)
    return item


async def waiting(session: AsyncSession) -> list[tuple[QueueItem, Conversation]]:
    """Return who waits, in the order in which they should be taken; calls back after chats."""
    return await repository.waiting(session)


async def held_by(session: AsyncSession, agent_id: int) -> list[Conversation]:
    """Return the conversations this agent holds, last active first."""
    return await repository.held(session, agent_id)


async def held_by_others(session: AsyncSession, agent_id: int) -> list[Conversation]:
    """Return the conversations other agents hold, last active first."""
    return [held for held in await repository.held(session, None) if held.agent_id != agent_id]


async def raise_alarm(
    session: AsyncSession,
    *,
    kind: str,
    text: str,
    conversation_id: int | None,
    ticket_id: int | None,
    message_id: int | None,
    clock: Clock,
) -> bool:
    """Show a danger at the desk, once per message; False if this message has raised it before."""
    now = clock.now()
    statement = insert_for(session, Alarm).values(
        kind=kind,
        text=text,
        conversation_id=conversation_id,
        ticket_id=ticket_id,
        source_message_id=message_id,
        raised_at=now,
        created_at=now,
    )
    statement = statement.on_conflict_do_nothing(index_elements=["source_message_id"]).returning(Alarm.id)
    return (await session.execute(statement)).scalar() is not None


async def alarms(session: AsyncSession) -> list[Alarm]:
    """Return the alarms nobody has acknowledged, the newest first."""
    return await repository.open_alarms(session)


async def acknowledge(session: AsyncSession, alarm_id: int, agent_id: int, clock: Clock) -> Alarm:
    """Note who has seen a danger; the first one stays noted.

    Raises:
        AlarmNotFound: there is none.
    """
    alarm = await session.get(Alarm, alarm_id, with_for_update=True, populate_existing=True)
    if alarm is None:
        raise AlarmNotFound
    if alarm.acknowledged_at is None:
        alarm.acknowledged_at, alarm.acknowledged_by = clock.now(), agent_id
        audit.record(
            session, clock, actor=f"agent:{agent_id}", action="alarm.acknowledged", subject=f"alarm:{alarm_id}"
        )
        await session.flush()
    return alarm


async def agent_by_id(session: AsyncSession, agent_id: int) -> Agent | None:
    """Return an agent as they are now."""
    return await repository.agent(session, agent_id)


def _note(session: AsyncSession, clock: Clock, agent_id: int, act: str, conversation_id: int) -> None:
    audit.record(session, clock, actor=f"agent:{agent_id}", action=act, subject=f"conversation:{conversation_id}")


__all__ = [
    "GONE_AFTER", "AlarmNotFound", "AlreadyTaken", "AtCapacity", "NotYourConversation", "QueueItemNotFound",
    "QueuePlace", "SessionExpired", "SignInRefused", "SignedIn", "abandon", "acknowledge", "agent_by_id",
    "agent_of_token", "alarms", "call_back", "call_back_later", "claim", "close", "create_agent", "forsaken",
    "hand_back", "held_by", "held_by_others", "open_session", "password_hash_of", "place_of", "raise_alarm", "request",
    "requeue", "require_holder", "seen", "set_status", "sign_in", "sign_out", "stranded", "sweep_silent", "waiting",
]  # fmt: skip
