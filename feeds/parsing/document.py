"""The nouns of parsing: the document that comes in, and what one reading of it gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from feeds.dates import DateReader
from feeds.model import Entry, Feed, FeedKind, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The bytes of one answer, and what is known about them without opening them."""

    content: bytes
    feed: Feed
    url: str
    """Where the bytes were found, after redirects: relative links start here."""
    fetched_at: datetime
    content_type: str | None = None

    @property
    def where(self) -> str:
        """What to call it in a message: its address, else its source's name."""
        return self.url or self.feed.feed_id

    def dates(self) -> DateReader:
        """A reader of this source's dates."""
        return DateReader(
            now=self.fetched_at,
            zone=self.feed.timezone,
            languages=self.feed.languages,
            day_order=self.feed.day_order,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What a document says about how it wishes to be read."""

    ttl: timedelta | None = None
    """How long the source says its document stays fresh."""
    hub: str | None = None
    """Where the source offers to push its news."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """One document read: every entry it holds, in its own order, and what was wrong with it."""

    title: str
    entries: tuple[Entry, ...]
    kind: FeedKind = FeedKind.SYNDICATION
    """What the document turned out to be."""
    next_page: str | None = None
    """Where older entries continue, as an absolute address."""
    continues_at: str | None = None
    """Where the entries themselves are, when the document only says where: read at once, in the same visit."""
    hints: Hints = field(default_factory=Hints)
    trouble: Outcome | None = None
    """EMPTY, UNDATED, LAYOUT_CHANGED or PREVIEW_OFF where the document was read but does not say what it should."""
    detail: str = ""
    """One line about the trouble, or about what had to be repaired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An entry before it has an identity: that depends on the others in its document."""

    source_id: str
    url: str
    title: str
    text: str
    dates: tuple[str, ...] = ()
    """Raw dates in the order in which they should be believed."""
    author: str = ""
    forwarded_from: str = ""
    forwarded_handle: str = ""
    lang: str = ""
    """What the document says of this entry's language, if anything."""
