"""Unpacking what a server packed: never more than a limit, and never half of it taken for the whole."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable
from typing import Protocol

import brotli  # type: ignore[import-untyped]
import zstandard

from feeds.addresses import brief


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
            raise Undecodable(f"its body is packed as '{brief(other)}', which was not asked for")


async def unpacked(body: AsyncIterable[bytes], encoding: str, limit: int) -> bytes:
    """The body as it was before its packing; raises `TooLarge` or `Undecodable`."""
    codings = [coding for coding in encoding.split(",") if coding.strip()]
    if len(codings) > 2:
        raise Undecodable("its body is packed more than twice")
    chain = [unpacker(coding) for coding in reversed(codings)] or [Plain()]
    parts: list[bytes] = []
    room = limit
    async for data in body:
        for step in chain:
            data = step.feed(data, room if step is chain[-1] else limit)  # noqa: PLW2901
        parts.append(data)
        room -= len(data)
    for step in chain:
        step.finish()
    return b"".join(parts)
