"""Complaints with a number and an owner, and suggestions and praise without."""

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from property_db.base import Base, UtcDateTime


class ComplaintCategory(enum.StrEnum):
    """Whom or what the complaint is about."""

    SERVICE = "service"
    NEIGHBOR = "neighbor"
    FEE = "fee"


class ComplaintState(enum.StrEnum):
    """Where a complaint stands."""

    ACCEPTED = "accepted"
    INVESTIGATING = "investigating"
    ANSWERED = "answered"
    CLOSED = "closed"
    REOPENED = "reopened"


class Complaint(Base):
    """A complaint; `source_message_id` makes filing idempotent by message."""

    __tablename__ = "complaint"
    __table_args__ = (Index(None, "identity_id"), Index(None, "home_id"), Index(None, "conversation_id"))

    number: Mapped[str] = mapped_column(String(20), unique=True)
    category: Mapped[ComplaintCategory]
    text: Mapped[str] = mapped_column(Text)
    identity_id: Mapped[int | None] = mapped_column(ForeignKey("channel_identity.id", ondelete="SET NULL"))
    home_id: Mapped[int | None] = mapped_column(ForeignKey("home.id", ondelete="SET NULL"))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id", ondelete="SET NULL"))
    state: Mapped[ComplaintState] = mapped_column(default=ComplaintState.ACCEPTED)
    answer: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    source_message_id: Mapped[int | None] = mapped_column(unique=True)


class Feedback(Base):
    """A suggestion or praise."""

    __tablename__ = "feedback"
    __table_args__ = (Index(None, "identity_id"),)

    text: Mapped[str] = mapped_column(Text)
    identity_id: Mapped[int | None] = mapped_column(ForeignKey("channel_identity.id", ondelete="SET NULL"))
    source_message_id: Mapped[int | None] = mapped_column(unique=True)
