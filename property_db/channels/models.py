"""What a channel must remember: what it may still send, what it sent and saw, and its keys to the far side."""

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from property_db.base import Base, Json, Line, Name, UtcDateTime


class PartState(enum.StrEnum):
    """Where one rendered message stands.

    `on_the_wire`: the bytes have left or are just leaving; after a crash it counts as arrived, as it nearly always has.
    `waiting`: refused because the resident has to write first.
    """

    PENDING = "pending"
    ON_THE_WIRE = "on_the_wire"
    SENT = "sent"
    WAITING = "waiting"
    FAILED = "failed"


class ContactWindow(Base):
    """After something the resident did, `allowed` messages may go out until `closes_at`; what was sent is counted."""

    __tablename__ = "contact_window"
    __table_args__ = (UniqueConstraint("identity_id", "contact"),)

    identity_id: Mapped[int] = mapped_column(ForeignKey("channel_identity.id", ondelete="CASCADE"))
    contact: Mapped[Name]
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime())
    closes_at: Mapped[datetime] = mapped_column(UtcDateTime())
    allowed: Mapped[int]


class OutboundPart(Base):
    """One message as a channel sends it: rendered once, sent once.

    `payload` is the channel's own form of it, emptied when sent. `completes` holds the ids of the messages that are
    delivered with this part; `reply_to_id` is the resident's message whose request may carry it back. `counts` tells
    whether it used up one of a contact window's messages.
    """

    __tablename__ = "outbound_part"
    __table_args__ = (
        Index(None, "conversation_id", "state"),
        Index(None, "identity_id", "wired_at"),
        Index("ix_outbound_part_work", "state", "next_attempt_at"),
        Index(
            "ix_outbound_part_claimed",
            "claimed_by",
            sqlite_where=text("claimed_by IS NOT NULL"),
            postgresql_where=text("claimed_by IS NOT NULL"),
        ),
        Index(None, "reply_to_id"),
    )

    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    identity_id: Mapped[int] = mapped_column(ForeignKey("channel_identity.id", ondelete="CASCADE"))
    reply_to_id: Mapped[int | None] = mapped_column(ForeignKey("message.id", ondelete="SET NULL"))
    payload: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    completes: Mapped[list[int]] = mapped_column(Json, default=list)
    state: Mapped[PartState] = mapped_column(default=PartState.PENDING)
    counts: Mapped[bool] = mapped_column(default=True)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    claimed_by: Mapped[Name | None]
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    wired_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    reason: Mapped[Name | None]


class ChannelEvent(Base):
    """An event of a channel that was taken in; `key` is a hash of what makes it that event."""

    __tablename__ = "channel_event"
    __table_args__ = (UniqueConstraint("account", "key"), Index(None, "created_at"))

    account: Mapped[Line]
    key: Mapped[str] = mapped_column(String(64))


class AccessToken(Base):
    """The far side's key for an account, shared by all processes; `lease_*` says who fetches a new one just now."""

    __tablename__ = "access_token"

    account: Mapped[Line] = mapped_column(unique=True)
    token: Mapped[str] = mapped_column(Text, default="")
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    lease_owner: Mapped[Name | None]
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime())


class SingleUse(Base):
    """Something that may be used once, such as the state of a sign-in; only its hash is kept."""

    __tablename__ = "single_use"
    __table_args__ = (Index(None, "expires_at"),)

    key: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime())
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime())


class PullCursor(Base):
    """How far an account's messages were pulled; `lease_*` says who pulls just now."""

    __tablename__ = "pull_cursor"

    account: Mapped[Line] = mapped_column(unique=True)
    cursor: Mapped[str] = mapped_column(Text, default="")
    lease_owner: Mapped[Name | None]
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime())
