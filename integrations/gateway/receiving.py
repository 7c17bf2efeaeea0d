"""The first step of a message's way: check it and commit it to the right conversation."""

from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from bot.language import ratings
from bot.language.normalise import normalise
from integrations.gateway import at_once
from integrations.gateway.channel import InboundMessage
from integrations.gateway.errors import ApiError
from integrations.gateway.hub import ConversationChanged, Event, MessageStored
from integrations.gateway.texts import say
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


async def store_inbound(session: AsyncSession, inbound: InboundMessage, clock: Clock, text_limit: int) -> Received:
    """Check ``inbound`` and store it in the conversation it belongs to.

    Raises:
        ApiError: empty, too long, or naming an unknown choice.
        UploadNotFound: names a picture that this identity did not send.
    """
    identity = await people.identity_for(session, inbound.channel, inbound.external_id, clock)
    earlier = await lookup.inbound_of_identity(session, identity.id, inbound.client_message_id)
    if earlier is not None:
        return Received(await conversations.get(session, earlier.conversation_id), earlier, is_new=False)

    _check_size(inbound, text_limit)
    if inbound.upload_ids:
        await uploads.all_of(session, list(inbound.upload_ids), identity.id)

    conversation = await conversations.current_of(session, identity.id)
    chosen = await _chosen(session, conversation, inbound)
    danger = at_once.danger_in(inbound.text) if chosen is None else None
    events: list[Event] = []
    if conversation is not None and conversation.state is ConversationState.RATING:
        stars = _stars_in(inbound.text) if danger is None else None
        if stars is not None:
            message = await _append(session, conversation, inbound, None, clock, MessageState.ANSWERED)
            thanks = await rate_conversation(session, conversation, stars, "", clock)
            events = [MessageStored(conversation.id, message.id, inbound=True), *thanks]
            return Received(conversation, message, is_new=True, events=events)
        # Not a rating but a new question: it opens a conversation of its own, and this one ends unrated.
        events.append(ConversationChanged(conversation.id))
    conversation = await conversations.open_for(session, inbound.channel, identity.id, clock)
    person = chosen is not None and chosen.payload == at_once.HUMAN_PAYLOAD
    person = person and await at_once.engine_keeps_waiting(session, conversation)
    state = MessageState.ANSWERED if danger is not None or person else None
    message = await _append(session, conversation, inbound, chosen, clock, state)
    events.append(MessageStored(conversation.id, message.id, inbound=True))
    if danger is not None:
        events += await at_once.answer_danger(session, conversation, message, danger, clock)
    elif person:
        events += await at_once.answer_wish_for_a_person(session, conversation, message, clock)
    return Received(conversation, message, is_new=True, events=events)


async def rate_conversation(
    session: AsyncSession, conversation: Conversation, stars: int, comment: str, clock: Clock
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
    if not inbound.text.strip() and inbound.choice is None and not inbound.upload_ids:
        raise ApiError(422, "message_empty")
    if len(inbound.text) > text_limit:
        raise ApiError(422, "message_too_long", limit=text_limit)
    if len(inbound.upload_ids) > UPLOADS_LIMIT:
        raise ApiError(422, "upload_too_many", limit=UPLOADS_LIMIT)


async def _chosen(
    session: AsyncSession, conversation: Conversation | None, inbound: InboundMessage
) -> blocks.Choice | None:
    """The option that the message chooses: named outright, or by its title or number typed as text."""
    if inbound.choice is not None:
        option = None
        named = inbound.choice.conversation_id
        if conversation is not None and named in (None, conversation.public_id):
            offer = await conversations.message_by_seq(session, conversation.id, inbound.choice.seq)
            if offer is not None and offer.direction is Direction.OUT:
                option = blocks.choice_in(offer.blocks, inbound.choice.option_id)
        if option is None:
            raise ApiError(422, "choice_unknown")
        return option
    typed = inbound.text.strip()
    if conversation is None or not typed:
        return None
    last = await lookup.last_outbound(session, conversation.id)
    return blocks.choice_typed(last.blocks, typed) if last is not None else None


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
        clock=clock,
        state=state,
    )
