"""Where a mention says it was: which places agree, and how well; each name is read once, each pair measured once."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

from indicators.model.actor import Actor
from indicators.model.place import Place, PlaceMention, PlaceRole

VAGUE_KM = 60.0
"""A name known only within so wide a circle ('southern Belarus') agrees with every place inside it."""
VAGUE_KINDS = frozenset({"country", "region", "oblast", "border", "area", "river", "voivodeship", "direction"})

NEAR = 3
"""Agreement of two points whose circles touch; see `Map.agreement`."""

_EARTH_KM = 6371.0


class Where:
    """The places of a mention, sorted once; mentions of the same places share one."""

    __slots__ = ("at", "bound", "fits", "from_", "names", "number", "specific", "to", "vague", "vague_km", "vagueness")

    def __init__(self, number: int, mentions: tuple[PlaceMention, ...]) -> None:
        self.number = number
        self.fits: dict[int, int | None] = {}
        """How well it agrees with others, by their numbers; filled by `Map.agreement`."""
        self.from_: tuple[Place, ...] = ()
        self.to: tuple[Place, ...] = ()
        self.at: tuple[Place, ...] = ()
        self.vague: tuple[Place, ...] = ()
        for mention in mentions:
            place = mention.place
            if place.radius_km >= VAGUE_KM or place.kind in VAGUE_KINDS:
                self.vague += (place,)
            elif mention.role is PlaceRole.FROM:
                self.from_ += (place,)
            elif mention.role is PlaceRole.TO:
                self.to += (place,)
            else:
                self.at += (place,)
        self.specific = self.to + self.at + self.from_
        self.bound = frozenset(
            [one.place.id for one in mentions if one.role is PlaceRole.TO and one.place in self.vague]
        )
        """The wide areas it says that something goes to."""
        self.names = frozenset([mention.place.id for mention in mentions if mention.place.kind != "country"])
        self.vagueness = 0 if self.specific else 2
        if not self.specific and any(place.kind != "country" for place in self.vague):
            self.vagueness = 1
        self.vague_km = min((place.radius_km for place in self.vague), default=0.0)

    def narrower(self, other: Where) -> bool:
        """Whether this says more exactly where than the other."""
        if self.specific:
            return not other.specific
        if other.specific or not self.vague:
            return False
        return not other.vague or self.vague_km < other.vague_km


def far(one: Place, other: Place) -> float:
    """Great-circle distance in kilometres."""
    north = radians(other.lat - one.lat)
    east = radians(other.lon - one.lon)
    chord = sin(north / 2) ** 2 + cos(radians(one.lat)) * cos(radians(other.lat)) * sin(east / 2) ** 2
    return 2 * _EARTH_KM * asin(sqrt(min(1.0, chord)))


class Map:
    """Which places agree and who acts; each name is read once and each pair is measured once."""

    __slots__ = ("_inside", "_near", "_people", "_where")

    def __init__(self) -> None:
        self._near: dict[tuple[str, str], bool] = {}
        self._inside: dict[tuple[str, str], bool] = {}
        self._where: dict[tuple[object, ...], Where] = {}
        self._people: dict[tuple[str, ...], frozenset[str]] = {}

    def where(self, mentions: tuple[PlaceMention, ...]) -> Where:
        """The places of a mention, sorted by how exact they are and by their part in it."""
        # By name: a place's many fields are slow to compare, and a gazetteer gives each name one place.
        key: tuple[object, ...]
        if len(mentions) == 1:
            mention = mentions[0]
            key = (mention.place.id, mention.role)
        else:
            key = tuple([(mention.place.id, mention.role) for mention in mentions])
        known = self._where.get(key)
        if known is None:
            known = self._where[key] = Where(len(self._where), mentions)
        return known

    def people(self, actors: tuple[Actor, ...]) -> frozenset[str]:
        """Who acts, as one set for all mentions of the same people."""
        key = tuple([actor.id for actor in actors])
        known = self._people.get(key)
        if known is None:
            known = frozenset(key)
            # The same people in another order are the same set.
            known = self._people.setdefault(tuple(sorted(known)), known)
            self._people[key] = known
        return known

    def near(self, one: Place, other: Place) -> bool:
        """Whether the circles within which two points are known touch."""
        key = (one.id, other.id) if one.id <= other.id else (other.id, one.id)
        known = self._near.get(key)
        if known is None:
            reach = max(one.radius_km + other.radius_km, 5.0)
            # Most pairs differ in latitude alone by more than that: a degree of it is 111 km everywhere.
            known = key[0] == key[1] or (abs(one.lat - other.lat) * 111.0 <= reach and far(one, other) <= reach)
            self._near[key] = known
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
        for one in some:
            for other in others:
                if one.id == other.id or self.near(one, other):
                    return True
        return False

    def agreement(self, one: Where, other: Where) -> int | None:
        """How well two mentions agree in place: 4 one name, 3 near, 2 one area, 1 inside, 0 nothing said; else None."""
        if other.number not in one.fits:
            fit = self._compared(one, other)
            one.fits[other.number] = other.fits[one.number] = fit
        return one.fits[other.number]

    def _compared(self, one: Where, other: Where) -> int | None:
        if self._apart(one.from_, other.from_) or self._apart(one.to, other.to):
            return None
        mine, theirs = one.specific, other.specific
        if mine and theirs:
            return self._points(mine, theirs)
        if mine or theirs:
            # 'From Polonka to the border' is what 'to the border' tells of, however far from it Polonka lies.
            if not one.bound.isdisjoint(other.bound):
                return 2
            return self._point_in_area(mine or theirs, other.vague if mine else one.vague)
        return self._areas(one.vague, other.vague)

    def _apart(self, some: tuple[Place, ...], others: tuple[Place, ...]) -> bool:
        """Whether both name places in one role, and none of them agree."""
        return bool(some) and bool(others) and not self.any_near(some, others)

    def _points(self, mine: tuple[Place, ...], theirs: tuple[Place, ...]) -> int | None:
        if len(mine) == len(theirs) == 1:
            one, other = mine[0], theirs[0]
            if one.id == other.id:
                return 4
            return NEAR if self.near(one, other) else None
        if any(one.id == other.id for one in mine for other in theirs):
            return 4
        return NEAR if self.any_near(mine, theirs) else None

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
