"""One topic read whole and decoded: of a compacted one the last value of every key."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Generic, TypeVar

import structlog
from aiokafka.partitioner import murmur2
from confluent_kafka import OFFSET_BEGINNING, Message, TopicPartition
from msgspec import Struct

from config.settings import Settings
from config.topics import Topic
from connectors.kafka.consumer import PartitionReader
from connectors.kafka.registry import Registry, ValueCodec
from streams.kernel.errors import Reject

T = TypeVar("T", bound=Struct)
GROUP = "shipsync-reader"
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
    """Call ``take`` with every record up to the end at the time of calling; records of one key come in order.

    A deleted key has the value None. ``struct`` may have some of the contract's fields. Raises Transient as
    :func:`latest`.
    """
    with closing(Reader(settings, registry, topic, struct, take)) as reader:
        reader.to_the_end()


def newest(settings: Settings, registry: Registry, topic: Topic, struct: type[T], key: str) -> T | None:
    """The last value of one key, from its partition alone; None where there is none. Raises Transient as
    :func:`latest`, Reject for a value that cannot be decoded."""
    codec, found, name = ValueCodec(topic, struct, registry), None, key.encode()
    with closing(PartitionReader(settings, GROUP)) as reader:
        partition = partition_of(name, len(reader.partitions(topic.name)))
        reader.assign([TopicPartition(topic.name, partition, OFFSET_BEGINNING)])
        for records in reader.to_the_end():
            for record in records:
                if record.key() == name:
                    found = record.value()
    return None if found is None else codec.decode(found)


def partition_of(key: bytes, partitions: int) -> int:
    """Where Kafka's default partitioner (murmur2) places a key."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


class Reader(Generic[T]):
    """Reads one topic from its beginning, then whatever is added. Close it when done."""

    def __init__(
        self, settings: Settings, registry: Registry, topic: Topic, struct: type[T], take: Take[T],
        newest: int | None = None, group: str = GROUP, answer_seconds: float | None = None,
    ) -> None:
        """``newest``: begin so many records before each partition's end, or, where the broker understates that (the
        embedded one: it is the beginning of the last batch), before them. Raises Transient where broker, registry or
        topic does not answer."""
        self._codec = ValueCodec(topic, struct, registry)
        self._take = take
        self._topic = topic.name
        self._reader = PartitionReader(settings, group, answer_seconds=answer_seconds)
        try:
            self._reader.assign([
                TopicPartition(topic.name, number, self._beginning(number, newest))
                for number in self._reader.partitions(topic.name)
            ])
        except BaseException:
            self._reader.close()
            raise

    @property
    def at_end(self) -> bool:
        """Whether the end of every partition has been reached once."""
        return self._reader.at_end

    def to_the_end(self, until: Callable[[], bool] = lambda: False) -> None:
        """Read all there is; only part of it where ``until`` says so. Raises Transient where the broker falls
        silent."""
        for records in self._reader.to_the_end(until):
            self._hand_on(records)

    def more(self, seconds: float) -> int:
        """Read on, waiting up to ``seconds`` for the first record; how many came. Raises Transient."""
        records = self._reader.read(seconds)
        self._hand_on(records)
        return len(records)

    def close(self) -> None:
        """Disconnect."""
        self._reader.close()

    def _hand_on(self, records: list[Message]) -> None:
        for record in records:
            key, value = record.key(), record.value()
            name = (key or b"").decode("utf-8", "backslashreplace")
            try:
                self._take(name, None if value is None else self._codec.decode(value))
            except Reject as reject:
                log.warning("a record that cannot be decoded is skipped", topic=self._topic, key=name, why=str(reject))

    def _beginning(self, partition: int, newest: int | None) -> int:
        if newest is None:
            return int(OFFSET_BEGINNING)
        low, high = self._reader.bounds(self._topic, partition)
        return max(low, high - newest)
