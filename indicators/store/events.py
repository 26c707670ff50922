"""Events as they became known: versions and reports are added, never changed, so any past instant can be read again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    ForeignKey,
    FromClause,
    Index,
    Integer,
    Row,
    Select,
    String,
    Table,
    Text,
    func,
    insert,
    select,
)

from feeds.database import Instant, metadata
from indicators.model.event import Event, Origin, Report
from indicators.store.signals import identity, numbers_of, signal_from, signals
from indicators.store.versions import Serial, alias, batches, newest

event_versions = Table(
    "event_versions",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("problem", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("version_at", Instant, nullable=False),
    Column("family", String, nullable=False),
    Column("indicator", String),
    Column("occurred_on", Date, nullable=False),
    Column("first_known_at", Instant, nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("credibility", Integer, nullable=False),
    Column("counted", Boolean, nullable=False),
    Column("why", Text, nullable=False),
    Column("retired", Boolean, nullable=False),
    Column("cancelled_by", String, nullable=False),
    Index("ix_event_versions_event", "problem", "event_id", "version_at", "seq"),
    Index("ix_event_versions_day", "problem", "occurred_on"),
)

event_reports = Table(
    "event_reports",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("problem", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("signal_seq", Serial, ForeignKey("signals.seq"), nullable=False),
    Column("version_at", Instant, nullable=False),
    Column("present", Boolean, nullable=False),
    Column("url", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("owner", String, nullable=False),
    Column("reliability", String, nullable=False),
    Column("origin_id", String, nullable=False),
    Column("origin_name", String, nullable=False),
    Column("origin_official", Boolean, nullable=False),
    Column("origin_state", String, nullable=False),
    Column("origin_kind", String, nullable=False),
    Column("traced_by", String, nullable=False),
    Column("reprint_of", String),
    Index("ix_event_reports_event", "problem", "event_id", "signal_seq", "version_at", "seq"),
    Index("ix_event_reports_signal", "signal_seq"),
)

VERSION_KEYS = ("problem", "event_id")
REPORT_KEYS = ("problem", "event_id", "signal_seq")
HEADER = (
    "family",
    "indicator",
    "occurred_on",
    "first_known_at",
    "known_at",
    "credibility",
    "counted",
    "why",
    "cancelled_by",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """How much a step changed, for the log and the benchmark."""

    versions: int
    reports: int
    retired: int


def save(
    connection: Connection,
    problem: str,
    changed: Sequence[Event],
    known_at: datetime,
    *,
    retired: Iterable[str] = (),
) -> Saved:
    """Keep these events as they are known at `known_at`; `retired` are ids that a merge or correction took away.

    Only what differs from the version in force then is written, so saving the same events again writes nothing.
    """
    gone = sorted(set(retired) - {event.event_id for event in changed})
    ids = [*(event.event_id for event in changed), *gone]
    held = _versions_in_force(connection, problem, ids, known_at)
    versions = [
        _version_row(problem, event, known_at)
        for event in changed
        if event.event_id not in held or _header_of(held[event.event_id]) != _header(event)
    ]
    farewells = [
        {**{name: getattr(held[event_id], name) for name in HEADER}, **_frame(problem, event_id, known_at, True)}
        for event_id in gone
        if event_id in held and not held[event_id].retired
    ]
    reports = _report_changes(connection, problem, changed, known_at)
    if versions or farewells:
        connection.execute(insert(event_versions), [*versions, *farewells])
    if reports:
        connection.execute(insert(event_reports), reports)
    return Saved(versions=len(versions), reports=len(reports), retired=len(farewells))


def events(
    connection: Connection,
    problem: str,
    since: date | None = None,
    until: date | None = None,
    *,
    as_of: datetime,
    indicator: str | None = None,
    family: str | None = None,
) -> list[Event]:
    """The events of these days (both included) as known at `as_of`, by day, then by first publication."""
    versions = alias(event_versions, "versions")
    wanted = [versions.c.problem == problem]
    if since is not None:
        wanted.append(versions.c.occurred_on >= since)
    if until is not None:
        wanted.append(versions.c.occurred_on <= until)
    if indicator is not None:
        wanted.append(versions.c.indicator == indicator)
    if family is not None:
        wanted.append(versions.c.family == family)
    return _read(connection, problem, versions, wanted, as_of)


def event(connection: Connection, problem: str, event_id: str, *, as_of: datetime) -> Event | None:
    """One event as known at `as_of`; None when it was not known or had been folded into another."""
    found = events_by_id(connection, problem, [event_id], as_of=as_of)
    return found[0] if found else None


def events_by_id(connection: Connection, problem: str, event_ids: Sequence[str], *, as_of: datetime) -> list[Event]:
    """Those of these events that stood at `as_of`."""
    found: list[Event] = []
    for some in batches(sorted(set(event_ids))):
        versions = alias(event_versions, "versions")
        wanted = [versions.c.problem == problem, versions.c.event_id.in_(some)]
        found += _read(connection, problem, versions, wanted, as_of)
    return found


def _read(
    connection: Connection, problem: str, versions: FromClause, wanted: list[ColumnElement[bool]], as_of: datetime
) -> list[Event]:
    in_force = [
        *wanted,
        versions.c.retired.is_(False),
        newest(versions, event_versions, VERSION_KEYS, as_of=as_of, at="version_at"),
    ]
    heads = connection.execute(select(versions).where(*in_force)).all()
    if not heads:
        return []
    reports = alias(event_reports, "reports")
    ids = select(versions.c.event_id).where(*in_force)
    query = _reports_query(reports).where(
        reports.c.problem == problem,
        reports.c.event_id.in_(ids),
        reports.c.present.is_(True),
        newest(reports, event_reports, REPORT_KEYS, as_of=as_of, at="version_at"),
    )
    by_event: dict[str, list[Report]] = {}
    for row in connection.execute(query):
        by_event.setdefault(row.event_id, []).append(_report(row))
    return sorted((_event(head, by_event.get(head.event_id, [])) for head in heads), key=event_order)


def _reports_query(reports: FromClause) -> Select[Any]:
    own = (
        reports.c.event_id,
        reports.c.url,
        reports.c.title,
        reports.c.owner,
        reports.c.reliability,
        reports.c.origin_id,
        reports.c.origin_name,
        reports.c.origin_official,
        reports.c.origin_state,
        reports.c.origin_kind,
        reports.c.traced_by,
        reports.c.reprint_of,
    )
    coded = [column for column in signals.c if column.name not in ("seq", "problem")]
    return select(*own, *coded).join_from(reports, signals, signals.c.seq == reports.c.signal_seq)


def _report(row: Row[Any]) -> Report:
    return Report(
        signal=signal_from(row),
        url=row.url,
        title=row.title,
        owner=row.owner,
        reliability=row.reliability,
        origin=origin_from(row),
        traced_by=row.traced_by,
        reprint_of=row.reprint_of,
    )


def origin_from(row: Any) -> Origin:
    """The origin that a row of reports holds."""
    return Origin(
        id=row.origin_id,
        name=row.origin_name,
        official=row.origin_official,
        state=row.origin_state,
        kind=row.origin_kind,
    )


def report_order(report: Report) -> tuple[datetime, str, int, int, str]:
    """Earliest publication first, then as the events room orders them, so that an event comes back as it was given."""
    signal, words = report.signal, report.signal.evidence
    return signal.published_at, signal.item_id, words.start, words.end, signal.signal_id


def event_order(event: Event) -> tuple[date, datetime, str]:
    """By day, then by first publication."""
    return event.occurred_on, event.reports[0].signal.published_at, event.event_id


def _event(head: Row[Any], reports: list[Report]) -> Event:
    return Event(
        event_id=head.event_id,
        family=head.family,
        indicator=head.indicator,
        occurred_on=head.occurred_on,
        first_known_at=head.first_known_at,
        known_at=head.known_at,
        reports=tuple(sorted(reports, key=report_order)),
        credibility=head.credibility,
        counted=head.counted,
        why=head.why,
        cancelled_by=head.cancelled_by,
    )


def _header(event: Event) -> tuple[Any, ...]:
    return (*(getattr(event, name) for name in HEADER), False)


def _header_of(row: Row[Any]) -> tuple[Any, ...]:
    return (*(getattr(row, name) for name in HEADER), row.retired)


def _frame(problem: str, event_id: str, version_at: datetime, retired: bool) -> dict[str, Any]:
    return {"problem": problem, "event_id": event_id, "version_at": version_at, "retired": retired}


def _version_row(problem: str, event: Event, version_at: datetime) -> dict[str, Any]:
    header = {name: getattr(event, name) for name in HEADER}
    return {**header, **_frame(problem, event.event_id, version_at, False)}


def _versions_in_force(
    connection: Connection, problem: str, event_ids: Sequence[str], as_of: datetime
) -> dict[str, Row[Any]]:
    held: dict[str, Row[Any]] = {}
    for some in batches(event_ids):
        versions = alias(event_versions, "versions")
        rows = connection.execute(
            select(versions).where(
                versions.c.problem == problem,
                versions.c.event_id.in_(some),
                newest(versions, event_versions, VERSION_KEYS, as_of=as_of, at="version_at"),
            )
        )
        held |= {row.event_id: row for row in rows}
    return held


REPORT_FACTS = (
    "url",
    "title",
    "owner",
    "reliability",
    "origin_id",
    "origin_name",
    "origin_official",
    "origin_state",
    "origin_kind",
    "traced_by",
    "reprint_of",
)


def _report_changes(
    connection: Connection, problem: str, changed: Sequence[Event], version_at: datetime
) -> list[dict[str, Any]]:
    """The rows that turn the reports in force into those of `changed`: joined, altered, gone."""
    numbers = numbers_of(connection, problem, (report.signal for event in changed for report in event.reports))
    held = _reports_in_force(connection, problem, [event.event_id for event in changed], version_at)
    rows: list[dict[str, Any]] = []
    for event in changed:
        before = dict(held.get(event.event_id, {}))
        for report in event.reports:
            number = numbers[identity(report.signal)]
            facts = _facts(report)
            if before.pop(number, None) != facts:
                rows.append(_report_row(problem, event.event_id, number, version_at, facts, present=True))
        rows += [
            _report_row(problem, event.event_id, number, version_at, facts, present=False)
            for number, facts in before.items()
        ]
    return rows


def _reports_in_force(
    connection: Connection, problem: str, event_ids: Sequence[str], as_of: datetime
) -> dict[str, dict[int, tuple[Any, ...]]]:
    held: dict[str, dict[int, tuple[Any, ...]]] = {}
    for some in batches(event_ids):
        reports = alias(event_reports, "reports")
        rows = connection.execute(
            select(reports).where(
                reports.c.problem == problem,
                reports.c.event_id.in_(some),
                reports.c.present.is_(True),
                newest(reports, event_reports, REPORT_KEYS, as_of=as_of, at="version_at"),
            )
        )
        for row in rows:
            facts = tuple(getattr(row, name) for name in REPORT_FACTS)
            held.setdefault(row.event_id, {})[row.signal_seq] = facts
    return held


def _facts(report: Report) -> tuple[Any, ...]:
    origin = report.origin
    return (
        report.url,
        report.title,
        report.owner,
        report.reliability,
        origin.id,
        origin.name,
        origin.official,
        origin.state,
        origin.kind,
        report.traced_by,
        report.reprint_of,
    )


def _report_row(
    problem: str, event_id: str, number: int, version_at: datetime, facts: tuple[Any, ...], *, present: bool
) -> dict[str, Any]:
    return {
        "problem": problem,
        "event_id": event_id,
        "signal_seq": number,
        "version_at": version_at,
        "present": present,
        **dict(zip(REPORT_FACTS, facts, strict=True)),
    }


def count(connection: Connection, problem: str) -> int:
    """How many events were ever known for a problem."""
    query = select(func.count(func.distinct(event_versions.c.event_id))).where(event_versions.c.problem == problem)
    return int(connection.execute(query).scalar_one())


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """How an event stood from an instant on."""

    version_at: datetime
    occurred_on: date
    credibility: int
    counted: bool
    why: str
    retired: bool
    """Whether it was folded into another, or taken away, at this instant."""


def history(connection: Connection, problem: str, event_id: str, *, as_of: datetime) -> list[Version]:
    """Every version of an event known by `as_of`, the earliest first."""
    query = (
        select(event_versions)
        .where(
            event_versions.c.problem == problem,
            event_versions.c.event_id == event_id,
            event_versions.c.version_at <= as_of,
        )
        .order_by(event_versions.c.version_at, event_versions.c.seq)
    )
    return [
        Version(
            version_at=row.version_at,
            occurred_on=row.occurred_on,
            credibility=row.credibility,
            counted=row.counted,
            why=row.why,
            retired=row.retired,
        )
        for row in connection.execute(query)
    ]
