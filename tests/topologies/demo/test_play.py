"""Playing into a broker and reading back out of it."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, Message, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from config import headers, topics
from config.settings import Settings
from config.topics import Topic
from connectors.embedded.broker import EmbeddedBroker
from connectors.kafka.producer import OnDelivery, producer
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import CarrierEvent, CustomerUpdate, DeadLetter, EnrichedEvent, Order
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import Milestone
from tests.support.topics import read_all
from tests.support.waiting import PATIENCE, eventually
from tests.topologies.demo import accounts
from topologies.demo import play
from topologies.demo.ledger import Ledger, Origin
from topologies.demo.play import Player
from topologies.demo.reading import READ, LedgerReader
from topologies.demo.stories import tell

FEEDS = ("dhl", "easypost", "fedex", "rlca", "ups", "x12_partner")


class NumberedSchemas(Registry):
    """A registry that knows our contracts by heart."""

    def schema_id(self, topic: Topic) -> int:
        """The topic's place in the catalogue."""
        return topics.STATIC.index(topic) + 1


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> object:
    """An embedded broker with every topic, and settings for it."""
    with EmbeddedBroker(log=tmp_path_factory.mktemp("demo") / "broker.log") as broker:
        admin = AdminClient({"bootstrap.servers": broker.bootstrap})
        wanted = [NewTopic(topic.name, 2, 1) for topic in topics.catalogue(FEEDS)]
        for created in admin.create_topics(wanted).values():
            created.result(PATIENCE)
        yield Settings(bootstrap=broker.bootstrap)


@pytest.mark.broker
def test_every_message_of_the_plan_arrives_with_its_headers_and_is_entered(stack: Settings) -> None:
    plan = tell(11, accounts.NOW_MS, shipments=12, seconds=4.0)
    ledger, registry = Ledger(plan), NumberedSchemas(stack)
    player = Player(stack, registry, plan, ledger, lambda: accounts.NOW_MS)
    assert player.send_due(2.0) < len(plan.messages)
    assert not player.done
    player.send_due(4.0)
    player.finish()
    assert player.done
    assert len(ledger.sent) == len(plan.raw)
    assert set(ledger.orders_sent) == {order.order_id for order in plan.orders}
    for feed in FEEDS:
        for record in read_all(stack.kafka.bootstrap, topics.raw(feed).name):
            message = ledger.sent[Origin(record.topic(), record.partition(), record.offset())]
            assert (record.value() or b"") == message.body
            present = dict(record.headers())
            assert present[headers.FEED] == feed.encode()
            assert present[headers.CORRELATION_ID] == message.correlation_id.encode()
            assert present[headers.RECEIVED_AT] == str(accounts.NOW_MS - message.received_ago_ms).encode()
    orders = ValueCodec(topics.ERP_ORDERS, Order, registry)
    records = read_all(stack.kafka.bootstrap, topics.ERP_ORDERS.name)
    read = [orders.decode(record.value()) for record in records if record.key() != b"SO-BROKEN"]
    assert {order.order_id for order in read} == {order.order_id for order in plan.orders}
    others = [message for message in plan.messages if message.record is not None]
    assert sorted(one.what for one in ledger.records_sent.values()) == sorted(one.what for one in others)


class Forgetful:
    """A producer that is told of every third record that the broker has it, and not where."""

    def __init__(self, real: Producer) -> None:
        self.real, self.count = real, 0

    def produce(self, *arguments: Any, on_delivery: OnDelivery, **more: Any) -> None:
        self.count += 1
        forgets = self.count % 3 == 0

        def told(error: KafkaError | None, record: Message) -> None:
            on_delivery(error, cast(Message, Unplaced(record)) if forgets else record)

        self.real.produce(*arguments, on_delivery=told, **more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class Unplaced:
    """A record whose offset is not known."""

    def __init__(self, real: Message) -> None:
        self.real = real

    def offset(self) -> None:
        """Returns nothing, as of a record that the broker has already."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


@pytest.mark.broker
def test_a_record_of_which_the_broker_does_not_say_where_it_lies_is_found(
    stack: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(play, "producer", lambda *arguments, **more: Forgetful(producer(*arguments, **more)))
    plan = tell(14, accounts.NOW_MS, shipments=12, seconds=0.0)
    ledger, registry = Ledger(plan), NumberedSchemas(stack)
    player = Player(stack, registry, plan, ledger, lambda: accounts.NOW_MS)
    player.send_due(1.0)
    player.finish()
    assert len(ledger.sent) == len(plan.raw)
    assert set(ledger.orders_sent) == {order.order_id for order in plan.orders}
    placed = Counter(one.correlation_id for one in ledger.sent.values())
    assert set(placed.values()) == {1}
    there = {
        Origin(str(one.topic()), int(one.partition() or 0), int(one.offset() or 0)): one.value()
        for topic in {origin.topic for origin in ledger.sent} for one in read_all(stack.kafka.bootstrap, topic)
    }
    assert {origin: message.body for origin, message in ledger.sent.items()}.items() <= there.items()


@pytest.mark.broker
def test_what_the_stages_write_is_entered_from_where_the_topics_stood_at_the_start(stack: Settings) -> None:
    registry = NumberedSchemas(stack)
    updates = ValueCodec(topics.CUSTOMER_UPDATES, CustomerUpdate, registry)
    events = ValueCodec(topics.CARRIER_EVENTS, CarrierEvent, registry)
    fanned = ValueCodec(topics.SHIPMENT_EVENTS, EnrichedEvent, registry)
    cards = ValueCodec(topics.DEAD_LETTERS, DeadLetter, registry)
    producer = Producer({"bootstrap.servers": stack.kafka.bootstrap})
    producer.produce(topics.CUSTOMER_UPDATES.name, updates.encode(accounts.update(Milestone.PICKED_UP)))
    producer.flush(PATIENCE)
    ledger = Ledger(accounts.plan())
    reading = LedgerReader(stack, registry, ledger)
    delivered = accounts.event(2, Milestone.DELIVERED)
    producer.produce(topics.CUSTOMER_UPDATES.name, updates.encode(accounts.update()))
    producer.produce(topics.CARRIER_EVENTS.name, events.encode(delivered))
    producer.produce(topics.SHIPMENT_EVENTS.name, fanned.encode(accounts.fanned(delivered)))
    producer.produce(topics.DEAD_LETTERS.name, cards.encode(accounts.card(4)))
    producer.produce(topics.DLQ_INTAKE.name, b"", headers=[
        (headers.ERROR_TOPIC, b"raw.ups.v1"), (headers.ERROR_PARTITION, b"0"), (headers.ERROR_OFFSET, b"4"),
        (headers.REASON, b"empty"),
    ])
    producer.flush(PATIENCE)
    news: list[CustomerUpdate] = []

    def all_entered() -> bool:
        news.extend(reading.take(0.1))
        return bool(news and ledger.resolved and ledger.fanned_out and ledger.cards and ledger.refused)

    eventually(all_entered)
    reading.close()
    assert [update.milestone for update in news] == [Milestone.DELIVERED]
    assert dict(ledger.refused) == {accounts.origin(4): ["empty"]}
    assert list(ledger.cards) == [accounts.origin(4)]


@pytest.mark.broker
def test_a_missing_topic_is_named_with_the_fix(broker: EmbeddedBroker) -> None:
    settings = Settings(bootstrap=broker.bootstrap)
    with pytest.raises(Transient, match=rf"{READ[0].name} is not on .*: shipsync topics --create"):
        LedgerReader(settings, NumberedSchemas(settings), Ledger(accounts.plan()))
