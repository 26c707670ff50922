"""Which events are fresh, who said so, and how large a force they report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, time, timedelta

from indicators.model.event import Event, Origin
from indicators.model.signal import Assertion, Direction

ACTIVE_WITHIN = timedelta(hours=72)


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
    """The distinct known origins of these events, in order."""
    seen: dict[str, Origin] = {}
    for event in events:
        for origin in event.origins:
            seen.setdefault(origin.id, origin)
    return tuple(seen.values())


def reported_force(
    events: Iterable[Event], *, families: Collection[str], now: datetime, within: timedelta = ACTIVE_WITHIN
) -> tuple[float, Event] | None:
    """The largest number of troops reported present within the span, and the event that says so.

    The lower figure of a range counts; what is only planned, or goes away, is no force in the area.
    """
    best: tuple[float, Event] | None = None
    for event in events:
        if event.family not in families or not is_active(event, now=now, within=within):
            continue
        for report in event.reports:
            signal = report.signal
            present = signal.counted and signal.assertion in (Assertion.HAPPENED, Assertion.ONGOING)
            if not present or signal.direction is Direction.AWAY or signal.quantity is None:
                continue
            if signal.quantity.unit == "troops" and (best is None or signal.quantity.low > best[0]):
                best = (signal.quantity.low, event)
    return best
