"""Subscribers added on the page or the command line; those of the settings file stand beside them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import JSON, Column, Connection, Integer, String, Table, delete, select

from feeds.database import Instant, metadata
from indicators.model.alert import Subscriber
from indicators.model.level import Level
from indicators.store.versions import upsert

subscribers = Table(
    "subscribers",
    metadata,
    Column("address", String, primary_key=True),
    Column("problem", String, primary_key=True),
    Column("minimum", Integer, nullable=False),
    Column("indicators", JSON, nullable=False),
    Column("added_by", String, nullable=False),
    Column("added_at", Instant, nullable=False),
)


def add(connection: Connection, subscriber: Subscriber, *, by: str, at: datetime) -> None:
    """Keep a subscriber; the same address for the same problem takes on the new wishes."""
    upsert(
        connection,
        subscribers,
        ["address", "problem"],
        {
            "address": subscriber.address,
            "problem": subscriber.problem,
            "minimum": int(subscriber.minimum),
            "indicators": list(subscriber.indicators),
            "added_by": by,
            "added_at": at,
        },
    )


def remove(connection: Connection, address: str, problem: str | None = None) -> int:
    """Strike an address, for one problem or altogether; the answer says how many entries went."""
    statement = delete(subscribers).where(subscribers.c.address == address)
    if problem is not None:
        statement = statement.where(subscribers.c.problem == problem)
    return int(connection.execute(statement).rowcount)


def added(connection: Connection) -> list[Subscriber]:
    """The subscribers kept here, by address."""
    rows = connection.execute(select(subscribers).order_by(subscribers.c.address, subscribers.c.problem))
    return [
        Subscriber(
            address=row.address,
            problem=row.problem,
            minimum=Level(row.minimum),
            indicators=tuple(row.indicators),
        )
        for row in rows
    ]


def everyone(connection: Connection, configured: Iterable[Subscriber] = ()) -> list[Subscriber]:
    """The settings file's subscribers and those kept here; for one address and problem the entry kept here holds."""
    by_key = {(one.address, one.problem): one for one in configured}
    by_key |= {(one.address, one.problem): one for one in added(connection)}
    return [by_key[key] for key in sorted(by_key)]
