"""Who acts or speaks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AttributionKind(StrEnum):
    """What sort of voice an origin is."""

    INDEPENDENT_MONITOR = "independent_monitor"
    OFFICIAL = "official"
    MEDIA = "media"
    AUTHOR = "author"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A state, a force, a leader, a ministry, a monitor, an outlet."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """To whom an item credits what it says. `actor` is None for a voice the actor list does not know."""

    name: str
    kind: AttributionKind
    actor: str | None = None
