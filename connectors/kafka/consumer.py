"""The one consumer configuration, and the one loop that reads with it.

A reader has partitions assigned to it and commits nothing: the group id names it to the broker, and no more. It sees
the records of committed transactions only. (The stages read as a group, through Faust: ``topologies/runtime``.)
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from config.settings import Settings
from connectors.kafka.client import client_log, no_broker
from streams.kernel.errors import Transient

BATCH = 5_000
POLL_SECONDS = 0.1
GATHER_SECONDS = 0.003
"""Records that come this soon after the first are returned with it: those of one answer of the broker."""
ANSWER_SECONDS = 10.0
PATIENCE_SECONDS = 30.0
QUEUED_KBYTES = 16 * 1024
FETCH_BYTES = 1024 * 1024
FETCH_WAIT_MS = 50
NO_LEADER = frozenset({
    KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.UNKNOWN_TOPIC_OR_PART,
})


class OutOfRange(StrEnum):
    """Chooses where to read on when the partition no longer holds the offset asked for."""

    EARLIEST = "earliest"
    ERROR = "error"


def consumer(
    settings: Settings,
    group: str,
    *,
    out_of_range: OutOfRange = OutOfRange.EARLIEST,
    fetch_bytes: int = FETCH_BYTES,
    fetch_wait_ms: int = FETCH_WAIT_MS,
    logger: logging.Logger = client_log,
) -> Consumer:
    """A new consumer without partitions; close it when done.

    ``fetch_bytes``: most bytes of one partition in one fetch; more to replay much. ``fetch_wait_ms``: how long the
    broker holds back a fetch that finds nothing: short for a reader that waits for the end of a topic, longer for one
    that follows a quiet topic all day.
    """
    return Consumer({
        "queued.max.messages.kbytes": QUEUED_KBYTES,
        "fetch.wait.max.ms": fetch_wait_ms,
        "fetch.message.max.bytes": fetch_bytes,
        **settings.kafka.librdkafka(),
        "group.id": group,
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "isolation.level": "read_committed",
        "auto.offset.reset": out_of_range.value,
    }, logger=logger)


class PartitionReader:
    """Reads the partitions it is assigned, and knows which of them it has read to their end. Close it when done."""

    def __init__(
        self, settings: Settings, group: str, *, out_of_range: OutOfRange = OutOfRange.EARLIEST,
        fetch_bytes: int = FETCH_BYTES, fetch_wait_ms: int = FETCH_WAIT_MS, answer_seconds: float | None = None,
    ) -> None:
        """Connects to nothing yet. The settings are those of :func:`consumer`.

        ``answer_seconds``: how long the broker may take to answer about topics, ``ANSWER_SECONDS`` by default; less
        where a person waits who can do without.
        """
        self._consumer = consumer(
            settings, group, out_of_range=out_of_range, fetch_bytes=fetch_bytes, fetch_wait_ms=fetch_wait_ms
        )
        self._bootstrap = settings.kafka.bootstrap
        self._answer_seconds = ANSWER_SECONDS if answer_seconds is None else answer_seconds
        self._unread: set[tuple[str, int]] = set()
        self._failure: Transient | None = None

    @property
    def at_end(self) -> bool:
        """Whether the end of every assigned partition has been reached once."""
        return not self._unread

    def partitions(self, topic: str) -> list[int]:
        """The numbers of the topic's partitions, ascending. Raises Transient where broker or topic is missing."""
        try:
            found = self._consumer.list_topics(topic, timeout=self._answer_seconds).topics.get(topic)
        except KafkaException as error:
            raise no_broker(self._bootstrap, error) from error
        if found is None or not found.partitions:
            raise Transient(f"{topic} is not on {self._bootstrap}: shipsync topics --create")
        return sorted(found.partitions)

    def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """The first offset of a partition, and the one after its last record.

        A partition that has no leader yet (a new topic, a broker that has just started) is asked again, for as long as
        an answer may take. Raises Transient without an answer.
        """
        place, give_up = TopicPartition(topic, partition), time.monotonic() + self._answer_seconds
        while True:
            try:
                low, high = self._consumer.get_watermark_offsets(place, self._answer_seconds)
                break
            except KafkaException as error:
                fault: KafkaError = error.args[0]
                if fault.code() not in NO_LEADER or time.monotonic() > give_up:
                    raise Transient(f"{topic} does not answer at {self._bootstrap}: {fault.str()}") from error
            time.sleep(POLL_SECONDS)
            self.partitions(topic)  # asks who leads now
        return int(low), int(high)

    def end(self, topic: str, partition: int) -> int:
        """The offset after the last record of an assigned partition, as of the last fetch; 0 before the first. Asks
        nobody."""
        _, high = self._consumer.get_watermark_offsets(TopicPartition(topic, partition), cached=True)
        return max(0, int(high))

    def at_time(self, topic: str, partition: int, at_ms: int) -> int:
        """Returns the offset to begin at for the records of then (UTC ms) and later; earlier ones may come, too. Raises
        Transient."""
        asked = [TopicPartition(topic, partition, at_ms)]
        try:
            [found] = self._consumer.offsets_for_times(asked, timeout=self._answer_seconds)
        except KafkaException as error:
            raise Transient(f"{topic} does not answer at {self._bootstrap}: {error.args[0].str()}") from error
        return int(found.offset)

    def committed(self, topic: str) -> dict[int, int]:
        """Returns how far the group of this reader's id has committed each partition; absent where it has not. Raises
        Transient."""
        asked = [TopicPartition(topic, number) for number in self.partitions(topic)]
        try:
            found = self._consumer.committed(asked, timeout=self._answer_seconds)
        except KafkaException as error:
            raise Transient(f"{topic} does not answer at {self._bootstrap}: {error.args[0].str()}") from error
        return {int(place.partition): int(place.offset) for place in found if place.offset >= 0}

    def assign(self, places: Iterable[TopicPartition]) -> None:
        """Read these partitions from now on, in place of those before, each from its offset."""
        assigned = list(places)
        self._unread = {(place.topic, place.partition) for place in assigned}
        self._failure = None
        self._consumer.assign(assigned)

    def assign_whole(self, topics: Sequence[str]) -> None:
        """Read all partitions of these topics from their beginning. Raises Transient where one is missing."""
        self.assign([
            TopicPartition(topic, number, OFFSET_BEGINNING) for topic in topics for number in self.partitions(topic)
        ])

    def pause(self, topic: str) -> None:
        """Read no more of a topic that is assigned."""
        self._consumer.pause([place for place in self._consumer.assignment() if place.topic == topic])

    def read(self, seconds: float, most: int = BATCH, gather_seconds: float = GATHER_SECONDS) -> list[Message]:
        """The records that came, after up to ``seconds`` of waiting for the first and ``gather_seconds`` for more; in
        order by partition. Returns none as soon as every partition has been read to its end for the first time.

        Raises Transient where a partition cannot be read, once the records before that were returned.
        """
        records: list[Message] = []
        deadline, unread = time.monotonic() + seconds, bool(self._unread)
        while not records and self._failure is None:
            messages = self._consumer.consume(1, max(0.0, deadline - time.monotonic()))
            if messages and most > 1:
                messages += self._consumer.consume(most - 1, gather_seconds)
            records = self._records(messages)
            if not messages or (unread and not self._unread):
                break
        if self._failure is not None and not records:
            failure, self._failure = self._failure, None
            raise failure
        return records

    def _records(self, messages: Iterable[Message]) -> list[Message]:
        """Those that are records; the others say how far a partition was read, or why it cannot be."""
        records = []
        for message in messages:
            error = message.error()
            if error is None:
                records.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                self._unread.discard((str(message.topic()), int(message.partition() or 0)))
            elif not error.retriable():
                self._failure = Transient(f"{message.topic()} cannot be read at {self._bootstrap}: {error.str()}")
        return records

    def to_the_end(
        self, until: Callable[[], bool] = lambda: False, patience: float = PATIENCE_SECONDS
    ) -> Iterator[list[Message]]:
        """The records up to the end of every partition at the time of calling; only part of them where ``until``
        says so. Raises Transient where nothing comes for ``patience`` seconds before the end.
        """
        answered, left = time.monotonic(), len(self._unread)
        while self._unread and not until():
            records = self.read(POLL_SECONDS)
            if records or len(self._unread) < left:
                answered, left = time.monotonic(), len(self._unread)
            elif time.monotonic() - answered > patience:
                silent = ", ".join(sorted({topic for topic, _ in self._unread}))
                raise Transient(f"{silent} does not answer at {self._bootstrap}")
            yield records

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()
