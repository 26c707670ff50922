"""What a document is, when nobody has said: its entries, or the feeds it leads to, or why it is neither."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from feeds.errors import ParseError
from feeds.model import Feed
from feeds.parsing import parse
from feeds.parsing.discovery import discover
from feeds.parsing.document import Parsed
from feeds.parsing.sniffing import Form, form_of, sniff

UNTOLD = ""
"""The id of a feed that stands for a document nobody has said anything of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What one document turned out to be."""

    parsed: Parsed | None = None
    """What it says, where it could be read."""
    leads_to: tuple[tuple[str, str], ...] = ()
    """Of a page for people: the feeds that it announces, as address and title, best first."""
    reason: str = ""
    """One line: why nothing could be read."""


def read(content: bytes, *, feed: Feed, url: str, fetched_at: datetime, content_type: str | None = None) -> Trial:
    """Read a document as its feed says; as its first bytes say where the feed is nobody's (`UNTOLD`)."""
    where = url or feed.name
    if feed.feed_id == UNTOLD:
        kind = sniff(content, content_type)
        if kind is None:
            return _no_feed(content, where, url, content_type)
        feed = replace(feed, feed_id="document", kind=kind)
    try:
        parsed = parse(content, feed=feed, url=url, fetched_at=fetched_at, content_type=content_type)
    except ParseError as error:
        leads_to = tuple(discover(content, url)) if form_of(content, content_type) is Form.HTML else ()
        return Trial(reason=str(error), leads_to=leads_to)
    return Trial(parsed=parsed)


def _no_feed(content: bytes, where: str, url: str, content_type: str | None) -> Trial:
    match form_of(content, content_type):
        case Form.HTML:
            found = tuple(discover(content, url))
            if found:
                return Trial(leads_to=found, reason=f"{where}: a page for people; it announces {len(found)} feeds")
            return Trial(reason=f"{where}: a page that announces no feed; look for its RSS link and give that address")
        case Form.OPML:
            return Trial(
                reason=f"{where}: a list of feeds, not a feed; save it and use `vedette feeds import-opml FILE`"
            )
        case form:
            return Trial(
                reason=f"{where}: {form.value}, no feed; give the address of a feed or of a page that names one"
            )
