"""One indicator's days as a detector takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]


class SeriesError(ValueError):
    """A count series that cannot be used, said in one line: the column, the value, the remedy."""


class ParameterError(ValueError):
    """A parameter a detector does not have or cannot use: the method, the key, the value, the remedy."""


def _column(name: str, values: Any, size: int, default: float) -> Column:
    if values is None or (not isinstance(values, np.ndarray) and len(values) == 0 and size):
        return np.full(size, default)
    if isinstance(values, np.ndarray) and values.dtype.kind in "fb":
        column = values.astype(float, copy=False)
    else:
        column = np.array([np.nan if value is None else float(value) for value in values], dtype=float)
    if len(column) != size:
        raise SeriesError(f"{name}: {len(column)} values for {size} days; give one for each day")
    return column


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """One indicator's days as known at an instant, as columns of equal length; consecutive days, oldest first.

    Everything beside `days` and `counts` may be left out: then every day was fully seen, is complete and unlabelled.
    """

    days: Sequence[date]
    counts: Column
    """NaN where nothing was seen and nothing is known."""
    exposure: Column = field(default_factory=lambda: np.empty(0))
    coverage: Column = field(default_factory=lambda: np.empty(0))
    """NaN where no feed carried the indicator."""
    completeness: Column = field(default_factory=lambda: np.empty(0))
    labelled: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=bool))

    def __post_init__(self) -> None:
        size = len(self.days)
        given = object.__setattr__
        given(self, "counts", _column("counts", self.counts, size, np.nan))
        given(self, "exposure", self._filled("exposure", 1.0))
        given(self, "coverage", self._filled("coverage", 1.0))
        given(self, "completeness", self._filled("completeness", 1.0))
        given(self, "labelled", np.asarray(self._filled("labelled", 0.0), dtype=bool))
        if size and (self.days[-1] - self.days[0]).days != size - 1:
            raise SeriesError(f"days: {self.days[0]} to {self.days[-1]} in {size} rows; give every day once, in order")
        if np.nanmin(self.counts, initial=0.0) < 0:
            raise SeriesError(f"counts: {np.nanmin(self.counts):g} is negative; a count is 0 or more")

    def _filled(self, name: str, default: float) -> Column:
        values = getattr(self, name)
        return _column(name, None if len(values) == 0 else values, len(self.days), default)

    def window(self, as_of: date, days: int) -> slice:
        """The rows of the `days` days that end on `as_of`; days before the first row are not there."""
        if not self.days:
            return slice(0, 0)
        end = (as_of - self.days[0]).days + 1
        return slice(min(max(end - days, 0), len(self.days)), min(max(end, 0), len(self.days)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recent:
    """The last seven times 24 hours up to an instant, of several indicators: the stretch that ends now stands last."""

    counts: Column
    exposure: Column
    coverage: Column
    completeness: Column


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Histories:
    """The histories of several indicators over the same days: arrays of indicators by days."""

    names: Sequence[str]
    days: Sequence[date]
    counts: Column
    exposure: Column
    coverage: Column
    completeness: Column
    labelled: NDArray[np.bool_]
    recent: Recent | None = None
    """The last week hour by hour, where events are known by the hour."""

    @classmethod
    def alone(cls, history: History) -> Histories:
        """One indicator's history as the only one."""
        return cls(
            names=("",),
            days=history.days,
            **{name: getattr(history, name)[None, :] for name in COLUMN_NAMES},
        )

    def of(self, name: str) -> History:
        """One indicator's history."""
        return self.row(list(self.names).index(name))

    def row(self, number: int) -> History:
        """The history of the indicator in this row."""
        return History(days=self.days, **{column: getattr(self, column)[number] for column in COLUMN_NAMES})


COLUMN_NAMES = ("counts", "exposure", "coverage", "completeness", "labelled")


def whole_days(span: timedelta) -> int:
    """How many days a span needs: 72 h are 3, 73 h are 4."""
    return max(1, -(-span // timedelta(days=1)))


def day_of(as_of: datetime, zone: tzinfo = UTC) -> tuple[date, float]:
    """The day an instant falls on in `zone`, and the share of it that has passed."""
    local = as_of.astimezone(zone)
    return local.date(), (local.hour * 3600 + local.minute * 60 + local.second) / 86400
