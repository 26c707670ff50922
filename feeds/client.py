"""Asking a public server for a document: never a private address, never more than a limit, and always an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from feeds.addresses import (
    IF_INTRANET,
    AllowList,
    GuardedResolver,
    NotPublic,
    address_of,
    brief,
    may_ask,
    shown,
    without_credentials,
)
from feeds.unpacking import TooLarge, Undecodable, unpacked

USER_AGENT = "Vedette/0.1 (indications and warning; feed reader)"
ACCEPT = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, text/html;q=0.8"
READ_BYTES = 64 * 1024
REMEMBERED_ADDRESSES = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one visit may cost; time here is real time, whatever clock the schedule follows."""

    document_bytes: int = 8 * 1024 * 1024
    """After decompression."""
    total_within: timedelta = timedelta(seconds=30)
    connect_within: timedelta = timedelta(seconds=10)
    redirects: int = 5
    connections: int = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The server gave a document."""

    content: bytes
    headers: Mapping[str, str]
    """With lower-case names."""
    url: str
    """Where it was found in the end, without credentials."""
    permanent_redirects: tuple[str, ...] = ()
    """The unbroken run of 301 and 308 from the address we asked: the last one is where the source says it moved."""
    status: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """The server says that nothing changed since the validators we sent."""

    headers: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    permanent_redirects: tuple[str, ...] = ()
    status: int = 304


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """No document: the network, or the server said no."""

    reason: str
    status: int | None = None
    retry_after: timedelta | None = None
    """How long the server asks us to stay away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No document, because we would not: a non-public address, a forbidden scheme, a document over a limit."""

    reason: str
    status: int | None = None


Answer = Document | NotModified | Failed | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """An address that may be asked."""

    url: URL
    clean: str
    """Without credentials."""


class Client:
    """Fetches documents. One per poller; close it, or use it in `async with`."""

    def __init__(
        self,
        *,
        allow_hosts: Iterable[str] = (),
        resolver: AbstractResolver | None = None,
        limits: Limits = Limits(),
        user_agent: str = USER_AGENT,
    ) -> None:
        self._allowed = AllowList(allow_hosts)
        self._inner = resolver
        self._limits = limits
        self._user_agent = user_agent
        self._session: aiohttp.ClientSession | None = None
        self._targets: dict[str, _Target] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def fetch(
        self, url: str, *, now: datetime, etag: str | None = None, last_modified: str | None = None
    ) -> Answer:
        """The document at `url`, or in a value why there is none; `now` only dates a Retry-After that names a day."""
        headers = {}
        if etag:
            headers["If-None-Match"] = etag
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        try:
            async with asyncio.timeout(self._limits.total_within.total_seconds()):
                return await self._follow(url, headers, now)
        except TimeoutError:
            return Failed(reason=f"{shown(url)}: no complete answer within {self._limits.total_within.seconds} s")
        except aiohttp.ClientConnectorCertificateError as error:
            return Failed(reason=f"{shown(url)}: its certificate does not hold ({brief(error.certificate_error)})")
        except aiohttp.InvalidURL:
            return Refused(reason=f"{shown(url)}: not an address; write https://host/path")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            private = _cause(error, NotPublic)
            if private is not None:
                return Refused(reason=f"{private}; {IF_INTRANET}")
            return Failed(reason=f"{shown(url)}: {brief(error)}")

    async def _follow(self, url: str, headers: dict[str, str], now: datetime) -> Answer:
        permanent: list[str] = []
        unbroken = True
        current = url
        for _ in range(self._limits.redirects + 1):
            target = self._target(current)
            if isinstance(target, Refused):
                return target
            async with self._opened().get(target.url, headers=headers, allow_redirects=False) as answer:
                location = answer.headers.get("Location")
                if answer.status not in (301, 302, 303, 307, 308) or location is None:
                    return await self._read(answer, target.clean, tuple(permanent), now)
                # A redirect must not hand us credentials to send elsewhere.
                current = without_credentials(urljoin(current, location.strip()))
                unbroken = unbroken and answer.status in (301, 308)
                if unbroken:
                    permanent.append(current)
        return Failed(
            reason=f"{shown(url)}: more than {self._limits.redirects} redirects, the last to {shown(current)}"
        )

    def _target(self, url: str) -> _Target | Refused:
        # Whether an address as written may be asked never changes; where its name leads is judged at every connection.
        target = self._targets.get(url)
        if target is None:
            refusal = self._refusal(url)
            if refusal is not None:
                return refusal
            if len(self._targets) >= REMEMBERED_ADDRESSES:
                self._targets.clear()
            target = self._targets[url] = _Target(url=URL(url), clean=without_credentials(url))
        return target

    def _refusal(self, url: str) -> Refused | None:
        try:
            parts = urlsplit(url)
            host = parts.hostname
            _ = parts.port
        except ValueError:
            return Refused(reason=f"{shown(url)}: not an address; write https://host/path")
        if parts.scheme not in ("http", "https"):
            return Refused(reason=f"{shown(url)}: only http and https are read, not '{parts.scheme[:20]}'")
        if not host:
            return Refused(reason=f"{shown(url)}: has no host; write https://host/path")
        # An address written as such never passes the resolver.
        literal = address_of(host)
        if literal is not None and not may_ask(literal, self._allowed):
            return Refused(reason=f"{shown(url)}: {literal} is not a public address; {IF_INTRANET}")
        return None

    async def _read(
        self, answer: aiohttp.ClientResponse, url: str, permanent: tuple[str, ...], now: datetime
    ) -> Answer:
        if answer.status == 304:
            # Nine answers in ten are this one: its headers, which care for no case, are not made over.
            return NotModified(headers=answer.headers, url=url, permanent_redirects=permanent)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        if answer.status != 200:
            return Failed(
                reason=f"{shown(url)}: HTTP {answer.status} {brief(answer.reason or '')}".rstrip(),
                status=answer.status,
                retry_after=retry_after(headers, now=now),
            )
        try:
            content = await unpacked(
                answer.content.iter_chunked(READ_BYTES),
                headers.get("content-encoding", ""),
                self._limits.document_bytes,
            )
        except TooLarge:
            size = self._limits.document_bytes // (1024 * 1024)
            return Refused(reason=f"{shown(url)}: larger than {size} MiB when unpacked; not read", status=200)
        except Undecodable as error:
            return Failed(reason=f"{shown(url)}: {error}", status=200)
        return Document(content=content, headers=headers, url=url, permanent_redirects=permanent)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            inner = self._inner or aiohttp.ThreadedResolver()
            connector = aiohttp.TCPConnector(
                resolver=GuardedResolver(inner, self._allowed), limit=self._limits.connections, ttl_dns_cache=60
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                headers={
                    "User-Agent": self._user_agent,
                    "Accept": ACCEPT,
                    "Accept-Encoding": "gzip, deflate, br, zstd",
                },
                # The total is kept by `fetch`, over all redirects.
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._limits.connect_within.total_seconds()),
            )
        return self._session


# --- words ---------------------------------------------------------------------------------------------------------


def retry_after(headers: Mapping[str, str], *, now: datetime) -> timedelta | None:
    """How long the server asks us to stay away; a day it names is read against its own clock where it shows one."""
    raw = headers.get("retry-after", "").strip()
    if raw.isascii() and raw.isdigit():
        return timedelta(seconds=min(int(raw[:10]), 10 * 365 * 86_400))
    at, base = _http_date(raw), _http_date(headers.get("date", ""))
    if at is None:
        return None
    return max(at - (base or now), timedelta(0))


def _http_date(raw: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(raw)
    except (ValueError, IndexError, OverflowError):
        return None
    return at if at.tzinfo is not None else None


def _cause(error: BaseException | None, kind: type[BaseException]) -> BaseException | None:
    while error is not None:
        if isinstance(error, kind):
            return error
        inner = getattr(error, "os_error", None)
        error = inner if isinstance(inner, BaseException) and inner is not error else error.__cause__
    return None
