"""How often a limit would have fired is answerable before it is saved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np

from indicators.levels.history import History
from indicators.levels.preview import by_chance, preview, within_budget
from indicators.model.level import Level, Thresholds

FIRST = date(2022, 1, 1)


def lived(counts: np.ndarray, blind: tuple[int, ...] = ()) -> Iterator[tuple[datetime, History]]:
    """Each day's end with what was known then."""
    for day in range(len(counts)):
        days = [FIRST + timedelta(days=n) for n in range(day + 1)]
        coverage = np.array([0.0 if n in blind else 1.0 for n in range(day + 1)])
        now = datetime(2022, 1, 1, 23, 59, tzinfo=UTC) + timedelta(days=day)
        yield now, History(days=days, counts=counts[: day + 1], coverage=coverage)


def test_a_preview_counts_rises() -> None:
    """Two bursts far apart are two warnings; the days between are watched and counted."""
    counts = np.zeros(60)
    counts[[10, 40]] = 3
    found = preview(lived(counts), Thresholds())
    assert (found.fired[Level.WARNING], found.fired[Level.CRITICAL]) == (2, 0)
    assert (found.days, found.observed, found.events) == (60, 59, 6)
    assert found.days_at[Level.WARNING] >= 6
    assert found.why.startswith("In 60 days, 59 of them observed, with 6 events: watch 2 times (chance 1.")


def test_blind_days_are_not_observed() -> None:
    """Days without data are not days on which the rule stayed silent."""
    found = preview(lived(np.zeros(30), blind=tuple(range(10, 20))), Thresholds())
    assert found.observed == 19


def test_chance_grows_with_the_rate_and_falls_with_the_limit() -> None:
    """A quiet series reaches three in three days by chance seldom, a busy one often; five more seldom than three."""
    limits = Thresholds()
    quiet, busy = by_chance(0.1, limits, Level.WARNING), by_chance(0.5, limits, Level.WARNING)
    assert quiet < 2 < busy
    assert by_chance(0.5, limits, Level.CRITICAL) < busy
    assert by_chance(0.0, limits, Level.WATCH) == 0


def test_the_limit_that_meets_a_budget() -> None:
    """The proposed limit stays within it, and one lower does not."""
    limits = Thresholds()
    proposed = within_budget(1.0, limits, Level.WARNING, per_year=2)

    def often(limit: int) -> float:
        return by_chance(1.0, Thresholds(watch=limit, warning=limit, critical=limit), Level.WARNING)

    assert often(proposed) <= 2 < often(proposed - 1)


def test_nothing_known_is_nothing_fired() -> None:
    """A preview of no days says so."""
    assert preview([], Thresholds()).why.startswith("In 0 days")
