"""The first step of a message's way: check it and commit it to the right conversation."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.language import ratings
from bot.language.normalise import normalise
from integrations.gateway import at_once
from integrations.gateway.channel import Allowance, Capabilities, Contact, InboundMessage
from integrations.gateway.errors import ApiError
from integrations.gateway.hub import ConversationChanged, DeliveryDue, Event, MessageStored
from integrations.gateway.texts import say
from property_db.channels import parts, windows
from property_db.clock import Clock
from property_db.conversations import blocks, lookup
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, Conversation, ConversationState, Direction, Message, MessageState
from property_db.feedback import service as feedback
from property_db.people import service as people
from property_db.uploads import service as uploads

UPLOADS_LIMIT = 9
# What may stand beside a score that is the whole message: 「给你们5分吧」, not a sentence that happens to hold one.
MOST_BESIDE_A_SCORE = 6


@dataclass(frozen=True)
class Received:
    """A stored inbound message.

    Attributes:
        is_new: False when this client message id was stored before.
        events: what to tell the listeners once this is committed.
    """

    conversation: Conversation
    message: Message
    is_new: bool
    events: list[Event] = field(default_factory=list)


async def store_inbound(
    session: AsyncSession,
    inbound: InboundMessage,
    clock: Clock,
    text_limit: int,
    capabilities: Capabilities | None = None,
) -> Received:
    """Check ``inbound`` and store it in the conversation it belongs to.

    Args:
        capabilities: of the message's channel; None where it has no rules that matter here.

    Raises:
        ApiError: empty, too long, or naming an unknown choice.
        UploadNotFound: names a picture that this identity did not send.
    """
    # The lock makes the second of two simultaneous copies wait here and then find the first.
    identity = await people.identity_for(session, inbound.channel, inbound.external_id, clock, lock=True)
    earlier = await lookup.inbound_of_identity(session, identity.id, inbound.client_message_id)
    if earlier is not None:
        return Received(await conversations.get(session, earlier.conversation_id), earlier, is_new=False)

    _check_size(inbound, text_limit)
    if inbound.upload_ids:
        await uploads.all_of(session, list(inbound.upload_ids), identity.id)

    conversation = await conversations.current_of(session, identity.id)
    only_delivered = capabilities is not None and not capabilities.repeatable
    chosen = await _chosen(session, conversation, inbound, only_delivered=only_delivered)
    danger = at_once.danger_in(inbound.text) if chosen is None and inbound.unreadable is None else None
    events: list[Event] = []
    if conversation is not None and conversation.state is ConversationState.RATING:
        # A place or a voice message is neither stars nor a new question: the rating stays open.
        stars = _stars_in(inbound.text) if danger is None and inbound.unreadable is None else None
        if stars is not None or inbound.unreadable is not None:
            message = await _append(session, conversation, inbound, None, clock, MessageState.ANSWERED)
            if stars is not None:
                events += await rate_conversation(session, conversation, stars, "", clock, reply_to_id=message.id)
            elif inbound.unreadable is not None:
                events.append(await at_once.answer_unreadable(session, message, inbound.unreadable, clock))
            contact = await _note_contact(session, identity.id, inbound, capabilities, clock)
            events = [*contact, MessageStored(conversation.id, message.id, inbound=True), *events]
            return Received(conversation, message, is_new=True, events=events)
        # Not a rating but a new question: it opens a conversation of its own, and this one ends unrated.
        events.append(ConversationChanged(conversation.id))
    conversation = await conversations.carry_on(session, inbound.channel, identity.id, conversation, clock)
    if inbound.estate is not None and conversation.last_seq == 0:
        await people.note_origin(session, identity.id, inbound.estate)
    events += await _note_contact(session, identity.id, inbound, capabilities, clock)
    unreadable = inbound.unreadable if conversation.state is ConversationState.BOT else None
    person = chosen is not None and chosen.payload == at_once.HUMAN_PAYLOAD
    person = person and await at_once.engine_keeps_waiting(session, conversation)
    state = MessageState.ANSWERED if danger is not None or person or unreadable else None
    message = await _append(session, conversation, inbound, chosen, clock, state)
    events.append(MessageStored(conversation.id, message.id, inbound=True))
    if danger is not None:
        events += await at_once.answer_danger(session, conversation, message, danger, clock)
    elif person:
        events += await at_once.answer_wish_for_a_person(session, conversation, message, clock)
    elif unreadable is not None:
        events.append(await at_once.answer_unreadable(session, message, unreadable, clock))
    return Received(conversation, message, is_new=True, events=events)


async def _note_contact(
    session: AsyncSession, identity_id: int, inbound: InboundMessage, capabilities: Capabilities | None, clock: Clock
) -> list[Event]:
    allowance = capabilities.allowances.get(inbound.contact) if capabilities and inbound.contact else None
    if allowance is None or inbound.contact is None:
        return []
    return await note_contact(session, identity_id, inbound.contact, allowance, inbound.sent_at, clock)


async def note_contact(
    session: AsyncSession,
    identity_id: int,
    contact: Contact,
    allowance: Allowance,
    sent_at: datetime | None,
    clock: Clock,
) -> list[Event]:
    """The resident made contact: the channel's window opens, and what waited for that goes out.

    Args:
        sent_at: when, by the channel's clock; None where it does not tell.

    Returns:
        What to tell the listeners once this is committed.
    """
    await windows.open_window(
        session,
        identity_id,
        contact,
        at=sent_at or clock.now(),
        allowed=allowance.count,
        lasts=allowance.lasts,
        clock=clock,
    )
    return [DeliveryDue(conversation_id) for conversation_id in await parts.revive(session, identity_id)]


async def rate_conversation(
    session: AsyncSession,
    conversation: Conversation,
    stars: int,
    comment: str,
    clock: Clock,
    reply_to_id: int | None = None,
) -> list[Event]:
    """Keep the resident's verdict on a person's service, thank, and close the conversation.

    Raises:
        ApiError: this conversation waits for no rating.
    """
    if conversation.state is not ConversationState.RATING:
        raise ApiError(409, "rating_not_open")
    await feedback.rate_conversation(session, conversation.identity_id, conversation.id, stars, comment, clock)
    thanks = await conversations.append(
        session,
        conversation.id,
        direction=Direction.OUT,
        author=Author.SYSTEM,
        reply_to_id=reply_to_id,
        blocks=blocks.dump([blocks.Text(text=say("rating_thanks"))]),
        clock=clock,
    )
    return [MessageStored(conversation.id, thanks.id), ConversationChanged(conversation.id)]


def _stars_in(text: str) -> int | None:
    """The stars that a text gives, when it gives exactly one score."""
    plain = normalise(text)
    found = ratings.find(plain, asked=True)
    if len(found) != 1 or len(plain) - (found[0].end - found[0].start) > MOST_BESIDE_A_SCORE:
        return None
    return int(found[0].value)


def _check_size(inbound: InboundMessage, text_limit: int) -> None:
    has_more = inbound.choice is not None or inbound.upload_ids or inbound.media or inbound.unreadable
    if not inbound.text.strip() and not has_more:
        raise ApiError(422, "message_empty")
    if len(inbound.text) > text_limit:
        raise ApiError(422, "message_too_long", limit=text_limit)
    if len(inbound.upload_ids) > UPLOADS_LIMIT:
        raise ApiError(422, "upload_too_many", limit=UPLOADS_LIMIT)


async def _chosen(
    session: AsyncSession, conversation: Conversation | None, inbound: InboundMessage, *, only_delivered: bool
) -> blocks.Choice | None:
    """The option that the message chooses: named outright, or by its title or number typed as text.

    Args:
        only_delivered: what was stored is not what the resident sees; only what has arrived is on offer.
    """
    if inbound.choice is not None:
        option = None
        named = inbound.choice.conversation_id
        if conversation is not None and named in (None, conversation.public_id):
            offer = await conversations.message_by_seq(session, conversation.id, inbound.choice.seq)
            if offer is not None and offer.direction is Direction.OUT:
                option = blocks.choice_in(offer.blocks, inbound.choice.option_id)
        if option is not None:
            return option
        if not inbound.text.strip():
            raise ApiError(422, "choice_unknown")
    typed = inbound.text.strip()
    if conversation is None or not typed:
        return None
    return await lookup.option_named(session, conversation.id, typed, only_delivered=only_delivered)


async def _append(
    session: AsyncSession,
    conversation: Conversation,
    inbound: InboundMessage,
    chosen: blocks.Choice | None,
    clock: Clock,
    state: MessageState | None = None,
) -> Message:
    return await conversations.append(
        session,
        conversation.id,
        direction=Direction.IN,
        author=Author.RESIDENT,
        client_message_id=inbound.client_message_id,
        text=inbound.text.strip() or (chosen.title if chosen else ""),
        upload_ids=list(inbound.upload_ids),
        choice=chosen.model_dump() if chosen else None,
        media={"kind": inbound.media.kind, "reference": inbound.media.reference} if inbound.media else None,
        clock=clock,
        state=state,
        is_new=True,
    )
