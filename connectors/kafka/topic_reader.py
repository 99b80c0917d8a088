"""Topics read whole: of compacted ones the last word on every key."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from typing import Generic, TypeVar

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition
from msgspec import Struct

from config.settings import Settings
from config.topics import Topic
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import client_log
from streams.kernel.errors import Reject, Transient

T = TypeVar("T", bound=Struct)
BATCH = 5_000
POLL_SECONDS, ANSWER_SECONDS, PATIENCE_SECONDS = 0.1, 5.0, 30.0
log = structlog.get_logger(__name__)
Take = Callable[[str, T | None], None]


def latest(settings: Settings, registry: Registry, topic: Topic, struct: type[T]) -> dict[str, T]:
    """The last value of every key that has one. Raises Transient where broker, registry or topic does not answer."""
    found: dict[str, T] = {}

    def take(key: str, value: T | None) -> None:
        if value is None:
            found.pop(key, None)
        else:
            found[key] = value

    each(settings, registry, topic, struct, take)
    return found


def each(settings: Settings, registry: Registry, topic: Topic, struct: type[T], take: Take[T]) -> None:
    """Hand every record to ``take`` up to the end at the time of calling, a key's in their order; None takes one away.

    ``struct`` may have some of the contract's fields. Raises Transient as :func:`latest`.
    """
    with closing(Reader(settings, registry, topic, struct, take)) as reader:
        reader.to_the_end()


class Reader(Generic[T]):
    """Reads one topic from its beginning, then whatever is added. Close it when done."""

    def __init__(
        self, settings: Settings, registry: Registry, topic: Topic, struct: type[T], take: Take[T],
        newest: int | None = None,
    ) -> None:
        """``newest``: begin so many records before each partition's end, or, where the broker understates that (the
        embedded one: it is the beginning of the last batch), before them. Raises Transient where broker, registry or
        topic does not answer."""
        self._codec = ValueCodec(topic, struct, registry)
        self._take = take
        self._topic, self._bootstrap = topic.name, settings.kafka.bootstrap
        self._consumer = Consumer(
            {
                **settings.kafka.librdkafka(), "group.id": "shipsync-reader", "enable.auto.commit": False,
                "enable.partition.eof": True, "isolation.level": "read_committed", "fetch.wait.max.ms": 50,
                "auto.offset.reset": "earliest", "queued.max.messages.kbytes": 16 * 1024,
            },
            logger=client_log,
        )
        try:
            self._unread = self._partitions()
            begin = [TopicPartition(topic.name, number, self._beginning(number, newest)) for number in self._unread]
        except BaseException:
            self._consumer.close()
            raise
        self._consumer.assign(begin)

    def to_the_end(self, until: Callable[[], bool] = lambda: False) -> None:
        """Read all there is; only part of it where told to end. Raises Transient where the broker falls silent."""
        answered = time.monotonic()
        while self._unread and not until():
            if self.more(POLL_SECONDS):
                answered = time.monotonic()
            elif time.monotonic() - answered > PATIENCE_SECONDS:
                raise Transient(f"{self._topic} does not answer at {self._bootstrap}")

    def more(self, seconds: float) -> int:
        """Read on, waiting up to so long for something; how many records, ends among them. Raises Transient."""
        messages = self._consumer.consume(BATCH, seconds)
        for message in messages:
            error = message.error()
            if error is None:
                self._hand_on(message.key(), message.value())
            elif error.code() == KafkaError._PARTITION_EOF:
                self._unread.discard(message.partition() or 0)
            elif not error.retriable():
                raise Transient(f"{self._topic} cannot be read at {self._bootstrap}: {error.str()}")
        return len(messages)

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()

    def _hand_on(self, key: bytes | None, value: bytes | None) -> None:
        name = (key or b"").decode("utf-8", "replace")
        try:
            self._take(name, None if value is None else self._codec.decode(value))
        except Reject as reject:
            log.warning("a record that is none is passed over", topic=self._topic, key=name, why=str(reject))

    def _beginning(self, partition: int, newest: int | None) -> int:
        if newest is None:
            return int(OFFSET_BEGINNING)
        try:
            low, high = self._consumer.get_watermark_offsets(TopicPartition(self._topic, partition), ANSWER_SECONDS)
        except KafkaException as error:
            raise Transient(f"{self._topic} does not answer at {self._bootstrap}: {error.args[0].str()}") from error
        return int(max(low, high - newest))

    def _partitions(self) -> set[int]:
        try:
            found = self._consumer.list_topics(self._topic, timeout=ANSWER_SECONDS).topics.get(self._topic)
        except KafkaException as error:
            raise Transient(
                f"no broker answers at {self._bootstrap} ({error.args[0].str()}):"
                " start one with shipsync up, or set SHIPSYNC_BOOTSTRAP"
            ) from error
        if found is None or not found.partitions:
            raise Transient(f"{self._topic} is not on {self._bootstrap}: shipsync topics --create")
        return set(found.partitions)
