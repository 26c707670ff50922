"""The table of detectors, and one way to run any of them over a table of counts.

    run("ears", frame, {"variant": "C2", "baseline": 7, "min_sigma": 0, "alpha": 0.001})

The table has a column `observed` (whole numbers, empty where nothing was seen) and may have `date` (every step once, in
order), `exposure` or its alias `population`, `coverage`, and `labelled` (1 on days of a known past episode). The answer
has a row for each monitored row: `index` (from 1), `observed`, `expected`, `upperbound` (the largest count that is no
alarm by itself), `alarm` (1, 0, or empty where there is no answer) and, where the detector has one, `pvalue`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from indicators.levels import buildup, ears, farrington, predictive, routine
from indicators.levels.history import History, ParameterError, SeriesError, day_of, whole_days
from indicators.levels.parameters import read_options
from indicators.levels.table import Table, checked

__all__ = ["DETECTORS", "Detector", "History", "ParameterError", "SeriesError", "day_of", "run", "whole_days"]

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class NbpOptions:
    """Parameters of `nbp`; an alarm is p below `alpha` with at least `least` events in the window."""

    baseline: int = 112
    guard: int = 7
    usable: int = 14
    cap: float = 2.58
    weekday: bool = False
    alpha: float = 0.001
    least: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsoluteOptions:
    """Parameters of `absolute`: at least so many events within so many days."""

    at_least: int = 3
    within: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildupOptions:
    """Parameters of `buildup`; an alarm is exp(-S) below `alpha`."""

    reference: int = 112
    guard: int = 60
    usable: int = 28
    ratio: float = 1.5
    cap: float = 2.58
    alpha: float = 0.001
    least: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A detector's columns over the whole series."""

    expected: Column
    upper: Column
    alarm: Column
    pvalue: Column | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """One row of the table."""

    name: str
    options: type[Any]
    """A dataclass whose fields are the parameters and their defaults."""
    judge: Callable[[Table, Any], Answer]
    first: Callable[[Any], int]
    """The first row, counted from 0, that is monitored unless said otherwise."""


def _judge_nbp(table: Table, options: NbpOptions) -> Answer:
    settings = predictive.Settings(
        baseline=options.baseline,
        guard=options.guard,
        usable=options.usable,
        cap=options.cap,
        weekday=options.weekday,
    )
    scores = predictive.score(
        table.observed[None, :],
        table.exposure[None, :],
        coverage=table.coverage[None, :],
        labelled=table.labelled[None, :],
        settings=settings,
    )
    alone = predictive.score(
        table.observed[None, :],
        table.exposure[None, :],
        coverage=table.coverage[None, :],
        labelled=table.labelled[None, :],
        settings=predictive.Settings(
            baseline=options.baseline,
            guard=options.guard,
            usable=options.usable,
            cap=options.cap,
            weekday=options.weekday,
            windows=(1,),
        ),
    )
    p = scores.p[0]
    answered = ~np.isnan(p)
    with np.errstate(invalid="ignore"):
        alarm = np.where(answered, ((p < options.alpha) & (scores.count[0] >= options.least)).astype(float), np.nan)
    upper = np.full(len(p), np.nan)
    for row in np.flatnonzero(answered):
        mean, ratio = float(alone.expected[0, row]), float(alone.dispersion[0, row])
        upper[row] = predictive.upper_limit(mean, ratio, options.alpha, options.least) - 1
    return Answer(expected=np.where(answered, alone.expected[0], np.nan), upper=upper, alarm=alarm, pvalue=p)


def _judge_ears(table: Table, options: ears.Settings) -> Answer:
    upper, expected, alarm = ears.limits(
        table.observed,
        variant=options.variant,
        baseline=options.baseline,
        min_sigma=options.min_sigma,
        alpha=options.alpha,
    )
    return Answer(expected=expected, upper=upper, alarm=alarm)


def _judge_farrington(table: Table, options: farrington.Settings) -> Answer:
    blank = np.full(len(table), np.nan)
    answer = Answer(expected=blank, upper=blank.copy(), alarm=blank.copy(), pvalue=blank.copy())
    points = list(range(min(options.frequency * options.b, len(table)), len(table)))
    if not points or answer.pvalue is None:
        return answer
    fit = farrington.fit_points(table.observed, options, points, exposure=table.exposure, dates=table.dates)
    for into, values in (
        (answer.expected, fit.expected),
        (answer.upper, fit.upper),
        (answer.alarm, fit.alarm),
        (answer.pvalue, fit.pvalue),
    ):
        into[points] = values
    return answer


def _judge_absolute(table: Table, options: AbsoluteOptions) -> Answer:
    counts = np.nan_to_num(table.observed)
    moving = counts.copy()
    for back in range(1, options.within):
        moving[back:] += counts[:-back]
    before = moving - counts
    known = ~np.isnan(table.observed)
    reached = moving >= options.at_least
    alarm = np.where(known | reached, reached.astype(float), np.nan)
    blank = np.full(len(table), np.nan)
    return Answer(expected=blank, upper=np.maximum(options.at_least - 1 - before, 0.0), alarm=alarm)


def _judge_buildup(table: Table, options: BuildupOptions) -> Answer:
    found = buildup.statistic(
        table.observed[None, :],
        table.exposure[None, :],
        coverage=table.coverage[None, :],
        labelled=table.labelled[None, :],
        settings=buildup.Settings(
            reference=options.reference,
            guard=options.guard,
            usable=options.usable,
            ratio=options.ratio,
            cap=options.cap,
            least=options.least,
        ),
    )
    value = found.value[0]
    p = np.exp(-value)
    answered = ~np.isnan(value)
    with np.errstate(invalid="ignore"):
        alarm = np.where(answered, ((p < options.alpha) & (found.recent[0] >= options.least)).astype(float), np.nan)
    expected = np.where(answered, found.rate[0] * table.exposure, np.nan)
    return Answer(expected=expected, upper=np.full(len(table), np.nan), alarm=alarm, pvalue=p)


def _judge_routine(table: Table, options: routine.Settings) -> Answer:
    dark = (table.coverage < 0.5) | ~(table.exposure > 0)
    found = routine.breaks(np.where(dark, np.nan, table.observed), options)
    return Answer(
        expected=np.array(found.expected, dtype=float),
        upper=np.array(found.upper, dtype=float),
        alarm=np.array(found.alarm, dtype=float),
    )


def _from_the_start(options: Any) -> int:
    del options
    return 0


DETECTORS: Mapping[str, Detector] = MappingProxyType(
    {
        detector.name: detector
        for detector in (
            Detector(name="nbp", options=NbpOptions, judge=_judge_nbp, first=_from_the_start),
            Detector(name="ears", options=ears.Settings, judge=_judge_ears, first=lambda options: int(options.first)),
            Detector(
                name="farrington",
                options=farrington.Settings,
                judge=_judge_farrington,
                first=lambda options: int(options.first),
            ),
            Detector(name="absolute", options=AbsoluteOptions, judge=_judge_absolute, first=_from_the_start),
            Detector(name="buildup", options=BuildupOptions, judge=_judge_buildup, first=_from_the_start),
            Detector(name="routine", options=routine.Settings, judge=_judge_routine, first=_from_the_start),
        )
    }
)


def run(
    method: str,
    frame: pd.DataFrame,
    params: Mapping[str, Any] = MappingProxyType({}),
    *,
    first: int | None = None,
    last: int | None = None,
) -> pd.DataFrame:
    """One detector over one series; `first` and `last` (from 1, both included) limit the monitored rows.

    >>> counts = pd.DataFrame({"observed": [2, 3, 2, 1, 2, 3, 2, 9]})
    >>> run("ears", counts, {"variant": "C1", "baseline": "7", "min_sigma": "0"}).to_csv(index=False).split()
    ['index,observed,expected,upperbound,alarm', '8,9,2.142857142857143,4.275320027710648,1']

    Raises `ParameterError` or `SeriesError`, one line each.
    """
    detector = DETECTORS.get(method)
    if detector is None:
        raise ParameterError(f"method: {method!r} is no detector; use one of {', '.join(DETECTORS)}")
    options = read_options(detector.name, detector.options, params)
    table = checked(frame)
    answer = detector.judge(table, options)
    start = detector.first(options) if first is None else first - 1
    stop = len(table) if last is None else last
    if start < 0 or stop > len(table) or (first is not None and last is not None and first > last):
        raise ParameterError(f"rows {first} to {last}: the series has 1 to {len(table)}; choose within them")
    rows = slice(start, max(stop, start))
    columns: dict[str, Any] = {
        "index": np.arange(1, len(table) + 1)[rows],
        "observed": _whole(table.observed[rows]),
        "expected": answer.expected[rows],
        "upperbound": answer.upper[rows],
        "alarm": _whole(answer.alarm[rows]),
    }
    if answer.pvalue is not None:
        columns["pvalue"] = answer.pvalue[rows]
    return pd.DataFrame(columns)


def _whole(values: Column) -> pd.Series[int]:
    """Whole numbers, empty where there is none."""
    return pd.Series(values, dtype="float64").astype("Int64")
