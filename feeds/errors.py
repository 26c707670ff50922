"""What can go wrong at the door of collection; each message is one line: the thing, the value, the remedy."""

from __future__ import annotations


class FeedError(Exception):
    """Anything about a source that its officer can put right."""


class ParseError(FeedError):
    """A document that is not of its kind, or that is refused because reading it would cost too much."""
