"""Requests to customers reach public addresses and nothing else, however the URL and its name are written."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

import pytest

from connectors.outbound.addresses import AddressInfo, Blocked, Resolver, checked, is_public
from connectors.outbound.answers import Answer
from connectors.outbound.secrets import new_secret
from connectors.outbound.sender import now_ms
from connectors.outbound.webhook import WebhookClient
from streams.kernel.vocabulary import AttemptResult
from tests.fakes.webhook_endpoint import listening
from tests.support.waiting import PATIENCE

PUBLIC = (
    "8.8.8.8", "172.15.255.255", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e",
    "::ffff:8.8.8.8", "2002:808:808::1", "64:ff9b::808:808",
)
NOT_PUBLIC = (
    "127.0.0.1", "127.255.0.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "100.100.100.200", "168.63.129.16", "0.0.0.0", "255.255.255.255", "192.0.0.192", "192.0.2.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "::", "::1", "fe80::1", "fe80::1%eth0",
    "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "ff0e::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::ffff:169.254.169.254", "::127.0.0.1", "2002:7f00:1::1", "2002:a00:1::1", "2001:0:0:0:0:0:f5ff:fffe",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "not an address",
)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_asked(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_not_public_may_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("url", ["https://example.com/hooks?a=b", "https://example.com:8443", "https://8.8.8.8/"])
def test_a_url_that_may_be_asked(url: str) -> None:
    assert checked(url, private=False).scheme == "https"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.com/", "https://"), ("ftp://example.com/", "https://"), ("example.com/hooks", "https://"),
        ("", "https://"), ("https:///hooks", "no host"), ("https://", "no host"), ("https://me@example.com/", "user"),
        ("https://me:hush@example.com/", "user"), ("https://:hush@example.com/", "user"),
        ("https://example.com:99999/", "cannot be read"), ("https://[::1/", "cannot be read"),
        ("https://127.0.0.1/", "127.0.0.1 is no public"), ("https://[::1]/", "::1 is no public"),
        ("https://[::ffff:10.0.0.1]/", "no public"), ("https://[fe80::1%25eth0]/", "no public"),
        (f"https://example.com/{'a' * 3000}", "more than 2048"),
    ],
)
def test_a_url_that_may_not_says_why_and_shows_no_secret(url: str, why: str) -> None:
    with pytest.raises(Blocked, match=why) as raised:
        checked(url, private=False)
    assert "hush" not in str(raised.value)


def test_for_trials_private_addresses_and_plain_http_are_allowed() -> None:
    assert checked("http://127.0.0.1:8000/", private=True).port == 8000
    with pytest.raises(Blocked):
        checked("file:///etc/passwd", private=True)


def leading_to(*answers: Sequence[str]) -> tuple[Resolver, list[str]]:
    """A resolver whose name service answers so, in turn, and what it was asked."""
    asked: list[str] = []

    def lookup(host: str, port: int, _: int) -> Sequence[AddressInfo]:
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found
        ]

    return Resolver(private=False, lookup=lookup), asked


@pytest.mark.parametrize("found", [["127.0.0.1"], ["10.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["8.8.8.8", "::1"]])
def test_a_name_of_which_one_address_is_not_public_is_not_asked(found: list[str]) -> None:
    resolver, _ = leading_to(found)
    with pytest.raises(Blocked, match=r"example\.com leads to .*, which is no public address"):
        asyncio.run(resolver.resolve("example.com", 443))


def test_a_name_that_leads_elsewhere_later_is_judged_again_at_each_connection() -> None:
    """DNS rebinding: public where the URL is judged, private where it is asked."""
    resolver, asked = leading_to(["8.8.8.8"], ["127.0.0.1"])

    async def attempts() -> tuple[Answer, int]:
        async with listening() as endpoint:
            [first] = await resolver.resolve("rebinding.example", endpoint.port)
            assert first["host"] == "8.8.8.8"
            client = WebhookClient(PATIENCE, now_ms, private=False, resolver=resolver)
            url = f"https://rebinding.example:{endpoint.port}/"
            answer = await client.post(url, "msg_1", now_ms(), "{}", [new_secret()])
            await client.close()
            return answer, len(endpoint.received)

    answer, received = asyncio.run(attempts())
    assert answer == Answer(
        AttemptResult.UNAVAILABLE, "rebinding.example leads to 127.0.0.1, which is no public address"
    )
    assert (received, len(asked)) == (0, 2)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "localhost"]
)
def test_no_spelling_of_this_machine_is_connected_to(host: str) -> None:
    async def attempt() -> tuple[Answer, int]:
        async with listening() as endpoint:
            client = WebhookClient(PATIENCE, now_ms, private=False)
            url = f"https://{host}:{endpoint.port}/"
            answer = await client.post(url, "msg_1", now_ms(), "{}", [new_secret()])
            await client.close()
            return answer, len(endpoint.received)

    answer, received = asyncio.run(attempt())
    assert (answer.result, received) == (AttemptResult.UNAVAILABLE, 0)
    assert any(words in answer.detail for words in ("no public address", "cannot be resolved", "URL cannot be used"))


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "the name gone.example cannot be resolved"),
        (UnicodeError("label too long"), "the request could not be made (UnicodeError)"),
        (RuntimeError("what nobody foresaw"), "the request could not be made (RuntimeError)"),
    ],
)
def test_a_name_that_cannot_be_looked_up_is_said_in_words_and_stops_nothing(error: Exception, why: str) -> None:
    def lookup(*_: object) -> Sequence[AddressInfo]:
        raise error

    async def attempt() -> Answer:
        client = WebhookClient(PATIENCE, now_ms, private=False, resolver=Resolver(private=False, lookup=lookup))
        answer = await client.post("https://gone.example/", "msg_1", now_ms(), "{}", [new_secret()])
        await client.close()
        return answer

    assert asyncio.run(attempt()) == Answer(AttemptResult.UNAVAILABLE, why)
