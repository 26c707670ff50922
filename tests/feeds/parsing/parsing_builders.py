"""Builders of documents and readings: each names only what its test is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from feeds.errors import ParseError
from feeds.model import Entry, Feed, FeedKind
from feeds.parsing import Parsed, parse

NOW = datetime(2022, 12, 20, 9, 0, tzinfo=UTC)
URL = "https://news.example/feeds/all.xml"


def a_feed(
    kind: FeedKind = FeedKind.SYNDICATION,
    *,
    languages: tuple[str, ...] = ("en",),
    timezone: str = "UTC",
    day_order: str = "DMY",
    selectors: Mapping[str, str] | None = None,
) -> Feed:
    """A feed of this kind."""
    return Feed(
        feed_id="a_feed",
        name="A feed",
        url=URL,
        kind=kind,
        languages=languages,
        timezone=timezone,
        day_order=day_order,
        selectors=selectors or {},
    )


def reading(
    content: bytes | str, feed: Feed | None = None, *, url: str = URL, content_type: str | None = None
) -> Parsed:
    """What a document says, fetched at NOW."""
    raw = content.encode() if isinstance(content, str) else content
    return parse(raw, feed=feed or a_feed(), url=url, fetched_at=NOW, content_type=content_type)


def refusal_of(content: bytes | str, feed: Feed | None = None) -> str | None:
    """The line with which a document is refused; None when it is read."""
    try:
        reading(content, feed)
    except ParseError as refusal:
        return str(refusal)
    return None


def only_entry(content: bytes | str, feed: Feed | None = None, *, url: str = URL) -> Entry:
    """The one entry of a document."""
    (entry,) = reading(content, feed, url=url).entries
    return entry


def rss(items: str, *, head: str = "", channel: str = "") -> str:
    """An RSS 2.0 document around these items."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<rss version="2.0" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:media="http://search.yahoo.com/mrss/" '
        'xmlns:atom="http://www.w3.org/2005/Atom">'
        f"<channel><title>News</title><link>https://news.example/</link>{channel}{items}</channel></rss>"
    )


def atom(entries: str) -> str:
    """An Atom document around these entries."""
    return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>News</title>{entries}</feed>'
