"""Build-up: growth too slow for any day to surprise, held against a reference that it cannot hide in.

Formula. The reference are the usable days t-172 .. t-61 (112 days, a guard of 60); its rate, spread a and capping are
those of the predictive detector, and m_i = rate * x_i. Over the last 60 days, from the oldest to t,

    y'_i = min(y_i, m_i + 2.58 * sqrt(phi_i * m_i) + 1)          one burst is no build-up
    S_i  = max(0, S_{i-1} + (y'_i * log(q) - (q - 1) * m_i) / phi_i),   phi_i = 1 + a * m_i + m_i / (sum y + 1/2)

the log likelihood ratio of a rate q = 1.5 times the reference's against the reference's own, given its overdispersion
and that the rate itself is uncertain. With S above h a false alarm comes once in exp(h) days or less often (Lorden), so
the limits are those of a probability: exp(-S) below 0.01 is watch, 0.001 warning, 0.0001 critical. With fewer than 28
usable days in the reference it is learning. A day without exposure adds nothing.

Parameters: `reference`, `guard`, `usable` (days), `ratio`, `cap`, `limits`, `least` (events in the last 28 days).

>>> import numpy as np
>>> y = np.concatenate([np.tile([4.0, 5, 6], 40), 5 * 1.03 ** np.arange(60)]).round()
>>> bool(statistic(y[None, :], np.ones((1, 180))).value[0, -1] > 6.9)
True

Paper: G. Lorden, Procedures for reacting to a change in distribution, Annals of Mathematical Statistics 42 (1971);
M. Hoehle and M. Paul, Count data regression charts, Computational Statistics and Data Analysis 52 (2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

import numpy as np
from numpy.typing import NDArray

from indicators.levels import no_data
from indicators.levels.history import Histories, History, day_of
from indicators.model.level import Level, Reading, ReadingState

NAME = "buildup"
Grid = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The detector's parameters."""

    reference: int = 112
    guard: int = 60
    usable: int = 28
    ratio: float = 1.5
    cap: float = 2.58
    limits: tuple[float, float, float] = (0.01, 0.001, 0.0001)
    least: int = 5
    observed_at_least: float = no_data.OBSERVED_AT_LEAST

    @property
    def memory(self) -> int:
        """How many days before the last one have any part in its answer."""
        return self.reference + self.guard


DEFAULT = Settings()


@dataclass(frozen=True, slots=True)
class Statistic:
    """What the detector says, arrays of series by days."""

    value: Grid
    """S; NaN where there is no answer."""
    recent: Grid
    """Events in the last 28 days."""
    expected: Grid
    """What the reference expected in them."""
    rate: Grid
    usable: NDArray[np.int64]
    seen: NDArray[np.bool_]


def _reference(y: Grid, x: Grid, base: NDArray[np.bool_], settings: Settings) -> tuple[Grid, Grid, Grid]:
    """Rate, spread and total of these reference days, outliers capped once."""
    n = base.sum(axis=1, dtype=float)
    seen_for = (x * base).sum(axis=1)
    mean = seen_for / np.maximum(n, 1)

    def fit(counted: Grid) -> tuple[Grid, Grid, Grid]:
        total = counted.sum(axis=1)
        rate = (total + 0.5) / np.maximum(seen_for + mean, 1e-300)
        m = np.where(base, rate[:, None] * x, 1.0)
        deviation = (np.where(base, counted - m, 0.0) ** 2 / m).sum(axis=1)
        return rate, np.maximum(1.0, deviation / np.maximum(n - 1, 1)), total

    counted = np.where(base, y, 0.0)
    rate, phi, _ = fit(counted)
    m = rate[:, None] * x
    rate, phi, total = fit(np.minimum(counted, m + settings.cap * np.sqrt(phi[:, None] * m) + 1))
    return rate, (phi - 1) / np.maximum(rate * mean, 1e-300), total


def statistic(
    counts: Grid,
    exposure: Grid,
    *,
    coverage: Grid | None = None,
    labelled: NDArray[np.bool_] | None = None,
    settings: Settings = DEFAULT,
    first: int = 0,
) -> Statistic:
    """S of every day from `first` on, as of that day; earlier days have no answer."""
    share = np.ones_like(counts) if coverage is None else np.nan_to_num(coverage)
    seen = ~np.isnan(counts) & (exposure > 0) & (share >= settings.observed_at_least)
    y, x = np.where(seen, counts, 0.0), np.where(seen, exposure, 0.0)
    base = seen if labelled is None else seen & ~labelled
    shape = y.shape
    found = Statistic(
        np.full(shape, np.nan), np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=np.int64), seen
    )
    for day in range(first, shape[1]):
        _at(day, y, x, base, found, settings)
    return found


def _at(day: int, y: Grid, x: Grid, base: NDArray[np.bool_], found: Statistic, settings: Settings) -> None:
    rows = slice(max(day - settings.memory, 0), max(day - settings.guard, 0))
    found.usable[:, day] = base[:, rows].sum(axis=1)
    if not (found.usable[:, day] >= settings.usable).any():
        return
    rate, spread, total = _reference(y[:, rows], x[:, rows], base[:, rows], settings)
    recent = slice(max(day - settings.guard + 1, 0), day + 1)
    m = rate[:, None] * x[:, recent]
    phi = 1 + spread[:, None] * m + m / (total[:, None] + 0.5)
    counted = np.minimum(y[:, recent], m + settings.cap * np.sqrt(phi * m) + 1)
    steps = (counted * np.log(settings.ratio) - (settings.ratio - 1) * m) / phi
    # max(0, S + step) over a stretch is the sum so far less the lowest sum so far.
    sums = np.cumsum(np.concatenate([np.zeros((len(steps), 1)), np.where(m > 0, steps, 0.0)], axis=1), axis=1)
    value = sums[:, -1] - sums.min(axis=1)
    found.value[:, day] = np.where((found.usable[:, day] >= settings.usable) & found.seen[:, day], value, np.nan)
    month = slice(max(day - 27, 0), day + 1)
    found.recent[:, day] = y[:, month].sum(axis=1)
    found.expected[:, day] = rate * x[:, month].sum(axis=1)
    found.rate[:, day] = rate


def levels_of(found: Statistic, settings: Settings = DEFAULT) -> NDArray[np.int64]:
    """The level each day's S reaches, 0 where there is no answer or too few events to speak of growth."""
    with np.errstate(invalid="ignore"):
        p = np.exp(-found.value)
        reached = sum((p < limit).astype(np.int64) for limit in settings.limits)
    return np.where(found.recent >= settings.least, reached, 0)


def read(history: History, *, as_of: datetime, settings: Settings = DEFAULT, zone: tzinfo = UTC) -> Reading:
    """Whether the last weeks are a build-up, as of the day of `as_of`."""
    return read_all(Histories.alone(history), as_of=as_of, settings=settings, zone=zone)[0]


def read_all(
    histories: Histories, *, as_of: datetime, settings: Settings = DEFAULT, zone: tzinfo = UTC
) -> list[Reading]:
    """`read` of several indicators at once, in order."""
    number = len(histories.counts)
    today, _ = day_of(as_of, zone)
    end = (today - histories.days[0]).days + 1 if histories.days else 0
    rows = slice(min(max(end - settings.memory - 1, 0), len(histories.days)), min(max(end, 0), len(histories.days)))
    if rows.start == rows.stop or histories.days[rows.stop - 1] != today:
        return [_silent(ReadingState.NO_DATA, "No data: today has not been counted yet.")] * number
    found = statistic(
        histories.counts[:, rows],
        histories.exposure[:, rows] * histories.completeness[:, rows],
        coverage=histories.coverage[:, rows],
        labelled=histories.labelled[:, rows],
        settings=settings,
        first=rows.stop - rows.start - 1,
    )
    levels = levels_of(found, settings)
    return [_reading(found, levels, row, histories.coverage[row, rows][-1], settings) for row in range(number)]


def _reading(found: Statistic, levels: NDArray[np.int64], row: int, share: float, settings: Settings) -> Reading:
    if not found.seen[row, -1]:
        return _silent(ReadingState.NO_DATA, no_data.sentence(None if np.isnan(share) else float(share), 1))
    usable = int(found.usable[row, -1])
    if usable < settings.usable:
        return _silent(
            ReadingState.LEARNING, f"Learning: {usable} of {settings.usable} usable days in the reference of long ago."
        )
    value, recent, expected = float(found.value[row, -1]), int(found.recent[row, -1]), float(found.expected[row, -1])
    level = Level(int(levels[row, -1]))
    word = "Sustained build-up" if level >= Level.WARNING else "Growth" if level else "No build-up"
    return Reading(
        detector=NAME,
        state=ReadingState.ANSWERED,
        level=level,
        count=recent,
        expected=expected,
        p_value=float(np.exp(-value)),
        why=f"{word}: {recent} events in the last 28 days; by the 16 weeks that ended two months ago {expected:.1f} "
        "would be usual.",
    )


def _silent(state: ReadingState, why: str) -> Reading:
    return Reading(detector=NAME, state=state, level=Level.NORMAL, count=0, why=why)
