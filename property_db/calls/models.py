"""Telephone calls: what was said on them, what was recorded, the telephones of agents, and calls we place."""

import enum
import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from property_db.base import NEVER_AGAIN, Base, Line, Name, UtcDateTime


class CallDirection(enum.StrEnum):
    """`in` from a resident, `out` from us."""

    IN = "in"
    OUT = "out"


class CallState(enum.StrEnum):
    """Where a call stands; only `ended` is final."""

    RINGING = "ringing"
    TALKING = "talking"
    WAITING = "waiting"
    WITH_AGENT = "with_agent"
    VOICEMAIL = "voicemail"
    ENDED = "ended"


class CallOutcome(enum.StrEnum):
    """How a call ended."""

    SELF_SERVED = "self_served"
    AGENT = "agent"
    VOICEMAIL = "voicemail"
    ABANDONED = "abandoned"
    FAILED = "failed"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    OPTED_OUT = "opted_out"


class RecordingKind(enum.StrEnum):
    """A moment of a call, or a message left for the company."""

    UTTERANCE = "utterance"
    VOICEMAIL = "voicemail"


class OutboundKind(enum.StrEnum):
    """Why we call: somebody asked for it, or a reminder."""

    CALLBACK = "callback"
    APPOINTMENT = "appointment"
    OUTAGE = "outage"
    DEBT = "debt"


class OutboundState(enum.StrEnum):
    """Draft → released (by a person) → dialling → done | failed, or back to released for another try."""

    DRAFT = "draft"
    RELEASED = "released"
    DIALLING = "dialling"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    OPTED_OUT = "opted_out"


def new_public_id() -> str:
    """Return an id nobody can guess: it leaves the server in addresses and headers."""
    return uuid.uuid4().hex


class Call(Base):
    """One telephone call.

    `transport` is the line's kind (`sip`, `browser`, …), `number` the other side as its exchange names it, `called`
    ours. `waiting_at` is when a person was asked for, `agent_at` when one came; `seen_at` the last sign of life of the
    process that holds the call. `speech_ok` is False once recognition failed on it.
    """

    __tablename__ = "call"
    __table_args__ = (
        CheckConstraint("rating >= 1 AND rating <= 5", name="rating_one_to_five"),
        Index(None, "started_at"),
        Index(None, "identity_id"),
        Index(None, "conversation_id"),
        Index(
            "ix_call_open",
            "state",
            sqlite_where=text("state <> 'ended'"),
            postgresql_where=text("state <> 'ended'"),
        ),
        NEVER_AGAIN,
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    direction: Mapped[CallDirection]
    transport: Mapped[Name]
    number: Mapped[str | None] = mapped_column(String(40))
    called: Mapped[str | None] = mapped_column(String(40))
    identity_id: Mapped[int | None] = mapped_column(ForeignKey("channel_identity.id", ondelete="SET NULL"))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id", ondelete="SET NULL"))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id", ondelete="SET NULL"))
    state: Mapped[CallState] = mapped_column(default=CallState.RINGING)
    outcome: Mapped[CallOutcome | None]
    started_at: Mapped[datetime] = mapped_column(UtcDateTime())
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    waiting_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    agent_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime())
    rating: Mapped[int | None]
    speech_ok: Mapped[bool] = mapped_column(default=True)


class Recording(Base):
    """A WAV file in the data folder; `file` is its path below the folder of recordings.

    `kept` recordings do not expire. `ticket_id` is set once a voicemail was filed, with its `transcript`.
    """

    __tablename__ = "recording"
    __table_args__ = (
        Index(None, "call_id"),
        Index(None, "expires_at"),
        Index(None, "ticket_id"),
        NEVER_AGAIN,
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id", ondelete="CASCADE"))
    kind: Mapped[RecordingKind]
    file: Mapped[Line]
    seconds: Mapped[float]
    size_bytes: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime())
    kept: Mapped[bool] = mapped_column(default=False)
    transcript: Mapped[str] = mapped_column(Text, default="")
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id", ondelete="SET NULL"))


class Utterance(Base):
    """What was heard at one moment, as the recogniser gave it; `confidence` 0 … 1, `refused` why it was not used."""

    __tablename__ = "utterance"
    __table_args__ = (Index(None, "call_id", "at"), Index(None, "message_id"), Index(None, "recording_id"))

    call_id: Mapped[int] = mapped_column(ForeignKey("call.id", ondelete="CASCADE"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id", ondelete="SET NULL"))
    at: Mapped[datetime] = mapped_column(UtcDateTime())
    text: Mapped[str] = mapped_column(Text, default="")
    confidence: Mapped[float]
    seconds: Mapped[float]
    recording_id: Mapped[int | None] = mapped_column(ForeignKey("recording.id", ondelete="SET NULL"))
    refused: Mapped[Name | None]


class AgentPhone(Base):
    """The telephone a call for an agent is given to: an extension or a number."""

    __tablename__ = "agent_phone"

    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"), unique=True)
    number: Mapped[str] = mapped_column(String(40))


class OutboundTask(Base):
    """A call to be placed; nothing is dialled that nobody released.

    `fingerprint` is the hash of kind, number, text and day while another task like it would be a duplicate. `at_night`
    lets a call back that an agent asked for now ring in quiet hours.
    """

    __tablename__ = "outbound_task"
    __table_args__ = (Index("ix_outbound_task_work", "state", "next_at"), Index(None, "conversation_id"), NEVER_AGAIN)

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    kind: Mapped[OutboundKind]
    number: Mapped[str] = mapped_column(String(40))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    home_id: Mapped[int | None] = mapped_column(ForeignKey("home.id", ondelete="SET NULL"))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id", ondelete="SET NULL"))
    text: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[OutboundState] = mapped_column(default=OutboundState.DRAFT)
    not_before: Mapped[datetime | None] = mapped_column(UtcDateTime())
    at_night: Mapped[bool] = mapped_column(default=False)
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    created_by: Mapped[int | None] = mapped_column(ForeignKey("agent.id", ondelete="SET NULL"))
    released_by: Mapped[int | None] = mapped_column(ForeignKey("agent.id", ondelete="SET NULL"))
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id", ondelete="SET NULL"))
    outcome: Mapped[CallOutcome | None]
    fingerprint: Mapped[str | None] = mapped_column(String(64), unique=True)


class CallOptOut(Base):
    """A number that wants no reminders by telephone; `source` says where it was said, such as `call` or `agent`."""

    __tablename__ = "call_opt_out"

    number: Mapped[str] = mapped_column(String(40), unique=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime())
    source: Mapped[Name]
