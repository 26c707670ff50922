"""The spine over archives: day by day, as it would have stood had the service run then.

Each source of an archive becomes a feed; what it published becomes known when it was published. A feed was observed on
the days of which the archive holds anything of it, and on no other: an absent day is a gap, never calm.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from feeds import archive
from feeds import store as items
from feeds.model import Feed, FeedKind, Item, Outcome, Poll
from indicators.catalogue import Catalogue
from indicators.model.level import Level, Recommendation, Standing, WatchCondition
from indicators.pipeline import Coded, Pipeline
from indicators.replay import recording
from indicators.settings import MailSettings, Settings
from indicators.store import levels
from indicators.store.problems import reading, writing

TOPICS = ("general",)
"""Nobody has judged what an archive's source can carry, so it may carry anything."""
SAMPLED_STANDS_FOR: Mapping[int, int] = {2022: 8, 2023: 12}
"""Of the thinned archives of these years: how many rows one kept as a sample stands for."""
INTERVAL = timedelta(hours=11, minutes=59)
"""With a visit at noon and one at the day's end this vouches for the whole day, and never over an absent one."""
LANGUAGE_SHARE = 0.2
"""A source speaks a language that one row in five is in; fewer are slips of its labels."""
REGULAR_SHARE = 0.5
REGULAR_DAYS = 7
"""A source with rows on fewer days, or on less than half of the days between its first and its last, was not polled:
somebody kept single pages of it. They are read, but their absence is no gap."""
PLATFORMS = frozenset(
    {"t.me", "telegram.me", "youtube.com", "twitter.com", "x.com", "facebook.com", "vk.com", "ok.ru", "substack.com"}
)
"""Every page there is another voice: the address of the platform says nothing of who speaks."""
SECOND_LEVELS = frozenset({"ac", "co", "com", "edu", "gob", "gouv", "gov", "mil", "msk", "net", "or", "org"})
"""In a country's domain these are not somebody's own: bbc.co.uk, not co.uk."""
HOST = re.compile(r"(?:https?://)?([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,})(?=[/:?#\s]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """What archives hold of some days, ordered as the spine is to see it."""

    feeds: Mapping[str, Feed]
    days: Mapping[date, Sequence[Item]]
    """Every day of the stretch, with what became known on it, oldest first."""
    volume: Mapping[date, Mapping[str, int]]
    """By day, how much each feed published: rows kept as a sample count for all they stand for."""
    zone: ZoneInfo

    @property
    def items(self) -> int:
        """How many items there are."""
        return sum(map(len, self.days.values()))

    def polls(self, day: date) -> list[Poll]:
        """The visits that found what this day brought: none to a feed of which nothing is there."""
        polled = [feed for feed in self.volume[day] if self.feeds[feed].kind is not FeedKind.MANUAL]
        noon, night = datetime.combine(day, time(12), self.zone), end_of(day, self.zone) - timedelta(seconds=1)
        return [
            Poll(
                feed_id=feed,
                polled_at=at,
                outcome=Outcome.OK,
                status=200,
                entries=self.volume[day][feed],
                # What a sample stands for was published too: the exposure is of all of it.
                new_items=self.volume[day][feed] if at == night else 0,
            )
            for at in (noon, night)
            for feed in polled
        ]


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The last second of a day."""
    return datetime.combine(day + timedelta(days=1), time(), zone) - timedelta(seconds=1)


# --- archives -> feeds, items and what was observed ----------------------------------------------------------------


def gather(
    paths: Iterable[str | Path],
    *,
    known: Iterable[Feed] = (),
    since: date | None = None,
    until: date | None = None,
    zone: ZoneInfo,
) -> Archive:
    """What the archives hold from `since` to `until`, both included; raises `ArchiveProblem`, `RecordingProblem`.

    A folder is a recording: its sources are those of its registry, and everything was known when it was published.
    A source that is one of the `known` feeds keeps what the registry says of it; one of a known owner's domain keeps
    the owner.
    """
    given = [Path(path) for path in paths]
    recordings = [recording.load(path, shipped=path.parent) for path in given if path.is_dir()]
    steady = frozenset(feed.feed_id for one in recordings for feed in one.feeds)
    name = _Names([*known, *(feed for one in recordings for feed in one.feeds)])
    by_day: dict[date, list[Item]] = defaultdict(list)
    volume: dict[date, Counter[str]] = defaultdict(Counter)
    languages: dict[str, Counter[str]] = defaultdict(Counter)
    seen: set[str] = set()
    rows = chain(
        (row for path in given if not path.is_dir() for row in archive.read_rows(path)),
        (archive.Row(item=item) for one in recordings for item in one.items()),
    )
    for row in rows:
        item = row.item
        day = item.known_at.astimezone(zone).date()
        if (since and day < since) or (until and day > until):
            continue
        feed = name.of(item.source)
        volume[day][feed] += SAMPLED_STANDS_FOR.get(item.published_at.year, 1) if row.sampled else 1
        if item.item_id in seen:
            continue
        seen.add(item.item_id)
        languages[feed][item.lang] += 1
        by_day[day].append(replace(item, source=feed))
    first = since or min(by_day, default=None)
    last = until or max(by_day, default=None)
    days = [] if first is None or last is None else [first + timedelta(days=n) for n in range((last - first).days + 1)]
    polled = {
        feed: feed in steady or _is_regular([day for day in days if feed in volume[day]], len(days))
        for feed in languages
    }
    for day in days:
        for feed in steady & languages.keys():
            volume[day].setdefault(feed, 0)  # a recorded source was visited though it said nothing
    return Archive(
        feeds={feed: name.feed(feed, spoken, polled=polled[feed]) for feed, spoken in languages.items()},
        days={day: sorted(by_day[day], key=_order_of_knowledge) for day in days},
        volume={day: volume[day] for day in days},
        zone=zone,
    )


def _order_of_knowledge(item: Item) -> tuple[datetime, str]:
    return item.known_at, item.item_id


def _is_regular(days: Sequence[date], whole: int) -> bool:
    spans = (days[-1] - days[0]).days + 1
    return len(days) >= REGULAR_SHARE * spans and len(days) >= min(REGULAR_DAYS, -(-whole // 2))


class _Names:
    """Which feed each source of an archive is."""

    def __init__(self, known: Iterable[Feed]) -> None:
        self._known = {feed.feed_id: feed for feed in known}
        self._by_address = {_bare(feed.url): feed.feed_id for feed in self._known.values() if feed.url}
        owners: dict[str, set[str]] = defaultdict(set)
        for feed in self._known.values():
            owners[registrable(feed.url)].add(feed.owner)
        self._owners = {domain: next(iter(found)) for domain, found in owners.items() if len(found) == 1}
        self._ids: dict[str, str] = {}
        self._sources: dict[str, str] = {}

    def of(self, source: str) -> str:
        """The id of the feed that a row's source is."""
        if source not in self._ids:
            known = source if source in self._known else self._by_address.get(_bare(source))
            self._ids[source] = known or slug(source)
            self._sources.setdefault(self._ids[source], source)
        return self._ids[source]

    def feed(self, feed_id: str, spoken: Counter[str], *, polled: bool) -> Feed:
        """The feed of that id: the registry's own, else what its address and its rows tell."""
        source = self._sources[feed_id]
        domain = registrable(source)
        own = domain and domain not in PLATFORMS
        derived = self._known.get(feed_id) or Feed(
            feed_id=feed_id,
            name=domain or source,
            url=source,
            languages=_languages(spoken),
            topics=TOPICS,
            owner=self._owners.get(domain, domain) if own else feed_id,
        )
        kind = FeedKind.SYNDICATION if polled else FeedKind.MANUAL
        return replace(derived, kind=kind, interval=INTERVAL, enabled=True)


def _languages(spoken: Counter[str]) -> tuple[str, ...]:
    enough = LANGUAGE_SHARE * spoken.total()
    return tuple(language for language, rows in spoken.most_common() if language and rows >= enough)


def _bare(address: str) -> str:
    return re.sub(r"^https?://(www\.)?", "", address.strip(), flags=re.IGNORECASE).rstrip("/")


def slug(source: str) -> str:
    """A feed's id out of a source's address or name: small letters, digits and underscores."""
    stem = re.sub(r"[^a-z0-9]+", "_", _bare(source).lower()).strip("_")
    if len(stem) < 2 or len(stem) > 60 or not source.isascii():
        digest = hashlib.blake2b(_bare(source).encode(errors="surrogatepass"), digest_size=4).hexdigest()
        stem = f"{stem[:50] or 'source'}_{digest}"
    return stem


def registrable(source: str) -> str:
    """The domain that somebody registered, out of an address: bbc.co.uk of https://www.bbc.co.uk/news; else nothing."""
    found = HOST.match(source.strip())
    host = (urlsplit(source).hostname or "") if found is None and "://" in source else found[1] if found else ""
    parts = host.lower().split(".")
    if len(parts) < 2:
        return ""
    own = 3 if len(parts) > 2 and len(parts[-1]) == 2 and parts[-2] in SECOND_LEVELS else 2
    return ".".join(parts[-own:])


# --- day by day ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Where a problem stood at a day's end, and what it took in on that day."""

    day: date
    recommendation: Recommendation
    changed: bool
    """Whether the watch condition is another than the day before; true on the first day."""
    moved: Sequence[Standing]
    """The indicators whose level is another than the day before, in the catalogue's order."""
    items: int
    signals: int
    levels: Mapping[str, Level]
    """Where each indicator stood at its end."""
    surprise: Mapping[str, float]
    """The p-value of the predictive rule, of those indicators for which it answered."""


def walk(
    engine: Engine, found: Archive, catalogue: Catalogue, settings: Settings, *, coded: Coded | None = None
) -> Iterator[Day]:
    """Carry the archive through the spine into an empty database, and give each day as it ends.

    `coded` says what items mean where that was worked out elsewhere; else it is worked out on the way.
    """
    # Nobody is to be mailed about the past.
    quiet = settings.model_copy(update={"mail": MailSettings(), "subscribers": ()})
    spine = Pipeline(engine, [catalogue], found.feeds, settings=quiet, coded=coded)
    problem = catalogue.problem.id
    held: WatchCondition | None = None
    stood: dict[str, Level] = {}
    for day, published in found.days.items():
        now = end_of(day, found.zone)
        with writing(engine) as connection:
            items.add_items(connection, published)
            items.add_polls(connection, found.polls(day))
        advance = spine.advance(now)
        with reading(engine) as connection:
            recommended = levels.latest_recommendation(connection, problem, as_of=now)
            standings = {one.indicator: one for one in levels.latest_standings(connection, problem, as_of=now)}
        assert recommended is not None, "a day's end is always looked at"
        moved = [
            standings[name]
            for name in catalogue.indicators
            if name in standings and standings[name].level is not stood.get(name, Level.NORMAL)
        ]
        yield Day(
            day=day,
            recommendation=recommended,
            changed=recommended.condition is not held,
            moved=moved,
            items=advance.items,
            signals=advance.signals,
            levels={name: one.level for name, one in standings.items()},
            surprise=spine.surprises(problem),
        )
        held = recommended.condition
        stood = {name: one.level for name, one in standings.items()}
