"""NBP, the primary detector: how surprising are the last 1, 3 and 7 days, given the 16 weeks before and what was read?

Formula. For day t the baseline are the usable days t-119 .. t-8 (112 days, a guard of 7): exposure e > 0, coverage at
least one half, no label. With x = e * c (c completeness, 1 for old days) and 14 usable days or more:

    rate = (sum y + 1/2) / (sum x + mean x)                     m_i = rate * x_i
    phi  = max(1, sum((y - m)^2 / m) / (n - 1))
    y'   = min(y, m + 2.58 * sqrt(phi * m) + 1)                 past outliers capped, once; rate and phi again
    a    = (phi - 1) / mean m

    over the last k = 1, 3, 7 days, of which x_k was seen:  m = rate * x_k,  f = 1 + a * m / k
    V    = f * (m + m^2 / (sum y' + 1/2))                       the last term: the rate itself is uncertain
    p_k  = P(Y >= y_k), negative binomial with mean m and variance V
    p    = min(1, sqrt(3) * min p_k)

The variance grows with the level, so a new feed that doubles the exposure moves the limit and does not alarm.

Parameters: `baseline`, `guard`, `usable` (days), `windows`, `cap` (standard deviations), `limits` (watch, warning,
critical), `counts` (the smallest counts that may raise to each), `weekday` (a weekday factor of the rate, off: the
weekly swing of volume is in the exposure already).

Paper: A. Noufaily and others, An improved algorithm for outbreak detection, Statistics in Medicine 32 (2013), for the
negative binomial limit; J. Manitz and M. Hoehle, Bayesian outbreak detection, Biometrical Journal 55 (2013), for the
predictive form. The windows and the level-dependent variance are this project's own and tested by simulation.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from indicators.levels import no_data
from indicators.levels.history import Histories, History, day_of
from indicators.model.level import Level, Reading, ReadingState

NAME = "nbp"
Grid = NDArray[np.float64]
ROOT_OF_WINDOWS = 3**0.5
"""The three windows overlap, so the price of looking at all is less than three tests."""
CHUNK = 128
"""Series worked on together: small enough for the processor's cache, large enough for numpy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The detector's parameters, with the defaults that the acceptance figures were measured with."""

    baseline: int = 112
    guard: int = 7
    usable: int = 14
    windows: tuple[int, ...] = (1, 3, 7)
    cap: float = 2.58
    limits: tuple[float, float, float] = (0.01, 0.001, 0.0001)
    counts: tuple[int, int, int] = (2, 3, 5)
    weekday: bool = False
    observed_at_least: float = no_data.OBSERVED_AT_LEAST

    @property
    def memory(self) -> int:
        """How many days before the last one have any part in its answer."""
        return self.baseline + self.guard


DEFAULT = Settings()


@dataclass(frozen=True, slots=True)
class Scores:
    """What NBP says of days, arrays of one shape: series by days."""

    p: Grid
    """NaN where there is no answer."""
    count: Grid
    """Events in the window of the smallest p."""
    expected: Grid
    """Expected in that window."""
    window: NDArray[np.int64]
    """Its length in days."""
    dispersion: Grid
    """Variance over mean in that window."""
    usable: NDArray[np.int64]
    """Usable days of the baseline: under the parameter `usable` the detector is learning."""
    seen: NDArray[np.bool_]
    """Whether the day itself was seen well enough to say anything."""
    rate: Grid
    """Events per unit of exposure in the baseline; 0 where there is no answer."""


COLUMNS = tuple(field.name for field in fields(Scores))


class _Days(NamedTuple):
    """Counts and exposure as the sums need them; 0 where a day is of no use."""

    y: Grid
    x: Grid
    seen: NDArray[np.bool_]
    base: NDArray[np.bool_]
    """May serve in a baseline."""


class _Rates(NamedTuple):
    """What a baseline gives."""

    rate: Grid
    total: Grid
    spread: Grid
    """a: how fast the variance grows with the level."""


def _clean(
    counts: Grid, exposure: Grid, coverage: Grid | None, labelled: NDArray[np.bool_] | None, settings: Settings
) -> _Days:
    share = np.ones_like(counts) if coverage is None else np.nan_to_num(coverage)
    seen = ~np.isnan(counts) & (exposure > 0) & (share >= settings.observed_at_least)
    y = np.where(seen, counts, 0.0)
    x = np.where(seen, exposure, 0.0)
    if settings.weekday:
        x *= _weekday_factor(y, x)
    return _Days(y, x, seen, seen if labelled is None else seen & ~labelled)


def _weekday_factor(y: Grid, x: Grid, weeks: int = 26, prior: float = 8.0) -> Grid:
    """Rate of each day's weekday over the 26 weeks before it, relative to all days and shrunk to 1."""
    total_y, total_x = _trailing(y, 7 * weeks, 1), _trailing(x, 7 * weeks, 1)
    rate = np.divide(total_y, total_x, out=np.zeros_like(y), where=total_x > 0)
    return np.asarray((_trailing(y, weeks, 7) + prior) / (_trailing(x, weeks, 7) * rate + prior))


def _trailing(values: Grid, terms: int, step: int) -> Grid:
    """Sum of the `terms` values before each day, `step` days apart."""
    size = values.shape[-1]
    sums = np.zeros_like(values)
    for phase in range(step):
        strand = values[..., phase::step]
        before = np.concatenate([np.zeros_like(strand[..., :1]), np.cumsum(strand, axis=-1)], axis=-1)
        ends = np.arange(strand.shape[-1])
        sums[..., phase:size:step] = before[..., ends] - before[..., np.maximum(ends - terms, 0)]
    return sums


def _squares(days: _Days) -> Grid:
    return np.divide(days.y**2, days.x, out=np.zeros_like(days.y), where=days.base)


def _spread(rate: Grid, total: Grid, squares: Grid, exposure: Grid, n: Grid) -> Grid:
    """phi: the mean squared deviation in units of the mean, by sums alone; at least 1."""
    deviation = squares / rate - 2 * total + rate * exposure
    return np.maximum(1.0, deviation / np.maximum(n - 1, 1))


def _finish(total: Grid, squares: Grid, exposure: Grid, n: Grid) -> _Rates:
    mean = exposure / np.maximum(n, 1)
    rate = (total + 0.5) / np.maximum(exposure + mean, 1e-300)
    phi = _spread(rate, total, squares, exposure, n)
    return _Rates(rate, total, (phi - 1) / np.maximum(rate * mean, 1e-300))


def tail(count: Grid, mean: Grid, dispersion: Grid) -> Grid:
    """P(Y >= count) for a negative binomial of this mean and variance/mean; Poisson where that is 1."""
    over = np.maximum(dispersion - 1, 1e-9)
    inside = special.betainc(np.maximum(count, 1e-300), np.maximum(mean / over, 1e-300), 1 - 1 / (1 + over))
    return np.where((count <= 0) | (mean <= 0), np.where(count <= 0, 1.0, 0.0), inside)


def score(
    counts: Grid,
    exposure: Grid,
    *,
    coverage: Grid | None = None,
    labelled: NDArray[np.bool_] | None = None,
    settings: Settings = DEFAULT,
    tail_from: float = -np.inf,
) -> Scores:
    """Every day of every series, as of that day: arrays of series by days in, arrays of series by days out.

    `tail_from` leaves p at 1 where the count lies no more than so many standard deviations above its mean, or under the
    smallest count that may raise: the levels are the same, and a long replay needs no more. Left out, every p is exact.
    """
    found: Scores | None = None
    for start in range(0, max(len(counts), 1), CHUNK):
        rows = slice(start, start + CHUNK)
        days = _clean(
            counts[rows],
            exposure[rows],
            None if coverage is None else coverage[rows],
            None if labelled is None else labelled[rows],
            settings,
        )
        part = _score(days, settings, tail_from)
        if len(counts) <= CHUNK:
            return part
        if found is None:
            found = Scores(*(np.empty(counts.shape, dtype=getattr(part, name).dtype) for name in COLUMNS))
        for name in COLUMNS:  # written in place, so that the chunk's own arrays stay in the cache
            getattr(found, name)[rows] = getattr(part, name)
    assert found is not None, "there is always a first chunk"
    return found


def _score(days: _Days, settings: Settings, tail_from: float) -> Scores:
    size = days.y.shape[1]
    ends = np.maximum(np.arange(size) - settings.guard, 0)

    def baseline(values: Grid) -> Grid:
        sums = np.zeros((len(values), size + 1))
        np.cumsum(values, axis=1, out=sums[:, 1:])
        # The first days have a short baseline, the rest differ by a fixed lag: two slices, not two gathers.
        kept = np.zeros_like(values)
        late = min(settings.memory, size)
        kept[:, :late] = sums[:, ends[:late]]
        if size > late:
            np.subtract(
                sums[:, late - settings.guard : size - settings.guard], sums[:, : size - late], out=kept[:, late:]
            )
        return kept

    n = baseline(days.base.astype(float))
    exposure = baseline(days.x * days.base)
    total, squares = baseline(days.y * days.base), baseline(_squares(days))
    total, squares = _capped(days, settings, total=total, squares=squares, exposure=exposure, n=n)
    rates = _finish(total, squares, exposure, n)
    return _windows(days, rates, n, settings, tail_from)


def _capped(
    days: _Days, settings: Settings, *, total: Grid, squares: Grid, exposure: Grid, n: Grid
) -> tuple[Grid, Grid]:
    """The sums with each baseline's outliers capped by that baseline's own rate and spread.

    Only a day above the lowest cap any of its baselines may set is looked at again; that is one in a hundred.
    """
    size = days.y.shape[1]
    mean = exposure / np.maximum(n, 1)
    rate = (total + 0.5) / np.maximum(exposure + mean, 1e-300)
    phi = _spread(rate, total, squares, exposure, n)
    learned = np.where(n >= settings.usable, rate, np.inf)
    padded = np.concatenate([learned, np.full((len(learned), settings.memory), np.inf)], axis=1)
    # Day i serves the days i+guard+1 .. i+memory; the lowest rate among them gives the lowest cap it can meet.
    lowest = ndimage.minimum_filter1d(padded, settings.baseline, axis=1, mode="constant", cval=np.inf)
    middle = settings.guard + 1 + settings.baseline // 2
    lowest = lowest[:, middle : middle + size]
    with np.errstate(invalid="ignore"):
        least = lowest * days.x
        suspects = days.base & (days.y > least + settings.cap * np.sqrt(least) + 1)
    row, day = np.nonzero(suspects)
    if not len(row):
        return total, squares
    y, x = days.y[row, day][:, None], days.x[row, day][:, None]
    lags = np.arange(settings.guard + 1, settings.memory + 1)
    late = day[:, None] + lags >= size
    at = (row * size + day)[:, None] + np.where(late, 0, lags)
    m = rate.take(at) * x
    cap = m + settings.cap * np.sqrt(phi.take(at) * m) + 1
    over = (y > cap) & ~late
    hit, cut = at[over], cap[over]
    was, seen_for = np.broadcast_to(y, over.shape)[over], np.broadcast_to(x, over.shape)[over]

    def changed(sums: Grid, change: Grid) -> Grid:
        return sums + np.bincount(hit, weights=change, minlength=sums.size).reshape(sums.shape)

    return changed(total, cut - was), np.maximum(changed(squares, (cut**2 - was**2) / seen_for), 0.0)


def _windows(days: _Days, rates: _Rates, n: Grid, settings: Settings, tail_from: float) -> Scores:
    shape = days.y.shape
    best = np.full(shape, np.inf)
    count, expected, dispersion = np.zeros(shape), np.zeros(shape), np.ones(shape)
    window = np.full(shape, settings.windows[0], dtype=np.int64)
    ready = (n >= settings.usable) & days.seen
    rate = np.where(ready, rates.rate, 0.0)
    for k in settings.windows:
        y, m = _moving(days.y, k), rate * _moving(days.x, k)
        look = ready
        if np.isfinite(tail_from):  # the deviation is at least that of a Poisson count, so nothing is missed
            look = ready & (y >= settings.counts[0]) & (y > m + tail_from * np.sqrt(m))
        at = np.flatnonzero(look)
        seen_y, seen_m = y.ravel()[at], m.ravel()[at]
        ratio = (1 + rates.spread.ravel()[at] * seen_m / k) * (1 + seen_m / (rates.total.ravel()[at] + 0.5))
        if np.isfinite(tail_from):
            near = seen_y > seen_m + tail_from * np.sqrt(ratio * seen_m)
            at, seen_y, seen_m, ratio = at[near], seen_y[near], seen_m[near], ratio[near]
        p = tail(seen_y, seen_m, ratio)
        better = p < best.ravel()[at]
        at = at[better]
        for into, values in ((best, p), (count, seen_y), (expected, seen_m), (dispersion, ratio)):
            into.ravel()[at] = values[better]
        window.ravel()[at] = k
    best[ready & np.isinf(best)] = 1.0
    return Scores(
        np.where(ready, np.minimum(1.0, ROOT_OF_WINDOWS * best), np.nan),
        count,
        expected,
        window,
        dispersion,
        n.astype(np.int64),
        days.seen,
        rate,
    )


def _moving(values: Grid, k: int) -> Grid:
    if k == 1:
        return values
    moving = values.copy()
    for back in range(1, k):
        moving[:, back:] += values[:, :-back]
    return moving


def latest(
    counts: Grid,
    exposure: Grid,
    *,
    coverage: Grid | None = None,
    labelled: NDArray[np.bool_] | None = None,
    settings: Settings = DEFAULT,
    tail_from: float = -np.inf,
) -> Scores:
    """The last day of every series alone, by the formula as it stands above: what one new day costs.

    `score` says the same of that day; it differs in how it adds up, not in what.
    """
    days = _clean(counts, exposure, coverage, labelled, settings)
    size = counts.shape[1]
    rows = slice(max(size - 1 - settings.memory, 0), max(size - 1 - settings.guard, 0))
    y, x, base = days.y[:, rows], days.x[:, rows], days.base[:, rows]
    x = np.where(base, x, 0.0)
    y = np.where(base, y, 0.0)
    n = base.sum(axis=1, dtype=float)[:, None]
    seen_for = x.sum(axis=1)[:, None]

    def rates(counted: Grid) -> tuple[_Rates, Grid]:
        squares = np.divide(counted**2, x, out=np.zeros_like(y), where=base).sum(axis=1)[:, None]
        total = counted.sum(axis=1)[:, None]
        found = _finish(total, squares, seen_for, n)
        return found, _spread(found.rate, total, squares, seen_for, n)

    first, phi = rates(y)
    m = first.rate * x
    last, _ = rates(np.minimum(y, m + settings.cap * np.sqrt(phi * m) + 1))
    recent = slice(max(size - max(settings.windows), 0), size)
    tails = _Days(days.y[:, recent], days.x[:, recent], days.seen[:, recent], days.base[:, recent])
    wide = (len(counts), tails.y.shape[1])
    spread_out = _Rates(*(np.broadcast_to(column, wide) for column in last))
    scores = _windows(tails, spread_out, np.broadcast_to(n, wide), settings, tail_from)
    return Scores(*(getattr(scores, name)[:, -1:] for name in COLUMNS))


def levels_of(scores: Scores, settings: Settings = DEFAULT) -> NDArray[np.int64]:
    """The level each day's p and count reach, 0 where there is no answer."""
    levels = np.zeros(scores.p.shape, dtype=np.int64)
    for level, (limit, least) in enumerate(zip(settings.limits, settings.counts, strict=True), 1):
        with np.errstate(invalid="ignore"):
            levels[(scores.p < limit) & (scores.count >= least)] = level
    return levels


def upper_limit(mean: float, dispersion: float, limit: float, least: int = 1) -> float:
    """The smallest count in a window that would reach `limit`, and at least `least`."""
    quantile = limit / ROOT_OF_WINDOWS

    def reaches(counts: Grid) -> NDArray[np.bool_]:
        return np.asarray(tail(counts, np.full_like(counts, mean), np.full_like(counts, dispersion)) < quantile)

    low, high = -1.0, 64.0 + 2 * mean
    while not reaches(np.array([high]))[0]:
        low, high = high, 2 * high
    while high - low > 1:  # sixty-four places at a time: most limits are found in one look
        places = np.unique(np.floor(np.linspace(low + 1, high, 64)))
        at = int(np.argmax(reaches(places)))
        low, high = (float(places[at - 1]) if at else low), float(places[at])
    return max(high, float(least))


def read(history: History, *, as_of: datetime, settings: Settings = DEFAULT, zone: tzinfo = UTC) -> Reading:
    """What NBP says of the days that end with the day of `as_of`.

    The day in progress is held against what a whole day would bring: fewer hours do not make one report a surprise.

    >>> from datetime import date, timedelta
    >>> days = [date(2022, 9, 1) + timedelta(days=n) for n in range(120)]
    >>> quiet = [1.0 if n % 3 == 0 else 0.0 for n in range(117)]
    >>> reading = read(History(days=days, counts=[*quiet, 3.0, 4.0, 2.0]),
    ...                as_of=datetime(2022, 12, 29, 23, 59, tzinfo=UTC))
    >>> reading.level.word, reading.count
    ('critical', 9)
    >>> reading.why
    '9 events in the last 3 days; given the 16 weeks before and what was read, 1.0 was expected (p 0.000005).'
    """
    return look(Histories.alone(history), as_of=as_of, settings=settings, zone=zone).readings[0]


class Look(NamedTuple):
    """What NBP says of several indicators, and the rate it goes by."""

    readings: list[Reading]
    rates: Grid
    """Events per unit of exposure, by indicator; 0 where it does not answer."""
    exposure: Grid
    """By indicator and day, the last one at the end."""

    def expected(self, row: int, days: int) -> float | None:
        """How many events so many last days would bring an indicator; None while that is not known."""
        if self.readings[row].state is not ReadingState.ANSWERED:
            return None
        return float(self.rates[row] * self.exposure[row, -days:].sum())


def look(
    histories: Histories,
    *,
    as_of: datetime,
    settings: Settings = DEFAULT,
    zone: tzinfo = UTC,
    limits: bool = True,
) -> Look:
    """`read` of several indicators at once, in order: what one look at the board costs.

    Where the last week is known by the hour, the windows are its last 24, 72 and 168 hours. Without `limits` the upper
    limits, which take longer than all the rest, are left out.
    """
    number = len(histories.counts)
    today, passed = day_of(as_of, zone)
    end = (today - histories.days[0]).days + 1 if histories.days else 0
    rows = slice(min(max(end - settings.memory - 1, 0), len(histories.days)), min(max(end, 0), len(histories.days)))
    if rows.start == rows.stop or histories.days[rows.stop - 1] != today:
        last = "no day has been counted yet"
        if rows.start < rows.stop:
            last = f"the last counted day is {histories.days[rows.stop - 1]}"
        return Look(
            [_silent(ReadingState.NO_DATA, f"No data: {last}.")] * number, np.zeros(number), np.zeros((number, 1))
        )
    counts, coverage = histories.counts[:, rows], histories.coverage[:, rows]
    exposure = histories.exposure[:, rows] * histories.completeness[:, rows]
    recent = histories.recent
    if recent is not None:
        size = min(recent.counts.shape[1], counts.shape[1])
        counts, coverage, exposure = counts.copy(), coverage.copy(), exposure.copy()
        counts[:, -size:], coverage[:, -size:] = recent.counts[:, -size:], recent.coverage[:, -size:]
        exposure[:, -size:] = (recent.exposure * recent.completeness)[:, -size:]
    elif 0 < passed < 1:
        exposure = exposure.copy()
        exposure[:, -1] /= passed
    scores = latest(counts, exposure, coverage=coverage, labelled=histories.labelled[:, rows], settings=settings)
    levels = levels_of(scores, settings)
    found = []
    for row in range(number):
        if not scores.seen[row, -1]:
            share = coverage[row, -1]
            found.append(_silent(ReadingState.NO_DATA, no_data.sentence(None if np.isnan(share) else float(share), 1)))
        elif scores.usable[row, -1] < settings.usable:
            have = f"{scores.usable[row, -1]} of {settings.usable} usable days"
            found.append(_silent(ReadingState.LEARNING, f"Learning: {have}; until then only fixed limits apply."))
        else:
            hourly = recent is not None
            found.append(_reading(scores, row, exposure[row], levels, settings, limits=limits, hourly=hourly))
    return Look(found, scores.rate[:, -1], exposure)


def _silent(state: ReadingState, why: str) -> Reading:
    return Reading(detector=NAME, state=state, level=Level.NORMAL, count=0, why=why)


def _reading(
    scores: Scores,
    row: int,
    exposure: Grid,
    levels: NDArray[np.int64],
    settings: Settings,
    *,
    limits: bool,
    hourly: bool,
) -> Reading:
    p, count, expected = float(scores.p[row, -1]), int(scores.count[row, -1]), float(scores.expected[row, -1])
    dispersion, window = float(scores.dispersion[row, -1]), int(scores.window[row, -1])
    days = "the last day" if window == 1 else f"the last {window} days"
    span = f"the last {24 * window} h" if hourly else days
    weeks = round(settings.baseline / 7)
    base = exposure[: -settings.guard - 1]
    usual = base[base > 0].mean() if (base > 0).any() else 0.0
    jumped = usual > 0 and exposure[-7:].mean() > 2 * usual
    note = " The volume of what is read has changed: more than twice the usual." if jumped else ""
    return Reading(
        detector=NAME,
        state=ReadingState.ANSWERED,
        level=Level(int(levels[row, -1])),
        count=count,
        expected=expected,
        upper=upper_limit(expected, dispersion, settings.limits[0], settings.counts[0]) if limits else None,
        p_value=p,
        why=f"{count} event{'' if count == 1 else 's'} in {span}; given the {weeks} weeks before and what was read, "
        f"{expected:.1f} {'was' if 0.95 <= expected < 1.05 else 'were'} expected (p {_p(p)}).{note}",
    )


def _p(p: float) -> str:
    if p >= 0.1:
        return f"{p:.1f}"
    return "under 0.000001" if p < 1e-6 else f"{p:.{max(2, -int(np.floor(np.log10(p))))}f}"
