"""People, the homes they belong to, and the channels they speak through."""

import enum
from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from property_db.base import NEVER_AGAIN, Base, Line, Name, Phone, UtcDateTime


class Role(enum.StrEnum):
    """What a person is to a home."""

    OWNER = "owner"
    FAMILY = "family"
    TENANT = "tenant"
    OTHER = "other"


class BindingState(enum.StrEnum):
    """Whether the company has confirmed that the person belongs to the home."""

    PENDING = "pending"
    ACTIVE = "active"
    REJECTED = "rejected"
    ENDED = "ended"


class Person(Base):
    """A person the company knows. `phone` is an 11-digit mobile number."""

    __tablename__ = "person"

    name: Mapped[Name]
    phone: Mapped[Phone] = mapped_column(unique=True)


class Binding(Base):
    """A person belongs to a home from `starts_on` to `ends_on`, both days included."""

    __tablename__ = "binding"
    __table_args__ = (UniqueConstraint("person_id", "home_id"), Index(None, "home_id"))

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    home_id: Mapped[int] = mapped_column(ForeignKey("home.id", ondelete="CASCADE"))
    role: Mapped[Role]
    state: Mapped[BindingState] = mapped_column(default=BindingState.ACTIVE)
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]


class ChannelIdentity(Base):
    """Somebody as one channel knows them; a person only once a telephone number was proven."""

    __tablename__ = "channel_identity"
    __table_args__ = (UniqueConstraint("channel", "external_id"), Index(None, "person_id"), NEVER_AGAIN)

    channel: Mapped[Name]
    external_id: Mapped[Line]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime())


class ChannelOrigin(Base):
    """Where an identity came in: the account of an estate, the QR code of a building.

    It tells what is likely meant, never what may be seen.
    """

    __tablename__ = "channel_origin"

    identity_id: Mapped[int] = mapped_column(ForeignKey("channel_identity.id", ondelete="CASCADE"), unique=True)
    estate_id: Mapped[int | None] = mapped_column(ForeignKey("estate.id", ondelete="SET NULL"))
    building_id: Mapped[int | None] = mapped_column(ForeignKey("building.id", ondelete="SET NULL"))


class OneTimeCode(Base):
    """A code that was asked for. Unknown numbers get a row too, so that limits and answers do not tell them apart."""

    __tablename__ = "one_time_code"
    __table_args__ = (Index(None, "identity_id", "phone"), Index(None, "phone", "created_at"))

    phone: Mapped[Phone]
    code_hash: Mapped[Line]
    identity_id: Mapped[int] = mapped_column(ForeignKey("channel_identity.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime())
    attempts: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
