"""Feeds that an HTML page announces."""

from __future__ import annotations

import re
from collections.abc import Mapping

from selectolax.lexbor import LexborHTMLParser

from feeds.errors import ParseError
from feeds.parsing.encoding import decode
from feeds.parsing.guards import guard_html
from feeds.parsing.links import absolute
from feeds.text import line

_TYPES = re.compile(
    r"\s*(?:application|text)/(?:rss\+xml|atom\+xml|rdf\+xml|feed\+json|x-rss\+xml|x-atom\+xml|xml|rss|atom)\b.*",
    re.IGNORECASE,
)
_JSON = re.compile(r"\s*application/json\b", re.IGNORECASE)
_FEED_ADDRESS = re.compile(
    r"(?:^|[/._?=&-])(?:rss|atom|feed|feeds|rdf)(?:[/._-]?(?:xml|rss|php|aspx|json|full|all|news|\d))?/?(?:$|[?#&])",
    re.IGNORECASE,
)
_CHANNEL = re.compile(r"^https?://(?:t|telegram)\.me/(?!s/|share/|joinchat/|\+|addstickers/|iv\b)(\w{4,64})/?$")


def discover(html: bytes, base_url: str) -> list[tuple[str, str]]:
    """The feeds a page leads to, best first, each with its title: announced ones, then links that look like feeds."""
    text = decode(html)
    if (channel := _CHANNEL.match(base_url)) is not None:
        return [(f"https://t.me/s/{channel[1]}", f"Telegram channel {channel[1]}")]
    try:
        guard_html(text)
    except ParseError:
        return []
    page = LexborHTMLParser(text)
    declared = page.css_first("base[href]")
    base = (absolute(declared.attributes.get("href"), base_url) if declared is not None else "") or base_url
    found: dict[str, str] = {}
    for node in page.css("link[href]"):
        if _announces(node.attributes):
            _add(found, node.attributes.get("href"), node.attributes.get("title"), base)
    if not found:
        for node in page.css("a[href]"):
            address = node.attributes.get("href") or ""
            if _TYPES.match(node.attributes.get("type") or "") or _FEED_ADDRESS.search(address[:500]):
                _add(found, address, node.attributes.get("title") or node.text(), base)
    return list(found.items())


def _announces(attributes: Mapping[str, str | None]) -> bool:
    relations = (attributes.get("rel") or "").lower().split()
    kind, address = attributes.get("type") or "", attributes.get("href") or ""
    if "feed" in relations:
        return True
    if "alternate" not in relations or "stylesheet" in relations:
        return False
    # Every WordPress page announces its programming interface as JSON; that is no feed.
    return bool(_TYPES.match(kind)) or (bool(_JSON.match(kind)) and "wp-json" not in address)


def _add(found: dict[str, str], address: str | None, title: str | None, base: str) -> None:
    if (url := absolute(address, base)) and url not in found:
        found[url] = line(title or "")[:200]
