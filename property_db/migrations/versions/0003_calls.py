"""Telephone calls, what was heard and recorded on them, agents' telephones, and calls we place.

Written from the models and held equal to them by a test; a released migration is never changed.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

from property_db.base import UtcDateTime

revision = "0003"
down_revision = "0002"

MOMENT = UtcDateTime()
STATE = sa.String(20)
NUMBER = sa.String(40)

TABLES = ("call", "recording", "utterance", "agent_phone", "outbound_task", "call_opt_out")


def upgrade() -> None:
    """Add the tables."""
    _table(
        "call",
        sa.Column("public_id", sa.String(32), unique=True, nullable=False),
        sa.Column("direction", STATE, nullable=False),
        sa.Column("transport", sa.String(80), nullable=False),
        sa.Column("number", NUMBER),
        sa.Column("called", NUMBER),
        _optional("identity_id", "channel_identity"),
        _optional("conversation_id", "conversation"),
        _optional("agent_id", "agent"),
        sa.Column("state", STATE, nullable=False),
        sa.Column("outcome", STATE),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT),
        sa.Column("waiting_at", MOMENT),
        sa.Column("agent_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("rating", sa.Integer()),
        sa.Column("speech_ok", sa.Boolean(), nullable=False),
        sa.CheckConstraint("rating >= 1 AND rating <= 5", name="rating_one_to_five"),
    )
    _index("call", "started_at")
    _index("call", "identity_id")
    _index("call", "conversation_id")
    still_open = sa.text("state <> 'ended'")
    op.create_index("ix_call_open", "call", ["state"], sqlite_where=still_open, postgresql_where=still_open)
    _table(
        "recording",
        sa.Column("public_id", sa.String(32), unique=True, nullable=False),
        sa.Column("call_id", sa.Integer(), sa.ForeignKey("call.id", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", STATE, nullable=False),
        sa.Column("file", sa.String(255), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("transcript", sa.Text(), nullable=False),
        _optional("ticket_id", "ticket"),
    )
    _index("recording", "call_id")
    _index("recording", "expires_at")
    _index("recording", "ticket_id")
    _table(
        "utterance",
        sa.Column("call_id", sa.Integer(), sa.ForeignKey("call.id", ondelete="CASCADE"), nullable=False),
        _optional("message_id", "message"),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        _optional("recording_id", "recording"),
        sa.Column("refused", sa.String(80)),
        never_again=False,
    )
    _index("utterance", "call_id", "at")
    _index("utterance", "message_id")
    _index("utterance", "recording_id")
    _table(
        "agent_phone",
        sa.Column("agent_id", sa.Integer(), sa.ForeignKey("agent.id", ondelete="CASCADE"), unique=True, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        never_again=False,
    )
    _table(
        "outbound_task",
        sa.Column("public_id", sa.String(32), unique=True, nullable=False),
        sa.Column("kind", STATE, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        _optional("person_id", "person"),
        _optional("home_id", "home"),
        _optional("conversation_id", "conversation"),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", STATE, nullable=False),
        sa.Column("not_before", MOMENT),
        sa.Column("at_night", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", MOMENT),
        sa.Column("claimed_at", MOMENT),
        _optional("created_by", "agent"),
        _optional("released_by", "agent"),
        sa.Column("released_at", MOMENT),
        sa.Column("finished_at", MOMENT),
        _optional("call_id", "call"),
        sa.Column("outcome", STATE),
        sa.Column("fingerprint", sa.String(64), unique=True),
    )
    op.create_index("ix_outbound_task_work", "outbound_task", ["state", "next_at"])
    _index("outbound_task", "conversation_id")
    _table(
        "call_opt_out",
        sa.Column("number", NUMBER, unique=True, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("source", sa.String(80), nullable=False),
        never_again=False,
    )


def downgrade() -> None:
    """Remove them, with all that is in them; the files of recordings stay where they are."""
    # A kind of ticket that the version before does not know.
    op.execute("UPDATE ticket SET kind = 'repair' WHERE kind = 'voicemail'")
    for table in reversed(TABLES):
        op.drop_table(table)


def _optional(name: str, table: str) -> SchemaItem:
    return sa.Column(name, sa.Integer(), sa.ForeignKey(f"{table}.id", ondelete="SET NULL"))


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _table(name: str, *parts: SchemaItem, never_again: bool = True) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("created_at", MOMENT, nullable=False),
        *parts,
        sqlite_autoincrement=never_again,
    )
