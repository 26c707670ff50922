"""One indicator's days as they were known at an instant: counts, and what could be seen, side by side."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from indicators.model.series import CountChange, DayCoverage
from indicators.series import counting, frames


def columns(
    changes: Iterable[CountChange],
    coverage: Iterable[DayCoverage],
    indicator: str,
    since: date,
    until: date,
    as_of: datetime,
    *,
    completeness: Iterable[float] = (),
    labelled: Iterable[date] = (),
) -> dict[str, Any]:
    """The indicator's days `since` to `until` as known at `as_of`: plain columns, named as in `frames`, and `DAY`.

    A day nobody watched and nothing is known of is NaN, not 0. A day nobody watched of which something became known
    all the same keeps that count: it is a lower bound, and says more than nothing. `completeness` is the share normally
    known at age 0, 1, 2 ... days, counted back from the day of `as_of`; beyond it a day is complete.
    """
    days = frames.days_between(since, until)
    known = counting.sums((c for c in changes if c.indicator == indicator), as_of=as_of)
    seen = {row.day: row for row in coverage if row.indicator == indicator}
    events = np.array([known.get((indicator, day), (0, 0))[0] for day in days], dtype=float)
    mentions = np.array([known.get((indicator, day), (0, 0))[1] for day in days], dtype=float)
    exposure = np.array([seen[day].exposure if day in seen else 0.0 for day in days], dtype=float)
    share = np.array([_share(seen.get(day)) for day in days], dtype=float)
    blind = ~(share > 0) & (events == 0)
    events[blind] = np.nan
    mentions[blind] = np.nan
    by_age = tuple(completeness)
    today = as_of.date()
    labels = frozenset(labelled)
    return {
        frames.DAY: days,
        frames.EVENTS: events,
        frames.MENTIONS: mentions,
        frames.EXPOSURE: exposure,
        frames.COVERAGE: share,
        frames.COMPLETENESS: np.array([_at_age(by_age, (today - day).days) for day in days], dtype=float),
        frames.LABELLED: np.array([day in labels for day in days], dtype=bool),
    }


def frame(
    changes: Iterable[CountChange],
    coverage: Iterable[DayCoverage],
    indicator: str,
    since: date,
    until: date,
    as_of: datetime,
    *,
    completeness: Iterable[float] = (),
    labelled: Iterable[date] = (),
) -> pd.DataFrame:
    """`columns` as a frame of days, for pages and files."""
    found = columns(changes, coverage, indicator, since, until, as_of, completeness=completeness, labelled=labelled)
    return frames.table(found.pop(frames.DAY), found)


def _share(row: DayCoverage | None) -> float:
    return np.nan if row is None or row.coverage is None else row.coverage


def _at_age(by_age: tuple[float, ...], age: int) -> float:
    return by_age[age] if 0 <= age < len(by_age) else 1.0


def completeness(
    changes: Iterable[CountChange], *, as_of: datetime, weeks: int = 8, ages: int = 7, floor: float = 0.3
) -> tuple[float, ...]:
    """Share of a day's count that is normally known when the day is 0, 1, 2 ... days old, from the last `weeks` weeks.

    A reporting triangle: of the events on days old enough to be settled, how many were known by the end of the day at
    each age, net of corrections. With fewer than 20 settled events there is nothing to learn from and every share is 1.
    Never under `floor`: an expectation multiplied by next to nothing would make every first report an alarm.
    """
    today = as_of.date()
    known = [0] * ages
    settled = 0
    for change in changes:
        age = (change.known_at.date() - change.occurred_on).days
        old = (today - change.occurred_on).days
        if change.known_at > as_of or not ages <= old <= weeks * 7 + ages:
            continue
        settled += change.events
        for number in range(max(age, 0), ages):
            known[number] += change.events
    if settled < 20:
        return (1.0,) * ages
    return tuple(min(1.0, max(floor, count / settled)) for count in known)
