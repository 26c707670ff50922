"""Before a limit is saved: how often it would have fired, what chance alone would do, which limit meets a budget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo

import numpy as np
from numpy.typing import NDArray

from indicators.levels import absolute
from indicators.levels.history import History, whole_days
from indicators.levels.hysteresis import DEFAULT, Timing, advance
from indicators.model.level import Level, Standing, Thresholds

WORLDS = 400
"""Made-up years over which chance is averaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a limit would have done over past days, each as then known."""

    days: int
    observed: int
    """Days with enough data to say anything."""
    fired: Mapping[Level, int]
    """How often each level was risen to."""
    days_at: Mapping[Level, int]
    by_chance: Mapping[Level, float]
    """How often over the same days, had events come at random at the same average rate."""
    events: int
    spread: float = 1.0
    """Variance over mean of the daily counts; 1 where events come one by one."""
    held: Mapping[date, Level] = field(default_factory=dict)
    """The level at each day's end."""

    @property
    def why(self) -> str:
        """One line for the officer."""
        said = ", ".join(
            f"{level.word} {self.fired[level]} times (chance {self.by_chance[level]:.1f})"
            for level in (Level.WATCH, Level.WARNING, Level.CRITICAL)
        )
        return f"In {self.days} days, {self.observed} of them observed, with {self.events} events: {said}."


def preview(
    known: Iterable[tuple[datetime, History]],
    thresholds: Thresholds,
    *,
    timing: Timing = DEFAULT,
    zone: tzinfo = UTC,
) -> Preview:
    """How often these limits would have fired: `known` are instants, a day apart, each with what was known then."""
    standing: Standing | None = None
    fired = dict.fromkeys(Level, 0)
    days_at = dict.fromkeys(Level, 0)
    held: dict[date, Level] = {}
    days = observed = 0
    last: tuple[datetime, History] | None = None
    for now, history in known:
        before = standing.level if standing else Level.NORMAL
        standing = advance(
            standing,
            [absolute.read(history, thresholds=thresholds, as_of=now, zone=zone)],
            problem="preview",
            indicator="preview",
            now=now,
            coverage=absolute.seen_over(history, within=thresholds.within, as_of=now, zone=zone),
            timing=timing,
            zone=zone,
        )
        days += 1
        observed += not standing.no_data
        days_at[standing.level] += 1
        held[now.astimezone(zone).date()] = standing.level
        for level in Level:
            fired[level] += before < level <= standing.level
        last = (now, history)
    events, spread = 0, 1.0
    if last is not None:
        counts = last[1].counts[last[1].window(last[0].astimezone(zone).date(), days)]
        events, spread = int(np.nansum(counts)), _spread(counts)
    rate = events / observed if observed else 0.0
    chance: dict[Level, float] = {
        level: by_chance(rate, thresholds, level, days=observed, spread=spread) for level in list(Level)[1:]
    }
    return Preview(
        days=days,
        observed=observed,
        fired=fired,
        days_at=days_at,
        by_chance=chance,
        events=events,
        spread=spread,
        held=held,
    )


def _spread(counts: NDArray[np.float64]) -> float:
    """Variance over mean of what was counted, at least 1: events that come in clumps reach a limit by chance sooner."""
    known = counts[~np.isnan(counts)]
    if len(known) < 28 or not known.sum():
        return 1.0
    # One clump is an episode, not a habit: the largest days are capped as in every baseline.
    capped = np.minimum(known, known.mean() + 2.58 * known.std() + 1)
    return max(1.0, float(capped.var(ddof=1) / capped.mean()))


def by_chance(
    rate: float, thresholds: Thresholds, level: Level, *, days: int = 365, spread: float = 1.0, seed: int = 1
) -> float:
    """How often a level would be risen to in so many days, if events came at random at `rate` a day.

    `spread` is the variance over the mean of a day's count: above 1 they come in clumps (negative binomial).

    Counted over 400 made-up stretches of days. Two rises less than a week apart are one, as a level that is held makes
    them; a limit that is reached all the time counts once for each week of it.
    """
    if rate <= 0 or days <= 0:
        return 0.0
    within = whole_days(thresholds.within)
    random, shape = np.random.default_rng(seed), (WORLDS, days + within - 1)
    clumped = spread > 1.001
    counts = (
        random.negative_binomial(rate / (spread - 1), 1 / spread, shape) if clumped else random.poisson(rate, shape)
    )
    sums = np.cumsum(np.concatenate([np.zeros((WORLDS, 1)), counts], axis=1), axis=1)
    reached = sums[:, within:] - sums[:, :-within] >= thresholds.limit(level)
    recent = np.zeros_like(reached)
    for back in range(1, min(8, days)):
        recent[:, back:] |= reached[:, :-back]
    return float(max((reached & ~recent).sum(), reached.sum() / 7) / WORLDS)


def within_budget(rate: float, thresholds: Thresholds, level: Level, *, per_year: float, spread: float = 1.0) -> int:
    """The smallest limit of `level` that chance alone reaches no more than so often a year, at `rate` events a day."""
    whole = whole_days(thresholds.within)
    limit = 1
    while limit <= 10 + 20 * rate * whole * spread:
        trial = Thresholds(watch=limit, warning=limit, critical=limit, within=thresholds.within)
        if by_chance(rate, trial, level, spread=spread) <= per_year:
            break
        limit += 1
    return limit
