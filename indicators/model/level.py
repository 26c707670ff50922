"""A reading, a level, a standing, a watch condition, the board."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum

from indicators.model.signal import Weight


class Level(IntEnum):
    """How far a series stands above its baseline; ordered, so `max` and `>=` mean what they say."""

    NORMAL = 0
    WATCH = 1
    WARNING = 2
    CRITICAL = 3

    @property
    def word(self) -> str:
        """The level as people write it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """An indicator's absolute rule: at least so many independent events within so many days."""

    watch: int = 2
    warning: int = 3
    critical: int = 5
    within: timedelta = timedelta(days=3)

    def limit(self, level: Level) -> int:
        """The count at which `level` is reached; NORMAL has none and gives 0."""
        return (0, self.watch, self.warning, self.critical)[level]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdChange:
    """An officer's change of an indicator's thresholds: who, when, why. The latest known one is in force."""

    problem: str
    indicator: str
    thresholds: Thresholds
    by: str
    at: datetime
    reason: str


class ReadingState(StrEnum):
    """Whether a detector could answer."""

    ANSWERED = "answered"
    LEARNING = "learning"
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A detector's answer for one indicator as of one instant."""

    detector: str
    state: ReadingState
    level: Level
    """What this detector alone would say; NORMAL unless it answered."""
    count: int
    """Independent events in the window it looked at."""
    expected: float | None = None
    upper: float | None = None
    """The smallest count that would have reached WATCH, where the detector has one."""
    p_value: float | None = None
    why: str = ""
    """One sentence for the officer, with its numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where an indicator stands: the level held, its flags and the timers that move it; a step of a state machine."""

    problem: str
    indicator: str
    level: Level
    no_data: bool = False
    learning: bool = False
    at: datetime
    """When this standing was evaluated."""
    level_since: datetime
    """When the level last changed."""
    no_data_since: datetime | None = None
    episode: str = ""
    """Names the stretch at or above WATCH, from its first rise to its return; empty at NORMAL."""
    peak: Level = Level.NORMAL
    """The highest level of the episode."""
    days_below: tuple[date, ...] = ()
    """Observed days on which the reading lay below the level held; enough of them lower it one step."""
    days_at_watch: tuple[date, ...] = ()
    """Recent days on which a statistical rule said watch or more; enough of them raise to WATCH."""
    count: int = 0
    expected: float | None = None
    coverage: float | None = None
    """Share of what could be seen over the window, 0 to 1; None when nothing can carry this indicator."""
    origins: int = 0
    active: bool = False
    """A counted event in the last 72 hours."""
    weight: Weight = Weight.SUPPORTING
    """Effective weight: the base weight, or CRITICAL when a clause of `critical_when` holds."""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexValue:
    """A weighted index of surprise over several indicators at an instant, 0 to 1; None while too little reports."""

    name: str
    value: float | None
    at: datetime
    reporting: float
    """Share of the weight that has data."""


class WatchCondition(IntEnum):
    """A problem's level, 5 to 1; smaller is graver."""

    IMMINENT = 1
    HIGH = 2
    HEIGHTENED = 3
    INTEREST = 4
    ROUTINE = 5

    @property
    def word(self) -> str:
        """The condition as people write it."""
        return self.name.capitalize()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """What the machine recommends for a problem as of an instant, and why."""

    problem: str
    at: datetime
    condition: WatchCondition
    why: tuple[str, ...]
    coverage: float | None
    """Observed share over all indicators that some feed can carry."""
    blind: tuple[str, ...] = ()
    """Indicators without data."""
    assessable_downward: bool = True
    days_below: tuple[date, ...] = ()
    """Observed days on which the entry rule of the condition held did not hold."""
    since: datetime
    """When this condition was first recommended in the present stretch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCondition:
    """The level a named person set, with the reason."""

    problem: str
    condition: WatchCondition
    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Where a problem stands, as of an instant: what an officer sees."""

    problem: str
    name: str
    as_of: datetime
    recommendation: Recommendation | None
    """None before the first evaluation."""
    set: SetCondition | None
    history: tuple[Recommendation, ...]
    """One entry for each change of the recommended condition, oldest first."""
    standings: tuple[Standing, ...]
    """One for each indicator of the problem that has been evaluated."""
