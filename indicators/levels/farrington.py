"""Farrington's method, flexible: a quasi-Poisson model of the same season in past years, or of the same weekday.

Formula. For point k the baseline are the points within `w` of k - frequency, k - 2 frequency, ... (`b` of them) and,
with `no_periods` above 1, all points between, in that many blocks of the season; the last `past_weeks_not_included` + 1
points are left out. A log-linear model with a level for each block (and a linear trend, kept only where it is
significant, `b` is at least 3 and it predicts no more than was ever seen) is fitted by quasi-likelihood. phi is its
dispersion, at least 1. With `reweight`, baseline points whose standardised Anscombe residual s exceeds
`weights_threshold` get a weight proportional to s^-2 and the model is fitted again. With mu the prediction for k and se
its standard error:

    delta     upper = (mu^q + z * sqrt(q^2 * mu^(2q-1) * (phi + se^2/mu)))^(1/q), q = `power`
    nbPlugin  upper = the 1 - alpha quantile of a negative binomial, mean mu, variance phi * mu
    muan      the same with mean exp(log mu + z * se)
    alarm     when y > upper, unless fewer than limit54[0] were counted on the last limit54[1] points

Without a trend the model is a one-way factor and its fit a group mean, so no model library is needed; with frequency 7,
w 0 and 7 periods it is the weekday model. With a trend, eliminate the groups and one slope is left. Each step is thus
closed, for all points at once; the steps are R's own, so that what it leaves unconverged is left so here.

Parameters: as in R's surveillance, by the names above; `trend`, `p_threshold_trend`, `population_offset`. Where R stops
(an exposure of 0) the point is left out; where it gives NA (no convergence, an infinite mean) so do we.

>>> import numpy as np
>>> y = np.array([3.0, 4, 5, 4, 3, 1, 0] * 9 + [12.0])
>>> fit = fit_points(y, Settings(frequency=7, b=8, w=0, no_periods=7, past_weeks_not_included=2, trend=False,
...                              threshold_method="nbPlugin", alpha=0.01, limit54=(0, 4)), [63])
>>> float(fit.expected[0].round(6)), float(fit.upper[0]), float(fit.alarm[0])
(3.0, 8.0, 1.0)

Paper: A. Noufaily and others, An improved algorithm for outbreak detection in multiple surveillance systems, Statistics
in Medicine 32 (2013); C. Farrington and others, J. Royal Statistical Society A 159 (1996).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from indicators.levels.history import ParameterError

Column = NDArray[np.float64]
Grid = NDArray[np.float64]
Index = NDArray[np.int64]

TOLERANCE = 1e-8
"""Change of the deviance at which the iteration stops, as in R: a block without counts is left at a tiny mean."""
STEPS = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The parameters; the defaults are the weekday model for daily counts."""

    frequency: int = 7
    b: int = 8
    w: int = 0
    no_periods: int = 7
    past_weeks_not_included: int = 7
    reweight: bool = True
    weights_threshold: float = 2.58
    alpha: float = 0.01
    trend: bool = False
    p_threshold_trend: float = 0.05
    limit54: tuple[int, int] = (0, 4)
    power: Literal["2/3", "1/2", "none"] = "2/3"
    threshold_method: Literal["delta", "nbPlugin", "muan"] = "nbPlugin"
    population_offset: bool = False

    @property
    def first(self) -> int:
        """The first point, counted from 0, whose whole baseline exists."""
        return self.frequency * self.b + self.w


class Fit(NamedTuple):
    """What the method says of each monitored point."""

    expected: Column
    upper: Column
    alarm: Column
    """1, 0, or NaN where there is no answer."""
    pvalue: Column
    phi: Column
    trend_used: Column
    trend_coef: Column


class _Baseline(NamedTuple):
    """The baselines of all monitored points, padded to one width."""

    at: Index
    group: Index
    used: NDArray[np.bool_]
    when: Grid
    """Time of each baseline point, and in `now` of the monitored one, in steps."""
    now: Column


class _Model(NamedTuple):
    """A fitted model at each monitored point."""

    mu: Grid
    weights: Grid
    """Working weights, as the last step used them."""
    link: Column
    """Linear predictor at the monitored point."""
    unscaled: Column
    """Its variance, before the dispersion."""
    slope: Column
    slope_unscaled: Column
    hat: Grid
    freedom: Column
    phi: Column
    converged: NDArray[np.bool_]


def blocks(points: Sequence[int], now: int, *, w: int, periods: int, size: int) -> Index:
    """The block of the season each point belongs to; 0 for points of no baseline.

    `points` are the monitored point and its like in past seasons, latest first. Block `periods` lies around these.
    """
    found = np.zeros(size, dtype=np.int64)
    found[max(now - w, 0) : now + 1] = periods
    for later, point in pairwise(points):
        found[max(point - w, 0) : point + w + 1] = periods
        if periods == 1:
            continue
        period = later - 2 * w - 1 - point
        if period < periods - (2 * w + 1):
            raise ParameterError(
                f"farrington: no_periods={periods} blocks do not fit a season of {later - point}; use fewer"
            )
        length, rest = divmod(period, periods - 1)
        start = point + w + 1
        for block in range(1, periods):
            stop = start + length + (block <= rest)
            found[start:stop] = block
            start = stop
    return found


def seasons_before(day: date, seasons: int) -> list[date]:
    """The same weekday nearest to the same date in each of the past years, the day itself first."""
    found = [day]
    for back in range(1, seasons + 1):
        year = day.year - back
        leap = day.month == 2 and day.day == 29 and not (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0))
        # 29 February of a common year is 1 March, as in R's seq.
        like = date(year, 3, 1) if leap else day.replace(year=year)
        # Weeks are counted from Sunday; the like weekday of that week, or the one on its other side if nearer.
        here = like - timedelta(days=(like.weekday() + 1) % 7 - (day.weekday() + 1) % 7)
        other = here + timedelta(days=-7 if here > like else 7)
        found.append(other if abs((here - like).days) > abs((other - like).days) else here)
    return found


def _baselines(size: int, points: Sequence[int], settings: Settings, dates: Sequence[date] | None) -> _Baseline:
    by_date = None if dates is None or settings.frequency != 52 else {day: number for number, day in enumerate(dates)}
    rows = []
    for k in points:
        if by_date is None:
            like = [k - settings.frequency * back for back in range(settings.b + 1)]
        else:
            wanted = seasons_before(dates[k], settings.b) if dates is not None else []
            like = sorted((by_date[day] for day in wanted if day in by_date), reverse=True)
        if like[-1] < 0 or len(like) <= settings.b:
            rows.append((np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)))
            continue
        block = blocks(like, k, w=settings.w, periods=settings.no_periods, size=size)
        block[max(k - settings.past_weeks_not_included, 0) :] = 0
        index = np.flatnonzero(block)
        rows.append((index, block[index]))
    width = max((len(index) for index, _ in rows), default=0)
    index, group = np.zeros((len(rows), width), dtype=np.int64), np.zeros((len(rows), width), dtype=np.int64)
    used = np.zeros((len(rows), width), dtype=bool)
    for number, (places, members) in enumerate(rows):
        index[number, : len(places)], group[number, : len(places)] = places, members - 1
        used[number, : len(places)] = True
    now = np.array(points, dtype=float)
    when = index.astype(float)
    if by_date is not None and dates is not None:
        step = (dates[1] - dates[0]).days
        stamps = np.array([(day - dates[0]).days for day in dates], dtype=float) / step
        when, now = stamps[index], stamps[np.array(points, dtype=np.int64)]
    return _Baseline(index, group, used, when, now)


class _Sums:
    """Sums over the blocks of every baseline at once."""

    def __init__(self, group: Index, used: NDArray[np.bool_], groups: int) -> None:
        self._shape = (len(group), groups + 1)  # the last block takes what is not used
        place = np.where(used, group, groups) + (groups + 1) * np.arange(len(group))[:, None]
        self._place = place.ravel()

    def of(self, values: Grid) -> Grid:
        """Points by blocks."""
        size = self._shape[0] * self._shape[1]
        sums = np.bincount(self._place, weights=values.ravel(), minlength=size)
        return np.asarray(sums.reshape(self._shape)[:, :-1], dtype=np.float64)

    def spread(self, values: Grid) -> Grid:
        """The value of each baseline point's block; 0 where it has none."""
        padded = np.zeros(self._shape)
        padded[:, :-1] = values
        return np.asarray(padded.ravel()[self._place].reshape(len(values), -1))


def _over(top: Grid, bottom: Grid) -> Grid:
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)


def _fit(
    y: Grid, exposure: Grid, omega: Grid, base: _Baseline, *, trend: bool, settings: Settings, now: Column
) -> _Model:
    sums = _Sums(base.group, base.used, settings.no_periods)
    last = settings.no_periods - 1
    present = base.used & (omega > 0)
    n = present.sum(axis=1).astype(float)
    rank = (sums.of(present.astype(float)) > 0).sum(axis=1) + int(trend)
    centre = _over((base.when * base.used).sum(axis=1), base.used.sum(axis=1).astype(float))
    t, t0 = base.when - centre[:, None], base.now - centre
    mu, w, link, slope, converged = _iterate(y, exposure, omega, t, t0, base.used, sums, last, now, trend)
    weight = sums.of(w)
    hat = _over(w, sums.spread(weight))
    unscaled = _over(np.ones(len(y)), weight[:, last])
    slope_unscaled = np.full(len(y), np.nan)
    if trend:
        mean_t = _over(sums.of(w * t), weight)
        off = (t - sums.spread(mean_t)) * base.used
        spread_t = (w * off**2).sum(axis=1)
        slope_unscaled = _over(np.ones(len(y)), spread_t)
        hat += w * off**2 * slope_unscaled[:, None]
        unscaled = unscaled + (t0 - mean_t[:, last]) ** 2 * slope_unscaled
    freedom = n - rank
    residual = np.where(present, _over(y - mu, mu), 0.0)
    dispersion = _over((w * residual**2).sum(axis=1), freedom)
    return _Model(mu, w, link, unscaled, slope, slope_unscaled, hat, freedom, np.maximum(dispersion, 1.0), converged)


def _iterate(
    y: Grid,
    exposure: Grid,
    omega: Grid,
    t: Grid,
    t0: Column,
    used: NDArray[np.bool_],
    sums: _Sums,
    last: int,
    now: Column,
    trend: bool,
) -> tuple[Grid, Grid, Column, Column, NDArray[np.bool_]]:
    """Reweighted least squares as R does it: start at y + 0.1, stop when the deviance no longer moves."""
    offset = np.log(np.where(used, exposure, 1.0))
    eta = np.log(y + 0.1)
    mu = np.where(used, y + 0.1, 0.0)
    before = _deviance(y, mu, omega, used)
    link, slope = np.zeros(len(y)), np.zeros(len(y))
    w = omega * mu
    running = np.ones(len(y), dtype=bool)
    for _ in range(STEPS):
        step_w = omega * mu
        z = np.where(used, eta - offset + _over(y - mu, mu), 0.0)
        weight = sums.of(step_w)
        mean_t, mean_z = _over(sums.of(step_w * t), weight), _over(sums.of(step_w * z), weight)
        off_t, off_z = (t - sums.spread(mean_t)) * used, (z - sums.spread(mean_z)) * used
        step_slope = _over((step_w * off_t * off_z).sum(axis=1), (step_w * off_t**2).sum(axis=1))
        if not trend:
            step_slope = np.zeros(len(y))
        level = mean_z - step_slope[:, None] * mean_t
        step_eta = sums.spread(level) + step_slope[:, None] * t * used + offset
        step_mu = np.where(used, np.maximum(np.exp(np.minimum(step_eta, 700)), np.finfo(float).eps), 0.0)
        deviance = _deviance(y, step_mu, omega, used)
        at = running[:, None]
        eta, mu, w = np.where(at, step_eta, eta), np.where(at, step_mu, mu), np.where(at, step_w, w)
        slope = np.where(running, step_slope, slope)
        link = np.where(running, level[:, last] + step_slope * t0 + np.log(now), link)
        running &= ~(np.abs(deviance - before) / (np.abs(deviance) + 0.1) < TOLERANCE)
        before = deviance
        if not running.any():
            break
    return mu, w, link, slope, ~running


def _deviance(y: Grid, mu: Grid, omega: Grid, used: NDArray[np.bool_]) -> Column:
    ratio = np.where((y > 0) & used, _over(y, mu), 1.0)
    return np.asarray(2 * (omega * np.where(used, y * np.log(ratio) - (y - mu), 0.0)).sum(axis=1))


def _anscombe_weights(y: Grid, model: _Model, used: NDArray[np.bool_], threshold: float) -> Grid:
    """Weights that mute past outbreaks: s^-2 above the threshold, scaled to add up to the number of points."""
    mu = np.where(used, model.mu, 1.0)
    a = 1.5 * (y ** (2 / 3) * mu ** (-1 / 6) - np.sqrt(mu))
    with np.errstate(invalid="ignore", divide="ignore"):
        s = a / np.sqrt(model.phi[:, None] * (1 - model.hat))
        high = used & (s > threshold)
        factor = np.where(high, s**-2.0, 1.0) * used
    return np.asarray(factor * _over(used.sum(axis=1).astype(float), factor.sum(axis=1))[:, None])


def _fitted(
    y: Grid, exposure: Grid, base: _Baseline, settings: Settings, now: Column, *, trend: bool
) -> tuple[_Model, Column]:
    """The model, weighted where asked, and the dispersion that standard errors are scaled by."""
    plain = base.used.astype(float)
    model = _fit(y, exposure, plain, base, trend=trend, settings=settings, now=now)
    omega = plain
    if settings.reweight:
        converged = model.converged  # of the second fit R does not ask
        omega = _anscombe_weights(y, model, base.used, settings.weights_threshold)
        model = _fit(y, exposure, omega, base, trend=trend, settings=settings, now=now)._replace(converged=converged)
        # R hands the Anscombe weights on as the working weights, so these, not the Pearson ones, scale the errors.
        residual = np.where(base.used, _over(y - model.mu, model.mu), 0.0)
        return model, _over((omega * residual**2).sum(axis=1), model.freedom)
    residual = np.where(base.used, _over(y - model.mu, model.mu), 0.0)
    return model, _over((model.weights * residual**2).sum(axis=1), model.freedom)


def fit_points(
    counts: Column,
    settings: Settings,
    points: Sequence[int],
    *,
    exposure: Column | None = None,
    dates: Sequence[date] | None = None,
) -> Fit:
    """What the method says of these points (counted from 0) of a series.

    `dates`, for weekly counts, find the reference weeks by calendar; without them every season has `frequency` points.
    A baseline point that was not seen, or has no exposure where one is asked for, is left out.
    """
    y_all = np.asarray(counts, dtype=float)
    pop = (
        np.ones(len(y_all)) if exposure is None or not settings.population_offset else np.asarray(exposure, dtype=float)
    )
    base = _baselines(len(y_all), points, settings, dates)
    good = ~np.isnan(y_all) & (np.nan_to_num(pop) > 0)
    base = base._replace(used=base.used & good[base.at])
    y = np.where(base.used, np.nan_to_num(y_all)[base.at], 0.0)
    e = np.where(base.used, np.nan_to_num(pop)[base.at], 1.0)
    at = np.array(points, dtype=np.int64)
    now = np.where(good[at], np.nan_to_num(pop)[at], 1.0)
    answers = good[at] & base.used.any(axis=1)
    y0 = np.nan_to_num(y_all[at])
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        model, scale = _fitted(y, e, base, settings, now, trend=False)
        used = np.zeros(len(at), dtype=bool)
        if settings.trend:
            model, scale, used = _with_trend(y, e, base, settings, now, model, scale)
        mu = np.exp(model.link)
        se = np.sqrt(scale * model.unscaled)
        upper, pvalue = _limit(y0, mu, se, model, settings)
    answers &= model.converged
    last = np.array([np.nansum(y_all[max(k - settings.limit54[1] + 1, 0) : k + 1]) for k in points])
    enough = last >= settings.limit54[0]
    alarm = np.where(answers & enough & ~np.isnan(upper), ((y0 > upper) & (y0 != 0)).astype(float), 0.0)
    limited = answers & ~np.isnan(upper)
    blank = ~(limited & enough)
    return Fit(
        np.where(blank, np.nan, mu),
        np.where(blank, np.nan, upper),
        np.where(answers, alarm, np.nan),
        np.where(limited, pvalue, np.nan),
        np.where(answers, model.phi, np.nan),
        used.astype(float),
        np.where(used, model.slope, np.nan),
    )


def _with_trend(
    y: Grid, e: Grid, base: _Baseline, settings: Settings, now: Column, plain: _Model, plain_scale: Column
) -> tuple[_Model, Column, NDArray[np.bool_]]:
    """The trend where it is significant, `b` is at least 3, and it foretells no more than was ever seen."""
    model, scale = _fitted(y, e, base, settings, now, trend=True)
    t = model.slope / np.sqrt(scale * model.slope_unscaled)
    p = 2 * special.stdtr(model.freedom, -np.abs(t))
    keep = (p < settings.p_threshold_trend) & (np.exp(model.link) <= y.max(axis=1, initial=0)) & model.converged
    keep &= settings.b >= 3
    mixed = _Model(
        *(np.where(keep[:, None] if new.ndim == 2 else keep, new, old) for new, old in zip(model, plain, strict=True))
    )
    return mixed, np.where(keep, scale, plain_scale), keep


def _limit(y0: Column, mu: Column, se: Column, model: _Model, settings: Settings) -> tuple[Column, Column]:
    """Upper limit and p-value at each point."""
    z = -special.ndtri(settings.alpha)
    if settings.threshold_method == "delta":
        q = {"2/3": 2 / 3, "1/2": 0.5, "none": 1.0}[settings.power]
        tau = model.phi + (se * mu) ** 2 / mu
        spread = np.sqrt(q**2 * mu ** (2 * q - 1) * tau)
        upper = (mu**q + z * spread) ** (1 / q)
        return upper, np.asarray(special.ndtr(-(y0**q - mu**q) / spread))
    mean = mu if settings.threshold_method == "nbPlugin" else np.exp(model.link + z * se)
    size, share = mean / (model.phi - 1), 1 / model.phi
    over = model.phi > 1
    upper = np.where(
        over, stats.nbinom.ppf(1 - settings.alpha, size, share), stats.poisson.ppf(1 - settings.alpha, mean)
    )
    tail = np.where(over, stats.nbinom.sf(y0 - 1, size, share), stats.poisson.sf(y0 - 1, mean))
    return upper, np.where(y0 <= 0, 1.0, tail)
