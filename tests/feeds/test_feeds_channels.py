"""Channels and their previews: paging back to what was seen, gaps that are said, the other host, spacing."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from collecting_once import AT_ONCE, HOUR, MINUTE, NOON, a_feed, collecting, stored, visit_once
from loopback_source import START, Source, hourly, rss, run, serving
from sqlalchemy import Engine

from feeds.client import Client
from feeds.model import FeedKind, Outcome, Poll
from feeds.polling import Collector


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
