"""Made-up count series with the faults of real ones, and how a detector does on them: the figures behind its limits.

A world is so many series of so many days at one rate a day: negative binomial counts, a volume that swings by the week
and grows by half, a weekday effect beyond that, outages, and one past outbreak that nobody labelled. Nothing else
happens in it, so whatever alarms outside the outbreak is false; or a ramp to several times the rate starts on a known
day, and the question is whether it is found.

>>> quiet = a_world(0.5, series=50, days=400)
>>> false_episodes(quiet, nbp(quiet)) < 1.0
True
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from indicators.levels import ears, predictive

Grid = NDArray[np.float64]
Alarms = NDArray[np.bool_]

DISPERSION = 1.3
RAMP_FOR = 5
OUTBREAK_FOR = 14
OUTBREAK_TIMES = 6.0
WEEK = (1.15, 1.15, 1.1, 1.1, 1.05, 0.75, 0.7)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Series by days, and what is true of them."""

    rate: float
    counts: Grid
    """NaN on the days of an outage."""
    exposure: Grid
    true_event: Alarms
    """Days on which an alarm is right: an outbreak or a ramp, and two weeks after it."""
    labelled: Alarms
    ramp_on: int | None = None
    """The first day of the ramp, where there is one."""

    @property
    def years(self) -> float:
        """Series-years in which a detector with a full memory could alarm falsely."""
        return float((~self.true_event)[:, predictive.DEFAULT.memory :].sum() / 365)


def a_world(
    rate: float,
    *,
    series: int = 400,
    days: int = 730,
    seed: int = 1,
    outages: int = 3,
    outbreak: bool = True,
    label: bool = False,
    ramp: float | None = None,
    ramp_on: int | None = None,
    outbreak_on: int | None = None,
    dispersion: float = DISPERSION,
) -> World:
    """Made-up series at `rate` events a day; the same arguments give the same world.

    `ramp` grows to so many times the rate over five days, from `ramp_on` (60 days before the end unless said), and
    stays. `label` tells the detector which days were the outbreak. `outbreak_on` puts it on one day in every series.
    """
    random = np.random.default_rng(seed)
    volume = np.array([WEEK[day % 7] for day in range(days)]) * np.linspace(1.0, 1.5, days)
    exposure = volume * random.normal(1.0, 0.05, (series, days)).clip(0.5, 1.5)
    weekday = 1 + 0.05 * np.sin(2 * np.pi * (np.arange(days)[None, :] + random.integers(7, size=(series, 1))) / 7)
    mean = rate * exposure * weekday
    event, labelled = np.zeros((series, days), dtype=bool), np.zeros((series, days), dtype=bool)
    if outbreak:
        starts = random.integers(days // 6, days // 2, size=series) if outbreak_on is None else [outbreak_on] * series
        for row, start in enumerate(starts):
            mean[row, start : start + OUTBREAK_FOR] *= OUTBREAK_TIMES
            event[row, start : start + 2 * OUTBREAK_FOR] = True
            labelled[row, start : start + OUTBREAK_FOR] = label
    onset = None
    if ramp is not None:
        onset = days - 60 if ramp_on is None else ramp_on
        growth = np.clip((np.arange(days) - onset + 1) / RAMP_FOR, 0, 1)
        mean *= 1 + (ramp - 1) * growth
        event[:, onset:] = True
    size = mean / (dispersion - 1)
    counts = random.negative_binomial(np.maximum(size, 1e-9), 1 / dispersion).astype(float)
    for _ in range(outages):
        for row, start in enumerate(random.integers(0, days - 10, size=series)):
            stop = start + int(random.integers(2, 10))
            if onset is not None and stop > onset:
                continue
            counts[row, start:stop] = np.nan
            exposure[row, start:stop] = 0.0
    return World(rate=rate, counts=counts, exposure=exposure, true_event=event, labelled=labelled, ramp_on=onset)


def nbp(world: World, *, level: int = 2, settings: predictive.Settings = predictive.DEFAULT) -> Alarms:
    """Days on which the predictive detector reaches `level` (2: warning, p below 0.001)."""
    scores = predictive.score(world.counts, world.exposure, labelled=world.labelled, settings=settings, tail_from=1.5)
    return predictive.levels_of(scores, settings) >= level


def ears_c2(world: World) -> Alarms:
    """The known yardstick: EARS C2 with 28 days and a least deviation of one half, outages taken for zeros."""
    rows = [ears.limits(np.nan_to_num(row), variant="C2", baseline=28, min_sigma=0.5)[2] for row in world.counts]
    return np.asarray(np.array(rows) == 1)


def naive(world: World) -> Alarms:
    """The fixed rule most tools have: mean and three standard deviations of the last 28 days."""
    counts = np.nan_to_num(world.counts)
    rows = [ears.limits(row, variant="C1", baseline=28, min_sigma=0, alpha=0.00135)[2] for row in counts]
    return np.asarray(np.array(rows) == 1)


RULES: Mapping[str, Callable[[World], Alarms]] = MappingProxyType(
    {"nbp p<0.001": nbp, "EARS C2": ears_c2, "mean + 3 sd": naive}
)


def episodes(alarms: Alarms, *, apart: int = 7) -> Alarms:
    """The first day of each episode: an alarm with none on the `apart` days before it."""
    recent = np.zeros_like(alarms)
    for back in range(1, apart + 1):
        recent[:, back:] |= alarms[:, :-back]
    return alarms & ~recent


def false_episodes(world: World, alarms: Alarms) -> float:
    """False episodes per series-year."""
    false = episodes(alarms) & ~world.true_event
    return float(false[:, predictive.DEFAULT.memory :].sum() / world.years)


def detected(world: World, alarms: Alarms, *, within: int = 14) -> float:
    """Share of series with an alarm within so many days of the ramp's first."""
    if world.ramp_on is None:
        raise ValueError("ramp: this world has none; make it with ramp=4")
    return float(alarms[:, world.ramp_on : world.ramp_on + within].any(axis=1).mean())


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One line of the table: how a rule does at one rate."""

    rule: str
    rate: float
    false_per_year: float
    found: float
    """Share of fourfold ramps found within 14 days."""


def compare(
    rates: tuple[float, ...] = (0.1, 0.5, 2.0, 10.0), *, series: int = 400, days: int = 730, seed: int = 1
) -> list[Score]:
    """False episodes per series-year and fourfold ramps found, of each rule at each rate."""
    scores = []
    for rate in rates:
        quiet = a_world(rate, series=series, days=days, seed=seed)
        ramp = a_world(rate, series=series, days=days, seed=seed + 1, ramp=4.0)
        for name, rule in RULES.items():
            scores.append(
                Score(
                    rule=name,
                    rate=rate,
                    false_per_year=false_episodes(quiet, rule(quiet)),
                    found=detected(ramp, rule(ramp)),
                )
            )
    return scores


def tripled(world: World, *, on: int) -> World:
    """The same world in which the volume, and the counts with it, trebles from a day on; nothing else has changed."""
    random = np.random.default_rng(on)
    counts, exposure = world.counts.copy(), world.exposure.copy()
    more = np.nan_to_num(world.rate * 2 * exposure[:, on:]) / (DISPERSION - 1)
    counts[:, on:] += random.negative_binomial(np.maximum(more, 1e-9), 1 / DISPERSION)
    exposure[:, on:] *= 3
    return replace(world, counts=counts, exposure=exposure)


def blacked_out(world: World, *, on: int, days: int) -> World:
    """The same world with an outage of so many days from a day on."""
    counts, exposure = world.counts.copy(), world.exposure.copy()
    counts[:, on : on + days] = np.nan
    exposure[:, on : on + days] = 0.0
    return replace(world, counts=counts, exposure=exposure)
