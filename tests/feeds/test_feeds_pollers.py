"""Several pollers on one store, pollers that die, and stores that cannot be written: nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from collecting_once import AT_ONCE, HOUR, MINUTE, NOON, a_feed, collecting, polled, stored
from loopback_source import START, hourly, rss, run, serving
from sqlalchemy import Engine, event

from feeds import store, visit
from feeds.database import open_engine, writing
from feeds.polling import Round
from feeds.store import Lease
from feeds.worker import Parser


def test_two_pollers_on_one_store_lose_and_double_nothing(engine: Engine) -> None:
    """Two collectors that start together visit every feed once and store every item once."""

    async def work() -> list[str]:
        async with serving() as source:
            feeds = [a_feed(source.says(f"/{n}", rss(hourly(5))), feed_id=f"f{n}") for n in range(12)]
            async with collecting(engine, *feeds) as one, collecting(engine, *feeds) as two:
                for number in range(3):
                    for n in range(12):
                        source.says(f"/{n}", rss(hourly(5, first=number)))
                    await asyncio.gather(*(each.poll_due(NOON + number * HOUR) for each in (one, two)))
                    # On PostgreSQL one may have looked while the other was still claiming.
                    await one.poll_due(NOON + number * HOUR)
            return source.paths()

    asked = run(work())
    assert len(asked) == 36
    items = stored(engine)
    assert len(items) == len({item.item_id for item in items}) == 12 * 7
    assert len(polled(engine)) == 36


def test_a_poller_that_lost_its_lease_writes_nothing(engine: Engine) -> None:
    """A visit that took longer than its lease, while another poller took over, leaves no trace and is reported."""

    async def work() -> Round:
        async with serving() as source:

            async def usurped(_request: web.Request) -> web.Response:
                with writing(engine) as connection:
                    connection.execute(store.LEASES.update().values(owner="heir", fence=store.LEASES.c.fence + 1))
                return web.Response(text=rss(hourly(3)))

            async with collecting(engine, a_feed(source.does("/rss", usurped))) as collector:
                return await collector.poll_due(NOON)

    round_ = run(work())
    assert round_.lost == ("news",)
    assert round_.polls == ()
    assert stored(engine) == []
    assert polled(engine) == []


def test_a_lost_lease_spoils_no_other_visit(engine: Engine) -> None:
    """Of many visits that are written together, the one whose lease was lost is left out and the others are kept."""

    async def work() -> Round:
        async with serving() as source:

            async def usurped(_request: web.Request) -> web.Response:
                with writing(engine) as connection:
                    lost = store.LEASES.update().where(store.LEASES.c.feed_id == "f3")
                    connection.execute(lost.values(owner="heir", fence=store.LEASES.c.fence + 1))
                return web.Response(text=rss(hourly(3)))

            feeds = [a_feed(source.says(f"/{n}", rss(hourly(3))), feed_id=f"f{n}") for n in range(8)]
            source.does("/3", usurped)
            async with collecting(engine, *feeds) as collector:
                return await collector.poll_due(NOON)

    round_ = run(work())
    assert round_.lost == ("f3",)
    assert [poll.feed_id for poll in round_.polls] == ["f0", "f1", "f2", "f4", "f5", "f6", "f7"]
    assert len(stored(engine)) == 21
    assert len(polled(engine)) == 7


def test_a_state_changed_by_another_poller_is_read_again(engine: Engine) -> None:
    """What one poller remembers of a feed gives way to what another has written since."""

    async def work() -> list[str | None]:
        async with serving() as source:
            feed = a_feed(source.base + "/rss")
            sent = []
            async with collecting(engine, feed) as one, collecting(engine, feed) as two:
                for number, collector in enumerate((one, two, one)):
                    source.says("/rss", rss(hourly(2, first=number)), ETag=f'"{number}"')
                    await collector.poll_due(NOON + number * HOUR)
                    sent.append(source.asked[-1].headers.get("If-None-Match"))
            return sent

    assert run(work()) == [None, '"0"', '"1"']


def test_an_address_corrected_during_a_visit_undoes_it(sqlite: Engine) -> None:
    """What was fetched at an address that the registry has left meanwhile is not written."""

    async def work() -> tuple[Round, Round]:
        async with serving() as source:
            asked, go = asyncio.Event(), asyncio.Event()

            async def stall(_request: web.Request) -> web.Response:
                asked.set()
                await go.wait()
                return web.Response(text=rss([("old", "From the old address", START)]))

            old = a_feed(source.does("/old", stall))
            new = a_feed(source.says("/new", rss([("new", "From the new one", START)])))
            async with collecting(sqlite, old) as one, collecting(sqlite, new) as two:
                visit_ = asyncio.create_task(one.poll_due(NOON))
                await asked.wait()
                after = await two.poll_due(NOON + MINUTE)
                go.set()
                return await visit_, after

    before, after = run(work())
    assert before.lost == ("news",)
    assert len(after.new_items) == 1
    assert [item.title for item in stored(sqlite)] == ["From the new one"]


def test_feeds_that_wait_too_long_for_their_turn_are_given_back(sqlite: Engine) -> None:
    """When slow visits keep others waiting until their leases near the end, those are free for the next round."""

    async def work() -> list[int]:
        async with serving() as source:

            async def slow(_request: web.Request) -> web.Response:
                await asyncio.sleep(0.4)
                return web.Response(text=rss(hourly(1)))

            feeds = [a_feed(source.does(f"/{n}", slow), feed_id=f"f{n}") for n in range(4)]
            hasty = replace(AT_ONCE, concurrency=1, lease_for=timedelta(seconds=1))
            async with collecting(sqlite, *feeds, settings=hasty) as collector:
                await Parser.warm(collector._parser)
                rounds = [await collector.poll_due(NOON) for _ in range(4)]
                assert not any(round_.lost for round_ in rounds)
                return [len(round_.polls) for round_ in rounds]

    counts = run(work())
    assert 0 < counts[0] < 4
    assert sum(counts) == 4


def test_a_killed_pollers_feed_passes_on(engine: Engine) -> None:
    """A poller that dies in the middle of a visit delays its feed by the lease, no longer, and loses nothing."""

    async def work() -> None:
        async with serving() as source:
            feed = a_feed(source.says("/rss", rss(hourly(3))))
            with writing(engine) as connection:
                store.add_states(connection, [visit.begin(feed, now=NOON)])
                dead = store.claim_due(
                    connection,
                    ["news"],
                    now=NOON,
                    owner="dead",
                    limit=1,
                    lease_for=timedelta(seconds=0.4),
                    spacing={},
                    default_spacing=timedelta(0),
                )
                assert isinstance(dead[0], Lease)
            async with collecting(engine, feed) as heir:
                assert (await heir.poll_due(NOON)).polls == ()
                await asyncio.sleep(0.5)
                assert len((await heir.poll_due(NOON)).new_items) == 3

    run(work())


KILLED = """
import asyncio, sys
from datetime import datetime, timedelta
from feeds.database import open_engine
from feeds.model import Feed
from feeds.polling import Collector, CollectorSettings

database, url, now = sys.argv[1:]
settings = CollectorSettings(allow_hosts=("127.0.0.1",), lease_for=timedelta(hours=1))
feed = Feed(feed_id="news", name="News", url=url)
asyncio.run(Collector(open_engine(database), [feed], settings).poll_due(datetime.fromisoformat(now)))
"""


def test_a_poller_killed_outright_loses_nothing(engine: Engine) -> None:
    """A process killed in the middle of a visit leaves a whole store, and its feed passes on at once to its successor.

    On the same machine, where it can be seen that the process is no more; elsewhere when its lease runs out.
    """

    async def work() -> int:
        async with serving() as source:
            asked, go = asyncio.Event(), asyncio.Event()

            async def stall(_request: web.Request) -> web.Response:
                asked.set()
                await go.wait()
                return web.Response(text=rss(hourly(3)))

            feed = a_feed(source.does("/rss", stall))
            address = engine.url.render_as_string(hide_password=False)
            victim = await asyncio.create_subprocess_exec(
                sys.executable, "-c", KILLED, address, feed.url, NOON.isoformat()
            )
            await asyncio.wait_for(asked.wait(), 60)
            victim.kill()
            await victim.wait()
            go.set()
            async with collecting(engine, feed) as heir:
                return len((await heir.poll_due(NOON + MINUTE)).new_items)

    assert run(work()) == 3
    assert len(polled(engine)) == 1


def test_stopping_in_the_middle_gives_the_leases_back(engine: Engine) -> None:
    """A poller stopped during a visit leaves its feeds free for the next one at once."""

    async def work() -> None:
        async with serving() as source:
            slow = asyncio.Event()

            async def wait(_request: web.Request) -> web.Response:
                slow.set()
                await asyncio.sleep(5)
                return web.Response()

            feed = a_feed(source.does("/rss", wait))
            async with collecting(engine, feed) as collector:
                task = asyncio.create_task(collector.poll_due(NOON))
                await slow.wait()
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            source.says("/rss", rss(hourly(2)))
            async with collecting(engine, feed) as heir:
                assert len((await heir.poll_due(NOON)).new_items) == 2

    run(work())


def test_a_store_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    """When the disk refuses, the round says so in a line, and the next one works when the disk does."""

    async def work() -> None:
        engine = open_engine(tmp_path / "x.db")
        async with serving() as source:
            feed = a_feed(source.says("/rss", rss(hourly(2))))
            async with collecting(engine, feed) as collector:
                (trouble,) = (await collector.poll_due(NOON)).trouble
                assert "no feed could be claimed" in trouble
                store.create_tables(engine)
                assert len((await collector.poll_due(NOON)).new_items) == 2

    run(work())


@pytest.mark.parametrize("how", ["max_page_count = {pages}", "query_only = ON"])
def test_a_disk_that_fills_during_a_visit_keeps_no_feed_waiting(tmp_path: Path, how: str) -> None:
    """What cannot be written is said in a line, and is fetched again with the next round, not when leases run out.

    Once the lease can be given back at once, for that takes no room; once nothing at all can be written.
    """
    engine = open_engine(tmp_path / "x.db")
    store.create_tables(engine)
    full = False

    @event.listens_for(engine, "checkout")
    def prepare(connection: Any, *_: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA {how.format(pages=pages)}" if full else "PRAGMA query_only = OFF")
        if not full:
            connection.execute("PRAGMA max_page_count = 1000000")

    async def work() -> None:
        nonlocal full
        async with serving() as source:

            async def fill(_request: web.Request) -> web.Response:
                nonlocal full
                full = True
                return web.Response(text=rss([(f"n{number}", "Words " * 500, None) for number in range(40)]))

            feed = a_feed(source.does("/rss", fill))
            async with collecting(engine, feed) as collector:
                (trouble,) = (await collector.poll_due(NOON)).trouble
                assert "could not be written" in trouble
                source.says("/rss", rss(hourly(2)))
                full = False
                if "query_only" not in how:
                    async with collecting(engine, feed) as another:
                        assert len((await another.poll_due(NOON)).new_items) == 2
                else:
                    assert len((await collector.poll_due(NOON)).new_items) == 2

    run(work())
    assert len(polled(engine)) == 1
    engine.dispose()


def test_an_outage_of_our_own_does_not_outlast_itself(sqlite: Engine) -> None:
    """When nobody answers us for hours, sources are asked every few minutes, so that the watch is whole soon after."""

    async def work() -> None:
        async with serving() as source:
            source.says("/rss", rss(hourly(1)))
        feeds = [a_feed(f"{source.base}/rss?{n}", feed_id=f"f{n}") for n in range(3)]
        async with collecting(sqlite, *feeds) as collector:
            now = NOON
            while now < NOON + 12 * HOUR:
                await collector.poll_due(now)
                due = collector.next_due_at()
                assert due is not None
                now = due
            assert now - NOON < 12 * HOUR + 10 * MINUTE

    run(work())
