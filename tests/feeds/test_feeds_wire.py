"""The wire against servers that send exactly these bytes: what is understood, what is refused, what is asked again."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loopback_source import run

from feeds.client import Answer, Client, Document, Failed, Limits, NotModified, Refused
from feeds.wire import FRAMING_BYTES, HELD_BYTES, Place, Wire

NOW = datetime(2022, 12, 20, 12, tzinfo=UTC)
LIMITS = Limits(total_within=timedelta(seconds=30), document_bytes=1024 * 1024)
HANG_UP = b"\0hang up"
"""Stands for the end of a connection in what a server says."""
UNCHANGED = b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'


@dataclass
class Server:
    """Answers the n-th question it is asked with the n-th of `says`, and the last again and again."""

    says: Sequence[bytes]
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0
    talks: set[asyncio.Task[object] | None] = field(default_factory=set)

    async def end(self) -> None:
        """Wait until every connection is closed."""
        await asyncio.gather(*filter(None, self.talks))

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        self.talks.add(asyncio.current_task())
        try:
            while True:
                self.heard.append(await reader.readuntil(b"\r\n\r\n"))
                words = self.says[min(len(self.heard), len(self.says)) - 1]
                writer.write(words.removesuffix(HANG_UP))
                await writer.drain()
                if words.endswith(HANG_UP):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.transport.abort()
        await asyncio.sleep(0)


def ask(
    *says: bytes, times: int = 1, pause: float = 0.0, limits: Limits = LIMITS, path: str = "/rss", **validators: str
) -> tuple[list[Answer], Server]:
    """What one client makes of these answers, asking one after the other."""
    told = Server(says)

    async def work() -> list[Answer]:
        server = await asyncio.start_server(told.talk, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        answers = []
        async with Client(allow_hosts=("127.0.0.1",), limits=limits) as client:
            for _ in range(times):
                answers.append(await client.fetch(f"http://127.0.0.1:{port}{path}", now=NOW, **validators))
                await asyncio.sleep(pause)
        server.close()
        await told.end()
        return answers

    return run(work()), told


def whole(body: bytes, *headers: bytes) -> bytes:
    """An ordinary answer."""
    return b"\r\n".join((b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *headers, b"", body))


def chunked(*pieces: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """An answer in pieces."""
    framed = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + framed + end


@pytest.mark.parametrize(
    "says",
    [
        whole(b"<rss/>"),
        whole(b"<rss/>") + HANG_UP,
        chunked(b"<rs", b"s/>"),
        chunked(b"<rss/>", end=b"0\r\nExpires: never\r\n\r\n"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6;name=value\r\n<rss/>\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n<rss/>" + HANG_UP,
        b"HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\n<rss/>" + HANG_UP,
        b"HTTP/1.1 200\nContent-Length: 6\n\n<rss/>",
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + whole(b"<rss/>"),
        whole(b"<rss/>", b"X-Odd: \xff\x00\x01", b"X-Long: one,\r\n two"),
        whole(b"<rss/>", b"Upgrade: h2,h2c", b"Connection: Upgrade, Keep-Alive"),
        chunked(b"<rss/>").replace(b"\r\n\r\n", b"\r\nContent-Length: 60\r\n\r\n", 1),
    ],
)
def test_every_usual_way_to_send_a_body_is_understood(says: bytes) -> None:
    """Announced by length, in pieces, or ended by hanging up: the document is the same."""
    (answer,), _ = ask(says)
    assert isinstance(answer, Document), answer
    assert answer.content == b"<rss/>"


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (b"", "ended in the middle"),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", "not HTTP/1"),
        (b"HTTP/1.1 200 OK\r\n: nameless\r\n\r\n", "not HTTP/1"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Length: 60\r\n\r\n<rss/>", "not HTTP/1"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -6\r\n\r\n<rss/>", "not HTTP/1"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n<rss/>", "ended in the middle"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n<rss/>", "not asked for"),
        (chunked(b"<rss/>", end=b""), "ended in the middle"),
        (chunked(end=b"many\r\n<rss/>"), "not HTTP/1"),
        (chunked(end=b"2\r\n<rss/>\r\n0\r\n\r\n"), "not HTTP/1"),
        (chunked(end=b"1" * 70_000), "not HTTP/1"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, "longer than 64 KiB"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: xxxxxx\r\n" * 12_000 + b"\r\n<rss/>", "longer than 64 KiB"),
        (chunked(b"<rss/>", end=b"0\r\n" + b"X: " + b"x" * 600_000), "too many pieces"),
        (b"<rss/>", "not HTTP/1"),
        (b"HTTP/0.9 200 OK\r\n\r\n<rss/>", "not HTTP/1"),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n<rss/>", "not HTTP/1"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 20, "only says that it will"),
    ],
)
def test_what_cannot_be_understood_is_a_failure_with_its_reason(says: bytes, why: str) -> None:
    """Half a body, or one whose framing contradicts itself, never passes for a document."""
    (answer,), _ = ask(says + HANG_UP)
    assert isinstance(answer, Failed), answer
    assert why in answer.reason


def test_a_body_cut_into_crumbs_is_given_up() -> None:
    """Putting single bytes together costs more than any document is worth, so there is an end to it."""
    crumbs = b"1\r\nx\r\n" * (FRAMING_BYTES // 5 + 1_000)
    (answer,), _ = ask(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + crumbs)
    assert isinstance(answer, Failed)
    assert "too many pieces" in answer.reason


@pytest.mark.parametrize("says", [chunked(*[b"x" * 60_000] * 40), b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2_400_000])
def test_a_body_of_unknown_length_is_stopped_at_the_limit(says: bytes) -> None:
    """A server that announces no length cannot send more than one that does."""
    (answer,), _ = ask(says)
    assert isinstance(answer, Refused)


def test_a_connection_is_used_again() -> None:
    """Asking the same host twice costs one connection, whichever way the first answer ended well."""
    for first in (UNCHANGED, whole(b"<rss/>"), chunked(b"<rss/>"), whole(b"gone").replace(b"200 OK", b"404 Not Found")):
        answers, server = ask(first, UNCHANGED, times=3)
        assert isinstance(answers[2], NotModified)
        assert server.connections == 1, first


@pytest.mark.parametrize(
    "first",
    [
        UNCHANGED + HANG_UP,
        whole(b"<rss/>", b"Connection: close"),
        b"HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\n<rss/>",
        whole(b"<rss/>") + b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n<forged>",
        UNCHANGED + b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n<forged>",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 52\r\n\r\n",
        chunked(b"<rss/>").replace(b"\r\n\r\n", b"\r\nContent-Length: 60\r\n\r\n", 1),
    ],
)
def test_a_connection_in_doubt_is_not_used_again(first: bytes) -> None:
    """Where something more was said than was asked, or might be, what it says is nobody's answer."""
    answers, server = ask(first, whole(b"<mine/>"), times=2, pause=0.05)
    assert isinstance(answers[1], Document)
    assert answers[1].content == b"<mine/>"
    assert server.connections == 2


def test_a_kept_connection_that_the_server_dropped_is_no_failure() -> None:
    """Servers hang up on kept connections as they like, also while we ask: then the question is put again, once."""
    answers, server = ask(UNCHANGED, HANG_UP, UNCHANGED, times=2)
    assert isinstance(answers[1], NotModified)
    assert (server.connections, len(server.heard)) == (2, 3)


def test_validators_go_back_as_they_came() -> None:
    """A tag is the server's own word, byte by byte, and can smuggle no line into a request."""
    answers, _ = ask(whole(b"<rss/>", b'ETag: "caf\xc3\xa9\xff"'))
    assert isinstance(answers[0], Document)
    _, server = ask(UNCHANGED, etag=answers[0].headers["etag"], last_modified="never\r\nX-Evil: yes")
    assert b'If-None-Match: "caf\xc3\xa9\xff"\r\n' in server.heard[0]
    assert b"\r\nX-Evil" not in server.heard[0]


def test_addresses_are_sent_in_their_plain_form() -> None:
    """Letters that a request cannot hold are written as it can, and a redirect may be in any alphabet."""
    moved = "HTTP/1.1 302 Found\r\nLocation: /новости\r\nContent-Length: 0\r\n\r\n".encode()
    (answer,), server = ask(moved, whole(b"<rss/>"), path="/лента rss?q=ё")
    assert isinstance(answer, Document)
    first, second = (words.split(b"\r\n")[0] for words in server.heard)
    assert first.startswith(b"GET /%D0%BB%D0%B5%D0%BD%D1%82%D0%B0%20rss?q=%D1%91 HTTP/1.1")
    assert second == b"GET /%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8 HTTP/1.1"
    assert server.connections == 1


ANYTHING = st.binary(max_size=400)
PARTS = st.sampled_from(
    [b"HTTP/1.1 200 OK", b"HTTP/1.1 304 x", b"HTTP/1.0 301 x", b"Content-Length: 3", b"Transfer-Encoding: chunked",
     b"Location: /", b"Location: http://[", b"Content-Encoding: gzip", b"\r\n", b"\r\n\r\n", b"3\r\nabc\r\n",
     b"0\r\n\r\n"]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(PARTS, PARTS, ANYTHING), max_size=12).map(b"".join))
def test_whatever_is_said_there_is_an_answer(says: bytes) -> None:
    """No bytes make the client raise, or wait when the server has hung up."""
    (answer,), _ = ask(says + HANG_UP)
    assert "no complete answer" not in getattr(answer, "reason", "")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_whatever_stands_in_a_head_it_is_read_or_refused(text: str) -> None:
    """Reading the beginning of an answer ends in headers that can be kept and shown, or in one refusal."""
    (answer,), _ = ask(f"HTTP/1.1 200 OK\nX-Said: {text}\n\n<rss/>".encode() + HANG_UP)
    if isinstance(answer, Document):
        assert all(name == name.strip().lower() for name in answer.headers)
        assert "\0" not in "".join(answer.headers.values())


class Tap(asyncio.Transport):
    """Stands for a socket: remembers what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def pause_reading(self) -> None:
        self.told.append("pause")

    def resume_reading(self) -> None:
        self.told.append("resume")


def test_what_nobody_reads_waits_in_the_server() -> None:
    """A server that sends faster than we read is stopped, and goes on when what came was read."""

    async def work() -> None:
        wire, tap = Wire(Place(False, "source.example", 80)), Tap()
        wire.connection_made(tap)
        asked = asyncio.ensure_future(wire.ask(b""))
        await asyncio.sleep(0)
        wire.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (2 * HELD_BYTES))
        assert (await asked).status == 200
        wire.data_received(b"x" * HELD_BYTES)
        assert tap.told == []
        wire.data_received(b"x")
        assert tap.told == ["pause"]
        body = wire.body()
        assert len(await anext(body)) == HELD_BYTES + 1
        rest = asyncio.ensure_future(anext(body))
        await asyncio.sleep(0)
        assert tap.told == ["pause", "resume"]
        wire.data_received(b"x" * (HELD_BYTES - 1))
        assert len(await rest) == HELD_BYTES - 1
        assert wire.usable

    run(work())


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for localhost that nobody has signed but itself, with its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("making a certificate needs openssl")
    both = tmp_path / "both.pem"
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    subprocess.run(
        [openssl, *words.split(), "-keyout", str(both), "-out", str(tmp_path / "own.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    both.write_bytes(both.read_bytes() + (tmp_path / "own.pem").read_bytes())
    return both


def test_a_certificate_must_hold(certificate: Path) -> None:
    """Over TLS a source is read when its certificate is trusted and bears its name, and otherwise it says what ails."""
    told = Server([whole(b"<rss/>"), chunked(b"<rss/>"), b"HTTP/1.1 200 OK\r\n\r\n<rss/>" + HANG_UP])
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=str(certificate.with_name("own.pem")))

    async def work() -> list[Answer]:
        server = await asyncio.start_server(told.talk, "127.0.0.1", 0, ssl=ours)
        port = server.sockets[0].getsockname()[1]
        answers = []
        for tls, host in ((trusting, "localhost"), (trusting, "127.0.0.1"), (None, "localhost")):
            async with Client(allow_hosts=("localhost", "127.0.0.1"), tls=tls) as client:
                for _ in range(3 if (tls, host) == (trusting, "localhost") else 1):
                    answers.append(await client.fetch(f"https://{host}:{port}/rss", now=NOW))
        server.close()
        await told.end()
        return answers

    *read, misnamed, untrusted = run(work())
    assert [answer.content for answer in read if isinstance(answer, Document)] == [b"<rss/>"] * 3
    assert told.connections == 1
    for answer in (misnamed, untrusted):
        assert isinstance(answer, Failed)
        assert "its certificate does not hold" in answer.reason
