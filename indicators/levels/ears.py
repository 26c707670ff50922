"""EARS C1, C2, C3: the known yardstick, and a rule for short histories.

Formula. With mean and sd (n - 1) of the `baseline` days before day t, and z the normal quantile of 1 - alpha:

    C1: days t-b .. t-1         upper = mean + max(sd, min_sigma) * z
    C2: days t-b-2 .. t-3       upper = mean + max(sd, min_sigma) * z
    C3: the baseline of C2      upper = max(0, y + max(sd, min_sigma) * (z - max(0, C2[t-1] - 1) - max(0, C2[t-2] - 1)))
        where C2[t] = (y - mean) / max(sd, min_sigma)

    alarm when y > upper

A baseline of one value has sd 0: with min_sigma 0 any count above it alarms, and C3 divides nothing by nothing, which
is no answer. An unseen day is left out of a baseline; with fewer than two days left, or an unseen day t, there is no
answer.

Parameters: `variant` (C1, C2, C3), `baseline` (days), `min_sigma`, `alpha`.

>>> upper, _, alarm = limits([2, 3, 2, 1, 2, 3, 2, 9], variant="C1", baseline=7)
>>> round(float(upper[-1]), 3), float(alarm[-1])
(4.275, 1.0)

Paper: L. Hutwagner and others, Comparing aberration detection methods with simulated data, Emerging Infectious Diseases
11 (2005); M. Salmon, D. Schumacher, M. Hoehle, Monitoring count time series in R, J. Statistical Software 70 (2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import special

Column = NDArray[np.float64]
Variant = Literal["C1", "C2", "C3"]
GUARD = {"C1": 0, "C2": 2, "C3": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The parameters; the defaults are those that suit counts of reports."""

    variant: Variant = "C2"
    baseline: int = 28
    min_sigma: float = 0.5
    alpha: float = 0.001

    @property
    def first(self) -> int:
        """The first day, counted from 0, with a full baseline."""
        return self.baseline + (4 if self.variant == "C3" else GUARD[self.variant])


def _baseline(y: Column, length: int, guard: int) -> tuple[Column, Column]:
    """Mean and sd of each day's baseline; NaN where fewer than two of its days are known."""
    mean, sd = np.full(len(y), np.nan), np.full(len(y), np.nan)
    first = length + guard
    if len(y) <= first:
        return mean, sd
    windows = sliding_window_view(y, length)[: len(y) - first]
    known = ~np.isnan(windows)
    n = known.sum(axis=1)
    enough = n >= 2
    # Centred before squaring: a baseline of one value must have a deviation of exactly 0.
    middle = np.divide(np.nansum(windows, axis=1), n, out=np.full(len(n), np.nan), where=enough)
    squares = np.nansum((windows - middle[:, None]) ** 2, axis=1)
    mean[first:] = middle
    sd[first:] = np.sqrt(np.divide(squares, n - 1, out=np.full(len(n), np.nan), where=enough))
    return mean, sd


def limits(
    counts: Sequence[float] | Column,
    *,
    variant: Variant = "C2",
    baseline: int = 28,
    min_sigma: float = 0.5,
    alpha: float = 0.001,
) -> tuple[Column, Column, Column]:
    """Upper limit, expected count and alarm (1, 0, NaN) of each day; NaN where there is no answer."""
    y = np.asarray(counts, dtype=float)
    z = -special.ndtri(alpha)
    mean, sd = _baseline(y, baseline, GUARD[variant])
    spread = np.maximum(sd, min_sigma)
    with np.errstate(invalid="ignore", divide="ignore"):
        if variant == "C3":
            c2 = (y - mean) / spread
            carried = np.full(len(y), np.nan)
            carried[2:] = np.maximum(0, c2[1:-1] - 1) + np.maximum(0, c2[:-2] - 1)
            upper = np.maximum(0, y + spread * (z - carried))
        else:
            upper = mean + spread * z
        alarm = np.where(np.isnan(upper) | np.isnan(y), np.nan, (y > upper).astype(float))
    return upper, mean, alarm
