"""Labels of past days, and the values of weighted indices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

INSTANT = sa.String(26).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "series_labels",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("indicator", sa.String(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_series_labels")),
    )
    op.create_index("ix_series_labels_at", "series_labels", ["problem", "at", "seq"])
    op.create_table(
        "index_values",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("reporting", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_index_values")),
    )
    op.create_index("ix_index_values_at", "index_values", ["problem", "name", "at", "seq"])
