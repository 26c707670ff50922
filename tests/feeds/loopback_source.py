"""A source on loopback that answers as a test wishes, and remembers how it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TypeVar
from xml.sax.saxutils import escape

from aiohttp import web

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
START = datetime(2022, 1, 10, 8, 0, tzinfo=UTC)


@dataclass
class Source:
    """The server: set `answers[path]`, read `asked`."""

    base: str
    answers: dict[str, Handler | web.Response] = field(default_factory=dict)
    asked: list[web.BaseRequest] = field(default_factory=list)

    def says(self, path: str, body: str | bytes, *, status: int = 200, **headers: str) -> str:
        """From now on `path` gives this; returns its address."""
        content = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}

        async def answer(_request: web.Request) -> web.Response:
            return web.Response(body=content, status=status, headers=named)

        self.answers[path] = answer
        return self.base + path

    def does(self, path: str, handler: Handler) -> str:
        """From now on `path` is answered by `handler`."""
        self.answers[path] = handler
        return self.base + path

    def paths(self) -> list[str]:
        """What was asked, in order."""
        return [request.path_qs for request in self.asked]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Every request ends here."""
        self.asked.append(request)
        handler = self.answers.get(request.path)
        if handler is None:
            return web.Response(status=404)
        assert not isinstance(handler, web.Response)
        return await handler(request)


@asynccontextmanager
async def serving() -> AsyncIterator[Source]:
    """A server on a free port of loopback."""
    source = Source(base="")

    async def answer(request: web.Request) -> web.StreamResponse:
        return await source.answer(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    source.base = f"http://127.0.0.1:{port}"
    try:
        yield source
    finally:
        await runner.cleanup()


def rss(entries: Iterable[tuple[str, str, datetime | None]], *, ttl: int | None = None) -> str:
    """A feed of (guid, text, date) entries."""
    items = "".join(
        f"<item><guid isPermaLink='false'>{escape(guid)}</guid><title>{escape(text)}</title>"
        f"<link>https://news.example/{escape(guid)}</link><description>{escape(text)} and more.</description>"
        + (f"<pubDate>{format_datetime(at)}</pubDate>" if at else "")
        + "</item>"
        for guid, text, at in entries
    )
    asked = f"<ttl>{ttl}</ttl>" if ttl is not None else ""
    return f"<?xml version='1.0'?><rss version='2.0'><channel><title>News</title>{asked}{items}</channel></rss>"


def hourly(count: int, *, first: int = 0) -> list[tuple[str, str, datetime | None]]:
    """Entries an hour apart, newest first."""
    return [
        (f"n{number}", f"Message number {number}", START + timedelta(hours=number))
        for number in reversed(range(first, first + count))
    ]


def run(work: Awaitable[T]) -> T:
    """Run to the end in an event loop of its own."""

    async def whole() -> T:
        return await work

    return asyncio.run(whole())
