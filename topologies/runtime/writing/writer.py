"""One librdkafka producer of a stage: queues what it is given, and knows what of it arrived, and where.

Keyed messages are placed as Java producers place them (murmur2), so topics joined by key are partitioned alike
whoever wrote them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import Message as KafkaMessage

from config.settings import Settings
from connectors.kafka.producer import producer
from connectors.kafka.topic_admin import LARGEST_STATE, largest_dead_letter
from streams.kernel.errors import Fatal, ShipSyncError
from topologies.runtime.handler import Message
from topologies.runtime.writing.sink import BY_KEY, Span, Whole

log = logging.getLogger(__name__)

FLUSH_SECONDS = 60.0
ROOM_SECONDS = 0.1


def fault_in(error: KafkaException | SystemError) -> KafkaError:
    """Extracts the fault from an exception of a producer.

    A fatal fault that comes among delivery reports arrives as a SystemError, with the fault as its cause or without
    any: confluent-kafka goes on calling back with the exception set.
    """
    kafka = error if isinstance(error, KafkaException) else error.__cause__
    if not isinstance(kafka, KafkaException):
        return KafkaError(KafkaError._FATAL)
    fault: KafkaError = kafka.args[0]
    return fault


class Offsets:
    """Notes where the broker put the records of one changelog partition, from delivery reports of the outermost ones.

    One producer's records of one partition lie in the order they were sent in.
    """

    def __init__(self) -> None:
        self.sent = 0
        self._first: int | None = None
        self._last = -1

    def note(self, error: KafkaError | None, message: KafkaMessage) -> None:
        """A delivery report."""
        offset = message.offset()
        if error is None and offset is not None:
            self._first = offset if self._first is None else min(self._first, offset)
            self._last = max(self._last, offset)

    def span(self) -> Span | None:
        """Returns where they lie; None before anything was acknowledged."""
        return None if self._first is None else Span(self._first, self._last + 1, self.sent)


class Writer:
    """One librdkafka producer whose failures are counted, and raised at the next flush.

    Told of failures only, or (``reports_all``, and in transactions) of each message that asks for its delivery report.
    """

    def __init__(
        self, settings: Settings, transactional_id: str | None = None, reports_all: bool = False,
        ack_seconds: float = FLUSH_SECONDS,
    ) -> None:
        self._failures: list[str] = []
        self._failed = 0
        self.producer = producer(
            settings, ack_seconds=ack_seconds, largest=max(LARGEST_STATE, largest_dead_letter(settings)),
            on_failure=None if reports_all or transactional_id else self._noted,
            on_delivery=self._noted if transactional_id else None, transactional_id=transactional_id, logger=log,
        )

    def send(self, topic: str, messages: Sequence[Message], partition: int | None) -> None:
        """Queue all, waiting for room where the queue is full. Raises what ``unsendable`` says for what cannot be."""
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
            self._wait_for_room(topic)

    def send_whole(self, record: Whole, offsets: Offsets | None = None) -> None:
        """Queue one record with its headers, waiting for room."""
        reported: dict[str, Any] = {} if offsets is None else {"on_delivery": self._noted_by(offsets)}
        while True:
            try:
                self.producer.produce(
                    record.topic, key=record.key, value=record.value, headers=list(record.headers),
                    partition=record.partition, **reported,
                )
                return
            except BufferError:
                self._wait_for_room(record.topic)
            except KafkaException as error:
                raise self.unsendable(record.topic, error.args[0]) from error

    def send_changes(
        self, topic: str, partition: int, changes: Sequence[Message], carrying: Sequence[Whole], offsets: Offsets
    ) -> None:
        """Queue records of one changelog partition, asking where the first and the last of them come to lie."""
        noted = self._noted_by(offsets)
        batch: list[Any] = [dict(message) for message in changes]
        for message in (batch[0], batch[-1]) if batch else ():
            message["callback"] = noted
        self.send(topic, batch, partition)
        for record in carrying:
            self.send_whole(record, offsets)
        offsets.sent += len(batch) + len(carrying)

    def flush(self) -> None:
        """Wait for every acknowledgement. Raises Fatal if any message failed or none came in time."""
        left = self.producer.flush(FLUSH_SECONDS)
        if left or self._failed:
            told = "; ".join(self._failures) or "no answer"
            raise Fatal(f"{left} messages unanswered in {FLUSH_SECONDS:g} s, {self._failed} failed: {told}")

    def unsendable(self, topic: str, error: KafkaError) -> ShipSyncError:
        """The error for a message that cannot be queued."""
        return Fatal(f"{topic}: cannot be sent: {error}")

    def _wait_for_room(self, topic: str) -> None:
        try:
            self.producer.poll(ROOM_SECONDS)
        except (KafkaException, SystemError) as error:
            raise self.unsendable(topic, fault_in(error)) from error

    def _noted_by(self, offsets: Offsets) -> Callable[[KafkaError | None, KafkaMessage], None]:
        def noted(error: KafkaError | None, message: KafkaMessage) -> None:
            offsets.note(error, message)
            self._noted(error, message)

        return noted

    def _noted(self, error: KafkaError | None, message: KafkaMessage) -> None:
        if error is not None:
            self._failed += 1
            if len(self._failures) < 3:
                self._failures.append(f"{message.topic()}: {error}")

    def _refuse_unsendable(self, topic: str, waiting: list[Any]) -> None:
        for message in waiting:
            error = message.pop("_error", None)
            if error is not None and error.code() != KafkaError._QUEUE_FULL:
                raise self.unsendable(topic, error)
