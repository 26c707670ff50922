"""Which past days of an indicator are known episodes: said by the watch itself or by a person, never rewritten."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Date, Index, Row, String, Table, Text, insert, select

from feeds.database import Instant, metadata
from indicators.model.series import SeriesLabel
from indicators.store.versions import Serial

ORDINARY = "none"
LABELS = ("episode", "event", "test", ORDINARY)

series_labels = Table(
    "series_labels",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("problem", String, nullable=False),
    Column("indicator", String, nullable=False),
    Column("first_on", Date, nullable=False),
    Column("last_on", Date, nullable=False),
    Column("label", String, nullable=False),
    Column("set_by", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_series_labels_at", "problem", "at", "seq"),
)


class LabelRefused(ValueError):
    """This label cannot be; the line names the value and the remedy."""


def add(connection: Connection, labels: Iterable[SeriesLabel]) -> None:
    """Keep these labels; a later one speaks for its days over every earlier one."""
    rows = []
    for one in labels:
        if one.first_on > one.last_on:
            raise LabelRefused(f"{one.indicator}: {one.first_on} is after {one.last_on}; give the earlier day first")
        if one.label not in LABELS:
            raise LabelRefused(f"{one.indicator}: {one.label!r} is no label; use one of {', '.join(LABELS)}")
        rows.append(
            {
                "problem": one.problem,
                "indicator": one.indicator,
                "first_on": one.first_on,
                "last_on": one.last_on,
                "label": one.label,
                "set_by": one.by,
                "at": one.at,
                "reason": one.reason,
            }
        )
    if rows:
        connection.execute(insert(series_labels), rows)


def known(
    connection: Connection, problem: str, *, as_of: datetime, since: date | None = None, indicator: str | None = None
) -> list[SeriesLabel]:
    """The labels known by `as_of` of days from `since` on, in the order in which they were said."""
    query = select(series_labels).where(series_labels.c.problem == problem, series_labels.c.at <= as_of)
    if since is not None:
        query = query.where(series_labels.c.last_on >= since)
    if indicator is not None:
        query = query.where(series_labels.c.indicator == indicator)
    return [_label(row) for row in connection.execute(query.order_by(series_labels.c.at, series_labels.c.seq))]


def days(labels: Iterable[SeriesLabel]) -> dict[str, set[date]]:
    """The labelled days of each indicator, after everything that was said of them."""
    found: dict[str, set[date]] = {}
    for one in labels:
        span = {one.first_on + timedelta(days=n) for n in range((one.last_on - one.first_on).days + 1)}
        mine = found.setdefault(one.indicator, set())
        if one.label == ORDINARY:
            mine -= span
        else:
            mine |= span
    return found


def _label(row: Row[Any]) -> SeriesLabel:
    return SeriesLabel(
        problem=row.problem,
        indicator=row.indicator,
        first_on=row.first_on,
        last_on=row.last_on,
        label=row.label,
        by=row.set_by,
        at=row.at,
        reason=row.reason,
    )
