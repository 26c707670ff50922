"""The condition over time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from indicators.charts.ladder import ladder_figure
from indicators.charts.theme import DARK
from indicators.model.level import Recommendation, SetCondition, WatchCondition

UNTIL = datetime(2022, 12, 25, tzinfo=UTC)
SINCE = UNTIL - timedelta(days=90)


def a_change(back: float, condition: int) -> Recommendation:
    at = UNTIL - timedelta(days=back)
    return Recommendation(problem="p", at=at, condition=WatchCondition(condition), why=(), coverage=None, since=at)


def test_each_condition_is_drawn_for_as_long_as_it_held() -> None:
    """One stretch for each condition, in its own colour, the last one up to now."""
    figure = ladder_figure([a_change(60, 5), a_change(10, 4), a_change(1, 3)], since=SINCE, until=UNTIL)
    stretches = [trace for trace in figure.data if trace.name == "recommended"]
    assert [trace.y[0] for trace in stretches] == [1, 2, 3]
    assert [trace.line.color for trace in stretches] == [DARK.condition(WatchCondition(c)).color for c in (5, 4, 3)]
    assert stretches[-1].x[1] == UNTIL


def test_time_before_the_first_evaluation_is_hatched_and_not_routine() -> None:
    """Nothing is claimed of days on which nothing was evaluated."""
    figure = ladder_figure([a_change(30, 5)], since=SINCE, until=UNTIL)
    assert any(trace.name == "not evaluated" for trace in figure.data)
    nothing = ladder_figure([], since=SINCE, until=UNTIL)
    assert [trace.name for trace in nothing.data] == ["not evaluated"]


def test_a_condition_from_before_the_picture_reaches_into_it() -> None:
    """The condition in force at the left edge is drawn from the edge on."""
    figure = ladder_figure([a_change(200, 4)], since=SINCE, until=UNTIL)
    stretch = next(trace for trace in figure.data if trace.name == "recommended")
    assert stretch.x[0] == SINCE


def test_what_a_person_set_is_its_own_line() -> None:
    """The set condition is dashed ink over the recommended one, and named."""
    chosen = SetCondition(
        problem="p", condition=WatchCondition.INTEREST, by="N", at=UNTIL - timedelta(days=5), reason="r"
    )
    figure = ladder_figure([a_change(30, 5)], [chosen], since=SINCE, until=UNTIL)
    line = next(trace for trace in figure.data if trace.name == "set")
    assert line.line.dash == "dash"
    assert set(line.y) == {2}
