"""Asking a public server for a document: never a private address, never more than a limit, and always an answer."""

from __future__ import annotations

import asyncio
import socket
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

import aiohttp
import brotli  # type: ignore[import-untyped]
import zstandard
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

USER_AGENT = "Vedette/0.1 (indications and warning; feed reader)"
ACCEPT = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, text/html;q=0.8"
READ_BYTES = 64 * 1024
REMEMBERED_ADDRESSES = 4_096
IF_INTRANET = "if it is an intranet feed, name it in feeds.allow_hosts"

Address = IPv4Address | IPv6Address
TRANSLATED = ip_network("64:ff9b::/96")
"""IPv6 addresses of a NAT64 gateway: the real, IPv4 address is in the last four bytes."""


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


class AllowList:
    """The hosts and networks that may be asked although they are not public: an intranet's feeds, a replay's server."""

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self.hosts: set[str] = set()
        self.suffixes: set[str] = set()
        self.networks: list[IPv4Network | IPv6Network] = []
        for entry in (entry.strip().lower() for entry in entries):
            if entry:
                self._add(entry)

    def _add(self, entry: str) -> None:
        network = _network(entry)
        if network is not None:
            self.networks.append(network)
        elif "/" in entry or ":" in entry or " " in entry:
            raise ValueError(
                f"allow_hosts: '{entry}' is neither a host nor a network; write feeds.example, *.example or 10.1.0.0/16"
            )
        elif entry.startswith("*."):
            self.suffixes.add(entry[1:])
        else:
            self.hosts.add(entry)

    def allows_host(self, host: str) -> bool:
        """True when this name may lead anywhere."""
        host = host.lower().rstrip(".")
        return host in self.hosts or any(host.endswith(suffix) for suffix in self.suffixes)

    def allows_address(self, address: Address) -> bool:
        """True when this address may be asked under any name."""
        return any(address.version == network.version and address in network for network in self.networks)


def is_public(address: Address) -> bool:
    """True when an address is one that anybody on the Internet means by it."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in TRANSLATED:
            return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
        if address.sixtofour is not None or address.teredo is not None or address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_unspecified or address.is_reserved)


class NotPublic(OSError):
    """A name leads to no public address."""


class GuardedResolver(AbstractResolver):
    """A resolver that hands out public or allowed addresses only, so that what was checked is what is connected to."""

    def __init__(self, inner: AbstractResolver, allowed: AllowList) -> None:
        self._inner = inner
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of `host` that may be asked; `NotPublic` when there are only others."""
        found = await self._inner.resolve(host, port, family)
        if self._allowed.allows_host(host):
            return found
        good = [result for result in found if may_ask(_address(result["host"]), self._allowed)]
        if found and not good:
            raise NotPublic(f"{host} leads to {found[0]['host']}, which is not a public address")
        return good

    async def close(self) -> None:
        """Close the resolver within."""
        await self._inner.close()


def may_ask(address: Address | None, allowed: AllowList) -> bool:
    """True when an address is public or on the list."""
    return address is not None and (is_public(address) or allowed.allows_address(address))


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _address(text: str) -> Address | None:
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None


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
            return Failed(reason=f"{shown(url)}: its certificate does not hold ({_brief(error.certificate_error)})")
        except aiohttp.InvalidURL:
            return Refused(reason=f"{shown(url)}: not an address; write https://host/path")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            private = _cause(error, NotPublic)
            if private is not None:
                return Refused(reason=f"{private}; {IF_INTRANET}")
            return Failed(reason=f"{shown(url)}: {_brief(error)}")

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
        literal = _address(host)
        if literal is not None and not may_ask(literal, self._allowed):
            return Refused(reason=f"{shown(url)}: {literal} is not a public address; {IF_INTRANET}")
        return None

    async def _read(
        self, answer: aiohttp.ClientResponse, url: str, permanent: tuple[str, ...], now: datetime
    ) -> Answer:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        if answer.status == 304:
            return NotModified(headers=headers, url=url, permanent_redirects=permanent)
        if answer.status != 200:
            return Failed(
                reason=f"{shown(url)}: HTTP {answer.status} {_brief(answer.reason or '')}".rstrip(),
                status=answer.status,
                retry_after=retry_after(headers, now=now),
            )
        try:
            content = await _decoded(answer, headers.get("content-encoding", ""), self._limits.document_bytes)
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


# --- unpacking -----------------------------------------------------------------------------------------------------


class TooLarge(Exception):
    """More bytes than the limit."""


class Undecodable(Exception):
    """The body is not what its Content-Encoding says."""


class Unpacker(Protocol):
    """Takes packed bytes, gives at most the room left; keeps what it could not yet unpack."""

    def feed(self, data: bytes, room: int) -> bytes:
        """Unpack; raises `TooLarge` when there is more than `room`."""

    def finish(self) -> None:
        """Raises `Undecodable` when the packed stream has no end."""


class Plain:
    """No packing."""

    def feed(self, data: bytes, room: int) -> bytes:
        """Unpack; raises `TooLarge` when there is more than `room`."""
        if len(data) > room:
            raise TooLarge
        return data

    def finish(self) -> None:
        """Nothing can be missing."""


class Zlib:
    """gzip, and deflate with or without the header that servers forget; several gzip members in a row are one body."""

    def __init__(self, *, gzip: bool) -> None:
        self._gzip = gzip
        self._plain = False
        self._engine: zlib._Decompress | None = None
        self._done = False

    def _start(self, data: bytes) -> None:
        if self._gzip:
            # Some servers say gzip and send the document as it is.
            self._plain = not data.startswith(b"\x1f\x8b"[: len(data)])
            self._engine = zlib.decompressobj(wbits=31)
        else:
            headed = len(data) < 2 or (data[0] & 0x0F == 8 and (data[0] * 256 + data[1]) % 31 == 0)
            self._engine = zlib.decompressobj(wbits=15 if headed else -15)

    def feed(self, data: bytes, room: int) -> bytes:
        """Unpack; raises `TooLarge` when there is more than `room`."""
        if self._engine is None:
            self._start(data)
        if self._plain:
            return Plain().feed(data, room)
        out = b""
        while data:
            assert self._engine is not None
            if self._engine.eof:
                if not (self._gzip and data.startswith(b"\x1f\x8b")):
                    break  # padding after the end
                self._engine = zlib.decompressobj(wbits=31)
            try:
                out += self._engine.decompress(data, room - len(out) + 1)
            except zlib.error as error:
                raise Undecodable(f"its compressed body is damaged ({error})") from error
            if len(out) > room:
                raise TooLarge
            data = self._engine.unconsumed_tail or self._engine.unused_data
        return out

    def finish(self) -> None:
        """Raises `Undecodable` when the packed stream has no end."""
        if self._engine is not None and not self._plain and not self._engine.eof:
            raise Undecodable("its compressed body is cut short")


class Brotli:
    """Brotli, never more than the room left at a time."""

    def __init__(self) -> None:
        self._engine = brotli.Decompressor()
        self._started = False

    def feed(self, data: bytes, room: int) -> bytes:
        """Unpack; raises `TooLarge` when there is more than `room`."""
        self._started = self._started or bool(data)
        out = b""
        while not self._engine.is_finished():
            try:
                out += self._engine.process(data, output_buffer_limit=room - len(out) + 1)
            except brotli.error as error:
                raise Undecodable("its compressed body is damaged (brotli)") from error
            if len(out) > room:
                raise TooLarge
            if self._engine.can_accept_more_data():
                break
            data = b""
        return out

    def finish(self) -> None:
        """Raises `Undecodable` when the packed stream has no end."""
        if self._started and not self._engine.is_finished():
            raise Undecodable("its compressed body is cut short")


class Zstd:
    """Zstandard, a few bytes at a time: four packed bytes may unpack to 128 KiB, so that is how far one step can go."""

    PIECE = 32
    WINDOW = 8 * 1024 * 1024

    def __init__(self) -> None:
        self._engine = zstandard.ZstdDecompressor(max_window_size=self.WINDOW).decompressobj()
        self._started = False

    def feed(self, data: bytes, room: int) -> bytes:
        """Unpack; raises `TooLarge` when there is more than `room`."""
        self._started = self._started or bool(data)
        out: list[bytes] = []
        for start in range(0, len(data), self.PIECE):
            if self._engine.eof:
                break
            try:
                out.append(self._engine.decompress(data[start : start + self.PIECE]))
            except zstandard.ZstdError as error:
                raise Undecodable("its compressed body is damaged (zstd)") from error
            room -= len(out[-1])
            if room < 0:
                raise TooLarge
        return b"".join(out)

    def finish(self) -> None:
        """Raises `Undecodable` when the packed stream has no end."""
        if self._started and not self._engine.eof:
            raise Undecodable("its compressed body is cut short")


def unpacker(encoding: str) -> Unpacker:
    """The unpacker for one content coding; `Undecodable` for one that nobody asked for."""
    match encoding.strip().lower():
        case "" | "identity":
            return Plain()
        case "gzip" | "x-gzip":
            return Zlib(gzip=True)
        case "deflate":
            return Zlib(gzip=False)
        case "br":
            return Brotli()
        case "zstd":
            return Zstd()
        case other:
            raise Undecodable(f"its body is packed as '{_brief(other)}', which was not asked for")


async def _decoded(answer: aiohttp.ClientResponse, encoding: str, limit: int) -> bytes:
    codings = [coding for coding in encoding.split(",") if coding.strip()]
    if len(codings) > 2:
        raise Undecodable("its body is packed more than twice")
    chain = [unpacker(coding) for coding in reversed(codings)] or [Plain()]
    parts: list[bytes] = []
    room = limit
    async for data in answer.content.iter_chunked(READ_BYTES):
        for step in chain:
            data = step.feed(data, room if step is chain[-1] else limit)  # noqa: PLW2901
        parts.append(data)
        room -= len(data)
    for step in chain:
        step.finish()
    return b"".join(parts)


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


def without_credentials(url: str) -> str:
    """The address without user name and password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def shown(url: str) -> str:
    """An address as a log may hold it: no credentials, no query (tokens travel there), nothing that moves a cursor."""
    try:
        parts = urlsplit(url)
        parts = SplitResult(parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")
        plain = urlunsplit(parts)
    except ValueError:
        plain = url.partition("?")[0].rpartition("@")[2]
    return _brief(plain)


def _brief(what: object) -> str:
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in str(what)).split())
    return line if len(line) <= 200 else line[:199] + "…"


def _cause(error: BaseException | None, kind: type[BaseException]) -> BaseException | None:
    while error is not None:
        if isinstance(error, kind):
            return error
        inner = getattr(error, "os_error", None)
        error = inner if isinstance(inner, BaseException) and inner is not error else error.__cause__
    return None
