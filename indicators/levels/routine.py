"""Break of routine: where something happens every so many days, the news is that it did not, or did twice.

Formula. Over the `memory` days before day t, for each period P of 2 to memory / `cycles` days, a phase is on where at
least `hit` of its seen days (`cycles` of them or more) have an event. The period is a routine when fewer than half of
its phases are on, they hold at least `share` of all events, and chance would put as many there with probability under
`chance` (binomial, N events, on phases / P). The least probable period is the one. Then day t is a break when

    it is on, was seen, is over, and nothing happened                     missed
    it is on, and y is at least twice the usual (median) and above every count of an on day before       doubled
    it is off, and P(Y >= y) < 0.01 at the Poisson rate of the off days (+ 1/2 event)                    out of turn

A break is a watch. It says nothing of days outside a routine, and nothing at all before one is learned.

Parameters: `memory`, `cycles`, `hit`, `share`, `chance`.

>>> weekly = [1.0 if day % 7 == 0 else 0.0 for day in range(140)]
>>> breaks([*weekly, 1.0]).alarm[-1], breaks([*weekly, 0.0]).alarm[-1], breaks([*weekly, 2.0]).alarm[-1]
(0.0, 1.0, 1.0)

Paper: none; the rule is this project's own. Its case: drills that were extended every week for a year.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from indicators.levels import no_data
from indicators.levels.history import History, day_of
from indicators.model.level import Level, Reading, ReadingState

NAME = "routine"
Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The detector's parameters."""

    memory: int = 182
    cycles: int = 5
    hit: float = 0.8
    share: float = 0.7
    chance: float = 1e-6
    out_of_turn: float = 0.01


DEFAULT = Settings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """A learned routine, seen from the day after the days it was learned from."""

    period: int
    on: tuple[int, ...]
    """Phases, in days back from that day, on which it happens; 0 is that day itself."""
    hits: int
    turns: int
    """It happened `hits` of `turns` times."""
    usual: float
    most: float
    off_rate: float


class Breaks(NamedTuple):
    """What the detector says of each day, in order."""

    expected: tuple[float, ...]
    upper: tuple[float, ...]
    """The largest count that is no break."""
    alarm: tuple[float, ...]
    """1, 0, or NaN where no routine is known or the day was not seen."""


def learn(counts: Column, settings: Settings = DEFAULT) -> Cycle | None:
    """The routine of these days, NaN where unseen; None where there is none."""
    return _learn(np.ascontiguousarray(counts[-settings.memory :], dtype=float).tobytes(), settings)


@lru_cache(maxsize=512)
def _learn(column: bytes, settings: Settings) -> Cycle | None:
    # Days that are over are asked about at every look and seldom change.
    y = np.frombuffer(column)
    events = float(np.nansum(y))
    if events < settings.cycles:
        return None
    back = len(y) - np.arange(len(y))  # the last day lies one day back
    seen = ~np.isnan(y)
    happened = seen & (np.nan_to_num(y) > 0)
    found: tuple[float, Cycle] | None = None
    for period in range(2, len(y) // settings.cycles + 1):
        phase = back % period
        turns = np.bincount(phase, weights=seen, minlength=period)
        hits = np.bincount(phase, weights=happened, minlength=period)
        on = (turns >= settings.cycles) & (hits >= settings.hit * turns)
        if not on.any() or on.sum() * 2 >= period:
            continue
        of_routine = on[phase] & seen
        inside = float(y[of_routine].sum())
        if inside < settings.share * events:
            continue
        # Days, not events: one day with a burst is no rhythm.
        days, among = int(happened[of_routine].sum()), int(happened.sum())
        chance = float(special.bdtrc(days - 1, among, on.sum() / period))
        if chance >= settings.chance or (found is not None and chance >= found[0]):
            continue
        off_days = float((seen & ~of_routine).sum())
        cycle = Cycle(
            period=period,
            on=tuple(int(number) for number in np.flatnonzero(on)),
            hits=int(hits[on].sum()),
            turns=int(turns[on].sum()),
            usual=float(np.median(y[of_routine & happened])),
            most=float(y[of_routine].max()),
            off_rate=(events - inside + 0.5) / max(off_days, 1.0),
        )
        found = (chance, cycle)
    return found[1] if found else None


def limit(cycle: Cycle, phase: int, settings: Settings = DEFAULT) -> float:
    """The largest count of a day of this phase that is no break."""
    if phase in cycle.on:
        return max(2 * cycle.usual - 1, cycle.most)
    count = 0
    while special.pdtrc(count, cycle.off_rate) >= settings.out_of_turn:
        count += 1
    return float(count)


def breaks(counts: Sequence[float] | Column, settings: Settings = DEFAULT) -> Breaks:
    """Every day of a series, each by what was known before it; every day is taken to be over."""
    y = np.asarray(counts, dtype=float)
    rows = []
    for day in range(len(y)):
        cycle = learn(y[:day], settings)
        if cycle is None or np.isnan(y[day]):
            rows.append((np.nan, np.nan, np.nan))
            continue
        upper = limit(cycle, 0, settings)
        missed = 0 in cycle.on and y[day] == 0
        rows.append((cycle.usual if 0 in cycle.on else cycle.off_rate, upper, float(missed or y[day] > upper)))
    return Breaks(*(tuple(column) for column in zip(*rows, strict=True))) if rows else Breaks((), (), ())


def read(history: History, *, as_of: datetime, settings: Settings = DEFAULT, zone: tzinfo = UTC) -> Reading:
    """Whether the day of `as_of` breaks a routine, or the day before it did by staying silent.

    Until a day is over, nothing has been missed on it.
    """
    today, _ = day_of(as_of, zone)
    rows = history.window(today, settings.memory + 2)
    if rows.start == rows.stop or history.days[rows.stop - 1] != today:
        return _silent(ReadingState.NO_DATA, "No data: today has not been counted yet.")
    share = history.coverage[rows]
    dark = np.isnan(share) | (share < no_data.OBSERVED_AT_LEAST)
    y = np.where(dark, np.nan, history.counts[rows])
    if len(y) < 2 or np.isnan(y[-1]):
        return _silent(ReadingState.NO_DATA, no_data.sentence(None if np.isnan(share[-1]) else float(share[-1]), 1))
    cycle = learn(y[:-1], settings)
    if cycle is None:
        return _silent(ReadingState.LEARNING, "No routine known: nothing here keeps a cycle of days.")
    kept = f"every {cycle.period} days, {cycle.hits} of {cycle.turns} times"
    before = learn(y[:-2], settings) or cycle
    count = int(y[-1])
    upper = limit(cycle, 0, settings)
    if count > upper:
        what = "out of turn" if 0 not in cycle.on else f"where {cycle.usual:g} is usual"
        return _broken(count, upper, f"Break of routine ({kept}): {count} today, {what}.")
    if 0 in before.on and y[-2] == 0:
        missed = today - timedelta(days=1)
        return _broken(count, upper, f"Break of routine ({kept}): nothing on {missed}, when it was due.")
    return Reading(
        detector=NAME,
        state=ReadingState.ANSWERED,
        level=Level.NORMAL,
        count=count,
        upper=upper,
        why=f"In its routine: {kept}.",
    )


def _broken(count: int, upper: float, why: str) -> Reading:
    return Reading(detector=NAME, state=ReadingState.ANSWERED, level=Level.WATCH, count=count, upper=upper, why=why)


def _silent(state: ReadingState, why: str) -> Reading:
    return Reading(detector=NAME, state=state, level=Level.NORMAL, count=0, why=why)
