"""How fast the detectors are: tiny in the normal run, the full figures with VEDETTE_BENCH=full."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from indicators.levels import ears, predictive

FULL = os.environ.get("VEDETTE_BENCH") == "full"
SERIES = 10_000 if FULL else 500
pytestmark = pytest.mark.benchmark


def a_board(days: int = 730) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Series from one event in twenty days to ten a day, with a volume that swings."""
    random = np.random.default_rng(1)
    rates = random.choice([0.05, 0.1, 0.5, 2.0, 10.0], size=SERIES)
    exposure = 1 + 0.2 * np.sin(2 * np.pi * np.arange(days) / 7)
    return random.poisson(rates[:, None] * exposure).astype(float), np.broadcast_to(exposure, (SERIES, days)).copy()


def processor_seconds(work: Callable[[], object]) -> float:
    """CPU time of the quicker of two runs."""
    spent = []
    for _ in range(2):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return min(spent)


def test_a_replay_of_two_years() -> None:
    """10,000 series by 730 days in at most 4 s of CPU; beside it EARS C2, and SciPy point by point."""
    counts, exposure = a_board()
    spent = processor_seconds(lambda: predictive.score(counts, exposure, tail_from=1.5))
    rows = counts[: SERIES // 10]
    yardstick = 10 * processor_seconds(lambda: [ears.limits(row) for row in rows])
    points = counts[:4, 120:620].ravel()

    def one_by_one() -> list[float]:
        return [float(stats.nbinom.sf(y - 1, 2.0, 0.5)) for y in points]

    loop = processor_seconds(one_by_one) / len(points) * counts.size * 3
    print(
        f"\nNBP, {SERIES} series by 730 days: {spent:.2f} s; EARS C2: {yardstick:.2f} s; "
        f"SciPy point by point, three windows: {loop:.0f} s ({loop / spent:.0f} times as long)"
    )


def test_one_new_day() -> None:
    """One new day for 10,000 series in at most 0.3 s of CPU."""
    counts, exposure = a_board(120)
    spent = processor_seconds(lambda: predictive.latest(counts, exposure, tail_from=1.5))
    print(f"\nNBP, one new day for {SERIES} series: {spent:.3f} s")
