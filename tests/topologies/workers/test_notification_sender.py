"""``shipsync send notifications`` as a process: killed between sending and commit, it loses nothing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from config import topics
from config.settings import Settings
from connectors.embedded.broker import EmbeddedBroker
from connectors.embedded.ports import unused
from connectors.embedded.registry import serve
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.outbound import CustomerSubscriptions, OutboundAttempt, OutboundRequest, WebhookEndpoint
from streams.kernel.vocabulary import AttemptResult
from tests.fakes.webhook_endpoint import Endpoint, Received, Reply, in_a_thread
from tests.support.topics import committed, fill, read_all
from tests.support.waiting import PATIENCE, eventually
from topologies.workers.notification_sender import GROUP

ROOT = Path(__file__).resolve().parents[3]
REQUESTS, ATTEMPTS = topics.NOTIFICATION_REQUESTS.name, topics.NOTIFICATION_ATTEMPTS.name
CUSTOMER = "C-7"


class Bench:
    """Broker, registry and a customer's endpoint; the sender runs as a process of its own."""

    def __init__(self, settings: Settings, endpoint: Endpoint, folder: Path) -> None:
        self.settings, self.endpoint, self.folder = settings, endpoint, folder
        registry = Registry(settings)
        self._requests = ValueCodec(topics.NOTIFICATION_REQUESTS, OutboundRequest, registry)
        self._attempts = ValueCodec(topics.NOTIFICATION_ATTEMPTS, OutboundAttempt, registry)

    def subscribe_and_leave(self, customer: str, endpoint_id: str) -> None:
        """A customer had an endpoint, and its record was deleted."""
        codec = ValueCodec(topics.CUSTOMER_SUBSCRIPTIONS, CustomerSubscriptions, Registry(self.settings))
        endpoint = WebhookEndpoint(endpoint_id, self.endpoint.url, [])
        value = codec.encode(CustomerSubscriptions(customer, [endpoint], 1, "ada"))
        key = customer.encode()
        fill(self.settings.kafka.bootstrap, topics.CUSTOMER_SUBSCRIPTIONS.name, [(key, value), (key, None)])

    def ask(self, destination: str, *messages: str, customer: str = CUSTOMER) -> None:
        """Ask for the first attempt of each message."""
        fill(self.settings.kafka.bootstrap, REQUESTS, (
            (customer.encode(), self._requests.encode(
                OutboundRequest(one, destination, customer, one, "shipment.delivered", '{"type":"x"}', 1, 1, 1)
            )) for one in messages
        ))

    def attempts(self) -> list[OutboundAttempt]:
        """All attempts that were written."""
        read = read_all(self.settings.kafka.bootstrap, ATTEMPTS)
        found = [self._attempts.decode(one.value()) for one in read]
        assert [one.key() for one in read] == [one.owner.encode() for one in found]
        return found

    def sent(self) -> Counter[str]:
        """How often each message came."""
        return Counter(one.headers["webhook-id"] for one in list(self.endpoint.received))

    def left(self) -> int:
        """Requests that are not committed."""
        done = committed(self.settings.kafka.bootstrap, GROUP, REQUESTS, 1).get(0, 0)
        return len(read_all(self.settings.kafka.bootstrap, REQUESTS)) - done

    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SHIPSYNC_")}
        return {
            **inherited, "PYTHONPATH": str(ROOT), "COLUMNS": "200",
            "SHIPSYNC_BOOTSTRAP": self.settings.kafka.bootstrap, "SHIPSYNC_SESSION_TIMEOUT": "6",
            "SHIPSYNC_REGISTRY_URL": self.settings.registry.url, "SHIPSYNC_DATA_DIR": str(self.folder),
            "SHIPSYNC_OUTBOUND_PRIVATE_ADDRESSES": "true", "SHIPSYNC_FETCH_MIN_BYTES": "1",
        }

    def command(self, *arguments: str) -> Any:
        """The JSON that ``shipsync webhooks`` prints."""
        done = subprocess.run(
            [sys.executable, "-m", "topologies.cli.main", "webhooks", *arguments, "--json"], env=self.environment(),
            cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def sending(self) -> Iterator[subprocess.Popen[bytes]]:
        """The process, once it is ready; killed at the end if it still runs."""
        (port,) = unused(1)
        log = self.folder / f"send-{port}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "topologies.cli.main", "send", "notifications"],
                env={**self.environment(), "SHIPSYNC_METRICS_PORT": str(port)}, cwd=self.folder, stdout=output,
                stderr=output,
            )
        try:
            eventually(lambda: ready(port) or process.poll() is not None)
            assert process.poll() is None, log.read_text()
            yield process
        finally:
            process.kill()
            process.wait()


def ready(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as told:
        return bool(told.status == 200)
    return False


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    server = serve("127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    with in_a_thread() as endpoint, EmbeddedBroker() as broker:
        settings = Settings(
            bootstrap=broker.bootstrap, registry_url=f"http://127.0.0.1:{server.server_port}", partitions=1,
            data_dir=tmp_path,
        )
        TopicAdmin(settings).create(topics.STATIC)
        yield Bench(settings, endpoint, tmp_path)
    server.shutdown()
    thread.join(PATIENCE)
    server.server_close()


@pytest.mark.broker
def test_killed_between_sending_and_commit_it_sends_again_with_the_same_id_and_loses_nothing(bench: Bench) -> None:
    added = bench.command("add", CUSTOMER, bench.endpoint.url, "--milestone", "delivered")
    destination = f"webhook:{added['endpoint_id']}"
    stuck = {"m-3"}

    def answer(one: Received) -> Reply:
        Webhook(added["secret"]).verify(one.body, one.headers)
        return Reply(held=asyncio.Event()) if one.headers["webhook-id"] in stuck else Reply(204, b"")

    bench.endpoint.answers = answer
    wanted = [f"m-{number}" for number in range(1, 11)]
    with bench.sending() as process:
        fill(bench.settings.kafka.bootstrap, REQUESTS, [(b"C-7", b"no request")])
        bench.ask(destination, *wanted)
        eventually(lambda: {one.message_id for one in bench.attempts()} == {*wanted} - stuck)
        eventually(lambda: bench.left() == len(wanted) - 2)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert bench.sent()["m-3"] == 1
    stuck.clear()
    bench.subscribe_and_leave("C-8", "ep_gone")
    with bench.sending() as process:
        bench.ask("webhook:ep_gone", "m-11", customer="C-8")
        eventually(lambda: {one.message_id for one in bench.attempts()} == {*wanted, "m-11"})
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert bench.left() == 0
    assert bench.sent().keys() == {*wanted}
    assert bench.sent()["m-3"] == 2
    attempts = bench.attempts()
    assert {one.detail for one in attempts if one.message_id == "m-11"} == {"C-8 has no endpoint webhook:ep_gone"}
    results = {one.message_id: one.result for one in attempts}
    assert results == {**dict.fromkeys(wanted, AttemptResult.ACCEPTED), "m-11": AttemptResult.UNAVAILABLE}
    [letter] = read_all(bench.settings.kafka.bootstrap, topics.DLQ_NOTIFICATIONS.name)
    assert letter.value() == b"no request"
