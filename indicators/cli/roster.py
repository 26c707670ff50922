"""The sources that a running poller watches, read again when people change them: no restart, and no round disturbed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from feeds.model import Feed
from feeds.polling import Collector, Round
from feeds.registry import RegistryProblems
from indicators.pipeline import Pipeline

Stamp = tuple[tuple[str, int, int], ...]


def stamp_of(place: Path | None) -> Stamp:
    """What differs when anybody has changed a file of sources: names, times, sizes."""
    if place is None:
        return ()
    files = sorted([*place.glob("*.yaml"), *place.glob("*.yml")]) if place.is_dir() else [place]
    found = []
    for file in files:
        try:
            status = file.stat()
        except OSError:
            continue  # no file yet, or no more: that too is a difference
        found.append((file.name, status.st_mtime_ns, status.st_size))
    return tuple(found)


class Roster:
    """A collector that takes up changed sources between two rounds, and the spine that goes with it."""

    def __init__(
        self,
        collector: Collector,
        make_spine: Callable[[Mapping[str, Feed]], Pipeline],
        feeds: Mapping[str, Feed],
        *,
        place: Path | None,
        load: Callable[[], Mapping[str, Feed]],
        say: Callable[[str], None],
    ) -> None:
        self._collector = collector
        self._make_spine = make_spine
        self._feeds = dict(feeds)
        self._place = place
        self._load = load
        self._say = say
        self._stamp = stamp_of(place)
        self.spine = _Spine(make_spine(feeds))

    async def poll_due(self, now: datetime) -> Round:
        """Take up what people changed, then visit what is due."""
        self.refresh()
        return await self._collector.poll_due(now)

    def next_due_at(self) -> datetime | None:
        """When the next visit is due."""
        return self._collector.next_due_at()

    def refresh(self) -> bool:
        """Read the sources again where their files changed; a file with faults changes nothing and is said aloud."""
        stamp = stamp_of(self._place)
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            feeds = dict(self._load())
        except RegistryProblems as problems:
            self._say(f"the changed sources cannot be used, the poller keeps those it has: {problems.problems[0]}")
            return False
        if feeds == self._feeds:
            return False
        changed = sorted(
            feed_id for feed_id in feeds.keys() | self._feeds.keys() if feeds.get(feed_id) != self._feeds.get(feed_id)
        )
        self._feeds = feeds
        self._collector.replace_feeds(feeds.values())
        # The spine reads back from the store whatever it had at hand, as after a restart.
        self.spine.inner = self._make_spine(feeds)
        self._say(f"sources changed: {', '.join(changed[:6])}{' and others' if len(changed) > 6 else ''}")
        return True


class _Spine:
    """The spine that is in use now."""

    def __init__(self, inner: Pipeline) -> None:
        self.inner = inner

    def advance(self, now: datetime) -> object:
        """Carry what is new through the rooms."""
        return self.inner.advance(now)

    def next_due_at(self) -> datetime | None:
        """When the levels are to be looked at again."""
        return self.inner.next_due_at()
