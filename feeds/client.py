"""Asking a public server for a document: never a private address, never more than a limit, and always an answer."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

from aiohttp import ThreadedResolver
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
from feeds.connections import Connections
from feeds.unpacking import TooLarge, Undecodable, unpacked
from feeds.wire import Head, Place, Wire

USER_AGENT = "Vedette/0.1 (indications and warning; feed reader)"
ACCEPT = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, text/html;q=0.8"
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

    place: Place
    request: bytes
    """As it is sent, but for the validators and the end."""
    clean: str
    """The address without credentials."""


class Client:
    """Fetches documents. One per poller; close it, or use it in `async with`."""

    def __init__(
        self,
        *,
        allow_hosts: Iterable[str] = (),
        resolver: AbstractResolver | None = None,
        limits: Limits = Limits(),
        user_agent: str = USER_AGENT,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed = AllowList(allow_hosts)
        self._inner = resolver
        self._limits = limits
        self._user_agent = user_agent
        self._tls = tls
        self._connections: Connections | None = None
        self._targets: dict[str, _Target] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        if self._connections is not None:
            await self._connections.close()
            self._connections = None

    async def fetch(
        self, url: str, *, now: datetime, etag: str | None = None, last_modified: str | None = None
    ) -> Answer:
        """The document at `url`, or in a value why there is none; `now` only dates a Retry-After that names a day."""
        validators = b""
        if etag:
            validators = _header("If-None-Match", etag)
        if last_modified:
            validators += _header("If-Modified-Since", last_modified)
        try:
            async with asyncio.timeout(self._limits.total_within.total_seconds()):
                return await self._follow(url, validators, now)
        except TimeoutError:
            return Failed(reason=f"{shown(url)}: no complete answer within {self._limits.total_within.seconds} s")
        except ssl.SSLCertVerificationError as error:
            return Failed(reason=f"{shown(url)}: its certificate does not hold ({brief(error.verify_message)})")
        except NotPublic as private:
            return Refused(reason=f"{private}; {IF_INTRANET}")
        except (OSError, ValueError) as error:
            return Failed(reason=f"{shown(url)}: {brief(error)}")

    async def _follow(self, url: str, validators: bytes, now: datetime) -> Answer:
        permanent: list[str] = []
        unbroken = True
        current = url
        for _ in range(self._limits.redirects + 1):
            target = self._target(current)
            if isinstance(target, Refused):
                return target
            connections = self._opened()
            wire, head = await connections.ask(target.place, target.request + validators + b"\r\n")
            try:
                location = head.headers.get("location")
                if head.status not in (301, 302, 303, 307, 308) or location is None:
                    return await self._read(wire, head, target.clean, tuple(permanent), now)
            finally:
                connections.give_back(wire)
            # A redirect must not hand us credentials to send elsewhere.
            current = without_credentials(urljoin(current, _as_utf8(location)))
            unbroken = unbroken and head.status in (301, 308)
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
            try:
                parsed = URL(url)
                place = Place(parsed.scheme == "https", parsed.raw_host or "", parsed.port or 80)
            except ValueError:
                return Refused(reason=f"{shown(url)}: not an address; write https://host/path")
            if len(self._targets) >= REMEMBERED_ADDRESSES:
                self._targets.clear()
            target = self._targets[url] = _Target(
                place=place, request=self._request(parsed), clean=without_credentials(url)
            )
        return target

    def _request(self, url: URL) -> bytes:
        lines = [
            f"GET {url.raw_path_qs or '/'} HTTP/1.1",
            f"Host: {url.host_port_subcomponent}",
            f"User-Agent: {self._user_agent}",
            f"Accept: {ACCEPT}",
            "Accept-Encoding: gzip, deflate, br, zstd",
        ]
        if url.user is not None or url.password is not None:
            pair = f"{url.user or ''}:{url.password or ''}"
            lines.append(f"Authorization: Basic {b64encode(pair.encode()).decode()}")
        return "".join(f"{_one_line(line)}\r\n" for line in lines).encode("utf-8")

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

    async def _read(self, wire: Wire, head: Head, url: str, permanent: tuple[str, ...], now: datetime) -> Answer:
        if head.status == 304:
            return NotModified(headers=head.headers, url=url, permanent_redirects=permanent)
        if head.status != 200:
            return Failed(
                reason=f"{shown(url)}: HTTP {head.status} {brief(head.reason)}".rstrip(),
                status=head.status,
                retry_after=retry_after(head.headers, now=now),
            )
        try:
            content = await unpacked(wire.body(), head.headers.get("content-encoding", ""), self._limits.document_bytes)
        except TooLarge:
            size = self._limits.document_bytes // (1024 * 1024)
            return Refused(reason=f"{shown(url)}: larger than {size} MiB when unpacked; not read", status=200)
        except Undecodable as error:
            return Failed(reason=f"{shown(url)}: {error}", status=200)
        return Document(content=content, headers=head.headers, url=url, permanent_redirects=permanent)

    def _opened(self) -> Connections:
        if self._connections is None:
            self._connections = Connections(
                GuardedResolver(self._inner or ThreadedResolver(), self._allowed),
                connect_within=self._limits.connect_within,
                at_most=self._limits.connections,
                tls=self._tls,
            )
        return self._connections


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


def _header(name: str, value: str) -> bytes:
    # As latin-1, for so its bytes were read.
    return f"{name}: {_one_line(value)}\r\n".encode("latin-1", "replace")


def _one_line(text: str) -> str:
    return text if text.isprintable() else "".join(letter if letter.isprintable() else " " for letter in text)


def _as_utf8(header: str) -> str:
    return header.encode("latin-1", "replace").decode("utf-8", "replace")
