"""What is at hand of the sources themselves: their visits and when they published, for judging how each fares."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from feeds import health
from feeds.model import Feed, Outcome, Poll

RHYTHM_FOR = timedelta(days=180)
"""How far back a source's rhythm is learned: one that fell silent must not be forgotten into health."""
RHYTHM_OF = 60
"""So many of a source's newest publications tell its rhythm."""
RUN_KEEPS = 3
"""Of visits that all ended alike, the first and so many last ones say what all of them say."""


class Rhythm:
    """Visits and publications as they come; of them it keeps what the health of a source is judged by."""

    def __init__(self) -> None:
        self._visits: dict[str, list[Poll]] = defaultdict(list)
        self._published: dict[str, list[datetime]] = defaultdict(list)

    def visited(self, polls: Iterable[Poll]) -> None:
        """Take these visits into account, in the order of their time."""
        for poll in polls:
            run = self._visits[poll.feed_id]
            if run and _is_well(run[-1]) is not _is_well(poll):
                run[:] = [run[-1]]
            run.append(poll)
            if len(run) > RUN_KEEPS + 1 and all(_alike(poll, one) for one in run[-RUN_KEEPS - 2 : -1]):
                del run[-RUN_KEEPS - 1]
            elif poll.outcome is Outcome.OK and len(run) > RUN_KEEPS:
                del run[2:-1]  # what it found makes all quiet before it old

    def published(self, source: str, times: Iterable[datetime]) -> None:
        """Take these publications of a source into account."""
        known = self._published[source]
        for at in times:
            insort(known, at)
        del known[:-RHYTHM_OF]

    def assess(self, feeds: Sequence[Feed], now: datetime) -> list[health.Health]:
        """How each of these feeds fares."""
        since = now - RHYTHM_FOR
        visits = [poll for feed in feeds for poll in self._visits.get(feed.feed_id, ())]
        times = {
            feed.feed_id: [at for at in self._published.get(feed.feed_id, ()) if since <= at <= now] for feed in feeds
        }
        return health.assess(feeds, visits, times, now=now)


def _is_well(poll: Poll) -> bool:
    return health.BY_OUTCOME[poll.outcome].well


def _alike(one: Poll, other: Poll) -> bool:
    return one.outcome is other.outcome and one.status == other.status
