"""The collector against real servers on loopback: what is visited when, what is stored, and what survives."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from loopback_source import START, Source, hourly, rss, run, serving
from sqlalchemy import Engine, event

from feeds import store, visit
from feeds.client import Client
from feeds.database import open_engine, reading, writing
from feeds.ledger import BEGINNING
from feeds.model import Feed, FeedKind, Item, Outcome, Poll
from feeds.polling import Collector, CollectorSettings, Round
from feeds.store import Lease
from feeds.worker import Parser, WorkerLimits

NOON = START + timedelta(hours=4)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
AT_ONCE = CollectorSettings(allow_hosts=("127.0.0.1",), spacing={}, default_spacing=timedelta(0), workers=1)


def a_feed(url: str, **changes: object) -> Feed:
    """A feed polled every ten minutes."""
    plain = Feed(feed_id="news", name="News", url=url, interval=10 * MINUTE)
    return replace(plain, **changes)  # type: ignore[arg-type]


@asynccontextmanager
async def collecting(
    engine: Engine, *feeds: Feed, settings: CollectorSettings = AT_ONCE, parser: Parser | None = None
) -> AsyncIterator[Collector]:
    """A collector on these feeds."""
    async with Collector(engine, feeds, settings, parser=parser) as collector:
        yield collector


def stored(engine: Engine) -> list[Item]:
    """Every first sight, in the order of storing."""
    with reading(engine) as connection:
        return [item for _, item in store.items_after(connection, 0, limit=10_000)]


def polled(engine: Engine) -> list[Poll]:
    """Every visit."""
    with reading(engine) as connection:
        return store.polls_between(connection, BEGINNING, START + 999 * DAY)


async def visit_once(collector: Collector, now: datetime) -> Poll:
    """The one poll of a round."""
    round_ = await collector.poll_due(now)
    assert len(round_.polls) == 1, round_
    return round_.polls[0]


def test_a_first_visit_stores_items_and_one_poll(engine: Engine) -> None:
    """Every entry becomes an item known at the instant of the visit, oldest first, and the visit leaves one row."""

    async def work() -> None:
        async with serving() as source:
            feed = a_feed(source.says("/rss", rss(hourly(3))))
            async with collecting(engine, feed) as collector:
                assert collector.next_due_at() == BEGINNING
                round_ = await collector.poll_due(NOON)
                assert [item.title for item in round_.new_items] == [f"Message number {n}" for n in range(3)]
                assert collector.next_due_at() == NOON + 10 * MINUTE
                assert await collector.poll_due(NOON + 9 * MINUTE) == Round()

    run(work())
    assert {item.known_at for item in stored(engine)} == {NOON}
    (poll,) = polled(engine)
    assert (poll.outcome, poll.status, poll.entries, poll.new_items) == (Outcome.OK, 200, 3, 3)
    assert poll.newest_at == START + 2 * HOUR


def test_what_was_seen_is_never_new_again(engine: Engine) -> None:
    """Only what is really new comes out of a later visit, also after a restart."""

    async def work() -> list[int]:
        async with serving() as source:
            feed = a_feed(source.says("/rss", rss(hourly(3))))
            counts = []
            for number in range(3):
                source.says("/rss", rss(hourly(3, first=number)))
                async with collecting(engine, feed) as collector:
                    counts.append(len((await collector.poll_due(NOON + number * HOUR)).new_items))
            return counts

    assert run(work()) == [3, 1, 1]


def test_an_edit_is_kept_and_does_not_fire(engine: Engine) -> None:
    """A corrected message becomes a revision of its item; the item, its date and its number stay."""

    async def work() -> Round:
        async with serving() as source:
            feed = a_feed(source.says("/rss", rss([("a", "20 tanks", START)])))
            async with collecting(engine, feed) as collector:
                await collector.poll_due(NOON)
                source.says("/rss", rss([("a", "12 tanks", START)]))
                return await collector.poll_due(NOON + HOUR)

    edited = run(work())
    assert (edited.new_items, edited.edits) == ((), 1)
    (item,) = stored(engine)
    assert item.title == "20 tanks"
    with reading(engine) as connection:
        wordings = store.revisions_of(connection, item.item_id)
    assert [(w.title, w.revision, w.known_at) for w in wordings] == [
        ("20 tanks", 0, NOON),
        ("12 tanks", 1, NOON + HOUR),
    ]


def test_a_date_repaired_later_moves_nothing_silently(engine: Engine) -> None:
    """When a source gives a date later, or another one, a revision says so and the item stays where it was counted."""

    async def work() -> None:
        async with serving() as source:
            feed = a_feed(source.says("/rss", rss([("a", "Columns seen", None)])))
            async with collecting(engine, feed) as collector:
                assert (await visit_once(collector, NOON)).outcome is Outcome.UNDATED
                source.says("/rss", rss([("a", "Columns seen", START - 30 * DAY)]))
                assert (await collector.poll_due(NOON + HOUR)).edits == 1
                source.says("/rss", rss([("a", "Columns seen", None)]))
                assert (await collector.poll_due(NOON + 2 * HOUR)).edits == 0

    run(work())
    (item,) = stored(engine)
    assert item.published_at == NOON
    with reading(engine) as connection:
        assert [w.published_at for w in store.revisions_of(connection, item.item_id)] == [NOON, START - 30 * DAY]


def test_a_story_issued_again_under_a_new_id_is_the_same(engine: Engine) -> None:
    """Outlets that change the id of a story with every re-run do not make a new item of it; equal words later do."""

    async def work() -> list[int]:
        async with serving() as source:
            entry = rss([("a", "Columns seen", START)])
            feed = a_feed(source.says("/rss", entry))
            async with collecting(engine, feed) as collector:
                counts = [len((await collector.poll_due(NOON)).new_items)]
                again = entry.replace("<guid isPermaLink='false'>a", "<guid isPermaLink='false'>b")
                source.says("/rss", again)
                counts.append(len((await collector.poll_due(NOON + HOUR)).new_items))
                source.says("/rss", rss([("c", "Columns seen", START + HOUR)]))
                counts.append(len((await collector.poll_due(NOON + 2 * HOUR)).new_items))
                return counts

    # The second visit sees one entry that it knows by its words; the third one is a publication of its own.
    assert run(work()) == [1, 0, 1]


def test_304_and_an_equal_body_are_unchanged_and_cost_no_parsing(engine: Engine) -> None:
    """A source that says 304, or sends the same again, is read and has nothing new."""

    async def work() -> list[Poll]:
        async with serving() as source:

            async def answer(request: web.Request) -> web.Response:
                if request.headers.get("If-None-Match") == '"1"':
                    return web.Response(status=304)
                return web.Response(text=rss(hourly(3)), headers={"ETag": '"1"'})

            tagged = a_feed(source.does("/tagged", answer), feed_id="tagged")
            plain = a_feed(source.says("/plain", rss(hourly(3))), feed_id="plain")
            parser = Parser(size=1)
            async with collecting(engine, tagged, plain, parser=parser) as collector:
                await collector.poll_due(NOON)
                asked = parser._idle[0].asked
                round_ = await collector.poll_due(NOON + HOUR)
                assert parser._idle[0].asked == asked
                return list(round_.polls)

    plain, tagged = run(work())
    assert [(p.outcome, p.status, p.entries) for p in (plain, tagged)] == [
        (Outcome.UNCHANGED, 200, 3),
        (Outcome.UNCHANGED, 304, 3),
    ]
    assert plain.newest_at == START + 2 * HOUR


def test_once_a_week_a_source_is_asked_as_if_for_the_first_time(sqlite: Engine) -> None:
    """A server that answers 304 for ever is found out within a week."""

    async def work() -> None:
        async with serving() as source:

            async def stuck(request: web.Request) -> web.Response:
                if "If-None-Match" in request.headers:
                    return web.Response(status=304)
                return web.Response(text=rss(hourly(len(source.asked))), headers={"ETag": '"1"'})

            async with collecting(sqlite, a_feed(source.does("/rss", stuck))) as collector:
                outcomes = [(await visit_once(collector, NOON + n * DAY)).outcome for n in range(9)]
                assert outcomes == [Outcome.OK, *[Outcome.UNCHANGED] * 6, Outcome.OK, Outcome.UNCHANGED]

    run(work())


def test_a_last_modified_in_the_future_is_not_sent_back(sqlite: Engine) -> None:
    """A date of 2041 would make the server say 304 until then."""

    async def work() -> None:
        async with serving() as source:
            headers = {"Last_Modified": "Fri, 01 Mar 2041 00:00:00 GMT"}
            feed = a_feed(source.says("/rss", rss(hourly(2)), **headers))
            async with collecting(sqlite, feed) as collector:
                await collector.poll_due(NOON)
                await collector.poll_due(NOON + HOUR)
                assert "If-Modified-Since" not in source.asked[1].headers

    run(work())


def test_a_broken_page_is_broken_also_when_it_did_not_change(sqlite: Engine) -> None:
    """An unchanged document that could not be read is never reported as read, and is not parsed again."""

    async def work() -> list[Outcome]:
        async with serving() as source:
            feed = a_feed(source.says("/rss", "<html><body>Access denied</body></html>", ETag='"1"'))
            async with collecting(sqlite, feed) as collector:
                outcomes = []
                for number in range(3):
                    poll = await visit_once(collector, NOON + number * 12 * HOUR)
                    outcomes.append(poll.outcome)
                    assert poll.detail
                return outcomes

    assert run(work()) == [Outcome.FAILED] * 3


def test_an_empty_document_is_empty_until_it_is_filled(sqlite: Engine) -> None:
    """A feed without entries is not the same as a feed without news."""

    async def work() -> list[tuple[Outcome, int]]:
        async with serving() as source:
            feed = a_feed(source.says("/rss", rss(hourly(2))))
            async with collecting(sqlite, feed) as collector:
                found = [await visit_once(collector, NOON)]
                source.says("/rss", rss([]))
                found.append(await visit_once(collector, NOON + HOUR))
                found.append(await visit_once(collector, NOON + 2 * HOUR))
                source.says("/rss", rss(hourly(3)))
                found.append(await visit_once(collector, NOON + 3 * HOUR))
                return [(poll.outcome, poll.new_items) for poll in found]

    assert run(work()) == [(Outcome.OK, 2), (Outcome.EMPTY, 0), (Outcome.EMPTY, 0), (Outcome.OK, 1)]


def test_retry_after_is_kept_for_the_feed_and_its_host(sqlite: Engine) -> None:
    """A server that asks for an hour's patience gets it, from every feed of that host."""

    async def work() -> None:
        async with serving() as source:
            one = a_feed(source.says("/one", "", status=429, Retry_After="3600"), feed_id="one")
            two = a_feed(source.says("/two", rss(hourly(1))), feed_id="two", interval=30 * MINUTE)
            async with collecting(sqlite, one, two) as collector:
                await collector.poll_due(NOON)
                assert collector.next_due_at() == NOON + HOUR
                assert (await collector.poll_due(NOON + 59 * MINUTE)).polls == ()
                assert len((await collector.poll_due(NOON + HOUR)).polls) == 2

    run(work())


def test_failures_back_off_and_one_success_forgives(sqlite: Engine) -> None:
    """A failing source is asked ever more rarely but never given up, and is back to normal with its first answer."""

    async def work() -> None:
        async with serving() as source:
            feed = a_feed(source.says("/rss", "", status=500))
            async with collecting(sqlite, feed) as collector:
                now, waits = NOON, []
                for _ in range(12):
                    await visit_once(collector, now)
                    due = collector.next_due_at()
                    assert due is not None
                    waits.append(due - now)
                    now = due
                assert waits[0] < waits[4] < waits[6]
                assert max(waits) <= timedelta(hours=7.5)
                source.says("/rss", rss(hourly(2)))
                assert (await visit_once(collector, now)).outcome is Outcome.OK
                assert collector.next_due_at() == now + 10 * MINUTE

    run(work())


def test_410_twice_is_gone(sqlite: Engine) -> None:
    """One 410 may be a slip; two in a row mean that the source says good-bye, and it is still asked once a day."""

    async def work() -> None:
        async with serving() as source:
            feed = a_feed(source.says("/rss", "", status=410))
            async with collecting(sqlite, feed) as collector:
                assert (await visit_once(collector, NOON)).outcome is Outcome.FAILED
                gone = await visit_once(collector, NOON + HOUR)
                assert gone.outcome is Outcome.GONE
                assert "disable it in the registry" in gone.detail
                assert collector.next_due_at() == NOON + HOUR + DAY
                source.says("/rss", rss(hourly(1)))
                assert (await visit_once(collector, NOON + 2 * DAY)).outcome is Outcome.OK

    run(work())


def test_youtubes_404_is_never_gone(sqlite: Engine) -> None:
    """Its feeds answer 404 at random for hours: a failure, however often."""

    async def work() -> None:
        async with serving() as source:
            feed = a_feed(source.says("/videos.xml", "", status=404), kind=FeedKind.YOUTUBE)
            async with collecting(sqlite, feed) as collector:
                for number in range(4):
                    assert (await visit_once(collector, NOON + number * DAY)).outcome is Outcome.FAILED

    run(work())


def test_a_permanent_move_is_believed_after_a_week(sqlite: Engine) -> None:
    """For seven days we ask at the old address and follow; then the new one is asked, and the poll row says so."""

    async def work() -> list[str]:
        async with serving() as source:
            source.says("/new", rss(hourly(2)))
            feed = a_feed(source.says("/old", "", status=301, Location="/new"))
            async with collecting(sqlite, feed) as collector:
                for number in range(8):
                    await visit_once(collector, NOON + number * DAY)
                source.asked.clear()
                poll = await visit_once(collector, NOON + 8 * DAY)
                assert "put that address into the registry" in poll.detail
                return source.paths()

    assert run(work()) == ["/new"]


def test_a_new_address_in_the_registry_starts_afresh(sqlite: Engine) -> None:
    """When an officer corrects an address, nothing learned at the old one stands in the way."""

    async def work() -> None:
        async with serving() as source:
            old = a_feed(source.says("/old", "", status=410))
            async with collecting(sqlite, old) as collector:
                await collector.poll_due(NOON)
            async with collecting(sqlite, a_feed(source.says("/new", rss(hourly(1))))) as collector:
                assert collector.next_due_at() == BEGINNING
                assert (await visit_once(collector, NOON + MINUTE)).outcome is Outcome.OK

    run(work())


def message(number: int) -> str:
    """One message of a channel's preview."""
    at = (START + number * MINUTE).isoformat()
    return (
        f'<div class="tgme_widget_message_wrap js-widget_message_wrap"><div class="tgme_widget_message '
        f'js-widget_message" data-post="chan/{number}"><div class="tgme_widget_message_bubble">'
        f'<div class="tgme_widget_message_text js-message_text" dir="auto">Колонна №{number}</div>'
        f'<div class="tgme_widget_message_footer"><span class="tgme_widget_message_meta">'
        f'<a class="tgme_widget_message_date" href="https://t.me/chan/{number}"><time datetime="{at}" class="time">'
        f"08:00</time></a></span></div></div></div></div>"
    )


class Channel:
    """A channel's preview: twenty messages a page, older ones with ?before=."""

    def __init__(self, source: Source) -> None:
        self.last = 20
        self.url = source.does("/s/chan", self.answer)

    async def answer(self, request: web.Request) -> web.Response:
        """A page as the preview shows it."""
        before = int(request.query.get("before", self.last + 1))
        numbers = range(max(1, before - 20), before)
        first = numbers[0]
        more = f'href="/s/chan?before={first}" data-before="{first}"'
        older = f'<a class="tme_messages_more js-messages_more" {more}></a>'
        body = (older if numbers[0] > 1 else "") + "".join(message(number) for number in numbers)
        page = f'<html><head><link rel="canonical" href="/s/chan?before={before}"></head><body><main class="tgme_main">'
        page += f'<section class="tgme_channel_history js-message_history">{body}</section></main></body></html>'
        return web.Response(text=page, content_type="text/html")


def test_a_busy_channel_is_read_back_to_the_last_message_seen(engine: Engine) -> None:
    """Seventy messages between two visits are all stored, though a page shows twenty."""

    async def work() -> None:
        async with serving() as source:
            channel = Channel(source)
            feed = a_feed(channel.url, kind=FeedKind.TELEGRAM, languages=("ru",))
            async with collecting(engine, feed) as collector:
                assert len((await collector.poll_due(NOON)).new_items) == 20
                channel.last = 90
                round_ = await collector.poll_due(NOON + HOUR)
                assert len(round_.new_items) == 70
                assert round_.polls[0].detail == ""

    run(work())
    assert len(stored(engine)) == 90


def test_a_gap_that_pages_cannot_close_is_said(sqlite: Engine) -> None:
    """When even the oldest page followed is newer than what we know, the poll row says that messages are missing."""

    async def work() -> Poll:
        async with serving() as source:
            channel = Channel(source)
            feed = a_feed(channel.url, kind=FeedKind.TELEGRAM)
            async with collecting(sqlite, feed, settings=replace(AT_ONCE, pages=2)) as collector:
                await collector.poll_due(NOON)
                channel.last = 900
                return await visit_once(collector, NOON + HOUR)

    poll = run(work())
    assert poll.new_items == 60
    assert "messages are missing" in poll.detail


def test_a_page_that_fails_once_leaves_no_gap(sqlite: Engine) -> None:
    """When an older page cannot be read, all of it is asked for again; only when it fails again is the gap accepted."""

    async def work() -> None:
        async with serving() as source:
            channel = Channel(source)
            feed = a_feed(channel.url, kind=FeedKind.TELEGRAM)
            fails = 1

            async def shaky(request: web.Request) -> web.Response:
                nonlocal fails
                if "before" in request.query and fails:
                    fails -= 1
                    return web.Response(status=500)
                return await channel.answer(request)

            source.does("/s/chan", shaky)
            async with collecting(sqlite, feed) as collector:
                await collector.poll_due(NOON)
                channel.last = 90
                round_ = await collector.poll_due(NOON + HOUR)
                assert [poll.outcome for poll in round_.polls] == [Outcome.FAILED]
                assert "asked again soon" in round_.polls[0].detail
                assert len((await collector.poll_due(NOON + 2 * HOUR)).new_items) == 70
                channel.last, fails = 160, 2
                assert (await collector.poll_due(NOON + 4 * HOUR)).polls[0].outcome is Outcome.FAILED
                (poll,) = (await collector.poll_due(NOON + 5 * HOUR)).polls
                assert poll.outcome is Outcome.OK
                assert poll.new_items == 20
                assert "messages may be missing" in poll.detail

    run(work())


def test_a_channel_whose_preview_is_off_is_not_calm(sqlite: Engine) -> None:
    """A preview that sends us to the plain page shows nothing; that is its own state, not silence."""

    async def work() -> Poll:
        async with serving() as source:
            source.says("/chan", "")
            feed = a_feed(source.says("/s/chan", "", status=302, Location="/chan"), kind=FeedKind.TELEGRAM)
            async with collecting(sqlite, feed) as collector:
                return await visit_once(collector, NOON)

    assert run(work()).outcome is Outcome.PREVIEW_OFF


def test_channels_of_one_host_are_spaced_on_the_schedules_clock(sqlite: Engine) -> None:
    """Three feeds of one host are visited seconds apart in the schedule's time, in no real time at all."""

    async def work() -> list[datetime]:
        async with serving() as source:
            feeds = [a_feed(source.says(f"/{n}", rss(hourly(1))), feed_id=f"f{n}") for n in range(3)]
            settings = replace(AT_ONCE, default_spacing=timedelta(seconds=5))
            async with collecting(sqlite, *feeds, settings=settings) as collector:
                now, seen = NOON, []
                for _ in range(3):
                    seen += [poll.polled_at for poll in (await collector.poll_due(now)).polls]
                    due = collector.next_due_at()
                    assert due is not None
                    now = max(now, due)
                return seen

    assert run(work()) == [NOON + timedelta(seconds=5 * n) for n in range(3)]


def test_a_source_that_fails_stops_no_other(sqlite: Engine) -> None:
    """A bomb, a defect of the parser, a dead server and a private address leave the good source read."""

    async def work() -> dict[str, Outcome]:
        async with serving() as source:
            feeds = [
                a_feed(source.says("/good", rss(hourly(2))), feed_id="good"),
                a_feed(source.says("/big", b"x" * 9_000_000), feed_id="big"),
                a_feed("http://127.0.0.1:1/rss", feed_id="dead"),
                a_feed("http://10.0.0.1/rss", feed_id="private"),
                a_feed(source.base + "/manual", feed_id="manual", kind=FeedKind.MANUAL),
                a_feed(source.base + "/off", feed_id="off", enabled=False),
            ]
            async with collecting(sqlite, *feeds) as collector:
                return {poll.feed_id: poll.outcome for poll in (await collector.poll_due(NOON)).polls}

    assert run(work()) == {
        "good": Outcome.OK,
        "big": Outcome.REFUSED,
        "dead": Outcome.FAILED,
        "private": Outcome.REFUSED,
    }


def test_a_document_that_kills_its_reader_is_refused_once(sqlite: Engine) -> None:
    """The killed reader is replaced, the poll row says why, and the same document does not kill again."""

    async def work() -> list[Outcome]:
        async with serving() as source:
            feed = a_feed(source.says("/rss", b"spin"))
            here = str(Path(__file__).parent)
            limits = WorkerLimits(cpu_seconds=1)
            parser = Parser(size=1, limits=limits, target="hostile_parsers:parse", path=[here])
            async with collecting(sqlite, feed, parser=parser) as collector:
                first = await visit_once(collector, NOON)
                second = await visit_once(collector, NOON + HOUR)
                assert second.took < timedelta(seconds=0.5)
                assert first.detail == second.detail
                return [first.outcome, second.outcome]

    assert run(work()) == [Outcome.REFUSED, Outcome.REFUSED]


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


def test_a_guid_shared_by_two_stories_makes_neither_an_edit_of_the_other(engine: Engine) -> None:
    """Together, apart, and one after the other: each is stored once, and no words of one become words of the other."""

    def story(number: int, *, at: datetime | None = None) -> str:
        date = format_datetime(at or START + number * HOUR)
        return (
            f"<item><guid isPermaLink='false'>news</guid><title>Story {number}</title><pubDate>{date}</pubDate>"
            f"<link>https://news.example/{number}</link><description>Words of {number}.</description></item>"
        )

    def shows(*stories: str) -> str:
        return f"<rss version='2.0'><channel><title>News</title>{''.join(stories)}</channel></rss>"

    async def work() -> list[tuple[int, int]]:
        async with serving() as source:
            feed = a_feed(source.says("/rss", shows(story(1))))
            found = []
            async with collecting(engine, feed) as collector:
                for hour, stories in enumerate(
                    [
                        [story(1)],
                        [story(2), story(1)],
                        [story(2)],
                        [story(3)],
                        [story(4, at=START), story(5, at=START)],
                        [story(5, at=START)],
                        [story(4, at=START)],
                    ]
                ):
                    source.says("/rss", shows(*stories))
                    round_ = await collector.poll_due(NOON + hour * HOUR)
                    found.append((len(round_.new_items), round_.edits))
            return found

    assert run(work()) == [(1, 0), (1, 0), (0, 0), (1, 0), (2, 0), (0, 0), (0, 0)]


def test_a_source_that_never_held_anything_is_empty_and_suspect(sqlite: Engine) -> None:
    """No entries from the first visit on is no calm either: perhaps the address is wrong, and the row says so."""

    async def work() -> list[Poll]:
        async with serving() as source:
            feed = a_feed(source.says("/rss", rss([])))
            async with collecting(sqlite, feed) as collector:
                return [await visit_once(collector, NOON + hour * HOUR) for hour in range(3)]

    polls = run(work())
    assert {poll.outcome for poll in polls} == {Outcome.EMPTY}
    assert all("never held any" in poll.detail and poll.detail.count("never") == 1 for poll in polls)


def test_two_wordings_under_one_id_are_no_edit_at_every_visit(sqlite: Engine) -> None:
    """A document that repeats an id with other words does not make a revision of each visit."""

    async def work() -> list[int]:
        async with serving() as source:
            feed = a_feed(source.base + "/rss")
            edits = []
            async with collecting(sqlite, feed) as collector:
                for number in range(3):
                    twice = [("a", "first", START), ("a", "second", START), (f"n{number}", "other", START)]
                    source.says("/rss", rss(twice))
                    edits.append((await collector.poll_due(NOON + number * HOUR)).edits)
            return edits

    assert run(work()) == [0, 0, 0]


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


def test_a_channel_is_read_by_its_other_host_when_one_cannot_be_reached(sqlite: Engine) -> None:
    """Telegram's preview has two hosts; when one is gone from the network, the channel is still read, unchanged."""

    class OneHost(AbstractResolver):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            """Only the second host is there."""
            if host != "telegram.me":
                raise OSError(None, "no such name")
            return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0)]

        async def close(self) -> None:
            """Nothing is open."""

    async def work() -> Poll:
        async with serving() as source:
            port = urlsplit(Channel(source).url).port
            feed = a_feed(f"http://t.me:{port}/s/chan", kind=FeedKind.TELEGRAM)
            client = Client(allow_hosts=("127.0.0.1",), resolver=OneHost())
            async with Collector(sqlite, [feed], AT_ONCE, client=client) as collector:
                return await visit_once(collector, NOON)

    poll = run(work())
    assert (poll.outcome, poll.new_items) == (Outcome.OK, 20)


def test_looking_writes_nothing(sqlite: Engine) -> None:
    """A source can be tried before it is registered."""

    async def work() -> None:
        async with serving() as source:
            feed = a_feed(source.says("/rss", rss(hourly(2))))
            async with collecting(sqlite) as collector:
                finding = await collector.look(feed, now=NOON)
                assert (finding.outcome, len(finding.entries)) == (Outcome.OK, 2)
                assert collector.next_due_at() is None

    run(work())
    assert polled(sqlite) == []
