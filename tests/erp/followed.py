"""Reads what comes onto a topic, as it comes: of a long run nothing is read twice."""

from __future__ import annotations

from typing import Generic, TypeVar

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from msgspec import Struct

from connectors.kafka.registry import ValueCodec
from tests.support.waiting import PATIENCE

T = TypeVar("T", bound=Struct)
MOST, NOTHING_MORE_SECONDS = 10_000, 0.3


class Followed(Generic[T]):
    """One topic that is there, from its beginning. Close it when done."""

    def __init__(self, bootstrap: str, codec: ValueCodec[T]) -> None:
        self._codec, topic = codec, codec.topic.name
        self._consumer = Consumer({
            "bootstrap.servers": bootstrap, "group.id": "account", "enable.auto.commit": False,
            "isolation.level": "read_committed",
        })
        partitions = self._consumer.list_topics(topic, timeout=PATIENCE).topics[topic].partitions
        self._consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])

    def news(self) -> list[T]:
        """The values that came since the last call, of each key in their order."""
        found: list[T] = []
        while messages := self._consumer.consume(MOST, timeout=NOTHING_MORE_SECONDS):
            for one in messages:
                assert one.error() is None, one.error()
                value = one.value()
                assert value is not None, "a value"
                found.append(self._codec.decode(value))
        return found

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()
