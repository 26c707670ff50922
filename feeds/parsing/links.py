"""Addresses out of hostile documents: absolute, http or https, one line; anything else is no address."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import parse_qs, urljoin, urlsplit

_MAX_LENGTH = 4096
_WRAPPERS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?:www\.)?google\.[a-z.]{2,6}/url"), "url"),
    (re.compile(r"(?:www\.)?google\.[a-z.]{2,6}/url"), "q"),
    (re.compile(r"(?:www\.)?bing\.com/news/apiclick\.aspx"), "url"),
)
"""Pages of search services that only lead on, and the parameter that says where to."""
_PACKED = re.compile(r"news\.google\.com/(?:__i/)?(?:rss/)?articles/([\w-]{8,2000}={0,2})")
_PACKED_ADDRESS = re.compile(rb"https?://[\x21-\x7e]{4,1000}")


def absolute(link: str | None, base: str) -> str:
    """`link` resolved against `base`; empty when it is no web address (javascript:, data:, a bare word of garbage)."""
    tidy = "".join((link or "").split()) if "\n" in (link or "") or "\r" in (link or "") else (link or "").strip()
    if not tidy or len(tidy) > _MAX_LENGTH or any(ord(character) < 0x20 for character in tidy):
        return ""
    try:
        joined = urljoin(base, tidy)
        parts = urlsplit(joined)
    except ValueError:
        return ""
    if parts.scheme.lower() not in ("http", "https") or not parts.netloc:
        return ""
    return joined.encode("utf-8", "ignore").decode()


def unwrapped(url: str) -> str:
    """The page that a search service's own address leads to, where the address says it; else the address as it is."""
    try:
        parts = urlsplit(url)
        place = f"{(parts.hostname or '').lower()}{parts.path}"
        for wrapper, name in _WRAPPERS:
            if wrapper.fullmatch(place) and (found := absolute(parse_qs(parts.query).get(name, [""])[0], "")):
                return found
        packed = _PACKED.fullmatch(place.partition("/")[0] + parts.path)
    except ValueError:
        return url
    return (_unpacked(packed[1]) if packed else "") or url


def _unpacked(packed: str) -> str:
    """The address inside an article's name: older names hold it in base64, newer ones only a number of the service."""
    try:
        content = base64.urlsafe_b64decode(packed.rstrip("=") + "=" * (-len(packed.rstrip("=")) % 4))
    except (binascii.Error, ValueError):
        return ""
    found = _PACKED_ADDRESS.search(content)
    if found is None:
        return ""
    # The byte before the address counts its letters.
    length = content[found.start() - 1] if found.start() else 0
    address = found.group()[:length] if 8 < length < 0x80 else found.group()
    return absolute(address.decode("ascii"), "")
