"""What an agent does with a conversation: one transaction each, and what to tell the listeners afterwards.

The rules (who may take, reply, give back) are in ``property_db.handoff``; here they meet the words that residents read.
"""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.desk import queries
from integrations.desk.reach import require_room
from integrations.gateway.errors import ApiError
from integrations.gateway.hub import ConversationChanged, MessageStored
from integrations.gateway.services import Services
from integrations.gateway.texts import say
from property_db.conversations import blocks as b
from property_db.conversations import repository as stored
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, ConversationState, Direction, Message
from property_db.handoff import service as handoff
from property_db.handoff.models import Agent, Alarm

EMERGENCY_REASON = "emergency"  # one of views.REASON_CODES


async def take(services: Services, agent: Agent, item_id: int) -> int:
    """Take a waiting conversation; its id. Taking one's own again says nothing twice.

    Raises:
        QueueItemNotFound, AlreadyTaken, AtCapacity: see ``handoff.claim``.
    """
    async with services.database.transaction() as session:
        joined = await _claim(session, services, agent, item_id)
    services.hub.publish(joined, ConversationChanged(joined.conversation_id))
    return joined.conversation_id


async def join(services: Services, agent: Agent, public_id: str) -> int:
    """Step into a conversation in which an alarm was raised, without waiting for the resident to ask; its id.

    Raises:
        ApiError: no alarm was raised there, or the conversation is over.
        AlreadyTaken, AtCapacity: see ``handoff.claim``.
    """
    async with services.database.transaction() as session:
        row = await conversations.by_public_id(session, public_id)
        open_states = (ConversationState.BOT, ConversationState.WAITING, ConversationState.HUMAN)
        if row.state not in open_states or not await queries.with_alarm(session, {row.id}):
            raise ApiError(409, "join_refused")
        place = await handoff.request(session, row.id, EMERGENCY_REASON, services.clock, handoff.EMERGENCY_PRIORITY)
        joined = await _claim(session, services, agent, place.item_id)
    services.hub.publish(joined, ConversationChanged(joined.conversation_id))
    return joined.conversation_id


async def _claim(session: AsyncSession, services: Services, agent: Agent, item_id: int) -> MessageStored:
    item = await handoff.claim(session, item_id, agent.id, services.clock)
    text = say("agent_joined", agent=agent.display_name)
    return await _announce(
        session,
        services,
        item.conversation_id,
        [b.System(text=text, event="agent_joined")],
        agent,
        client_message_id=f"joined-{item.id}-{item.version}",
    )


async def give_back(services: Services, agent: Agent, public_id: str) -> int:
    """Let the bot go on with a conversation; its id.

    Raises:
        NotYourConversation: the agent does not hold it.
    """
    async with services.database.transaction() as session:
        row = await conversations.by_public_id(session, public_id)
        await handoff.hand_back(session, row.id, agent.id, services.clock)
        text = say("returned_to_bot", agent=agent.display_name)
        told = await _announce(session, services, row.id, [b.System(text=text, event="returned_to_bot")], agent)
    services.hub.publish(told, ConversationChanged(row.id))
    return row.id


async def close(services: Services, agent: Agent, public_id: str) -> int:
    """End a person's service and ask for stars; the conversation's id.

    Raises:
        NotYourConversation: the agent does not hold it.
    """
    async with services.database.transaction() as session:
        row = await conversations.by_public_id(session, public_id)
        await handoff.close(session, row.id, agent.id, services.clock)
        prompt = say("rating_prompt", agent=agent.display_name)
        ending: list[b.Block] = [
            b.System(text=say("closed"), event="closed"),
            b.RatingRequest(prompt=prompt, subject="conversation", reference=public_id),
        ]
        told = await _announce(session, services, row.id, ending, agent)
    services.hub.publish(told, ConversationChanged(row.id))
    return row.id


async def _announce(
    session: AsyncSession,
    services: Services,
    conversation_id: int,
    blocks: Sequence[b.Block],
    agent: Agent,
    client_message_id: str | None = None,
) -> MessageStored:
    """Tell the resident what happened to the conversation."""
    message = await conversations.append(
        session,
        conversation_id,
        direction=Direction.OUT,
        author=Author.SYSTEM,
        agent_id=agent.id,
        blocks=b.dump(blocks),
        client_message_id=client_message_id,
        clock=services.clock,
    )
    return MessageStored(conversation_id, message.id)


async def reply(services: Services, agent: Agent, public_id: str, client_message_id: str, text: str) -> Message:
    """Answer the resident. Repeated under the same id it is the same message, even after the conversation has ended.

    Raises:
        ApiError: empty or too long, or more than the channel carries now; nothing is stored then.
        NotYourConversation: the agent does not hold the conversation.
    """
    text = _checked(text, services.settings.text_limit)
    async with services.database.transaction() as session:
        row = await conversations.by_public_id(session, public_id)
        message = await _known(session, row.id, agent, client_message_id)
        if message is None:
            await handoff.require_holder(session, row.id, agent.id)
            await require_room(session, services, row, text)
            message = await conversations.append(
                session,
                row.id,
                direction=Direction.OUT,
                author=Author.AGENT,
                agent_id=agent.id,
                blocks=b.dump([b.Text(text=text)]),
                client_message_id=client_message_id,
                clock=services.clock,
            )
    services.hub.publish(MessageStored(row.id, message.id))
    return message


async def note(services: Services, agent: Agent, public_id: str, client_message_id: str, text: str) -> Message:
    """Leave a note for colleagues in any conversation; the resident never sees it.

    Raises:
        ApiError: empty or too long.
    """
    text = _checked(text, services.settings.text_limit)
    async with services.database.transaction() as session:
        row = await conversations.by_public_id(session, public_id)
        message = await _known(session, row.id, agent, client_message_id)
        if message is None:
            message = await conversations.append(
                session,
                row.id,
                direction=Direction.OUT,
                author=Author.AGENT,
                agent_id=agent.id,
                text=text,
                visible_to_resident=False,
                client_message_id=client_message_id,
                clock=services.clock,
            )
    services.hub.publish(MessageStored(row.id, message.id))
    return message


async def _known(session: AsyncSession, conversation_id: int, agent: Agent, client_message_id: str) -> Message | None:
    """The agent's own message that was stored under this id before.

    Raises:
        ApiError: the id belongs to somebody else's message; it must not come back as the answer to this one.
    """
    found = await stored.by_client_message_id(session, conversation_id, Direction.OUT, client_message_id)
    if found is not None and (found.author is not Author.AGENT or found.agent_id != agent.id):
        raise ApiError(409, "message_id_taken")
    return found


def _checked(text: str, limit: int) -> str:
    text = text.strip()
    if not text:
        raise ApiError(422, "message_empty")
    if len(text) > limit:
        raise ApiError(422, "message_too_long", limit=limit)
    return text


async def acknowledge(services: Services, agent: Agent, alarm_id: int) -> Alarm:
    """Note that the agent has seen a danger.

    Raises:
        AlarmNotFound: there is none.
    """
    async with services.database.transaction() as session:
        return await handoff.acknowledge(session, alarm_id, agent.id, services.clock)
