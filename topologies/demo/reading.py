"""Reads every output topic from the demo's start on and enters the records into the ledger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from confluent_kafka import OFFSET_BEGINNING, Message, TopicPartition

from config import headers, topics
from config.settings import Settings
from config.topics import Topic
from connectors.kafka.consumer import PartitionReader
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import (
    Alert,
    CarrierEvent,
    CustomerUpdate,
    DeadLetter,
    DeliveryMilestone,
    EnrichedEvent,
    ErpPosting,
    FeedActivity,
    OrderReference,
    ShipmentState,
)
from topologies.demo.ledger import Ledger, Origin

T = TypeVar("T", bound=msgspec.Struct)
FETCH_BYTES = 8 * 1024 * 1024
"""The demo's own load is read at once, beside the stages that make it."""
WHOLE = (topics.DLQ_INTAKE, topics.DLQ_ORDERS, topics.DLQ_IDENTITY, topics.DLQ_SHIPMENTS, topics.DLQ_FULFILMENT)
READ: tuple[Topic, ...] = (
    topics.CARRIER_EVENTS, topics.CARRIER_UNRESOLVED, topics.ORDER_REFERENCES, topics.SHIPMENT_EVENTS,
    topics.SHIPMENT_STATE, topics.CUSTOMER_UPDATES, topics.DELIVERY_MILESTONES, topics.OPS_ALERTS,
    topics.ERP_POSTINGS, topics.FEED_ACTIVITY, topics.DEAD_LETTERS, *WHOLE,
)


class LedgerReader:
    """A consumer without a group over all output topics, feeding one ledger."""

    def __init__(self, settings: Settings, registry: Registry, ledger: Ledger) -> None:
        """Start at the current end of every topic, and of ``ops.alerts`` at its beginning (it holds state).

        Raises Transient if the broker or a topic is missing.
        """
        self._ledger = ledger
        self._news: list[CustomerUpdate] = []
        self._entries = self._by_topic(registry)
        self._reader = PartitionReader(settings, "shipsync-demo-reader", fetch_bytes=FETCH_BYTES)
        try:
            self._reader.assign([place for topic in READ for place in self._starts(topic)])
        except BaseException:
            self._reader.close()
            raise

    def _starts(self, topic: Topic) -> list[TopicPartition]:
        places = []
        for number in self._reader.partitions(topic.name):
            start = OFFSET_BEGINNING if topic is topics.OPS_ALERTS else self._reader.bounds(topic.name, number)[1]
            places.append(TopicPartition(topic.name, number, start))
        return places

    def _by_topic(self, registry: Registry) -> dict[str, Callable[[Message], None]]:
        ledger = self._ledger

        def decoded(topic: Topic, struct: type[T], enter: Callable[[T], Any]) -> Callable[[Message], None]:
            codec = ValueCodec(topic, struct, registry)

            def entry(message: Message) -> None:
                value = message.value()
                if value is not None:
                    enter(codec.decode(value))

            return entry

        enriched = ValueCodec(topics.SHIPMENT_EVENTS, EnrichedEvent, registry)

        def fanned_out(message: Message) -> None:
            ledger.shipment_event(enriched.decode(message.value()), message.timestamp()[1])

        def updated(update: CustomerUpdate) -> None:
            if ledger.customer_update(update):
                self._news.append(update)

        return {
            topics.CARRIER_EVENTS.name: decoded(topics.CARRIER_EVENTS, CarrierEvent, ledger.carrier_event),
            topics.CARRIER_UNRESOLVED.name: decoded(
                topics.CARRIER_UNRESOLVED, CarrierEvent, ledger.unresolved_event
            ),
            topics.FEED_ACTIVITY.name: decoded(topics.FEED_ACTIVITY, FeedActivity, ledger.activity),
            topics.ORDER_REFERENCES.name: decoded(
                topics.ORDER_REFERENCES, OrderReference, ledger.order_reference
            ),
            topics.SHIPMENT_EVENTS.name: fanned_out,
            topics.SHIPMENT_STATE.name: decoded(topics.SHIPMENT_STATE, ShipmentState, ledger.shipment_state),
            topics.CUSTOMER_UPDATES.name: decoded(topics.CUSTOMER_UPDATES, CustomerUpdate, updated),
            topics.DELIVERY_MILESTONES.name: decoded(
                topics.DELIVERY_MILESTONES, DeliveryMilestone, ledger.delivery_milestone
            ),
            topics.OPS_ALERTS.name: decoded(topics.OPS_ALERTS, Alert, ledger.alert),
            topics.ERP_POSTINGS.name: decoded(topics.ERP_POSTINGS, ErpPosting, ledger.posting),
            topics.DEAD_LETTERS.name: decoded(topics.DEAD_LETTERS, DeadLetter, ledger.dead_letter),
            **{topic.name: self._whole for topic in WHOLE},
        }

    def _whole(self, message: Message) -> None:
        present = {name: value for name, value in message.headers() or [] if isinstance(value, bytes)}

        def text(name: str) -> str:
            return present.get(name, b"").decode("utf-8", "replace")

        origin = Origin(
            text(headers.ERROR_TOPIC), int(text(headers.ERROR_PARTITION) or -1),
            int(text(headers.ERROR_OFFSET) or -1),
        )
        self._ledger.whole_dead_letter(origin, text(headers.REASON))

    def take(self, timeout: float) -> list[CustomerUpdate]:
        """Enter new records, waiting up to ``timeout`` seconds for the first; returns the customer updates that count.

        Raises Transient if the broker is gone, Reject for a value that breaks its contract.
        """
        for message in self._reader.read(timeout):
            self._entries[str(message.topic())](message)
        news, self._news = self._news, []
        return news

    def close(self) -> None:
        """Disconnect."""
        self._reader.close()
