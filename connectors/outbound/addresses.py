"""Where requests to customers may go: public addresses only, by https.

A customer names the URL, so without this it could make ShipSync ask machines of its own network. Names are judged by
what they resolve to when a connection is made, so that an answer of the name service that changes later changes
nothing; addresses in the URL itself are judged at the same place, when the socket is made.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]
Lookup = Callable[[str, int, int], Sequence[AddressInfo]]
"""Host, port, family (0: any) to what ``getaddrinfo`` returns. Raises OSError."""
LOOKUPS_AT_ONCE = 32
"""A name server that does not answer holds one of these for as long as the system waits for it."""
LONGEST_URL = 2_048
NAT64 = IPv6Network("64:ff9b::/96")
NOT_CUSTOMERS = (IPv4Network("168.63.129.16/32"), IPv4Network("192.0.0.0/24"))
"""Public by their numbers, but what clouds tell their machines about themselves is there."""


class Blocked(OSError):
    """A URL or an address that requests may not go to; the text says why."""


def is_public(text: str) -> bool:
    """Whether an address is one of the public Internet. IPv6 that stands for an IPv4 address is judged by that."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return _is_global(address)
    meant = address.ipv4_mapped or (IPv4Address(int(address) & 0xFFFF_FFFF) if address in NAT64 else None)
    if meant is not None:
        return address.scope_id is None and _is_global(meant)
    within = (address.sixtofour, *(address.teredo or ()))
    return (
        _is_global(address) and not address.is_site_local and address.scope_id is None
        and all(_is_global(one) for one in within if one is not None)
    )


def checked(url: str, *, private: bool) -> URL:
    """The URL to ask. ``private``: plain http and private addresses are allowed.

    Raises Blocked for one that is no https URL, holds a user or password, or names an address that is not public.
    """
    if len(url) > LONGEST_URL:
        raise Blocked(f"the URL has more than {LONGEST_URL} characters")
    try:
        found = URL(url)
        host, port = found.host, found.port
    except ValueError as error:
        raise Blocked("the URL cannot be read") from error
    if found.scheme != "https" and not (private and found.scheme == "http"):
        raise Blocked("the URL has to begin with https://")
    if not host or not port:
        raise Blocked("the URL names no host")
    if found.raw_user is not None or found.raw_password is not None:
        raise Blocked("the URL holds a user or a password; requests are signed instead")
    if not private and _is_literal(host) and not is_public(host):
        raise Blocked(f"{host} is no public address")
    return found


def public_socket(info: AddressInfo) -> socket.socket:
    """A socket for this address. Raises Blocked where it is not public."""
    family, kind, protocol, _, place = info
    if not is_public(str(place[0])):
        raise Blocked(f"{place[0]} is no public address")
    return socket.socket(family, kind, protocol)


def _system_lookup(host: str, port: int, family: int) -> Sequence[AddressInfo]:
    return socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)


class Resolver(AbstractResolver):
    """Resolves names in threads of its own. A name of which one address is not public is Blocked; ``private``: none
    is."""

    def __init__(self, *, private: bool, lookup: Lookup = _system_lookup) -> None:
        self._private, self._lookup = private, lookup
        self._threads = ThreadPoolExecutor(LOOKUPS_AT_ONCE, "lookup")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name. Raises OSError, of it Blocked."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, self._lookup, host, port, family)
        for _, _, _, _, place in found:
            if not self._private and not is_public(str(place[0])):
                raise Blocked(f"{host} leads to {place[0]}, which is no public address")
        return [
            ResolveResult(
                hostname=host, host=str(place[0]), port=int(place[1]), family=kind, proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, place in found
        ]

    async def close(self) -> None:
        """Take no more names."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    return (
        address.is_global and not address.is_multicast and not address.is_reserved
        and not any(address in one for one in NOT_CUSTOMERS)
    )


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
