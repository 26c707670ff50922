"""The tables of the whole house, collection's included, brought to the newest form."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

import feeds.store  # noqa: F401 -- its tables stand in the same metadata
from feeds.database import metadata
from indicators.store import (  # noqa: F401 -- theirs too
    alerts,
    corrections,
    events,
    heartbeat,
    indices,
    labels,
    levels,
    mail_servers,
    outbox,
    rulings,
    series,
    signals,
    silences,
    subscribers,
    thresholds,
)
from indicators.store.migrations import NEWEST
from indicators.store.problems import StoreProblem, guard, reading, writing

HISTORY = Path(__file__).with_name("migrations")
LOCK = 0x7665_6465
"""Names the lock under which one process at a time upgrades a PostgreSQL database."""


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest schema, whole or not at all; one that is there already stays untouched."""
    guard(engine)
    with reading(engine) as connection:
        if _step(connection) == NEWEST:
            return
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        # Poller and pages start together: the second of them finds the work done.
        if _step(connection) != NEWEST:
            _walk(connection)


def _step(connection: Connection) -> str | None:
    """The last step the database went through; None for a new one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _walk(connection: Connection) -> None:
    # Here, because it is only wanted when there is something to do, and takes its time to load.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(HISTORY).replace("%", "%%"))
    try:
        if _step(connection) is None and inspect(connection).has_table("items"):
            # Collection made its own tables and went ahead; the rest joins them.
            metadata.create_all(connection)
            command.stamp(config, "head")
        else:
            command.upgrade(config, "head")
    except CommandError as error:
        raise StoreProblem(
            f"database: its schema is '{_step(connection)}', which this version does not know "
            f"(its newest is {NEWEST}); install the Vedette that made it, or restore a backup"
        ) from error
