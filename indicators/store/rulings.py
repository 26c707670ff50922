"""Officers' rulings on what is one happening: words are added, never changed; the last on an id is in force."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Index, Row, String, Table, Text, insert, select
from sqlalchemy.types import JSON

from feeds.database import Instant, metadata
from indicators.model.ruling import Ruling, RulingKind
from indicators.store.versions import Serial, alias, newest

rulings = Table(
    "rulings",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("ruling_id", String, nullable=False),
    Column("problem", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("family", String, nullable=False),
    Column("indicator", String),
    Column("mentions", JSON, nullable=False),
    Column("ruled_by", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Column("in_force", Boolean, nullable=False),
    Index("ix_rulings_word", "problem", "ruling_id", "at", "seq"),
)


def add(connection: Connection, ruling: Ruling) -> None:
    """Keep an officer's word; one on an id that is there follows it."""
    connection.execute(
        insert(rulings).values(
            ruling_id=ruling.ruling_id,
            problem=ruling.problem,
            kind=ruling.kind.value,
            family=ruling.family,
            indicator=ruling.indicator,
            mentions=list(ruling.mentions),
            ruled_by=ruling.by,
            at=ruling.at,
            reason=ruling.reason,
            in_force=ruling.in_force,
        )
    )


def in_force(connection: Connection, problem: str, *, as_of: datetime) -> list[Ruling]:
    """The rulings that hold at `as_of`, the earliest first."""
    return [ruling for ruling in words(connection, problem, as_of=as_of) if ruling.in_force]


def words(connection: Connection, problem: str, *, as_of: datetime) -> list[Ruling]:
    """The last word on every ruling known at `as_of`, ended ones included."""
    said = alias(rulings, "said")
    query = (
        select(said)
        .where(said.c.problem == problem, newest(said, rulings, ("problem", "ruling_id"), as_of=as_of, at="at"))
        .order_by(said.c.at, said.c.seq)
    )
    return [_ruling(row) for row in connection.execute(query)]


def _ruling(row: Row[Any]) -> Ruling:
    return Ruling(
        ruling_id=row.ruling_id,
        problem=row.problem,
        kind=RulingKind(row.kind),
        family=row.family,
        indicator=row.indicator,
        mentions=tuple(row.mentions),
        by=row.ruled_by,
        at=row.at,
        reason=row.reason,
        in_force=row.in_force,
    )
