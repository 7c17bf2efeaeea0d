"""Pictures residents send; the bytes lie in the data folder, never in the database."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from property_db.base import Base, Line, utc_now


def new_upload_id() -> str:
    """Return an id nobody can guess."""
    return uuid.uuid4().hex


class Upload(Base):
    """One picture: `size` in bytes, `width` and `height` in pixels."""

    __tablename__ = "upload"

    id: Mapped[str] = mapped_column(  # type: ignore[assignment]  # an id that leaves the server must not be countable
        String(32), primary_key=True, default=new_upload_id, sort_order=-2
    )
    created_at: Mapped[datetime] = mapped_column(default=utc_now, sort_order=-1)
    # Nobody's once its sender was forgotten and a ticket still needs it.
    identity_id: Mapped[int | None] = mapped_column(ForeignKey("channel_identity.id", ondelete="CASCADE"), index=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id", ondelete="SET NULL"), index=True)
    media_type: Mapped[str] = mapped_column(String(60))
    size: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    file_name: Mapped[Line]
