"""Events to counts: signed changes when the set of events changes, and their sums as of an instant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

import numpy as np
import pandas as pd

from indicators.model.event import Event
from indicators.model.series import CountChange
from indicators.series import frames

Cell = tuple[str, date]
"""An indicator's day."""


def counts(event: Event) -> bool:
    """Whether the event adds one to its indicator's day.

    Who said it does not matter here: an event known only from unnamed voices is still one event. It corroborates
    nothing, and that is said where origins are counted.
    """
    return event.counted and event.indicator is not None


def tally(events: Iterable[Event]) -> dict[Cell, tuple[int, int]]:
    """Events and counted reports of each indicator's day."""
    totals: Counter[Cell] = Counter()
    mentions: Counter[Cell] = Counter()
    for event in {event.event_id: event for event in events}.values():
        if event.indicator is None or not event.counted:
            continue
        cell = (event.indicator, event.occurred_on)
        totals[cell] += 1
        mentions[cell] += sum(report.signal.counted for report in event.reports)
    return {cell: (total, mentions[cell]) for cell, total in totals.items()}


def changes(before: Sequence[Event], after: Sequence[Event], *, problem: str, known_at: datetime) -> list[CountChange]:
    """What to append so that the sums, which say `before`, say `after`: nothing when nothing changed.

    Give the same set of events on both sides of the change (all of them, or all those touched): an event only in
    `before` is taken to have been merged away or withdrawn.
    """
    old, new = tally(before), tally(after)
    found = []
    for indicator, day in sorted(old.keys() | new.keys()):
        had_events, had_mentions = old.get((indicator, day), (0, 0))
        has_events, has_mentions = new.get((indicator, day), (0, 0))
        if (had_events, had_mentions) == (has_events, has_mentions):
            continue
        found.append(
            CountChange(
                problem=problem,
                indicator=indicator,
                occurred_on=day,
                known_at=known_at,
                events=has_events - had_events,
                mentions=has_mentions - had_mentions,
            )
        )
    return found


def sums(changes: Iterable[CountChange], *, as_of: datetime) -> dict[Cell, tuple[int, int]]:
    """Events and mentions of each indicator's day, from the changes known by `as_of`."""
    totals: Counter[Cell] = Counter()
    mentions: Counter[Cell] = Counter()
    for change in changes:
        if change.known_at <= as_of:
            cell = (change.indicator, change.occurred_on)
            totals[cell] += change.events
            mentions[cell] += change.mentions
    return {cell: (totals[cell], mentions[cell]) for cell in totals}


def daily(
    changes: Iterable[CountChange],
    indicators: Sequence[str],
    since: date,
    until: date,
    as_of: datetime,
    *,
    column: str = frames.EVENTS,
) -> pd.DataFrame:
    """Days by indicators: what was known by `as_of` of each count; a plain 0 where nothing is known.

    Whether a 0 means calm or blindness is for coverage to say: `asof.frame` puts the two together.
    """
    which = {frames.EVENTS: 0, frames.MENTIONS: 1}[column]
    days = frames.days_between(since, until)
    row = {day: number for number, day in enumerate(days)}
    place = {indicator: number for number, indicator in enumerate(indicators)}
    grid = np.zeros((len(days), len(indicators)), dtype=np.int64)
    for (indicator, day), pair in sums(changes, as_of=as_of).items():
        if indicator in place and day in row:
            grid[row[day], place[indicator]] = pair[which]
    return pd.DataFrame(grid, index=frames.day_index(days), columns=list(indicators))


def first_reports(events: Iterable[Event], *, since: date, until: date) -> Mapping[str, int]:
    """How many counted events of these days each feed was the first to report: what a feed is worth to coverage."""
    firsts: Counter[str] = Counter()
    for event in events:
        if counts(event) and since <= event.occurred_on <= until:
            first = next((report for report in event.reports if report.signal.counted), None)
            if first is not None:
                firsts[first.signal.source] += 1
    return dict(firsts)
