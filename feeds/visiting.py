"""Going to a source and coming back with what it said: nothing is decided about it here, and nothing written."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urljoin, urlsplit

from feeds import politeness, visit
from feeds.addresses import shown
from feeds.client import Client, Document, Failed, NotModified, Refused
from feeds.model import Entry, Feed, Outcome
from feeds.store import FeedState
from feeds.visit import Finding
from feeds.worker import Parser, Unparsable

log = logging.getLogger(__name__)
AnyKnown = Callable[[Feed, Sequence[Entry]], Awaitable[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Older:
    """What stands on the pages before the newest one, as far as they were followed."""

    entries: tuple[Entry, ...] = ()
    gap: str = ""
    """Why something may be missing between these and what we know."""
    transient: bool = False
    """True when a page could not be read: asked again soon, it may well be."""


class Visitor:
    """Fetches and reads; any number of visits at once."""

    def __init__(self, client: Client, parser: Parser, *, within: timedelta, pages: int, any_known: AnyKnown) -> None:
        self._client = client
        self._parser = parser
        self._within = within
        self._pages = pages
        self._any_known = any_known

    async def visit(self, feed: Feed, state: FeedState, now: datetime) -> Finding:
        """What the source says; whatever goes wrong is part of the answer."""
        try:
            return await self.find(feed, state, now)
        except TimeoutError:
            within = self._within.seconds
            return Finding(outcome=Outcome.FAILED, detail=f"{shown(state.url)}: the visit took over {within} s")
        except Exception as defect:
            # A defect met on one source must not blind us to the others; it shows on the health page until mended.
            log.exception("visit to %s failed by a defect", feed.feed_id)
            return Finding(outcome=Outcome.FAILED, detail=f"defect in the collector: {type(defect).__name__}")

    async def find(self, feed: Feed, state: FeedState, now: datetime) -> Finding:
        """What the source says; raises `TimeoutError` when that takes too long."""
        afresh = politeness.ask_afresh(unconditional_at=state.unconditional_at, now=now)
        # The client keeps a limit of its own: nine visits in ten end here and need no other.
        answer = await self._client.fetch(
            state.url,
            now=now,
            etag=None if afresh else state.etag,
            last_modified=None if afresh else state.last_modified,
        )
        if isinstance(answer, NotModified):
            return visit.unchanged(state, status=304, headers=answer.headers, redirects=answer.permanent_redirects)
        async with asyncio.timeout(self._within.total_seconds()):
            return await self._further(feed, state, answer, afresh=afresh, now=now)

    async def _further(
        self, feed: Feed, state: FeedState, answer: Document | Failed | Refused, *, afresh: bool, now: datetime
    ) -> Finding:
        if isinstance(answer, Failed) and answer.status is None:
            mirror = visit.mirror_of(feed, state.url)
            instead = await self._client.fetch(mirror, now=now) if mirror is not None else None
            answer = instead if isinstance(instead, Document) else answer
        match answer:
            case Document():
                return await self._read(feed, state, answer, afresh=afresh, now=now)
            case Failed():
                return Finding(
                    outcome=Outcome.FAILED,
                    status=answer.status,
                    detail=answer.reason,
                    retry_after=answer.retry_after,
                )
            case Refused():
                return Finding(outcome=Outcome.REFUSED, status=answer.status, detail=answer.reason)

    async def _read(self, feed: Feed, state: FeedState, document: Document, *, afresh: bool, now: datetime) -> Finding:
        if visit.preview_is_off(feed, state.url, document.url):
            detail = f"{shown(state.url)}: the channel shows no preview; find its mirror or disable it in the registry"
            return Finding(outcome=Outcome.PREVIEW_OFF, status=document.status, detail=detail)
        digest = visit.body_hash(document.content)
        if not afresh and digest == state.body_hash and state.body_outcome is not None:
            return visit.unchanged(
                state, status=document.status, headers=document.headers, redirects=document.permanent_redirects
            )
        parsed = await self._parser.parse(
            document.content,
            feed=feed,
            url=document.url,
            fetched_at=now,
            content_type=document.headers.get("content-type"),
        )
        if not isinstance(parsed, Unparsable) and parsed.continues_at:
            # The document only says where the entries are; its own headers still say when to come again.
            led = await self._client.fetch(parsed.continues_at, now=now)
            parsed = (
                await self._parser.parse(led.content, feed=feed, url=led.url, fetched_at=now)
                if isinstance(led, Document)
                else Unparsable(reason=getattr(led, "reason", f"{shown(parsed.continues_at)}: nothing there"))
            )
        finding = Finding(
            outcome=Outcome.FAILED,
            status=document.status,
            headers=document.headers,
            redirects=document.permanent_redirects,
            body_hash=digest,
            afresh=afresh,
        )
        if isinstance(parsed, Unparsable):
            outcome = Outcome.REFUSED if parsed.over_limit else Outcome.FAILED
            # A parser's message names the whole address; its query may hold a token.
            reason = parsed.reason.replace(document.url, shown(document.url))
            return replace(finding, outcome=outcome, detail=reason)
        older = _Older()
        if parsed.next_page and state.read_at is not None:
            older = await self._older(feed, document.url, parsed.next_page, parsed.entries, now=now)
            if older.transient and not state.failures:
                # Stored now, the newest page would hide the gap for good: once, all of it is asked for again soon.
                return Finding(outcome=Outcome.FAILED, status=document.status, detail=f"{older.gap}; asked again soon")
        return replace(
            finding,
            outcome=visit.outcome_of(parsed.entries, parsed.trouble),
            detail=older.gap or parsed.detail,
            entries=(*parsed.entries, *older.entries),
            document_entries=len(parsed.entries),
            ttl=parsed.hints.ttl or timedelta(0),
        )

    async def _older(self, feed: Feed, url: str, page: str, entries: tuple[Entry, ...], *, now: datetime) -> _Older:
        """Older pages back to something known: a busy channel says more between two visits than one page holds."""
        older: list[Entry] = []
        newest_page, asked = entries, set[str]()
        for number in range(1, self._pages + 1):
            if await self._any_known(feed, newest_page):
                return _Older(entries=tuple(older))
            target = urljoin(url, page)
            if target in asked or urlsplit(target).netloc != urlsplit(url).netloc:
                break
            asked.add(target)
            answer = await self._client.fetch(target, now=now)
            reason, transient = getattr(answer, "reason", "not modified"), isinstance(answer, Failed)
            if isinstance(answer, Document):
                parsed = await self._parser.parse(answer.content, feed=feed, url=answer.url, fetched_at=now)
                if not isinstance(parsed, Unparsable):
                    older += parsed.entries
                    newest_page = parsed.entries
                    if not parsed.next_page or not parsed.entries:
                        return _Older(entries=tuple(older))
                    page = parsed.next_page
                    continue
                reason = parsed.reason.replace(answer.url, shown(answer.url))
            gap = f"older page {number} could not be read ({reason}); messages may be missing"
            return _Older(entries=tuple(older), gap=gap, transient=transient)
        gap = f"{len(asked)} older pages did not reach the last message seen; messages are missing"
        return _Older(entries=tuple(older), gap=gap)
