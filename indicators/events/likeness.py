"""Whether two mentions can be one happening, by their coded fields alone: place, day, number, direction, who."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

from indicators.model.event import Report
from indicators.model.place import Place, PlaceRole
from indicators.model.signal import Assertion, Direction, Quantity

VAGUE_KM = 60.0
"""A name known only within so wide a circle ('southern Belarus') agrees with every place inside it."""
VAGUE_KINDS = frozenset({"country", "region", "oblast", "border", "area", "river", "voivodeship", "direction"})
PLANNED_FOR_DAYS = 6
"""An announcement and its happening are one within the week; a drill announced every Friday is a new one each time."""
CONTRADICTS_UP_TO = 3.0
"""31 tanks or 13 may be two words for one train; 31 or 200 are two trains."""
LEADERS = frozenset({"leader_meeting"})
"""Families in which the same people on the same day are the same happening, wherever it is said to be."""
SPEAKERS = frozenset(
    {
        "defence_diplomacy", "embassy", "accusation", "threat", "denial", "diplomatic_rupture",
        "insufficiency", "concern", "military_aid",
    }
)  # fmt: skip
"""Families in which another actor makes another happening: two embassies that leave are two."""

_EARTH_KM = 6371.0


class Facts:
    """What of a report decides where it belongs, taken out once."""

    __slots__ = (
        "actors", "at", "dated", "day", "direction", "family", "first", "from_", "item", "key", "lineage", "order",
        "planned", "published", "quantity", "report", "to", "vague",
    )  # fmt: skip

    def __init__(self, report: Report) -> None:
        signal = report.signal
        self.report = report
        self.family = signal.family
        self.item = signal.item_id
        self.lineage = report.reprint_of or signal.item_id
        self.published = signal.published_at.timestamp()
        self.order = (self.published, signal.item_id, signal.evidence.start, signal.evidence.end, signal.signal_id)
        on = signal.published_at.date().toordinal()
        first, last = signal.occurred_on[0].toordinal(), signal.occurred_on[1].toordinal()
        self.planned = signal.assertion is Assertion.PLANNED
        # A long span ('since October') says when it began, not which day it is told of; its last days are what counts.
        self.day = last if self.planned else min(last, on)
        self.first = max(min(first, self.day), self.day - 3)
        self.dated = self.day != on
        self.quantity = signal.quantity
        self.direction = signal.direction
        self.actors = frozenset([actor.id for actor in signal.actors])
        self.from_: tuple[Place, ...] = ()
        self.to: tuple[Place, ...] = ()
        self.at: tuple[Place, ...] = ()
        self.vague: tuple[Place, ...] = ()
        for mention in signal.places:
            place = mention.place
            if place.radius_km >= VAGUE_KM or place.kind in VAGUE_KINDS:
                self.vague += (place,)
            elif mention.role is PlaceRole.FROM:
                self.from_ += (place,)
            elif mention.role is PlaceRole.TO:
                self.to += (place,)
            else:
                self.at += (place,)

    @property
    def specific(self) -> tuple[Place, ...]:
        """Every place that is a point on the map."""
        return self.to + self.at + self.from_


def far(one: Place, other: Place) -> float:
    """Great-circle distance in kilometres."""
    north = radians(other.lat - one.lat)
    east = radians(other.lon - one.lon)
    chord = sin(north / 2) ** 2 + cos(radians(one.lat)) * cos(radians(other.lat)) * sin(east / 2) ** 2
    return 2 * _EARTH_KM * asin(sqrt(min(1.0, chord)))


class Map:
    """Which places agree; each pair is measured once."""

    __slots__ = ("_inside", "_near")

    def __init__(self) -> None:
        self._near: dict[tuple[str, str], bool] = {}
        self._inside: dict[tuple[str, str], bool] = {}

    def near(self, one: Place, other: Place) -> bool:
        """Whether the circles within which two points are known touch."""
        key = (one.id, other.id) if one.id <= other.id else (other.id, one.id)
        known = self._near.get(key)
        if known is None:
            known = self._near[key] = key[0] == key[1] or far(one, other) <= max(one.radius_km + other.radius_km, 5.0)
        return known

    def inside(self, point: Place, wide: Place) -> bool:
        """Whether a point lies in a vaguely named area."""
        key = (point.id, wide.id)
        known = self._inside.get(key)
        if known is None:
            if wide.kind == "country":
                known = wide.country == point.country or far(point, wide) <= wide.radius_km
            elif wide.kind in {"river", "border"}:
                # A line is long; only a place far beyond its reach speaks against it.
                known = far(point, wide) <= max(wide.radius_km, 150.0)
            else:
                known = far(point, wide) <= wide.radius_km + point.radius_km
            self._inside[key] = known
        return known

    def touch(self, one: Place, other: Place) -> bool:
        """Whether two vaguely named areas overlap."""
        if one.id == other.id or "country" in (one.kind, other.kind):
            return True
        return far(one, other) <= one.radius_km + other.radius_km

    def any_near(self, some: tuple[Place, ...], others: tuple[Place, ...]) -> bool:
        """Whether any two of them agree."""
        return any(self.near(one, other) for one in some for other in others)

    def agreement(self, one: Facts, other: Facts) -> int | None:
        """How well two mentions agree in place: 4 one name, 3 near, 2 one area, 1 inside, 0 nothing said; else None."""
        if self._apart(one.from_, other.from_) or self._apart(one.to, other.to):
            return None
        mine, theirs = one.specific, other.specific
        if mine and theirs:
            return self._points(mine, theirs)
        if mine or theirs:
            return self._point_in_area(mine or theirs, other.vague if mine else one.vague)
        return self._areas(one.vague, other.vague)

    def _apart(self, some: tuple[Place, ...], others: tuple[Place, ...]) -> bool:
        """Whether both name places in one role, and none of them agree."""
        return bool(some) and bool(others) and not self.any_near(some, others)

    def _points(self, mine: tuple[Place, ...], theirs: tuple[Place, ...]) -> int | None:
        if any(one.id == other.id for one in mine for other in theirs):
            return 4
        return 3 if self.any_near(mine, theirs) else None

    def _point_in_area(self, points: tuple[Place, ...], wide: tuple[Place, ...]) -> int | None:
        if not wide:
            return 0
        return 1 if any(self.inside(point, area) for point in points for area in wide) else None

    def _areas(self, mine: tuple[Place, ...], theirs: tuple[Place, ...]) -> int | None:
        if not mine or not theirs:
            return 0
        if any(one.id == other.id for one in mine for other in theirs):
            return 2
        return 1 if any(self.touch(one, other) for one in mine for other in theirs) else None


def day_gap(one: Facts, other: Facts) -> int:
    """Days between two spans of days; 0 when they meet."""
    return max(0, one.first - other.day, other.first - one.day)


def same_time(seed: Facts, later: Facts, within: float) -> bool:
    """Whether a mention published after an event's first one can be of the same day's happening."""
    if later.planned and not seed.planned:
        # 'Drills will start tomorrow' the day after they were seen: only on the day itself.
        return day_gap(seed, later) <= 1 and later.published - seed.published <= within
    if seed.planned:
        announced = int(seed.published // 86400) + 719163
        if seed.day > announced and day_gap(seed, later) <= 1:
            return True
        if later.planned:
            return later.published - seed.published <= within and (day_gap(seed, later) <= 1 or not later.dated)
        return announced - 1 <= later.day <= announced + PLANNED_FOR_DAYS
    if day_gap(seed, later) > 1:
        return False
    return later.published - seed.published <= within or later.dated


def widened(quantity: Quantity) -> tuple[float, float]:
    """The range a number speaks for: one in ten either way, one in four when it is 'about'."""
    slack = 0.25 if quantity.approximate else 0.1
    return quantity.low * (1 - slack), quantity.high * (1 + slack)


def numbers_agree(one: Quantity, other: Quantity) -> bool:
    """Whether two numbers of the same thing can be one number: 31 and 'about 30'."""
    low, high = widened(one)
    other_low, other_high = widened(other)
    return low <= other_high and other_low <= high


def numbers_clash(one: Quantity, other: Quantity) -> bool:
    """Whether two numbers are too far apart to be two words for one thing."""
    least, most = sorted(((one.low + one.high) / 2, (other.low + other.high) / 2))
    return most > CONTRADICTS_UP_TO * max(least, 1e-9)


def opposed(one: Direction, other: Direction) -> bool:
    """Whether one goes toward the border and the other away."""
    return one is not other and Direction.NONE not in (one, other)
