"""When to come again: pure decisions about the next visit, each with its reason."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit

from feeds.model import Feed, FeedKind

FLOOR = timedelta(minutes=2)
"""No source is asked more often, however much it publishes."""
ASKED_AT_MOST = timedelta(hours=1)
"""A longer ttl or max-age is not followed: whoever writes a day has forgotten it, and an hour is our worst delay."""
FIRST_RETRY = timedelta(minutes=5)
BACKOFF_CEILING = timedelta(hours=6)
"""A failing source is asked at least four times a day for ever: it comes back, and nobody is told but by asking."""
RETRY_AFTER_CEILING = timedelta(days=1)
GONE_INTERVAL = timedelta(days=1)
"""Even a source that says it is gone for good is asked once a day: some came back."""
JITTER = 0.25
UNCONDITIONAL_AFTER = timedelta(days=7)
"""Caches get stuck (a Last-Modified of 2041, and 304 ever after): once a week we ask as if for the first time."""
MOVED_AFTER = timedelta(days=7)
"""So long must a source say 'moved for good' before we believe it: hijacks and misconfigurations end sooner."""
RATE_MEMORY = timedelta(days=14)
TURNED_OVER = 4
"""Come again before a quarter of the document has been replaced by newer entries."""

HOST_SPACING: Mapping[str, timedelta] = {
    "api.gdeltproject.org": timedelta(seconds=6),  # it asks for one request every five seconds
    "t.me": timedelta(seconds=3),
    "www.youtube.com": timedelta(seconds=3),
    "www.reddit.com": timedelta(minutes=1),
}
DEFAULT_SPACING = timedelta(seconds=2)
LIMIT_STATUSES = (429, 503)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """When to come again, and why then."""

    at: datetime
    why: str


def next_visit(
    feed: Feed,
    *,
    now: datetime,
    rate: float | None,
    entries: int,
    ttl: timedelta = timedelta(0),
    max_age: timedelta = timedelta(0),
) -> Due:
    """After a visit that read the source: its interval, sooner for a busy source, later if the source asks for it."""
    wait, why = max(feed.interval, FLOOR), "its interval in the registry"
    if rate is not None and rate > 0 and entries > 0:
        # As a number first: a rate that has been decaying for years is no span that can be held.
        quarter_days = max(entries / TURNED_OVER, 1) / rate
        if quarter_days < wait / timedelta(days=1):
            wait, why = (
                max(timedelta(days=quarter_days), FLOOR),
                f"it brings about {rate:.0f} items a day in documents of {entries}",
            )
    asked, by = max((ttl, "ttl"), (max_age, "max-age"))
    asked = min(asked, ASKED_AT_MOST)
    if asked > wait:
        wait, why = asked, f"the source asks for it ({by} {_words(asked)})"
    return Due(at=now + wait, why=why)


def next_retry(feed: Feed, *, now: datetime, failures: int, retry_after: timedelta | None = None) -> Due:
    """After the `failures`-th visit in a row that read nothing: later each time, yet always; Retry-After is kept."""
    wait = backoff(feed.feed_id, failures, first=min(max(feed.interval, FLOOR), FIRST_RETRY))
    if feed.interval > wait and failures > 1:
        wait = feed.interval
    why = f"failed {failures} time{'s' if failures > 1 else ''} in a row"
    if retry_after is not None and retry_after > wait:
        wait = min(retry_after, RETRY_AFTER_CEILING)
        why += f"; the server asks to stay away for {_words(wait)}"
    return Due(at=now + wait, why=why)


def backoff(feed_id: str, failures: int, *, first: timedelta) -> timedelta:
    """`first` doubled with every failure up to the ceiling, plus up to a quarter fixed by feed and count."""
    doubled: timedelta = first * (1 << min(max(failures, 1) - 1, 16))
    return min(doubled, max(BACKOFF_CEILING, first)) * (1 + JITTER * _fraction(feed_id, failures))


def next_after_gone(*, now: datetime) -> Due:
    """After a source said for the second time that it is gone for good."""
    return Due(at=now + GONE_INTERVAL, why="it says it is gone; asked once a day in case it returns")


def _fraction(feed_id: str, count: int) -> float:
    # Not random: a replay must give the same visits again.
    digest = hashlib.blake2b(f"{feed_id}:{count}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def learn(rate: float | None, *, new_items: int, since: datetime | None, now: datetime) -> float | None:
    """New items a day, as an average that forgets within a fortnight; unknown until two visits have read the source."""
    if since is None:
        return rate
    days = (now - since) / timedelta(days=1)
    if days <= 0:
        return rate
    memory = RATE_MEMORY / timedelta(days=1)
    kept = math.exp(-days / memory)
    return new_items / days if rate is None else rate * kept + (1 - kept) * new_items / days


def first_rate(published: Sequence[datetime]) -> float | None:
    """New items a day by the dates of a first document: a start, until visits have taught better."""
    if len(published) < 3:
        return None
    span = max(published) - min(published)
    if span < timedelta(hours=1):
        return None
    return (len(published) - 1) / (span / timedelta(days=1))


def max_age(headers: Mapping[str, str]) -> timedelta:
    """How long the answer says that it stays fresh; nothing when it does not say, or forbids keeping."""
    return _max_age(headers.get("cache-control", ""))


@lru_cache(maxsize=1_024)
def _max_age(cache_control: str) -> timedelta:
    directives = [part.strip().lower() for part in cache_control.split(",")]
    if "no-cache" in directives or "no-store" in directives:
        return timedelta(0)
    for directive in directives:
        name, _, value = directive.partition("=")
        value = value.strip('"')
        if name == "max-age" and value.isascii() and value.isdigit():
            return timedelta(seconds=min(int(value[:10]), 365 * 86_400))
    return timedelta(0)


def ask_afresh(*, unconditional_at: datetime | None, now: datetime) -> bool:
    """True when it is time to ask as if for the first time: no validators, and the body is read even if unchanged."""
    return unconditional_at is None or now - unconditional_at >= UNCONDITIONAL_AFTER


def usable_last_modified(raw: str | None, *, at: datetime | None, now: datetime) -> str | None:
    """The Last-Modified to send back: none when it lies in the future, for then the answer would be 304 for years."""
    if raw is None or (at is not None and at > now + timedelta(days=1)):
        return None
    return raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where to ask, and where the source has been saying that it moved."""

    url: str
    moved_to: str | None = None
    moved_since_at: datetime | None = None
    applied: bool = False
    """True when the move was accepted just now."""


def settle(address: Address, redirects: Sequence[str], *, read: bool, now: datetime) -> Address:
    """Follow a permanent move once the source has said the same for seven days; at once when only https was added.

    A visit that read nothing neither confirms nor contradicts: a parked domain answers, but with no feed. A move from
    https down to http is never accepted.
    """
    if not read:
        return Address(url=address.url, moved_to=address.moved_to, moved_since_at=address.moved_since_at)
    target = redirects[-1] if redirects else address.url
    if target == address.url or _less_safe(address.url, target):
        return Address(url=address.url)
    if target == _with_https(address.url):
        return Address(url=target, applied=True)
    if target != address.moved_to or address.moved_since_at is None:
        return Address(url=address.url, moved_to=target, moved_since_at=now)
    if now - address.moved_since_at >= MOVED_AFTER:
        return Address(url=target, applied=True)
    return Address(url=address.url, moved_to=target, moved_since_at=address.moved_since_at)


def _with_https(url: str) -> str:
    return "https://" + url.removeprefix("http://") if url.startswith("http://") else url


def _less_safe(url: str, target: str) -> bool:
    return url.startswith("https://") and not target.startswith("https://")


def is_gone(gone_count: int) -> bool:
    """True when a source has said 410 twice in a row."""
    return gone_count >= 2


def means_gone(feed: Feed, status: int | None) -> bool:
    """True for a 410; a 404 is a mistake until shown otherwise, and YouTube's feeds answer it at random for hours."""
    return status == 410 and feed.kind is not FeedKind.YOUTUBE


def holds_host(status: int | None, retry_after: timedelta | None) -> timedelta | None:
    """How long to leave the whole host alone: limits count addresses, not feeds."""
    if status not in LIMIT_STATUSES:
        return None
    if retry_after is None:
        return timedelta(minutes=1) if status == 429 else None
    return min(retry_after, RETRY_AFTER_CEILING)


def spacing_of(host: str, *, spacing: Mapping[str, timedelta] = HOST_SPACING) -> timedelta:
    """How far apart two visits to one host must be."""
    return spacing.get(host, DEFAULT_SPACING)


def host_of(url: str) -> str:
    """The host whose patience a visit uses up; empty when the address has none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_platform_fault(statuses: Collection[int | None]) -> bool:
    """True when every feed of a platform was last answered 404 or a server error: the platform, not its channels."""
    return len(statuses) >= 2 and all(status is not None and (status == 404 or status >= 500) for status in statuses)


def _words(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size and (seconds % size == 0 or seconds >= 2 * size):
            return f"{round(seconds / size)} {unit}"
    return f"{seconds} s"
