"""``shipsync poll`` as a process: orders in, a carrier's API asked, answers on the raw topic; killed and restarted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from config import headers, topics
from config.settings import Settings
from connectors.embedded import valkey
from connectors.embedded.broker import EmbeddedBroker
from connectors.embedded.ports import listens, unused
from connectors.embedded.registry import serve
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.model import OrderReference, PollState, ShipmentState
from streams.kernel.vocabulary import Milestone, PollEnd, Status
from tests.fakes.carrier_api import CarrierApi, Reply, served
from tests.support.topics import read_all
from tests.support.waiting import PATIENCE, eventually

ROOT = Path(__file__).resolve().parents[3]
FEED = "ups"
MOVING, DELIVERED, KNOWN, LATER = "1Z999AA10123456784", "1Z999AA10123456785", "1Z999AA10123456786", "1Z999AA10123456787"
pytestmark = pytest.mark.broker


def answer(number: str, kind: str, code: str) -> bytes:
    scan = {
        "location": {"address": {"city": "Portland", "stateProvince": "OR", "countryCode": "US"}},
        "status": {"type": kind, "code": code, "description": "told"}, "date": "20260914", "time": "101500",
        "gmtDate": "20260914", "gmtTime": "17:15:00", "gmtOffset": "-07:00",
    }
    package = {"trackingNumber": number, "activity": [scan]}
    return json.dumps({"trackResponse": {"shipment": [{"inquiryNumber": number, "package": [package]}]}}).encode()


class Bench:
    """Broker, registry, Redis and a carrier's API; the poller runs as a process of its own."""

    def __init__(self, settings: Settings, api: CarrierApi, folder: Path, redis: subprocess.Popen[bytes]) -> None:
        self.settings, self.api, self.folder, self.redis = settings, api, folder, redis
        registry = Registry(settings)
        self._references = ValueCodec(topics.ORDER_REFERENCES, OrderReference, registry)
        self._states = ValueCodec(topics.SHIPMENT_STATE, ShipmentState, registry)
        self._cursor = ValueCodec(topics.POLL_STATE, PollState, registry)
        self._producer = Producer(settings.kafka.librdkafka())

    def order(self, number: str) -> None:
        """An order names the number."""
        now = time.time_ns() // 1_000_000
        reference = OrderReference("ups", number, "SO-1", "80001", "C-7", None, now)
        self._send(topics.ORDER_REFERENCES.name, number, self._references.encode(reference))

    def shipment(self, number: str, status: Status) -> None:
        """The shipments stage knows the number."""
        state = ShipmentState(
            "ups", number, status, 1, Milestone.DELIVERED, 1, 1, [], None, None, None, [], 1, b""
        )
        self._send(topics.SHIPMENT_STATE.name, number, self._states.encode(state))

    def raw(self) -> list[Any]:
        """The answers passed on."""
        return read_all(self.settings.kafka.bootstrap, topics.raw(FEED).name)

    def cursors(self) -> dict[str, PollState]:
        """The last cursor of each number."""
        read = read_all(self.settings.kafka.bootstrap, topics.POLL_STATE.name)
        found = [self._cursor.decode(one.value()) for one in read]
        return {state.tracking_number: state for state in found}

    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SHIPSYNC_")}
        ours = {FEED: {"client_id": "we", "client_secret": "hush", "base_url": self.api.base_url}}
        return {
            **inherited, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "SHIPSYNC_FEEDS": FEED,
            "SHIPSYNC_BOOTSTRAP": self.settings.kafka.bootstrap,
            "SHIPSYNC_REGISTRY_URL": self.settings.registry.url,
            "SHIPSYNC_REDIS_URL": self.settings.redis.url, "SHIPSYNC_DATA_DIR": str(self.folder),
            "SHIPSYNC_POLL_CREDENTIALS": json.dumps(ours),
        }

    def run(self, *arguments: str) -> Any:
        """The JSON a command prints."""
        done = subprocess.run(
            [sys.executable, "-m", "topologies.cli.main", "poll", *arguments, "--json"], env=self.environment(),
            cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def polling(self) -> Iterator[subprocess.Popen[bytes]]:
        """The process, once it is ready; killed at the end if it still runs."""
        (port,) = unused(1)
        log = self.folder / f"poll-{port}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "topologies.cli.main", "poll"],
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

    def _send(self, topic: str, number: str, value: bytes) -> None:
        self._producer.produce(topic, value, f"ups:{number}")
        assert self._producer.flush(PATIENCE) == 0


def ready(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as told:
        return b"\nshipsync_poll_ready 1.0" in told.read()
    return False


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    (redis_port,) = unused(1)
    server = serve("127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    with (
        served() as api, EmbeddedBroker() as broker,
        subprocess.Popen(valkey.command(redis_port), cwd=tmp_path, stdout=subprocess.DEVNULL) as redis,
    ):
        settings = Settings(
            bootstrap=broker.bootstrap, registry_url=f"http://127.0.0.1:{server.server_port}", partitions=2,
            redis_url=f"redis://127.0.0.1:{redis_port}/0", data_dir=tmp_path,
        )
        TopicAdmin(settings).create(topics.catalogue([FEED]))
        eventually(lambda: listens(redis_port))
        try:
            yield Bench(settings, api, tmp_path, redis)
        finally:
            redis.kill()
    server.shutdown()
    thread.join(PATIENCE)
    server.server_close()


def test_from_an_order_to_the_raw_topic_and_not_twice_although_it_is_killed(bench: Bench) -> None:
    moving, delivered = answer(MOVING, "I", "DP"), answer(DELIVERED, "D", "FS")
    bench.api.says(MOVING, Reply(moving))
    bench.api.says(DELIVERED, Reply(delivered))
    bench.api.says(LATER, Reply(answer(LATER, "I", "DP")))
    bench.order(MOVING)
    bench.shipment(KNOWN, Status.DELIVERED)
    bench.order(KNOWN)
    assert [one["tracking_number"] for one in bench.run("--dry-run")] == [MOVING]
    assert bench.api.asked == []
    with bench.polling() as process:
        bench.order(DELIVERED)
        eventually(lambda: bench.cursors().keys() == {MOVING, DELIVERED, KNOWN})
        eventually(lambda: all(one.asked or one.ended is PollEnd.SETTLED for one in bench.cursors().values()))
        process.send_signal(signal.SIGKILL)
        process.wait()
    records = bench.raw()
    assert sorted(one.value() for one in records) == sorted([moving, delivered])
    told = dict(records[0].headers())
    assert (told[headers.FEED], told[headers.CHANNEL]) == (b"ups", b"poll")
    assert told[headers.CONTENT_TYPE] == b"application/json"
    assert bench.api.tokens_given == 1
    [row] = bench.run("status")
    assert (row["waiting"], row["settled"], row["due"], row["circuit"]) == (1, 2, 0, "closed")

    bench.redis.kill()
    with bench.polling() as process:
        bench.order(LATER)
        eventually(lambda: LATER in bench.cursors() and bench.cursors()[LATER].asked)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert sorted(bench.api.numbers()) == sorted([MOVING, DELIVERED, LATER])
    assert len(bench.raw()) == 3
    cursors = bench.cursors()
    assert (cursors[DELIVERED].ended, cursors[DELIVERED].due_at) == (PollEnd.SETTLED, None)
    assert cursors[MOVING].status is Status.IN_TRANSIT
    [row] = bench.run("status")
    assert (row["waiting"], row["circuit"]) == (2, None)
