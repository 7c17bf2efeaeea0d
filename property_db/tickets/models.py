"""Repairs: a ticket and everything that happened to it."""

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from property_db.base import Base, Line, Name, Phone, UtcDateTime
from property_db.estates.models import Home


class TicketKind(enum.StrEnum):
    """An ordinary repair, a danger (P0), or a message left on the telephone that somebody has to listen to."""

    REPAIR = "repair"
    EMERGENCY = "emergency"
    VOICEMAIL = "voicemail"


class Urgency(enum.StrEnum):
    """How soon somebody must come."""

    NORMAL = "normal"
    URGENT = "urgent"
    EMERGENCY = "emergency"


class TicketState(enum.StrEnum):
    """Where a repair stands; the ways between are in `tickets.lifecycle`."""

    NEW = "new"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    ON_THE_WAY = "on_the_way"
    IN_PROGRESS = "in_progress"
    PAUSED = "paused"
    DONE = "done"
    CONFIRMED = "confirmed"
    REOPENED = "reopened"
    CLOSED = "closed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class Ticket(Base):
    """One repair. `area` is `户内` or `公共区域`; `source_message_id` makes reporting idempotent by message."""

    __tablename__ = "ticket"
    __table_args__ = (
        Index(None, "home_id", "state"),
        Index(None, "identity_id", "state"),
        Index(None, "conversation_id"),
    )

    number: Mapped[str] = mapped_column(String(20), unique=True)
    kind: Mapped[TicketKind] = mapped_column(default=TicketKind.REPAIR)
    # A danger reported by somebody unknown has no estate yet and must be kept all the same.
    estate_id: Mapped[int | None] = mapped_column(ForeignKey("estate.id", ondelete="SET NULL"))
    home_id: Mapped[int | None] = mapped_column(ForeignKey("home.id", ondelete="SET NULL"))
    identity_id: Mapped[int | None] = mapped_column(ForeignKey("channel_identity.id", ondelete="SET NULL"))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id", ondelete="SET NULL"))
    facility: Mapped[Name]
    area: Mapped[Name] = mapped_column(default="户内")
    place: Mapped[Line] = mapped_column(default="")
    symptom: Mapped[str] = mapped_column(Text, default="")
    urgency: Mapped[Urgency] = mapped_column(default=Urgency.NORMAL)
    appointment_start: Mapped[datetime | None] = mapped_column(UtcDateTime())
    appointment_end: Mapped[datetime | None] = mapped_column(UtcDateTime())
    contact_name: Mapped[Name] = mapped_column(default="")
    contact_phone: Mapped[Phone] = mapped_column(default="")
    state: Mapped[TicketState] = mapped_column(default=TicketState.NEW)
    urged_count: Mapped[int] = mapped_column(default=0)
    technician_name: Mapped[Name | None]
    technician_phone: Mapped[Phone | None]
    source_message_id: Mapped[int | None] = mapped_column(unique=True)

    home: Mapped[Home | None] = relationship(lazy="raise")
    events: Mapped[list["TicketEvent"]] = relationship(lazy="raise", order_by="TicketEvent.id")


class TicketEvent(Base):
    """One thing that happened to a ticket; `kind` is reported, state, urged, changed, repeated or note."""

    __tablename__ = "ticket_event"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime())
    kind: Mapped[str] = mapped_column(String(20))
    from_state: Mapped[TicketState | None]
    to_state: Mapped[TicketState | None]
    actor: Mapped[Name]
    note: Mapped[str] = mapped_column(Text, default="")
