"""Which events are fresh, who said so, and how large a force they report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from indicators.model.event import Event, Origin, independent
from indicators.model.signal import Assertion, Direction, Signal

ACTIVE_WITHIN = timedelta(hours=72)
WHOLE = "force_size"
"""The family whose numbers are of the whole force; those of others are of what moved."""


def happened_at(event: Event) -> datetime:
    """The latest instant it can have happened: its first publication, or the end of its day if that is earlier."""
    day_ends = datetime.combine(event.occurred_on + timedelta(days=1), time(), tzinfo=UTC)
    published = min((report.signal.published_at for report in event.reports), default=event.first_known_at)
    return min(day_ends, published)


def is_active(event: Event, *, now: datetime, within: timedelta) -> bool:
    """Whether the event counts, was known by `now`, and happened within the span before it."""
    return event.counted and event.first_known_at <= now and now - happened_at(event) <= within


def active_events(events: Iterable[Event], *, now: datetime, within: timedelta) -> dict[str, list[Event]]:
    """The active events of each indicator."""
    found: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.indicator is not None and is_active(event, now=now, within=within):
            found[event.indicator].append(event)
    return dict(found)


def origins_of(events: Iterable[Event]) -> tuple[Origin, ...]:
    """The independent known origins of these events, in order; a state's officials are one over all of them."""
    return independent(report for event in events for report in event.saying)


def reported_force(
    events: Iterable[Event],
    *,
    families: Collection[str],
    now: datetime,
    within: timedelta = ACTIVE_WITHIN,
    lasts: timedelta = ACTIVE_WITHIN,
) -> tuple[float, Event] | None:
    """The number of troops reported present, and the event that says so.

    An army that was counted does not leave because nobody counts it again: the largest figure stands for as long as it
    `lasts`, or until two independent voices, no officials, have counted the whole anew `within` one span; then the
    largest of that span stands. So no level falls on an official's word, nor on one battalion's number. The lower
    figure of a range counts; what is only planned, or goes away, is no force in the area.
    """
    counts = [
        _Count(at=happened_at(event), troops=signal.quantity.low, origin=report.origin, event=event)
        for event in events
        if event.family in families and is_active(event, now=now, within=lasts)
        for report in event.reports
        for signal in [report.signal]
        if signal.quantity is not None and _is_present(signal)
    ]
    counted_anew = [one for one in counts if one.event.family == WHOLE and one.origin.known and not one.origin.official]
    newest = max((one.at for one in counted_anew), default=None)
    if newest is not None and len({one.origin.id for one in counted_anew if one.at >= newest - within}) >= 2:
        counts = [one for one in counts if one.at >= newest - within]
    largest = max(counts, key=lambda one: one.troops, default=None)
    return None if largest is None else (largest.troops, largest.event)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Count:
    """A number of troops somebody reported."""

    at: datetime
    troops: float
    origin: Origin
    event: Event


def _is_present(signal: Signal) -> bool:
    there = signal.counted and signal.assertion in (Assertion.HAPPENED, Assertion.ONGOING)
    return there and signal.direction is not Direction.AWAY and _unit(signal) == "troops"


def _unit(signal: Signal) -> str:
    return "" if signal.quantity is None else signal.quantity.unit
