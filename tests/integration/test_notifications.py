"""From a customer's update to its endpoint: the notifications stage and its sender on Apache Kafka, both killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from config import topics
from config.settings import Settings
from connectors.embedded.ports import unused
from connectors.embedded.with_parent import ends_with_parent
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from connectors.outbound.secrets import SecretBox, new_secret
from streams.contracts.model import CustomerUpdate
from streams.contracts.outbound import CustomerSubscriptions, OutboundOutcome, WebhookEndpoint
from streams.kernel.vocabulary import Correction, Milestone, OutboundStatus
from tests.fakes.webhook_endpoint import Received, Reply, in_a_thread
from tests.support.brokers import BROKERS, on_broker
from tests.support.outbound_inputs import update
from tests.support.stage_worker import StageWorker
from tests.support.topics import fill, read_all
from tests.support.waiting import eventually
from topologies.local_stack.environment import environment
from topologies.local_stack.stack import catalogue

SHIPMENTS = [f"1Z{number}" for number in range(40)]
KEY = "3Q1a6Jm0n9Yx8W7v6U5t4S3r2Q1p0O9n8M7l6K5j4I0="


def sender(settings: Settings, folder: Path) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "topologies.cli.main", "send", "notifications"], stdout=log, stderr=log,
            env={**os.environ, **environment(settings.replace(data_dir=folder)), "SHIPSYNC_METRICS_PORT":
                 str(unused(1)[0])},
            preexec_fn=ends_with_parent(),  # noqa: PLW1509 (two system calls, no lock of ours)
        )


@pytest.mark.parametrize("broker", BROKERS[1:])
def test_each_update_reaches_the_endpoint_signed_though_stage_and_sender_die(
    broker: Callable[[], ExitStack], tmp_path: Path
) -> None:
    secret = new_secret()
    with ExitStack() as closing:
        settings = closing.enter_context(on_broker(
            broker, tmp_path, feed_sweep_interval=0.5, outbound_key=KEY, outbound_private_addresses=True
        ))
        TopicAdmin(settings).create(catalogue())
        endpoint = closing.enter_context(in_a_thread())
        answered = 0

        def answer(one: Received) -> Reply:
            nonlocal answered
            answered += 1
            Webhook(secret).verify(one.body, one.headers)
            return Reply(503, b"busy") if answered % 3 == 0 else Reply(204, b"")

        endpoint.answers = answer
        registry = Registry(settings)
        updates = ValueCodec(topics.CUSTOMER_UPDATES, CustomerUpdate, registry)
        subscribed = ValueCodec(topics.CUSTOMER_SUBSCRIPTIONS, CustomerSubscriptions, registry)
        outcomes = ValueCodec(topics.NOTIFICATION_OUTCOMES, OutboundOutcome, registry)

        def say(*told: CustomerUpdate) -> None:
            values = [(b"C-1", updates.encode(one)) for one in told]
            fill(settings.kafka.bootstrap, topics.CUSTOMER_UPDATES.name, values)

        def stands() -> dict[str, OutboundStatus]:
            found = [outcomes.decode(one.value()) for one in read_all(
                settings.kafka.bootstrap, topics.NOTIFICATION_OUTCOMES.name
            )]
            return {one.message_id: one.status for one in found}

        def are_sent(many: int) -> bool:
            known = stands()
            return len(known) == many and set(known.values()) == {OutboundStatus.SENT}

        hook = WebhookEndpoint("ep_1", endpoint.url, [SecretBox(settings).encrypt(secret)])
        fill(settings.kafka.bootstrap, topics.CUSTOMER_SUBSCRIPTIONS.name, [
            (b"C-1", subscribed.encode(CustomerSubscriptions("C-1", [hook], time.time_ns() // 1_000_000, "ana"))),
        ])
        stage = StageWorker("notifications", settings, tmp_path / "one")
        closing.callback(stage.kill)
        eventually(lambda: bool(read_all(settings.kafka.bootstrap, topics.NOTIFICATION_STATE.name)))
        sending = sender(settings, tmp_path / "sender")
        closing.callback(sending.kill)
        say(*(update(number=one) for one in SHIPMENTS))
        eventually(lambda: OutboundStatus.SENT in stands().values())
        stage.kill()
        sending.kill()
        say(
            *(update(Milestone.DELIVERED, number=one) for one in SHIPMENTS),
            update(number=SHIPMENTS[0], correction=Correction.RETRACTS),
        )
        again = StageWorker("notifications", settings, tmp_path / "two")
        closing.callback(again.kill)
        another = sender(settings, tmp_path / "sender")
        closing.callback(another.kill)
        eventually(lambda: are_sent(2 * len(SHIPMENTS) + 1))

    heard: dict[str, dict[str, tuple[str, str]]] = {}
    for one in endpoint.received:
        body = json.loads(one.body)
        told = (body["type"].removeprefix("shipment."), body["correction"])
        heard.setdefault(body["data"]["tracking_number"], {})[one.headers["webhook-id"]] = told
    usual = [("picked_up", "new"), ("delivered", "new")]
    assert {number: list(messages.values()) for number, messages in heard.items()} == {
        **dict.fromkeys(SHIPMENTS, usual), SHIPMENTS[0]: [*usual, ("picked_up", "retracts")],
    }
