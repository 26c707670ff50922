"""Counts, coverage, standings and conditions: the board of any past instant can be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from store_builders import DAY, HOUR, NOON, PROBLEM, PROBLEMS, a_recommendation, a_standing, shared_engine

from indicators import store
from indicators.model.level import Level, SetCondition, Standing, WatchCondition
from indicators.model.series import CountChange, DayCoverage
from indicators.store import writing

TODAY = NOON.date()


def a_change(events: int, *, at: datetime = NOON, day: date = TODAY, indicator: str = "drills") -> CountChange:
    """A signed change of one day's count."""
    return CountChange(
        problem=PROBLEM, indicator=indicator, occurred_on=day, known_at=at, events=events, mentions=2 * events
    )


def test_a_count_is_the_sum_of_what_was_known(engine: Engine) -> None:
    """A correction later on changes what is known now and leaves what was known before."""
    given_changes = [a_change(3), a_change(-2, at=NOON + HOUR), a_change(1, day=TODAY - DAY), a_change(0)]
    with writing(engine) as connection:
        store.series.add_changes(connection, given_changes)
        then = store.series.counts(connection, PROBLEM, as_of=NOON)
        now = store.series.counts(connection, PROBLEM, as_of=NOON + HOUR)
        held = store.series.changes(connection, PROBLEM, TODAY, TODAY, as_of=NOON + HOUR, indicators=["drills"])
    assert then["events"].tolist() == [1, 3]
    assert now["events"].tolist() == [1, 1]
    assert now["mentions"].tolist() == [2, 2]
    assert now["day"].tolist() == [pd.Timestamp(TODAY - DAY), pd.Timestamp(TODAY)]
    assert held == [given_changes[0], given_changes[1]]


def test_frames_without_rows_have_their_columns(engine: Engine) -> None:
    """A new database gives empty frames of the right kind, not an error."""
    with writing(engine) as connection:
        counts = store.series.counts(connection, PROBLEM, as_of=NOON)
        seen = store.series.coverage_frame(connection, PROBLEM, as_of=NOON)
    assert list(counts.columns) == ["indicator", "day", "events", "mentions"]
    assert list(seen.columns) == ["indicator", "day", "exposure", "coverage"]
    assert str(counts["events"].dtype) == "int64"
    assert str(seen["coverage"].dtype) == "float64"
    assert str(counts["day"].dtype).startswith("datetime64")


def test_coverage_is_added_only_where_it_changed(engine: Engine) -> None:
    """Looking again at the same polls writes nothing; a new figure leaves the old one readable."""
    full = DayCoverage(indicator="drills", day=TODAY, exposure=2.0, coverage=0.9)
    none = DayCoverage(indicator="hospitals", day=TODAY, exposure=0.0, coverage=None)
    with writing(engine) as connection:
        assert store.series.save_coverage(connection, PROBLEM, [full, none], NOON) == [full, none]
        assert store.series.save_coverage(connection, PROBLEM, [full, none], NOON + HOUR) == []
        less = replace(full, coverage=0.4)
        assert store.series.save_coverage(connection, PROBLEM, [less, none], NOON + 2 * HOUR) == [less]
        assert store.series.coverage(connection, PROBLEM, as_of=NOON + HOUR) == [full, none]
        assert store.series.coverage(connection, PROBLEM, as_of=NOON + DAY) == [less, none]
        assert store.series.coverage(connection, PROBLEM, as_of=NOON - HOUR) == []
        frame = store.series.coverage_frame(connection, PROBLEM, TODAY, TODAY, as_of=NOON + DAY)
        assert store.series.save_coverage(connection, PROBLEM, [], NOON) == []
    assert frame["coverage"].isna().tolist() == [False, True]


def test_a_standing_comes_back_as_it_was(engine: Engine) -> None:
    """Every timer of the state machine survives a restart."""
    full = a_standing(no_data=True, learning=True, no_data_since=NOON - HOUR, days_at_watch=(TODAY,))
    bare = a_standing("drills", Level.NORMAL, expected=None, coverage=None, days_below=())
    with writing(engine) as connection:
        store.levels.save_standings(connection, [full, bare])
        assert store.levels.latest_standings(connection, PROBLEM, as_of=NOON) == [bare, full]
        assert store.levels.latest_standings(connection, PROBLEM, as_of=NOON - HOUR) == []
        assert store.levels.latest_standings(connection, "another", as_of=NOON) == []


def test_standings_are_added_only_when_they_tell_something(engine: Engine) -> None:
    """Looking every minute fills no table: a change is kept, and one row a day."""
    first = a_standing()
    with writing(engine) as connection:
        for minute in range(5):
            store.levels.save_standings(connection, [replace(first, at=NOON + timedelta(minutes=minute))])
        higher = replace(first, at=NOON + HOUR, level=Level.WARNING, level_since=NOON + HOUR)
        assert store.levels.save_standings(connection, [higher]) == [higher]
        tomorrow = replace(higher, at=NOON + DAY)
        assert store.levels.save_standings(connection, [tomorrow]) == [tomorrow]
        history = store.levels.standing_history(
            connection, PROBLEM, "equipment_moves", since=NOON - DAY, as_of=NOON + DAY
        )
        later = store.levels.standing_history(
            connection, PROBLEM, "equipment_moves", since=NOON + 2 * HOUR, as_of=NOON + DAY
        )
        changes = store.levels.level_changes(connection, PROBLEM, since=NOON, as_of=NOON + DAY)
    assert history == [first, higher, tomorrow]
    assert later == [higher, tomorrow]
    assert changes == [higher]


def test_what_changed_is_levels_and_blindness(engine: Engine) -> None:
    """A first look at a calm indicator is no change; going blind and seeing again are."""
    calm = a_standing("drills", Level.NORMAL)
    blind = replace(calm, at=NOON + HOUR, no_data=True, no_data_since=NOON + HOUR)
    sees = replace(calm, at=NOON + 2 * HOUR)
    alert = a_standing("troops", Level.WARNING)
    with writing(engine) as connection:
        for standing in (calm, alert, blind, sees):
            store.levels.save_standings(connection, [standing])
        changes = store.levels.level_changes(connection, PROBLEM, since=NOON - DAY, as_of=NOON + DAY)
    assert changes == [alert, blind, sees]


def test_the_board_is_what_an_officer_saw(engine: Engine) -> None:
    """Condition, set level, history and standings of a past instant, in the catalogue's order."""
    first, graver, same = (
        a_recommendation(5),
        a_recommendation(3, at=NOON + DAY),
        a_recommendation(3, at=NOON + 2 * DAY, since=NOON + DAY, coverage=None),
    )
    chosen = SetCondition(
        problem=PROBLEM, condition=WatchCondition.INTEREST, by="Cpt. Rossi", at=NOON + DAY, reason="a routine drill"
    )
    with writing(engine) as connection:
        empty = store.levels.board(connection, PROBLEM, as_of=NOON - DAY)
        for recommended in (first, graver, same):
            assert store.levels.save_recommendation(connection, recommended)
        assert not store.levels.save_recommendation(connection, replace(same, at=NOON + 2 * DAY + HOUR))
        store.levels.set_condition(connection, chosen)
        store.levels.save_standings(connection, [a_standing("b"), a_standing("a"), a_standing("stray")])
        then = store.levels.board(connection, PROBLEM, as_of=NOON, name="Crossing", order=["b", "a"])
        now = store.levels.board(connection, PROBLEM, as_of=NOON + 3 * DAY, history_since=NOON + 2 * DAY)
    assert (empty.recommendation, empty.set, empty.history, empty.standings) == (None, None, (), ())
    assert (then.recommendation, then.set, then.name) == (first, None, "Crossing")
    assert [standing.indicator for standing in then.standings] == ["b", "a", "stray"]
    assert (now.recommendation, now.set, now.history) == (same, chosen, (graver,))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.integers(1, 40)), max_size=12))
def test_the_standing_in_force_is_the_last_one_known(steps: list[tuple[str, int, int]]) -> None:
    """However standings follow one another, each instant reads as it was held then."""
    problem, at = f"problem{next(PROBLEMS)}", NOON
    shown: list[tuple[datetime, dict[str, Level]]] = []
    held: dict[str, Level] = {}
    with writing(shared_engine()) as connection:
        for indicator, level, hours in steps:
            at += hours * HOUR
            standing: Standing = a_standing(indicator, Level(level), problem=problem, at=at)
            store.levels.save_standings(connection, [standing])
            held = held | {indicator: Level(level)}
            shown.append((at, held))
        for instant, levels in shown:
            read = store.levels.latest_standings(connection, problem, as_of=instant)
            assert {standing.indicator: standing.level for standing in read} == levels


@pytest.mark.parametrize("rows", [1, 40])
def test_reads_cost_the_same_number_of_statements(engine: Engine, rows: int) -> None:
    """A board of forty indicators takes as many statements as a board of one."""
    from sqlalchemy import event

    with writing(engine) as connection:
        store.levels.save_standings(connection, [a_standing(f"i{number:02}") for number in range(rows)])
        told: list[str] = []
        event.listen(connection, "before_cursor_execute", lambda *call: told.append(call[2]))
        assert len(store.levels.board(connection, PROBLEM, as_of=NOON).standings) == rows
    assert len(told) == 4
