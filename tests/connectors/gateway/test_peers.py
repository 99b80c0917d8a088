"""Whom limits count: the address of the connection, or what a trusted proxy says of its client."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import Request

from connectors.gateway.peers import Forwarded, connected, counted, peer


def seen(client: str, forwarded: list[str], trusted: list[str]) -> tuple[str, str]:
    """(peer, connected) of a request that comes from this address with these X-Forwarded-For headers."""
    found: list[tuple[str, str]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        del receive, send
        request = Request(scope)
        found.append((peer(request), connected(request)))

    headers = [(b"x-forwarded-for", one.encode()) for one in forwarded]
    scope = {"type": "http", "client": (client, 1), "headers": headers, "scheme": "http"}
    asyncio.run(Forwarded(app, trusted)(scope, None, None))  # type: ignore[arg-type]
    return found[0]


def test_without_trusted_proxies_the_header_is_ignored() -> None:
    assert seen("192.0.2.1", ["198.51.100.7"], []) == ("192.0.2.1", "192.0.2.1")


def test_of_an_address_that_is_no_trusted_proxy_it_is_ignored_too() -> None:
    assert seen("192.0.2.1", ["198.51.100.7"], ["10.0.0.0/8"])[0] == "192.0.2.1"


@pytest.mark.parametrize(
    "forwarded", [["198.51.100.7"], ["203.0.113.9, 198.51.100.7"], ["203.0.113.9", "198.51.100.7, 10.0.0.2"]],
    ids=["one", "what the client wrote before it", "two proxies"],
)
def test_the_client_is_the_last_address_that_is_no_trusted_proxy(forwarded: list[str]) -> None:
    assert seen("10.0.0.1", forwarded, ["10.0.0.0/8"]) == ("198.51.100.7", "10.0.0.1")


def test_a_trusted_proxy_that_says_nothing_counts_itself() -> None:
    assert seen("10.0.0.1", [], ["10.0.0.0/8"])[0] == "10.0.0.1"


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("testclient", "testclient"), ("", ""),
    ],
)
def test_an_ipv6_address_counts_by_its_network(address: str, told: str) -> None:
    assert counted(address) == told
