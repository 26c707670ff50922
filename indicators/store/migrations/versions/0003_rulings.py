"""Officers' rulings on happenings, and events that cancel each other."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

INSTANT = sa.String(26).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table; the events there are were cancelled by nothing."""
    op.create_table(
        "rulings",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("ruling_id", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("indicator", sa.String(), nullable=True),
        sa.Column("mentions", sa.JSON(), nullable=False),
        sa.Column("ruled_by", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("in_force", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_rulings")),
    )
    op.create_index("ix_rulings_word", "rulings", ["problem", "ruling_id", "at", "seq"])
    op.add_column("event_versions", sa.Column("cancelled_by", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("event_versions") as table:
        table.alter_column("cancelled_by", server_default=None)
