"""Indexes of items that grow at their ends, in place of two that grew at random places."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """A story issued again under a new id is found by its instant; nothing asked for a source's newest items."""
    op.create_index("ix_items_published_at_source", "items", ["published_at", "source"], unique=False)
    op.drop_index("ix_items_source_content_hash", table_name="items")
    op.drop_index("ix_items_source_known_at", table_name="items")
