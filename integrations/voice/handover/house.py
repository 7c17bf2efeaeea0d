"""The house behind a hand-over: agents' telephones, the queue, and what is written into the conversation."""

from typing import Literal

import structlog

from integrations.desk import service as desk
from integrations.gateway.hub import ConversationChanged, MessageStored
from integrations.gateway.services import Services
from integrations.voice.handover.completed import completes
from integrations.voice.handover.context import Context, context_of, texts
from property_db.calls import agent_phones
from property_db.conversations import blocks as b
from property_db.conversations import service as conversations
from property_db.conversations.errors import ConversationNotFound
from property_db.conversations.models import Author, Direction
from property_db.handoff import service as handoff
from property_db.handoff.models import QueueKind

log = structlog.get_logger()

Dropped = Literal["busy", "no_answer", "rejected", "on_phone", "refused", "unreachable", "ended"]
"""Why a telephone did not take the call, or that it is over; each has a note for the desk."""


class House:
    """Each step is a transaction of its own; what listeners are to know is told after it."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @completes
    async def number_of(self, agent_id: int) -> str | None:
        """The agent's telephone; None where they type."""
        async with self._services.database.reading() as session:
            return await agent_phones.of(session, agent_id)

    @completes
    async def context(self, call: str, conversation_id: int | None) -> Context:
        """What the agent's telephone is told."""
        async with self._services.database.reading() as session:
            return await context_of(session, call, conversation_id, self._services.clock)

    @completes
    async def requeue(self, conversation_id: int, agent_id: int, why: Dropped) -> bool:
        """Let the caller wait for somebody else; False where the agent had the conversation no more.

        Who did not take it, and why, stays in the conversation for the others to see, and in the audit.
        """
        services = self._services
        async with services.database.transaction() as session:
            place = await handoff.requeue(session, conversation_id, agent_id, services.clock)
            if place is None:
                return False
            event = "requeued" if place.kind is QueueKind.CHAT else "nobody_left"
            told = await conversations.append(
                session,
                conversation_id,
                direction=Direction.OUT,
                author=Author.SYSTEM,
                blocks=b.dump([b.System(text=texts()[event], event=event)]),
                clock=services.clock,
            )
        log.info("voice.handover_dropped", conversation=conversation_id, agent=agent_id, reason=why)
        services.hub.publish(MessageStored(conversation_id, told.id), ConversationChanged(conversation_id))
        await self.note(conversation_id, agent_id, why)
        return True

    @completes
    async def note(self, conversation_id: int, agent_id: int, why: Dropped) -> None:
        """Write down for the desk what became of a call to an agent's telephone; residents never see it."""
        services = self._services
        async with services.database.transaction() as session:
            agent = await handoff.agent_by_id(session, agent_id)
            text = texts()[f"note_{why}"].format(agent=agent.display_name if agent is not None else "")
            noted = await conversations.append(
                session,
                conversation_id,
                direction=Direction.OUT,
                author=Author.SYSTEM,
                text=text,
                visible_to_resident=False,
                clock=services.clock,
            )
        services.hub.publish(MessageStored(conversation_id, noted.id))

    @completes
    async def seen(self, agent_id: int) -> None:
        """The agent is there: they are on the telephone."""
        async with self._services.database.transaction() as session:
            await handoff.seen(session, agent_id, self._services.clock)

    @completes
    async def close(self, conversation_id: int, agent_id: int, *, caller_listens: bool) -> None:
        """End the agent's service as the desk does; the caller who is still there is asked for stars."""
        services = self._services
        try:
            if caller_listens:
                async with services.database.reading() as session:
                    conversation = await conversations.get(session, conversation_id)
                    agent = await handoff.agent_by_id(session, agent_id)
                if agent is not None:
                    await desk.close(services, agent, conversation.public_id)
                return
            async with services.database.transaction() as session:
                await handoff.close(session, conversation_id, agent_id, services.clock)
        except (handoff.NotYourConversation, ConversationNotFound):
            return  # closed at the desk, or forgotten, meanwhile
        services.hub.publish(ConversationChanged(conversation_id))
        await self.note(conversation_id, agent_id, "ended")
