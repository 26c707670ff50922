"""Connections to servers: made to addresses that may be asked and to no others, kept for a while, never too many."""

from __future__ import annotations

import asyncio
import socket
import ssl
from datetime import timedelta
from functools import partial
from time import monotonic

from aiohappyeyeballs import AddrInfoType, start_connection

from feeds.addresses import GuardedResolver, address_of
from feeds.wire import BadAnswer, Head, Place, Wire

KEPT_FOR = 15.0
"""Seconds of real time that a connection waits for the next question."""
ADDRESS_HOLDS_FOR = 60.0
"""Seconds of real time after which a name is looked up again; until then its checked addresses stand."""
REMEMBERED_NAMES = 4_096
NEXT_ADDRESS_AFTER = 0.25
"""Seconds after which the next address of a name is tried as well: where IPv6 leads nowhere, nobody waits for it."""


class Connections:
    """Asks servers, on a connection that stands where there is one. Belongs to one event loop."""

    def __init__(
        self, resolver: GuardedResolver, *, connect_within: timedelta, at_most: int, tls: ssl.SSLContext | None = None
    ) -> None:
        self._resolver = resolver
        self._connect_within = connect_within
        self._at_most = at_most
        self._tls = tls
        self._room = asyncio.Semaphore(at_most)
        self._idle: list[Wire] = []
        self._addresses: dict[tuple[str, int], tuple[float, list[AddrInfoType]]] = {}
        self._sweep: asyncio.TimerHandle | None = None

    async def ask(self, place: Place, request: bytes) -> tuple[Wire, Head]:
        """Send a request; the connection on which it is answered, to be given back, and how the answer begins."""
        await self._room.acquire()
        try:
            wire = self._kept(place)
            if wire is not None:
                try:
                    return wire, await wire.ask(request)
                except OSError:
                    # Servers hang up on kept connections as they like, also while we ask.
                    wire.close()
                except BaseException:
                    wire.close()
                    raise
            wire = await self._connect(place)
            try:
                return wire, await wire.ask(request)
            except BaseException:
                wire.close()
                raise
        except BaseException:
            self._room.release()
            raise

    def give_back(self, wire: Wire) -> None:
        """The answer was read, or is not wanted any more."""
        self._room.release()
        if not wire.usable:
            wire.close()
            return
        if len(self._idle) >= self._at_most:
            self._idle.pop(0).close()
        wire.idle_since = monotonic()
        self._idle.append(wire)
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(KEPT_FOR, self._hang_up)

    async def close(self) -> None:
        """Hang up on everybody."""
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        while self._idle:
            self._idle.pop().close()
        await asyncio.sleep(0)
        await self._resolver.close()

    def _kept(self, place: Place) -> Wire | None:
        for number in range(len(self._idle) - 1, -1, -1):
            if self._idle[number].place == place:
                wire = self._idle.pop(number)
                if wire.usable and monotonic() - wire.idle_since <= KEPT_FOR:
                    return wire
                wire.close()
        return None

    def _hang_up(self) -> None:
        # Whoever is longest idle stands first.
        now = monotonic()
        while self._idle and (now - self._idle[0].idle_since >= KEPT_FOR or not self._idle[0].usable):
            self._idle.pop(0).close()
        self._sweep = None
        if self._idle:
            wait = KEPT_FOR - (now - self._idle[0].idle_since)
            self._sweep = asyncio.get_running_loop().call_later(wait, self._hang_up)

    async def _connect(self, place: Place) -> Wire:
        addresses = await self._lead_to(place)
        try:
            async with asyncio.timeout(self._connect_within.total_seconds()):
                connected = await start_connection(addresses, happy_eyeballs_delay=NEXT_ADDRESS_AFTER, interleave=1)
                try:
                    return await self._speak(place, connected)
                except BaseException:
                    connected.close()
                    raise
        except TimeoutError:
            raise BadAnswer(f"no connection within {self._connect_within.seconds} s") from None

    async def _speak(self, place: Place, connected: socket.socket) -> Wire:
        loop = asyncio.get_running_loop()
        wire = partial(Wire, place)
        if not place.secure:
            return (await loop.create_connection(wire, sock=connected))[1]
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        name = place.host.rstrip(".")
        return (await loop.create_connection(wire, sock=connected, ssl=self._tls, server_hostname=name))[1]

    async def _lead_to(self, place: Place) -> list[AddrInfoType]:
        """The addresses of a place that may be asked, as a socket takes them; raises `NotPublic`."""
        key = (place.host, place.port)
        until, known = self._addresses.get(key, (0.0, []))
        if monotonic() < until:
            return known
        found = await self._resolver.resolve(place.host, place.port, socket.AF_UNSPEC)
        addresses = [_info(result["host"], result["port"]) for result in found]
        if not addresses:
            raise BadAnswer("its name leads to no address")
        if len(self._addresses) >= REMEMBERED_NAMES:
            self._addresses.clear()
        self._addresses[key] = (monotonic() + ADDRESS_HOLDS_FOR, addresses)
        return addresses


def _info(host: str, port: int) -> AddrInfoType:
    address = address_of(host)
    if address is not None and address.version == 6:
        return socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port, 0, 0)
    return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port)
