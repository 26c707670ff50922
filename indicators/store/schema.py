"""The tables of the whole house, collection's included, brought to the newest form."""

from __future__ import annotations

from sqlalchemy import Engine

import feeds.store  # noqa: F401 -- its tables stand in the same metadata
from feeds.database import metadata
from indicators.store import (  # noqa: F401 -- theirs too
    alerts,
    events,
    heartbeat,
    levels,
    outbox,
    series,
    signals,
    silences,
    subscribers,
    thresholds,
)
from indicators.store.problems import guard, writing


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest schema; one that is there already stays untouched."""
    guard(engine)
    with writing(engine) as connection:
        metadata.create_all(connection)
