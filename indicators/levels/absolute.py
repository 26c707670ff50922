"""The absolute rule: at least so many independent events within so many days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

import numpy as np

from indicators.levels import no_data
from indicators.levels.history import History, day_of, whole_days
from indicators.model.level import Level, Reading, ReadingState, Thresholds

NAME = "absolute"


def read(history: History, *, thresholds: Thresholds, as_of: datetime, zone: tzinfo = UTC) -> Reading:
    """What the officer's own limit says of the days that end with the day of `as_of`.

    Formula: y = events on the last W days, the day of `as_of` included; the level is the highest whose limit is
    at most y. Nothing is estimated, so it answers from the first day on and with one sighting.

    A count is a lower bound, so it reaches a limit even when little was seen; a count below every limit says nothing
    when less than half was seen, and then the answer is NO_DATA.

    Parameters: `thresholds` (limits of watch, warning, critical, and the span they hold for).

    >>> from datetime import date
    >>> days = [date(2022, 12, 18), date(2022, 12, 19), date(2022, 12, 20)]
    >>> read(History(days=days, counts=[0, 1, 2]), thresholds=Thresholds(),
    ...      as_of=datetime(2022, 12, 20, 12, tzinfo=UTC)).why
    '3 independent events in 3 days; warning from 3.'

    Paper: C. Grabo, Anticipating Surprise (2002), on single sightings of costly preparations.
    """
    today, _ = day_of(as_of, zone)
    days = whole_days(thresholds.within)
    count = int(np.nansum(history.counts[history.window(today, days)]))
    seen = seen_over(history, within=thresholds.within, as_of=as_of, zone=zone)
    level = max((level for level in Level if count >= thresholds.limit(level)), default=Level.NORMAL)
    upper = float(thresholds.watch)
    if level is Level.NORMAL and no_data.is_blind(seen):
        return Reading(
            detector=NAME,
            state=ReadingState.NO_DATA,
            level=Level.NORMAL,
            count=count,
            upper=upper,
            why=no_data.sentence(seen, days),
        )
    return Reading(
        detector=NAME,
        state=ReadingState.ANSWERED,
        level=level,
        count=count,
        upper=upper,
        why=sentence(count, days, level, thresholds),
    )


def seen_over(history: History, *, within: timedelta, as_of: datetime, zone: tzinfo = UTC) -> float | None:
    """Share of the usual reporting seen over the rule's window, the day in progress counted as far as it has run."""
    today, passed = day_of(as_of, zone)
    days = whole_days(within)
    shares = [None if np.isnan(share) else float(share) for share in history.coverage[history.window(today, days)]]
    return no_data.coverage_over([*([None] * (days - len(shares))), *shares], in_progress=passed)


def sentence(count: int, days: int, level: Level, thresholds: Thresholds) -> str:
    """The count and the limit that matters: the one reached, or the first one not reached."""
    named = level if level is not Level.NORMAL else Level.WATCH
    events = "1 independent event" if count == 1 else f"{count} independent events"
    span = "1 day" if days == 1 else f"{days} days"
    return f"{events} in {span}; {named.word} from {thresholds.limit(named)}."
