"""Conversations and their messages: the inbox and the outbox of every channel."""

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from property_db.base import NEVER_AGAIN, Base, Json, Name, NullableJson, UtcDateTime


class ConversationState(enum.StrEnum):
    """Who answers."""

    BOT = "bot"
    WAITING = "waiting"
    HUMAN = "human"
    RATING = "rating"
    CLOSED = "closed"


class Direction(enum.StrEnum):
    """`in` from the resident, `out` from us."""

    IN = "in"
    OUT = "out"


class Author(enum.StrEnum):
    """Who wrote a message."""

    RESIDENT = "resident"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


class MessageState(enum.StrEnum):
    """Inbound: received → processing → answered | failed, or held while a person owns the conversation.

    Outbound: pending → (sending →) delivered | failed; waiting until the resident writes where the channel wants that.
    """

    RECEIVED = "received"
    PROCESSING = "processing"
    ANSWERED = "answered"
    HELD = "held"
    PENDING = "pending"
    SENDING = "sending"
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


def new_public_id() -> str:
    """Return the id a conversation shows outside; also the engine's sender id."""
    return uuid.uuid4().hex


class Conversation(Base):
    """One conversation with one identity; an identity has at most one that is not closed."""

    __tablename__ = "conversation"
    __table_args__ = (
        Index(
            "uq_conversation_identity_open",
            "identity_id",
            unique=True,
            sqlite_where=text("state <> 'closed'"),
            postgresql_where=text("state <> 'closed'"),
        ),
        Index(None, "identity_id", "opened_at"),
        Index(None, "state"),
        NEVER_AGAIN,
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    channel: Mapped[Name]
    identity_id: Mapped[int] = mapped_column(ForeignKey("channel_identity.id", ondelete="CASCADE"))
    state: Mapped[ConversationState] = mapped_column(default=ConversationState.BOT)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id", ondelete="SET NULL"))
    last_seq: Mapped[int] = mapped_column(default=0)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime())
    last_activity_at: Mapped[datetime] = mapped_column(UtcDateTime())
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    failures: Mapped[int] = mapped_column(default=0)


class Message(Base):
    """One message; `seq` counts up in its conversation without gaps, notes and both directions included."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        UniqueConstraint("conversation_id", "direction", "client_message_id"),
        # The guard behind claim_next: one message of a conversation is worked on at a time.
        Index(
            "uq_message_conversation_processing",
            "conversation_id",
            unique=True,
            sqlite_where=text("direction = 'in' AND state = 'processing'"),
            postgresql_where=text("direction = 'in' AND state = 'processing'"),
        ),
        Index("ix_message_work", "direction", "state", "next_attempt_at"),
        Index(None, "reply_to_id"),
        NEVER_AGAIN,
    )

    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    seq: Mapped[int]
    direction: Mapped[Direction]
    author: Mapped[Author]
    visible_to_resident: Mapped[bool] = mapped_column(default=True)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id", ondelete="SET NULL"))
    client_message_id: Mapped[str | None] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text, default="")
    blocks: Mapped[list[Any]] = mapped_column(Json, default=list)
    upload_ids: Mapped[list[str]] = mapped_column(Json, default=list)
    choice: Mapped[dict[str, Any] | None] = mapped_column(NullableJson)
    reply_to_id: Mapped[int | None] = mapped_column(ForeignKey("message.id", ondelete="SET NULL"))
    state: Mapped[MessageState]
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    apologised_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    claimed_by: Mapped[Name | None]
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    # Why it was not delivered, a code of the channel; and what has to be fetched before the message can be read.
    reason: Mapped[Name | None]
    media: Mapped[dict[str, Any] | None] = mapped_column(NullableJson)


class ActionRun(Base):
    """What an action did for a message, so that running it again repeats the answer and not the deed."""

    __tablename__ = "action_run"
    __table_args__ = (UniqueConstraint("message_id", "action"),)

    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"))
    action: Mapped[Name]
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
