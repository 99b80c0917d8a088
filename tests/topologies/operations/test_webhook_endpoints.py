"""Endpoints as people add, change and try them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from config.settings import Settings
from connectors.outbound.answers import Answer
from connectors.outbound.secrets import SecretBox, new_secret
from streams.contracts.outbound import CustomerSubscriptions, WebhookEndpoint
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import AttemptResult, Milestone
from tests.fakes.webhook_endpoint import Endpoint, Reply, listening
from topologies.operations import webhook_endpoints
from topologies.operations.webhook_endpoints import Endpoints

NOW = 1_790_000_000_000
URL = "https://example.com/hooks"


class Bench:
    """Endpoints of a customer, changed one after the other."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(_env_file=None, data_dir=folder, outbound_private_addresses=True)
        self.box = SecretBox(self.settings)
        self.known: dict[str, CustomerSubscriptions] = {}

    @property
    def endpoints(self) -> Endpoints:
        return Endpoints(self.settings, self.box, self.known, "ada", NOW)

    def take(self, change: webhook_endpoints.Change) -> webhook_endpoints.Change:
        """Write the change."""
        self.known[change.subscriptions.customer_id] = change.subscriptions
        return change

    def one(self, endpoint_id: str) -> WebhookEndpoint:
        return self.endpoints.found("C-7", endpoint_id)

    def secrets(self, endpoint_id: str) -> list[str]:
        return [self.box.decrypt(one) for one in self.one(endpoint_id).secrets]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_an_endpoint_is_added_beside_the_others_with_a_secret_of_its_own(bench: Bench) -> None:
    first = bench.take(bench.endpoints.add("C-7", URL, [], "stock"))
    second = bench.take(bench.endpoints.add("C-7", URL, [Milestone.DELIVERED, Milestone.DELIVERED], ""))
    assert (second.subscriptions.changed_by, second.subscriptions.changed_at) == ("ada", NOW)
    assert [one.endpoint_id for one in bench.known["C-7"].endpoints] == [
        first.endpoint.endpoint_id, second.endpoint.endpoint_id
    ]
    assert (first.endpoint.milestones, second.endpoint.milestones) == ([], ["delivered"])
    assert bench.secrets(first.endpoint.endpoint_id) == [first.secret]
    assert first.secret != second.secret


def test_a_secret_is_rotated_in_two_steps(bench: Bench) -> None:
    added = bench.take(bench.endpoints.add("C-7", URL, [], ""))
    its = added.endpoint.endpoint_id
    with pytest.raises(Fatal, match="no old secret"):
        bench.endpoints.drop_old("C-7", its)
    rotated = bench.take(bench.endpoints.rotate("C-7", its))
    assert bench.secrets(its) == [rotated.secret, added.secret]
    with pytest.raises(Fatal, match="--drop-old"):
        bench.endpoints.rotate("C-7", its)
    assert bench.take(bench.endpoints.drop_old("C-7", its)).secret is None
    assert bench.secrets(its) == [rotated.secret]


def test_it_is_paused_resumed_and_removed(bench: Bench) -> None:
    its = bench.take(bench.endpoints.add("C-7", URL, [], "")).endpoint.endpoint_id
    assert bench.take(bench.endpoints.pause("C-7", its)).endpoint.paused
    resumed = bench.take(bench.endpoints.resume("C-7", its)).endpoint
    assert (resumed.paused, resumed.enabled_at) == (False, NOW)
    assert bench.take(bench.endpoints.remove("C-7", its)).subscriptions.endpoints == []
    with pytest.raises(Fatal, match="customer C-7 has no endpoint; shipsync webhooks list"):
        bench.endpoints.pause("C-7", its)


def test_what_is_not_there_is_an_error_that_names_the_nearest(bench: Bench) -> None:
    its = bench.take(bench.endpoints.add("C-1007", URL, [], "")).endpoint.endpoint_id
    with pytest.raises(Fatal, match="customer C-107 has no endpoint; did you mean C-1007"):
        bench.endpoints.found("C-107", its)
    with pytest.raises(Fatal, match=f"no endpoint {its[:-1]}; did you mean {its}"):
        bench.endpoints.found("C-1007", its[:-1])


@pytest.mark.parametrize(
    ("customer", "url", "description", "why"),
    [
        (" ", URL, "", "CUSTOMER"), ("C\x1b7", URL, "", "CUSTOMER"), ("C" * 201, URL, "", "CUSTOMER"),
        ("C-7", URL, "x" * 501, "--description"), ("C-7", "http://example.com/", "", "URL: .*https://"),
        ("C-7", "https://10.0.0.1/", "", "URL: 10.0.0.1 is no public address"),
    ],
)
def test_what_cannot_be_added_is_named(bench: Bench, customer: str, url: str, description: str, why: str) -> None:
    bench.settings = bench.settings.replace(outbound_private_addresses=False)
    with pytest.raises(Fatal, match=why):
        bench.endpoints.add(customer, url, [], description)


def test_a_trial_is_one_signed_message_and_shows_the_answer(bench: Bench) -> None:
    async def trial() -> tuple[Answer, Endpoint, str | None]:
        async with listening(Reply(422, b"no such shop")) as endpoint:
            added = bench.endpoints.add("C-7", endpoint.url, [], "")
            return await webhook_endpoints.tried(bench.settings, bench.box, added.endpoint), endpoint, added.secret

    answer, endpoint, secret = asyncio.run(trial())
    assert answer == Answer(AttemptResult.REFUSED, "no such shop", 422)
    [one] = endpoint.received
    assert secret is not None
    assert Webhook(secret).verify(one.body, one.headers)["type"] == "shipsync.test"


def test_a_trial_with_another_key_names_the_setting(bench: Bench, tmp_path: Path) -> None:
    endpoint = WebhookEndpoint("ep", URL, [Bench(tmp_path / "other").box.encrypt(new_secret())])
    bench.box.encrypt("makes a key")
    with pytest.raises(Fatal, match="SHIPSYNC_OUTBOUND_KEY"):
        asyncio.run(webhook_endpoints.tried(bench.settings, bench.box, endpoint))
