"""The nouns of collection: a feed, an entry of a document, an item, a poll."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class FeedKind(StrEnum):
    """How a source's documents are read."""

    SYNDICATION = "syndication"
    """RSS of any version, RDF or Atom; the document says which."""
    JSONFEED = "jsonfeed"
    TELEGRAM = "telegram"
    """The public preview of a channel."""
    YOUTUBE = "youtube"
    GDELT = "gdelt"
    RELEASE_PAGE = "release_page"
    """A page of press releases, read by declared selectors."""
    MANUAL = "manual"
    """Nothing is polled; an officer pastes items in."""


class OriginKind(StrEnum):
    """What sort of voice a source is."""

    INDEPENDENT_MONITOR = "independent_monitor"
    OFFICIAL = "official"
    MEDIA = "media"
    ANALYST = "analyst"


class DateQuality(StrEnum):
    """How far a publication time can be trusted."""

    EXACT = "exact"
    """An instant with a zone, as the source wrote it."""
    ASSUMED = "assumed"
    """Something was filled in: the zone, the time of day, the day order."""
    FETCHED = "fetched"
    """The source gave no usable date; this is when we first saw the item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One public source, as its registry entry describes it; a problem maps the opaque `topics` to indicators."""

    feed_id: str
    name: str
    url: str
    kind: FeedKind = FeedKind.SYNDICATION
    languages: tuple[str, ...] = ("en",)
    topics: tuple[str, ...] = ()
    owner: str = ""
    """Owner family: two feeds of one owner are one voice. Defaults to the feed's own id at the registry's door."""
    speaks_for: str | None = None
    """The actor whose own word this feed is (a ministry's releases, a monitor's channel), as an id in actors.yaml."""
    origin_kind: OriginKind = OriginKind.MEDIA
    state_controlled: bool = False
    reliability: str = "F"
    """Admiralty grade of the source, A to F; F is 'cannot be judged'."""
    interval: timedelta = timedelta(minutes=30)
    timezone: str = "UTC"
    day_order: str = "DMY"
    selectors: Mapping[str, str] = field(default_factory=dict)
    """For a release page: CSS selectors of `item`, `title`, `link`, `date`, `text`. For GDELT's files: `country`."""
    digest: bool | None = None
    """Whether its posts sum up many happenings and are told apart; None: only where a post shows it beyond doubt."""
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One publication as a document states it: sanitised plain text, with the date's provenance."""

    entry_id: str
    """The source's own id, else its link, else a hash of title and text."""
    url: str
    title: str
    text: str
    published_at: datetime
    """Aware, UTC."""
    published_raw: str
    date_method: str
    """Which rule gave the date: 'rfc822', 'iso8601', 'zone table', 'dateparser', 'date only', 'fetch time' ..."""
    date_quality: DateQuality
    lang: str
    author: str = ""
    forwarded_from: str = ""
    """The channel or outlet a forwarded post says it comes from."""
    forwarded_handle: str = ""
    """Its name in the platform's addresses, where it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One publication as we hold it. `known_at` is when we first saw this revision; it is never rewritten."""

    item_id: str
    """Stable over edits and restarts: feed id, colon, a digest of the entry's identity."""
    source: str
    """The feed's id."""
    url: str
    title: str
    text: str
    published_at: datetime
    known_at: datetime
    lang: str
    author: str = ""
    forwarded_from: str = ""
    published_raw: str = ""
    date_method: str = ""
    date_quality: DateQuality = DateQuality.EXACT
    revision: int = 0
    """0 for the first sight; edits count upward and never fire again."""

    @property
    def body(self) -> str:
        """Title, blank line, text: the string that evidence offsets count in."""
        return f"{self.title}\n\n{self.text}" if self.title else self.text


class Outcome(StrEnum):
    """What one poll found. Only the first three mean that the source was really read."""

    OK = "ok"
    UNCHANGED = "unchanged"
    EMPTY = "empty"
    """Answered, with no entries where there used to be some: read, and nothing in it."""
    UNDATED = "undated"
    """Answered, but no entry carries a usable date."""
    LAYOUT_CHANGED = "layout_changed"
    PREVIEW_OFF = "preview_off"
    GONE = "gone"
    REFUSED = "refused"
    """We refused: a non-public address, a forbidden scheme, a document over a limit."""
    FAILED = "failed"
    """Network, HTTP status, or a document that cannot be parsed."""

    @property
    def observed(self) -> bool:
        """True when the poll shows what the source had to say, be it nothing new."""
        return self in (Outcome.OK, Outcome.UNCHANGED, Outcome.UNDATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One visit to a feed: the row from which health and coverage are computed, and nothing else."""

    feed_id: str
    polled_at: datetime
    outcome: Outcome
    status: int | None = None
    """HTTP status where there was an answer."""
    entries: int = 0
    new_items: int = 0
    newest_at: datetime | None = None
    """Publication time of the newest entry in the document."""
    took: timedelta = timedelta(0)
    detail: str = ""
    """One line: the thing, the value, the remedy."""
