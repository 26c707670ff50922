"""Where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PlaceRole(StrEnum):
    """A place's part in a movement."""

    AT = "at"
    FROM = "from"
    TO = "to"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A named place with the radius within which it is known; grade C is never drawn as a point."""

    id: str
    name: str
    lat: float
    lon: float
    radius_km: float
    kind: str
    """training_ground, airfield, station, crossing, town, region, country, river, border."""
    country: str
    grade: str = "B"
    """A: an official or surveyed list; B: two public sources agree; C: one source or the host town only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceMention:
    """A place as a signal names it."""

    place: Place
    role: PlaceRole = PlaceRole.AT
