"""The poller's reading of orders, shipments and its own cursor."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Producer

from config import topics
from config.settings import Settings
from connectors.embedded.broker import EmbeddedBroker
from connectors.embedded.registry import serve
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from connectors.polling.inputs import PollInputs
from connectors.polling.schedule_book import KnownStatus
from streams.contracts.model import OrderReference, PollState, ShipmentState
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import Milestone, Status
from streams.polling.schedule import new_number
from tests.support.waiting import PATIENCE, eventually

pytestmark = pytest.mark.broker


@pytest.fixture
def settings() -> Iterator[Settings]:
    """A broker and a registry of this test alone."""
    server = serve("127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    with EmbeddedBroker() as broker:
        yield Settings(
            bootstrap=broker.bootstrap, registry_url=f"http://127.0.0.1:{server.server_port}", partitions=3
        )
    server.shutdown()
    thread.join()
    server.server_close()


class Writer:
    """Writes what the inputs reads."""

    def __init__(self, settings: Settings) -> None:
        registry = Registry(settings)
        self.references = ValueCodec(topics.ORDER_REFERENCES, OrderReference, registry)
        self.states = ValueCodec(topics.SHIPMENT_STATE, ShipmentState, registry)
        self.cursors = ValueCodec(topics.POLL_STATE, PollState, registry)
        self._producer = Producer(settings.kafka.librdkafka())

    def send(self, topic: topics.Topic, key: str, value: bytes | None) -> None:
        self._producer.produce(topic.name, value, key)
        assert self._producer.flush(PATIENCE) == 0

    def order(self, carrier: str, number: str, at: int) -> None:
        value = self.references.encode(OrderReference(carrier, number, "SO-1", "8", "C", None, at))
        self.send(topics.ORDER_REFERENCES, f"{carrier}:{number}", value)

    def shipment(self, number: str, status: Status, at: int) -> None:
        told: Any = ShipmentState(
            "north", number, status, 1, Milestone.INFO, 1, 1, [], None, None, None, [], at, b"x"
        )
        self.send(topics.SHIPMENT_STATE, f"north:{number}", self.states.encode(told))

    def cursor(self, number: str, at: int) -> None:
        value = self.cursors.encode(new_number("north.track", "north", number, Status.UNKNOWN, at))
        self.send(topics.POLL_STATE, f"north.track:{number}", value)


def test_the_last_word_counts_of_the_carriers_asked_for_and_what_is_no_record_is_passed_over(
    settings: Settings,
) -> None:
    TopicAdmin(settings).create([
        topics.ORDER_REFERENCES, topics.SHIPMENT_STATE, topics.POLL_STATE, topics.DOCUMENT_CHASES,
    ])
    writer = Writer(settings)
    writer.order("north", "A", 1)
    writer.order("north", "A", 2)
    writer.order("south", "B", 3)
    writer.send(topics.ORDER_REFERENCES, "north:C", b"{no avro")
    writer.shipment("A", Status.PICKED_UP, 4)
    writer.shipment("A", Status.DELIVERED, 5)
    writer.shipment("G", Status.DELIVERED, 5)
    writer.send(topics.SHIPMENT_STATE, "north:G", None)
    writer.cursor("A", 6)
    writer.cursor("A", 7)
    writer.cursor("OLD", 8)
    writer.send(topics.POLL_STATE, "north.track:OLD", None)
    inputs = PollInputs(settings, Registry(settings), ["north"])
    try:
        changes = inputs.read_all()
        assert changes.claims == {("north", "A"): 2}
        assert changes.statuses == {("north", "A"): KnownStatus(Status.DELIVERED, 5)}
        assert {key: state.watched_since for key, state in changes.cursors.items()} == {("north.track", "A"): 7}
        writer.cursor("A", 9)
        writer.order("north", "D", 10)
        assert eventually(lambda: inputs.read_new(1.0).claims) == {("north", "D"): 10}
    finally:
        inputs.close()


def test_a_topic_that_is_missing_is_said(settings: Settings) -> None:
    TopicAdmin(settings).create([topics.ORDER_REFERENCES])
    with pytest.raises(Transient, match=r"shipment\.state\.v1 is not on .*: shipsync topics --create"):
        PollInputs(settings, Registry(settings), ["north"])
