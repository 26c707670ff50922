"""What could be seen: exposure and coverage of each indicator's day, from poll rows and nothing else.

A poll that read its source vouches for the time since the last such poll, because a source shows its recent past; but
only when the two lie close enough that nothing can have scrolled away between them. What no poll vouches for was not
seen. A feed weighs what it is worth: its usual rate of first reports, so that forty echoing feeds do not hide the loss
of the one monitor that matters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from feeds.model import Feed, FeedKind, Poll
from indicators.model.series import DayCoverage

Grid = NDArray[np.float64]

VOUCHES_AT_LEAST = timedelta(hours=6)
"""Every source we read shows more than this much of its past, however short its interval."""
VOUCHED_INTERVALS = 3
"""A success vouches back over this many intervals: two missed polls lose nothing."""
PRIOR_DAYS = 14.0
"""A feed's own rate counts as much as the pool's once it has been observed this many days."""
LEARNS_FOR = 28
"""Over so many days a feed's usual volume and its worth are learned: long enough that no single week moves them."""


@lru_cache(maxsize=4096)
def day_bounds(day: date, zone: tzinfo = UTC) -> tuple[float, float]:
    """First and last second of a day in its zone, as POSIX seconds."""
    start = datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()
    after = day + timedelta(days=1)
    return start, datetime(after.year, after.month, after.day, tzinfo=zone).timestamp()


class Lookout:
    """How long each feed was observed on each day; polls are added in the order of their time, each costs little.

    Keep one while a service runs and add the new polls each round: what earlier polls vouched for is not worked out
    again. It holds nothing that the poll rows do not, so a fresh one given the same rows is the same.
    """

    def __init__(self, feeds: Iterable[Feed], *, zone: tzinfo = UTC) -> None:
        """Begin with no poll seen."""
        self.zone = zone
        self._interval = {
            feed.feed_id: feed.interval.total_seconds()
            for feed in feeds
            if feed.enabled and feed.kind is not FeedKind.MANUAL
        }
        self._read_at: dict[str, float] = {}
        self._serves_from: dict[str, float] = {}
        self._seconds: dict[str, dict[date, float]] = defaultdict(lambda: defaultdict(float))
        self._brought: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))

    @property
    def feeds(self) -> tuple[str, ...]:
        """The feeds that are polled at all, in a fixed order."""
        return tuple(sorted(self._interval))

    def add(self, polls: Iterable[Poll]) -> None:
        """Take these polls into account; of one feed they must come in the order of their time."""
        for poll in polls:
            interval = self._interval.get(poll.feed_id)
            if interval is None:
                continue
            at = poll.polled_at.timestamp()
            if poll.feed_id in self._serves_from:
                self._brought[poll.feed_id][poll.polled_at.astimezone(self.zone).date()] += poll.new_items
            else:  # a first visit brings a backlog, not a day's work
                self._serves_from[poll.feed_id] = at - interval
            if poll.outcome.observed:
                self._vouch(poll.feed_id, at, interval)

    def _vouch(self, feed_id: str, at: float, interval: float) -> None:
        last = self._read_at.get(feed_id)
        if last is not None and at <= last:
            return
        reach = max(VOUCHED_INTERVALS * interval, VOUCHES_AT_LEAST.total_seconds())
        start = last if last is not None and at - last <= reach else at - interval
        self._read_at[feed_id] = at
        days = self._seconds[feed_id]
        day = datetime.fromtimestamp(start, self.zone).date()
        while True:
            opens, closes = day_bounds(day, self.zone)
            days[day] += min(at, closes) - max(start, opens)
            if at <= closes:
                return
            day += timedelta(days=1)

    def observed(self, days: Sequence[date]) -> Grid:
        """Seconds observed, feeds by days."""
        return np.array(
            [[self._seconds[feed].get(day, 0.0) if feed in self._seconds else 0.0 for day in days]
             for feed in self.feeds],
            dtype=float,
        ).reshape(len(self.feeds), len(days))  # fmt: skip

    def brought(self, days: Sequence[date]) -> Grid:
        """Items that the visits of these days brought, by feed."""
        return np.array(
            [float(sum(self._brought[feed].get(day, 0) for day in days)) if feed in self._brought else 0.0
             for feed in self.feeds],
            dtype=float,
        )  # fmt: skip

    def serving(self, days: Sequence[date], as_of: datetime) -> Grid:
        """Seconds that could have been observed by `as_of`, feeds by days: from the feed's first poll on."""
        bounds = np.array([day_bounds(day, self.zone) for day in days], dtype=float).reshape(len(days), 2)
        begins = np.array([self._serves_from.get(feed, np.inf) for feed in self.feeds], dtype=float)
        ends = np.minimum(bounds[:, 1], as_of.timestamp())
        spans = ends[None, :] - np.maximum(bounds[None, :, 0], begins[:, None])
        return np.asarray(spans.clip(min=0.0), dtype=np.float64)


def worth(lookout: Lookout, first_reports: Mapping[str, int], days: Sequence[date]) -> Grid:
    """Each feed's usual number of first reports a day, smoothed toward the pool's: a new feed is worth something.

    `first_reports` are those of `days`; `counting.first_reports` counts them.
    """
    whole = np.array([end - start for start, end in (day_bounds(day, lookout.zone) for day in days)], dtype=float)
    observed_for = (lookout.observed(days) / whole).sum(axis=1) if days else np.zeros(len(lookout.feeds))
    first = np.array([first_reports.get(feed, 0) for feed in lookout.feeds], dtype=float)
    pooled = (first.sum() + 0.5) / max(observed_for.sum(), 1.0)
    return np.asarray((first + PRIOR_DAYS * pooled) / (observed_for + PRIOR_DAYS))


def volume(lookout: Lookout, days: Sequence[date]) -> Grid:
    """Each feed's usual number of items a day, over these days; a feed with none yet is taken for an average one."""
    whole = np.array([end - start for start, end in (day_bounds(day, lookout.zone) for day in days)], dtype=float)
    observed_for = (lookout.observed(days) / whole).sum(axis=1) if days else np.zeros(len(lookout.feeds))
    brought = lookout.brought(days)
    pooled = (brought.sum() + 1.0) / max(observed_for.sum(), 1.0)
    return np.asarray((brought + pooled) / (observed_for + 1.0))


def shown(
    lookout: Lookout,
    carries: Mapping[str, Collection[str]],
    days: Sequence[date],
    as_of: datetime,
    first_reports: Mapping[str, int],
    *,
    learned_from: Sequence[date] | None = None,
) -> list[DayCoverage]:
    """Exposure and coverage of every indicator in `carries` on every day that has begun by `as_of`.

    Coverage is the observed share of what its carrying feeds are worth, had no poll failed: on a day in progress up to
    `as_of`, of a feed from its first poll on. Exposure is that share of what these feeds usually publish. So it falls
    with an outage of the one feed that matters as far as coverage does, grows when a feed joins by what that feed
    publishes, and does not grow because more happens: what is to be judged may not be its own measure. An indicator
    carried by no polled feed has coverage None; one whose feeds have never been polled has 0.

    Worth and usual volume are learned over the days `learned_from`, of which `first_reports` are; else over `days`.
    """
    begun = [day for day in days if day_bounds(day, lookout.zone)[0] < as_of.timestamp()]
    if not begun:
        return []
    learned = begun if learned_from is None else learned_from
    weights, volumes = worth(lookout, first_reports, learned), volume(lookout, learned)
    whole = np.array([end - start for start, end in (day_bounds(day, lookout.zone) for day in begun)])
    seen = weights[:, None] * lookout.observed(begun) / whole
    serving = lookout.serving(begun, as_of) / whole
    could, usual = weights[:, None] * serving, volumes[:, None] * serving
    place = {feed: number for number, feed in enumerate(lookout.feeds)}
    names = list(carries)
    carrying = np.zeros((len(names), len(place)))
    for number, name in enumerate(names):
        for feed in carries[name]:
            if feed in place:
                carrying[number, place[feed]] = 1.0
    worth_seen, worth_there = carrying @ seen, carrying @ could
    share = np.divide(worth_seen, worth_there, out=np.zeros_like(worth_seen), where=worth_there > 0).clip(0.0, 1.0)
    exposure = share * (carrying @ usual)
    carried = carrying.sum(axis=1) > 0
    return [
        DayCoverage(
            indicator=name,
            day=day,
            exposure=float(exposure[row, column]),
            coverage=float(share[row, column]) if carried[row] else None,
        )
        for row, name in enumerate(names)
        for column, day in enumerate(begun)
    ]


def cover(
    polls: Iterable[Poll],
    feeds: Iterable[Feed],
    carries: Mapping[str, Collection[str]],
    days: Sequence[date],
    as_of: datetime,
    first_reports: Mapping[str, int],
    *,
    zone: tzinfo = UTC,
) -> list[DayCoverage]:
    """`shown`, from scratch: only polls made by `as_of` are looked at, so the past reads as it was shown then."""
    lookout = Lookout(feeds, zone=zone)
    lookout.add(sorted((poll for poll in polls if poll.polled_at <= as_of), key=lambda poll: poll.polled_at))
    return shown(lookout, carries, days, as_of, first_reports)
