"""The collector: visits the feeds that are due, and leaves behind items and one poll row a visit.

Schedules follow the `now` they are given, so a replay runs them on its own clock; sockets, parser limits and leases
follow real time. A visit is: lease, fetch, parse, write. Leases are taken many in one short transaction, and visits
that end together are written together, each only if its lease still holds. Nothing is held open across a fetch.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urljoin, urlsplit

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from feeds import politeness, store, visit
from feeds.client import Client, Document, Failed, Limits, NotModified, Refused, shown
from feeds.database import reading, writing
from feeds.model import Entry, Feed, FeedKind, Item, Outcome, Poll
from feeds.store import FeedState, Lease
from feeds.visit import Finding
from feeds.worker import Parser, Unparsable, WorkerLimits

log = logging.getLogger(__name__)
T = TypeVar("T")

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
DEAF_AFTER = timedelta(hours=1)
"""When for so long no server has answered at all, it is our own network that is down."""
CLAIMED_AHEAD = 4
"""Feeds leased at once, for every visit that may run at once."""
WRITTEN_AT_ONCE = 64
"""Visits that end at about the same time are written in one transaction, as many as this."""
ENTRIES_AT_ONCE = 1_000
"""Fewer when they bring much: nobody should wait long for the store."""
NOTHING_SEEN = visit.Sightings()
LINGER = timedelta(milliseconds=50)
"""Real time that a finished visit waits for the company of others, while there are others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorSettings:
    """How a collector behaves; the defaults suit the public Internet."""

    concurrency: int = 16
    lease_for: timedelta = timedelta(minutes=4)
    """Real time. Longer than any visit can take, so that only a dead poller's lease runs out."""
    visit_within: timedelta = timedelta(seconds=90)
    """Real time for one visit with all its pages."""
    spacing: Mapping[str, timedelta] = field(default_factory=lambda: dict(politeness.HOST_SPACING))
    """Between two visits to a host, by host, on the schedule's clock."""
    default_spacing: timedelta = politeness.DEFAULT_SPACING
    pages: int = 10
    """How many older pages are followed to the last message seen; a gap beyond is said in the poll row."""
    allow_hosts: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    worker_limits: WorkerLimits = field(default_factory=WorkerLimits)
    workers: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one call of `poll_due` did."""

    polls: tuple[Poll, ...] = ()
    new_items: tuple[Item, ...] = ()
    """Stored as first sights; edits are not among them."""
    edits: int = 0
    lost: tuple[str, ...] = ()
    """Feeds whose lease another poller had taken when the visit ended: nothing of the visit was written."""
    trouble: tuple[str, ...] = ()
    """One line each: a visit that could not be written. Its feed is visited again when the lease runs out."""


class Collector:
    """Visits feeds. Any number of collectors may work on one store; none needs to know of the others."""

    def __init__(
        self,
        engine: Engine,
        feeds: Iterable[Feed],
        settings: CollectorSettings | None = None,
        *,
        client: Client | None = None,
        parser: Parser | None = None,
        owner: str | None = None,
    ) -> None:
        self.settings = settings or CollectorSettings()
        self.owner = owner or f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._engine = engine
        self._feeds = _visited_ones(feeds)
        self._client = client or Client(allow_hosts=self.settings.allow_hosts, limits=self.settings.limits)
        self._parser = parser or Parser(size=self.settings.workers, limits=self.settings.worker_limits)
        self._all_begun = False
        self._remembered: dict[str, tuple[int, FeedState]] = {}
        # One thread writes: on SQLite writers queue anyway, and the event loop keeps its sockets' time.
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="collector-store")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop the workers, close the connections, give back what is leased."""
        await self._client.close()
        await self._parser.close()
        await self._in_writer(self._release)
        self._writer.shutdown(wait=True)

    def next_due_at(self) -> datetime | None:
        """When `poll_due` next has something to do; None without feeds, 1970 when one was never visited."""
        if not self._feeds:
            return None
        with reading(self._engine) as connection:
            if not self._all_begun:
                known = store.states_of(connection, self._feeds)
                if any(self._is_new(feed, known.get(feed_id)) for feed_id, feed in self._feeds.items()):
                    return BEGINNING
            return store.earliest_due(connection, self._feeds)

    def replace_feeds(self, feeds: Iterable[Feed]) -> None:
        """From the next round on visit these; what the store knows of those that stay is kept."""
        self._feeds = _visited_ones(feeds)
        self._all_begun = False
        self._remembered.clear()

    async def poll_due(self, now: datetime) -> Round:
        """Visit every feed that is due at `now` and whose host is free; a failing feed never stops the others."""
        claims = _Claims(self, now)
        try:
            visitors = await claims.begin()
            desk = _Desk(self, now, visitors)
            if visitors:
                async with asyncio.TaskGroup() as group:
                    for _ in range(visitors):
                        group.create_task(self._work(claims, desk))
                    group.create_task(desk.write_until_done())
        except asyncio.CancelledError:
            await asyncio.shield(self._in_writer(self._release))
            raise
        results = sorted(desk.results, key=lambda result: result.feed_id)
        return Round(
            polls=tuple(result.poll for result in results if result.poll is not None),
            new_items=tuple(item for result in results for item in result.new),
            edits=sum(result.edits for result in results),
            lost=tuple(result.feed_id for result in results if result.lost),
            trouble=tuple(filter(None, [claims.trouble, *(result.trouble for result in results)])),
        )

    async def _work(self, claims: _Claims, desk: _Desk) -> None:
        try:
            while (claim := await claims.next()) is not None:
                desk.add(await self._visit(claim, claims.now))
        finally:
            desk.leave()

    async def look(self, feed: Feed, *, now: datetime) -> Finding:
        """Visit a feed once and write nothing: what `feeds check` shows."""
        return await self._find(feed, visit.begin(feed, now=now), now)

    # --- one visit -------------------------------------------------------------------------------------------------

    async def _visit(self, claim: _Claim, now: datetime) -> _Visited:
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            async with asyncio.timeout(self.settings.visit_within.total_seconds()):
                finding = await self._find(claim.feed, claim.state, now)
        except TimeoutError:
            within = self.settings.visit_within.seconds
            finding = Finding(
                outcome=Outcome.FAILED, detail=f"{shown(claim.state.url)}: the visit took over {within} s"
            )
        except Exception as defect:
            # A defect met on one source must not blind us to the others; it shows on the health page until mended.
            log.exception("visit to %s failed by a defect", claim.feed.feed_id)
            finding = Finding(outcome=Outcome.FAILED, detail=f"defect in the collector: {type(defect).__name__}")
        return _Visited(claim=claim, finding=finding, took=timedelta(seconds=clock() - began))

    async def _find(self, feed: Feed, state: FeedState, now: datetime) -> Finding:
        afresh = politeness.ask_afresh(unconditional_at=state.unconditional_at, now=now)
        answer = await self._client.fetch(
            state.url,
            now=now,
            etag=None if afresh else state.etag,
            last_modified=None if afresh else state.last_modified,
        )
        if isinstance(answer, Failed) and answer.status is None:
            mirror = visit.mirror_of(feed, state.url)
            instead = await self._client.fetch(mirror, now=now) if mirror is not None else None
            answer = instead if isinstance(instead, Document) else answer
        match answer:
            case Failed():
                return Finding(
                    outcome=Outcome.FAILED,
                    status=answer.status,
                    detail=answer.reason,
                    retry_after=answer.retry_after,
                )
            case Refused():
                return Finding(outcome=Outcome.REFUSED, status=answer.status, detail=answer.reason)
            case NotModified():
                return visit.unchanged(state, status=304, headers=answer.headers, redirects=answer.permanent_redirects)
            case Document():
                return await self._read(feed, state, answer, afresh=afresh, now=now)

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
        entries, gap = parsed.entries, ""
        if parsed.next_page and state.read_at is not None:
            older, gap = await self._older(feed, document.url, parsed.next_page, entries, now=now)
            entries = (*entries, *older)
        return replace(
            finding,
            outcome=visit.outcome_of(parsed.entries, parsed.trouble),
            detail=gap or parsed.detail,
            entries=entries,
            document_entries=len(parsed.entries),
            ttl=parsed.hints.ttl or timedelta(0),
        )

    async def _older(
        self, feed: Feed, url: str, page: str, entries: tuple[Entry, ...], *, now: datetime
    ) -> tuple[tuple[Entry, ...], str]:
        """Older pages back to something known: a busy channel says more between two visits than one page holds."""
        older: list[Entry] = []
        newest_page, asked = entries, set[str]()
        for number in range(1, self.settings.pages + 1):
            if await self._in_writer(partial(self._any_known, feed, newest_page)):
                return tuple(older), ""
            target = urljoin(url, page)
            if target in asked or urlsplit(target).netloc != urlsplit(url).netloc:
                break
            asked.add(target)
            answer = await self._client.fetch(target, now=now)
            if not isinstance(answer, Document):
                reason = answer.reason if isinstance(answer, Failed | Refused) else "not modified"
                return tuple(older), f"older page {number} could not be read ({reason}); messages may be missing"
            parsed = await self._parser.parse(answer.content, feed=feed, url=answer.url, fetched_at=now)
            if isinstance(parsed, Unparsable):
                return tuple(older), f"older page {number} could not be read ({parsed.reason}); messages may be missing"
            older += parsed.entries
            newest_page = parsed.entries
            if not parsed.next_page or not parsed.entries:
                return tuple(older), ""
            page = parsed.next_page
        return tuple(older), f"{len(asked)} older pages did not reach the last message seen; messages are missing"

    # --- the store, in the writer's thread -------------------------------------------------------------------------

    async def _in_writer(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)

    def _any_known(self, feed: Feed, entries: Iterable[Entry]) -> bool:
        with reading(self._engine) as connection:
            return bool(
                store.known_items(connection, [visit.item_id(feed.feed_id, entry.entry_id) for entry in entries])
            )

    def _claim(self, now: datetime) -> tuple[list[_Claim], bool]:
        with writing(self._engine) as connection:
            if not self._all_begun:
                self._begin_new(connection, now)
            claimed = store.claim_batch(
                connection,
                self._feeds,
                now=now,
                owner=self.owner,
                limit=self.settings.concurrency * CLAIMED_AHEAD,
                lease_for=self.settings.lease_for,
                spacing=self.settings.spacing,
                default_spacing=self.settings.default_spacing,
            )
            states = self._states(connection, claimed.leases)
        claims = [
            _Claim(feed=self._feeds[lease.feed_id], state=states[lease.feed_id], lease=lease)
            for lease in claimed.leases
        ]
        self._all_begun = True
        return claims, claimed.more

    def _states(self, connection: Connection, leases: Iterable[Lease]) -> dict[str, FeedState]:
        # A state changes under a lease alone, and every lease has a number of its own: where the one before ours was
        # ours too, the state is what we made it.
        states, unknown = {}, []
        for lease in leases:
            fence, state = self._remembered.get(lease.feed_id, (0, None))
            if state is not None and fence == lease.fence - 1:
                states[lease.feed_id] = state
            else:
                unknown.append(lease.feed_id)
        return states | store.states_of(connection, unknown) if unknown else states

    def _begin_new(self, connection: Connection, now: datetime) -> None:
        known = store.states_of(connection, self._feeds)
        fresh = [
            visit.begin(feed, now=now)
            for feed_id, feed in sorted(self._feeds.items())
            if self._is_new(feed, known.get(feed_id))
        ]
        moved = [state for state in fresh if state.feed_id in known]
        store.save_states(connection, moved)
        store.withdraw_leases(connection, [state.feed_id for state in moved])
        store.add_states(connection, [state for state in fresh if state.feed_id not in known])

    @staticmethod
    def _is_new(feed: Feed, state: FeedState | None) -> bool:
        return state is None or state.registry_url != feed.url

    def _write(self, visits: Sequence[_Visited], now: datetime) -> list[_Result]:
        """Write these visits together; where that cannot be, each by itself, so that none spoils another's."""
        try:
            with writing(self._engine) as connection:
                written = self._write_held(connection, visits, now)
        except _LeaseLost:
            if len(visits) == 1:
                feed_id = visits[0].claim.feed.feed_id
                log.warning("%s: its lease was lost while it was visited; nothing is written", feed_id)
                return [_Result(feed_id=feed_id, lost=True)]
        except OperationalError as error:
            # Locked, full or away: the same for every visit.
            return [_unwritten(visited, _reason(error)) for visited in visits]
        except DBAPIError as error:
            if len(visits) == 1:
                return [_unwritten(visits[0], _reason(error))]
        else:
            for visited, (state, _) in zip(visits, written, strict=True):
                self._remembered[state.feed_id] = (visited.claim.lease.fence, state)
            return [result for _, result in written]
        return [result for visited in visits for result in self._write([visited], now)]

    def _write_held(
        self, connection: Connection, visits: Sequence[_Visited], now: datetime
    ) -> list[tuple[FeedState, _Result]]:
        if store.finish_leases(connection, [visited.claim.lease for visited in visits]) != len(visits):
            raise _LeaseLost
        sorted_out = self._sort_out(connection, visits, now)
        new = [item for sightings in sorted_out for item in sightings.new]
        if new:
            store.add_items(connection, new)
        for edit in (edit for sightings in sorted_out for edit in sightings.edits):
            store.add_revision(connection, edit)
        answered = any(visited.finding.status is not None for visited in visits)
        unanswered = not answered and any(visit.is_unanswered(visited.finding) for visited in visits)
        deaf = unanswered and not store.any_answer_since(connection, now - DEAF_AFTER)
        conclusions = [
            visit.conclude(
                visited.claim.feed,
                visited.claim.state,
                visited.finding,
                new_items=len(sightings.new),
                now=now,
                took=visited.took,
                deaf=deaf,
            )
            for visited, sightings in zip(visits, sorted_out, strict=True)
        ]
        store.add_polls(connection, [conclusion.poll for conclusion in conclusions])
        before = {visited.claim.feed.feed_id: visited.claim.state for visited in visits}
        store.save_states(connection, [conclusion.state for conclusion in conclusions], before=before)
        held = {
            visited.claim.state.host: conclusion.hold_host_for
            for visited, conclusion in sorted(
                zip(visits, conclusions, strict=True), key=lambda pair: pair[1].hold_host_for or timedelta(0)
            )
            if conclusion.hold_host_for is not None and visited.claim.state.host
        }
        for host in sorted(held):
            store.hold_host(connection, host, until=now + held[host])
        return [
            (
                conclusion.state,
                _Result(
                    feed_id=conclusion.poll.feed_id,
                    poll=conclusion.poll,
                    new=sightings.new,
                    edits=len(sightings.edits),
                ),
            )
            for sightings, conclusion in zip(sorted_out, conclusions, strict=True)
        ]

    @staticmethod
    def _sort_out(connection: Connection, visits: Sequence[_Visited], now: datetime) -> list[visit.Sightings]:
        if not any(visited.finding.entries for visited in visits):
            return [NOTHING_SEEN] * len(visits)
        ids = [
            {visit.item_id(visited.claim.feed.feed_id, entry.entry_id): entry for entry in visited.finding.entries}
            for visited in visits
        ]
        known = store.known_items(connection, [identity for each in ids for identity in each])
        found = []
        for visited, each in zip(visits, ids, strict=True):
            feed, entries = visited.claim.feed, visited.finding.entries
            instants = [entry.published_at for identity, entry in each.items() if identity not in known]
            since = now - visit.REISSUED_WITHIN
            reissued = store.known_of_instants(connection, feed.feed_id, since, instants) if instants else []
            found.append(visit.sort_out(feed, entries, known=known, reissued=reissued, now=now))
        return found

    def _give_back(self, leases: Sequence[Lease]) -> None:
        with writing(self._engine) as connection:
            store.finish_leases(connection, leases)

    def _release(self) -> None:
        try:
            with writing(self._engine) as connection:
                store.release_owner(connection, self.owner)
        except DBAPIError as error:
            # They run out by themselves.
            log.warning("leases could not be given back: %s", _reason(error))


def _visited_ones(feeds: Iterable[Feed]) -> dict[str, Feed]:
    return {feed.feed_id: feed for feed in feeds if feed.enabled and feed.kind is not FeedKind.MANUAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    feed: Feed
    state: FeedState
    lease: Lease


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visited:
    claim: _Claim
    finding: Finding
    took: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    feed_id: str
    poll: Poll | None = None
    new: tuple[Item, ...] = ()
    edits: int = 0
    lost: bool = False
    trouble: str = ""


class _LeaseLost(Exception):
    """At least one of the visits to be written was somebody else's meanwhile."""


def _unwritten(visited: _Visited, reason: str) -> _Result:
    feed_id = visited.claim.feed.feed_id
    log.warning("visit to %s could not be written: %s", feed_id, reason)
    return _Result(feed_id=feed_id, trouble=f"{feed_id}: could not be written ({reason})")


def _reason(error: DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0]


class _Claims:
    """Hands claimed feeds to whoever is free, claiming more when there are none left, until nothing is due."""

    def __init__(self, collector: Collector, now: datetime) -> None:
        self.now = now
        self.trouble = ""
        self._collector = collector
        self._ready: deque[_Claim] = deque()
        self._more = True
        self._claimed = 0.0
        self._lock = asyncio.Lock()
        settings = collector.settings
        # A lease must outlast the visit; one that waited too long for its turn is given back before it can run out.
        self._patience = max(settings.lease_for - settings.visit_within, settings.lease_for / 2).total_seconds()

    async def begin(self) -> int:
        """Claim for the first time; how many may visit at once."""
        await self._claim()
        limit = self._collector.settings.concurrency
        return limit if self._more and self._ready else min(limit, len(self._ready))

    async def next(self) -> _Claim | None:
        """The next feed to visit; None when nothing is due any more."""
        if not self._ready or self._overdue():
            async with self._lock:
                if self._ready and self._overdue():
                    await self._give_back()
                while not self._ready and self._more:
                    await self._claim()
        return self._ready.popleft() if self._ready else None

    async def _claim(self) -> None:
        try:
            claims, self._more = await self._collector._in_writer(lambda: self._collector._claim(self.now))
        except DBAPIError as error:
            self._more = False
            self.trouble = f"no feed could be claimed ({_reason(error)}); the next round tries again"
            log.warning("%s", self.trouble)
            return
        self._ready.extend(claims)
        self._more = self._more and bool(claims)
        self._claimed = asyncio.get_running_loop().time()

    def _overdue(self) -> bool:
        return asyncio.get_running_loop().time() - self._claimed > self._patience

    async def _give_back(self) -> None:
        leases = [claim.lease for claim in self._ready]
        self._ready.clear()
        log.info("%d feeds waited too long for their turn and are given back until the next round", len(leases))
        try:
            await self._collector._in_writer(lambda: self._collector._give_back(leases))
        except DBAPIError as error:
            log.warning("leases could not be given back: %s", _reason(error))


class _Desk:
    """Takes finished visits and has them written, those that end together in one transaction."""

    def __init__(self, collector: Collector, now: datetime, visitors: int) -> None:
        self.results: list[_Result] = []
        self._collector = collector
        self._now = now
        self._finished: list[_Visited] = []
        self._weight = 0.0
        self._visitors = visitors
        self._some = asyncio.Event()
        self._enough = asyncio.Event()

    def add(self, visited: _Visited) -> None:
        """Have this visit written soon."""
        self._finished.append(visited)
        self._weight += 1 / WRITTEN_AT_ONCE + len(visited.finding.entries) / ENTRIES_AT_ONCE
        self._some.set()
        if self._weight >= 1:
            self._enough.set()

    def leave(self) -> None:
        """A visitor has nothing more to bring."""
        self._visitors -= 1
        if not self._visitors:
            self._some.set()
            self._enough.set()

    async def write_until_done(self) -> None:
        """Write what is brought, until every visitor has left and all is written."""
        while self._visitors or self._finished:
            await self._some.wait()
            if self._visitors and not self._enough.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(LINGER.total_seconds()):
                        await self._enough.wait()
            visits, self._finished, self._weight = self._finished, [], 0.0
            if self._visitors:
                self._some.clear()
                self._enough.clear()
            if visits:
                self.results += await self._collector._in_writer(partial(self._collector._write, visits, self._now))
