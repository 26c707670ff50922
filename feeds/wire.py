"""HTTP/1.1 as a reader of feeds needs it: one question at a time on a kept connection, every answer bounded.

What the bytes mean is `httptools`' business; here is only how much of them is taken, and whose answer they are.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

HEAD_BYTES = 64 * 1024
"""Of the status line and headers of one answer."""
FRAMING_BYTES = 512 * 1024
"""Around the pieces of a chunked body: one cut into single bytes costs more to put together than it is worth."""
HELD_BYTES = 256 * 1024
"""Received and not yet read; more waits in the server."""
INTERIM_ANSWERS = 8
LISTED = frozenset(("cache-control", "connection", "content-encoding", "transfer-encoding"))
"""Headers that may be given in several lines; of any other the first line counts."""

TOO_LONG = f"its headers are longer than {HEAD_BYTES // 1024} KiB"

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class BadAnswer(OSError):
    """The server's answer cannot be understood, or ends in the middle."""


class Place(NamedTuple):
    """Where a connection leads."""

    secure: bool
    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How an answer begins."""

    status: int
    reason: str
    headers: Mapping[str, str]
    """With lower-case names; as latin-1, so that a validator goes back byte by byte as it came."""


class Wire(asyncio.Protocol):
    """One connection: ask, read the body to its end, ask again."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.idle_since = 0.0
        self._parser = HttpResponseParser(self)
        # What servers send that stand behind an old script or a careless proxy.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_chunked_length=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False
        self._fault: BadAnswer | None = None
        """Why nothing more will be heard."""
        self._expect()
        self._whole = self._lasting = True

    def _expect(self) -> None:
        self._head: Head | None = None
        self._headers: dict[str, str] = {}
        self._reason = ""
        self._interim = self._head_bytes = self._around = 0
        """`_around`: bytes heard of this answer that are not its body."""
        self._unread = bytearray()
        self._whole = self._lasting = self._to_the_end = False
        """`_to_the_end`: only hanging up ends this body."""

    # --- what the event loop tells ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Something came."""
        if self._whole:
            self._fail("it says more than it was asked")
            return
        self._around += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            own = error.__context__
            self._fail(str(own) if isinstance(own, BadAnswer) else f"what it answers is not HTTP/1 ({error})")
        if self._head is None and self._around > HEAD_BYTES:
            self._fail(TOO_LONG)
        elif self._around > FRAMING_BYTES:
            self._fail("its body is cut into too many pieces")
        elif len(self._unread) > HELD_BYTES:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """The server has said all it will."""
        self.connection_lost(None)

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is no more."""
        if self._to_the_end and error is None and self._fault is None:
            self._whole = True
        self._fail("the connection ended in the middle of the answer")
        self._wake()

    def _fail(self, why: str) -> None:
        # What came whole before that stays good.
        if self._fault is None:
            self._fault = BadAnswer(why)
            self._transport.abort()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # --- what the parser tells -------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """An answer begins."""
        if self._whole:
            raise BadAnswer("it says more than it was asked")
        self._reason, self._headers = "", {}

    def on_status(self, reason: bytes) -> None:
        """What the status is called, or a piece of it."""
        self._reason += reason.decode("latin-1")

    def on_header(self, raw_name: bytes, raw_value: bytes) -> None:
        """One header; those that follow a body are nobody's business."""
        if self._head is not None:
            return
        self._head_bytes += len(raw_name) + len(raw_value)
        if self._head_bytes > HEAD_BYTES:
            raise BadAnswer(TOO_LONG)
        name, value = raw_name.decode("latin-1").strip().lower(), _printable(raw_value.decode("latin-1"))
        if name not in self._headers:
            self._headers[name] = value
        elif name in LISTED:
            self._headers[name] += f", {value}"

    def on_headers_complete(self) -> None:
        """The beginning of an answer is here."""
        if not self._parser.get_http_version().startswith("1."):
            raise BadAnswer("what it answers is not HTTP/1")
        status, headers = self._parser.get_status_code(), self._headers
        if status < 200:
            self._interim += 1
            if self._interim >= INTERIM_ANSWERS:
                raise BadAnswer("it only says that it will answer")
            return
        framed, length = "transfer-encoding" in headers, headers.get("content-length")
        if status in (204, 304):
            # Where a body is announced that must not be there, nobody can say what comes next on this connection.
            doubtful = framed or length not in (None, "0")
        else:
            doubtful = framed and length is not None
            self._to_the_end = not framed and length is None
        self._lasting = self._parser.should_keep_alive() and not doubtful
        self._head = Head(status=status, reason=_printable(self._reason), headers=headers)

    def on_body(self, piece: bytes) -> None:
        """A piece of the body, without its framing."""
        if self._head is not None:
            self._unread += piece
            self._around -= len(piece)

    def on_message_complete(self) -> None:
        """An answer ends."""
        self._whole = self._head is not None

    # --- one question ----------------------------------------------------------------------------------------------

    @property
    def usable(self) -> bool:
        """True when another question may be asked: the last answer came whole, and nothing was added to it."""
        return self._whole and self._lasting and self._fault is None and not self._paused

    def close(self) -> None:
        """Hang up, at once: what is not read by now is not wanted."""
        self._transport.abort()

    async def ask(self, request: bytes) -> Head:
        """Send a request; how the answer to it begins. Raises `BadAnswer`."""
        self._expect()
        self._transport.write(request)
        while self._head is None:
            await self._more()
        return self._head

    async def body(self) -> AsyncIterator[bytes]:
        """The body as it comes, without its framing. Raises `BadAnswer` when it ends too early."""
        coding = self._head.headers.get("transfer-encoding", "chunked") if self._head is not None else ""
        if coding.lower() != "chunked":
            raise BadAnswer("its body is framed in a way that was not asked for")
        while self._unread or not self._whole:
            if self._unread:
                piece, self._unread = bytes(self._unread), bytearray()
                yield piece
            else:
                await self._more()

    async def _more(self) -> None:
        if self._fault is not None:
            raise self._fault
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None


def _printable(raw: str) -> str:
    return raw.strip() if raw.isprintable() else _UNPRINTABLE.sub(" ", raw).strip()
