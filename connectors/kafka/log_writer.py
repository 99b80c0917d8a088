"""Writes records to Kafka with an idempotent producer and awaits each acknowledgement from asyncio."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import NamedTuple, Protocol

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from config.settings import Settings
from connectors.kafka.producer import Record, producer
from connectors.kafka.topic_admin import largest_record

log = structlog.get_logger(__name__)
POLL_SECONDS = 0.1
LINGER_MS = 2
"""Short, because somebody waits for each acknowledgement."""
GRACE_SECONDS = 2.0
"""Added to the delivery time-out before :meth:`KafkaWriter.write` gives up waiting."""
ASK_SECONDS = 2.0
QUEUED_KBYTES = 256 * 1024
"""The producer's queue; a record that does not fit is not written."""
SPENT = frozenset({
    KafkaError._FATAL, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.UNKNOWN_PRODUCER_ID,
    KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, KafkaError.INVALID_PRODUCER_ID_MAPPING, KafkaError.PRODUCER_FENCED,
    KafkaError._FENCED,
})
"""Errors after which the broker rejects this producer's sequence numbers; a new producer starts a new sequence."""


class Place(NamedTuple):
    """A record's topic, partition and offset."""

    topic: str
    partition: int
    offset: int


class NotWritten(Exception):
    """Kafka did not acknowledge the record (but may hold it). ``too_large``: a retry cannot succeed."""

    def __init__(self, detail: str, *, too_large: bool = False) -> None:
        super().__init__(detail)
        self.detail, self.too_large = detail, too_large


class RecordWriter(Protocol):
    """Writes records and lists topics."""

    async def write(self, record: Record) -> Place:
        """Write the record; returns its place once every in-sync replica has it. Raises NotWritten."""
        ...

    async def topics(self) -> frozenset[str]:
        """The names of the cluster's topics. Raises NotWritten if no broker answers."""
        ...

    def close(self) -> None:
        """Wait for unacknowledged records, as long as an acknowledgement may take, then close."""
        ...


class KafkaWriter:
    """A :class:`RecordWriter` on a librdkafka producer, whose callbacks one thread serves. A producer whose sequence
    the broker rejects is replaced."""

    def __init__(self, settings: Settings, patience: float) -> None:
        """``patience``: seconds in which a record has to be acknowledged."""
        self._patience = patience
        self._settings = settings
        self._producer = self._connected()
        self._spent: Producer | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="kafka-callbacks", daemon=True)
        self._thread.start()

    async def write(self, record: Record) -> Place:
        """Write the record; returns its place once every in-sync replica has it. Raises NotWritten."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Place] = loop.create_future()
        usable = self._usable()

        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is not None and (error.fatal() or error.code() in SPENT):
                self._spent = usable
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_settle, done, error, _place(message) if error is None else None)

        try:
            usable.produce(
                record.topic, record.value, record.key, headers=list(record.headers), on_delivery=delivered
            )
        except BufferError as error:
            raise NotWritten("more is waiting for Kafka already than is held") from error
        except KafkaException as error:
            raise _not_written(error.args[0]) from error
        try:
            return await asyncio.wait_for(done, self._patience + GRACE_SECONDS)
        except TimeoutError as error:
            raise NotWritten("Kafka did not acknowledge in time") from error

    async def topics(self) -> frozenset[str]:
        """The names of the cluster's topics. Raises NotWritten if no broker answers."""
        try:
            found = await asyncio.to_thread(self._producer.list_topics, timeout=ASK_SECONDS)
        except KafkaException as error:
            raise _not_written(error.args[0]) from error
        return frozenset(found.topics)

    def close(self) -> None:
        """Wait for unacknowledged records, as long as an acknowledgement may take, then close."""
        self._producer.flush(self._patience)
        self._ended.set()
        self._thread.join(POLL_SECONDS * 10)

    def _connected(self) -> Producer:
        return producer(
            self._settings, ack_seconds=self._patience, largest=largest_record(self._settings), linger_ms=LINGER_MS,
            queued_kbytes=QUEUED_KBYTES,
        )

    def _serve(self) -> None:
        while not self._ended.is_set():
            self._producer.poll(POLL_SECONDS)

    def _usable(self) -> Producer:
        """The current producer, or its replacement; the old one is still flushed, so that its callers get results."""
        spent, self._spent = self._spent, None
        if spent is not None and spent is self._producer:
            log.warning("the broker takes no more of this Kafka producer; a new one takes its place")
            self._producer = self._connected()
            threading.Thread(target=spent.flush, args=(self._patience,), daemon=True).start()
        return self._producer


def _place(message: Message) -> Place:
    return Place(message.topic() or "", message.partition() or 0, message.offset() or 0)


def _settle(done: asyncio.Future[Place], error: KafkaError | None, place: Place | None) -> None:
    if done.done():
        return
    if error is not None:
        done.set_exception(_not_written(error))
    elif place is not None:
        done.set_result(place)


def _not_written(error: KafkaError) -> NotWritten:
    return NotWritten(error.str(), too_large=error.code() == KafkaError.MSG_SIZE_TOO_LARGE)
