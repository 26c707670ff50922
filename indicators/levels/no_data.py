"""Whether enough could be seen to say anything: unknown is not zero, and never lowers a level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

OBSERVED_AT_LEAST = 0.5
"""Below half of what the feeds usually give, a low count says nothing."""


def coverage_over(coverage: Sequence[float | None], *, in_progress: float = 1.0) -> float | None:
    """Observed share over these days, the last of which has run for the share `in_progress`; None if nothing can carry.

    A day without a value (no feed carried the indicator, or the day was never evaluated) was not seen and counts as 0;
    only when every day is so is the answer None.
    """
    shares = np.array([np.nan if share is None else share for share in coverage], dtype=float)
    if not len(shares) or np.isnan(shares).all():
        return None
    weights = np.ones(len(shares))
    weights[-1] = max(in_progress, 1e-9)
    return float((np.nan_to_num(shares) * weights).sum() / weights.sum())


def is_blind(coverage: float | None, *, at_least: float = OBSERVED_AT_LEAST) -> bool:
    """True when so little was seen that a low count is no news."""
    return coverage is None or coverage < at_least


def sentence(coverage: float | None, days: int) -> str:
    """Why there is no answer, for the officer."""
    if coverage is None:
        return f"No data: nothing that carries this indicator was read in {_days(days)}."
    needed = f"{OBSERVED_AT_LEAST:.0%} is needed"
    return f"No data: {coverage:.0%} of the usual reporting was seen in {_days(days)}; {needed}."


def _days(number: int) -> str:
    return "the last day" if number == 1 else f"the last {number} days"
