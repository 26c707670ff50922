"""A signal: one coded mention in one item, with the words that say so."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from indicators.model.actor import Actor, Attribution
from indicators.model.place import PlaceMention


class Weight(StrEnum):
    """An indicator's base weight in its problem."""

    CRITICAL = "critical"
    SUPPORTING = "supporting"
    COUNTER = "counter"
    CONTEXT = "context"


class Assertion(StrEnum):
    """How the item puts it."""

    HAPPENED = "happened"
    ONGOING = "ongoing"
    PLANNED = "planned"
    DENIED = "denied"
    NEGATED = "negated"
    HYPOTHETICAL = "hypothetical"
    RECALLED = "recalled"
    QUESTION = "question"

    @property
    def countable(self) -> bool:
        """Whether a signal so asserted may add to its indicator's series."""
        return self in _COUNTABLE


_COUNTABLE = (Assertion.HAPPENED, Assertion.ONGOING, Assertion.PLANNED)


class Direction(StrEnum):
    """Of a movement, relative to the border the problem watches."""

    TOWARD = "toward"
    AWAY = "away"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The words in an item that support a signal; offsets count characters of title, blank line, text."""

    item_id: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """How many of what; `low == high` when exact."""

    low: float
    high: float
    unit: str
    """The thing counted, singular English: tank, vehicle, train, wagon, troops, helicopter, aircraft, battalion ..."""
    approximate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One coded mention. All are kept and shown; only those with `counted` add to a series."""

    item_id: str
    source: str
    indicator: str | None
    """None for a family without an indicator in the problem (context)."""
    family: str
    weight: Weight
    evidence: Evidence
    actors: tuple[Actor, ...] = ()
    places: tuple[PlaceMention, ...] = ()
    quantity: Quantity | None = None
    direction: Direction = Direction.NONE
    assertion: Assertion
    attribution: Attribution | None = None
    """None when the item speaks in its own voice."""
    occurred_on: tuple[date, date]
    """First and last day, in the problem's zone."""
    counted: bool
    why: str
    """Which rule matched and what decided, in one line a person can check."""
    rule: str = ""
    """The lexicon rule's id (file stem and position), for precision per rule."""
    published_at: datetime
    known_at: datetime
    catalogue_version: str = ""

    @property
    def signal_id(self) -> str:
        """Stable over restarts and recoding: item, family or indicator, and where its evidence starts."""
        key = f"{self.item_id}|{self.indicator or self.family}|{self.evidence.start}"
        return hashlib.blake2b(key.encode(), digest_size=10).hexdigest()
