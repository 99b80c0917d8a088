"""From a request and what is known of subscriptions to one attempt."""

from __future__ import annotations

import asyncio
from pathlib import Path

from config.settings import Settings
from connectors.outbound.secrets import SecretBox, new_secret
from connectors.outbound.sender import Sender
from connectors.outbound.sending_rates import SendingRates, rates_of
from connectors.outbound.subscriptions import Subscriptions
from connectors.outbound.webhook import WebhookClient
from streams.contracts.outbound import CustomerSubscriptions, OutboundAttempt, OutboundRequest, WebhookEndpoint
from streams.kernel.vocabulary import AttemptResult
from tests.fakes.webhook_endpoint import Reply, listening
from tests.support.waiting import PATIENCE

NOW = 1_790_000_000_000


def request(destination: str = "webhook:ep", owner: str = "C-7") -> OutboundRequest:
    return OutboundRequest("msg_1", destination, owner, "SO-1:ups:1Z", "shipment.delivered", "{}", 3, NOW - 9, NOW - 1)


def attempted(asked: OutboundRequest, folder: Path, *replies: Reply, secrets: int = 1) -> OutboundAttempt:
    """The attempt of a sender that knows one endpoint, ``ep`` of C-7."""
    box = SecretBox(Settings(_env_file=None, data_dir=folder))

    async def run() -> OutboundAttempt:
        async with listening(*replies) as endpoint:
            known = Subscriptions()
            stored = [box.encrypt(new_secret()) for _ in range(secrets)]
            known.learn(CustomerSubscriptions("C-7", [WebhookEndpoint("ep", endpoint.url, stored)], 1, "ada"))
            client = WebhookClient(PATIENCE, lambda: NOW, private=True)
            try:
                return await Sender(known, box, client, lambda: NOW).attempt(asked)
            finally:
                await client.close()

    return asyncio.run(run())


def test_an_attempt_says_whose_it_is_and_how_it_ended(tmp_path: Path) -> None:
    assert attempted(request(), tmp_path, Reply(429, b"slowly", {"Retry-After": "5"})) == OutboundAttempt(
        "msg_1", "webhook:ep", "C-7", "SO-1:ups:1Z", 3, AttemptResult.LIMITED, "slowly", NOW, NOW, 429, NOW + 5_000
    )


def test_an_endpoint_nobody_knows_is_unavailable(tmp_path: Path) -> None:
    for asked in (request("webhook:other"), request(owner="C-8"), request("mail:ep"), request("ep")):
        attempt = attempted(asked, tmp_path)
        assert (attempt.result, attempt.code) == (AttemptResult.UNAVAILABLE, None)
        assert attempt.detail == f"{asked.owner} has no endpoint {asked.destination}"


def test_an_endpoint_without_a_secret_is_unavailable(tmp_path: Path) -> None:
    attempt = attempted(request(), tmp_path, secrets=0)
    assert (attempt.result, attempt.detail.partition(":")[0]) == (
        AttemptResult.UNAVAILABLE, "the endpoint has no signing secret"
    )


def test_subscriptions_are_learnt_replaced_and_forgotten() -> None:
    known = Subscriptions()
    first, second = WebhookEndpoint("a", "https://a.example", ["x"]), WebhookEndpoint("b", "https://b.example", [])
    known.learn(CustomerSubscriptions("C-7", [first, second], 1, "ada"))
    assert known.endpoint("C-7", "webhook:b") == second
    known.learn(CustomerSubscriptions("C-7", [first], 2, "ada"))
    assert (known.endpoint("C-7", "webhook:b"), known.encrypted()) == (None, ["x"])
    known.forget("C-7")
    known.forget("C-7")
    assert (known.endpoint("C-7", "webhook:a"), known.encrypted()) == (None, [])


def test_a_rate_that_is_reached_puts_an_attempt_off_and_the_endpoint_is_left_alone(tmp_path: Path) -> None:
    box = SecretBox(Settings(_env_file=None, data_dir=tmp_path))

    async def run() -> tuple[list[OutboundAttempt], int]:
        async with listening(Reply(200), Reply(200)) as endpoint:
            known = Subscriptions()
            stored = [box.encrypt(new_secret())]
            known.learn(CustomerSubscriptions("C-7", [WebhookEndpoint("ep", endpoint.url, stored)], 1, "ada"))
            client = WebhookClient(PATIENCE, lambda: NOW, private=True)
            rates = SendingRates(rates_of(["127.0.0.1=1/h"]), None, lambda: NOW, lambda: 0.0)
            sender = Sender(known, box, client, lambda: NOW, rates=rates)
            try:
                return [await sender.attempt(request()) for _ in range(2)], len(endpoint.received)
            finally:
                await client.close()

    (first, second), taken = asyncio.run(run())
    assert (first.result, taken) == (AttemptResult.ACCEPTED, 1)
    assert (second.result, second.detail, second.retry_at) == (
        AttemptResult.LIMITED, "the rate declared for 127.0.0.1 is reached", NOW + 3_600_000
    )
