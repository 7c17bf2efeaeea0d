"""What the property database knows, as the cards of a logical answer."""

from actions.turn import Turn
from actions.wording import span_text
from property_db.clock import SHANGHAI
from property_db.conversations.blocks import NoticeCard, TicketCard, TicketCardEvent
from property_db.notices.schemas import NoticeView
from property_db.people.masking import mask_name
from property_db.tickets.schemas import TicketView


def notice_card(notice: NoticeView) -> NoticeCard:
    """Return a notice as a card; its moments are Shanghai's."""
    return NoticeCard(
        title=notice.title,
        body=notice.body,
        starts_at=notice.starts_at.astimezone(SHANGHAI).isoformat() if notice.starts_at else None,
        ends_at=notice.ends_at.astimezone(SHANGHAI).isoformat() if notice.ends_at else None,
        notice_kind=notice.kind.value,
    )


def ticket_card(turn: Turn, view: TicketView) -> TicketCard:
    """Return a ticket as a card; names masked, moments in Shanghai's time."""
    technician = None
    if view.technician_name:
        technician = " ".join(part for part in (mask_name(view.technician_name), view.technician_phone) if part)
    appointment = None
    if view.appointment_start is not None:
        appointment = span_text(view.appointment_start, view.appointment_end, turn.today)
    return TicketCard(
        number=view.number,
        title=view.title,
        state=view.state.value,
        state_text=view.state_text,
        home=view.home_label or view.place,
        appointment=appointment,
        technician=technician,
        events=[
            TicketCardEvent(at=event.at.astimezone(SHANGHAI).isoformat(), text=event.text) for event in view.events
        ],
    )
