"""The days of every indicator, kept at hand: counts, exposure and coverage, changed as changes become known.

Reading half a year back out of the store at every look would cost more than all rules together. The ledger holds what
the store holds of these days and nothing else, so one filled from the store's rows is the same as one that was kept
while they came.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indicators.model.series import CountChange, DayCoverage
from indicators.series import asof, frames

Grid = NDArray[np.float64]

BUCKETS = 7
"""Moving days that end with the instant itself: the last 24, 72 and 168 hours are sums of them."""
SETTLED_FOR = timedelta(weeks=10)
"""Changes kept one by one: the reporting triangle looks at eight weeks and what has settled since."""
GROWS_BY = 64


class Ledger:
    """Counts and coverage by day of these indicators, as known up to the last change it was given.

    `groups` name the indicators that the same feeds carry: how late reports come is learned from all of a group.
    """

    def __init__(self, names: Sequence[str], *, groups: Mapping[str, str] | None = None, zone: tzinfo) -> None:
        self._row = {name: number for number, name in enumerate(names)}
        self._names = tuple(names)
        self._groups = {name: (groups or {}).get(name, "") for name in names}
        self._zone = zone
        self._first: date | None = None
        self._events = np.zeros((len(names), 0))
        self._exposure = np.zeros((len(names), 0))
        self._coverage = np.full((len(names), 0), np.nan)
        self._told = np.zeros((len(names), 0), dtype=bool)
        self._labelled = np.zeros((len(names), 0), dtype=bool)
        self._recent: list[CountChange] = []
        self._completeness: tuple[date, Grid] | None = None

    # -- what becomes known -------------------------------------------------------------------------------------

    def count(self, changes: Iterable[CountChange]) -> None:
        """Take these changes of counts into account, in the order in which they became known."""
        for change in changes:
            row = self._row.get(change.indicator)
            if row is not None:
                column = self._column(change.occurred_on)  # may make the arrays anew
                self._events[row, column] += change.events
                self._recent.append(change)

    def cover(self, rows: Iterable[DayCoverage]) -> None:
        """Take these figures of what could be seen, over those of the same day before."""
        for one in rows:
            row = self._row.get(one.indicator)
            if row is not None:
                column = self._column(one.day)
                self._told[row, column] = True
                self._exposure[row, column] = one.exposure
                self._coverage[row, column] = np.nan if one.coverage is None else one.coverage

    def label(self, labels: Mapping[str, Collection[date]]) -> None:
        """These and no other days of each indicator are known past episodes."""
        self._labelled[:] = False
        for name, days in labels.items():
            row = self._row.get(name)
            if row is not None:
                for day in days:
                    column = self._column(day)
                    self._labelled[row, column] = True

    def _column(self, day: date) -> int:
        if self._first is None:
            self._first = day
        before = (self._first - day).days
        if before > 0:
            self._widen(before + GROWS_BY, 0)
            self._first -= timedelta(days=before + GROWS_BY)
        column = (day - self._first).days
        if column >= self._events.shape[1]:
            self._widen(0, column + 1 - self._events.shape[1] + GROWS_BY)
        return column

    def _widen(self, before: int, after: int) -> None:
        sides = ((0, 0), (before, after))
        self._events = np.pad(self._events, sides)
        self._exposure = np.pad(self._exposure, sides)
        self._coverage = np.pad(self._coverage, sides, constant_values=np.nan)
        self._told = np.pad(self._told, sides)
        self._labelled = np.pad(self._labelled, sides)

    # -- what is known ------------------------------------------------------------------------------------------

    def held(self, days: Sequence[date]) -> dict[tuple[str, date], DayCoverage]:
        """The figures of what could be seen on these days, as they were last given."""
        return {
            (name, day): DayCoverage(
                indicator=name,
                day=day,
                exposure=float(self._exposure[row, column]),
                coverage=None if np.isnan(self._coverage[row, column]) else float(self._coverage[row, column]),
            )
            for day, column in [(day, self._column(day)) for day in days]
            for name, row in self._row.items()
            if self._told[row, column]
        }

    def columns(self, as_of: datetime, days: int) -> dict[str, Any]:
        """The `days` days that end with the day of `as_of`, fewer where the ledger begins later, of every indicator.

        Arrays of indicators by days, oldest first: `Histories(**ledger.columns(...))`.
        """
        today = as_of.astimezone(self._zone).date()
        end = self._column(today) + 1
        begin = min(max(end - days, self._begins()), end - 1)
        rows = slice(begin, end)
        share = self._coverage[:, rows].copy()
        counts = self._events[:, rows].copy()
        counts[~(share > 0) & (counts == 0)] = np.nan
        completeness = np.ones_like(counts)
        known = self._complete(as_of)[:, : end - begin]
        completeness[:, end - begin - known.shape[1] :] = known[:, ::-1]
        return {
            "names": self._names,
            "days": frames.days_between(today - timedelta(days=end - begin - 1), today),
            "counts": counts,
            "exposure": self._exposure[:, rows].copy(),
            "coverage": share,
            "completeness": completeness,
            "labelled": self._labelled[:, rows].copy(),
        }

    def _begins(self) -> int:
        """The first column that says anything at all."""
        told = (self._events != 0) | self._told
        some = np.flatnonzero(told.any(axis=0))
        return int(some[0]) if len(some) else self._events.shape[1]

    def moving(self, happened: Mapping[str, Sequence[datetime]], as_of: datetime) -> dict[str, Any]:
        """The last seven times 24 hours before `as_of`, arrays of indicators by stretches, the one that ends now last.

        `happened` says when each event did that is known. A stretch lies over two days: of the later one it has what
        was seen up to the hour of `as_of`, of the earlier one the share that is left.
        """
        today = as_of.astimezone(self._zone).date()
        passed = min(max((as_of - datetime.combine(today, time(), self._zone)) / timedelta(days=1), 1e-6), 1.0)
        counts = np.zeros((len(self._names), BUCKETS))
        for name, instants in happened.items():
            for at in instants:
                back = int((as_of - at) // timedelta(days=1))
                if name in self._row and 0 <= back < BUCKETS:
                    counts[self._row[name], BUCKETS - 1 - back] += 1
        self._column(today - timedelta(days=BUCKETS))
        end = self._column(today) + 1
        rows = slice(end - BUCKETS - 1, end)
        exposure, share = self._exposure[:, rows], self._coverage[:, rows]
        later = exposure[:, 1:].copy()
        later[:, :-1] *= passed  # the day in progress holds no more than has passed of it
        seen = np.nan_to_num(share[:, 1:]) * passed + np.nan_to_num(share[:, :-1]) * (1 - passed)
        coverage = np.where(np.isnan(share[:, 1:]) & np.isnan(share[:, :-1]), np.nan, seen)
        counts[~(coverage > 0) & (counts == 0)] = np.nan
        known = self._complete(as_of)
        return {
            "counts": counts,
            "exposure": later + exposure[:, :-1] * (1 - passed),
            "coverage": coverage,
            "completeness": known[:, :BUCKETS][:, ::-1],
        }

    def _complete(self, as_of: datetime) -> Grid:
        """Share of a day's count normally known at age 0, 1, 2 ... days, by indicator; learned once a day."""
        today = as_of.astimezone(self._zone).date()
        if self._completeness is None or self._completeness[0] != today:
            midnight = datetime.combine(today, time(), self._zone)
            self._recent = [one for one in self._recent if one.known_at > midnight - SETTLED_FOR]
            by_group: dict[str, list[CountChange]] = defaultdict(list)
            for one in self._recent:
                by_group[self._groups[one.indicator]].append(one)
            shares = {group: asof.completeness(ones, as_of=midnight) for group, ones in by_group.items()}
            whole = asof.completeness((), as_of=midnight)
            self._completeness = today, np.array([shares.get(self._groups[name], whole) for name in self._names])
        return self._completeness[1]
