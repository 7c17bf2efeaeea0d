"""Channels with rules of their own: quotas, rendered messages, events, tokens, news for residents.

Written from the models and held equal to them by a test; a released migration is never changed.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import SchemaItem

from property_db.base import UtcDateTime

revision = "0002"
down_revision = "0001"

MOMENT = UtcDateTime()
STATE = sa.String(20)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
NULLABLE_JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

TABLES = (
    "contact_window", "outbound_part", "channel_event", "access_token", "single_use", "pull_cursor", "push",
    "subscription", "channel_origin",
)  # fmt: skip


NEVER_AGAIN = ("channel_identity", "conversation", "message")
INDEXED = (
    ("message", "reply_to_id"), ("queue_item", "conversation_id"), ("complaint", "conversation_id"),
    ("feedback", "identity_id"), ("rating", "identity_id"),
)  # fmt: skip
"""What a resident who is forgotten is looked for by."""


def upgrade() -> None:
    """Add the tables and columns."""
    _table(
        "contact_window",
        _identity(),
        sa.Column("contact", sa.String(80), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("closes_at", MOMENT, nullable=False),
        sa.Column("allowed", sa.Integer(), nullable=False),
        sa.UniqueConstraint("identity_id", "contact"),
    )
    _table(
        "outbound_part",
        sa.Column(
            "conversation_id", sa.Integer(), sa.ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False
        ),
        _identity(),
        sa.Column("reply_to_id", sa.Integer(), sa.ForeignKey("message.id", ondelete="SET NULL")),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("completes", JSON, nullable=False),
        sa.Column("state", STATE, nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", MOMENT),
        sa.Column("claimed_by", sa.String(80)),
        sa.Column("claimed_at", MOMENT),
        sa.Column("wired_at", MOMENT),
        sa.Column("reason", sa.String(80)),
    )
    op.create_index("ix_outbound_part_conversation_id_state", "outbound_part", ["conversation_id", "state"])
    op.create_index("ix_outbound_part_identity_id_wired_at", "outbound_part", ["identity_id", "wired_at"])
    op.create_index("ix_outbound_part_reply_to_id", "outbound_part", ["reply_to_id"])
    op.create_index("ix_outbound_part_work", "outbound_part", ["state", "next_attempt_at"])
    claimed = sa.text("claimed_by IS NOT NULL")
    op.create_index(
        "ix_outbound_part_claimed", "outbound_part", ["claimed_by"], sqlite_where=claimed, postgresql_where=claimed
    )
    _table(
        "channel_event",
        sa.Column("account", sa.String(255), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.UniqueConstraint("account", "key"),
    )
    op.create_index("ix_channel_event_created_at", "channel_event", ["created_at"])
    _table(
        "access_token",
        sa.Column("account", sa.String(255), unique=True, nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("expires_at", MOMENT),
        *_lease(),
    )
    _table(
        "single_use",
        sa.Column("key", sa.String(64), unique=True, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
    )
    op.create_index("ix_single_use_expires_at", "single_use", ["expires_at"])
    _table(
        "pull_cursor",
        sa.Column("account", sa.String(255), unique=True, nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        *_lease(),
    )
    _table(
        "push",
        _identity(),
        sa.Column("kind", STATE, nullable=False),
        sa.Column("reference", sa.String(255), nullable=False),
        sa.Column("values", JSON, nullable=False),
        sa.Column("state", STATE, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", MOMENT),
        sa.Column("claimed_by", sa.String(80)),
        sa.Column("claimed_at", MOMENT),
        sa.Column("sent_at", MOMENT),
        sa.Column("reason", sa.String(80)),
        sa.UniqueConstraint("identity_id", "kind", "reference"),
    )
    op.create_index("ix_push_work", "push", ["state", "next_attempt_at"])
    _table(
        "subscription",
        _identity(),
        sa.Column("template_id", sa.String(80), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.UniqueConstraint("identity_id", "template_id"),
    )
    _table(
        "channel_origin",
        sa.Column(
            "identity_id",
            sa.Integer(),
            sa.ForeignKey("channel_identity.id", ondelete="CASCADE"),
            unique=True,
            nullable=False,
        ),
        sa.Column("estate_id", sa.Integer(), sa.ForeignKey("estate.id", ondelete="SET NULL")),
        sa.Column("building_id", sa.Integer(), sa.ForeignKey("building.id", ondelete="SET NULL")),
    )
    op.add_column("message", sa.Column("reason", sa.String(80)))
    op.add_column("message", sa.Column("media", NULLABLE_JSON))
    with op.batch_alter_table("upload") as upload:
        upload.alter_column("identity_id", existing_type=sa.Integer(), nullable=True)
    if op.get_bind().dialect.name == "sqlite":
        # Ids of what is deleted must not come again. Only by copying the tables, for which foreign keys are off
        # during migrations (property_db/migrate.py): dropping the original would take along all that hangs on it.
        for table in NEVER_AGAIN:
            with op.batch_alter_table(table, recreate="always", table_kwargs={"sqlite_autoincrement": True}):
                pass
    for table, column in INDEXED:
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    """Remove them, with all that is in them."""
    for table, column in INDEXED:
        op.drop_index(f"ix_{table}_{column}", table)
    # States that the version before does not know.
    op.execute("UPDATE message SET state = 'pending' WHERE direction = 'out' AND state IN ('sending', 'waiting')")
    op.execute("DELETE FROM upload WHERE identity_id IS NULL")
    with op.batch_alter_table("upload") as upload:
        upload.alter_column("identity_id", existing_type=sa.Integer(), nullable=False)
    op.drop_column("message", "media")
    op.drop_column("message", "reason")
    for table in reversed(TABLES):
        op.drop_table(table)


def _identity() -> SchemaItem:
    reference = sa.ForeignKey("channel_identity.id", ondelete="CASCADE")
    return sa.Column("identity_id", sa.Integer(), reference, nullable=False)


def _lease() -> tuple[SchemaItem, SchemaItem]:
    return sa.Column("lease_owner", sa.String(80)), sa.Column("lease_until", MOMENT)


def _table(name: str, *parts: SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("created_at", MOMENT, nullable=False),
        *parts,
    )
