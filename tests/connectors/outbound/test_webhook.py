"""Attempts against a real endpoint: what is sent, and what becomes of each answer."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from connectors.outbound.answers import DETAIL_BYTES, LONGEST_WAIT_MS, Answer
from connectors.outbound.secrets import new_secret
from connectors.outbound.sender import now_ms
from connectors.outbound.webhook import MOST_BYTES, WebhookClient
from streams.kernel.vocabulary import AttemptResult
from tests.fakes.webhook_endpoint import Endpoint, Reply, listening
from tests.support.certificates import Authority
from tests.support.waiting import PATIENCE

BODY = '{"type":"shipment.delivered","timestamp":"2026-11-29T10:00:00Z","data":{"place":"Zürich"}}'
SECRET, OLDER = new_secret(), new_secret()
NOW = 1_790_000_000_000


async def posted(endpoint: Endpoint, *secrets: str, timeout: float = PATIENCE, **more: Any) -> Answer:
    """One attempt on a client of its own."""
    client = WebhookClient(timeout, lambda: NOW, private=True, **more)
    try:
        return await client.post(endpoint.url, "msg_1", now_ms(), BODY, secrets or (SECRET,))
    finally:
        await client.close()


def answered(*replies: Reply, timeout: float = PATIENCE) -> Answer:
    """The result of one attempt that is answered so."""

    async def attempt() -> Answer:
        async with listening(*replies) as endpoint:
            return await posted(endpoint, timeout=timeout)

    return asyncio.run(attempt())


def received(*secrets: str) -> tuple[bytes, dict[str, str]]:
    """The body and headers of one request."""

    async def attempt() -> Endpoint:
        async with listening() as endpoint:
            await posted(endpoint, *secrets)
            return endpoint

    [one] = asyncio.run(attempt()).received
    assert one.line == "POST /hooks HTTP/1.1"
    return one.body, one.headers


def test_a_request_is_what_standard_webhooks_say() -> None:
    body, headers = received(SECRET)
    assert body == BODY.encode()
    assert (headers["content-type"], headers["user-agent"]) == ("application/json", "shipsync")
    assert headers["webhook-id"] == "msg_1"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < PATIENCE
    assert Webhook(SECRET).verify(body, headers)["data"] == {"place": "Zürich"}
    signed = f"msg_1.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_while_a_secret_is_rotated_both_verify_and_the_newest_comes_first() -> None:
    body, headers = received(SECRET, OLDER)
    for secret in (SECRET, OLDER):
        Webhook(secret).verify(body, headers)
    newest, older = headers["webhook-signature"].split(" ")
    Webhook(SECRET).verify(body, {**headers, "webhook-signature": newest})
    Webhook(OLDER).verify(body, {**headers, "webhook-signature": older})
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, headers)


@pytest.mark.parametrize(
    ("status", "result"),
    [
        *((status, AttemptResult.ACCEPTED) for status in (200, 201, 202, 204)), (410, AttemptResult.GONE),
        *((status, AttemptResult.REFUSED) for status in (400, 409, 413, 414, 415, 422)),
        *((status, AttemptResult.UNAVAILABLE) for status in (401, 403, 404, 405, 408, 425, 451, 500, 502, 503, 504)),
        (429, AttemptResult.LIMITED),
    ],
)
def test_a_status_means_what_is_documented(status: int, result: AttemptResult) -> None:
    answer = answered(Reply(status, b"" if status == 204 else b"says so"))
    assert (answer.result, answer.code, answer.retry_at) == (result, status, None)
    assert answer.detail == ("" if status == 204 else "says so")


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("told", "wait"), [("120", 120_000), ("Mon, 21 Sep 2026 14:13:50 GMT", 30_000), ("9999999", LONGEST_WAIT_MS)]
)
def test_retry_after_is_passed_on_within_a_day(status: int, told: str, wait: int) -> None:
    answer = answered(Reply(status, headers={"Retry-After": told}))
    assert (answer.result, answer.retry_at) == (AttemptResult.LIMITED, NOW + wait)


def test_redirects_are_not_followed() -> None:
    async def attempt() -> tuple[Answer, int]:
        async with listening(Reply(302, headers={"Location": "/elsewhere"})) as endpoint:
            return await posted(endpoint), len(endpoint.received)

    answer, requests = asyncio.run(attempt())
    assert answer == Answer(AttemptResult.UNAVAILABLE, "redirects are not followed", 302)
    assert requests == 1


def test_a_body_is_shown_without_what_controls_a_terminal_or_is_no_text() -> None:
    answer = answered(Reply(500, b"\x1b[31mno\r\n\x00way \xff\xfe " + "\u202e".encode() + b"x"))
    assert answer.detail == "[31mno way �� x"


def test_of_a_huge_body_the_beginning_is_kept_and_no_more_than_the_bound_is_read() -> None:
    answer = answered(Reply(500, b"x" * (20 * MOST_BYTES)))
    assert (answer.code, answer.detail) == (500, "x" * DETAIL_BYTES)


def test_a_body_that_breaks_off_does_not_undo_the_status() -> None:
    answer = answered(Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly"))
    assert (answer.result, answer.detail) == (AttemptResult.ACCEPTED, "only")


def test_what_does_not_answer_in_time_is_unavailable() -> None:
    async def attempt() -> Answer:
        async with listening(Reply(held=asyncio.Event())) as endpoint:
            return await posted(endpoint, timeout=0.2)

    assert asyncio.run(attempt()) == Answer(AttemptResult.UNAVAILABLE, "no answer within 0.2 s")


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(reset=True), "the connection was closed before an answer came"),
        (Reply(raw=b""), "the connection was closed before an answer came"),
        (Reply(raw=b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "the answer is no HTTP"),
        (Reply(raw=b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n"), "the answer is no HTTP"),
    ],
)
def test_what_is_no_answer_is_unavailable_and_said_in_words(reply: Reply, why: str) -> None:
    assert answered(reply) == Answer(AttemptResult.UNAVAILABLE, why)


def test_a_port_nobody_listens_at_is_unavailable() -> None:
    async def attempt() -> Answer:
        async with listening() as endpoint:
            pass
        return await posted(endpoint)

    answer = asyncio.run(attempt())
    assert answer.result is AttemptResult.UNAVAILABLE
    assert answer.detail.startswith("no connection to 127.0.0.1: ")


def with_tls(folder: Path, attempt: Callable[[Endpoint, ssl.SSLContext], Awaitable[Answer]]) -> Answer:
    """The result of an attempt at an endpoint whose certificate a private authority has signed."""
    authority = Authority(folder)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(authority.sign("customer").chain)
    trusting = ssl.create_default_context(cafile=str(authority.certificate))

    async def run() -> Answer:
        async with listening(tls=server) as endpoint:
            return await attempt(endpoint, trusting)

    return asyncio.run(run())


def test_a_certificate_nobody_vouches_for_is_unavailable(tmp_path: Path) -> None:
    answer = with_tls(tmp_path, lambda endpoint, _: posted(endpoint))
    assert answer.result is AttemptResult.UNAVAILABLE
    assert answer.detail.startswith("the certificate of 127.0.0.1 is not trusted: ")


def test_a_trusted_certificate_is_taken(tmp_path: Path) -> None:
    answer = with_tls(tmp_path, lambda endpoint, trust: posted(endpoint, trust=trust))
    assert answer == Answer(AttemptResult.ACCEPTED, "ok", 200)


def test_https_at_a_port_that_speaks_plain_http_is_unavailable() -> None:
    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async def attempt() -> Answer:
        async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
            return await posted(Endpoint(server.sockets[0].getsockname()[1], "https"))

    answer = asyncio.run(attempt())
    assert answer.result is AttemptResult.UNAVAILABLE
    assert answer.detail.startswith("no TLS connection to 127.0.0.1: ")


def test_connections_are_kept() -> None:
    async def attempts() -> set[int]:
        async with listening(Reply(200), Reply(500, b"x" * 10_000), Reply(200)) as endpoint:
            client = WebhookClient(PATIENCE, now_ms, private=True)
            for _ in range(3):
                await client.post(endpoint.url, "msg_1", now_ms(), BODY, [SECRET])
            await client.close()
            return {one.peer for one in endpoint.received}

    assert len(asyncio.run(attempts())) == 1
