"""HTTP/1.1 as a reader of feeds needs it: one question at a time on a kept connection, every answer bounded.

Nine visits in ten end in "not modified"; a general library spends five times as much computing on one as this does.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, cast

HEAD_BYTES = 64 * 1024
"""Of the status line and headers of one answer."""
FRAMING_BYTES = 512 * 1024
"""Around the pieces of a chunked body: one cut into single bytes costs more to put together than it is worth."""
HELD_BYTES = 256 * 1024
"""Received and not yet read; more waits in the server."""
INTERIM_ANSWERS = 8
LISTED = frozenset(("cache-control", "connection", "content-encoding", "transfer-encoding"))
"""Headers that may be given in several lines; of any other the first line counts."""

_STATUS = re.compile(r"HTTP/1\.([01]) ([1-9]\d\d)(?: (.*))?")
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")


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
    lasting: bool
    """True when the connection may be used again after this answer."""


def read_head(text: str) -> Head:
    """The beginning of an answer; raises `BadAnswer`."""
    first, *lines = text.replace("\r\n", "\n").split("\n")
    status = _STATUS.fullmatch(first)
    if status is None:
        raise BadAnswer("what it answers is not HTTP/1")
    headers: dict[str, str] = {}
    name = ""
    for line in lines:
        if line[:1] in (" ", "\t"):
            # A header continued on the next line, as it once was allowed.
            if name:
                headers[name] += f" {_value(line)}"
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not colon or not name:
            raise BadAnswer("one of its headers has no name")
        value = _value(value)
        if name not in headers:
            headers[name] = value
        elif name in LISTED:
            headers[name] += f", {value}"
        elif name == "content-length" and headers[name] != value:
            raise BadAnswer("it gives two lengths for one body")
    lasting = status[1] == "1" and "close" not in headers.get("connection", "").lower()
    return Head(status=int(status[2]), reason=_value(status[3] or ""), headers=headers, lasting=lasting)


def _value(raw: str) -> str:
    return raw.strip() if raw.isprintable() else _UNPRINTABLE.sub(" ", raw).strip()


class Wire(asyncio.Protocol):
    """One connection: ask, read the body to its end, ask again."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.idle_since = 0.0
        self._heard = bytearray()
        self._over = False
        """Nothing more will be heard."""
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False
        self._head: Head | None = None
        self._whole = True

    # --- what the event loop tells ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Something came."""
        self._heard += data
        if len(self._heard) > HELD_BYTES and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """The server has said all it will."""
        self._over = True
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is no more."""
        self._over = True
        self._error = error
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _more(self) -> None:
        if self._over:
            raise BadAnswer("the connection ended in the middle of the answer") from self._error
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    # --- one question ----------------------------------------------------------------------------------------------

    @property
    def usable(self) -> bool:
        """True when another question may be asked: the last answer was read whole, and nothing was added to it."""
        lasting = self._head is None or self._head.lasting
        return lasting and self._whole and not self._over and not self._heard

    def pass_over(self) -> None:
        """A body that nobody wants, and that is here already, need not cost the connection."""
        headers = self._head.headers if self._head is not None else {}
        if "transfer-encoding" not in headers and headers.get("content-length") == str(len(self._heard)):
            self._heard.clear()
            self._whole = True

    def close(self) -> None:
        """Hang up, at once: what is not read by now is not wanted."""
        self._transport.abort()

    async def ask(self, request: bytes) -> Head:
        """Send a request; how the answer to it begins. Raises `BadAnswer`."""
        self._whole = False
        self._transport.write(request)
        for _ in range(INTERIM_ANSWERS):
            head = read_head(await self._head_text())
            if head.status >= 200:
                break
        else:
            raise BadAnswer("it only says that it will answer")
        if head.status in (204, 304):
            # Where a body is announced that must not be there, nobody can say what comes next on this connection.
            self._whole = "transfer-encoding" not in head.headers and head.headers.get("content-length", "0") == "0"
        self._head = head
        return head

    async def _head_text(self) -> str:
        looked = 0
        while (end := _END_OF_HEAD.search(self._heard, looked)) is None:
            if len(self._heard) > HEAD_BYTES:
                raise BadAnswer(f"its headers are longer than {HEAD_BYTES // 1024} KiB")
            looked = max(0, len(self._heard) - 3)
            await self._more()
        if end.start() > HEAD_BYTES:
            raise BadAnswer(f"its headers are longer than {HEAD_BYTES // 1024} KiB")
        text = self._heard[: end.start()].decode("latin-1")
        del self._heard[: end.end()]
        return text

    async def body(self) -> AsyncIterator[bytes]:
        """The body as it comes, without its framing. Raises `BadAnswer` when it ends too early."""
        head = self._head
        if head is None or head.status in (204, 304):
            return
        coding = head.headers.get("transfer-encoding", "").lower()
        length = head.headers.get("content-length")
        if coding not in ("", "identity"):
            if coding != "chunked":
                raise BadAnswer("its body is framed in a way that was not asked for")
            async for piece in self._chunks():
                yield piece
        elif length is not None:
            if not (length.isascii() and length.isdigit()):
                raise BadAnswer("the length of its body is no number")
            left = int(length[:18])
            while left:
                piece = await self._some(left)
                left -= len(piece)
                yield piece
        else:
            while self._heard or not self._over:
                if self._heard:
                    yield self._take(len(self._heard))
                else:
                    await self._more()
            if self._error is not None:
                raise BadAnswer("the connection broke in the middle of the answer") from self._error
        self._whole = True

    async def _chunks(self) -> AsyncIterator[bytes]:
        framing = 0
        ready = bytearray()
        while True:
            if ready and b"\n" not in self._heard:
                yield bytes(ready)
                ready.clear()
            line = await self._line()
            framing += len(line) + 4
            if framing > FRAMING_BYTES:
                raise BadAnswer("its body is cut into too many pieces")
            size = _SIZE.fullmatch(line.partition(b";")[0].strip())
            if size is None:
                raise BadAnswer("a piece of its body has no length")
            left = int(size[0], 16)
            if not left:
                break
            while left:
                piece = await self._some(left)
                left -= len(piece)
                ready += piece
                if len(ready) > HELD_BYTES:
                    yield bytes(ready)
                    ready.clear()
            if await self._line():
                raise BadAnswer("a piece of its body is longer than it says")
        if ready:
            yield bytes(ready)
        while line := await self._line():
            framing += len(line)
            if framing > FRAMING_BYTES:
                raise BadAnswer("its body has no end")

    async def _line(self) -> bytes:
        while (end := self._heard.find(b"\n")) < 0:
            if len(self._heard) > HEAD_BYTES:
                raise BadAnswer("a piece of its body has no length")
            await self._more()
        return self._take(end + 1).rstrip(b"\r\n")

    async def _some(self, most: int) -> bytes:
        while not self._heard:
            await self._more()
        return self._take(most)

    def _take(self, most: int) -> bytes:
        taken = bytes(self._heard[:most])
        del self._heard[:most]
        return taken
