"""Queries over tickets. All of a resident's take the scope."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from property_db.people.scope import AccessScope
from property_db.tickets.lifecycle import OPEN
from property_db.tickets.models import Ticket, TicketEvent, TicketKind, TicketState
from property_db.uploads.models import Upload


def _seen_by(scope: AccessScope) -> Select[Ticket]:
    return select(Ticket).where(scope.sees(Ticket.identity_id.expression, Ticket.home_id.expression))


async def of_message(session: AsyncSession, message_id: int) -> Ticket | None:
    """Return the ticket a message has led to."""
    return await session.scalar(select(Ticket).where(Ticket.source_message_id == message_id))


async def by_number(session: AsyncSession, scope: AccessScope, number: str, *, lock: bool = False) -> Ticket | None:
    """Return the ticket with this number, if the scope sees it; `lock` keeps other writers waiting."""
    statement = _seen_by(scope).where(Ticket.number == number)
    return await session.scalar(
        statement.with_for_update() if lock else statement, execution_options={"populate_existing": lock}
    )


async def newest_open(session: AsyncSession, scope: AccessScope, *, lock: bool = False) -> Ticket | None:
    """Return the newest open ticket the scope sees."""
    statement = _seen_by(scope).where(Ticket.state.in_(OPEN)).order_by(Ticket.id.desc()).limit(1)
    return await session.scalar(
        statement.with_for_update() if lock else statement, execution_options={"populate_existing": lock}
    )


async def locked(session: AsyncSession, ticket_id: int) -> Ticket | None:
    """Return a ticket as it is now, kept from other writers until the transaction ends."""
    return await session.scalar(
        select(Ticket).where(Ticket.id == ticket_id).with_for_update(), execution_options={"populate_existing": True}
    )


async def with_history(
    session: AsyncSession,
    scope: AccessScope,
    *,
    number: str | None = None,
    states: Collection[TicketState] | None = None,
    since: datetime | None = None,
    limit: int = 10,
) -> list[Ticket]:
    """Return tickets with events and home, newest first."""
    statement = _seen_by(scope).options(selectinload(Ticket.events), joinedload(Ticket.home))
    if number is not None:
        statement = statement.where(Ticket.number == number)
    if states is not None:
        statement = statement.where(Ticket.state.in_(states))
    if since is not None:
        statement = statement.where(Ticket.created_at >= since)
    rows = await session.scalars(
        statement.order_by(Ticket.id.desc()).limit(limit), execution_options={"populate_existing": True}
    )
    return list(rows)


async def open_like(
    session: AsyncSession, scope: AccessScope, home_id: int | None, facility: str, since: datetime
) -> Ticket | None:
    """Return an open repair of the same facility: of that home, or, without a home, filed by that identity."""
    statement = _seen_by(scope).where(
        Ticket.kind == TicketKind.REPAIR,
        Ticket.facility == facility,
        Ticket.state.in_(OPEN),
        Ticket.created_at >= since,
    )
    if home_id is not None:
        statement = statement.where(or_(Ticket.home_id == home_id, Ticket.home_id.is_(None)))
    return await session.scalar(statement.order_by(Ticket.id.desc()).limit(1))


async def attach_uploads(session: AsyncSession, upload_ids: Collection[str], identity_id: int, ticket_id: int) -> None:
    """Attach pictures to a ticket; only those this identity sent."""
    if upload_ids:
        await session.execute(
            update(Upload)
            .where(Upload.id.in_(upload_ids), Upload.identity_id == identity_id)
            .values(ticket_id=ticket_id),
            execution_options={"synchronize_session": False},
        )


async def add_event(session: AsyncSession, event: TicketEvent) -> None:
    """Write an event in the order it happened."""
    session.add(event)
    await session.flush()
