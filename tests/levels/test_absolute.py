"""The officer's own limit: so many independent events in so many days."""

from __future__ import annotations

from datetime import timedelta

import pytest
from level_builders import day_after, on

from indicators.levels import absolute, no_data
from indicators.levels.detector import History, SeriesError
from indicators.model.level import Level, ReadingState, Thresholds


def history(*counts: float | None, coverage: tuple[float | None, ...] = ()) -> History:
    """Days from 1 December on."""
    return History(days=[day_after(n) for n in range(len(counts))], counts=counts, coverage=coverage)


def test_three_in_three_days_is_a_warning() -> None:
    """Events are summed over the window and the sentence has the numbers."""
    reading = absolute.read(history(1, 1, 1), thresholds=Thresholds(), as_of=on(2))
    assert reading.level is Level.WARNING
    assert reading.why == "3 independent events in 3 days; warning from 3."
    assert reading.count == 3


def test_the_window_moves() -> None:
    """An event four days old no longer counts."""
    assert absolute.read(history(5, 0, 0, 0), thresholds=Thresholds(), as_of=on(3)).count == 0
    assert absolute.read(history(5, 0, 0, 0), thresholds=Thresholds(), as_of=on(2)).level is Level.CRITICAL


def test_later_days_are_not_looked_at() -> None:
    """As of a past day, what came after it is not there."""
    assert absolute.read(history(1, 0, 9), thresholds=Thresholds(), as_of=on(1)).count == 1


def test_a_blind_calm_is_no_data() -> None:
    """Two of three days unseen and nothing counted is no answer, and the sentence says how much was seen."""
    reading = absolute.read(
        history(None, None, 0, coverage=(0.0, 0.0, 1.0)), thresholds=Thresholds(), as_of=on(2, 23.99)
    )
    assert reading.state is ReadingState.NO_DATA
    assert reading.why == "No data: 33% of the usual reporting was seen in the last 3 days; 50% is needed."


def test_a_sighting_through_fog_is_a_sighting() -> None:
    """A count is a lower bound: a limit reached while little was seen is reached."""
    reading = absolute.read(history(None, None, 3, coverage=(0.0, 0.0, 0.2)), thresholds=Thresholds(), as_of=on(2))
    assert (reading.state, reading.level) == (ReadingState.ANSWERED, Level.WARNING)


def test_no_feed_is_said() -> None:
    """Of days in which no carrying feed was read there is no data, and the sentence says so."""
    reading = absolute.read(history(0, 0, 0, coverage=(None,) * 3), thresholds=Thresholds(), as_of=on(2))
    assert reading.why == "No data: nothing that carries this indicator was read in the last 3 days."


def test_seven_zero_days_then_forty_is_critical() -> None:
    """The case on which mean and deviation are silent."""
    assert absolute.read(history(*[0] * 7, 40), thresholds=Thresholds(), as_of=on(7)).level is Level.CRITICAL
    assert absolute.read(history(*[3] * 7, 30), thresholds=Thresholds(), as_of=on(7)).level is Level.CRITICAL


def test_the_day_in_progress_weighs_what_has_passed_of_it() -> None:
    """Five unseen minutes after midnight do not make two well-seen days blind."""
    seen = history(0, 0, None, coverage=(1.0, 1.0, 0.0))
    assert absolute.seen_over(seen, within=timedelta(days=3), as_of=on(2, 0.1)) == pytest.approx(0.998, abs=0.001)
    assert no_data.is_blind(absolute.seen_over(history(0, coverage=(1.0,)), within=timedelta(days=3), as_of=on(0)))


def test_limits_equal_to_each_other_give_the_higher() -> None:
    """An officer may set one limit for all levels: one sighting is critical."""
    once = Thresholds(watch=1, warning=1, critical=1)
    assert absolute.read(history(1), thresholds=once, as_of=on(0)).level is Level.CRITICAL


@pytest.mark.parametrize(
    ("days", "counts", "says"),
    [
        ([0, 2], [1, 1], "give every day once"),
        ([0, 1], [1], "give one for each day"),
        ([0], [-1], "negative"),
    ],
)
def test_a_broken_history_is_one_clear_line(days: list[int], counts: list[float], says: str) -> None:
    """Gaps in the days, columns of other lengths, negative counts: refused by name."""
    with pytest.raises(SeriesError, match=says):
        History(days=[day_after(day) for day in days], counts=counts)
