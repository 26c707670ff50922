"""Which past episodes leave the baseline."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from level_builders import a_standing, day_after, on

from indicators.levels import past
from indicators.levels.history import History
from indicators.model.level import Level

BEFORE = a_standing(
    "moves",
    Level.WATCH,
    episode="belarus/moves/2022-12-05T12:00:00Z",
    peak=Level.WARNING,
    days_below=(day_after(12), day_after(13)),
)
AFTER = a_standing("moves", Level.NORMAL, at=on(14))


def history(burst: float, usual: float = 0.2) -> History:
    """120 days at the usual rate and, from 3 to 8 December, so many a day."""
    days = [day_after(number) for number in range(-119, 15)]
    counts = [
        burst if 3 <= (day - day_after(0)).days <= 8 else float(n % 5 == 0) * usual * 5 for n, day in enumerate(days)
    ]
    return History(days=days, counts=np.array(counts))


def test_an_episode_that_is_over_is_labelled_with_the_days_that_raised_it() -> None:
    """From two days before it was raised to the last day that held it."""
    assert past.episode(BEFORE, AFTER, history(4), zone=UTC) == (day_after(2), day_after(11))


def test_the_usual_is_no_exception() -> None:
    """An episode of an officer's low limit, with no more events than always, stays in the baseline."""
    assert past.episode(BEFORE, AFTER, history(1, usual=1.0), zone=UTC) is None


def test_neither_a_watch_nor_an_open_episode_nor_a_new_normal_is_labelled() -> None:
    """It must have reached warning, be over, and have lasted no more than six weeks."""
    assert not past.is_over(replace(BEFORE, peak=Level.WATCH), AFTER)
    assert not past.is_over(BEFORE, replace(AFTER, level=Level.WATCH, episode=BEFORE.episode))
    assert not past.is_over(None, AFTER)
    begun = datetime(2022, 12, 5, 12, tzinfo=UTC) - timedelta(days=50)
    long = replace(BEFORE, episode=f"belarus/moves/{begun:%Y-%m-%dT%H:%M:%SZ}")
    assert past.episode(long, AFTER, history(4), zone=UTC) is None
