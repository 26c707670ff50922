"""A town of outlets for the soak: what each publishes follows from the clock, and what it gave away is written down."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import random
import socket
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import cache

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from loopback_source import START

from feeds.health import Condition
from feeds.model import Feed, FeedKind

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
END = START + 10 * DAY
GAP = 6 * HOUR
"""Between two publications of a source; they come in pairs."""
SHOWN = 14
PAGE = 20
"""Messages on one page of a channel's preview."""
BURST = 70
BURSTS = (START + 3.3 * DAY, START + 7.7 * DAY)
CORRECTED_AFTER = 10 * HOUR
SPELL = (START + 4.5 * DAY, START + 5.5 * DAY)
MIDDLE = START + 5.4 * DAY
FROM_HERE = START + 6 * DAY
WELL = (Condition.OK, Condition.UNCHANGED)
FAILING = (Condition.FAILING,)

AT_THE_END: dict[str, tuple[Condition, ...]] = {
    "youtube": WELL,
    "tagged": WELL,
    "plain": WELL,
    "dated": WELL,
    "edited": WELL,
    "shuffled": WELL,
    "twins": WELL,
    "reissued": WELL,
    "slow": WELL,
    "moved": WELL,
    "channel": WELL,
    "missing": WELL,
    "broken": WELL,
    "busy": WELL,
    "limited": WELL,
    "cut": WELL,
    "half_packed": WELL,
    "bomb": WELL,
    "dripping": WELL,
    "blocked_a_day": WELL,
    "undated": (Condition.UNDATED,),
    "silent": (Condition.SILENT,),
    "frozen": (Condition.FROZEN,),
    "stuck": (Condition.FROZEN,),
    "emptied": (Condition.EMPTY,),
    "gone": (Condition.GONE,),
    "preview_off": (Condition.PREVIEW_OFF,),
    "redesigned": (Condition.LAYOUT_CHANGED,),
    "blocked": FAILING,
    "to_inside": FAILING,
    "inside": FAILING,
    "dead": FAILING,
}
IN_THE_MIDDLE = {
    "missing": (Condition.FAILING, "404"),
    "broken": (Condition.FAILING, "500"),
    "busy": (Condition.FAILING, "503"),
    "limited": (Condition.FAILING, "429"),
    "cut": (Condition.FAILING, ""),
    "half_packed": (Condition.FAILING, "cut short"),
    "bomb": (Condition.FAILING, "larger than"),
    "dripping": (Condition.FAILING, "no complete answer"),
    "youtube": (Condition.PLATFORM_FAULT, "every YouTube source fails"),
    "blocked_a_day": (Condition.FAILING, ""),
    "inside": (Condition.FAILING, "not a public address"),
    "dead": (Condition.FAILING, "no such name"),
    "silent": (Condition.SILENT, "rhythm"),
    "frozen": (Condition.FROZEN, "rhythm"),
    "stuck": (Condition.FROZEN, "rhythm"),
    "undated": (Condition.UNDATED, ""),
}
NEVER_ANSWER = ("dead", "inside")
KINDS = {
    "channel": FeedKind.TELEGRAM,
    "preview_off": FeedKind.TELEGRAM,
    "youtube": FeedKind.YOUTUBE,
    "redesigned": FeedKind.RELEASE_PAGE,
}
PACKED_NOTHING = gzip.compress(bytes(9 * 1024 * 1024))


@cache
def instants(channel: bool) -> tuple[datetime, ...]:
    """When the publications of a source come out, by number; a channel has bursts besides."""
    times = [START + (number // 2 * 2 - 29) * GAP for number in range(30 + (END - START) // GAP)]
    if channel:
        times += [burst + number * (HOUR / BURST) for burst in BURSTS for number in range(BURST)]
    return tuple(sorted(times))


@dataclass
class Outlet:
    """One source."""

    name: str
    way: str
    number: int
    asked: int = 0
    asked_at_old_at: datetime = START
    given: set[int] = field(default_factory=set)
    """Numbers of the publications in documents that were sent whole."""

    @property
    def kind(self) -> FeedKind:
        """How its documents are read."""
        return KINDS.get(self.way, FeedKind.SYNDICATION)

    @property
    def host(self) -> str:
        """Where it is asked; names under `inside` lead to a private network."""
        return f"{self.name}.{'inside' if self.way == 'inside' else 'example'}"

    def feed(self, port: int) -> Feed:
        """Its registry entry."""
        path = f"s/{self.name}" if self.kind is FeedKind.TELEGRAM else "rss"
        selectors = {"item": "li.news", "title": "h3", "link": "a", "date": "time"}
        return Feed(
            feed_id=self.name,
            name=self.name,
            url=f"http://{self.host}:{port}/{path}",
            kind=self.kind,
            interval=GAP,
            selectors=selectors if self.kind is FeedKind.RELEASE_PAGE else {},
        )

    def published_at(self, number: int) -> datetime:
        """When a number came out: by pairs, so that no twin is ever alone in a document."""
        return instants(self.way == "channel")[number]

    def visible(self, now: datetime) -> range:
        """Numbers of the newest publications at `now`; twins come two at a time."""
        if self.way in ("silent", "frozen"):
            now = min(now, START + 4 * DAY)
        last = sum(at <= now for at in instants(self.way == "channel"))
        return range(0, last) if self.kind is FeedKind.TELEGRAM else range(last - SHOWN, last)

    def title(self, number: int) -> str:
        """What a publication is told apart by."""
        return f"Message of {self.name} number {number}"

    def entry(self, number: int, now: datetime) -> str:
        """One publication as it reads at `now`."""
        at = self.published_at(number)
        if self.kind is FeedKind.RELEASE_PAGE:
            mark = "news" if now < FROM_HERE else "card"
            words = f"<a href='/{number}'><h3>{self.title(number)}</h3></a><time datetime='{at.isoformat()}'></time>"
            return f"<li class='{mark}'>{words}</li>"
        corrected = self.way == "edited" and number % 4 == 0 and now >= at + CORRECTED_AFTER
        guid = {"twins": f"story-{number // 2}", "reissued": f"n{number}-{now.date()}"}.get(self.way, f"n{number}")
        date = "" if self.way == "undated" else f"<pubDate>{format_datetime(at)}</pubDate>"
        return (
            f"<item><guid isPermaLink='false'>{guid}</guid><title>{self.title(number)}</title>"
            f"<link>https://{self.name}.example/{number}</link>{date}"
            f"<description>{'Corrected' if corrected else 'First'} words of {number}.</description></item>"
        )

    def document(self, now: datetime) -> str:
        """What the address shows at `now`."""
        numbers = list(reversed(self.visible(now)))
        if self.way == "shuffled":
            random.Random(now.timestamp()).shuffle(numbers)
        if self.way == "emptied" and now >= FROM_HERE:
            numbers = []
        items = "".join(self.entry(number, now) for number in numbers)
        if self.kind is FeedKind.RELEASE_PAGE:
            return f"<!doctype html><html><head><title>{self.name}</title></head><body><ul>{items}</ul></body></html>"
        built = f"<lastBuildDate>{format_datetime(now)}</lastBuildDate>" if self.way == "silent" else ""
        return f"<rss version='2.0'><channel><title>{self.name}</title>{built}{items}</channel></rss>"

    def page(self, before: int | None, now: datetime) -> tuple[range, str]:
        """One page of a channel's preview, as it shows it."""
        last = len(self.visible(now)) if before is None else before
        numbers = range(max(0, last - PAGE), last)
        older = f"/s/{self.name}?before={numbers[0]}"
        more = f'<a class="tme_messages_more js-messages_more" href="{older}" data-before="{numbers[0]}"></a>'
        body = "".join(self.message(number) for number in numbers)
        frame = '<main class="tgme_main"><section class="tgme_channel_history js-message_history">'
        return numbers, f"<html><body>{frame}{more if numbers[0] else ''}{body}</section></main></body></html>"

    def message(self, number: int) -> str:
        """One message of a preview; the numbers of messages begin with 1."""
        place = f"{self.name}/{number + 1}"
        return (
            f'<div class="tgme_widget_message_wrap js-widget_message_wrap"><div class="tgme_widget_message '
            f'js-widget_message" data-post="{place}"><div class="tgme_widget_message_bubble">'
            f'<div class="tgme_widget_message_text js-message_text" dir="auto">{self.title(number)}</div>'
            f'<div class="tgme_widget_message_footer"><span class="tgme_widget_message_meta">'
            f'<a class="tgme_widget_message_date" href="https://t.me/{place}">'
            f'<time datetime="{self.published_at(number).isoformat()}" class="time">08:00</time></a>'
            f"</span></div></div></div></div>"
        )


class Town:
    """The server of all outlets; the host that was asked for says which one is meant."""

    def __init__(self, count: int) -> None:
        ways = list(AT_THE_END)
        self.now = START
        self.outlets = {f"o{n}": Outlet(name=f"o{n}", way=ways[n % len(ways)], number=n) for n in range(count)}

    async def answer(self, request: web.Request) -> web.StreamResponse:  # noqa: PLR0911 - a line a way
        """As the outlet does at this time of the simulated days."""
        outlet = self.outlets[request.url.host.partition(".")[0]]  # type: ignore[union-attr]
        if outlet.kind is FeedKind.TELEGRAM:
            return self.preview(request, outlet)
        outlet.asked += 1
        if SPELL[0] <= self.now < SPELL[1]:
            trouble = await self.spell(request, outlet)
            if trouble is not None:
                return trouble
        if self.now >= FROM_HERE:
            match outlet.way:
                case "gone":
                    return web.Response(status=410)
                case "blocked":
                    return web.Response(text="<html><body>Access denied</body></html>", content_type="text/html")
                case "to_inside":
                    return web.Response(status=302, headers={"Location": "http://10.0.0.7/rss"})
        match outlet.way:
            case "slow":
                await asyncio.sleep(0.02)
            case "moved" if request.path == "/rss":
                outlet.asked -= 1
                outlet.asked_at_old_at = self.now
                return web.Response(status=(301, 308)[outlet.number % 2], headers={"Location": "/new"})
        return self.whole(request, outlet)

    async def spell(self, request: web.Request, outlet: Outlet) -> web.StreamResponse | None:  # noqa: PLR0911 - a line a way
        """What ails it for a day."""
        match outlet.way:
            case "missing" | "youtube":
                return web.Response(status=404)
            case "broken":
                return web.Response(status=500)
            case "busy" | "limited":
                return web.Response(status={"busy": 503, "limited": 429}[outlet.way], headers={"Retry-After": "7200"})
            case "cut":
                return await self.cut_short(request, outlet)
            case "half_packed":
                packed = gzip.compress(outlet.document(self.now).encode())
                return web.Response(body=packed[: len(packed) // 2], headers={"Content-Encoding": "gzip"})
            case "bomb":
                return web.Response(body=PACKED_NOTHING, headers={"Content-Encoding": "gzip"})
            case "dripping":
                return await self.drip(request)
            case "blocked_a_day":
                return web.Response(text="<html><body>Are you human?</body></html>", content_type="text/html")
        return None

    def preview(self, request: web.Request, outlet: Outlet) -> web.Response:
        """A page of a channel; one whose preview is off sends to its plain page."""
        if not request.path.startswith("/s/"):
            return web.Response(text="", content_type="text/html")
        before = request.query.get("before")
        outlet.asked += before is None
        if outlet.way == "preview_off" and self.now >= FROM_HERE:
            return web.Response(status=302, headers={"Location": request.path.removeprefix("/s")})
        numbers, page = outlet.page(None if before is None else int(before), self.now)
        outlet.given.update(numbers)
        return web.Response(text=page, content_type="text/html")

    def whole(self, request: web.Request, outlet: Outlet) -> web.Response:
        """The document, or that it has not changed."""
        conditional = "If-None-Match" in request.headers
        if outlet.way == "stuck" and conditional and self.now > START + DAY:
            return web.Response(status=304, headers={"ETag": request.headers["If-None-Match"]})
        body = outlet.document(self.now)
        headers = {}
        if outlet.way in ("tagged", "frozen", "stuck", "cut", "missing", "bomb"):
            headers["ETag"] = f'"{hashlib.blake2b(body.encode(), digest_size=8).hexdigest()}"'
        if outlet.way == "dated":
            headers["Last-Modified"] = format_datetime(outlet.published_at(outlet.visible(self.now)[-1]), usegmt=False)
        asked = {
            "ETag": request.headers.get("If-None-Match"),
            "Last-Modified": request.headers.get("If-Modified-Since"),
        }
        if any(asked[name] == value for name, value in headers.items()):
            return web.Response(status=304, headers=headers)
        if outlet.way == "redesigned":
            if self.now < FROM_HERE:
                outlet.given.update(outlet.visible(self.now))
            return web.Response(text=body, content_type="text/html")
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

    async def drip(self, request: web.Request) -> web.StreamResponse:
        """A byte now and then, for ever."""
        answer = web.StreamResponse(headers={"Content-Length": "100000"})
        await answer.prepare(request)
        for _ in range(1_000):
            await answer.write(b" ")
            await asyncio.sleep(0.2)
        return answer


class Everywhere(AbstractResolver):
    """Every name is on loopback, except the dead ones, and those within a private network."""

    def __init__(self, dead: set[str]) -> None:
        self.dead = dead

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host in self.dead:
            raise OSError(None, "no such name")
        address = "192.168.7.7" if host.endswith(".inside") else "127.0.0.1"
        return [ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        pass
