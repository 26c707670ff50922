"""An address becomes a source: tried as the poller would, proposed as an entry, kept in the deployment's own file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from feeds import overlay
from feeds.client import Client
from feeds.model import Feed, FeedKind
from feeds.overlay import OverlayProblem
from feeds.parsing.document import Parsed
from feeds.registry import Change
from feeds.trial import READER, Attempt, attempt
from feeds.worker import Parser
from indicators.settings import Settings, data_folder, own_feeds_file

GENERAL = ("general",)
"""Until an officer says what a source can carry, it may carry anything."""


async def look(
    url: str, settings: Settings, *, now: datetime, feed: Feed | None = None, kind: FeedKind | None = None
) -> Attempt:
    """What stands at an address, fetched by the poller's own client and read in a worker; nothing is kept."""
    parser = Parser(size=1, target=READER)
    try:
        async with Client(allow_hosts=settings.feeds.allow_hosts, user_agent=settings.feeds.user_agent) as client:
            return await attempt(url, client=client, parser=parser, now=now, feed=feed, kind=kind)
    finally:
        await parser.close()


def is_address(url: str) -> bool:
    """True for an address of the web without a password in it."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False


def asked_already(url: str, known: Mapping[str, Feed]) -> Feed | None:
    """The source that asks this address."""
    return next((feed for feed in known.values() if feed.url and bare(feed.url) == bare(url)), None)


def bare(url: str) -> str:
    """An address without what does not tell two of them apart."""
    return re.sub(r"^https?://", "", url).rstrip("/")


def propose(
    found: Attempt,
    known: Mapping[str, Feed],
    *,
    feed_id: str = "",
    name: str = "",
    kind: FeedKind | None = None,
    languages: Sequence[str] = (),
    topics: Sequence[str] = GENERAL,
    owner: str = "",
    grade: str = "F",
) -> Feed:
    """The entry of what was found; what nobody said is taken from the document."""
    assert found.parsed is not None
    called = name or found.parsed.title or urlsplit(found.url).hostname or found.url
    identity = feed_id or free_id(called, found.url, known)
    return Feed(
        feed_id=identity,
        name=" ".join(called.split()),
        url=found.url,
        kind=kind or found.parsed.kind,
        languages=tuple(languages) or languages_of(found.parsed),
        topics=tuple(topics) or GENERAL,
        owner=owner or owner_of(found.url, known) or identity,
        reliability=grade,
    )


def free_id(name: str, url: str, taken: Collection[str]) -> str:
    """A short name out of a title, else out of the address, that no other source has."""
    from indicators.replay.archive import slug

    stem = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:48]
    if len(stem) < 2 or not name.isascii():
        stem = slug(urlsplit(url).netloc + urlsplit(url).path)[:48].strip("_")
    found, number = stem, 2
    while found in taken:
        found, number = f"{stem}_{number}", number + 1
    return found


def languages_of(parsed: Parsed) -> tuple[str, ...]:
    """The languages that at least a fifth of the entries are in."""
    spoken = Counter(entry.lang for entry in parsed.entries if re.fullmatch(r"(?!und)[a-z]{2,3}", entry.lang))
    many = [language for language, number in spoken.most_common() if number * 5 >= spoken.total()]
    return tuple(many) or ("en",)


def owner_of(url: str, known: Mapping[str, Feed]) -> str:
    """Whose the registered sources on this domain are, where they are one owner's."""
    from indicators.replay.archive import PLATFORMS, registrable

    domain = registrable(url)
    owners = {feed.owner for feed in known.values() if domain and registrable(feed.url) == domain}
    return owners.pop() if len(owners) == 1 and domain not in PLATFORMS else ""


def own_place(settings: Settings) -> Path:
    """Where the deployment's own sources are kept; `OverlayProblem` where that would be what was shipped."""
    place = settings.feeds.overlay or own_feeds_file()
    if overlay.file_in(place).resolve().is_relative_to(data_folder().resolve()):
        raise OverlayProblem(f"{place}: is part of what was shipped; name a file of your own in feeds.overlay")
    return place


def register(settings: Settings, feeds: Sequence[Feed], change: Change | None = None) -> Path:
    """Add these sources to the deployment's own file; gives it. `OverlayProblem` says in one line why not."""
    return overlay.add(own_place(settings), feeds, change=change)


def amend(settings: Settings, feed: Feed, values: Mapping[str, object], change: Change) -> Feed:
    """Change what is known of a source; gives it as it is then. `OverlayProblem` says in one line why not."""
    amended = overlay.amend(own_place(settings), feed.feed_id, values, change, below=data_folder() / "feeds")
    return amended.get(feed.feed_id) or feed
