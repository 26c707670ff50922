"""A catalogue in memory: problem, indicators, clauses, languages, and all of it together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from indicators.catalogue.actors import KnownActor
from indicators.catalogue.gazetteer import Gazetteer
from indicators.catalogue.lexicon import Lexicon
from indicators.catalogue.schema import LanguageFile
from indicators.catalogue.words import Endings, TermIndex
from indicators.model.level import Thresholds
from indicators.model.signal import Weight

LANGUAGES = ("en", "ru", "uk", "be")
# The families of every problem; an indicator belongs to one, and a family without an indicator is context.
FAMILIES = [
    "equipment_move",
    "troop_move",
    "force_size",
    "grouping",
    "command",
    "logistics",
    "medical",
    "bridging",
    "drill",
    "inspection",
    "aviation",
    "airspace",
    "missiles",
    "mobilisation",
    "recon",
    "leader_meeting",
    "defence_diplomacy",
    "accusation",
    "threat",
    "denial",
    "legal",
    "embassy",
    "border",
    "civil_defence",
    "hospital",
    "disruption",
    "traffic",
    "withdrawal",
    "drill_end",
    "rotation",
    "insufficiency",
    "concern",
    "attack",
    "military_aid",
    "diplomatic_rupture",
    "ceasefire",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One way in which an indicator's weight becomes critical; everything that is set must hold."""

    origins: int | None = None
    units: tuple[str, ...] = ()
    at_least: float | None = None
    events: int | None = None
    states: int | None = None
    near: tuple[str, ...] = ()
    within_km: float | None = None
    force: str | None = None
    direction: str | None = None
    families: tuple[str, ...] = ()
    routine: str | None = None
    within: timedelta | None = None
    text: str = ""
    """The clause in words, for the officer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """What is watched for."""

    id: str
    code: str
    name: str
    family: str
    group: str
    weight: Weight
    definition: str
    why: str
    traps: tuple[str, ...]
    thresholds: Thresholds
    critical_when: tuple[Clause, ...]
    rhetoric: bool
    diagnosticity: float
    also_in: frozenset[str] = frozenset()
    """Countries outside the area in which its happenings count all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """What is inside a problem: countries, places beside them, and the actors that stand in for a place."""

    countries: frozenset[str]
    places: frozenset[str]
    actors: frozenset[str]
    forces: frozenset[str] = frozenset()
    """Countries whose forces are watched; empty means any."""
    timezones: frozenset[str] = frozenset()
    """The zones of feeds that speak from the area."""
    languages: frozenset[str] = frozenset()
    """The languages of texts that are of the area where they name no other ground."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toward:
    """What TOWARD means: nearer to this border, or to these places."""

    border: str | None
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A warning problem: the question, its ground, its ladder."""

    id: str
    name: str
    question: str
    timezone: str
    area: Area
    toward: Toward
    topics: Mapping[str, tuple[str, ...]]
    """Which indicators a feed of a topic can carry; `*` is all."""
    groups: Mapping[str, str]
    ladder: Mapping[str, Any]
    hypotheses: Any
    sufficiency_line: float
    board: tuple[str, ...]

    def carried_by(self, topics: tuple[str, ...]) -> frozenset[str] | None:
        """The indicators that a feed with these topics can carry; None is all."""
        found: set[str] = set()
        for topic in topics:
            carried = self.topics.get(topic, ())
            if "*" in carried:
                return None
            found.update(carried)
        return frozenset(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language of the catalogue as its file describes it; its endings are folded once."""

    code: str
    file: LanguageFile

    endings: Endings = field(compare=False, repr=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class Catalogue:
    """Everything known about a problem. Two catalogues with the same `version` are the same."""

    problem: Problem
    indicators: Mapping[str, Indicator]
    families: Mapping[str, tuple[str, ...]]
    """For every family, its indicators; none for context."""
    actors: Mapping[str, KnownActor]
    gazetteer: Gazetteer
    languages: Mapping[str, Language]
    lexicon: Lexicon
    names: TermIndex
    """Names of actors and places; what a hit means is told by `named`."""
    named: tuple[tuple[str, str, str], ...] = field(repr=False)
    """For each slot of `names`: its language, 'actor' or 'adjective' or 'place', and the id."""
    version: str

    def weight(self, indicator: str | None) -> Weight:
        """The base weight of an indicator; context where there is none."""
        return Weight.CONTEXT if indicator is None else self.indicators[indicator].weight

    def coded_as(self, name: str) -> tuple[str, str | None] | None:
        """The family and the indicator that an indicator's or a family's name stands for; None for neither.

        A family with several indicators stands for its first.
        """
        if name in self.indicators:
            return self.indicators[name].family, name
        if name in self.families:
            return name, next(iter(self.families[name]), None)
        return None
