"""A loopback HTTP server that answers as the recorded sources did at the replay's instant."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime
from types import TracebackType
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from feeds.model import Feed, FeedKind
from indicators.replay.documents import page, render
from indicators.replay.recording import Recording

_BLOCK_PAGE = (
    "<!doctype html><html><head><title>Access restricted</title></head><body><h1>Access restricted</h1></body></html>"
)


HOSTS = "recording.invalid"
"""Every recorded source is a host under this name, which leads nowhere but to the loopback."""


class LoopbackResolver(AbstractResolver):
    """Leads the recording's hosts to this machine, and nothing else anywhere."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """127.0.0.1 for a recorded source."""
        if not host.endswith(f".{HOSTS}"):
            raise OSError(f"{host} is not part of the recording")
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is held open."""


class RecordingServer:
    """Serves a recording on a free port of 127.0.0.1 as of `now()`: validators, paging and faults included."""

    def __init__(self, recording: Recording, now: Callable[[], datetime]) -> None:
        self._recording = recording
        self._now = now
        self._names = {feed.feed_id: feed.name for feed in recording.feeds}
        self._documents: dict[tuple[str, tuple[int, int], str | None], tuple[bytes, dict[str, str]]] = {}
        self._runner: web.AppRunner | None = None
        self.base = ""
        self.requests = 0

    async def __aenter__(self) -> RecordingServer:
        app = web.Application()
        app.router.add_get("/s/{source}", self._document)
        app.router.add_get("/{source}", self._document)
        app.router.add_get("/{source}/{id}", self._page)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.base = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def feeds(self) -> tuple[Feed, ...]:
        """The recording's feeds at this server's addresses; each has a host of its own, as in life, so that the
        collector's spacing per host does not hold back all for one."""
        return tuple(replace(feed, url=self._address(feed)) for feed in self._recording.feeds)

    def _address(self, feed: Feed) -> str:
        host = f"{feed.feed_id.replace('_', '-')}.{HOSTS}"
        path = f"/s/{feed.feed_id}" if feed.kind is FeedKind.TELEGRAM else f"/{feed.feed_id}"
        return f"http://{host}:{urlsplit(self.base).port}{path}"

    async def _document(self, request: web.Request) -> web.Response:
        source, at = request.match_info["source"], self._now()
        self.requests += 1
        behaviour = self._recording.behaviours.get(source)
        if behaviour is None:
            return web.Response(status=404, text=f"{source}: no such source in this recording")
        for fault in behaviour.faults:
            if fault.holds(at):
                headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after else {}
                if fault.html:
                    return web.Response(status=fault.status, text=_BLOCK_PAGE, content_type="text/html")
                return web.Response(status=fault.status, headers=headers)
        body, headers = self._drawn(source, at, request.query.get("before"))
        if behaviour.etag and request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers=headers)

    def _drawn(self, source: str, at: datetime, before: str | None) -> tuple[bytes, dict[str, str]]:
        """The document and its headers, drawn once for as long as nothing in it changes."""
        key = (source, self._recording.state(source, at), before)
        if key not in self._documents:
            window = self._recording.window(source, at, before=f"{source}-{int(before):04d}" if before else None)
            text, content_type = render(
                self._recording.behaviours[source].form,
                name=self._names[source],
                source=source,
                base=self.base,
                window=window,
                at=at,
            )
            body = text.encode()
            headers = {"Content-Type": content_type}
            if self._recording.behaviours[source].etag:
                headers["ETag"] = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
                if window:
                    changed_at = max(one.changed_at(at) for one in window)
                    headers["Last-Modified"] = format_datetime(changed_at, usegmt=True)
            for old in [old for old in self._documents if old[0] == source]:
                del self._documents[old]
            self._documents[key] = (body, headers)
        return self._documents[key]

    async def _page(self, request: web.Request) -> web.Response:
        source, wanted, at = request.match_info["source"], request.match_info["id"], self._now()
        for one in self._recording.publications.get(source, ()):
            if one.id == wanted and one.at <= at:
                return web.Response(text=page(one, at, label=self._recording.label), content_type="text/html")
        return web.Response(status=404, text=f"{wanted}: not published at {at:%Y-%m-%d %H:%M} UTC")
