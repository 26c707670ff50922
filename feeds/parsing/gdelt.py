"""GDELT: article lists of its DOC 2.0 search here, its files of every quarter-hour in `gdelt_files`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from feeds.errors import ParseError
from feeds.model import FeedKind
from feeds.parsing import gdelt_files, jsonfeed
from feeds.parsing.document import Document, Draft, Parsed
from feeds.parsing.entries import finish
from feeds.parsing.links import absolute
from feeds.text import line

# The service names languages in English; their first three letters tell those that we meet apart.
_LANGUAGES = {
    "eng": "en", "rus": "ru", "ukr": "uk", "bel": "be", "pol": "pl", "lit": "lt", "lat": "lv", "est": "et", "ger": "de",
    "fre": "fr", "spa": "es", "ita": "it", "tur": "tr", "chi": "zh", "jap": "ja", "ara": "ar", "rom": "ro", "bul": "bg",
    "cze": "cs", "hun": "hu",
}  # fmt: skip
# The service sets its titles with spaces around punctuation; words and quotes are matched as they were printed.
_SPACED = re.compile(r" ([,.;:!?%)\]»”])")
_SPACED_AFTER = re.compile(r"([(\[«“]) ")


def read(document: Document) -> Parsed:
    """The articles of one answer; ParseError when the service answers with a complaint instead."""
    if gdelt_files.is_file(document.content):
        return gdelt_files.read(document)
    value = jsonfeed.load(document)
    if not isinstance(value, Mapping):
        raise ParseError(f"{document.where}: JSON, but no article list: it lacks 'articles'")
    articles = value.get("articles", [])
    if not isinstance(articles, list) or (value and "articles" not in value):
        raise ParseError(f"{document.where}: JSON, but no article list: it lacks 'articles'")
    drafts = [_draft(article, document.url) for article in articles if isinstance(article, Mapping)]
    left_out = len(articles) - len(drafts)
    return finish(
        document,
        drafts,
        kind=FeedKind.GDELT,
        title="GDELT",
        notes=(f"{left_out} articles are no objects and were left out" if left_out else "",),
    )


def _draft(article: Mapping[str, Any], base: str) -> Draft:
    title = _SPACED_AFTER.sub(r"\1", _SPACED.sub(r"\1", line(_text(article, "title"))))
    url = absolute(_text(article, "url"), base)
    return Draft(
        source_id=url,
        url=url,
        title=title,
        text="",
        dates=(_text(article, "seendate"),),
        forwarded_from=line(_text(article, "domain")),
        lang=_LANGUAGES.get(_text(article, "language").strip().lower()[:3], ""),
    )


def _text(article: Mapping[str, Any], key: str) -> str:
    value = article.get(key)
    return value if isinstance(value, str) else ""
