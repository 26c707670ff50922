"""What people change of a source: `feeds edit`, `feeds disable`, `feeds enable`, `feeds enter`."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from feeds import by_hand
from feeds.model import Feed, FeedKind, OriginKind
from feeds.overlay import OverlayProblem
from feeds.registry import Change
from indicators import registering
from indicators.cli.context import Unusable, database, instant, now, registry, settings, shared

KEYS: Mapping[str, str] = {
    "name": "what people call it",
    "url": "the address that is asked; another one starts its record of visits afresh",
    "kind": "how to read it: " + ", ".join(FeedKind),
    "languages": "such as ru,be",
    "topics": "what it can carry, such as posture,air",
    "owner": "whose voice it is: sources of one owner count as one",
    "grade": "how far it is trusted: A to F",
    "origin-kind": "what sort of voice it is: " + ", ".join(OriginKind),
    "interval": "how often to ask, such as 10m or 1h",
    "timezone": "in which its dates are written, such as Europe/Warsaw",
    "day-order": "DMY, MDY or YMD",
    "digest": "whether its posts sum up many happenings: true or false",
    "note": "what people should know of it",
}
"""What `feeds edit` can change; `grade` is `reliability` in the file."""
LISTS = frozenset(("languages", "topics"))


def add_options(inner: Any) -> None:
    """`vedette feeds edit`, `disable`, `enable` and `enter`."""
    edit = shared(inner.add_parser("edit", help="change what is known of a source"))
    edit.add_argument("feed", metavar="ID")
    for key, meaning in KEYS.items():
        edit.add_argument(f"--{key}", help=meaning)
    _signed(edit)
    edit.set_defaults(run=run_edit)
    for verb, enabled in (("disable", False), ("enable", True)):
        switch = shared(inner.add_parser(verb, help="visit a source again" if enabled else "visit a source no more"))
        switch.add_argument("feed", metavar="ID")
        _signed(switch)
        switch.set_defaults(run=run_switch, enabled=enabled)
    enter = shared(inner.add_parser("enter", help="enter a post, or a saved page, of a source that has gone dark"))
    enter.add_argument("feed", metavar="ID")
    enter.add_argument("file", nargs="?", default="-", metavar="FILE or -", help="a text or a saved page (default: -)")
    enter.add_argument("--published-at", type=instant, help="when it was published (default: now)")
    enter.add_argument("--title", default="")
    enter.add_argument("--url", default="", help="where it stood")
    enter.add_argument("--by", default="", help="who (default: this account)")
    enter.set_defaults(run=run_enter)


def _signed(command: argparse.ArgumentParser) -> None:
    command.add_argument("--by", default="", help="who (default: this account)")
    command.add_argument("--reason", required=True)


def run_edit(chosen: argparse.Namespace) -> None:
    """Change some keys of one source."""
    given = {key: getattr(chosen, key.replace("-", "_")) for key in KEYS}
    values = {_key(key): _value(key, value) for key, value in given.items() if value is not None}
    if not values:
        raise Unusable(f"nothing to change; name at least one of {', '.join(f'--{key}' for key in KEYS)}")
    feed = known_feed(chosen)
    amended = amend(chosen, feed, values, what=", ".join(f"{key} {_shown(value)}" for key, value in values.items()))
    print(f"{amended.feed_id}: {', '.join(f'{key} {_shown(value)}' for key, value in values.items())}")


def _key(option: str) -> str:
    return "reliability" if option == "grade" else option.replace("-", "_")


def _value(option: str, text: str) -> object:
    if option in LISTS:
        return [word for word in text.replace(",", " ").lower().split() if word]
    if option == "digest":
        if text.lower() not in ("true", "false"):
            raise Unusable(f"--digest {text}: is neither true nor false; write one of them")
        return text.lower() == "true"
    return text


def _shown(value: object) -> str:
    return ",".join(str(one) for one in value) if isinstance(value, list) else str(value)


def run_switch(chosen: argparse.Namespace) -> None:
    """Visit a source, or visit it no more."""
    feed = known_feed(chosen)
    word = "enabled" if chosen.enabled else "disabled"
    if feed.enabled == chosen.enabled:
        print(f"{feed.feed_id}: is {word} already")
        return
    amend(chosen, feed, {"enabled": chosen.enabled}, what=word)
    print(f"{feed.feed_id}: {word}; a running poller takes it up at its next turn")


def known_feed(chosen: argparse.Namespace) -> Feed:
    """The source that is meant."""
    found = registry(chosen).get(chosen.feed)
    if found is None:
        raise Unusable(f"{chosen.feed}: no such source; `vedette feeds list` names them")
    return found


def amend(chosen: argparse.Namespace, feed: Feed, values: Mapping[str, object], *, what: str) -> Feed:
    """Write the change to the deployment's own file, with who, when and why."""
    reason, by = " ".join(chosen.reason.split()), " ".join((chosen.by or getpass.getuser()).split())
    if not reason:
        raise Unusable("--reason: is empty; say why, for whoever asks later")
    change = Change(at=now(), by=by, reason=reason, what=what)
    try:
        return registering.amend(settings(chosen), feed, values, change)
    except OverlayProblem as problem:
        raise Unusable(str(problem)) from problem


def run_enter(chosen: argparse.Namespace) -> None:
    """Store a post, or the posts of a saved page, as items of this source."""
    feed = known_feed(chosen)
    try:
        content = sys.stdin.buffer.read() if chosen.file == "-" else Path(chosen.file).read_bytes()
    except OSError as error:
        raise Unusable(f"{chosen.file}: {error.strerror}; name a readable file") from error
    by = chosen.by or getpass.getuser()
    try:
        found = asyncio.run(
            by_hand.from_document(
                feed,
                content,
                by=by,
                now=now(),
                published_at=chosen.published_at,
                title=chosen.title,
                url=chosen.url,
            )
        )
    except by_hand.EntryRefused as refusal:
        raise Unusable(str(refusal)) from refusal
    added = by_hand.keep(database(chosen), found)
    print(f"{feed.feed_id}: {added} new items of {len(found)}, entered by hand by {by}; coded at the next turn")
