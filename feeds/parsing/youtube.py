"""Channel feeds of YouTube: Atom whose words stand in the media description."""

from __future__ import annotations

from feeds.model import FeedKind
from feeds.parsing import syndication
from feeds.parsing.document import Document, Parsed


def read(document: Document) -> Parsed:
    """The videos of a channel: title, description, and the instant of publication rather than of the last edit."""
    return syndication.read(document, kind=FeedKind.YOUTUBE)
