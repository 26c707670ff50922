"""Ten days of loopback sources that behave as real ones do, on an accelerated clock, against the server's own record.

Forty sources in the normal run, a thousand with VEDETTE_SOAK=full.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from loopback_source import START, run
from sqlalchemy import Engine

from feeds import health, store
from feeds.client import Client
from feeds.database import reading
from feeds.health import Condition
from feeds.model import Feed, Item, Poll
from feeds.polling import Collector, CollectorSettings

FULL = os.environ.get("VEDETTE_SOAK") == "full"
SOURCES = 1_000 if FULL else 40
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TICK = timedelta(minutes=30)
END = START + 10 * DAY
GAP = 6 * HOUR
"""Between two publications of a source."""
SHOWN = 14
CORRECTED_AFTER = 10 * HOUR
SPELL = (START + 4.5 * DAY, START + 5.5 * DAY)
MIDDLE = START + 5.4 * DAY
FROM_HERE = START + 6 * DAY
WELL = (Condition.OK, Condition.UNCHANGED)

AT_THE_END: dict[str, tuple[Condition, ...]] = {
    "tagged": WELL,
    "plain": WELL,
    "dated": WELL,
    "edited": WELL,
    "shuffled": WELL,
    "twins": WELL,
    "slow": WELL,
    "moved": WELL,
    "missing": WELL,
    "broken": WELL,
    "busy": WELL,
    "cut": WELL,
    "blocked_a_day": WELL,
    "undated": (Condition.UNDATED,),
    "silent": (Condition.SILENT,),
    "frozen": (Condition.FROZEN,),
    "emptied": (Condition.EMPTY,),
    "gone": (Condition.GONE,),
    "blocked": (Condition.FAILING,),
    "dead": (Condition.FAILING,),
}
IN_THE_MIDDLE = {
    "missing": (Condition.FAILING, "404"),
    "broken": (Condition.FAILING, "500"),
    "busy": (Condition.FAILING, "503"),
    "cut": (Condition.FAILING, ""),
    "blocked_a_day": (Condition.FAILING, ""),
    "dead": (Condition.FAILING, ""),
}


@dataclass
class Outlet:
    """One source: what it publishes follows from the clock, and what it gave away is written down."""

    name: str
    way: str
    asked: int = 0
    given: set[int] = field(default_factory=set)
    """Numbers of the publications in documents that were sent whole."""

    def visible(self, now: datetime) -> range:
        """Numbers of the newest publications at `now`; twins come two at a time."""
        if self.way in ("silent", "frozen"):
            now = min(now, START + 4 * DAY)
        last = 30 + (now - START) // GAP
        return range((last - SHOWN) & ~1, last & ~1)

    def entry(self, number: int, now: datetime) -> str:
        """One publication as it reads at `now`."""
        at = self.published_at(number)
        corrected = self.way == "edited" and number % 4 == 0 and now >= at + CORRECTED_AFTER
        guid = f"story-{number // 2}" if self.way == "twins" else f"n{number}"
        date = "" if self.way == "undated" else f"<pubDate>{format_datetime(at)}</pubDate>"
        return (
            f"<item><guid isPermaLink='false'>{guid}</guid><title>{self.title(number)}</title>"
            f"<link>https://{self.name}.example/{number}</link>{date}"
            f"<description>{'Corrected' if corrected else 'First'} words of {number}.</description></item>"
        )

    def published_at(self, number: int) -> datetime:
        """When a number came out: by pairs, so that no twin is ever alone in a document."""
        return START + (number // 2 * 2 - 29) * GAP

    def title(self, number: int) -> str:
        """Unlike every other title of every source."""
        return f"{self.name} reports matter {number}"

    def document(self, now: datetime) -> str:
        """The feed at `now`."""
        numbers = list(reversed(self.visible(now)))
        if self.way == "shuffled":
            random.Random(now.timestamp()).shuffle(numbers)
        if self.way == "emptied" and now >= FROM_HERE:
            numbers = []
        built = f"<lastBuildDate>{format_datetime(now)}</lastBuildDate>" if self.way == "silent" else ""
        items = "".join(self.entry(number, now) for number in numbers)
        return f"<rss version='2.0'><channel><title>{self.name}</title>{built}{items}</channel></rss>"


class Town:
    """The server of all outlets; the host that was asked for says which one is meant."""

    def __init__(self, count: int) -> None:
        ways = list(AT_THE_END)
        self.now = START
        self.outlets = {f"o{n}": Outlet(name=f"o{n}", way=ways[n % len(ways)]) for n in range(count)}

    async def answer(self, request: web.Request) -> web.StreamResponse:  # noqa: PLR0911 - each way is one line
        """As the outlet does at this time of the simulated days."""
        outlet, now = self.outlets[request.url.host.partition(".")[0]], self.now  # type: ignore[union-attr]
        outlet.asked += 1
        if SPELL[0] <= now < SPELL[1]:
            match outlet.way:
                case "missing":
                    return web.Response(status=404)
                case "broken":
                    return web.Response(status=500)
                case "busy":
                    return web.Response(status=503, headers={"Retry-After": "7200"})
                case "cut":
                    return await self.cut_short(request, outlet)
                case "blocked_a_day":
                    return web.Response(text="<html><body>Are you human?</body></html>", content_type="text/html")
        if now >= FROM_HERE:
            match outlet.way:
                case "gone":
                    return web.Response(status=410)
                case "blocked":
                    return web.Response(text="<html><body>Access denied</body></html>", content_type="text/html")
        match outlet.way:
            case "slow":
                await asyncio.sleep(0.02)
            case "moved" if request.path == "/rss":
                outlet.asked -= 1
                return web.Response(status=301, headers={"Location": "/new"})
        return self.whole(request, outlet)

    def whole(self, request: web.Request, outlet: Outlet) -> web.Response:
        """The document, or that it has not changed."""
        body = outlet.document(self.now)
        headers = {}
        if outlet.way in ("tagged", "frozen", "cut", "missing"):
            headers["ETag"] = f'"{hashlib.blake2b(body.encode(), digest_size=8).hexdigest()}"'
        if outlet.way == "dated":
            headers["Last-Modified"] = format_datetime(outlet.published_at(outlet.visible(self.now)[-1]), usegmt=False)
        asked = {
            "ETag": request.headers.get("If-None-Match"),
            "Last-Modified": request.headers.get("If-Modified-Since"),
        }
        if any(asked[name] == value for name, value in headers.items()):
            return web.Response(status=304, headers=headers)
        if "<item>" in body:
            outlet.given.update(outlet.visible(self.now))
        return web.Response(text=body, content_type="application/rss+xml", headers=headers)

    async def cut_short(self, request: web.Request, outlet: Outlet) -> web.StreamResponse:
        """Half a document, and then nothing."""
        body = outlet.document(self.now).encode()
        answer = web.StreamResponse(headers={"Content-Length": str(len(body))})
        await answer.prepare(request)
        await answer.write(body[: len(body) // 2])
        assert request.transport is not None
        request.transport.abort()
        return answer


class Everywhere(AbstractResolver):
    """Every name is on loopback, except the dead ones."""

    def __init__(self, dead: set[str]) -> None:
        self.dead = dead

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host in self.dead:
            raise OSError(None, "no such name")
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        pass


def named(engine: Engine, feeds: list[Feed], now: datetime) -> dict[str, health.Health]:
    """The health page at `now`."""
    with reading(engine) as connection:
        polls = store.polls_between(connection, START - DAY, now + TICK)
        published = store.item_times(connection, since=START - 30 * DAY, as_of=now)
    return {row.feed_id: row for row in health.assess(feeds, polls, published, now=now)}


def everything(engine: Engine) -> Iterator[Item]:
    """Every first sight."""
    last = 0
    with reading(engine) as connection:
        while rows := store.items_after(connection, last, limit=5_000):
            last = rows[-1][0]
            yield from (item for _, item in rows)


async def ten_days(engine: Engine, town: Town) -> tuple[dict[str, health.Health], dict[str, health.Health], list[Poll]]:
    """Run the days; the health page in the middle of the trouble, that of the end, and every poll."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", town.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    feeds = [
        Feed(feed_id=outlet.name, name=outlet.name, url=f"http://{outlet.name}.example:{port}/rss", interval=6 * HOUR)
        for outlet in town.outlets.values()
    ]
    dead = {f"{outlet.name}.example" for outlet in town.outlets.values() if outlet.way == "dead"}
    client = Client(allow_hosts=("*.example",), resolver=Everywhere(dead))
    middle: dict[str, health.Health] = {}
    polls: list[Poll] = []
    try:
        async with Collector(engine, feeds, CollectorSettings(), client=client) as collector:
            while town.now < END:
                round_ = await collector.poll_due(town.now)
                polls += round_.polls
                assert not round_.trouble
                assert not round_.lost
                if not middle and town.now >= MIDDLE:
                    middle = named(engine, feeds, town.now)
                due = collector.next_due_at()
                assert due is not None
                # The clock goes by ticks, as a scheduler does: what became due meanwhile is visited together.
                town.now += max(-(-(due - town.now) // TICK), 1) * TICK
        return middle, named(engine, feeds, END), polls
    finally:
        await runner.cleanup()


def test_ten_days_lose_and_double_nothing(sqlite: Engine) -> None:
    """Whatever sources do in ten days, every publication they gave away is stored once, and each fault has its name."""
    town = Town(SOURCES)
    middle, end, polls = run(ten_days(sqlite, town))
    stored: dict[str, list[Item]] = {name: [] for name in town.outlets}
    for item in everything(sqlite):
        stored[item.source].append(item)
    visits = Counter(poll.feed_id for poll in polls)
    wrong: list[str] = []
    for name, outlet in town.outlets.items():
        titles = Counter(item.title for item in stored[name])
        wanted = {outlet.title(number) for number in outlet.given}
        lost, doubled = wanted - titles.keys(), [title for title, count in titles.items() if count > 1]
        if lost or doubled or titles.keys() - wanted:
            wrong.append(f"{outlet.way} {name}: lost {sorted(lost)[:3]}, doubled {doubled[:3]}")
        if outlet.given and outlet.given != set(range(min(outlet.given), max(outlet.given) + 1)):
            wrong.append(f"{outlet.way} {name}: publications passed by between two visits")
        if outlet.way != "dead" and visits[name] != outlet.asked:
            wrong.append(f"{outlet.way} {name}: {visits[name]} poll rows, asked {outlet.asked} times")
        if end[name].condition not in AT_THE_END[outlet.way]:
            wrong.append(f"{outlet.way} {name}: {end[name].condition} ({end[name].detail}) at the end")
        condition, word = IN_THE_MIDDLE.get(outlet.way, (None, ""))
        if condition is not None and (middle[name].condition is not condition or word not in middle[name].detail):
            wrong.append(f"{outlet.way} {name}: {middle[name].condition} ({middle[name].detail}) in the middle")
        if (
            outlet.way not in IN_THE_MIDDLE
            and outlet.way not in ("silent", "frozen")
            and not middle[name].condition.well
        ):
            wrong.append(f"{outlet.way} {name}: {middle[name].condition} in the middle, though nothing ailed it")
    wrong += edits_amiss(sqlite, town, stored)
    assert not wrong, "\n".join(wrong)
    assert sum(visits.values()) > 30 * SOURCES
    print(f"\n{len(polls):,d} polls of {SOURCES:,d} sources, {sum(map(len, stored.values())):,d} items")


def edits_amiss(engine: Engine, town: Town, stored: dict[str, list[Item]]) -> Iterator[str]:
    """Corrections that are no revision, and revisions that are no correction."""
    with reading(engine) as connection:
        for name, outlet in town.outlets.items():
            for item in stored[name]:
                number = int(item.title.rpartition(" ")[2])
                at = outlet.published_at(number)
                words = [revision.text.split()[0] for revision in store.revisions_of(connection, item.item_id)]
                if outlet.way != "edited" or number % 4:
                    right = words == ["First"]
                elif at < START or at + CORRECTED_AFTER > END - 7 * HOUR:
                    # Corrected before the first visit, or perhaps after the last.
                    right = words in (["First"], ["Corrected"], ["First", "Corrected"])
                else:
                    right = words == ["First", "Corrected"]
                if not right:
                    yield f"{outlet.way} {name}: wordings of {number} are {words}"
