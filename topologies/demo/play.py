"""Sends the planned messages to Kafka at their times, as carriers and the ERP would."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from confluent_kafka import KafkaError, KafkaException, Message

from config import headers, topics
from config.settings import Settings
from connectors.kafka.consumer import PartitionReader
from connectors.kafka.message_headers import headers_of
from connectors.kafka.producer import LARGEST_RECORD, Record, enqueue, producer
from connectors.kafka.raw_record import raw_record
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import Order
from streams.kernel.errors import Transient
from topologies.demo.ledger import Ledger, Origin
from topologies.demo.planned import Plan, Planned

ACK_SECONDS = 180.0
"""How long a message may wait for its acknowledgement: the play goes on when a broker was away for two minutes."""


class Player:
    """Sends the messages that are due and enters each acknowledgement into the ledger."""

    def __init__(
        self, settings: Settings, registry: Registry, plan: Plan, ledger: Ledger, clock_ms: Callable[[], int]
    ) -> None:
        """``clock_ms``: returns the time of receipt to write (UTC ms)."""
        self._waiting = deque(plan.messages)
        self._ledger, self._clock_ms, self._registry = ledger, clock_ms, registry
        self._orders = ValueCodec(topics.ERP_ORDERS, Order, registry)
        self._failures: list[str] = []
        self._unplaced: list[tuple[Record, Planned]] = []
        self._settings = settings
        largest = max((len(message.body) for message in plan.messages), default=0)
        self._producer = producer(
            settings, ack_seconds=ACK_SECONDS, largest=max(LARGEST_RECORD, largest + 64 * 1024)
        )

    @property
    def done(self) -> bool:
        """Whether every message was handed to the producer."""
        return not self._waiting

    def send_due(self, elapsed_s: float) -> int:
        """Send the messages that are due ``elapsed_s`` after the start; returns how many. Raises Transient if the
        broker rejected one."""
        sent = 0
        while self._waiting and self._waiting[0].at_s <= elapsed_s:
            self._send(self._waiting.popleft())
            sent += 1
        self._producer.poll(0)
        self._check()
        return sent

    def finish(self) -> None:
        """Wait until the broker has acknowledged everything sent, and find the records of which it did not say where
        they lie. Raises Transient if it has not."""
        left = self._producer.flush(ACK_SECONDS)
        if left:
            raise Transient(f"{left} messages of the demo were not acknowledged in {ACK_SECONDS:g} s")
        self._check()
        for topic in {sent.topic for sent, _ in self._unplaced}:
            self._find(topic)

    def _find(self, topic: str) -> None:
        """Enter the messages that lie on the topic since an attempt whose answer was lost with its broker: to the next
        attempt Kafka says that it has the record, and not where."""
        sought = {_content(sent): message for sent, message in self._unplaced if sent.topic == topic}
        reader = PartitionReader(self._settings, "shipsync-demo")
        try:
            reader.assign_whole([topic])
            for records in reader.to_the_end():
                for record in records:
                    if (message := sought.get((record.value(), tuple(headers_of(record))))) is not None:
                        self._enter(_origin(record), message)
        finally:
            reader.close()

    def _check(self) -> None:
        if self._failures:
            raise Transient(f"{len(self._failures)} messages of the demo failed; first: {self._failures[0]}")

    def _enter(self, origin: Origin, message: Planned) -> None:
        if message.order is not None:
            self._ledger.order_sent(message)
        elif message.record is not None:
            self._ledger.record_sent(origin, message)
        else:
            self._ledger.raw_sent(origin, message)

    def _send(self, message: Planned) -> None:
        made = self._record(message)

        def acknowledged(error: KafkaError | None, record: Message) -> None:
            if error is not None:
                self._failures.append(f"{message.what}: {error}")
            elif (offset := record.offset()) is None or offset < 0:
                self._unplaced.append((made, message))
            else:
                self._enter(_origin(record), message)

        try:
            enqueue(self._producer, made, acknowledged)
        except KafkaException as error:
            raise Transient(f"{message.what} cannot be sent: {error.args[0].str()}") from error

    def _record(self, message: Planned) -> Record:
        now = self._clock_ms() - message.received_ago_ms
        if message.record is not None:
            topic, value = message.record.topic, message.record.value
            if not isinstance(value, bytes):
                value = ValueCodec(topic, type(value), self._registry).encode(value)
            return Record(topic.name, message.record.key.encode(), value)
        if message.order is None:
            return raw_record(
                message.feed, message.body, message.content_type, now, message.correlation_id, message.channel
            )
        attached = [
            (headers.RECEIVED_AT, str(now).encode()), (headers.CORRELATION_ID, message.correlation_id.encode()),
            (headers.CHANNEL, message.channel.encode()),
        ]
        key, value = message.order.order_id.encode(), self._orders.encode(message.order)
        return Record(topics.ERP_ORDERS.name, key, value, attached)


def _content(sent: Record) -> tuple[bytes | None, tuple[tuple[str, bytes], ...]]:
    """Value and headers, as a message has them."""
    return sent.value, tuple(
        (name, value.encode() if isinstance(value, str) else value or b"") for name, value in sent.headers
    )


def _origin(record: Message) -> Origin:
    return Origin(str(record.topic()), int(record.partition() or 0), int(record.offset() or 0))
