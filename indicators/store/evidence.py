"""The words behind a count: signals with the item that says so and the event they were folded into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, and_, func, select

from feeds.store import ITEMS
from indicators.model.event import Origin
from indicators.model.signal import Signal
from indicators.store.events import REPORT_KEYS, event_reports, origin_from
from indicators.store.signals import signal_from, signals
from indicators.store.versions import alias, newest


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRow:
    """A signal as a page or a mail shows it. All its text is hostile: escape it."""

    signal: Signal
    title: str
    text: str
    """The whole item after its title; the quote's offsets count in title, blank line, text."""
    url: str
    lang: str
    event_id: str | None = None
    """The event it counts in; None for a signal that makes none."""
    origin: Origin | None = None
    traced_by: str = ""
    reprint_of: str | None = None

    @property
    def quote(self) -> str:
        """The words that say so."""
        return self.signal.evidence.quote

    @property
    def source(self) -> str:
        """The feed's id."""
        return self.signal.source

    @property
    def published_at(self) -> datetime:
        """When the source published it."""
        return self.signal.published_at


def evidence(
    connection: Connection,
    problem: str,
    *,
    as_of: datetime,
    indicators: Sequence[str] | None = None,
    family: str | None = None,
    since: date | None = None,
    until: date | None = None,
    counted: bool | None = None,
    limit: int | None = 200,
    offset: int = 0,
) -> list[EvidenceRow]:
    """What was known by `as_of`, latest publication first; `since` and `until` are days of the happening, included."""
    reports = alias(event_reports, "reports")
    in_an_event = and_(
        reports.c.signal_seq == signals.c.seq,
        reports.c.problem == signals.c.problem,
        reports.c.present.is_(True),
        newest(reports, event_reports, REPORT_KEYS, as_of=as_of, at="version_at"),
    )
    query = (
        select(
            *(column for column in signals.c if column.name != "problem"),
            ITEMS.c.title,
            ITEMS.c.text,
            ITEMS.c.url,
            ITEMS.c.lang,
            reports.c.event_id,
            reports.c.origin_id,
            reports.c.origin_name,
            reports.c.origin_official,
            reports.c.origin_state,
            reports.c.origin_kind,
            reports.c.traced_by,
            reports.c.reprint_of,
        )
        .select_from(signals)
        .join(ITEMS, ITEMS.c.item_id == signals.c.item_id, isouter=True)
        .join(reports, in_an_event, isouter=True)
        .where(signals.c.problem == problem, signals.c.known_at <= as_of)
    )
    if indicators is not None:
        query = query.where(signals.c.indicator.in_(list(indicators)))
    if family is not None:
        query = query.where(signals.c.family == family)
    if since is not None:
        query = query.where(signals.c.occurred_to >= since)
    if until is not None:
        query = query.where(signals.c.occurred_to <= until)
    if counted is not None:
        query = query.where(signals.c.counted.is_(counted))
    # A recoded item has one row a catalogue; the last one known speaks.
    query = query.where(_last_coding(as_of))
    query = query.order_by(signals.c.published_at.desc(), signals.c.seq.desc()).limit(limit).offset(offset)
    return [_evidence(row) for row in connection.execute(query)]


def _last_coding(as_of: datetime) -> Any:
    again = alias(signals, "again")
    return ~(
        select(again.c.seq)
        .where(
            again.c.problem == signals.c.problem,
            again.c.item_id == signals.c.item_id,
            again.c.known_at <= as_of,
            again.c.catalogue_version != signals.c.catalogue_version,
            again.c.seq > signals.c.seq,
        )
        .exists()
    )


def how_many(
    connection: Connection, problem: str, *, as_of: datetime, indicators: Sequence[str] | None = None
) -> dict[str | None, int]:
    """Signals known by `as_of` for each indicator, counted or not."""
    query = select(signals.c.indicator, func.count()).where(signals.c.problem == problem, signals.c.known_at <= as_of)
    if indicators is not None:
        query = query.where(signals.c.indicator.in_(list(indicators)))
    return {row[0]: row[1] for row in connection.execute(query.group_by(signals.c.indicator))}


def _evidence(row: Any) -> EvidenceRow:
    return EvidenceRow(
        signal=signal_from(row),
        title=row.title or "",
        text=row.text or "",
        url=row.url or "",
        lang=row.lang or "",
        event_id=row.event_id,
        origin=None if row.origin_id is None else origin_from(row),
        traced_by=row.traced_by or "",
        reprint_of=row.reprint_of,
    )
