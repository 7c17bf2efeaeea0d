"""People at the desk, the queue of those who wait for them, and alarms."""

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from property_db.base import Base, Line, Name, UtcDateTime


class AgentRole(enum.StrEnum):
    """What somebody at the desk may do."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


class AgentStatus(enum.StrEnum):
    """Whether somebody at the desk takes conversations."""

    ONLINE = "online"
    AWAY = "away"
    OFFLINE = "offline"


class QueueState(enum.StrEnum):
    """Where a request for a person stands."""

    WAITING = "waiting"
    TAKEN = "taken"
    DONE = "done"
    ABANDONED = "abandoned"


class QueueKind(enum.StrEnum):
    """A chat now, or, with nobody on duty, a call back later."""

    CHAT = "chat"
    CALLBACK = "callback"


class Agent(Base):
    """Somebody at the desk; `active` counts the conversations held now and changes only with a claim or its end."""

    __tablename__ = "agent"
    __table_args__ = (CheckConstraint("active >= 0", name="active_not_negative"),)

    username: Mapped[Name] = mapped_column(unique=True)
    display_name: Mapped[Name]
    password_hash: Mapped[Line]
    role: Mapped[AgentRole] = mapped_column(default=AgentRole.AGENT)
    status: Mapped[AgentStatus] = mapped_column(default=AgentStatus.OFFLINE)
    active: Mapped[int] = mapped_column(default=0)
    max_active: Mapped[int] = mapped_column(default=5)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime())


class AgentSession(Base):
    """A signed-in browser; the token itself is never kept."""

    __tablename__ = "agent_session"

    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime())

    agent: Mapped[Agent] = relationship(lazy="raise")


class QueueItem(Base):
    """A conversation that asked for a person; at most one open item per conversation."""

    __tablename__ = "queue_item"
    __table_args__ = (
        Index(
            "uq_queue_item_conversation_open",
            "conversation_id",
            unique=True,
            sqlite_where=text("state IN ('waiting', 'taken')"),
            postgresql_where=text("state IN ('waiting', 'taken')"),
        ),
        Index(None, "state", "priority", "waiting_since"),
        Index(None, "agent_id", "state"),
        Index(None, "conversation_id"),
    )

    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    reason: Mapped[Line] = mapped_column(default="")
    priority: Mapped[int] = mapped_column(default=0)
    state: Mapped[QueueState] = mapped_column(default=QueueState.WAITING)
    kind: Mapped[QueueKind] = mapped_column(default=QueueKind.CHAT)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id", ondelete="SET NULL"))
    version: Mapped[int] = mapped_column(default=1)
    waiting_since: Mapped[datetime] = mapped_column(UtcDateTime())
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime())


class Alarm(Base):
    """A danger shown at the desk until somebody acknowledges it."""

    __tablename__ = "alarm"
    __table_args__ = (Index(None, "acknowledged_at"), Index(None, "conversation_id", "kind"))

    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id", ondelete="SET NULL"))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id", ondelete="SET NULL"))
    kind: Mapped[Name]
    text: Mapped[str] = mapped_column(Text)
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime())
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    acknowledged_by: Mapped[int | None] = mapped_column(ForeignKey("agent.id", ondelete="SET NULL"))
    source_message_id: Mapped[int | None] = mapped_column(unique=True)
