"""The first tables.

Written from the models and held equal to them by a test; a released migration is never changed.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import SchemaItem

from property_db.base import UtcDateTime

revision = "0001"
down_revision = None

MOMENT = UtcDateTime()
STATE = sa.String(20)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")

TABLES = (
    "agent", "audit_entry", "estate", "guide", "number_counter", "person", "agent_session", "building",
    "channel_identity", "company_info", "fee_item", "conversation", "feedback", "one_time_code", "unit", "home",
    "message", "notice", "queue_item", "action_run", "bill", "binding", "complaint", "ticket", "alarm",
    "payment", "rating", "ticket_event", "upload",
)  # fmt: skip


def upgrade() -> None:
    """Create every table."""
    _table(
        "agent",
        sa.Column("username", sa.String(80), unique=True, nullable=False),
        sa.Column("display_name", sa.String(80), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("role", STATE, nullable=False),
        sa.Column("status", STATE, nullable=False),
        sa.Column("active", sa.Integer(), nullable=False),
        sa.Column("max_active", sa.Integer(), nullable=False),
        sa.Column("last_seen_at", MOMENT),
        sa.CheckConstraint("active >= 0", name="active_not_negative"),
    )
    _table(
        "audit_entry",
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("action", sa.String(80), nullable=False),
        sa.Column("subject", sa.String(255), index=True, nullable=False),
        sa.Column("detail", JSON, nullable=False),
    )
    _table(
        "estate",
        sa.Column("code", sa.String(80), unique=True, nullable=False),
        sa.Column("name", sa.String(80), unique=True, nullable=False),
        sa.Column("address", sa.String(255), nullable=False),
        sa.Column("settings", JSON, nullable=False),
    )
    _table(
        "guide",
        sa.Column("facility", sa.String(80), nullable=False),
        sa.Column("fault", sa.String(80), nullable=False),
        sa.Column("keywords", JSON, nullable=False),
        sa.Column("steps", JSON, nullable=False),
        sa.Column("warning", sa.String(500), nullable=False),
        sa.Column("professional_only", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("facility", "fault"),
    )
    _table(
        "number_counter",
        sa.Column("prefix", sa.String(4), nullable=False),
        sa.Column("day", sa.String(6), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.UniqueConstraint("prefix", "day"),
    )
    _table(
        "person",
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("phone", sa.String(20), unique=True, nullable=False),
    )
    _table(
        "agent_session",
        sa.Column("token_hash", sa.String(64), unique=True, nullable=False),
        sa.Column("agent_id", sa.Integer(), sa.ForeignKey("agent.id", ondelete="CASCADE"), index=True, nullable=False),
        sa.Column("csrf", sa.String(64), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
    )
    _table(
        "building",
        sa.Column("estate_id", sa.Integer(), sa.ForeignKey("estate.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("display", sa.String(80), nullable=False),
        sa.UniqueConstraint("estate_id", "name"),
    )
    _table(
        "channel_identity",
        sa.Column("channel", sa.String(80), nullable=False),
        sa.Column("external_id", sa.String(255), nullable=False),
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id", ondelete="SET NULL"), index=True),
        sa.Column("verified_at", MOMENT),
        sa.UniqueConstraint("channel", "external_id"),
    )
    _table(
        "company_info",
        sa.Column("estate_id", sa.Integer(), sa.ForeignKey("estate.id", ondelete="CASCADE")),
        sa.Column("topic", sa.String(80), nullable=False),
        sa.Column("title", sa.String(255), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("phone", sa.String(80)),
        sa.Column("url", sa.String(255)),
        sa.UniqueConstraint("estate_id", "topic"),
    )
    _unique_where("uq_company_info_topic_everywhere", "company_info", "topic", "estate_id IS NULL")
    _table(
        "fee_item",
        sa.Column("estate_id", sa.Integer(), sa.ForeignKey("estate.id", ondelete="CASCADE"), nullable=False),
        sa.Column("code", sa.String(80), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("method", STATE, nullable=False),
        sa.Column("unit_price", sa.Integer(), nullable=False),
        sa.Column("cycle_months", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(500), nullable=False),
        sa.UniqueConstraint("estate_id", "code"),
        sa.UniqueConstraint("estate_id", "name"),
        sa.CheckConstraint("unit_price >= 0", name="price_not_negative"),
    )
    _table(
        "conversation",
        sa.Column("public_id", sa.String(32), unique=True, nullable=False),
        sa.Column("channel", sa.String(80), nullable=False),
        sa.Column(
            "identity_id", sa.Integer(), sa.ForeignKey("channel_identity.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("state", STATE, index=True, nullable=False),
        sa.Column("agent_id", sa.Integer(), sa.ForeignKey("agent.id", ondelete="SET NULL")),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("last_activity_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT),
        sa.Column("failures", sa.Integer(), nullable=False),
    )
    op.create_index("ix_conversation_identity_id_opened_at", "conversation", ["identity_id", "opened_at"])
    _unique_where("uq_conversation_identity_open", "conversation", "identity_id", "state <> 'closed'")
    _table(
        "feedback",
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("identity_id", sa.Integer(), sa.ForeignKey("channel_identity.id", ondelete="SET NULL")),
        sa.Column("source_message_id", sa.Integer(), unique=True),
    )
    _table(
        "one_time_code",
        sa.Column("phone", sa.String(20), nullable=False),
        sa.Column("code_hash", sa.String(255), nullable=False),
        sa.Column(
            "identity_id", sa.Integer(), sa.ForeignKey("channel_identity.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("used_at", MOMENT),
    )
    op.create_index("ix_one_time_code_identity_id_phone", "one_time_code", ["identity_id", "phone"])
    op.create_index("ix_one_time_code_phone_created_at", "one_time_code", ["phone", "created_at"])
    _table(
        "unit",
        sa.Column("building_id", sa.Integer(), sa.ForeignKey("building.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.UniqueConstraint("building_id", "name"),
    )
    _table(
        "home",
        sa.Column(
            "estate_id", sa.Integer(), sa.ForeignKey("estate.id", ondelete="CASCADE"), index=True, nullable=False
        ),
        sa.Column(
            "building_id", sa.Integer(), sa.ForeignKey("building.id", ondelete="CASCADE"), index=True, nullable=False
        ),
        sa.Column("unit_id", sa.Integer(), sa.ForeignKey("unit.id", ondelete="CASCADE"), nullable=False),
        sa.Column("room", sa.String(80), nullable=False),
        sa.Column("label", sa.String(255), nullable=False),
        sa.Column("area_hundredths", sa.Integer(), nullable=False),
        sa.Column("state", STATE, nullable=False),
        sa.UniqueConstraint("unit_id", "room"),
        sa.CheckConstraint("area_hundredths >= 0", name="area_not_negative"),
    )
    _table(
        "message",
        sa.Column(
            "conversation_id", sa.Integer(), sa.ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("direction", STATE, nullable=False),
        sa.Column("author", STATE, nullable=False),
        sa.Column("visible_to_resident", sa.Boolean(), nullable=False),
        sa.Column("agent_id", sa.Integer(), sa.ForeignKey("agent.id", ondelete="SET NULL")),
        sa.Column("client_message_id", sa.String(64)),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("blocks", JSON, nullable=False),
        sa.Column("upload_ids", JSON, nullable=False),
        sa.Column("choice", JSON),
        sa.Column("reply_to_id", sa.Integer(), sa.ForeignKey("message.id", ondelete="SET NULL")),
        sa.Column("state", STATE, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", MOMENT),
        sa.Column("apologised_at", MOMENT),
        sa.Column("claimed_by", sa.String(80)),
        sa.Column("claimed_at", MOMENT),
        sa.Column("delivered_at", MOMENT),
        sa.UniqueConstraint("conversation_id", "direction", "client_message_id"),
        sa.UniqueConstraint("conversation_id", "seq"),
    )
    op.create_index("ix_message_work", "message", ["direction", "state", "next_attempt_at"])
    _unique_where(
        "uq_message_conversation_processing", "message", "conversation_id", "direction = 'in' AND state = 'processing'"
    )
    _table(
        "notice",
        sa.Column("estate_id", sa.Integer(), sa.ForeignKey("estate.id", ondelete="CASCADE"), nullable=False),
        sa.Column("building_id", sa.Integer(), sa.ForeignKey("building.id", ondelete="CASCADE")),
        sa.Column("unit_id", sa.Integer(), sa.ForeignKey("unit.id", ondelete="CASCADE")),
        sa.Column("kind", STATE, nullable=False),
        sa.Column("utility", sa.String(80)),
        sa.Column("title", sa.String(255), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("starts_at", MOMENT),
        sa.Column("ends_at", MOMENT),
        sa.Column("state", STATE, nullable=False),
        sa.Column("published_at", MOMENT),
        sa.CheckConstraint("ends_at IS NULL OR starts_at IS NULL OR ends_at >= starts_at", name="ends_after_start"),
    )
    op.create_index("ix_notice_estate_id_state_kind", "notice", ["estate_id", "state", "kind"])
    _table(
        "queue_item",
        sa.Column(
            "conversation_id", sa.Integer(), sa.ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("reason", sa.String(255), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", STATE, nullable=False),
        sa.Column("kind", STATE, nullable=False),
        sa.Column("agent_id", sa.Integer(), sa.ForeignKey("agent.id", ondelete="SET NULL")),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("waiting_since", MOMENT, nullable=False),
        sa.Column("taken_at", MOMENT),
        sa.Column("finished_at", MOMENT),
    )
    op.create_index("ix_queue_item_agent_id_state", "queue_item", ["agent_id", "state"])
    op.create_index("ix_queue_item_state_priority_waiting_since", "queue_item", ["state", "priority", "waiting_since"])
    _unique_where("uq_queue_item_conversation_open", "queue_item", "conversation_id", "state IN ('waiting', 'taken')")
    _table(
        "action_run",
        sa.Column("message_id", sa.Integer(), sa.ForeignKey("message.id", ondelete="CASCADE"), nullable=False),
        sa.Column("action", sa.String(80), nullable=False),
        sa.Column("result", JSON, nullable=False),
        sa.UniqueConstraint("message_id", "action"),
    )
    _table(
        "bill",
        sa.Column("home_id", sa.Integer(), sa.ForeignKey("home.id", ondelete="CASCADE"), nullable=False),
        sa.Column("fee_item_id", sa.Integer(), sa.ForeignKey("fee_item.id", ondelete="CASCADE"), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("paid_fen", sa.Integer(), nullable=False),
        sa.Column("late_fee_fen", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", STATE, nullable=False),
        sa.Column("inputs", JSON, nullable=False),
        sa.UniqueConstraint("home_id", "fee_item_id", "period"),
        sa.CheckConstraint("amount_fen >= 0 AND paid_fen >= 0 AND late_fee_fen >= 0", name="money_not_negative"),
    )
    op.create_index("ix_bill_home_id_state", "bill", ["home_id", "state"])
    _table(
        "binding",
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id", ondelete="CASCADE"), nullable=False),
        sa.Column("home_id", sa.Integer(), sa.ForeignKey("home.id", ondelete="CASCADE"), index=True, nullable=False),
        sa.Column("role", STATE, nullable=False),
        sa.Column("state", STATE, nullable=False),
        sa.Column("starts_on", sa.Date()),
        sa.Column("ends_on", sa.Date()),
        sa.UniqueConstraint("person_id", "home_id"),
    )
    _table(
        "complaint",
        sa.Column("number", sa.String(20), unique=True, nullable=False),
        sa.Column("category", STATE, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("identity_id", sa.Integer(), sa.ForeignKey("channel_identity.id", ondelete="SET NULL"), index=True),
        sa.Column("home_id", sa.Integer(), sa.ForeignKey("home.id", ondelete="SET NULL"), index=True),
        sa.Column("conversation_id", sa.Integer(), sa.ForeignKey("conversation.id", ondelete="SET NULL")),
        sa.Column("state", STATE, nullable=False),
        sa.Column("answer", sa.Text()),
        sa.Column("answered_at", MOMENT),
        sa.Column("source_message_id", sa.Integer(), unique=True),
    )
    _table(
        "ticket",
        sa.Column("number", sa.String(20), unique=True, nullable=False),
        sa.Column("kind", STATE, nullable=False),
        sa.Column("estate_id", sa.Integer(), sa.ForeignKey("estate.id", ondelete="SET NULL")),
        sa.Column("home_id", sa.Integer(), sa.ForeignKey("home.id", ondelete="SET NULL")),
        sa.Column("identity_id", sa.Integer(), sa.ForeignKey("channel_identity.id", ondelete="SET NULL")),
        sa.Column("conversation_id", sa.Integer(), sa.ForeignKey("conversation.id", ondelete="SET NULL"), index=True),
        sa.Column("facility", sa.String(80), nullable=False),
        sa.Column("area", sa.String(80), nullable=False),
        sa.Column("place", sa.String(255), nullable=False),
        sa.Column("symptom", sa.Text(), nullable=False),
        sa.Column("urgency", STATE, nullable=False),
        sa.Column("appointment_start", MOMENT),
        sa.Column("appointment_end", MOMENT),
        sa.Column("contact_name", sa.String(80), nullable=False),
        sa.Column("contact_phone", sa.String(20), nullable=False),
        sa.Column("state", STATE, nullable=False),
        sa.Column("urged_count", sa.Integer(), nullable=False),
        sa.Column("technician_name", sa.String(80)),
        sa.Column("technician_phone", sa.String(20)),
        sa.Column("source_message_id", sa.Integer(), unique=True),
    )
    op.create_index("ix_ticket_home_id_state", "ticket", ["home_id", "state"])
    op.create_index("ix_ticket_identity_id_state", "ticket", ["identity_id", "state"])
    _table(
        "alarm",
        sa.Column("ticket_id", sa.Integer(), sa.ForeignKey("ticket.id", ondelete="SET NULL")),
        sa.Column("conversation_id", sa.Integer(), sa.ForeignKey("conversation.id", ondelete="SET NULL")),
        sa.Column("kind", sa.String(80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("raised_at", MOMENT, nullable=False),
        sa.Column("acknowledged_at", MOMENT, index=True),
        sa.Column("acknowledged_by", sa.Integer(), sa.ForeignKey("agent.id", ondelete="SET NULL")),
        sa.Column("source_message_id", sa.Integer(), unique=True),
    )
    op.create_index("ix_alarm_conversation_id_kind", "alarm", ["conversation_id", "kind"])
    _table(
        "payment",
        sa.Column("bill_id", sa.Integer(), sa.ForeignKey("bill.id", ondelete="CASCADE"), index=True, nullable=False),
        sa.Column("home_id", sa.Integer(), sa.ForeignKey("home.id", ondelete="CASCADE"), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(80), nullable=False),
        sa.Column("paid_at", MOMENT, nullable=False),
        sa.Column("reference", sa.String(255), unique=True, nullable=False),
        sa.Column("refunded", sa.Boolean(), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name="amount_positive"),
    )
    op.create_index("ix_payment_home_id_paid_at", "payment", ["home_id", "paid_at"])
    _table(
        "rating",
        sa.Column("conversation_id", sa.Integer(), sa.ForeignKey("conversation.id", ondelete="CASCADE"), unique=True),
        sa.Column("ticket_id", sa.Integer(), sa.ForeignKey("ticket.id", ondelete="CASCADE"), unique=True),
        sa.Column("identity_id", sa.Integer(), sa.ForeignKey("channel_identity.id", ondelete="SET NULL")),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name="one_to_five_stars"),
    )
    _table(
        "ticket_event",
        sa.Column(
            "ticket_id", sa.Integer(), sa.ForeignKey("ticket.id", ondelete="CASCADE"), index=True, nullable=False
        ),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("from_state", STATE),
        sa.Column("to_state", STATE),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
    )
    _table(
        "upload",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column(
            "identity_id",
            sa.Integer(),
            sa.ForeignKey("channel_identity.id", ondelete="CASCADE"),
            index=True,
            nullable=False,
        ),
        sa.Column("ticket_id", sa.Integer(), sa.ForeignKey("ticket.id", ondelete="SET NULL"), index=True),
        sa.Column("media_type", sa.String(60), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(255), nullable=False),
    )


def downgrade() -> None:
    """Drop every table, with all that is in it."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _table(name: str, *parts: SchemaItem) -> None:
    """Create a table with what all tables have; the metadata's naming convention names the constraints."""
    has_id = any(isinstance(part, sa.Column) and part.name == "id" for part in parts)
    first = [] if has_id else [sa.Column("id", sa.Integer(), primary_key=True)]
    op.create_table(name, *first, sa.Column("created_at", MOMENT, nullable=False), *parts)


def _unique_where(name: str, table: str, column: str, condition: str) -> None:
    """Create a unique index over the rows that meet a condition."""
    where = sa.text(condition)
    op.create_index(name, table, [column], unique=True, sqlite_where=where, postgresql_where=where)
