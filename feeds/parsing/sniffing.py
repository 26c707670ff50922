"""What kind of document some bytes are, from their first characters and their content type."""

from __future__ import annotations

import json
import re
from enum import StrEnum

from feeds.model import FeedKind
from feeds.parsing import gdelt_files
from feeds.parsing.encoding import decode
from feeds.parsing.jsonfeed import is_json_feed


class Form(StrEnum):
    """The outer form of a document, before anything in it is believed."""

    XML_FEED = "a feed"
    YOUTUBE_FEED = "a channel feed"
    JSON = "JSON"
    TELEGRAM = "a Telegram preview page"
    HTML = "an HTML page"
    GDELT = "a file of GDELT's"
    OPML = "an OPML list of feeds"
    EMPTY = "empty"
    OTHER = "something else"


# Far enough for a prolog, a licence comment and a stylesheet instruction.
_WINDOW = 65_536
_ROOT = re.compile(r"<([A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
_SKIPPED = re.compile(r"\s+|<\?[^>]*>|<!--|<!(?!--)[^>\[]*(?:\[[^\]]*\]\s*)?>")
_FEED_ROOTS = frozenset(("rss", "feed", "rdf", "channel", "entry", "item"))
_FEED_SOMEWHERE = re.compile(r"<(?:rss[\s>]|feed[\s>]|(?:\w+:)?rdf[\s>])", re.IGNORECASE)
_HTML_SOMEWHERE = re.compile(r"<(?:!doctype\s+html|html[\s>]|head[\s>]|body[\s>])", re.IGNORECASE)
_TELEGRAM_MARK = re.compile(r"class=[\"'][^\"'<>]*\btgme_")
_YOUTUBE_MARK = "http://www.youtube.com/xml/schemas/2015"


def form_of(content: bytes, content_type: str | None = None) -> Form:
    """The outer form of these bytes."""
    if gdelt_files.is_file(content):
        return Form.GDELT
    text = decode(content[: 4 * _WINDOW], content_type=content_type)[:_WINDOW].lstrip("\ufeff\x00 \t\r\n")
    if not text.strip():
        return Form.EMPTY
    if text.startswith(("{", "[", ")]}'")):
        return Form.JSON
    return _form_of_markup(text, content_type or "")


def _form_of_markup(text: str, content_type: str) -> Form:
    root = _root(text)
    if root == "opml":
        return Form.OPML
    if root in _FEED_ROOTS:
        return _feed_form(text)
    if root == "html" or _HTML_SOMEWHERE.search(text) or _TELEGRAM_MARK.search(text):
        return Form.TELEGRAM if _TELEGRAM_MARK.search(text) else Form.HTML
    if _FEED_SOMEWHERE.search(text):
        return _feed_form(text)
    return Form.HTML if "html" in content_type.lower() and "<" in text else Form.OTHER


def sniff(content: bytes, content_type: str | None = None) -> FeedKind | None:
    """The kind that can read these bytes without further knowledge; None when there is none.

    A page of releases is never guessed: it needs selectors that only its feed's entry in the registry can give.
    """
    match form_of(content, content_type):
        case Form.XML_FEED:
            return FeedKind.SYNDICATION
        case Form.YOUTUBE_FEED:
            return FeedKind.YOUTUBE
        case Form.TELEGRAM:
            return FeedKind.TELEGRAM
        case Form.GDELT:
            return FeedKind.GDELT
        case Form.JSON:
            return _json_kind(content)
        case _:
            return None


def _feed_form(text: str) -> Form:
    return Form.YOUTUBE_FEED if _YOUTUBE_MARK in text else Form.XML_FEED


def _root(text: str) -> str:
    """The name of the first element, past the prolog; in lower case, without its prefix."""
    position = 0
    while (skipped := _SKIPPED.match(text, position)) is not None:
        if skipped.group() == "<!--":
            end = text.find("-->", position)
            if end < 0:
                return ""
            position = end + 3
        else:
            position = skipped.end()
    root = _ROOT.match(text, position)
    return root[2].lower() if root else ""


def _json_kind(content: bytes) -> FeedKind | None:
    try:
        value = json.loads(decode(content))
    except (ValueError, RecursionError):
        # A broken JSON document may still show by its first words what it meant to be.
        head = content[:2000]
        if b"jsonfeed.org" in head:
            return FeedKind.JSONFEED
        return FeedKind.GDELT if b'"articles"' in head else None
    if isinstance(value, dict):
        if isinstance(value.get("articles"), list):
            return FeedKind.GDELT
        if is_json_feed(value) or "jsonfeed.org" in str(value.get("version", ""))[:200]:
            return FeedKind.JSONFEED
    return None
