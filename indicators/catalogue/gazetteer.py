"""Where things are: places, borders and rivers, and how far one lies from the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import asin, cos, hypot, radians, sin, sqrt

from indicators.model.place import Place

EARTH_KM = 6371.0
_KM_A_DEGREE = 111.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Border:
    """A line on the map: a border or a river, as a chain of points."""

    id: str
    name: str
    kind: str
    countries: tuple[str, ...]
    line: tuple[tuple[float, float], ...]
    source: str = ""

    def distance_km(self, lat: float, lon: float) -> float:
        """How far a point lies from the nearest stretch of the line."""
        return min(_to_segment(lat, lon, one, two) for one, two in zip(self.line, self.line[1:], strict=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gazetteer:
    """All places and lines by their ids."""

    places: Mapping[str, Place]
    borders: Mapping[str, Border]
    near: Mapping[str, tuple[str, ...]]
    """For a place, the rivers and borders it is said to lie by."""
    sources: Mapping[str, str]

    def distance_km(self, one: str, other: str) -> float | None:
        """How far apart two ids lie, a line by its nearest stretch; None where one is not known."""
        if other not in self.borders and other not in self.places:
            return None
        if one in self.borders and other in self.borders:
            return min(self.borders[other].distance_km(*point) for point in self.borders[one].line)
        if one in self.borders:
            one, other = other, one
        place = self.places.get(one)
        if place is None:
            return None
        line = self.borders.get(other)
        if line is not None:
            return line.distance_km(place.lat, place.lon)
        there = self.places[other]
        return distance_km((place.lat, place.lon), (there.lat, there.lon))

    def lies_by(self, place: str, thing: str, *, within_km: float = 15.0) -> bool:
        """Whether a place is this thing, is said to lie by it, or lies within `within_km` and its own radius of it.

        A country, a region or a river is near nothing but what it is said to lie by: a crossing of the Berezina is
        none of the Dnieper, though the one flows into the other.
        """
        if place == thing or thing in self.near.get(place, ()):
            return True
        known = self.places.get(place)
        apart = self.distance_km(place, thing)
        if known is None or apart is None or known.kind in ("country", "region", "river", "border"):
            return False
        return apart <= within_km + known.radius_km


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The great-circle distance of two points."""
    lat_one, lat_other = radians(one[0]), radians(other[0])
    half_lat, half_lon = (lat_other - lat_one) / 2, radians(other[1] - one[1]) / 2
    return 2 * EARTH_KM * asin(sqrt(min(1.0, sin(half_lat) ** 2 + cos(lat_one) * cos(lat_other) * sin(half_lon) ** 2)))


def _to_segment(lat: float, lon: float, one: tuple[float, float], two: tuple[float, float]) -> float:
    """Distance to a short straight stretch, on a map flattened at the point."""
    shrink = cos(radians(lat))
    ax, ay = (one[1] - lon) * shrink, one[0] - lat
    bx, by = (two[1] - lon) * shrink, two[0] - lat
    length = (bx - ax) ** 2 + (by - ay) ** 2
    share = 0.0 if length == 0 else max(0.0, min(1.0, -(ax * (bx - ax) + ay * (by - ay)) / length))
    return hypot(ax + share * (bx - ax), ay + share * (by - ay)) * _KM_A_DEGREE
