"""The collector: visits the feeds that are due, and leaves behind items and one poll row a visit.

Schedules follow the `now` they are given, so a replay runs them on its own clock; sockets, parser limits and leases
follow real time. A visit is: lease, fetch, parse, write. Leases are taken many in one short transaction, and visits
that end together are written together, each only if its lease still holds. Nothing is held open across a fetch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy import Engine

from feeds import politeness, visit
from feeds.client import Client, Limits
from feeds.ledger import Ledger, Visited
from feeds.model import Entry, Feed, Item, Poll
from feeds.rounds import Claims, Desk
from feeds.visit import Finding
from feeds.visiting import Visitor
from feeds.worker import Parser, WorkerLimits

T = TypeVar("T")


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
        self._ledger = Ledger(
            engine,
            feeds,
            owner=owner,
            lease_for=self.settings.lease_for,
            spacing=self.settings.spacing,
            default_spacing=self.settings.default_spacing,
        )
        self._client = client or Client(allow_hosts=self.settings.allow_hosts, limits=self.settings.limits)
        self._parser = parser or Parser(size=self.settings.workers, limits=self.settings.worker_limits)
        self._visitor = Visitor(
            self._client,
            self._parser,
            within=self.settings.visit_within,
            pages=self.settings.pages,
            any_known=self._any_known,
        )
        # One thread writes: on SQLite writers queue anyway, and the event loop keeps its sockets' time.
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="collector-store")

    @property
    def owner(self) -> str:
        """The name in our leases."""
        return self._ledger.owner

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
        await self._in_writer(self._ledger.release)
        self._writer.shutdown(wait=True)

    def next_due_at(self) -> datetime | None:
        """When `poll_due` next has something to do; None without feeds, 1970 when one was never visited."""
        return self._ledger.next_due_at()

    def replace_feeds(self, feeds: Iterable[Feed]) -> None:
        """From the next round on visit these; what the store knows of those that stay is kept."""
        self._ledger.replace_feeds(feeds)

    async def poll_due(self, now: datetime) -> Round:
        """Visit every feed that is due at `now` and whose host is free; a failing feed never stops the others."""
        settings = self.settings
        patience = max(settings.lease_for - settings.visit_within, settings.lease_for / 2)
        claims = Claims(self._ledger, self._in_writer, now, visitors=settings.concurrency, patience=patience)
        try:
            visitors = await claims.begin()
            desk = Desk(self._ledger, self._in_writer, now, visitors=visitors)
            if visitors:
                async with asyncio.TaskGroup() as group:
                    for _ in range(visitors):
                        group.create_task(self._work(claims, desk))
                    group.create_task(desk.write_until_done())
        except asyncio.CancelledError:
            await asyncio.shield(self._in_writer(self._ledger.release))
            raise
        results = sorted(desk.results, key=lambda result: result.feed_id)
        return Round(
            polls=tuple(result.poll for result in results if result.poll is not None),
            new_items=tuple(item for result in results for item in result.new),
            edits=sum(result.edits for result in results),
            lost=tuple(result.feed_id for result in results if result.lost),
            trouble=tuple(filter(None, [claims.trouble, *(result.trouble for result in results)])),
        )

    async def _work(self, claims: Claims, desk: Desk) -> None:
        clock = asyncio.get_running_loop().time
        try:
            while (claim := await claims.next()) is not None:
                began = clock()
                finding = await self._visitor.visit(claim.feed, claim.state, claims.now)
                desk.add(Visited(claim=claim, finding=finding, took=timedelta(seconds=clock() - began)))
        finally:
            desk.leave()

    async def look(self, feed: Feed, *, now: datetime) -> Finding:
        """Visit a feed once and write nothing: what `feeds check` shows."""
        return await self._visitor.find(feed, visit.begin(feed, now=now), now)

    def _in_writer(self, work: Callable[[], T]) -> Awaitable[T]:
        return asyncio.get_running_loop().run_in_executor(self._writer, work)

    async def _any_known(self, feed: Feed, entries: Iterable[Entry]) -> bool:
        return await self._in_writer(partial(self._ledger.any_known, feed, tuple(entries)))
