"""Addresses out of hostile documents: absolute, http or https, one line; anything else is no address."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

_MAX_LENGTH = 4096


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
