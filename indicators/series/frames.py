"""The columns of count frames: the one place where they are named, and how a frame of days is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

DAY = "day"
"""The index: one row a day, midnight without a zone, in the problem's own days."""
EVENTS = "events"
"""Independent events of the day; NaN where nothing was seen and nothing is known."""
MENTIONS = "mentions"
"""Counted reports of the day, echoes and all; NaN where EVENTS is."""
EXPOSURE = "exposure"
"""Items the carrying feeds usually publish in a day, times what was seen of them."""
COVERAGE = "coverage"
"""Share of the carrying feeds' usual word that was seen, 0 to 1; NaN when no feed carries the indicator."""
COMPLETENESS = "completeness"
"""Share of the day's final count that is normally known by now, over 0 and up to 1."""
LABELLED = "labelled"
"""True on days of a known past episode: drawn, but kept out of every baseline."""

SERIES_COLUMNS = (EVENTS, MENTIONS, EXPOSURE, COVERAGE, COMPLETENESS, LABELLED)


def days_between(since: date, until: date) -> tuple[date, ...]:
    """Every day from `since` to `until`, both included; none when they are the wrong way round."""
    return tuple(since + timedelta(days=number) for number in range((until - since).days + 1))


def day_index(days: Sequence[date]) -> pd.DatetimeIndex:
    """The days as a frame's index, the same on every pandas we support."""
    stamps = np.array([np.datetime64(day, "D") for day in days], dtype="datetime64[D]").astype("datetime64[ns]")
    return pd.DatetimeIndex(stamps, name=DAY)


def table(days: Sequence[date], columns: Mapping[str, Iterable[float] | NDArray[Any]]) -> pd.DataFrame:
    """A frame of these columns over these days."""
    return pd.DataFrame({name: np.asarray(values) for name, values in columns.items()}, index=day_index(days))


def days_of(frame: pd.DataFrame) -> tuple[date, ...]:
    """The days of a frame, as plain dates."""
    return tuple(stamp.date() for stamp in pd.DatetimeIndex(frame.index))


def history(columns: Mapping[str, Any] | pd.DataFrame) -> dict[str, Any]:
    """One indicator's columns, or its frame, as a detector takes them: `History(**history(columns))`."""
    if isinstance(columns, pd.DataFrame):
        columns = {DAY: days_of(columns), **{name: columns[name].to_numpy() for name in SERIES_COLUMNS}}
    return {
        "days": columns[DAY],
        "counts": columns[EVENTS],
        "exposure": columns[EXPOSURE],
        "coverage": columns[COVERAGE],
        "completeness": columns[COMPLETENESS],
        "labelled": columns[LABELLED],
    }
