"""Trying an address before anybody relies on it: fetched as the poller would, read in a worker, nothing kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from feeds.addresses import shown
from feeds.client import Client, Document, Failed, NotModified, Refused
from feeds.model import Feed, FeedKind, Outcome
from feeds.parsing.document import Parsed
from feeds.parsing.trial import UNTOLD, Trial
from feeds.visit import outcome_of, preview_is_off
from feeds.worker import Parser, Unparsable

READER = "feeds.parsing.trial:read"
"""What the workers run, for `Parser(target=READER)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What was found at an address, or in a file."""

    asked: str
    url: str
    """Where it is to be asked from now on: a permanent move is followed."""
    outcome: Outcome
    parsed: Parsed | None = None
    leads_to: tuple[tuple[str, str], ...] = ()
    reason: str = ""
    """One line where nothing could be read, or about what was odd."""
    status: int | None = None
    size: int = 0
    """Bytes of the document, unpacked."""

    @property
    def readable(self) -> bool:
        """True when the document could be read, be it without entries."""
        return self.parsed is not None


async def attempt(
    url: str, *, client: Client, parser: Parser, now: datetime, feed: Feed | None = None, kind: FeedKind | None = None
) -> Attempt:
    """What stands at an address: as `feed` or as `kind` where one is given, else as the document itself says."""
    answer = await client.fetch(url, now=now)
    match answer:
        case Failed() | Refused():
            outcome = Outcome.REFUSED if isinstance(answer, Refused) else Outcome.FAILED
            reason = answer.reason if shown(url) in answer.reason else f"{shown(url)}: {answer.reason}"
            return Attempt(asked=url, url=url, outcome=outcome, reason=reason, status=answer.status)
        case NotModified():
            return Attempt(asked=url, url=url, outcome=Outcome.FAILED, reason=f"{shown(url)}: said nothing", status=304)
        case Document() as document:
            pass
    address = document.permanent_redirects[-1] if document.permanent_redirects else url
    told = feed or _unknown(address, kind)
    if preview_is_off(told, url, document.url):
        reason = f"{shown(url)}: the channel shows no preview to the public; find its mirror, or paste its posts in"
        return Attempt(asked=url, url=address, outcome=Outcome.PREVIEW_OFF, reason=reason, status=document.status)
    found = await read(
        document.content,
        parser=parser,
        feed=told,
        url=document.url,
        now=now,
        content_type=document.headers.get("content-type"),
    )
    onward = found.parsed.continues_at if found.parsed is not None else None
    if onward:
        led = await client.fetch(onward, now=now)
        if isinstance(led, Document):
            found = await read(led.content, parser=parser, feed=told, url=led.url, now=now)
        else:
            found = Trial(reason=str(getattr(led, "reason", f"{shown(onward)}: nothing there")))
    return _attempt(url, address, found, status=document.status, size=len(document.content))


async def attempt_file(
    content: bytes, *, name: str, parser: Parser, now: datetime, feed: Feed | None = None, kind: FeedKind | None = None
) -> Attempt:
    """What a file holds, read as its first bytes say, or as `feed` or `kind` say."""
    told = feed or _unknown("", kind, name)
    found = await read(content, parser=parser, feed=told, url=feed.url if feed else "", now=now)
    return _attempt(name, feed.url if feed else "", found, status=None, size=len(content))


async def read(
    content: bytes, *, parser: Parser, feed: Feed, url: str, now: datetime, content_type: str | None = None
) -> Trial:
    """The document, read by a worker of `Parser(target=READER)`."""
    answer = await parser.parse(content, feed=feed, url=url, fetched_at=now, content_type=content_type)
    if isinstance(answer, Unparsable):
        return Trial(reason=answer.reason)
    # The pool gives what its target gives.
    return cast("Trial", answer)


def _unknown(url: str, kind: FeedKind | None, name: str = "document") -> Feed:
    return Feed(
        feed_id=UNTOLD if kind is None else "document",
        name=name,
        url=url,
        kind=kind or FeedKind.SYNDICATION,
        languages=(),
    )


def _attempt(asked: str, url: str, found: Trial, *, status: int | None, size: int) -> Attempt:
    if found.parsed is None:
        return Attempt(
            asked=asked,
            url=url,
            outcome=Outcome.FAILED,
            leads_to=found.leads_to,
            reason=found.reason,
            status=status,
            size=size,
        )
    return Attempt(
        asked=asked,
        url=url,
        outcome=outcome_of(found.parsed.entries, found.parsed.trouble),
        parsed=found.parsed,
        reason=found.parsed.detail,
        status=status,
        size=size,
    )
