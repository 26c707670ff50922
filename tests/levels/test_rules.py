"""All rules of an indicator together, and a past instant read as it was lived."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from level_builders import a_reading

from indicators.levels import rules
from indicators.levels.history import History
from indicators.levels.hysteresis import advance
from indicators.model.level import Level, ReadingState, Standing, Thresholds
from indicators.model.series import CountChange, DayCoverage
from indicators.series import asof, frames

FIRST = date(2022, 6, 1)
LIMITS = Thresholds()


def history(counts: np.ndarray) -> History:
    """Days from 1 June on, fully seen."""
    return History(days=[FIRST + timedelta(days=n) for n in range(len(counts))], counts=counts)


def at(day: int, hour: float = 23.9) -> datetime:
    """An hour of the day so many days after 1 June."""
    return datetime(2022, 6, 1, tzinfo=UTC) + timedelta(days=day, hours=hour)


def test_every_rule_gives_a_reading() -> None:
    """One reading each, the officer's limit first; NBP says that it learns; what has nothing to go by is silent."""
    found = rules.readings(history(np.zeros(10)), thresholds=LIMITS, as_of=at(9))
    assert [reading.detector for reading in found] == ["absolute", "nbp"]
    assert [reading.state for reading in found] == [ReadingState.ANSWERED, ReadingState.LEARNING]
    weekly = np.where(np.arange(180) % 7 == 0, 1.0, 0.0)
    found = rules.readings(history(weekly), thresholds=LIMITS, as_of=at(179))
    assert [reading.detector for reading in found] == ["absolute", "nbp", "buildup", "routine"]
    assert all(reading.why for reading in found)


def test_the_statistical_rule_says_what_the_limit_does_not() -> None:
    """Two a week for half a year, then two a day for a week with a limit of 50: the surprise is NBP's to tell."""
    y = np.where(np.arange(190) % 7 < 2, 1.0, 0.0)
    y[183:] = 2
    high = Thresholds(watch=50, warning=60, critical=70)
    found = rules.readings(history(y), thresholds=high, as_of=at(189))
    standing = advance(None, found, problem="p", indicator="i", now=at(189), coverage=1.0)
    assert found[0].level is Level.NORMAL
    assert standing.level >= Level.WARNING
    assert standing.why == next(reading.why for reading in found if reading.detector == "nbp")
    assert standing.expected is not None


def test_a_build_up_is_one_at_warning() -> None:
    """What the ladder takes for a sustained build-up is the rule of that name at warning or above."""
    grown = np.concatenate([np.full(150, 2.0), np.full(30, 6.0)])
    assert rules.builds_up(rules.readings(history(grown), thresholds=LIMITS, as_of=at(179)))
    assert not rules.builds_up(rules.readings(history(np.full(180, 2.0)), thresholds=LIMITS, as_of=at(179)))
    assert not rules.builds_up([a_reading(Level.CRITICAL)])


LATE = st.lists(
    st.tuples(st.integers(0, 29), st.integers(0, 9), st.integers(-1, 4)),
    max_size=30,
)


@settings(max_examples=12, deadline=None)
@given(LATE)
def test_a_past_instant_reads_as_it_was_lived(arrivals: list[tuple[int, int, int]]) -> None:
    """With reports that come days late, merges and corrections: the readings as of every past day, taken from the whole
    log, are those taken on that day from what was known then."""
    log = [
        CountChange(
            problem="p",
            indicator="i",
            occurred_on=FIRST + timedelta(days=day),
            known_at=at(day + late, 6),
            events=events,
            mentions=events,
        )
        for day, late, events in arrivals
    ]
    totals: dict[date, int] = {}
    for change in sorted(log, key=lambda change: change.known_at):
        totals[change.occurred_on] = totals.get(change.occurred_on, 0) + change.events
        if totals[change.occurred_on] < 0:
            return  # a count cannot be taken back before it was given
    seen = [
        DayCoverage(
            indicator="i", day=FIRST + timedelta(days=n), exposure=float(n % 5 != 0), coverage=float(n % 5 != 0)
        )
        for n in range(40)
    ]

    def readings(known: list[CountChange], day: int) -> list[tuple[str, Level, int, str]]:
        frame = asof.frame(known, seen, "i", FIRST, FIRST + timedelta(days=day), at(day))
        found = rules.readings(History(**frames.history(frame)), thresholds=LIMITS, as_of=at(day))
        return [(reading.detector, reading.level, reading.count, reading.why) for reading in found]

    for day in range(0, 40, 3):
        lived = readings([change for change in log if change.known_at <= at(day)], day)
        assert readings(log, day) == lived


def test_a_swinging_series_is_raised_once() -> None:
    """A count that swings around its limit for a month gives one episode, not thirty."""
    y = np.concatenate([np.zeros(150), np.tile([1.0, 0.0], 15)])
    standing: Standing | None = None
    episodes = set()
    for day in range(150, 180):
        found = rules.readings(history(y[: day + 1]), thresholds=LIMITS, as_of=at(day))
        standing = advance(standing, found, problem="p", indicator="i", now=at(day), coverage=1.0)
        episodes.add(standing.episode)
    assert len(episodes - {""}) == 1
