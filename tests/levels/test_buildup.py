"""Growth too slow for any day to surprise is found against a reference it cannot hide in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from indicators.levels import buildup
from indicators.levels.history import History
from indicators.model.level import Level, ReadingState


def grown(mean: np.ndarray, seed: int = 6, series: int = 100) -> np.ndarray:
    """The level of each of the 60 days of growth after 180 usual days at 5 a day."""
    path = np.concatenate([np.full(180, 5.0), mean])
    y = np.random.default_rng(seed).poisson(path, (series, len(path))).astype(float)
    return buildup.levels_of(buildup.statistic(y, np.ones_like(y), first=180))[:, 180:]


DAYS = np.arange(60)


@pytest.mark.parametrize(("mean", "level"), [(5 + DAYS, 2), (5 * 1.03**DAYS, 2), (5 * 1.08**DAYS, 3)])
def test_steady_growth_over_sixty_days_is_found(mean: np.ndarray, level: int) -> None:
    """+1 a day, +3 % a day and +8 % a day from five a day: at least warning on each, the steepest critical."""
    assert (grown(mean).max(axis=1) >= level).all()


@pytest.mark.parametrize("rate", [0.1, 0.5, 2.0, 10.0])
def test_a_steady_series_hardly_ever_warns(rate: float) -> None:
    """At most one false warning per two series-years."""
    y = np.random.default_rng(8).poisson(rate, (100, 730)).astype(float)
    warned = buildup.levels_of(buildup.statistic(y, np.ones_like(y))) >= 2
    starts = warned[:, 1:] & ~warned[:, :-1]
    assert starts.sum() / (100 * (730 - 88) / 365) <= 0.5


def test_one_burst_is_no_build_up() -> None:
    """Forty on a single day leaves the rule under watch."""
    y = np.full((1, 240), 5.0)
    y[0, 230] = 40
    assert buildup.levels_of(buildup.statistic(y, np.ones_like(y))).max() == 0


def test_growth_of_what_is_read_is_no_build_up() -> None:
    """Counts that grow as the volume grows say nothing."""
    volume = np.concatenate([np.ones(180), np.linspace(1, 5, 60)])
    y = np.random.default_rng(9).poisson(5 * volume, (100, 240)).astype(float)
    assert (buildup.levels_of(buildup.statistic(y, np.broadcast_to(volume, y.shape), first=180)) >= 2).mean() < 0.01


def test_an_outage_neither_grows_nor_heals() -> None:
    """Unseen days add nothing to the statistic and have no answer of their own."""
    y = np.concatenate([np.full(180, 5.0), np.full(20, 9.0), np.full(10, np.nan), [9.0]])[None, :]
    found = buildup.statistic(y, np.ones_like(y))
    assert np.isnan(found.value[0, 200:210]).all()
    assert found.value[0, 210] > found.value[0, 199] > 6


def test_it_says_what_grew() -> None:
    """The sentence has the month's count and what long ago would make usual."""
    counts = np.concatenate([np.full(150, 2.0), np.full(30, 6.0)])
    days = [date(2022, 6, 1) + timedelta(days=n) for n in range(180)]
    last = datetime(2022, 11, 27, 23, tzinfo=UTC)
    reading = buildup.read(History(days=days, counts=counts), as_of=last)
    assert reading.level is Level.CRITICAL
    assert reading.why.startswith("Sustained build-up: 168 events in the last 28 days; by the 16 weeks")
    short = buildup.read(History(days=days[-70:], counts=counts[-70:]), as_of=last)
    assert short.state is ReadingState.LEARNING
