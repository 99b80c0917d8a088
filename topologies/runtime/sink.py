"""Everything a stage writes to Kafka goes out here, and is known to have arrived before it counts.

:class:`PlainSink` (at least once) is one idempotent producer; :class:`TransactionalSink` (exactly once) wraps
what a chunk writes into one transaction, by one producer per input partition. Both place keyed messages as
Java producers do (murmur2), so topics joined by key are partitioned alike whoever wrote them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as KafkaMessage

from config.settings import Processing, Settings
from config.topics import App
from connectors.kafka.topic_admin import LARGEST_STATE, largest_dead_letter
from streams.kernel.errors import Fatal, Transient
from topologies.runtime.handler import Message

log = logging.getLogger(__name__)

BY_KEY = -1
QUEUED_MESSAGES = 100_000
QUEUED_KBYTES = 64 * 1024
FLUSH_SECONDS = 60.0
ROOM_SECONDS = 0.1
LINGER_MS = 5
INIT_SECONDS = 30.0
TRANSACTION_SECONDS = 60.0


class Whole(NamedTuple):
    """A record with headers, as dead letters need them. ``partition``: where it is forced to."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    partition: int = BY_KEY


class Fenced(Transient):
    """Another worker has taken over this partition: what was in hand must be abandoned."""


class Unit(Protocol):
    """The writes of one chunk."""

    @property
    def is_atomic(self) -> bool:
        """Whether all of it becomes final, and can be read, together."""

    def send(self, outputs: Mapping[str, list[Message]], partition: int | None = None) -> None:
        """Hand over messages, in order; ``partition`` forces one for all of them."""

    def send_whole(self, records: Sequence[Whole]) -> None:
        """Hand over records with headers."""

    def flush(self) -> None:
        """Return when the broker has acknowledged everything so far. Raises Fatal if anything failed."""

    def commit(self) -> None:
        """Make the writes of this unit final. Raises Fenced where another worker took over."""

    def abort(self) -> None:
        """Take back what can be taken back: with transactions everything, without nothing."""


class Sink(Protocol):
    """Where a stage writes."""

    def begin(self, partition: int) -> Unit:
        """Begin the writes of one chunk of this input partition."""

    def open(self, partition: int) -> None:
        """Get ready for an input partition; fences whoever wrote for it before."""

    def release(self, partition: int) -> None:
        """Let go of an input partition."""

    def close(self) -> None:
        """Write out what is queued and disconnect."""


class _Writer:
    """One librdkafka producer whose failures are counted, and raised at the next flush."""

    def __init__(self, settings: Settings, extra: Mapping[str, Any]) -> None:
        self._failures: list[str] = []
        self._failed = 0
        self.producer = Producer({
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": LINGER_MS,
            "compression.codec": "lz4",
            "message.max.bytes": max(LARGEST_STATE, largest_dead_letter(settings)),
            "delivery.timeout.ms": int(FLUSH_SECONDS * 1000),
            "queue.buffering.max.messages": QUEUED_MESSAGES,
            "queue.buffering.max.kbytes": QUEUED_KBYTES,
            **settings.kafka.librdkafka(),
            "partitioner": "murmur2_random",
            "delivery.report.only.error": True,
            "on_delivery": self._undelivered,
            **extra,
        }, logger=log)

    def send(self, topic: str, messages: list[Message], partition: int | None) -> None:
        """Queue all, waiting for room where the queue is full. Raises Fatal for what cannot be queued."""
        waiting: list[Any] = list(messages)
        place = BY_KEY if partition is None else partition
        while waiting:
            try:
                queued = self.producer.produce_batch(topic, waiting, place)
            except BufferError:
                queued = 0
            if queued == len(waiting):
                return
            if queued:
                waiting = [message for message in waiting if "_error" in message]
            self._refuse_unsendable(topic, waiting)
            self.producer.poll(ROOM_SECONDS)

    def send_whole(self, record: Whole) -> None:
        """Queue one record with its headers, waiting for room."""
        while True:
            try:
                self.producer.produce(
                    record.topic, key=record.key, value=record.value, headers=list(record.headers),
                    partition=record.partition,
                )
                return
            except BufferError:
                self.producer.poll(ROOM_SECONDS)
            except KafkaException as error:
                raise Fatal(f"{record.topic}: cannot be sent: {error}") from error

    def flush(self) -> None:
        """Wait for every acknowledgement. Raises Fatal if any message failed or none came in time."""
        left = self.producer.flush(FLUSH_SECONDS)
        if left or self._failed:
            told = "; ".join(self._failures) or "no answer"
            raise Fatal(f"{left} messages unanswered in {FLUSH_SECONDS:g} s, {self._failed} failed: {told}")

    def _undelivered(self, error: KafkaError | None, message: KafkaMessage) -> None:
        if error is not None:
            self._failed += 1
            if len(self._failures) < 3:
                self._failures.append(f"{message.topic()}: {error}")

    def _refuse_unsendable(self, topic: str, waiting: list[Any]) -> None:
        for message in waiting:
            error = message.pop("_error", None)
            if error is not None and error.code() != KafkaError._QUEUE_FULL:
                raise Fatal(f"{topic}: cannot be sent: {error}")


class PlainSink:
    """At least once: one producer for all partitions; what was sent stays sent."""

    is_atomic = False

    def __init__(self, settings: Settings) -> None:
        self._writer = _Writer(settings, {})

    def begin(self, partition: int) -> PlainSink:
        """The sink itself: nothing separates one chunk's writes from another's."""
        del partition
        return self

    def open(self, partition: int) -> None:
        """Nothing to do."""

    def release(self, partition: int) -> None:
        """Nothing to do."""

    def send(self, outputs: Mapping[str, list[Message]], partition: int | None = None) -> None:
        """Hand over messages, in order, waiting while too much is in flight."""
        for topic, messages in outputs.items():
            self._writer.send(topic, messages, partition)

    def send_whole(self, records: Sequence[Whole]) -> None:
        """Hand over records with headers."""
        for record in records:
            self._writer.send_whole(record)

    def flush(self) -> None:
        """Return when the broker has acknowledged everything. Raises Fatal if anything failed."""
        self._writer.flush()

    def commit(self) -> None:
        """As flush."""
        self._writer.flush()

    def abort(self) -> None:
        """Nothing can be taken back: a repeat of the chunk sends the same ids again."""

    def close(self) -> None:
        """Write out what is queued."""
        self._writer.producer.flush(FLUSH_SECONDS)


class TransactionalSink:
    """Exactly once: a transactional producer per input partition, one transaction per chunk.

    Readers at ``read_committed`` see all a chunk brought about, or nothing. A worker that takes a partition
    over fences the one before it.
    """

    def __init__(self, app_id: str, settings: Settings) -> None:
        self._app_id = app_id
        self._settings = settings
        self._units: dict[int, Transaction] = {}

    def open(self, partition: int) -> None:
        """Fence the former owner and abort what it left open. Raises Transient when that cannot be done."""
        if partition not in self._units:
            self._units[partition] = Transaction(f"{self._app_id}-{partition}", self._settings)

    def begin(self, partition: int) -> Transaction:
        """A new transaction."""
        self.open(partition)
        unit = self._units[partition]
        unit.begin()
        return unit

    def release(self, partition: int) -> None:
        """Abort what is open and disconnect."""
        unit = self._units.pop(partition, None)
        if unit is not None:
            unit.abort()

    def close(self) -> None:
        """Abort what is open and disconnect all."""
        for partition in list(self._units):
            self.release(partition)


class Transaction:
    """The transactional producer of one input partition."""

    is_atomic = True

    def __init__(self, transactional_id: str, settings: Settings) -> None:
        self._id = transactional_id
        self._running = False
        self._writer = _Writer(settings, {
            "transactional.id": transactional_id, "transaction.timeout.ms": int(TRANSACTION_SECONDS * 1000),
        })
        self._checked(lambda: self._writer.producer.init_transactions(INIT_SECONDS))

    def begin(self) -> None:
        """Open a transaction."""
        self._checked(self._writer.producer.begin_transaction)
        self._running = True

    def send(self, outputs: Mapping[str, list[Message]], partition: int | None = None) -> None:
        """Hand over messages, in order, waiting while too much is in flight."""
        for topic, messages in outputs.items():
            self._writer.send(topic, messages, partition)

    def send_whole(self, records: Sequence[Whole]) -> None:
        """Hand over records with headers."""
        for record in records:
            self._writer.send_whole(record)

    def flush(self) -> None:
        """Nothing: ``commit`` waits for everything."""

    def commit(self) -> None:
        """Make it final. Raises Fenced where another worker took over, Fatal where it cannot be known."""
        self._checked(lambda: self._writer.producer.commit_transaction(TRANSACTION_SECONDS))
        self._running = False

    def abort(self) -> None:
        """Take everything back, as far as the broker can be told; else it times out there."""
        if not self._running:
            return
        self._running = False
        try:
            self._writer.producer.abort_transaction(INIT_SECONDS)
        except KafkaException as error:
            log.warning("%s: the abort was not confirmed, the broker times it out: %s", self._id, error)

    def _checked(self, call: Callable[[], None]) -> None:
        try:
            call()
        except KafkaException as error:
            fault = error.args[0]
            if fault.code() in (KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH):
                raise Fenced(f"{self._id} was taken over by another worker") from error
            raise Fatal(f"{self._id}: the transaction failed: {fault}") from error


def build_sink(app: App, settings: Settings) -> Sink:
    """The sink the settings ask for.

    Transactions need a stage with state: its state recognises a chunk that comes again, and all topics'
    partitions of one number are with one worker. What a stage without state repeats carries the same ids.
    """
    if settings.stage.processing is Processing.EXACTLY_ONCE and app.state_topic is not None:
        return TransactionalSink(app.app_id, settings)
    return PlainSink(settings)
