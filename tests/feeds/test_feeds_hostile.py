"""Hostile sources through the whole collector: each is answered with a line, and the others are read as ever."""

from __future__ import annotations

import asyncio
import gzip
import os
import resource
import socket
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from bounded_work import WORK_S
from loopback_source import Source, hourly, rss, run, serving
from sqlalchemy import Engine

from feeds.client import Client, Limits
from feeds.model import Feed, Outcome, Poll
from feeds.polling import Collector, CollectorSettings

NOON = datetime(2022, 1, 12, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROOM = 300
"""MiB by which the poller may grow, whatever it is sent."""


def around(inside: str) -> str:
    return f"<rss version='2.0'><channel><title>x</title><item><title>t</title>{inside}</item></channel></rss>"


ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
BILLION_LAUGHS = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY e0 "ha">{ENTITIES}]>' + around("<link>&e11;</link>")
LONG_ENTITY = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "{"a" * 100_000}">]>' + around(
    f"<description>{'&a;' * 50_000}</description>"
)
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + around(
    "<description>&x;</description>"
)
COMMENTS = around(f"<description><![CDATA[{'<!--' * 50_000}]]></description>")
NESTED = around("<a>" * 100_000 + "</a>" * 100_000)
NESTED_MARKUP = around(f"<description><![CDATA[{'<b>' * 100_000}]]></description>")
NESTED_JSON = '{"version":"https://jsonfeed.org/version/1.1","items":' + "[" * 100_000 + "]" * 100_000 + "}"
OPEN_LINKS = around(f"<description><![CDATA[{'<a href=&quot;x' * 100_000}]]></description>")
TEN_MEGABYTES = "<rss version='2.0'><channel>" + "<item><title>x</title></item>" * 370_000 + "</channel></rss>"
JUST_UNDER = "<rss version='2.0'><channel>" + "<item><title>x</title></item>" * 280_000 + "</channel></rss>"

DOCUMENTS = {
    "billion_laughs": BILLION_LAUGHS,
    "long_entity": LONG_ENTITY,
    "outside_entity": OUTSIDE,
    "comments": COMMENTS,
    "nested": NESTED,
    "nested_markup": NESTED_MARKUP,
    "nested_json": NESTED_JSON,
    "open_links": OPEN_LINKS,
    "ten_megabytes": TEN_MEGABYTES,
    "just_under": JUST_UNDER,
}
PACKED = gzip.compress(bytes(512 * 1024 * 1024), 1)


class Inside(AbstractResolver):
    """Names lead to this machine, but those of `inside` to a private network."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        address = "10.1.2.3" if host.endswith(".inside") else "127.0.0.1"
        return [ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        pass


def computing(collector: Collector) -> float:
    """Seconds of computing of this process, of its readers, and of those that had to be stopped."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = time.process_time() + ended.ru_utime + ended.ru_stime
    for worker in collector._parser._idle:
        stat = Path(f"/proc/{worker.process.pid}/stat")
        if stat.exists():
            seconds += sum(map(int, stat.read_text().rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")
    return seconds


async def drip(request: web.Request) -> web.StreamResponse:
    """A byte now and then, for ever."""
    answer = web.StreamResponse(headers={"Content-Length": "100000"})
    await answer.prepare(request)
    for _ in range(1_000):
        await answer.write(b" ")
        await asyncio.sleep(0.1)
    return answer


def offered(source: Source, good: str) -> dict[str, str]:
    """The addresses of every hostile source, by name."""
    port = source.base.rpartition(":")[2]
    whole = gzip.compress(good.encode())
    urls = {name: source.says(f"/{name}", body) for name, body in DOCUMENTS.items()}
    urls["zip_bomb"] = source.says("/bomb", PACKED, Content_Encoding="gzip")
    urls["half_packed"] = source.says("/half", whole[: len(whole) // 2], Content_Encoding="gzip")
    urls["to_private"] = source.says("/to", "", status=302, Location="http://192.168.1.1/rss")
    urls["to_metadata"] = source.says("/meta", "", status=302, Location="http://169.254.169.254/latest/")
    urls["to_file"] = source.says("/file", "", status=302, Location="file:///etc/passwd")
    urls["name_of_private"] = f"http://news.inside:{port}/rss"
    urls["drip"] = source.does("/drip", drip)
    urls["year_2041"] = source.says("/2041", good, Last_Modified="Tue, 01 Jan 2041 00:00:00 GMT")
    return urls


SAYS = {
    "zip_bomb": (Outcome.REFUSED, "larger than 8 MiB"),
    "ten_megabytes": (Outcome.REFUSED, "larger than 8 MiB"),
    "half_packed": (Outcome.FAILED, "cut short"),
    "to_private": (Outcome.REFUSED, "192.168.1.1 is not a public address"),
    "to_metadata": (Outcome.REFUSED, "169.254.169.254 is not a public address"),
    "to_file": (Outcome.REFUSED, "only http and https"),
    "name_of_private": (Outcome.REFUSED, "10.1.2.3, which is not a public address"),
    "drip": (Outcome.FAILED, "no complete answer within 1 s"),
    "year_2041": (Outcome.OK, ""),
}


def test_every_hostile_source_is_a_line_and_hurts_nobody(sqlite: Engine) -> None:
    """Bombs, depths, lengths, drips and doors to the inside: bounded work, bounded memory, and a good source read."""

    async def one(collector: Collector, feeds: Iterable[Feed], now: datetime) -> tuple[tuple[Poll, ...], float]:
        collector.replace_feeds(feeds)
        began = computing(collector)
        return (await collector.poll_due(now)).polls, computing(collector) - began

    async def work() -> None:
        async with serving() as source:
            fine = rss(hourly(5))
            urls = offered(source, fine)
            good = Feed(feed_id="good", name="Good", url=source.says("/good", fine), interval=HOUR)
            client = Client(
                allow_hosts=("127.0.0.1", "*.example"),
                resolver=Inside(),
                limits=Limits(total_within=timedelta(seconds=1)),
            )
            patient = Client(allow_hosts=("127.0.0.1", "*.example"), resolver=Inside())
            settings = CollectorSettings(spacing={}, default_spacing=timedelta(0), workers=1)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            async with Collector(sqlite, [], settings, client=patient) as collector:
                for number, (name, url) in enumerate(urls.items()):
                    feed = Feed(feed_id=name, name=name, url=url)
                    now = NOON + number * HOUR
                    if name == "drip":
                        async with Collector(sqlite, [], settings, client=client) as hasty:
                            polls, spent = await one(hasty, [feed], now)
                    else:
                        polls, spent = await one(collector, [feed, good], now)
                        assert {poll.outcome for poll in polls if poll.feed_id == "good"} <= {
                            Outcome.OK,
                            Outcome.UNCHANGED,
                        }
                    (poll,) = [poll for poll in polls if poll.feed_id == name]
                    outcome, says = SAYS.get(name, (poll.outcome, ""))
                    assert (poll.outcome, says in poll.detail) == (outcome, True), (name, poll)
                    assert "root:" not in poll.detail
                    assert spent < WORK_S, (name, spent)
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
            assert grown < ROOM, f"the poller grew by {grown} MiB"

    run(work())
