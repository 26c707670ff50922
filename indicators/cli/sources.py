"""Sources of one's own: `feeds add`, `feeds import-opml`, `feeds export-opml`."""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from feeds.client import Client, Document
from feeds.model import Feed, FeedKind
from feeds.parsing.document import Parsed
from indicators.cli.context import Finding, Unusable, now, registry, settings, shared
from indicators.settings import data_folder, own_feeds_file

KINDS: Mapping[str, FeedKind] = {
    **{kind.value: kind for kind in FeedKind},
    "rss": FeedKind.SYNDICATION,
    "atom": FeedKind.SYNDICATION,
    "rdf": FeedKind.SYNDICATION,
}
"""How people name the kinds of sources."""
GENERAL = ("general",)
"""Until an officer says what a source can carry, it may carry anything."""


def add_options(inner: Any) -> None:
    """`vedette feeds add`, `import-opml` and `export-opml`."""
    add = shared(inner.add_parser("add", help="register a source, or find the feeds of a page"))
    add.add_argument("url", metavar="URL")
    add.add_argument("--id", help="its short name for ever (default: made of its title)")
    add.add_argument("--name", help="what people call it (default: its title)")
    add.add_argument("--kind", choices=sorted(KINDS), help="how to read it (default: told from the document)")
    add.add_argument("--languages", type=_words, help="such as ru,be (default: what its entries are in)")
    add.add_argument("--topics", type=_words, default=GENERAL, help="what it can carry, such as posture,air")
    add.add_argument(
        "--grade", choices=tuple("ABCDEF"), default="F", help="how far it is trusted (default: F, unknown)"
    )
    add.add_argument("--owner", default="", help="whose voice it is: sources of one owner count as one")
    add.set_defaults(run=run_add)
    taken = shared(inner.add_parser("import-opml", help="register the sources of a feed reader's list"))
    taken.add_argument("file", type=Path)
    taken.set_defaults(run=run_import)
    given = shared(inner.add_parser("export-opml", help="all sources as a feed reader's list"))
    given.add_argument("file", nargs="?", default="-", help="where to (default: -, standard output)")
    given.set_defaults(run=run_export)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"[,\s]+", text.strip().lower()) if word)


def run_add(chosen: argparse.Namespace) -> None:
    """Fetch a source, see what it is, and write its entry to the deployment's own file."""
    known = registry(chosen)
    _new_address(chosen.url, known)
    found = _read(chosen.url, chosen, KINDS[chosen.kind] if chosen.kind else None)
    if not isinstance(found, _Source):
        found = _announced(found, chosen, known)
    name = chosen.name or found.parsed.title or urlsplit(found.url).hostname or found.url
    feed_id = chosen.id or _free_id(name, found.url, known)
    if feed_id in known:
        raise Unusable(f"--id {feed_id}: is {known[feed_id].name} already; choose another")
    feed = Feed(
        feed_id=feed_id,
        name=" ".join(name.split()),
        url=found.url,
        kind=found.kind,
        languages=chosen.languages or _languages(found.parsed),
        topics=chosen.topics,
        owner=chosen.owner or _owner(found.url, known) or feed_id,
        reliability=chosen.grade,
    )
    file = _write(chosen, [feed])
    entries = len(found.parsed.entries)
    print(f"added {feed.feed_id}: {feed.kind.value}, {entries} entries, {','.join(feed.languages)}, to {file}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """An address whose document can be read."""

    url: str
    kind: FeedKind
    parsed: Parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """An address with a page for people."""

    url: str
    content: bytes


def _read(url: str, chosen: argparse.Namespace, kind: FeedKind | None) -> _Source | _Page:
    """What stands at an address; `Finding` when nothing can be read there."""
    from feeds.errors import ParseError
    from feeds.parsing import parse, sniff
    from feeds.parsing.sniffing import Form, form_of

    document = asyncio.run(_fetch(url, chosen))
    content_type = document.headers.get("content-type")
    told = kind or sniff(document.content, content_type)
    if told is None:
        match form_of(document.content, content_type):
            case Form.HTML:
                return _Page(url=document.url, content=document.content)
            case Form.OPML:
                raise Finding(f"{url}: a list of feeds, not a feed; save it and use `vedette feeds import-opml FILE`")
            case form:
                raise Finding(f"{url}: {form.value}, no feed; give the address of a feed or of a page that names one")
    # Where a source says it moved for good is where it is asked from now on.
    address = document.permanent_redirects[-1] if document.permanent_redirects else url
    feed = Feed(feed_id="document", name="document", url=address, kind=told)
    try:
        parsed = parse(document.content, feed=feed, url=document.url, fetched_at=now(), content_type=content_type)
    except ParseError as error:
        raise Finding(str(error)) from error
    # A feed's document says itself whether it is RSS, JSON Feed or a channel's; a kind that was named stays.
    return _Source(url=address, kind=kind or told, parsed=parsed)


async def _fetch(url: str, chosen: argparse.Namespace) -> Document:
    in_force = settings(chosen).feeds
    async with Client(allow_hosts=in_force.allow_hosts, user_agent=in_force.user_agent) as client:
        answer = await client.fetch(url, now=now())
    if isinstance(answer, Document):
        return answer
    raise Finding(f"{url}: {getattr(answer, 'reason', answer)}")


def _announced(page: _Page, chosen: argparse.Namespace, known: Mapping[str, Feed]) -> _Source:
    """The one feed that a page for people announces; with several, all are listed and the choice is a person's."""
    from feeds.parsing import discover

    candidates = discover(page.content, page.url)
    if not candidates:
        raise Finding(f"{page.url}: a page that announces no feed; look for its RSS link and give that address")
    if len(candidates) > 1:
        for address, title in candidates:
            print(f"{address}  {title}".rstrip())
        raise Finding(f"{page.url}: announces {len(candidates)} feeds; add the one you want by its own address")
    address = candidates[0][0]
    _new_address(address, known)
    found = _read(address, chosen, None)
    if isinstance(found, _Page):
        raise Finding(f"{page.url}: announces {address}, which is a page and no feed; give the feed's own address")
    return found


def _new_address(url: str, known: Mapping[str, Feed]) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        raise Unusable(f"{url}: is no web address without a password; write https://host/path")
    for feed in known.values():
        if feed.url and _bare(feed.url) == _bare(url):
            raise Finding(f"{url}: is registered already, as {feed.feed_id} ({feed.name})")


def _bare(url: str) -> str:
    return re.sub(r"^https?://", "", url).rstrip("/")


def _free_id(name: str, url: str, taken: Collection[str]) -> str:
    """A short name out of a title, else out of the address, that no other source has."""
    from indicators.replay.archive import slug

    stem = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:48]
    if len(stem) < 2 or not name.isascii():
        stem = slug(urlsplit(url).netloc + urlsplit(url).path)[:48].strip("_")
    found, number = stem, 2
    while found in taken:
        found, number = f"{stem}_{number}", number + 1
    return found


def _languages(parsed: Parsed) -> tuple[str, ...]:
    spoken = Counter(entry.lang for entry in parsed.entries if re.fullmatch(r"[a-z]{2,3}", entry.lang))
    many = [language for language, number in spoken.most_common() if number * 5 >= spoken.total()]
    return tuple(many) or ("en",)


def _owner(url: str, known: Mapping[str, Feed]) -> str:
    """Whose the registered sources on this domain are, where they are one owner's."""
    from indicators.replay.archive import PLATFORMS, registrable

    domain = registrable(url)
    owners = {feed.owner for feed in known.values() if domain and registrable(feed.url) == domain}
    return owners.pop() if len(owners) == 1 and domain not in PLATFORMS else ""


def _write(chosen: argparse.Namespace, feeds: list[Feed]) -> Path:
    """Add the entries to the deployment's own file; never to what was shipped."""
    from feeds import overlay

    place = settings(chosen).feeds.overlay or own_feeds_file()
    if overlay.file_in(place).resolve().is_relative_to(data_folder().resolve()):
        raise Unusable(f"{place}: is part of what was shipped; name a file of your own in feeds.overlay")
    try:
        return overlay.add(place, feeds)
    except overlay.OverlayProblem as problem:
        raise Unusable(str(problem)) from problem


def run_import(chosen: argparse.Namespace) -> None:
    """Register what a feed reader's list names and the registry has not yet."""
    from feeds import opml

    known = registry(chosen)
    try:
        listed = opml.read(chosen.file.read_bytes(), taken=known)
    except OSError as error:
        raise Unusable(f"{chosen.file}: {error.strerror}; name a readable file") from error
    except opml.OpmlProblem as problem:
        raise Unusable(f"{chosen.file}: {problem}") from problem
    asked = {_bare(feed.url) for feed in known.values() if feed.url}
    fresh = {_bare(feed.url): feed for feed in reversed(listed) if _bare(feed.url) not in asked}
    feeds = [replace(feed, topics=feed.topics or GENERAL) for feed in reversed(fresh.values())]
    if not feeds:
        print(f"nothing new: {len(listed)} sources listed, all registered already" if listed else "nothing listed")
        return
    file = _write(chosen, feeds)
    print(f"added {len(feeds)} of {len(listed)} listed sources, graded F until somebody judges them, to {file}")


def run_export(chosen: argparse.Namespace) -> None:
    """All sources as OPML."""
    from feeds import opml

    content = opml.write(registry(chosen).values())
    if chosen.file == "-":
        sys.stdout.write(content.decode())
        sys.stdout.write("\n")
        return
    try:
        Path(chosen.file).write_bytes(content)
    except OSError as error:
        raise Unusable(f"{chosen.file}: {error.strerror}; name a file that can be written") from error
