"""Officers' corrections of signals: words are added, never changed; the last on a signal is in force."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Index, Row, String, Table, Text, case, func, insert, select

from feeds.database import Instant, metadata
from indicators.model.correction import Correction, Precision, Verdict
from indicators.store.signals import signals
from indicators.store.versions import Serial, alias, batches, newest

corrections = Table(
    "corrections",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("problem", String, nullable=False),
    Column("signal_id", String, nullable=False),
    Column("item_id", String, nullable=False),
    Column("source", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("catalogue_version", String, nullable=False),
    Column("family", String, nullable=False),
    Column("counted", Boolean, nullable=False),
    Column("verdict", String, nullable=False),
    Column("right_family", String, nullable=False),
    Column("right_indicator", String),
    Column("corrected_by", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_corrections_signal", "problem", "signal_id", "at", "seq"),
)


def add(connection: Connection, correction: Correction) -> None:
    """Keep an officer's word; one on a signal that has one follows it."""
    connection.execute(
        insert(corrections).values(
            problem=correction.problem,
            signal_id=correction.signal_id,
            item_id=correction.item_id,
            source=correction.source,
            rule=correction.rule,
            catalogue_version=correction.catalogue_version,
            family=correction.family,
            counted=correction.counted,
            verdict=correction.verdict.value,
            right_family=correction.right_family,
            right_indicator=correction.right_indicator,
            corrected_by=correction.by,
            at=correction.at,
            reason=correction.reason,
        )
    )


def after(connection: Connection, problem: str, seq: int) -> list[Correction]:
    """The words kept since row `seq`, in the order in which they came."""
    query = select(corrections).where(corrections.c.problem == problem, corrections.c.seq > seq)
    return [_correction(row) for row in connection.execute(query.order_by(corrections.c.seq))]


def in_force(connection: Connection, problem: str, *, as_of: datetime) -> list[Correction]:
    """The last word on every signal that has one, as known at `as_of`, the earliest first."""
    said = alias(corrections, "said")
    query = select(said).where(
        said.c.problem == problem, newest(said, corrections, ("problem", "signal_id"), as_of=as_of, at="at")
    )
    return [_correction(row) for row in connection.execute(query.order_by(said.c.at, said.c.seq))]


def history(
    connection: Connection, problem: str, signal_ids: Sequence[str], *, as_of: datetime
) -> dict[str, list[Correction]]:
    """Every word on each of these signals, oldest first."""
    found: dict[str, list[Correction]] = {}
    for some in batches(list(signal_ids)):
        query = select(corrections).where(
            corrections.c.problem == problem, corrections.c.signal_id.in_(some), corrections.c.at <= as_of
        )
        for row in connection.execute(query.order_by(corrections.c.at, corrections.c.seq)):
            found.setdefault(row.signal_id, []).append(_correction(row))
    return found


def precision(connection: Connection, problem: str, *, of: str, as_of: datetime) -> list[Precision]:
    """For each rule or source (`of`) that officers have judged: how much of what it had counted was right.

    Only what was counted is judged here: a signal that counted nothing misled nobody.
    """
    said = alias(corrections, "said")
    key = said.c[of]
    judged = (
        select(key, func.count(), func.sum(case((said.c.verdict == Verdict.RIGHT.value, 1), else_=0)))
        .where(
            said.c.problem == problem,
            said.c.counted.is_(True),
            newest(said, corrections, ("problem", "signal_id"), as_of=as_of, at="at"),
        )
        .group_by(key)
    )
    own = signals.c[of]
    coded = (
        select(own, func.count(signals.c.signal_id.distinct()))
        .where(signals.c.problem == problem, signals.c.counted.is_(True), signals.c.known_at <= as_of)
        .group_by(own)
    )
    totals: dict[str, int] = {name: int(count) for name, count in connection.execute(coded)}
    rows = [
        Precision(name=name, coded=max(totals.get(name, 0), int(count)), judged=int(count), right=int(right))
        for name, count, right in connection.execute(judged)
    ]
    return sorted(rows, key=lambda one: (one.share or 0.0, -one.judged, one.name))


def _correction(row: Row[Any]) -> Correction:
    return Correction(
        problem=row.problem,
        signal_id=row.signal_id,
        item_id=row.item_id,
        source=row.source,
        rule=row.rule,
        catalogue_version=row.catalogue_version,
        family=row.family,
        counted=row.counted,
        verdict=Verdict(row.verdict),
        right_family=row.right_family,
        right_indicator=row.right_indicator,
        by=row.corrected_by,
        at=row.at,
        reason=row.reason,
        seq=row.seq,
    )
