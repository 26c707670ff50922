"""Alerts: raised once each, every later step kept as a version of its own, so what an officer saw can be read again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    select,
)

from feeds.database import Instant, metadata
from indicators.model.alert import Alert, AlertKind, AlertState
from indicators.store.versions import Serial, add_new, alias

alert_versions = Table(
    "alert_versions",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("alert_id", String, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("problem", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("level", Integer, nullable=False),
    Column("episode", String, nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("state", String, nullable=False),
    Column("count", Integer, nullable=False),
    Column("threshold", Integer, nullable=False),
    Column("why", Text, nullable=False),
    Column("cleared_at", Instant),
    Column("acked_by", String, nullable=False),
    Column("acked_at", Instant),
    Column("ack_until", Instant),
    Column("note", Text, nullable=False),
    Column("assessment", String, nullable=False),
    # Two hands on one alert: the second write finds its number taken and thinks again.
    UniqueConstraint("alert_id", "revision"),
    Index("ix_alert_versions_raised", "problem", "raised_at"),
)

ASSESSMENTS = ("true", "false", "exercise", "unclear", "")


class AlertRefused(ValueError):
    """What was asked of an alert cannot be done; the line says why and what to do."""


def insert(connection: Connection, alert: Alert) -> bool:
    """Raise `alert` unless it was raised before; the answer says whether it is new."""
    row = _row(alert, revision=0, changed_at=alert.raised_at)
    return add_new(connection, alert_versions, row)


def alert(connection: Connection, alert_id: str, *, as_of: datetime | None = None) -> Alert | None:
    """One alert as it stood at `as_of`, or now."""
    found = _revision(connection, alert_id, as_of)
    return None if found is None else _alert(found, as_of)


def acknowledge(
    connection: Connection, alert_id: str, *, by: str, at: datetime, until: datetime, note: str = ""
) -> Alert:
    """Someone has taken this alert on, until `until`; then it is open again."""
    if until <= at:
        raise AlertRefused(f"alert {alert_id}: an acknowledgement until {until:%Y-%m-%d %H:%MZ} is over already")

    def taken(alert: Alert) -> Alert:
        if alert.state is AlertState.CLEARED:
            raise AlertRefused(
                f"alert {alert_id}: was cleared at {alert.cleared_at:%Y-%m-%d %H:%MZ}; assess it instead"
            )
        return replace(
            alert,
            state=AlertState.ACKNOWLEDGED,
            acked_by=by,
            acked_at=at,
            ack_until=until,
            note=note or alert.note,
        )

    return _change(connection, alert_id, at, taken)


def assess(connection: Connection, alert_id: str, *, assessment: str, at: datetime, note: str = "") -> Alert:
    """What the officer judges it to have been: 'true', 'false', 'exercise', 'unclear', or '' to take that back."""
    if assessment not in ASSESSMENTS:
        raise AlertRefused(f"alert {alert_id}: '{assessment}' is no assessment; write true, false, exercise or unclear")
    return _change(connection, alert_id, at, lambda held: replace(held, assessment=assessment, note=note or held.note))


def clear(connection: Connection, alert_id: str, *, at: datetime, why: str = "") -> Alert:
    """Its subject came back to normal; an alert cleared before stays as it is."""

    def cleared(alert: Alert) -> Alert:
        if alert.state is AlertState.CLEARED:
            return alert
        return replace(alert, state=AlertState.CLEARED, cleared_at=at, note=why or alert.note)

    return _change(connection, alert_id, at, cleared)


def alerts(
    connection: Connection,
    problem: str | None = None,
    *,
    as_of: datetime,
    raised_since: datetime | None = None,
    only_open: bool = False,
    limit: int | None = None,
) -> list[Alert]:
    """Alerts as they stood at `as_of`, latest first. An acknowledgement that ran out by then reads as raised."""
    rows = alias(alert_versions, "rows")
    last = (
        select(alert_versions.c.alert_id, func.max(alert_versions.c.revision).label("revision"))
        .where(alert_versions.c.changed_at <= as_of)
        .group_by(alert_versions.c.alert_id)
    )
    if problem is not None:
        last = last.where(alert_versions.c.problem == problem)
    if raised_since is not None:
        last = last.where(alert_versions.c.raised_at >= raised_since)
    known = last.subquery()
    query = select(rows).join_from(
        known, rows, (rows.c.alert_id == known.c.alert_id) & (rows.c.revision == known.c.revision)
    )
    if only_open:
        query = query.where(rows.c.state != AlertState.CLEARED.value)
    query = query.order_by(rows.c.raised_at.desc(), rows.c.level.desc(), rows.c.alert_id).limit(limit)
    return [_alert(row, as_of) for row in connection.execute(query)]


def open_alerts(connection: Connection, problem: str | None = None, *, as_of: datetime) -> list[Alert]:
    """The alerts not cleared at `as_of`, latest first."""
    return alerts(connection, problem, as_of=as_of, only_open=True)


def lately(connection: Connection, problem: str, *, as_of: datetime, raised_since: datetime) -> list[Alert]:
    """The open alerts and those raised since, whatever became of them, latest first: what a decision must know."""
    known = {alert.alert_id: alert for alert in open_alerts(connection, problem, as_of=as_of)}
    known |= {one.alert_id: one for one in alerts(connection, problem, as_of=as_of, raised_since=raised_since)}
    return sorted(known.values(), key=lambda alert: (alert.raised_at, alert.level, alert.alert_id), reverse=True)


def history(connection: Connection, alert_id: str) -> list[tuple[datetime, Alert]]:
    """Each step of an alert's life with its instant, oldest first."""
    rows = connection.execute(
        select(alert_versions).where(alert_versions.c.alert_id == alert_id).order_by(alert_versions.c.revision)
    )
    return [(row.changed_at, _alert(row, None)) for row in rows]


def save(connection: Connection, changed: Iterable[Alert], *, at: datetime) -> list[Alert]:
    """Keep alerts as a decision left them: known ones get a version, new ones are raised and come back."""
    new: list[Alert] = []
    for one in changed:
        if insert(connection, one):
            new.append(one)
        else:
            _change(connection, one.alert_id, at, _keeping_the_officers_word(one))
    return new


def _keeping_the_officers_word(decided: Alert) -> Callable[[Alert], Alert]:
    """The machine's word about a crossing, without what a person did to the alert meanwhile being lost."""

    def merged(held: Alert) -> Alert:
        closed = decided.state is AlertState.CLEARED and held.state is not AlertState.CLEARED
        return replace(
            held,
            count=decided.count,
            threshold=decided.threshold,
            why=decided.why,
            state=AlertState.CLEARED if closed else held.state,
            cleared_at=decided.cleared_at if closed else held.cleared_at,
            note=held.note or (decided.note if closed else ""),
        )

    return merged


def _change(connection: Connection, alert_id: str, at: datetime, change: Callable[[Alert], Alert]) -> Alert:
    while True:
        held = _revision(connection, alert_id, None)
        if held is None:
            raise AlertRefused(f"alert {alert_id}: there is none; `vedette alerts list` shows them")
        before = _alert(held, None)
        after = change(before)
        if after == before:
            return after
        row = _row(after, revision=held.revision + 1, changed_at=max(at, held.changed_at))
        if add_new(connection, alert_versions, row):
            return after


def _revision(connection: Connection, alert_id: str, as_of: datetime | None) -> Row[Any] | None:
    query = select(alert_versions).where(alert_versions.c.alert_id == alert_id)
    if as_of is not None:
        query = query.where(alert_versions.c.changed_at <= as_of)
    return connection.execute(query.order_by(alert_versions.c.revision.desc()).limit(1)).first()


def _row(alert: Alert, *, revision: int, changed_at: datetime) -> dict[str, Any]:
    return {
        "alert_id": alert.alert_id,
        "revision": revision,
        "changed_at": changed_at,
        "problem": alert.problem,
        "kind": alert.kind.value,
        "subject": alert.subject,
        "level": int(alert.level),
        "episode": alert.episode,
        "raised_at": alert.raised_at,
        "state": alert.state.value,
        "count": alert.count,
        "threshold": alert.threshold,
        "why": alert.why,
        "cleared_at": alert.cleared_at,
        "acked_by": alert.acked_by,
        "acked_at": alert.acked_at,
        "ack_until": alert.ack_until,
        "note": alert.note,
        "assessment": alert.assessment,
    }


def _alert(row: Row[Any], as_of: datetime | None) -> Alert:
    state = AlertState(row.state)
    if as_of is not None and state is AlertState.ACKNOWLEDGED and row.ack_until is not None and row.ack_until <= as_of:
        state = AlertState.RAISED
    return Alert(
        alert_id=row.alert_id,
        problem=row.problem,
        kind=AlertKind(row.kind),
        subject=row.subject,
        level=row.level,
        episode=row.episode,
        raised_at=row.raised_at,
        state=state,
        count=row._mapping["count"],
        threshold=row.threshold,
        why=row.why,
        cleared_at=row.cleared_at,
        acked_by=row.acked_by,
        acked_at=row.acked_at,
        ack_until=row.ack_until,
        note=row.note,
        assessment=row.assessment,
    )
