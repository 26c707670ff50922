"""Documents to entries: one door, `parse`, whatever the source speaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from feeds.errors import ParseError
from feeds.model import Feed, FeedKind
from feeds.parsing import gdelt, jsonfeed, release_page, syndication, telegram, youtube
from feeds.parsing.discovery import discover
from feeds.parsing.document import Document, Hints, Parsed
from feeds.parsing.sniffing import Form, form_of, sniff

__all__ = ["Document", "Hints", "ParseError", "Parsed", "discover", "parse", "sniff"]

READERS: Mapping[FeedKind, Callable[[Document], Parsed]] = MappingProxyType(
    {
        FeedKind.SYNDICATION: syndication.read,
        FeedKind.JSONFEED: jsonfeed.read,
        FeedKind.TELEGRAM: telegram.read,
        FeedKind.YOUTUBE: youtube.read,
        FeedKind.GDELT: gdelt.read,
        FeedKind.RELEASE_PAGE: release_page.read,
    }
)
_XML_KINDS = frozenset((FeedKind.SYNDICATION, FeedKind.YOUTUBE))
_FEED_KINDS = frozenset((*_XML_KINDS, FeedKind.JSONFEED))


def parse(
    content: bytes,
    *,
    feed: Feed,
    url: str,
    fetched_at: datetime,
    content_type: str | None = None,
) -> Parsed:
    """Every entry of the document; ParseError, in one line, when it is no document of the feed's kind."""
    document = Document(content=content, feed=feed, url=url, fetched_at=fetched_at, content_type=content_type)
    if feed.kind is FeedKind.MANUAL:
        raise ParseError(f"{feed.feed_id}: a manual feed has no documents; its items are pasted in by an officer")
    if feed.kind in _FEED_KINDS:
        return READERS[_feed_kind(document)](document)
    return READERS[feed.kind](document)


def _feed_kind(document: Document) -> FeedKind:
    """The kind a feed's document turns out to be: sources move between RSS, Atom and JSON Feed without notice."""
    where = document.where
    match form_of(document.content, document.content_type):
        case Form.JSON:
            return FeedKind.JSONFEED
        case Form.HTML | Form.TELEGRAM as form:
            on_the_web = document.url.startswith(("http://", "https://"))
            remedy = f"try `vedette feeds add {where}`, which looks for its feed" if on_the_web else "name its feed"
            raise ParseError(f"{where}: {form.value}, not a feed; {remedy}")
        case Form.OPML:
            raise ParseError(f"{where}: an OPML list of feeds, not a feed; try `vedette feeds import-opml {where}`")
        case Form.EMPTY:
            raise ParseError(f"{where}: an empty document where a feed was expected; try again later")
        case _:
            return FeedKind.YOUTUBE if document.feed.kind is FeedKind.YOUTUBE else FeedKind.SYNDICATION
