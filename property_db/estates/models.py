"""Estate > building > unit > home."""

import enum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from property_db.base import Base, Line, Name


class HomeState(enum.StrEnum):
    """Whether somebody lives there; an undelivered home's fees are the developer's."""

    OCCUPIED = "occupied"
    VACANT = "vacant"
    UNDELIVERED = "undelivered"
    RENOVATING = "renovating"


class Estate(Base):
    """A residential estate (小区). `settings` holds what differs by city and contract, see `estates.settings`."""

    __tablename__ = "estate"

    code: Mapped[Name] = mapped_column(unique=True)
    name: Mapped[Name] = mapped_column(unique=True)
    address: Mapped[Line] = mapped_column(default="")
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Building(Base):
    """A building: `name` as residents normalise it (`3`, `B`), `display` as the estate writes it (`3栋`)."""

    __tablename__ = "building"
    __table_args__ = (UniqueConstraint("estate_id", "name"),)

    estate_id: Mapped[int] = mapped_column(ForeignKey("estate.id", ondelete="CASCADE"))
    name: Mapped[Name]
    display: Mapped[Name]


class Unit(Base):
    """A staircase or entrance (单元) of a building."""

    __tablename__ = "unit"
    __table_args__ = (UniqueConstraint("building_id", "name"),)

    building_id: Mapped[int] = mapped_column(ForeignKey("building.id", ondelete="CASCADE"))
    name: Mapped[Name]


class Home(Base):
    """One home. `area_hundredths` is the floor area in 1/100 m²; `label` is `翠湖花园3栋2单元501`."""

    __tablename__ = "home"
    __table_args__ = (
        UniqueConstraint("unit_id", "room"),
        Index(None, "building_id"),
        Index(None, "estate_id"),
        CheckConstraint("area_hundredths >= 0", name="area_not_negative"),
    )

    estate_id: Mapped[int] = mapped_column(ForeignKey("estate.id", ondelete="CASCADE"))
    building_id: Mapped[int] = mapped_column(ForeignKey("building.id", ondelete="CASCADE"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id", ondelete="CASCADE"))
    room: Mapped[Name]
    label: Mapped[Line]
    area_hundredths: Mapped[int]
    state: Mapped[HomeState] = mapped_column(default=HomeState.OCCUPIED)

    estate: Mapped[Estate] = relationship(lazy="raise")
    building: Mapped[Building] = relationship(lazy="raise")
    unit: Mapped[Unit] = relationship(lazy="raise")
