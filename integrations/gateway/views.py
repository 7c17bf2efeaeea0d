"""How a stored message, a conversation and a resident look outside: the JSON of pages, desk and test channel."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.gateway.texts import say
from property_db.clock import Clock
from property_db.conversations import blocks, lookup
from property_db.conversations.models import Author, Conversation, ConversationState, Message
from property_db.handoff import service as handoff
from property_db.people import service as people


class MessageView(BaseModel):
    """A message as a client sees it. Choices carry titles only: their payloads stay in the server."""

    conversation_id: str
    seq: int
    direction: str
    author: str
    author_name: str
    at: datetime
    client_message_id: str | None
    text: str
    upload_ids: list[str]
    blocks: list[dict[str, Any]]
    reply_to_seq: int | None = None
    note: bool = False


class QueueView(BaseModel):
    """Where a resident stands in the queue."""

    position: int
    wait_minutes: int


class ConversationView(BaseModel):
    """A conversation as its resident sees it."""

    conversation_id: str
    state: str
    last_seq: int
    queue: QueueView | None = None
    agent_name: str | None = None


class IdentityView(BaseModel):
    """Who a page is for: masked name and the homes bound today."""

    verified: bool
    name: str | None = None
    homes: list[str] = []


async def message_views(
    session: AsyncSession, public_id: str, messages: list[Message], *, with_notes: bool = False
) -> list[MessageView]:
    """Views of messages of one conversation, in their order; notes only where asked for."""
    shown = [message for message in messages if with_notes or message.visible_to_resident]
    agents = await lookup.agent_names(session, {m.agent_id for m in shown if m.agent_id is not None})
    seqs = await lookup.seqs(session, {m.reply_to_id for m in shown if m.reply_to_id is not None})
    return [_view(message, public_id, agents, seqs) for message in shown]


def _view(message: Message, public_id: str, agents: dict[int, str], seqs: dict[int, int]) -> MessageView:
    names = {Author.BOT: say("bot_name"), Author.SYSTEM: say("system_name"), Author.RESIDENT: ""}
    name = agents.get(message.agent_id or 0, "") if message.author is Author.AGENT else names.get(message.author, "")
    return MessageView(
        conversation_id=public_id,
        seq=message.seq,
        direction=message.direction.value,
        author=message.author.value,
        author_name=name,
        at=message.created_at,
        client_message_id=message.client_message_id,
        text=message.text,
        upload_ids=message.upload_ids,
        blocks=blocks.for_resident(message.blocks),
        reply_to_seq=seqs.get(message.reply_to_id or 0),
        note=not message.visible_to_resident,
    )


async def conversation_view(session: AsyncSession, conversation: Conversation) -> ConversationView:
    """The resident's view of a conversation, queue place included while it waits."""
    waits = conversation.state is ConversationState.WAITING
    place = await handoff.place_of(session, conversation.id) if waits else None
    names = await lookup.agent_names(session, {conversation.agent_id} if conversation.agent_id else set())
    return ConversationView(
        conversation_id=conversation.public_id,
        state=conversation.state.value,
        last_seq=conversation.last_seq,
        queue=QueueView(position=place.position, wait_minutes=place.wait_minutes) if waits and place else None,
        agent_name=names.get(conversation.agent_id or 0),
    )


async def identity_view(session: AsyncSession, identity_id: int, clock: Clock) -> IdentityView:
    """Whom an identity belongs to: nobody known yet, or a masked name and the homes bound today."""
    person = await people.person_of(session, identity_id)
    if person is None:
        return IdentityView(verified=False)
    homes = await people.bound_homes(session, identity_id, clock)
    return IdentityView(verified=True, name=people.mask_name(person.name), homes=[bound.home.label for bound in homes])
