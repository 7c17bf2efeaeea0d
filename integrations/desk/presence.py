"""Who is really there: signs of life of the desks, agents taken off duty when theirs fell silent, and their residents.

Nobody stays with an agent who is gone, and nobody waits before an empty desk. One transaction for each conversation,
so that none locks two: whoever claims one locks a conversation and then an agent.
"""

from datetime import timedelta

import socketio
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.desk import realtime
from integrations.gateway.every import Every
from integrations.gateway.hub import ConversationChanged, MessageStored
from integrations.gateway.services import Services
from integrations.gateway.texts import say
from property_db.conversations import blocks as b
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, Direction
from property_db.handoff import service as handoff
from property_db.handoff.models import Agent, QueueKind

log = structlog.get_logger()

SWEEP_SECONDS = 30.0
# A sign of life is a write; the silence that counts is two minutes long.
NOTE_EVERY = timedelta(seconds=20)


async def note_presence(services: Services, agent: Agent) -> None:
    """The agent's desk has asked for something: it is there."""
    now = services.clock.now()
    if agent.last_seen_at is not None and now - agent.last_seen_at < NOTE_EVERY:
        return
    async with services.database.transaction() as session:
        await handoff.seen(session, agent.id, services.clock)


async def release_held(services: Services, agent_id: int) -> None:
    """Let everybody whom this agent holds wait for somebody else: the agent has signed out."""
    async with services.database.reading() as session:
        held = [row.id for row in await handoff.held_by(session, agent_id)]
    for conversation_id in sorted(held):
        await _requeue(services, conversation_id, agent_id)
    await _call_back_stranded(services)


async def release_forsaken(services: Services) -> int:
    """Let everybody wait for somebody else whose agent is gone; how many conversations changed."""
    async with services.database.reading() as session:
        forsaken = await handoff.forsaken(session, services.clock)
    for conversation_id, agent_id in forsaken:
        await _requeue(services, conversation_id, agent_id)
    return len(forsaken) + await _call_back_stranded(services)


async def _requeue(services: Services, conversation_id: int, agent_id: int) -> None:
    async with services.database.transaction() as session:
        place = await handoff.requeue(session, conversation_id, agent_id, services.clock)
        if place is None:
            return
        told = await _tell(
            session, services, conversation_id, "requeued" if place.kind is QueueKind.CHAT else "nobody_left"
        )
    services.hub.publish(told, ConversationChanged(conversation_id))


async def _call_back_stranded(services: Services) -> int:
    async with services.database.reading() as session:
        stranded = await handoff.stranded(session)
    for conversation_id in stranded:
        async with services.database.transaction() as session:
            if not await handoff.call_back_later(session, conversation_id):
                continue
            told = await _tell(session, services, conversation_id, "nobody_left")
        services.hub.publish(told, ConversationChanged(conversation_id))
    return len(stranded)


async def _tell(session: AsyncSession, services: Services, conversation_id: int, event: str) -> MessageStored:
    message = await conversations.append(
        session,
        conversation_id,
        direction=Direction.OUT,
        author=Author.SYSTEM,
        blocks=b.dump([b.System(text=say(event), event=event)]),
        clock=services.clock,
    )
    return MessageStored(conversation_id, message.id)


class PresenceSweeper:
    """Takes agents off duty whose desk has been silent for two minutes, and their residents from them after five."""

    def __init__(self, services: Services, server: socketio.AsyncServer) -> None:
        self._services = services
        self._server = server
        self._sweeper = Every(SWEEP_SECONDS, self.sweep, "desk.sweep_failed", first_after=SWEEP_SECONDS)

    async def start(self) -> None:
        """Watch from now on."""
        self._sweeper.start()

    async def stop(self) -> None:
        """Stop watching."""
        await self._sweeper.stop()

    async def sweep(self) -> None:
        """Look once."""
        async with self._services.database.transaction() as session:
            silent = await handoff.sweep_silent(session, self._services.clock)
        released = await release_forsaken(self._services)
        if silent or released:
            log.info("desk.silent", agents=silent, released=released)
            await realtime.tell_overview(self._server)
