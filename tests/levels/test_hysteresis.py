"""A level rises at once, falls slowly, and freezes while nothing can be seen."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from level_builders import a_reading, on

from indicators.levels.hysteresis import advance
from indicators.model.level import Level, Reading, ReadingState, Standing

NOTHING = a_reading(state=ReadingState.NO_DATA, why="No data: nothing was seen.")


def walk(*readings: Reading | None, start: Standing | None = None, first_day: int = 0) -> list[Standing]:
    """One evaluation a day; None is a day without data."""
    standings = []
    standing = start
    for day, reading in enumerate(readings, first_day):
        standing = advance(
            standing,
            [reading or NOTHING],
            problem="p",
            indicator="i",
            now=on(day),
            coverage=0.9 if reading else 0.1,
        )
        standings.append(standing)
    return standings


def levels(standings: list[Standing]) -> list[Level]:
    """The levels of a course of standings."""
    return [standing.level for standing in standings]


N, WT, WN, C = (a_reading(level) for level in Level)


def test_an_officers_limit_raises_at_once() -> None:
    """One evaluation at critical is enough for critical, with its reason and an episode that names its start."""
    (standing,) = walk(C)
    assert standing.level is Level.CRITICAL
    assert standing.peak is Level.CRITICAL
    assert standing.why == "reads critical"
    assert standing.episode == "p/i/2022-12-01T12:00:00Z"


def test_a_level_falls_one_step_after_three_observed_days() -> None:
    """From warning it takes three days below to watch, and three more to normal; the episode then ends."""
    standings = walk(WN, N, N, N, N, N, N)
    assert levels(standings) == [2, 2, 2, 1, 1, 1, 0]
    assert [bool(standing.episode) for standing in standings] == [True] * 6 + [False]
    assert standings[3].peak is Level.WARNING
    assert standings[1].why == "Held at warning: 1 of 3 observed days below. reads normal"
    assert standings[3].why == "Down from warning after 3 observed days below. reads normal"


def test_hours_of_one_day_are_one_day() -> None:
    """Evaluated every hour for two days, a level below its limit is still held."""
    standing: Standing | None = None
    for hour in range(60):
        reading = WN if hour < 12 else N
        standing = advance(standing, [reading], problem="p", indicator="i", now=on(0, hour), coverage=1.0)
    assert standing is not None
    assert standing.level is Level.WARNING
    assert len(standing.days_below) == 3


def test_one_reading_at_the_level_starts_the_count_again() -> None:
    """Two days below, one at the limit, two below: the level does not move."""
    assert set(levels(walk(WT, N, N, WT, N, N))) == {Level.WATCH}


def test_an_outage_freezes_level_and_timers() -> None:
    """Days without data neither lower a level nor count toward lowering it, and are said to be days without data."""
    standings = walk(WN, N, N, *[None] * 10, N)
    assert levels(standings) == [2] * 13 + [1]
    assert [standing.no_data for standing in standings] == [False] * 3 + [True] * 10 + [False]
    assert standings[5].no_data_since == on(3)
    assert standings[5].days_below == standings[2].days_below
    assert standings[5].why == "Frozen at warning. No data: nothing was seen."


def test_a_sighting_during_an_outage_still_raises() -> None:
    """A count that reaches a limit though little was seen raises, with the no-data flag beside the level."""
    standing = advance(None, [C], problem="p", indicator="i", now=on(0), coverage=0.1)
    assert standing.level is Level.CRITICAL
    assert standing.no_data


def test_a_statistical_watch_must_last() -> None:
    """A probability under the watch limit raises on the second day in a row, or the third of five; not on the first."""
    rare = a_reading(Level.WATCH, p=0.005)
    usual = a_reading(p=0.5)
    assert levels(walk(rare, rare)) == [0, 1]
    assert levels(walk(rare, usual, rare, usual, rare)) == [0, 0, 0, 0, 1]
    assert levels(walk(rare, usual, usual, usual, rare)) == [0] * 5
    assert levels(walk(a_reading(Level.WARNING, p=0.0005))) == [2]


def test_a_statistical_level_has_its_own_recovery_limit() -> None:
    """Warning is held while p stays under five times its limit, though it would no longer be raised."""
    warned = a_reading(Level.WARNING, p=0.0005)
    hovering = a_reading(Level.WATCH, p=0.004)
    clear = a_reading(Level.WATCH, p=0.006)
    assert levels(walk(warned, *[hovering] * 9)) == [2] * 10
    assert levels(walk(warned, *[clear] * 4)) == [2, 2, 2, 1, 1]


def test_the_higher_of_two_rules_wins_and_says_so() -> None:
    """The officer's limit at watch and a statistical warning make warning, in the statistical rule's words."""
    standing = advance(
        None, [WT, a_reading(Level.WARNING, p=0.0004, why="rare")], problem="p", indicator="i", now=on(0), coverage=1.0
    )
    assert (standing.level, standing.why) == (Level.WARNING, "rare")


def test_learning_stands_beside_the_level() -> None:
    """While a statistical rule learns, the absolute rule answers and the standing says that the other one learns."""
    learning = a_reading(state=ReadingState.LEARNING, p=None, why="Learning: 5 of 14 days.")
    standing = advance(None, [WT, learning], problem="p", indicator="i", now=on(0), coverage=1.0)
    assert (standing.level, standing.learning, standing.no_data) == (Level.WATCH, True, False)


def test_a_level_is_not_lowered_while_one_rule_cannot_see() -> None:
    """The officer's limit reads normal, but the rule that raised the level has no data: these days do not count."""
    standing = advance(
        None, [N, a_reading(Level.WARNING, p=0.0004)], problem="p", indicator="i", now=on(0), coverage=1.0
    )
    for day in range(1, 9):
        standing = advance(standing, [N, NOTHING], problem="p", indicator="i", now=on(day), coverage=0.6)
    assert standing.level is Level.WARNING
    assert standing.days_below == ()
    assert standing.why == f"Held at warning: the {NOTHING.detector} rule cannot see. No data: nothing was seen."


ANY = st.sampled_from([N, WT, WN, C, None, a_reading(Level.WATCH, p=0.005), a_reading(p=0.03), a_reading(p=0.7)])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(ANY, st.integers(1, 40)), max_size=40))
def test_a_level_never_flaps(course: list[tuple[Reading | None, int]]) -> None:
    """Whatever comes and however often it is asked: a fall is one step, three observed days and three days after any
    change; without data nothing falls; an episode is named exactly while the level is above normal."""
    standing: Standing | None = None
    changed_at = on(0) - timedelta(days=9)
    hours = 0
    for reading, gap in course:
        hours += gap
        now = on(0, hours)
        before = standing
        standing = advance(
            standing,
            [reading or NOTHING],
            problem="p",
            indicator="i",
            now=now,
            coverage=0.9 if reading else 0.0,
        )
        again = advance(
            standing, [reading or NOTHING], problem="p", indicator="i", now=now, coverage=0.9 if reading else 0.0
        )
        was = before.level if before else Level.NORMAL
        assert again.level == standing.level
        assert bool(standing.episode) == (standing.level > Level.NORMAL)
        assert standing.peak >= standing.level
        if standing.level < was:
            assert reading is not None
            assert standing.level == was - 1
            assert now - changed_at >= timedelta(days=3)
        if standing.level != was:
            changed_at = now
            assert standing.level_since == now
