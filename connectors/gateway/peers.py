"""Finds who sent a request: the address that limits count by, directly or through trusted proxies
(``X-Forwarded-For``)."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address, ip_network

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

CONNECTED = "shipsync.connected"
"""Key of the ASGI scope: the address that the connection comes from, whatever the headers say."""
IPV6_PREFIX = 64
"""One customer of an internet provider holds at least so much of an IPv6 address; limits count the prefix."""


class Forwarded:
    """Middleware: the client of a request is who the ``trusted`` proxies (CIDR networks) say it is."""

    def __init__(self, app: ASGIApp, trusted: Iterable[str]) -> None:
        self._app: ASGIApp = ProxyHeadersMiddleware(app, list(trusted))  # type: ignore[arg-type, assignment]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            scope[CONNECTED] = _host(scope)
        await self._app(scope, receive, send)


def connected(request: Request) -> str:
    """The address at the other end of the connection: a proxy's where one stands between."""
    return str(request.scope.get(CONNECTED, _host(request.scope)))


def peer(request: Request) -> str:
    """The client's address as limits count it."""
    return counted(_host(request.scope))


def counted(address: str) -> str:
    """The address that limits count for this one: of IPv6 the prefix, of IPv4 in IPv6 the IPv4 address."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network((int(found), IPV6_PREFIX), strict=False))


def _host(scope: Scope) -> str:
    client = scope.get("client")
    return "" if client is None else str(client[0])
