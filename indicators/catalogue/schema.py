"""The door of the catalogue: what each kind of YAML file may hold. Unknown keys are refused."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

_SPAN = re.compile(r"(\d+)\s*(m|h|d|w)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _span(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    found = _SPAN.fullmatch(str(value).strip())
    if found is None:
        raise ValueError(f"{value!r} is no span of time: write a number and m, h, d or w, such as 3d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


Within = Annotated[timedelta, BeforeValidator(_span)]
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$")]
ProblemId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Language = Literal["en", "ru", "uk", "be"]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Strings = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class Door(BaseModel):
    """A shape of file or of part of a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AreaPart(Door):
    """What is inside the problem."""

    countries: Strings = ()
    places: Strings = ()
    actors: Strings = ()
    forces: Strings = ()
    """Countries whose forces the problem watches; where given, what other armies do on this ground is outside it."""
    timezones: Strings = ()
    """A feed kept in one of these zones speaks from the area: what names no place is there."""
    languages: Strings = ()
    """A text in one of these languages is of the area where it names no other ground."""


class TowardPart(Door):
    """What TOWARD means: nearer to this border, or to these places."""

    border: str | None = None
    places: Strings = ()


class ProblemFile(Door):
    """problem.yaml."""

    id: ProblemId
    name: str
    question: str
    timezone: str = "UTC"
    area: AreaPart
    toward: TowardPart = TowardPart()
    topics: dict[str, Strings] = {}
    groups: dict[str, str]
    ladder: dict[str, Any] = {}
    hypotheses: Any = None
    sufficiency_line: float = 20000
    board: Strings = ()
    wording: ProblemId | None = None
    """Another problem whose lexicon is read before this one's own."""
    note: str = ""

    @field_validator("timezone")
    @classmethod
    def known_zone(cls, value: str) -> str:
        """A zone the system's table holds."""
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as trouble:
            raise ValueError(
                f"{value!r} is no zone of the time zone table: write one such as UTC or Europe/Paris"
            ) from trouble
        return value


class ThresholdsPart(Door):
    """So many independent events within so long."""

    watch: Annotated[int, Field(ge=1)] = 2
    warning: Annotated[int, Field(ge=1)] = 3
    critical: Annotated[int, Field(ge=1)] = 5
    within: Within = timedelta(days=3)


class QuantityPart(Door):
    """At least so many of these units."""

    unit: Strings
    at_least: Annotated[float, Field(gt=0)]


class ClausePart(Door):
    """One way in which an indicator becomes critical; every key given must hold."""

    origins: Annotated[int, Field(ge=1)] | None = None
    quantity: QuantityPart | None = None
    events: Annotated[int, Field(ge=1)] | None = None
    states: Annotated[int, Field(ge=1)] | None = None
    near: Strings = ()
    within_km: Annotated[float, Field(gt=0)] | None = None
    force: Literal["sufficiency"] | None = None
    direction: Literal["toward", "away"] | None = None
    families: Strings = ()
    routine: Literal["break"] | None = None
    """A learned cycle of the indicator is broken."""
    within: Within | None = None
    text: str = ""


class IndicatorPart(Door):
    """One indicator."""

    id: Id
    code: Annotated[str, Field(pattern=r"^[A-Z]+\d+$")]
    name: str
    family: Id
    group: str
    weight: Literal["critical", "supporting", "counter", "context"]
    definition: str
    why: str = ""
    traps: Strings = ()
    thresholds: ThresholdsPart = ThresholdsPart()
    critical_when: tuple[ClausePart, ...] = ()
    rhetoric: bool | None = None
    diagnosticity: Annotated[float, Field(gt=0)] = 1.0
    also_in: Strings = ()
    """Countries outside the area in which this indicator's happenings count all the same."""
    note: str = ""


class IndicatorsFile(Door):
    """indicators/<group>.yaml."""

    indicators: tuple[IndicatorPart, ...]


class RulePart(Door):
    """One wording."""

    pattern: str
    family: Id | None = None
    indicator: Id | None = None
    assertion: (
        Literal["happened", "ongoing", "planned", "denied", "negated", "hypothetical", "recalled", "question"] | None
    ) = None
    within: Annotated[int, Field(ge=0, le=40)] | None = None
    routine: str = ""
    """Why what this wording finds is kept and shown and never counted."""
    unless: Strings = ()
    matches: Strings = ()
    not_matches: Strings = ()
    note: str = ""


class LexiconFile(Door):
    """lexicon/<lang>/<stem>.yaml."""

    family: Id | None = None
    indicator: Id | None = None
    words: dict[str, Strings] = {}
    unless: Strings = ()
    rules: tuple[RulePart, ...] = ()
    note: str = ""


class OfficePart(Door):
    """An office held."""

    title: str
    since: Any = Field(default=None, alias="from")
    until: Any = Field(default=None, alias="to")
    note: str = ""


class ActorPart(Door):
    """One actor."""

    id: Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9_]*$")]
    name: str
    kind: Literal[
        "state", "force", "leader", "ministry", "monitor", "outlet", "agency", "alliance", "organisation", "official"
    ]
    country: str | None = None
    names: dict[Language, Strings]
    attribution: Literal["official", "independent_monitor", "media"] | None = None
    controlled_by: str | None = None
    offices: tuple[OfficePart, ...] = ()
    adjectives: dict[Language, Strings] = {}
    bare: dict[Language, Strings] = {}
    """Its name without its country ("the ministry of defence"): whose it is, the text or the feed must tell."""
    note: str = ""


class ActorsFile(Door):
    """actors.yaml."""

    actors: tuple[ActorPart, ...]


class PlacePart(Door):
    """One place."""

    id: Id
    name: str
    kind: str
    country: str
    lat: Latitude
    lon: Longitude
    radius_km: Annotated[float, Field(ge=0, le=6000)]
    grade: Literal["A", "B", "C"] = "B"
    source: str = ""
    names: dict[Language, Strings] = {}
    near: Strings = ()
    within: str | None = None
    note: str = ""


class BorderPart(Door):
    """A line on the map."""

    id: Id
    name: str
    kind: str = "border"
    countries: Strings = ()
    source: str = ""
    grade: Literal["A", "B", "C"] = "B"
    line: tuple[tuple[Latitude, Longitude], ...] = Field(min_length=2)
    names: dict[Language, Strings] = {}
    note: str = ""


class GazetteerFile(Door):
    """gazetteer/*.yaml."""

    places: tuple[PlacePart, ...] = ()
    borders: tuple[BorderPart, ...] = ()
    rivers: tuple[BorderPart, ...] = ()
    note: str = ""


class AttributionPart(Door):
    """How a language names who says something."""

    verbs: Strings = ()
    """said, reported; beside the speaker."""
    according: Strings = ()
    """according to; before the speaker."""
    anaphora: Strings = ()
    """the report, the statement: the speaker named before."""
    official: Strings = ()
    media: Strings = ()
    independent_monitor: Strings = ()
    unnamed: Strings = ()
    """some Telegram channels: nobody in particular."""


class DatesPart(Door):
    """How a language names days."""

    weekdays: tuple[Strings, ...] = ()
    months: tuple[Strings, ...] = ()
    today: Strings = ()
    yesterday: Strings = ()
    before_yesterday: Strings = ()
    tomorrow: Strings = ()
    last: Strings = ()
    this: Strings = ()
    next: Strings = ()
    ago: Strings = ()
    week: Strings = ()
    month: Strings = ()
    year: Strings = ()
    day: Strings = ()
    year_mark: Strings = ()
    """The word that makes a number a year: 2014 году."""
    span_from: Strings = ()
    span_to: Strings = ()
    since: Strings = ()
    until: Strings = ()
    part_of: Strings = ()
    """What may stand between such a word and the month: "the end of"."""


class NumbersPart(Door):
    """How a language writes numbers."""

    words: dict[str, float] = {}
    multipliers: dict[str, float] = {}
    vague: dict[str, tuple[float, float]] = {}
    about: Strings = ()
    more_than: Strings = ()
    up_to: Strings = ()
    range: Strings = ()
    single: Strings = ()


class CuesPart(Door):
    """Words that decide how a statement is put, for any problem."""

    negation: Strings = ()
    negation_reach: int = 4
    negation_wide: Strings = ()
    negation_after: Strings = ()
    """Words that, standing behind a thing, say that there is none of it."""
    not_negation: Strings = ()
    epistemic: Strings = ()
    denial: Strings = ()
    hypothetical: Strings = ()
    warned: Strings = ()
    """Warning of a thing supposes it; warning that it is so reports it."""
    condition: Strings = ()
    not_hypothetical: Strings = ()
    recall: Strings = ()
    planned: Strings = ()
    not_planned: Strings = ()
    background: Strings = ()
    """after, following, since: what comes behind is another matter than what went before."""
    ongoing: Strings = ()
    happened: Strings = ()
    opinion: Strings = ()
    question: Strings = ()
    contrast: Strings = ()
    and_: Strings = Field(default=(), alias="and")
    roundup: Strings = ()
    """Headings of a list of a day's happenings: each of its clauses stands for itself."""
    elsewhere: Strings = ()
    """Words of sport and show business: a sentence or heading that holds one is about no army."""


class RolesPart(Door):
    """Prepositions and nouns that give a place its part in a movement."""

    from_: Strings = Field(default=(), alias="from")
    to: Strings = ()
    at: Strings = ()
    either: Strings = ()
    """в, на: to or at, by the ending of what follows."""
    at_endings: Strings = ()
    border: Strings = ()
    toward: Strings = ()
    away: Strings = ()
    there_and_back: Strings = ()
    """Going to and fro, which is no direction."""
    distance: Strings = ()
    """Units of distance: "6 km from the border" is a place, not a way."""
    site: Strings = ()
    """Nouns of places: an adjective in small letters before one of them names a place."""
    between: Strings = ()
    """Words that may stand between a preposition and the name."""


class LanguageFile(Door):
    """data/languages/<lang>.yaml."""

    endings: dict[str, Strings] = {}
    abbreviations: Strings = ()
    common: Strings = ()
    """Frequent small words, by which the language is recognised."""
    furniture: Strings = ()
    captions: Strings = ()
    """Words that mark a whole short line as a picture's caption."""
    furniture_after: Strings = ()
    cues: CuesPart = CuesPart()
    attribution: AttributionPart = AttributionPart()
    dates: DatesPart = DatesPart()
    numbers: NumbersPart = NumbersPart()
    units: dict[str, Strings] = {}
    roles: RolesPart = RolesPart()
