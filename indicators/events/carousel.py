"""Out and back: movements that cancel each other, because what went to the border came home within days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from indicators.events.likeness import NO_WAY, numbers_agree
from indicators.events.whereabouts import Map
from indicators.model.event import Event, Report
from indicators.model.place import Place
from indicators.model.signal import Direction, Quantity

TOWARD, AWAY = Direction.TOWARD, Direction.AWAY

CAROUSEL_WITHIN = timedelta(days=3)
"""Trains that go to the border and are back within three days have moved nothing."""
MOVEMENTS = frozenset({"equipment_move", "troop_move", "logistics", "missiles", "aviation"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Carousel:
    """Out and back: two counted events that cancel each other, and the line that says so."""

    out: Event
    back: Event
    why: str


def cancelled(events: Sequence[Event]) -> list[Event]:
    """The events with every pair that went out and came back marked: each names the other and neither is counted."""
    other: dict[str, str] = {}
    for pair in carousel(events):
        other[pair.out.event_id] = pair.back.event_id
        other[pair.back.event_id] = pair.out.event_id
    if not other:
        return list(events)
    return [
        replace(event, counted=False, cancelled_by=other[event.event_id]) if event.event_id in other else event
        for event in events
    ]


def uncancelled(event: Event) -> Event:
    """The event as it stands by itself."""
    return replace(event, counted=True, cancelled_by="") if event.cancelled_by else event


class _Moved:
    """A movement with what tells it again when it comes back."""

    __slots__ = ("carried", "event", "on", "points")

    def __init__(self, event: Event, places: Map) -> None:
        self.event = event
        self.on = event.occurred_on.toordinal()
        # A point of the way, never a region: in a shared one half of all things move.
        points: dict[str, Place] = {}
        self.carried: dict[str, Quantity] = {}
        for report in event.reports:
            signal = report.signal
            for place in places.where(signal.places).specific:
                points.setdefault(place.id, place)
            if signal.quantity is not None:
                self.carried.setdefault(signal.quantity.unit, signal.quantity)
        self.points = tuple(points.values())

    def same_things(self, other: _Moved) -> bool:
        """Whether what went and what came back can be the same: like numbers of one unit where both have numbers."""
        went, came = self.carried, other.carried
        # Tanks that went and trucks that came back are two movements; without numbers on one side the place decides.
        if not went or not came:
            return True
        return any(numbers_agree(went[unit], came[unit]) for unit in went.keys() & came.keys())


def carousel(events: Iterable[Event], *, within: timedelta = CAROUSEL_WITHIN) -> list[Carousel]:
    """Pairs of movements of the same things toward the border and away again within three days; each event once.

    That they came back must be said by somebody who is no official: a withdrawal that is only announced undoes nothing.
    """
    went: list[Event] = []
    came: list[Event] = []
    for event in events:
        if event.counted and event.family in MOVEMENTS:
            way = _way(event)
            if way is TOWARD:
                went.append(event)
            elif way is AWAY and any(_is_free(report) for report in event.reports):
                came.append(event)
    if not went or not came:
        return []
    places = Map()
    out_on: defaultdict[tuple[str, int], list[_Moved]] = defaultdict(list)
    for event in sorted(went, key=_by_time, reverse=True):
        moved = _Moved(event, places)
        out_on[event.family, moved.on].append(moved)
    taken: set[str] = set()
    pairs = []
    for event in sorted(came, key=_by_time):
        back = _Moved(event, places)
        out = _turned(back, out_on, within.days, taken, places)
        if out is not None:
            taken.add(out.event.event_id)
            days = back.on - out.on
            when = "the same day" if days == 0 else f"{days} day{'s' if days > 1 else ''} later"
            why = f"out on {out.event.occurred_on} and back {when}: a carousel, nothing stayed at the border"
            pairs.append(Carousel(out=out.event, back=event, why=why))
    return pairs


def _turned(
    back: _Moved, out_on: Mapping[tuple[str, int], list[_Moved]], days: int, taken: set[str], places: Map
) -> _Moved | None:
    """The latest movement that a return can be of, and no other return is."""
    for day in range(back.on, back.on - days - 1, -1):
        for out in out_on.get((back.event.family, day), ()):
            if out.event.event_id not in taken and out.same_things(back) and places.any_near(out.points, back.points):
                return out
    return None


def _is_free(report: Report) -> bool:
    """Whether this is the word of somebody known who is no official."""
    origin = report.origin
    return not origin.official and origin.known and report.signal.assertion.countable


def _by_time(event: Event) -> tuple[date, datetime, str]:
    return event.occurred_on, event.reports[0].signal.published_at, event.event_id


def _way(event: Event) -> Direction:
    """The direction that the first report with one gives."""
    for report in event.reports:
        if report.signal.direction is not NO_WAY:
            return report.signal.direction
    return NO_WAY
