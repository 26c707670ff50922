"""The values of weighted indices by the hour they were taken: an index has its limits from its own past."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Float, Index, Row, String, Table, insert, select

from feeds.database import Instant, metadata
from indicators.model.level import IndexValue
from indicators.store.versions import Serial

index_values = Table(
    "index_values",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("problem", String, nullable=False),
    Column("name", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("value", Float),
    Column("reporting", Float, nullable=False),
    Index("ix_index_values_at", "problem", "name", "at", "seq"),
)


def add(connection: Connection, problem: str, values: Iterable[IndexValue]) -> None:
    """Keep these values."""
    rows = [
        {"problem": problem, "name": one.name, "at": one.at, "value": one.value, "reporting": one.reporting}
        for one in values
    ]
    if rows:
        connection.execute(insert(index_values), rows)


def history(connection: Connection, problem: str, name: str, *, since: datetime, as_of: datetime) -> list[IndexValue]:
    """The values of an index after `since` and known by `as_of`, oldest first."""
    query = (
        select(index_values)
        .where(
            index_values.c.problem == problem,
            index_values.c.name == name,
            index_values.c.at > since,
            index_values.c.at <= as_of,
        )
        .order_by(index_values.c.at, index_values.c.seq)
    )
    return [_value(row) for row in connection.execute(query)]


def _value(row: Row[Any]) -> IndexValue:
    return IndexValue(name=row.name, at=row.at, value=row.value, reporting=row.reporting)
