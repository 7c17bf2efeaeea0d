"""A message left on the telephone: a ticket with sound, text and number, and a call back in the desk's queue."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from property_db.calls import repository
from property_db.calls import service as calls
from property_db.calls.errors import RecordingNotFound
from property_db.calls.models import Call, Recording
from property_db.calls.numbers import same
from property_db.catalogue import load
from property_db.clock import Clock
from property_db.conversations import repository as conversation_queries
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, Conversation, ConversationState, Direction, MessageState
from property_db.estates import service as estates
from property_db.handoff import service as handoff
from property_db.people import service as people
from property_db.people.scope import scope_of
from property_db.tickets import service as tickets
from property_db.tickets.models import Ticket, TicketKind
from property_db.tickets.schemas import RepairDraft

CHANNEL = "voice"
REASON = "voicemail"
"""The queue item's reason, by which the desk knows that there is something to listen to."""
_PHONE_LENGTH = 20


async def file(
    session: AsyncSession, call: Call, recording: Recording, transcript: str, number: str | None, clock: Clock
) -> Ticket:
    """File a message as a ticket of kind `voicemail`, once per recording; again gives the same ticket.

    The text becomes a message of the call's conversation that nobody has to answer there; the conversation asks for a
    call back whoever is on duty, as the caller has hung up. The home is known only where the caller was verified.

    Args:
        transcript: what was understood, may be empty.
        number: whom to call back, keyed by the caller or sent by the exchange; None: only the conversation is known.

    Raises:
        CallNotFound, RecordingNotFound: the call or the recording is gone.
    """
    filed = await repository.recording(session, recording.public_id)
    if filed is not None and filed.ticket_id is not None:
        return await session.get_one(Ticket, filed.ticket_id)
    now = await calls.get(session, call.id)
    conversation = await _conversation(session, now, clock)
    # After the conversation, in which order forgetting locks too; the second of two at once finds the ticket.
    held = await repository.lock_recording(session, recording.id)
    if held is None:
        raise RecordingNotFound
    if held.ticket_id is not None:
        return await session.get_one(Ticket, held.ticket_id)
    text = transcript.strip()
    message = await conversations.append(
        session,
        conversation.id,
        direction=Direction.IN,
        author=Author.RESIDENT,
        clock=clock,
        text=text or _texts()["not_understood"],
        client_message_id=f"voicemail-{held.public_id}",
        state=MessageState.ANSWERED,
    )
    ticket = await _ticket(session, conversation, message.id, text, number or now.number, clock)
    held.ticket_id, held.transcript = ticket.id, text
    await session.flush()
    await handoff.call_back(session, conversation.id, REASON, clock)
    return ticket


async def _conversation(session: AsyncSession, call: Call, clock: Clock) -> Conversation:
    """Return the call's conversation, locked; a call that came to nothing before has none yet."""
    if call.conversation_id is not None:
        known = await conversation_queries.fresh(session, call.conversation_id, lock=True)
        if known is not None and known.state is not ConversationState.CLOSED:
            return known
    identity_id = call.identity_id
    if identity_id is None:
        identity_id = (await people.identity_for(session, CHANNEL, call.public_id, clock)).id
    opened = await conversations.open_for(session, CHANNEL, identity_id, clock)
    await repository.note(session, call.id, identity_id=identity_id, conversation_id=opened.id)
    return opened


async def _ticket(
    session: AsyncSession, conversation: Conversation, message_id: int, text: str, number: str | None, clock: Clock
) -> Ticket:
    scope = await scope_of(session, conversation.identity_id, clock)
    person = await people.person_of(session, conversation.identity_id)
    estate = await estates.estate_for(session, scope)
    draft = RepairDraft(
        identity_id=conversation.identity_id,
        conversation_id=conversation.id,
        # With several homes it would be a guess which one is meant; whoever calls back asks.
        home_id=scope.home_ids[0] if len(scope.home_ids) == 1 else None,
        facility=_texts()["facility"],
        symptom=text or _texts()["not_understood"],
        contact_name=person.name if person else "",
        contact_phone=same(number or "")[:_PHONE_LENGTH],
        source_message_id=message_id,
    )
    return await tickets.file(session, draft, estate.id if estate else None, TicketKind.VOICEMAIL, clock)


def _texts() -> dict[str, Any]:
    texts: dict[str, Any] = load("calls/texts.yml")["voicemail"]
    return texts
