"""Which addresses may be asked, and how an address may be shown."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit, urlunsplit

from aiohttp.abc import AbstractResolver, ResolveResult

IF_INTRANET = "if it is an intranet feed, name it in feeds.allow_hosts"

Address = IPv4Address | IPv6Address
TRANSLATED = ip_network("64:ff9b::/96")
"""IPv6 addresses of a NAT64 gateway: the real, IPv4 address is in the last four bytes."""


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

    def allowsaddress_of(self, address: Address) -> bool:
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
        literal = address_of(host)
        if literal is None:
            found = await self._inner.resolve(host, port, family)
        else:
            found = [ResolveResult(hostname=host, host=host, port=port, family=family, proto=0, flags=0)]
        if self._allowed.allows_host(host):
            return found
        good = [result for result in found if may_ask(address_of(result["host"]), self._allowed)]
        if found and not good:
            raise NotPublic(f"{host} leads to {found[0]['host']}, which is not a public address")
        return good

    async def close(self) -> None:
        """Close the resolver within."""
        await self._inner.close()


def may_ask(address: Address | None, allowed: AllowList) -> bool:
    """True when an address is public or on the list."""
    return address is not None and (is_public(address) or allowed.allowsaddress_of(address))


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def address_of(text: str) -> Address | None:
    """The address that `text` writes out; None when it is a name."""
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None


# --- words ---------------------------------------------------------------------------------------------------------


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
    return brief(plain)


def brief(what: object) -> str:
    """One printable line, of bounded length: what a server says cannot move a cursor or fake a line in a log."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in str(what)).split())
    return line if len(line) <= 200 else line[:199] + "…"
