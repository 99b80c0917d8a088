"""Reads the records of a run that is over once, for the traces of all its orders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from confluent_kafka import Message, TopicPartition

from config.settings import Settings
from connectors.kafka.consumer import PATIENCE_SECONDS, PartitionReader
from topologies.operations.order_trace import GROUP


class KeptReader(PartitionReader):
    """Reads each partition once, and then gives what it has."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, GROUP)
        self._numbers: dict[str, list[int]] = {}
        self._kept: dict[tuple[str, int], list[Message]] = {}
        self._wanted: list[tuple[str, int]] = []

    def partitions(self, topic: str) -> list[int]:
        """The numbers of the topic's partitions."""
        if topic not in self._numbers:
            self._numbers[topic] = super().partitions(topic)
        return self._numbers[topic]

    def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """The first offset, and the one after the last record."""
        return 0, len(self._kept.get((topic, partition), []))

    def assign(self, places: Iterable[TopicPartition]) -> None:
        """Read what is not there yet."""
        assigned = list(places)
        self._wanted = [(one.topic, one.partition) for one in assigned]
        fresh = [one for one in assigned if (one.topic, one.partition) not in self._kept]
        if not fresh:
            return
        self._kept |= {(one.topic, one.partition): [] for one in fresh}
        super().assign(fresh)
        for records in super().to_the_end():
            for record in records:
                self._kept[str(record.topic()), int(record.partition() or 0)].append(record)

    def to_the_end(
        self, until: Callable[[], bool] = lambda: False, patience: float = PATIENCE_SECONDS
    ) -> Iterator[list[Message]]:
        """All records of the partitions that are assigned."""
        del until, patience
        for place in self._wanted:
            yield self._kept[place]
