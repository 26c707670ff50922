"""The client against a real server on loopback: what it reads, what it refuses, and that it always answers."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
import time
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from bounded_work import bounded_work
from hypothesis import given
from hypothesis import strategies as st
from loopback_source import Source, run, serving

from feeds.addresses import AllowList, is_public, shown
from feeds.client import Answer, Client, Document, Failed, Limits, NotModified, Refused

NOW = datetime(2022, 12, 20, 12, tzinfo=UTC)
MIB = 1024 * 1024


class Book(AbstractResolver):
    """A resolver that answers from a table, as a DNS server under somebody else's control might."""

    def __init__(self, **hosts: str) -> None:
        self.hosts = {host.replace("_", "."): address for host, address in hosts.items()}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The address in the table."""
        address = self.hosts[host]
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is open."""


def at(url: str) -> Callable[[Source], str]:
    """Whatever the server is, this address is asked."""
    return lambda _source: url


def ask(
    prepare: Callable[[Source], str],
    *,
    allow: tuple[str, ...] = ("127.0.0.1",),
    limits: Limits | None = None,
    resolver: AbstractResolver | None = None,
    **validators: str,
) -> tuple[Answer, Source]:
    """Ask a server that `prepare` sets up, at the address it returns."""

    async def work() -> tuple[Answer, Source]:
        async with (
            serving() as source,
            Client(allow_hosts=allow, limits=limits or Limits(), resolver=resolver) as client,
        ):
            return await client.fetch(prepare(source), now=NOW, **validators), source

    return run(work())


def test_a_document_is_read() -> None:
    """Content, lower-case headers and the final address come back."""
    answer, source = ask(lambda source: source.says("/rss", "<rss/>", ETag='"1"'))
    assert isinstance(answer, Document)
    assert answer.content == b"<rss/>"
    assert answer.headers["etag"] == '"1"'
    assert answer.url == source.base + "/rss"


def test_validators_are_sent_and_304_is_understood() -> None:
    """What did not change is not sent again."""
    answer, source = ask(lambda source: source.says("/rss", "", status=304), etag='"1"', last_modified="yesterday")
    assert isinstance(answer, NotModified)
    assert source.asked[0].headers["If-None-Match"] == '"1"'
    assert source.asked[0].headers["If-Modified-Since"] == "yesterday"


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data)[2:-4]),
        ("br", brotli.compress),
        ("zstd", zstandard.compress),
        ("gzip, br", lambda data: brotli.compress(gzip.compress(data))),
        ("gzip", lambda data: gzip.compress(data[:1000]) + gzip.compress(data[1000:])),
        ("gzip", lambda data: gzip.compress(data) + b"\0\0\0"),
        ("gzip", lambda data: data),
        ("identity", lambda data: data),
    ],
)
def test_packed_documents_are_unpacked(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """Every coding we offer, and the usual mistakes of servers, give the document."""
    body = b"<rss>" + bytes(range(256)) * 400 + b"</rss>"
    answer, _ = ask(lambda source: source.says("/rss", pack(body), Content_Encoding=encoding))
    assert isinstance(answer, Document), answer
    assert answer.content == body


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("br", lambda data: brotli.compress(data, quality=5)),
        ("zstd", zstandard.compress),
    ],
)
def test_a_bomb_is_stopped_before_it_bursts(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """A small packed body that becomes huge is refused, quickly and without holding it."""
    bomb = pack(b"\0" * (64 * MIB))
    with bounded_work():
        answer, _ = ask(lambda source: source.says("/rss", bomb, Content_Encoding=encoding))
    assert isinstance(answer, Refused)
    assert "larger than 8 MiB" in answer.reason


def test_a_document_over_the_limit_is_not_read() -> None:
    """A plain body is stopped at the same limit."""
    answer, _ = ask(lambda source: source.says("/rss", b"x" * (9 * MIB)))
    assert isinstance(answer, Refused)


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("br", brotli.compress), ("zstd", zstandard.compress)],
)
def test_a_truncated_body_is_a_failure(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """Half a document must not pass for a short one: what is missing would look like calm."""
    packed = pack(b"".join(b"<item>%d</item>" % number for number in range(5_000)))
    answer, _ = ask(lambda source: source.says("/rss", packed[: len(packed) // 2], Content_Encoding=encoding))
    assert isinstance(answer, Failed)
    assert "cut short" in answer.reason or "damaged" in answer.reason


@given(st.binary(max_size=3000), st.sampled_from(["gzip", "deflate", "br", "zstd", "gzip, deflate"]))
def test_no_body_breaks_an_unpacker(body: bytes, encoding: str) -> None:
    """Whatever bytes a server sends under whatever name, unpacking ends in bytes or in one of its two refusals."""
    from feeds.unpacking import TooLarge, Undecodable, unpacker

    try:
        for coding in encoding.split(","):
            step = unpacker(coding)
            body = step.feed(body, 10_000)
            step.finish()
    except (TooLarge, Undecodable):
        return
    assert len(body) <= 10_000


def test_a_connection_that_ends_too_early_is_a_failure() -> None:
    """A body shorter than announced is not taken for the document."""

    async def short(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"<rss>")
        assert request.transport is not None
        request.transport.close()
        return response

    answer, _ = ask(lambda source: source.does("/rss", short))
    assert isinstance(answer, Failed)


def test_a_slow_drip_is_cut_off_in_real_time() -> None:
    """A server that sends a byte now and then cannot hold a visit longer than the limit."""

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(10_000):
            await response.write(b" ")
            await asyncio.sleep(0.05)
        return response

    began = time.monotonic()
    answer, _ = ask(lambda source: source.does("/rss", drip), limits=Limits(total_within=timedelta(seconds=1)))
    assert isinstance(answer, Failed)
    assert "within 1 s" in answer.reason
    assert time.monotonic() - began < 60


def test_redirects_are_followed_and_permanent_ones_reported() -> None:
    """The unbroken run of permanent moves is told; what follows a temporary one is not part of it."""

    def prepare(source: Source) -> str:
        source.says("/new", "", status=308, Location="/newer")
        source.says("/newer", "", status=302, Location="/today")
        source.says("/today", "", status=301, Location="/end")
        source.says("/end", "<rss/>")
        return source.says("/old", "", status=301, Location="/new")

    answer, source = ask(prepare)
    assert isinstance(answer, Document)
    assert answer.url == source.base + "/end"
    assert answer.permanent_redirects == (source.base + "/new", source.base + "/newer")


def test_endless_redirects_end() -> None:
    """After five redirects we stop."""
    answer, source = ask(lambda source: source.says("/a", "", status=302, Location="/a"))
    assert isinstance(answer, Failed)
    assert "more than 5 redirects" in answer.reason
    assert len(source.asked) == 6


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.2/admin",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://[::ffff:127.0.0.2]/",
        "http://2130706434/",
        "http://0x7f.0.0.2/",
        "http://localhost.localdomain:1/",
        "file:///etc/passwd",
        "ftp://example.org/x",
        "gopher://example.org/",
    ],
)
def test_a_redirect_to_a_private_place_is_refused(target: str) -> None:
    """A public source cannot send us into the network behind us, however the address is written."""
    answer, _ = ask(lambda source: source.says("/rss", "", status=302, Location=target))
    assert isinstance(answer, Refused | Failed)
    if not isinstance(answer, Refused):
        assert "localhost.localdomain" in target  # a machine that does not know this name cannot be sent there


def test_a_name_that_leads_to_a_private_address_is_refused() -> None:
    """The check is made on the address that is connected to, so a name under foreign control changes nothing."""
    book = Book(news_example="127.0.0.1", rebound_example="::ffff:10.0.0.1")
    for host in book.hosts:
        answer, source = ask(at(f"http://{host}:8080/rss"), allow=(), resolver=book)
        assert isinstance(answer, Refused)
        assert "is not a public address" in answer.reason
        assert source.asked == []


@pytest.mark.parametrize("allow", [("127.0.0.0/8",), ("news.example",), ("*.example",), ("127.0.0.1", "::1")])
def test_an_intranet_feed_can_be_allowed(allow: tuple[str, ...]) -> None:
    """A host by name, by suffix or by network may be asked although it is not public."""

    def prepare(source: Source) -> str:
        port = source.base.rpartition(":")[2]
        source.says("/rss", "<rss/>")
        return f"http://news.example:{port}/rss"

    answer, _ = ask(prepare, allow=allow, resolver=Book(news_example="127.0.0.1"))
    assert isinstance(answer, Document)


def test_loopback_is_refused_unless_allowed() -> None:
    """Without a list, our own machine is as private as any other."""
    answer, source = ask(lambda source: source.says("/rss", "<rss/>"), allow=())
    assert isinstance(answer, Refused)
    assert "feeds.allow_hosts" in answer.reason
    assert source.asked == []


@pytest.mark.parametrize("entry", ["http://x/", "10.0.0.0/99", "a b", "host:80"])
def test_an_allow_list_says_what_is_wrong_with_it(entry: str) -> None:
    """A mistyped network must not silently allow nothing, or everything."""
    with pytest.raises(ValueError, match="allow_hosts"):
        AllowList([entry])


PRIVATE = """
127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.1.1 100.64.0.1 0.0.0.0 224.0.0.1 240.0.0.1 255.255.255.255 192.0.2.1
198.18.0.1 ::1 :: fe80::1 fc00::1 fec0::1 ff02::1 ::ffff:10.0.0.1 64:ff9b::7f00:1 64:ff9b::a00:1 2002:7f00:1::
2001:db8::1 2001:0:1::1 64:ff9b:1::1
"""
PUBLIC = "8.8.8.8 93.184.216.34 2606:4700::1111 ::ffff:8.8.8.8 64:ff9b::808:808"


@pytest.mark.parametrize("address", PRIVATE.split())
def test_addresses_that_are_not_public(address: str) -> None:
    """Loopback, private, link-local, shared, reserved, documentation and translated ones are all refused."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_that_are_public(address: str) -> None:
    """The Internet stays reachable, also from behind a translator."""
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After": "120"}, timedelta(minutes=2)),
        (
            {"Retry-After": "Tue, 20 Dec 2022 13:00:00 GMT", "Date": "Tue, 20 Dec 2022 12:30:00 GMT"},
            timedelta(minutes=30),
        ),
        ({"Retry-After": "Mon, 19 Dec 2022 13:00:00 GMT", "Date": "Tue, 20 Dec 2022 12:30:00 GMT"}, timedelta(0)),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "٣"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_both_forms(headers: dict[str, str], expected: timedelta | None) -> None:
    """Seconds, or a day on the server's own clock; nonsense is nothing."""
    answer, _ = ask(
        lambda source: source.says("/rss", "", status=429, **{name.replace("-", "_"): v for name, v in headers.items()})
    )
    assert isinstance(answer, Failed)
    assert answer.status == 429
    assert answer.retry_after == expected


def test_credentials_are_never_repeated(caplog: pytest.LogCaptureFixture) -> None:
    """Neither a log nor a detail holds a user name, password or token, whatever went wrong."""
    caplog.set_level(logging.DEBUG)

    def prepare(source: Source) -> str:
        host = source.base.removeprefix("http://")
        source.says("/rss", "", status=302, Location=f"http://thief:plunder@{host}/gone?token=loot")
        return f"http://user:secret@{host}/rss?token=secret"

    answer, source = ask(prepare)
    assert isinstance(answer, Failed)
    assert "Authorization" not in source.asked[1].headers
    for word in ("secret", "user:", "plunder", "loot"):
        assert word not in answer.reason
        assert word not in caplog.text
    assert shown("http://u:p@h/x?q=1#f") == "http://h/x"


def test_a_hostile_reason_stays_one_line() -> None:
    """What a server says about itself cannot move a cursor or fake a line in a log."""
    assert shown("http://h/\x1b[2J x\u202e\u2028y") == "http://h/ [2J x y"


def test_unreachable_is_a_value() -> None:
    """No server, no name, no address: always an answer, never an exception."""

    class Nobody(Book):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            """No such name."""
            raise OSError(None, "no such name")

    for url in ("http://127.0.0.1:1/", "http://no.example/", "http://[bad/", "http://h:99999/", "nonsense", ""):
        answer, _ = ask(at(url), resolver=Nobody())
        assert isinstance(answer, Failed | Refused), url
        assert "\n" not in answer.reason
