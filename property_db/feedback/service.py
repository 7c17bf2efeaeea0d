"""Stars."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.clock import Clock
from property_db.conversations.models import Conversation, ConversationState
from property_db.errors import DomainError
from property_db.feedback.models import Rating
from property_db.people.scope import AccessScope
from property_db.tickets import repository as tickets
from property_db.tickets.models import Ticket, TicketState
from property_db.upsert import insert_for

RATEABLE = frozenset({TicketState.DONE, TicketState.CONFIRMED, TicketState.CLOSED})


class RatingInvalid(DomainError):
    """Stars are one to five."""

    code = "rating_invalid"
    status = 422


class NothingToRate(DomainError):
    """No such conversation or finished repair of this resident."""

    code = "nothing_to_rate"
    status = 404


async def rate_conversation(
    session: AsyncSession, identity_id: int, conversation_id: int, stars: int, comment: str, clock: Clock
) -> Rating:
    """Rate a conversation of this identity; a second rating replaces the first. One that awaited stars is closed.

    Raises:
        RatingInvalid: not one to five.
        NothingToRate: it is not this identity's.
    """
    _check(stars)
    statement = select(Conversation).where(Conversation.id == conversation_id, Conversation.identity_id == identity_id)
    conversation = await session.scalar(statement.with_for_update(), execution_options={"populate_existing": True})
    if conversation is None:
        raise NothingToRate
    if conversation.state is ConversationState.RATING:
        conversation.state, conversation.closed_at = ConversationState.CLOSED, clock.now()
    return await _keep(session, "conversation_id", conversation_id, identity_id, stars, comment, clock)


async def rate_ticket(
    session: AsyncSession, scope: AccessScope, number: str | None, stars: int, comment: str, clock: Clock
) -> tuple[Rating, Ticket]:
    """Rate a finished repair (None: the newest one); a second rating replaces the first.

    Raises:
        RatingInvalid: not one to five.
        NothingToRate: no finished repair with that number, or none at all.
    """
    _check(stars)
    if number is not None:
        ticket = await tickets.by_number(session, scope, number.upper())
    else:
        finished = await tickets.with_history(session, scope, states=RATEABLE, limit=1)
        ticket = finished[0] if finished else None
    if ticket is None or ticket.state not in RATEABLE:
        raise NothingToRate
    return await _keep(session, "ticket_id", ticket.id, scope.identity_id, stars, comment, clock), ticket


def _check(stars: int) -> None:
    if not 1 <= stars <= 5:
        raise RatingInvalid


async def _keep(
    session: AsyncSession, subject: str, subject_id: int, identity_id: int, stars: int, comment: str, clock: Clock
) -> Rating:
    values = {"identity_id": identity_id, "stars": stars, "comment": comment, "created_at": clock.now()}
    statement = (
        insert_for(session, Rating)
        .values(values | {subject: subject_id})
        .on_conflict_do_update(index_elements=[subject], set_=values)
        .returning(Rating)
    )
    rating: Rating = (await session.scalars(statement, execution_options={"populate_existing": True})).one()
    return rating
