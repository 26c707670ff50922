"""Looking at a document before anybody relies on it: `feeds check` and `parse`. It is read in a worker, never here."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from feeds.model import Entry, Feed, FeedKind
from feeds.trial import READER, Attempt, attempt_file
from feeds.worker import Parser
from indicators import registering
from indicators.cli.context import Finding, Unusable, emit, now, registry, settings, shared

KINDS: Mapping[str, FeedKind] = {
    **{kind.value: kind for kind in FeedKind},
    "rss": FeedKind.SYNDICATION,
    "atom": FeedKind.SYNDICATION,
    "rdf": FeedKind.SYNDICATION,
}
"""How people name the kinds of sources."""
SHOWN = 5
"""Newest entries that `feeds check` tells of."""


def add_options(inner: Any) -> None:
    """`vedette feeds check`."""
    check = shared(inner.add_parser("check", help="try a URL, a file or a known source, and say what was found"))
    check.add_argument("place", help="a URL, a file, or the id of a known feed")
    check.add_argument("--kind", choices=sorted(KINDS), help="how to read it (default: told from the document)")
    check.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    check.set_defaults(run=run_check)


def parse_options(command: argparse.ArgumentParser) -> None:
    """`vedette parse`."""
    shared(command)
    command.add_argument("file", type=Path)
    command.add_argument("--kind", choices=sorted(KINDS), help="how to read it (default: told from its first bytes)")
    command.add_argument("--base-url", default="", help="what relative links are relative to")
    command.add_argument("--digest", action="store_true", help="its posts sum up many happenings: tell them apart")
    command.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    command.set_defaults(run=run_parse)


def _open(path: Path, *, feed: Feed | None = None, kind: FeedKind | None = None) -> Attempt:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}; name a readable file") from error
    return asyncio.run(_read(content, str(path), feed=feed, kind=kind))


async def _read(content: bytes, name: str, *, feed: Feed | None, kind: FeedKind | None) -> Attempt:
    parser = Parser(size=1, target=READER)
    try:
        return await attempt_file(content, name=name, parser=parser, now=now(), feed=feed, kind=kind)
    finally:
        await parser.close()


def run_check(chosen: argparse.Namespace) -> int:
    """Fetch or open one place and say what it is."""
    known = registry(chosen).get(chosen.place)
    place = known.url if known else chosen.place
    kind = KINDS[chosen.kind] if chosen.kind else None
    if known is not None and not place:
        raise Finding(f"{known.feed_id}: is entered by hand and has no address; use `vedette feeds enter`")
    if urlsplit(place).scheme in ("http", "https"):
        found = asyncio.run(registering.look(place, settings(chosen), now=now(), feed=known, kind=kind))
    else:
        found = _open(Path(place), kind=kind)
    if found.parsed is None:
        for address, title in found.leads_to:
            print(f"{address}  {title}".rstrip())
        raise Finding(found.reason)
    newest = sorted(found.parsed.entries, key=lambda entry: entry.published_at, reverse=True)
    if chosen.json:
        emit(_summary(chosen.place, found))
        for entry in newest[:SHOWN]:
            emit(entry_json(entry))
    else:
        _tell(chosen.place, found, newest)
    return 0 if newest else 1


def _summary(place: str, found: Attempt) -> dict[str, Any]:
    assert found.parsed is not None
    return {
        "place": place,
        "url": found.url,
        "kind": found.parsed.kind.value,
        "title": found.parsed.title,
        "entries": len(found.parsed.entries),
        "outcome": found.outcome.value,
        "detail": found.reason,
        "status": found.status,
        "bytes": found.size,
    }


def _tell(place: str, found: Attempt, newest: list[Entry]) -> None:
    assert found.parsed is not None
    at = f", newest {newest[0].published_at:%Y-%m-%d %H:%M} UTC" if newest else ""
    print(f"{place}: {found.parsed.kind.value}, {len(newest) or 'no'} entries{at}")
    if found.parsed.title:
        print(f"  title    {found.parsed.title}")
    if found.url not in ("", place) and urlsplit(place).scheme:
        print(f"  moved    {found.url}")
    if found.reason:
        print(f"  {'trouble' if found.parsed.trouble else 'remark '}  {found.reason}")
    for entry in newest[:SHOWN]:
        words = " ".join((entry.title or entry.text).split())[:90]
        print(f"  {entry.published_at:%Y-%m-%d %H:%M}  {entry.date_method} ({entry.date_quality.value})  {words}")


def run_parse(chosen: argparse.Namespace) -> int:
    """A document's entries."""
    kind = KINDS[chosen.kind] if chosen.kind else None
    feed = Feed(
        feed_id="document" if kind else "",
        name=str(chosen.file),
        url=chosen.base_url,
        kind=kind or FeedKind.SYNDICATION,
        languages=(),
        digest=True if chosen.digest else None,
    )
    found = _open(chosen.file, feed=feed)
    if found.parsed is None:
        raise Unusable(found.reason)
    for entry in found.parsed.entries:
        if chosen.json:
            emit(entry_json(entry))
        else:
            print(f"{entry.published_at:%Y-%m-%d %H:%M}  {entry.title or entry.text[:80]}  {entry.url}")
    return 0


def entry_json(entry: Entry) -> dict[str, Any]:
    """An entry as JSON."""
    return {
        "id": entry.entry_id,
        "url": entry.url,
        "title": entry.title,
        "text": entry.text,
        "published_at": entry.published_at,
        "published_raw": entry.published_raw,
        "date_method": entry.date_method,
        "date_quality": entry.date_quality.value,
        "lang": entry.lang,
        "author": entry.author,
        "forwarded_from": entry.forwarded_from,
        "forwarded_handle": entry.forwarded_handle,
    }
