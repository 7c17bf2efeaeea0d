"""News for a resident that is no answer: a step of a repair, a bill, a notice, an agent who wants an answer."""

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from property_db.base import Base, Json, Line, Name, UtcDateTime


class PushKind(enum.StrEnum):
    """What the news is; a channel has one template for each."""

    TICKET_PROGRESS = "ticket_progress"
    BILL = "bill"
    NOTICE = "notice"
    AGENT_REPLY = "agent_reply"


class PushState(enum.StrEnum):
    """Where it stands; `skipped`: the channel has no template for it, or the resident wants none."""

    PENDING = "pending"
    SENT = "sent"
    SKIPPED = "skipped"
    FAILED = "failed"


class Push(Base):
    """One piece of news for one identity; `reference` makes it happen once, for example `ticket-event:17`.

    `values` are the fields of the template by our own names, such as `number`, `state`, `amount`.
    """

    __tablename__ = "push"
    __table_args__ = (
        UniqueConstraint("identity_id", "kind", "reference"),
        Index("ix_push_work", "state", "next_attempt_at"),
    )

    identity_id: Mapped[int] = mapped_column(ForeignKey("channel_identity.id", ondelete="CASCADE"))
    kind: Mapped[PushKind]
    reference: Mapped[Line]
    values: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    state: Mapped[PushState] = mapped_column(default=PushState.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    claimed_by: Mapped[Name | None]
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    reason: Mapped[Name | None]


class Subscription(Base):
    """How many one-time messages of a template a resident has agreed to and not got yet."""

    __tablename__ = "subscription"
    __table_args__ = (UniqueConstraint("identity_id", "template_id"),)

    identity_id: Mapped[int] = mapped_column(ForeignKey("channel_identity.id", ondelete="CASCADE"))
    template_id: Mapped[str] = mapped_column(String(80))
    remaining: Mapped[int] = mapped_column(default=0)
