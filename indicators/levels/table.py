"""A table of counts, checked: its columns, or one line that says what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from indicators.levels.history import SeriesError

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A count series as its columns, checked."""

    observed: Column
    exposure: Column
    coverage: Column
    labelled: NDArray[np.bool_]
    dates: tuple[date, ...] | None

    def __len__(self) -> int:
        return len(self.observed)


def checked(frame: pd.DataFrame) -> Table:
    """The series of a table, or one line that says what is wrong with it."""
    if "observed" not in frame.columns:
        raise SeriesError(f"observed: no such column among {', '.join(map(str, frame.columns))}; name the counts so")
    observed = _numbers(frame, "observed", "a count is a whole number of 0 or more")
    fraction = observed[~np.isnan(observed)] % 1 != 0
    if fraction.any():
        row = int(np.flatnonzero(~np.isnan(observed))[fraction][0])
        raise SeriesError(f"observed: row {row + 1} is {observed[row]:g}; a count is a whole number of 0 or more")
    name = next((name for name in ("exposure", "population") if name in frame.columns), None)
    exposure = np.ones(len(frame)) if name is None else _numbers(frame, name, "exposure is 0 or more")
    if np.isnan(exposure).all():
        exposure = np.ones(len(frame))
    coverage = _numbers(frame, "coverage", "coverage is 0 to 1") if "coverage" in frame.columns else np.ones(len(frame))
    labelled = np.zeros(len(frame))
    if "labelled" in frame.columns:
        labelled = np.nan_to_num(_numbers(frame, "labelled", "write 1 on days of a known episode"))
    return Table(
        observed=observed,
        exposure=np.nan_to_num(exposure),
        coverage=coverage,
        labelled=labelled > 0,
        dates=_dates(frame),
    )


def _numbers(frame: pd.DataFrame, name: str, remedy: str) -> Column:
    column = frame[name]
    numbers = np.asarray(pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan))
    blank = column.isna().to_numpy(dtype=bool) | (column.astype(str).str.strip() == "").to_numpy(dtype=bool)
    for row in map(int, np.flatnonzero((np.isnan(numbers) & ~blank) | np.isinf(numbers) | (numbers < 0))):
        raise SeriesError(f"{name}: row {row + 1} is {column.iloc[row]}; {remedy}")
    return numbers


def _dates(frame: pd.DataFrame) -> tuple[date, ...] | None:
    """The dates, evenly spaced; None where the table has none."""
    if "date" not in frame.columns or frame["date"].isna().all():
        return None
    stamps = pd.to_datetime(frame["date"], errors="coerce", format="ISO8601")
    for row in map(int, np.flatnonzero(stamps.isna().to_numpy(dtype=bool))):
        raise SeriesError(f"date: row {row + 1} is {frame['date'].iloc[row]}; write it like 2022-12-20")
    days = tuple(stamp.date() for stamp in stamps)
    gaps = [(later - earlier).days for earlier, later in pairwise(days)]
    for number, gap in enumerate(gaps):
        here, before = f"row {number + 2}, {days[number + 1]},", days[number]
        if gap <= 0:
            what = "is there twice" if gap == 0 else f"comes after {before}"
            raise SeriesError(f"date: {here} {what}; give every day once, in order")
        if gap != gaps[0] and not (gaps[0] >= 28 and gap >= 28):
            raise SeriesError(
                f"date: {here} follows {before} after {gap} days where {gaps[0]} is the step; "
                "give every step a row and leave observed empty where nothing was seen"
            )
    return days
