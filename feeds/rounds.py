"""One round of visits: handing out what is due to whoever is free, and gathering what they bring."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

from sqlalchemy.exc import DBAPIError

from feeds.ledger import Claim, Ledger, Result, Visited, reason_of

log = logging.getLogger(__name__)
T = TypeVar("T")

CLAIMED_AHEAD = 4
"""Feeds leased at once, for every visit that may run at once."""
CLAIMED_AT_MOST = 512
QUICK = 2.0
"""Seconds of real time in which a claim is worked off that makes the next one twice as large."""
WRITTEN_AT_ONCE = 256
"""Visits that end at about the same time are written in one transaction, as many as this."""
ENTRIES_AT_ONCE = 1_000
"""Fewer when they bring much: nobody should wait long for the store."""
LINGER = timedelta(milliseconds=50)
"""Real time that a finished visit waits for the company of others, while there are others."""


class InWriter(Protocol):
    """Does something in the thread that writes."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """What `work` returns, when it is done."""


class Claims:
    """Hands claimed feeds to whoever is free, claiming more when there are none left, until nothing is due."""

    def __init__(
        self, ledger: Ledger, in_writer: InWriter, now: datetime, *, visitors: int, patience: timedelta
    ) -> None:
        self.now = now
        self.trouble = ""
        self._ledger = ledger
        self._in_writer = in_writer
        self._visitors = visitors
        self._limit = visitors * CLAIMED_AHEAD
        # A lease must outlast the visit; one that waited too long for its turn is given back before it can run out.
        self._patience = patience.total_seconds()
        self._ready: deque[Claim] = deque()
        self._more = True
        self._claimed = 0.0
        self._lock = asyncio.Lock()

    async def begin(self) -> int:
        """Claim for the first time; how many may visit at once."""
        await self._claim()
        return self._visitors if self._more and self._ready else min(self._visitors, len(self._ready))

    async def next(self) -> Claim | None:
        """The next feed to visit; None when nothing is due any more."""
        if not self._ready or self._age() > self._patience:
            async with self._lock:
                if self._ready and self._age() > self._patience:
                    await self._give_back()
                while not self._ready and self._more:
                    if 0 < self._age() < QUICK:
                        self._limit = max(self._limit, min(2 * self._limit, CLAIMED_AT_MOST))
                    await self._claim()
        return self._ready.popleft() if self._ready else None

    async def _claim(self) -> None:
        try:
            claims, self._more = await self._in_writer(partial(self._ledger.claim, self.now, limit=self._limit))
        except DBAPIError as error:
            self._more = False
            self.trouble = f"no feed could be claimed ({reason_of(error)}); the next round tries again"
            log.warning("%s", self.trouble)
            return
        self._ready.extend(claims)
        self._more = self._more and bool(claims)
        self._claimed = asyncio.get_running_loop().time()

    def _age(self) -> float:
        return asyncio.get_running_loop().time() - self._claimed

    async def _give_back(self) -> None:
        leases = [claim.lease for claim in self._ready]
        self._ready.clear()
        log.info("%d feeds waited too long for their turn and are given back until the next round", len(leases))
        await self._in_writer(partial(self._ledger.give_back, leases))


class Desk:
    """Takes finished visits and has them written, those that end together in one transaction."""

    def __init__(self, ledger: Ledger, in_writer: InWriter, now: datetime, *, visitors: int) -> None:
        self.results: list[Result] = []
        self._ledger = ledger
        self._in_writer = in_writer
        self._now = now
        self._finished: list[Visited] = []
        self._weight = 0.0
        self._visitors = visitors
        self._some = asyncio.Event()
        self._enough = asyncio.Event()

    def add(self, visited: Visited) -> None:
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
                self.results += await self._in_writer(partial(self._ledger.write, visits, self._now))
