"""Which past days of an indicator were no ordinary ones: an episode that is over leaves the baseline it would hide in.

An old outbreak in the baseline makes a detector deaf to the next one. So when an episode that reached warning returns
to normal, its days are labelled, from two days before it was raised (the limit looks back so far) to the last day that
still held it - but only where its count would have surprised the 16 weeks before it. A board that warns of what is
usual must not declare the usual an exception, and a stretch of more than six weeks is no episode but a new normal.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo

import numpy as np

from indicators.levels import predictive
from indicators.levels.history import History
from indicators.model.level import Level, Standing

LEADS_BY = timedelta(days=2)
LONGEST = timedelta(days=42)
SURPRISES_UNDER = 0.001


def is_over(before: Standing | None, after: Standing) -> bool:
    """Whether an episode that reached warning has just ended between these standings."""
    ended = before is not None and before.episode and after.level is Level.NORMAL and not after.episode
    return bool(ended) and before is not None and before.peak >= Level.WARNING


def episode(before: Standing, after: Standing, history: History, *, zone: tzinfo) -> tuple[date, date] | None:
    """First and last day of the episode that is over, where it is to be labelled."""
    if not is_over(before, after):
        return None
    raised_at = datetime.fromisoformat(before.episode.rpartition("/")[2])
    first = raised_at.astimezone(zone).date() - LEADS_BY
    last = min(before.days_below, default=after.at.astimezone(zone).date()) - timedelta(days=1)
    if last < first or last - first > LONGEST or not _surprises(history, first, last):
        return None
    return first, last


def _surprises(history: History, first: date, last: date, settings: predictive.Settings = predictive.DEFAULT) -> bool:
    """Whether the count of these days would have been unlikely at the rate of the 16 weeks before them."""
    rows = history.window(first - timedelta(days=1), settings.baseline)
    seen = ~np.isnan(history.counts[rows]) & (history.exposure[rows] > 0) & ~history.labelled[rows]
    span = history.window(last, (last - first).days + 1)
    if seen.sum() < settings.usable:
        return False
    total = float(history.counts[rows][seen].sum())
    seen_for = float(history.exposure[rows][seen].sum())
    mean = (total + 0.5) / (seen_for * (1 + 1 / seen.sum())) * float(np.nansum(history.exposure[span]))
    count = float(np.nansum(history.counts[span]))
    p = predictive.tail(np.array([count]), np.array([mean]), np.array([1 + mean / (total + 0.5)]))
    return bool(p[0] < SURPRISES_UNDER)
