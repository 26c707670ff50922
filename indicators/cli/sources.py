"""Sources of one's own: `feeds add`, `feeds import-opml`, `feeds export-opml`."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import getpass
import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from feeds.model import Feed, FeedKind
from feeds.overlay import OverlayProblem
from feeds.registry import Change
from feeds.trial import Attempt
from indicators import registering
from indicators.cli import amending, trying
from indicators.cli.context import Finding, Unusable, emit, now, registry, settings, shared, table
from indicators.cli.trying import KINDS


def feeds_options(command: argparse.ArgumentParser) -> None:
    """`vedette feeds`."""
    inner = command.add_subparsers(dest="what", metavar="WHAT", required=True)
    shown = shared(inner.add_parser("list", help="every source and its grade"))
    shown.add_argument("--json", action="store_true")
    shown.set_defaults(run=run_feeds_list)
    add_options(inner)


def add_options(inner: Any) -> None:
    """`vedette feeds add`, `import-opml` and `export-opml`."""
    add = shared(inner.add_parser("add", help="register a source, or find the feeds of a page"))
    add.add_argument("url", metavar="URL")
    add.add_argument("--id", help="its short name for ever (default: made of its title)")
    add.add_argument("--name", help="what people call it (default: its title)")
    add.add_argument("--kind", choices=sorted(KINDS), help="how to read it (default: told from the document)")
    add.add_argument("--languages", type=_words, help="such as ru,be (default: what its entries are in)")
    add.add_argument(
        "--topics", type=_words, default=registering.GENERAL, help="what it can carry, such as posture,air"
    )
    add.add_argument(
        "--grade", choices=tuple("ABCDEF"), default="F", help="how far it is trusted (default: F, unknown)"
    )
    add.add_argument("--owner", default="", help="whose voice it is: sources of one owner count as one")
    add.add_argument("--by", default="", help="who (default: this account)")
    add.add_argument("--reason", default="", help="why")
    add.set_defaults(run=run_add)
    taken = shared(inner.add_parser("import-opml", help="register the sources of a feed reader's list"))
    taken.add_argument("file", type=Path)
    taken.set_defaults(run=run_import)
    given = shared(inner.add_parser("export-opml", help="all sources as a feed reader's list"))
    given.add_argument("file", nargs="?", default="-", help="where to (default: -, standard output)")
    given.set_defaults(run=run_export)
    amending.add_options(inner)
    trying.add_options(inner)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"[,\s]+", text.strip().lower()) if word)


def run_add(chosen: argparse.Namespace) -> None:
    """Fetch a source, see what it is, and write its entry to the deployment's own file."""
    known = registry(chosen)
    _new_address(chosen.url, known)
    found = _read(chosen.url, chosen, KINDS[chosen.kind] if chosen.kind else None)
    if found.parsed is None:
        found = _announced(found, chosen, known)
    if found.parsed is None:
        raise Finding(found.reason)
    # Where a source says it moved for good is where it is asked from now on.
    _new_address(found.url, known)
    feed = registering.propose(
        found,
        known,
        feed_id=chosen.id or "",
        name=chosen.name or "",
        kind=KINDS[chosen.kind] if chosen.kind else None,
        languages=chosen.languages or (),
        topics=chosen.topics,
        owner=chosen.owner,
        grade=chosen.grade,
    )
    if feed.feed_id in known:
        raise Unusable(f"--id {feed.feed_id}: is {known[feed.feed_id].name} already; choose another")
    by, reason = " ".join((chosen.by or getpass.getuser()).split()), " ".join(chosen.reason.split())
    file = _write(chosen, [feed], Change(at=now(), by=by, reason=reason, what="added"))
    entries = len(found.parsed.entries)
    print(f"added {feed.feed_id}: {feed.kind.value}, {entries} entries, {','.join(feed.languages)}, to {file}")


def _read(url: str, chosen: argparse.Namespace, kind: FeedKind | None) -> Attempt:
    """What stands at an address, read as the poller would read it."""
    return asyncio.run(registering.look(url, settings(chosen), now=now(), kind=kind))


def _announced(page: Attempt, chosen: argparse.Namespace, known: Mapping[str, Feed]) -> Attempt:
    """The one feed that a page for people announces; with several, all are listed and the choice is a person's."""
    if not page.leads_to:
        raise Finding(page.reason)
    if len(page.leads_to) > 1:
        for address, title in page.leads_to:
            print(f"{address}  {title}".rstrip())
        raise Finding(f"{page.url}: announces {len(page.leads_to)} feeds; add the one you want by its own address")
    address = page.leads_to[0][0]
    _new_address(address, known)
    found = _read(address, chosen, None)
    if found.leads_to:
        raise Finding(f"{page.url}: announces {address}, which is a page and no feed; give the feed's own address")
    return found


def _new_address(url: str, known: Mapping[str, Feed]) -> None:
    if not registering.is_address(url):
        raise Unusable(f"{url}: is no web address without a password; write https://host/path")
    if (feed := registering.asked_already(url, known)) is not None:
        raise Finding(f"{url}: is registered already, as {feed.feed_id} ({feed.name})")


def _write(chosen: argparse.Namespace, feeds: list[Feed], change: Change | None = None) -> Path:
    """Add the entries to the deployment's own file; never to what was shipped."""
    try:
        return registering.register(settings(chosen), feeds, change)
    except OverlayProblem as problem:
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
    asked = {registering.bare(feed.url) for feed in known.values() if feed.url}
    fresh = {registering.bare(feed.url): feed for feed in reversed(listed) if registering.bare(feed.url) not in asked}
    feeds = [replace(feed, topics=feed.topics or registering.GENERAL) for feed in reversed(fresh.values())]
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


def run_feeds_list(chosen: argparse.Namespace) -> None:
    """Every source of the registry."""
    rows = registry(chosen)
    if chosen.json:
        for feed in rows.values():
            emit(
                {
                    **dataclasses.asdict(feed),
                    "interval": feed.interval.total_seconds(),
                    "selectors": dict(feed.selectors),
                }
            )
        return
    table(
        [
            (feed.feed_id, feed.kind.value, ",".join(feed.languages), feed.reliability, feed.owner, feed.name)
            for feed in rows.values()
        ],
        ("id", "kind", "languages", "grade", "owner", "name"),
    )
