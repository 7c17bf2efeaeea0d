"""Who did what to whose data."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from property_db.base import Base, Line, Name, UtcDateTime


class AuditEntry(Base):
    """One act worth keeping. `detail` carries ids and states, never a text, name or telephone number of a resident."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index(None, "subject"),)

    at: Mapped[datetime] = mapped_column(UtcDateTime())
    actor: Mapped[Name]
    action: Mapped[Name]
    subject: Mapped[Line]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
