"""Ten days of loopback sources that behave as real ones do, on an accelerated clock, against the server's own record.

One source a way of failing in the normal run, a thousand with VEDETTE_SOAK=full.
"""

from __future__ import annotations

import os
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from aiohttp import web
from loopback_source import START, run
from soak_town import (
    AT_THE_END,
    CORRECTED_AFTER,
    DAY,
    END,
    HOUR,
    IN_THE_MIDDLE,
    MIDDLE,
    NEVER_ANSWER,
    Everywhere,
    Outlet,
    Town,
)
from sqlalchemy import Engine, select

from feeds import health, store
from feeds.client import Client, Limits
from feeds.database import reading
from feeds.health import Health
from feeds.model import Feed, FeedKind, Item, Poll
from feeds.polling import Collector, CollectorSettings

FULL = os.environ.get("VEDETTE_SOAK") == "full"
# One platform is at fault only when two of its sources are: the first way comes round again.
SOURCES = 1_000 if FULL else len(AT_THE_END) + 1
TICK = timedelta(minutes=30)
DRIPS_WITHIN = timedelta(seconds=10 if FULL else 2)
"""Real time; wide enough that a busy machine, which serves the whole town too, does not pass for a slow source."""


def named(engine: Engine, feeds: list[Feed], now: datetime) -> dict[str, Health]:
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


async def ten_days(engine: Engine, town: Town) -> tuple[dict[str, Health], dict[str, Health], list[Poll]]:
    """Run the days; the health page in the middle of the trouble, that of the end, and every poll."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", town.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    feeds = [outlet.feed(runner.addresses[0][1]) for outlet in town.outlets.values()]
    dead = {outlet.host for outlet in town.outlets.values() if outlet.way == "dead"}
    limits = Limits(total_within=DRIPS_WITHIN)
    client = Client(allow_hosts=("*.example",), resolver=Everywhere(dead), limits=limits)
    middle: dict[str, Health] = {}
    polls: list[Poll] = []
    try:
        async with Collector(engine, feeds, CollectorSettings(concurrency=32), client=client) as collector:
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
    began, computing = time.monotonic(), time.process_time()
    middle, end, polls = run(ten_days(sqlite, town))
    took, computing = time.monotonic() - began, time.process_time() - computing
    stored: dict[str, list[Item]] = {name: [] for name in town.outlets}
    for item in everything(sqlite):
        stored[item.source].append(item)
    visits = Counter(poll.feed_id for poll in polls)
    wrong: list[str] = []
    for name, outlet in town.outlets.items():
        known = f"{outlet.way} {name}"
        wrong += [f"{known}: {what}" for what in losses(outlet, stored[name])]
        wrong += [f"{known}: {what}" for what in misnomers(outlet, middle[name], end[name])]
        if outlet.way not in NEVER_ANSWER and visits[name] != outlet.asked:
            wrong.append(f"{known}: {visits[name]} poll rows, asked {outlet.asked} times")
        if outlet.way == "moved" and outlet.asked_at_old_at > START + 7 * DAY + 12 * HOUR:
            wrong.append(f"{known}: still asked at its old address on {outlet.asked_at_old_at}")
        if outlet.way == "stuck" and not any(item.known_at > START + 6 * DAY for item in stored[name]):
            wrong.append(f"{known}: its stuck cache was not found out within a week")
    wrong += edits_amiss(sqlite, town, stored)
    assert not wrong, "\n".join(wrong)
    assert sum(visits.values()) > 30 * SOURCES
    workers = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"\n{len(polls):,d} polls of {SOURCES:,d} sources, {sum(map(len, stored.values())):,d} items, "
        f"{took:.0f} s; computing {computing:.0f} s with the server's, readers "
        f"{workers.ru_utime + workers.ru_stime:.0f} s; "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB, a reader {workers.ru_maxrss // 1024} MiB"
    )


def losses(outlet: Outlet, stored: list[Item]) -> Iterator[str]:
    """What the server gave away and the store lacks, or has twice, or has from nowhere."""
    titles = Counter(item.title or item.text for item in stored)
    wanted = {outlet.title(number) for number in outlet.given}
    lost, doubled = wanted - titles.keys(), [title for title, count in titles.items() if count > 1]
    if lost or doubled or titles.keys() - wanted:
        yield f"lost {sorted(lost)[:3]}, doubled {doubled[:3]}, invented {sorted(titles.keys() - wanted)[:3]}"
    if outlet.way != "stuck" and outlet.given and outlet.given != set(range(min(outlet.given), max(outlet.given) + 1)):
        yield "publications passed by between two visits"


def misnomers(outlet: Outlet, middle: Health, end: Health) -> Iterator[str]:
    """Where the health page calls a fault by a wrong name, or sees one where there is none."""
    if end.condition not in AT_THE_END[outlet.way]:
        yield f"{end.condition} ({end.detail}) at the end"
    condition, word = IN_THE_MIDDLE.get(outlet.way, (None, ""))
    if condition is None and not middle.condition.well:
        yield f"{middle.condition} ({middle.detail}) in the middle, though nothing ailed it"
    if condition is not None and (middle.condition is not condition or word not in middle.detail):
        yield f"{middle.condition} ({middle.detail}) in the middle"


def edits_amiss(engine: Engine, town: Town, stored: dict[str, list[Item]]) -> Iterator[str]:
    """Corrections that are no revision, and revisions that are no correction."""
    later: defaultdict[str, list[str]] = defaultdict(list)
    with reading(engine) as connection:
        columns = store.REVISIONS.c.item_id, store.REVISIONS.c.text
        for item_id, text in connection.execute(select(*columns).order_by(store.REVISIONS.c.revision)):
            later[item_id].append(text.partition(" ")[0])
    for name, outlet in town.outlets.items():
        for item in stored[name]:
            number = int((item.title or item.text).rpartition(" ")[2])
            at = outlet.published_at(number)
            words = [item.text.partition(" ")[0], *later[item.item_id]]
            if outlet.kind not in (FeedKind.SYNDICATION, FeedKind.YOUTUBE):
                right = len(words) == 1
            elif outlet.way != "edited" or number % 4:
                right = words == ["First"]
            elif at < START or at + CORRECTED_AFTER > END - 7 * HOUR:
                # Corrected before the first visit, or perhaps after the last.
                right = words in (["First"], ["Corrected"], ["First", "Corrected"])
            else:
                right = words == ["First", "Corrected"]
            if not right:
                yield f"{outlet.way} {name}: wordings of {number} are {words}"
