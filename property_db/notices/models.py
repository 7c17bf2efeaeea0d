"""What the property company posts."""

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from property_db.base import Base, Line, Name, UtcDateTime
from property_db.estates.models import Building, Estate, Unit


class NoticeKind(enum.StrEnum):
    """What a notice is about."""

    OUTAGE = "outage"
    ANNOUNCEMENT = "announcement"
    EVENT = "event"


class NoticeState(enum.StrEnum):
    """Whether residents may see it."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class Notice(Base):
    """A notice for an estate, one of its buildings, or one unit of that. `utility` is 水 电 燃气 暖气 网络 电梯."""

    __tablename__ = "notice"
    __table_args__ = (
        Index(None, "estate_id", "state", "kind"),
        CheckConstraint("ends_at IS NULL OR starts_at IS NULL OR ends_at >= starts_at", name="ends_after_start"),
    )

    estate_id: Mapped[int] = mapped_column(ForeignKey("estate.id", ondelete="CASCADE"))
    building_id: Mapped[int | None] = mapped_column(ForeignKey("building.id", ondelete="CASCADE"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id", ondelete="CASCADE"))
    kind: Mapped[NoticeKind]
    utility: Mapped[Name | None]
    title: Mapped[Line]
    body: Mapped[str] = mapped_column(Text)
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    state: Mapped[NoticeState] = mapped_column(default=NoticeState.DRAFT)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime())

    estate: Mapped[Estate] = relationship(lazy="raise")
    building: Mapped[Building | None] = relationship(lazy="raise")
    unit: Mapped[Unit | None] = relationship(lazy="raise")
