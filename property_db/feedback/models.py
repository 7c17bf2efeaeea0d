"""Stars for a conversation or a repair."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from property_db.base import Base


class Rating(Base):
    """One to five stars; one rating per conversation and one per ticket, the last one given counts."""

    __tablename__ = "rating"
    __table_args__ = (CheckConstraint("stars BETWEEN 1 AND 5", name="one_to_five_stars"), Index(None, "identity_id"))

    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), unique=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), unique=True)
    identity_id: Mapped[int | None] = mapped_column(ForeignKey("channel_identity.id", ondelete="SET NULL"))
    stars: Mapped[int]
    comment: Mapped[str] = mapped_column(Text, default="")
