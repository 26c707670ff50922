"""A learned cycle is no news; its break is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from indicators.levels import routine
from indicators.levels.history import History
from indicators.model.level import Level, ReadingState

FIRST = date(2022, 4, 29)
WEEKLY = [1.0 if day % 7 == 0 else 0.0 for day in range(141)]


def read(counts: list[float | None], hour: int = 12) -> routine.Reading:
    """What the rule says at that hour of the last of these days."""
    days = [FIRST + timedelta(days=n) for n in range(len(counts))]
    coverage = [0.0 if count is None else 1.0 for count in counts]
    at = datetime(days[-1].year, days[-1].month, days[-1].day, hour, tzinfo=UTC)
    return routine.read(History(days=days, counts=counts, coverage=coverage), as_of=at)  # type: ignore[arg-type]


def test_a_weekly_post_is_learned_and_never_alarms() -> None:
    """Every seventh day: no break once learned, and the sentence says the cycle."""
    assert set(routine.breaks(WEEKLY).alarm[60:]) == {0.0}
    assert read(WEEKLY).why == "In its routine: every 7 days, 20 of 20 times."


def test_a_missed_post_is_a_break_once_its_day_is_over() -> None:
    """On the day itself nothing has been missed yet; on the next day it has."""
    assert read([*WEEKLY[:140], 0.0]).level is Level.NORMAL
    after = read([*WEEKLY[:140], 0.0, 0.0])
    assert after.level is Level.WATCH
    assert after.why == "Break of routine (every 7 days, 20 of 21 times): nothing on 2022-09-16, when it was due."


def test_a_doubled_post_is_a_break_at_once() -> None:
    """Two where one is usual."""
    assert read([*WEEKLY[:140], 2.0]).why.endswith("2 today, where 1 is usual.")
    assert read([*WEEKLY[:140], 2.0]).level is Level.WATCH


def test_a_post_out_of_turn_is_a_break() -> None:
    """The extension that comes on another day than its own."""
    assert read([*WEEKLY[:137], 1.0]).why.endswith("1 today, out of turn.")


def test_an_unseen_turn_is_neither_kept_nor_missed() -> None:
    """A turn that fell in an outage is not a break, nor counted among the turns."""
    unseen = [None if day in range(133, 138) else count for day, count in enumerate(WEEKLY)]
    assert read(unseen).why == "In its routine: every 7 days, 19 of 19 times."
    assert read([*WEEKLY[:140], None, 0.0]).level is Level.NORMAL
    assert read([*WEEKLY[:140], None]).state is ReadingState.NO_DATA


@pytest.mark.parametrize("period", [2, 5, 7, 14, 28])
def test_other_cycles_are_learned(period: int) -> None:
    """From every second day to every fourth week, the shortest period that explains it is found."""
    cycle = routine.learn(np.array([1.0 if day % period == 0 else 0.0 for day in range(182)]))
    if period == 2:
        assert cycle is None  # every other day is as much on as off: no rhythm that could be broken
    else:
        assert cycle is not None
        assert cycle.period == period


def test_two_days_of_the_week() -> None:
    """A cycle may have more than one day: Tuesdays and Fridays."""
    cycle = routine.learn(np.array([1.0 if day % 7 in (1, 4) else 0.0 for day in range(140)]))
    assert cycle is not None
    assert (cycle.period, len(cycle.on)) == (7, 2)


@pytest.mark.parametrize("rate", [0.05, 0.3, 1.0, 4.0])
def test_chance_makes_no_routine(rate: float) -> None:
    """Of 100 random series none is taken for a cycle."""
    random = np.random.default_rng(11)
    assert not any(routine.learn(random.poisson(rate, 182).astype(float)) for _ in range(100))


def test_a_few_misses_do_not_unlearn_it() -> None:
    """A cycle kept 18 of 20 times is still a cycle."""
    y = np.array(WEEKLY[:140])
    y[[35, 84]] = 0
    cycle = routine.learn(y)
    assert cycle is not None
    assert (cycle.hits, cycle.turns) == (18, 20)
