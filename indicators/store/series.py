"""Counts and coverage by day, added as they became known; a sum of changes is what an officer saw at any instant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Date,
    Float,
    Index,
    Integer,
    Select,
    String,
    Table,
    func,
    insert,
    select,
)

from feeds.database import Instant, metadata
from indicators.model.series import CountChange, DayCoverage
from indicators.store.versions import Serial, alias, newest

count_changes = Table(
    "count_changes",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("problem", String, nullable=False),
    Column("indicator", String, nullable=False),
    Column("occurred_on", Date, nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("events", Integer, nullable=False),
    Column("mentions", Integer, nullable=False),
    Index("ix_count_changes_day", "problem", "indicator", "occurred_on", "known_at", "events", "mentions"),
)

day_coverage = Table(
    "day_coverage",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("problem", String, nullable=False),
    Column("indicator", String, nullable=False),
    Column("day", Date, nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("exposure", Float, nullable=False),
    Column("coverage", Float),
    Index("ix_day_coverage_day", "problem", "indicator", "day", "known_at", "seq"),
)

COVERAGE_KEYS = ("problem", "indicator", "day")
COVERAGE_WITHIN = 0.005
EXPOSURE_WITHIN = 0.02
"""Shares nearer than half a per cent, exposures nearer than two, are one figure: a feed's worth is learned anew at
every look, and a table that kept each breath of it would grow by a row an indicator and day for nothing."""
NEXT_TO_NOTHING = 1e-6


def add_changes(connection: Connection, changes: Iterable[CountChange]) -> None:
    """Keep these changes; those that change nothing are left out."""
    rows = [
        {
            "problem": change.problem,
            "indicator": change.indicator,
            "occurred_on": change.occurred_on,
            "known_at": change.known_at,
            "events": change.events,
            "mentions": change.mentions,
        }
        for change in changes
        if change.events or change.mentions
    ]
    if rows:
        connection.execute(insert(count_changes), rows)


def changes(
    connection: Connection,
    problem: str,
    since: date | None = None,
    until: date | None = None,
    *,
    as_of: datetime,
    indicators: Sequence[str] | None = None,
) -> list[CountChange]:
    """The changes known by `as_of` to these days (both included), as they became known."""
    query = select(count_changes).where(*_days(count_changes, "occurred_on", problem, since, until, indicators))
    query = query.where(count_changes.c.known_at <= as_of).order_by(count_changes.c.known_at, count_changes.c.seq)
    return [
        CountChange(
            problem=row.problem,
            indicator=row.indicator,
            occurred_on=row.occurred_on,
            known_at=row.known_at,
            events=row.events,
            mentions=row.mentions,
        )
        for row in connection.execute(query)
    ]


def counts(
    connection: Connection,
    problem: str,
    since: date | None = None,
    until: date | None = None,
    *,
    as_of: datetime,
    indicators: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Columns indicator, day, events, mentions: the sums known by `as_of`. A day nobody spoke of has no row."""
    query = (
        select(
            count_changes.c.indicator,
            count_changes.c.occurred_on.label("day"),
            func.sum(count_changes.c.events).label("events"),
            func.sum(count_changes.c.mentions).label("mentions"),
        )
        .where(*_days(count_changes, "occurred_on", problem, since, until, indicators))
        .where(count_changes.c.known_at <= as_of)
        .group_by(count_changes.c.indicator, count_changes.c.occurred_on)
        .order_by(count_changes.c.indicator, count_changes.c.occurred_on)
    )
    return _frame(connection, query, {"events": "int64", "mentions": "int64"})


def save_coverage(
    connection: Connection,
    problem: str,
    rows: Sequence[DayCoverage],
    known_at: datetime,
    *,
    held: Mapping[tuple[str, date], DayCoverage] | None = None,
) -> list[DayCoverage]:
    """Keep those figures that say something else than what was known before, and give them back.

    `held` is what was known before, where the caller has it at hand; otherwise it is read.
    """
    if not rows:
        return []
    if held is None:
        known = coverage(
            connection,
            problem,
            min(row.day for row in rows),
            max(row.day for row in rows),
            as_of=known_at,
            indicators=sorted({row.indicator for row in rows}),
        )
        held = {(row.indicator, row.day): row for row in known}
    news = [row for row in rows if not _same(row, held.get((row.indicator, row.day)))]
    if news:
        connection.execute(
            insert(day_coverage),
            [
                {
                    "problem": problem,
                    "indicator": row.indicator,
                    "day": row.day,
                    "known_at": known_at,
                    "exposure": row.exposure,
                    "coverage": row.coverage,
                }
                for row in news
            ],
        )
    return news


def _same(new: DayCoverage, held: DayCoverage | None) -> bool:
    """Whether two figures tell a person and a detector the same."""
    if held is None or abs(new.exposure - held.exposure) > EXPOSURE_WITHIN * max(held.exposure, NEXT_TO_NOTHING):
        return False
    if new.coverage is None or held.coverage is None:
        return new.coverage is held.coverage
    return abs(new.coverage - held.coverage) <= COVERAGE_WITHIN


def coverage(
    connection: Connection,
    problem: str,
    since: date | None = None,
    until: date | None = None,
    *,
    as_of: datetime,
    indicators: Sequence[str] | None = None,
) -> list[DayCoverage]:
    """What could be seen on these days, as known at `as_of`."""
    query = _coverage_query(problem, since, until, as_of, indicators)
    return [
        DayCoverage(indicator=row.indicator, day=row.day, exposure=row.exposure, coverage=row.coverage)
        for row in connection.execute(query)
    ]


def coverage_frame(
    connection: Connection,
    problem: str,
    since: date | None = None,
    until: date | None = None,
    *,
    as_of: datetime,
    indicators: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Columns indicator, day, exposure, coverage (NaN where nothing can carry the indicator), as known at `as_of`."""
    query = _coverage_query(problem, since, until, as_of, indicators)
    return _frame(connection, query, {"exposure": "float64", "coverage": "float64"})


def _coverage_query(
    problem: str, since: date | None, until: date | None, as_of: datetime, indicators: Sequence[str] | None
) -> Select[Any]:
    rows = alias(day_coverage, "rows")
    return (
        select(rows.c.indicator, rows.c.day, rows.c.exposure, rows.c.coverage)
        .where(*_days(rows, "day", problem, since, until, indicators))
        .where(newest(rows, day_coverage, COVERAGE_KEYS, as_of=as_of))
        .order_by(rows.c.indicator, rows.c.day)
    )


def _days(
    rows: Any, column: str, problem: str, since: date | None, until: date | None, indicators: Sequence[str] | None
) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [rows.c.problem == problem]
    if indicators is not None:
        wanted.append(rows.c.indicator.in_(list(indicators)))
    if since is not None:
        wanted.append(rows.c[column] >= since)
    if until is not None:
        wanted.append(rows.c[column] <= until)
    return wanted


def _frame(connection: Connection, query: Select[Any], kinds: dict[str, str]) -> pd.DataFrame:
    rows = connection.execute(query)
    names = list(rows.keys())
    columns = list(zip(*rows.all(), strict=True)) or [() for _ in names]
    frame = pd.DataFrame({name: list(values) for name, values in zip(names, columns, strict=True)})
    frame["day"] = pd.to_datetime(frame["day"]).astype("datetime64[us]")
    frame["indicator"] = frame["indicator"].astype(str)
    return frame.astype(kinds)
