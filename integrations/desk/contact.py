"""The other ways to a resident whom no reply reaches any more: asking them back, and the telephone."""

from integrations.desk import queries
from integrations.desk.reach import invite_again_at, takes_templates
from integrations.gateway.errors import ApiError
from integrations.gateway.services import Services
from property_db.audit import service as audit
from property_db.conversations import service as conversations
from property_db.handoff import service as handoff
from property_db.handoff.models import Agent
from property_db.people import service as people
from property_db.pushes import service as pushes


async def invite(services: Services, agent: Agent, public_id: str) -> int:
    """Ask the resident by a template message to come back; the conversation's id.

    Raises:
        NotYourConversation: the agent does not hold the conversation.
        ApiError: asked within the last hour, or the resident cannot be reached that way.
    """
    async with services.database.transaction() as session:
        row = await conversations.by_public_id(session, public_id)
        # Locks the conversation: the second of two clicks finds what the first one did.
        await handoff.require_holder(session, row.id, agent.id)
        again_at = await invite_again_at(session, services, row)
        if again_at is not None:
            wait = again_at - services.clock.now()
            raise ApiError(409, "invited_lately", minutes=-(-int(wait.total_seconds()) // 60))
        if not takes_templates(services, row) or not await pushes.agent_waits(session, row, services.clock):
            raise ApiError(409, "invite_refused")
        audit.record(
            session,
            services.clock,
            actor=f"agent:{agent.id}",
            action=queries.INVITED,
            subject=queries.conversation_subject(row.id),
        )
    return row.id


async def phone(services: Services, agent: Agent, public_id: str) -> str:
    """The verified resident's whole number, for the agent who holds the conversation; every look is recorded.

    Raises:
        NotYourConversation: the agent does not hold the conversation.
        ApiError: nobody has proven a number.
    """
    async with services.database.transaction() as session:
        row = await conversations.by_public_id(session, public_id)
        await handoff.require_holder(session, row.id, agent.id)
        person = await people.person_of(session, row.identity_id)
        if person is None:
            raise ApiError(409, "phone_unknown")
        audit.record(
            session,
            services.clock,
            actor=f"agent:{agent.id}",
            action="phone.shown",
            subject=f"person:{person.id}",
            conversation=row.id,
        )
        return person.phone
