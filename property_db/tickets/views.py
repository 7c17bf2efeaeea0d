"""Tickets as residents see them."""

from typing import Any

from property_db.catalogue import load
from property_db.people.masking import mask_phone
from property_db.tickets.lifecycle import OPEN
from property_db.tickets.models import Ticket, TicketEvent, TicketState
from property_db.tickets.schemas import EventView, TicketView


def state_text(state: TicketState) -> str:
    """Return the resident's word for a state."""
    text: str = _texts()["states"][state.value]
    return text


def event_text(event: TicketEvent, technician: str | None) -> str:
    """Return the resident's words for an event."""
    texts = _texts()
    if event.kind == "state" and event.to_state is not None:
        move: str = texts["moves"].get(event.to_state.value, texts["states"][event.to_state.value])
        return move.format(technician=technician or texts["technician"])
    text: str = texts["events"].get(event.kind, texts["events"]["note"])
    return text


def view(ticket: Ticket) -> TicketView:
    """Return a ticket whose home and events are loaded, as a resident sees it."""
    return TicketView(
        ticket_id=ticket.id,
        number=ticket.number,
        kind=ticket.kind,
        title=" ".join(part for part in (ticket.facility, ticket.symptom.partition("\n")[0][:40]) if part),
        facility=ticket.facility,
        area=ticket.area,
        place=ticket.place,
        symptom=ticket.symptom,
        urgency=ticket.urgency,
        state=ticket.state,
        state_text=state_text(ticket.state),
        is_open=ticket.state in OPEN,
        home_label=ticket.home.label if ticket.home is not None else "",
        appointment_start=ticket.appointment_start,
        appointment_end=ticket.appointment_end,
        contact_phone_masked=mask_phone(ticket.contact_phone) if ticket.contact_phone else "",
        technician_name=ticket.technician_name,
        technician_phone=ticket.technician_phone,
        urged_count=ticket.urged_count,
        created_at=ticket.created_at,
        events=[
            EventView(at=event.at, text=event_text(event, ticket.technician_name), note=event.note)
            for event in ticket.events
        ],
    )


def _texts() -> dict[str, Any]:
    texts: dict[str, Any] = load("tickets/texts.yml")
    return texts
