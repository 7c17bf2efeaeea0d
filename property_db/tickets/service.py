"""Repairs: reporting, watching, urging, changing, cancelling and moving them on."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from property_db.catalogue import load
from property_db.clock import SYSTEM_CLOCK, Clock
from property_db.estates import service as estates
from property_db.estates.models import Estate
from property_db.numbers import REPAIR, next_number
from property_db.people.errors import HomeNotYours
from property_db.people.scope import AccessScope, scope_of
from property_db.pushes import service as pushes
from property_db.tickets import repository
from property_db.tickets.errors import (
    AppointmentInvalid,
    NoOpenTicket,
    NothingToChange,
    TicketMoveRefused,
    TicketNotFound,
    TicketTooLate,
    UrgedTooOften,
)
from property_db.tickets.lifecycle import OPEN, RESIDENT_CHANGES, WAYS, may_move
from property_db.tickets.models import Ticket, TicketEvent, TicketKind, TicketState
from property_db.tickets.schemas import EventView, RepairDraft, TicketChanges, TicketView
from property_db.tickets.views import state_text, view

RECENT = timedelta(days=30)
"""How far back a finished repair still answers "what about my repair"."""
DUPLICATE_WITHIN = timedelta(days=7)
RESIDENT = "resident"


async def report(session: AsyncSession, draft: RepairDraft, clock: Clock) -> Ticket:
    """File a repair; the same `source_message_id` gives the ticket that is already there.

    Raises:
        HomeNotYours: the home is not one this identity may speak for.
        AppointmentInvalid: it ends before it starts, or is over.
    """
    if draft.source_message_id is not None:
        filed = await repository.of_message(session, draft.source_message_id)
        if filed is not None:
            return filed
    _check_appointment(draft.appointment_start, draft.appointment_end, clock)
    scope = await scope_of(session, draft.identity_id, clock)
    return await file(session, draft, await _estate_id(session, draft, scope), TicketKind.REPAIR, clock)


async def file(
    session: AsyncSession, draft: RepairDraft, estate_id: int | None, kind: TicketKind, clock: Clock
) -> Ticket:
    """Write a checked draft with its number and first event. Residents' reports come through `report`."""
    now = clock.now()
    ticket = Ticket(
        **draft.model_dump(exclude={"upload_ids", "estate_id"}),
        number=await next_number(session, REPAIR, clock),
        kind=kind,
        estate_id=estate_id,
        created_at=now,
    )
    session.add(ticket)
    await session.flush()
    await _log(session, ticket, clock, "reported", RESIDENT, to_state=TicketState.NEW)
    await repository.attach_uploads(session, draft.upload_ids, draft.identity_id, ticket.id)
    return ticket


async def duplicate_of(
    session: AsyncSession, scope: AccessScope, home_id: int | None, facility: str, clock: Clock
) -> Ticket | None:
    """Return an open repair of the same facility filed within a week, so the resident can be asked which is meant."""
    return await repository.open_like(session, scope, home_id, facility, clock.now() - DUPLICATE_WITHIN)


async def progress(
    session: AsyncSession, scope: AccessScope, number: str | None = None, clock: Clock = SYSTEM_CLOCK
) -> list[TicketView]:
    """Return the ticket with that number, or all open ones, or failing these the last of 30 days; newest first.

    Raises:
        TicketNotFound: `number` is none this scope sees.
    """
    if number is not None:
        rows = await repository.with_history(session, scope, number=number.upper(), limit=1)
        if not rows:
            raise TicketNotFound(number=number)
        return [view(rows[0])]
    rows = await repository.with_history(session, scope, states=OPEN)
    if not rows:
        rows = await repository.with_history(session, scope, since=clock.now() - RECENT, limit=1)
    return [view(ticket) for ticket in rows]


async def recent(session: AsyncSession, scope: AccessScope, limit: int = 10) -> list[TicketView]:
    """Return the newest tickets in any state, for the desk's panel."""
    return [view(ticket) for ticket in await repository.with_history(session, scope, limit=limit)]


async def urge(session: AsyncSession, scope: AccessScope, clock: Clock, number: str | None = None) -> Ticket:
    """Raise the open ticket with that number, or the newest open one.

    Raises:
        NoOpenTicket: nothing is open, so there is nothing to hurry.
        TicketNotFound: `number` is none this scope sees.
        UrgedTooOften: the estate's limit is reached; a person takes over.
    """
    ticket = await _open_one(session, scope, number)
    settings = await estates.settings_for(session, ticket.estate_id)
    if ticket.urged_count >= settings.max_urges:
        raise UrgedTooOften(number=ticket.number, count=ticket.urged_count)
    ticket.urged_count += 1
    await _log(session, ticket, clock, "urged", RESIDENT)
    return ticket


async def change(
    session: AsyncSession, scope: AccessScope, number: str | None, changes: TicketChanges, clock: Clock
) -> Ticket:
    """Change time, phone or details of an open ticket (None: the newest open one).

    Raises:
        NoOpenTicket, TicketNotFound: as for `urge`.
        TicketTooLate: somebody is on the way or at work.
        AppointmentInvalid: it ends before it starts, or is over.
        NothingToChange: the changes are empty.
    """
    ticket = await _changeable(session, scope, number)
    _check_appointment(changes.appointment_start, changes.appointment_end, clock)
    changed: list[str] = []
    if changes.appointment_start is not None:
        ticket.appointment_start, ticket.appointment_end = changes.appointment_start, changes.appointment_end
        changed.append("appointment")
    if changes.contact_phone:
        ticket.contact_phone = changes.contact_phone
        changed.append("phone")
    if changes.details:
        ticket.symptom = f"{ticket.symptom}\n{changes.details}".strip()
    if changes.details or changes.upload_ids:
        await repository.attach_uploads(session, changes.upload_ids, scope.identity_id, ticket.id)
        changed.append("details")
    if not changed:
        raise NothingToChange
    words = load("tickets/texts.yml")["changes"]
    await _log(session, ticket, clock, "changed", RESIDENT, note="、".join(words[what] for what in changed))
    return ticket


async def cancel(session: AsyncSession, scope: AccessScope, number: str | None, clock: Clock) -> Ticket:
    """Withdraw an open ticket (None: the newest open one).

    Raises:
        NoOpenTicket, TicketNotFound: as for `urge`.
        TicketTooLate: somebody is on the way or at work; a person must be told.
    """
    ticket = await _changeable(session, scope, number)
    await _move(session, ticket, TicketState.CANCELLED, RESIDENT, clock)
    return ticket


async def confirm(session: AsyncSession, scope: AccessScope, number: str, clock: Clock) -> Ticket:
    """Note that the resident is content with a finished repair.

    Raises:
        TicketNotFound: none this scope sees.
        TicketMoveRefused: the repair is not finished.
    """
    return await _move(session, await _seen(session, scope, number), TicketState.CONFIRMED, RESIDENT, clock)


async def reopen(session: AsyncSession, scope: AccessScope, number: str, note: str, clock: Clock) -> Ticket:
    """Take a finished repair up again because the fault is back.

    Raises:
        TicketNotFound: none this scope sees.
        TicketMoveRefused: the repair is not finished, or already closed.
    """
    return await _move(session, await _seen(session, scope, number), TicketState.REOPENED, RESIDENT, clock, note=note)


async def advance(
    session: AsyncSession,
    ticket_id: int,
    to_state: TicketState,
    actor: str,
    clock: Clock,
    *,
    note: str = "",
    technician_name: str | None = None,
    technician_phone: str | None = None,
) -> Ticket:
    """Move a ticket on for the company; a technician given here is the ticket's from now on.

    Raises:
        TicketNotFound: there is no such ticket.
        TicketMoveRefused: the state machine has no such way.
    """
    ticket = await repository.locked(session, ticket_id)
    if ticket is None:
        raise TicketNotFound(number=ticket_id)
    if technician_name is not None:
        ticket.technician_name, ticket.technician_phone = technician_name, technician_phone
    return await _move(session, ticket, to_state, actor, clock, note=note)


async def repeat(session: AsyncSession, ticket: Ticket, clock: Clock, note: str = "") -> None:
    """Note that the same thing was reported again."""
    await _log(session, ticket, clock, "repeated", RESIDENT, note=note)


async def _move(
    session: AsyncSession, ticket: Ticket, to_state: TicketState, actor: str, clock: Clock, note: str = ""
) -> Ticket:
    if not may_move(ticket.state, to_state):
        raise TicketMoveRefused(number=ticket.number, from_state=ticket.state.value, to_state=to_state.value)
    from_state, ticket.state = ticket.state, to_state
    if ticket.identity_id is None and to_state not in OPEN:
        ticket.contact_name = ticket.contact_phone = ""  # its resident was forgotten, and nobody has to call any more
    event = await _log(session, ticket, clock, "state", actor, from_state=from_state, to_state=to_state, note=note)
    if actor != RESIDENT:  # what residents did themselves is no news to them
        await pushes.ticket_moved(session, ticket, event, clock)
    return ticket


async def _log(
    session: AsyncSession,
    ticket: Ticket,
    clock: Clock,
    kind: str,
    actor: str,
    *,
    from_state: TicketState | None = None,
    to_state: TicketState | None = None,
    note: str = "",
) -> TicketEvent:
    now = clock.now()
    states = {"from_state": from_state, "to_state": to_state}
    event = TicketEvent(ticket_id=ticket.id, at=now, created_at=now, kind=kind, actor=actor, note=note, **states)
    await repository.add_event(session, event)
    return event


async def _seen(session: AsyncSession, scope: AccessScope, number: str) -> Ticket:
    ticket = await repository.by_number(session, scope, number.upper(), lock=True)
    if ticket is None:
        raise TicketNotFound(number=number)
    return ticket


async def _open_one(session: AsyncSession, scope: AccessScope, number: str | None) -> Ticket:
    if number is None:
        ticket = await repository.newest_open(session, scope, lock=True)
    else:
        ticket = await _seen(session, scope, number)
    if ticket is None or ticket.state not in OPEN:
        raise NoOpenTicket
    return ticket


async def _changeable(session: AsyncSession, scope: AccessScope, number: str | None) -> Ticket:
    ticket = await _open_one(session, scope, number)
    if ticket.state not in RESIDENT_CHANGES:
        raise TicketTooLate(number=ticket.number, state_text=state_text(ticket.state))
    return ticket


async def _estate_id(session: AsyncSession, draft: RepairDraft, scope: AccessScope) -> int | None:
    if draft.home_id is not None:
        home = next((home for home in scope.homes if home.id == draft.home_id), None)
        if home is None:
            raise HomeNotYours
        return home.estate_id
    if draft.estate_id is not None and await session.get(Estate, draft.estate_id) is not None:
        return draft.estate_id
    estate = await estates.estate_for(session, scope)
    return None if estate is None else estate.id


def _check_appointment(start: datetime | None, end: datetime | None, clock: Clock) -> None:
    if start is None:
        if end is not None:
            raise AppointmentInvalid
        return
    if (end is not None and end < start) or (end or start) < clock.now():
        raise AppointmentInvalid


__all__ = [
    "OPEN", "WAYS", "AppointmentInvalid", "EventView", "HomeNotYours", "NoOpenTicket", "NothingToChange",
    "RepairDraft", "TicketChanges", "TicketMoveRefused", "TicketNotFound", "TicketTooLate", "TicketView",
    "UrgedTooOften", "advance", "cancel", "change", "confirm", "duplicate_of", "file", "progress", "recent", "reopen",
    "repeat", "report", "urge",
]  # fmt: skip
