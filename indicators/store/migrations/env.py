"""Runs the steps on the connection that `upgrade` hands over, inside its transaction: all of them or none."""

from alembic import context

from feeds.database import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter most things in place: a changed table is copied.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
