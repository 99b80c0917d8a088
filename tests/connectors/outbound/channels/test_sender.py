"""From a request to one attempt on a channel, at receivers on this machine; e-mail by a real SMTP server."""

from __future__ import annotations

import asyncio
import json
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from config.settings import Settings
from connectors.embedded.ports import unused
from connectors.outbound.channels.secrets import ChannelSecrets
from connectors.outbound.channels.sender import ChannelSender
from connectors.outbound.sending_rates import SendingRates, rates_of
from connectors.outbound.webhook import WebhookClient
from streams.contracts.outbound import OutboundAttempt, OutboundRequest
from streams.kernel.vocabulary import AttemptResult
from streams.paging.channels import Channel, PagingPolicy, Service
from streams.paging.wording import RAISED
from tests.fakes.webhook_endpoint import Reply, listening
from tests.support.waiting import PATIENCE

NOW = 1_790_000_000_000
BODY = '{"key":"a1","title":"UPS is late","severity":"critical","count":1}'


def request(channel: str = "ops", body: str = BODY) -> OutboundRequest:
    name = f"channel:{channel}"
    return OutboundRequest("msg_1", name, name, "a1", RAISED, body, 1, NOW, NOW)


async def attempted(channel: Channel, asked: OutboundRequest, **environment: str) -> OutboundAttempt:
    client = WebhookClient(PATIENCE, lambda: NOW, private=True)
    try:
        secrets = ChannelSecrets(Settings(_env_file=None), environment)
        sender = ChannelSender(PagingPolicy({"ops": channel}), secrets, client, PATIENCE, lambda: NOW)
        return await sender.attempt(asked)
    finally:
        await client.close()


def at_a_receiver(service: Service, *replies: Reply) -> tuple[OutboundAttempt, list[Any]]:
    async def run() -> tuple[OutboundAttempt, list[Any]]:
        async with listening(*replies) as endpoint:
            base = endpoint.url.removesuffix("/hooks")
            pager = service in (Service.PAGERDUTY, Service.OPSGENIE)
            channel = Channel("ops", service, "OPS", base if pager else None)
            attempt = await attempted(channel, request(), OPS="k" * 32 if pager else endpoint.url)
            return attempt, list(endpoint.received)

    return asyncio.run(run())


def test_pagerduty_takes_the_event_and_its_answer_is_kept() -> None:
    answer = b'{"status":"success","message":"Event processed","dedup_key":"a1"}'
    attempt, [received] = at_a_receiver(Service.PAGERDUTY, Reply(202, answer))
    assert (attempt.result, attempt.code, "Event processed" in attempt.detail) == (AttemptResult.ACCEPTED, 202, True)
    assert received.line == "POST /v2/enqueue HTTP/1.1"
    assert json.loads(received.body)["dedup_key"] == "a1"


@pytest.mark.parametrize(("reply", "result", "retry_at"), [
    (Reply(200, b"ok"), AttemptResult.ACCEPTED, None),
    (Reply(400, b"invalid_payload"), AttemptResult.REFUSED, None),
    (Reply(404, b"no_service"), AttemptResult.UNAVAILABLE, None),
    (Reply(410, b"channel_is_archived"), AttemptResult.REFUSED, None),
    (Reply(429, b"rate_limited", {"Retry-After": "30"}), AttemptResult.LIMITED, NOW + 30_000),
])
def test_slacks_answers_mean_what_slack_says(reply: Reply, result: AttemptResult, retry_at: int | None) -> None:
    attempt, _ = at_a_receiver(Service.SLACK, reply)
    assert (attempt.result, attempt.retry_at, attempt.detail) == (result, retry_at, reply.body.decode())


def test_a_channel_without_an_address_waits_and_names_the_variable() -> None:
    attempt = asyncio.run(attempted(Channel("ops", Service.SLACK, "SLACK_URL"), request()))
    assert attempt.result is AttemptResult.UNAVAILABLE
    assert "SLACK_URL" in attempt.detail


def test_a_channel_nobody_declared_waits_and_a_body_that_is_none_is_refused() -> None:
    channel = Channel("ops", Service.SLACK, "SLACK_URL")
    assert "no channel is named fax" in asyncio.run(attempted(channel, request("fax"))).detail
    assert asyncio.run(attempted(channel, request(body="{}"))).result is AttemptResult.REFUSED


class _Inbox:
    """An SMTP server's messages."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.answer = "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002
        self.taken.append(envelope.content)
        return self.answer


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_mail_goes_out_by_smtp() -> None:
    inbox, [port] = _Inbox(), unused(1)
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        url = f"mailto://127.0.0.1:{port}/?from=shipsync@example.com&to=ops@example.com"
        attempt = asyncio.run(attempted(Channel("ops", Service.EMAIL, "MAIL"), request(), MAIL=url))
        inbox.answer = "451 try again later"
        later = asyncio.run(attempted(Channel("ops", Service.EMAIL, "MAIL"), request(), MAIL=url))
    finally:
        controller.stop()
    assert attempt.result is AttemptResult.ACCEPTED
    mail = message_from_bytes(inbox.taken[0], policy=policy.default)
    assert (mail["subject"], mail["to"]) == ("Critical: UPS is late", "ops@example.com")
    assert later.result is AttemptResult.UNAVAILABLE


def test_a_url_apprise_does_not_know_waits_for_somebody_to_mend_it() -> None:
    attempt = asyncio.run(attempted(Channel("ops", Service.APPRISE, "OPS"), request(), OPS="nonsense"))
    assert (attempt.result, attempt.detail) == (AttemptResult.UNAVAILABLE, "the URL is none that Apprise knows")




def test_a_channel_keeps_to_its_rate() -> None:
    async def run() -> tuple[list[OutboundAttempt], int]:
        async with listening(Reply(200), Reply(200)) as endpoint:
            client = WebhookClient(PATIENCE, lambda: NOW, private=True)
            secrets = ChannelSecrets(Settings(_env_file=None), {"OPS": endpoint.url})
            rates = SendingRates(rates_of(["channel:ops=1/h"]), None, lambda: NOW, lambda: 0.0)
            policy_of = PagingPolicy({"ops": Channel("ops", Service.SLACK, "OPS")})
            sender = ChannelSender(policy_of, secrets, client, PATIENCE, lambda: NOW, rates)
            try:
                return [await sender.attempt(request()) for _ in range(2)], len(endpoint.received)
            finally:
                await client.close()

    (first, second), taken = asyncio.run(run())
    assert (first.result, second.result, taken) == (AttemptResult.ACCEPTED, AttemptResult.LIMITED, 1)
    assert second.retry_at == NOW + 3_600_000
