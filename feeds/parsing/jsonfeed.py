"""JSON Feed, versions 1.0 and 1.1."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from feeds.errors import ParseError
from feeds.model import FeedKind
from feeds.parsing.document import Document, Draft, Hints, Parsed
from feeds.parsing.encoding import decode
from feeds.parsing.entries import finish
from feeds.parsing.links import absolute
from feeds.text import clean, line, plain

_OWN_FIELDS = frozenset(("content_html", "content_text", "date_published"))
_LAST_COMMAS = 20
"""Commas behind a last member that are forgiven: each costs another reading."""
_BARE_BACKSLASH = re.compile(r'\\(?!["\\/bfnrt]|u[0-9a-fA-F]{4})')


def load(document: Document) -> Any:
    """The JSON value of a document, its stray backslashes, last commas and control characters forgiven."""
    text = decode(document.content, content_type=document.content_type, languages=document.feed.languages)
    text = text.lstrip("\ufeff").removeprefix(")]}'")
    try:
        try:
            return json.loads(text, strict=False)
        except json.JSONDecodeError:
            return _forgiving(_BARE_BACKSLASH.sub(r"\\\\", text))
    except RecursionError:
        raise ParseError(f"{document.where}: the JSON is nested too deeply; it is not read") from None
    except ValueError as error:
        shown = line(text[:200])[:80]
        raise ParseError(f"{document.where}: not JSON ({error}); it begins {shown!r}") from None


def _forgiving(text: str) -> Any:
    """The value, without the commas that stand behind a last member."""
    for _ in range(_LAST_COMMAS):
        try:
            return json.loads(text, strict=False)
        except json.JSONDecodeError as error:
            before = text[: error.pos].rstrip()
            # The complaint is about the bracket, or in newer versions about the comma itself.
            comma = error.pos if text[error.pos : error.pos + 1] == "," else len(before) - 1
            if text[comma : comma + 1] != "," or text[comma + 1 :].lstrip()[:1] not in ("]", "}"):
                raise
            text = text[:comma] + text[comma + 1 :]
    return json.loads(text, strict=False)


def read(document: Document) -> Parsed:
    """The items of a JSON Feed; ParseError when the document is none."""
    value = load(document)
    if not is_json_feed(value):
        raise ParseError(f"{document.where}: JSON, but no JSON Feed: it lacks its 'version' or a list 'items'")
    author = _author(value)
    drafts, skipped = [], 0
    for item in value["items"]:
        if isinstance(item, Mapping):
            drafts.append(_draft(item, document.url, author))
        else:
            skipped += 1
    return finish(
        document,
        drafts,
        kind=FeedKind.JSONFEED,
        title=line(_text(value, "title")),
        next_page=absolute(_text(value, "next_url"), document.url) or None,
        hints=Hints(hub=_hub(value, document.url)),
        notes=(f"{skipped} items are no objects and were left out" if skipped else "",),
        declared_language=_text(value, "language"),
    )


def is_json_feed(value: Any) -> bool:
    """True when a JSON value is a JSON Feed by its version, be that the address or the bare number some write.

    Without a version it is one when an item has a field that only this format has.
    """
    if not isinstance(value, Mapping) or not isinstance(value.get("items"), list):
        return False
    version = str(value.get("version", ""))[:200]
    if version:
        return "jsonfeed.org" in version or version in ("1", "1.0", "1.1")
    return any(isinstance(item, Mapping) and not _OWN_FIELDS.isdisjoint(item) for item in value["items"][:100])


def _draft(item: Mapping[str, Any], base: str, author: str) -> Draft:
    rich = plain(_text(item, "content_html"))
    identity = line(_text(item, "id"))
    url = absolute(_text(item, "url"), base) or absolute(_text(item, "external_url"), base)
    return Draft(
        source_id=identity,
        # The format advises an item's address as its id; without another address it is the address.
        url=url or (absolute(identity, base) if identity.startswith(("https://", "http://")) else ""),
        title=line(_text(item, "title")),
        text=rich or clean(_text(item, "content_text")) or clean(_text(item, "summary")),
        dates=tuple(raw for key in ("date_published", "date_modified") if (raw := _text(item, key))),
        author=_author(item) or author,
        lang=_text(item, "language"),
    )


def _text(item: Mapping[str, Any], key: str) -> str:
    """A field as text: numbers serve as ids, everything else that is no string is no text."""
    value = item.get(key)
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return ""


def _author(item: Mapping[str, Any]) -> str:
    authors = item.get("authors")
    several = authors if isinstance(authors, list) else [authors, item.get("author")]
    names = [
        line(_text(author, "name")) if isinstance(author, Mapping) else line(author)
        for author in several
        if isinstance(author, Mapping | str)
    ]
    return ", ".join(name for name in names if name)[:200]


def _hub(value: Mapping[str, Any], base: str) -> str | None:
    hubs = value.get("hubs")
    for hub in hubs if isinstance(hubs, list) else ():
        if isinstance(hub, Mapping) and (address := absolute(_text(hub, "url"), base)):
            return address
    return None
