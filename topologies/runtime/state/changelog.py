"""A stage's changelog topic: bringing a partition's local state up to its end.

Its end is behind the last record anyone has written, in a transaction that is open still or not. What a reader at
``read_committed`` takes for the end lies before the first open transaction: of a former owner, who may commit it yet.
So a restore asks for the true end first, and waits until every transaction before it has ended.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec

from config import topics
from config.settings import Settings
from connectors.kafka.consumer import OutOfRange, consumer
from streams.kernel.errors import Fatal, Reject, Transient
from topologies.runtime.reading.group_reader import kafka_record
from topologies.runtime.reading.open_transactions import still_open
from topologies.runtime.state.changelog_record import LocalWrites, Unreadable, UnreadableChangelog, read
from topologies.runtime.state.partition_state import Damaged, Mark, PartitionState, StateMemory, set_aside, wipe
from topologies.runtime.watching import metrics
from topologies.runtime.writing.outbox import HeldBack

log = logging.getLogger(__name__)

BATCH = 10_000
REPORT_SECONDS = 5.0
POLL_SECONDS = 0.1
ANSWER_SECONDS = 10.0


class _BeyondTheEnd(Transient):
    """The state is ahead of its changelog, or behind what is kept of it."""


class Restored(NamedTuple):
    """A partition's local state, and by key what the worker before had not sent, or not noted as sent.

    ``end``: the offset up to which the changelog was read.
    """

    state: PartitionState
    held_back: Mapping[bytes, HeldBack]
    end: int


class _Replayed(NamedTuple):
    """How many records were replayed, and up to which offset."""

    records: int
    end: int


class _Open:
    """Records of the changelog that are not settled by a later one of their key: by key, what is still to be sent with
    the offset of its record, and what cannot be read."""

    def __init__(self) -> None:
        self.carried: dict[bytes, tuple[int, HeldBack]] = {}
        self.unreadable: dict[bytes, Unreadable] = {}

    def settle(self, key: bytes) -> None:
        """A later record of this key was read."""
        self.carried.pop(key, None)
        self.unreadable.pop(key, None)

    def before_all(self, offset: int) -> int:
        """``offset``, or the first of the open records: what lies behind is read again by the next restore."""
        return min([
            offset, *(at for at, _ in self.carried.values()),
            *(one.record.offset for one in self.unreadable.values()),
        ])


class Changelog(Protocol):
    """The runner's view of a changelog."""

    def topic_id(self) -> str:
        """The topic's identity: another one after the topic was deleted and made again."""

    def restored(self, path: Path, partition: int, wanted: Callable[[], bool]) -> Restored | None:
        """The partition's local state, up to the changelog's end; None once no longer ``wanted``."""


class KafkaChangelog:
    """The changelog on Kafka. May restore several partitions at once."""

    def __init__(
        self, stage: str, topic: str, settings: Settings, local_writes: LocalWrites,
        outputs: Collection[str] | None = None,
    ) -> None:
        """``outputs``: the topics a record may carry messages for; by default those the stage is declared to write."""
        self._stage = stage
        self._outputs = topics.written_by(stage) if outputs is None else outputs
        self._topic = topic
        self._settings = settings
        self._local_writes = local_writes
        self._memory = StateMemory(settings.state.block_cache_bytes)
        self._id: str | None = None

    def topic_id(self) -> str:
        """The topic's identity, '' where the broker does not tell. Raises Transient, or Fatal if missing."""
        if self._id is None:
            admin = self._admin()
            asked = admin.describe_topics(TopicCollection([self._topic]), request_timeout=ANSWER_SECONDS)
            try:
                self._id = str(asked[self._topic].result().topic_id)
            except KafkaException as error:
                if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise Fatal(f"The changelog {self._topic} is missing: shipsync topics --create") from error
                raise Transient(f"The changelog topic {self._topic} cannot be described: {error}") from error
        return self._id

    def restored(self, path: Path, partition: int, wanted: Callable[[], bool]) -> Restored | None:
        """Open the partition's state and replay what it lacks; None once no longer ``wanted``.

        State that is damaged, outside of what the changelog holds or of another topic is rebuilt whole.
        Raises Transient where the broker does not answer, the state is held by another process, or a record of the
        changelog cannot be read.
        """
        started = time.monotonic()
        state = self._opened(path, partition)
        found = _Open()
        try:
            if (fault := self._foreign(state)) is not None:
                state = self._again(state, partition, fault, wipe)
            try:
                replayed = self._replay(state, partition, wanted, found)
            except (_BeyondTheEnd, Damaged) as error:
                put_away = set_aside if isinstance(error, Damaged) else wipe
                state = self._again(state, partition, str(error), put_away)
                found = _Open()
                replayed = self._replay(state, partition, wanted, found)
        except BaseException:
            state.close()
            raise
        if replayed is None:
            state.close()
            return None
        metrics.UNREADABLE_CHANGES.labels(self._stage, str(partition)).set(len(found.unreadable))
        if found.unreadable:
            state.close()
            raise UnreadableChangelog(self._stage, list(found.unreadable.values()))
        seconds = time.monotonic() - started
        metrics.RESTORE_SECONDS.labels(self._stage).observe(seconds)
        metrics.RESTORED_RECORDS.labels(self._stage).inc(replayed.records)
        log.info("%s[%d] restored: %d records in %.1f s", self._topic, partition, replayed.records, seconds)
        return Restored(state, {key: held for key, (_, held) in found.carried.items()}, replayed.end)

    def _admin(self) -> AdminClient:
        return AdminClient(dict(self._settings.kafka.librdkafka()), logger=log)

    def _true_end(self, partition: int) -> int:
        """The offset after the last record, whether its transaction is open still or not. Raises Transient."""
        place, admin = TopicPartition(self._topic, partition), self._admin()
        asked = admin.list_offsets(
            {place: OffsetSpec.latest()}, isolation_level=IsolationLevel.READ_UNCOMMITTED,
            request_timeout=ANSWER_SECONDS,
        )
        try:
            return int(asked[place].result().offset)
        except KafkaException as error:
            raise Transient(f"{self._topic}[{partition}]: its end cannot be asked for: {error}") from error

    def _consumer(self) -> Consumer:
        return consumer(
            self._settings, f"restore-{self._stage}", out_of_range=OutOfRange.ERROR,
            fetch_bytes=self._settings.stage.fetch_bytes, logger=log,
        )

    def _opened(self, path: Path, partition: int) -> PartitionState:
        try:
            return PartitionState(path, self._memory)
        except Damaged as error:
            return self._rebuilt(path, partition, str(error), set_aside)

    def _rebuilt(self, path: Path, partition: int, why: str, put_away: Callable[[Path], object]) -> PartitionState:
        metrics.STATE_REBUILDS.labels(self._stage).inc()
        aside = put_away(path)
        log.warning(
            "%s[%d] is rebuilt from its changelog: %s%s", self._topic, partition, why,
            "" if aside is None else f"; the damaged state lies at {aside} and may be deleted",
        )
        return PartitionState(path, self._memory)

    def _again(
        self, state: PartitionState, partition: int, why: str, put_away: Callable[[Path], object]
    ) -> PartitionState:
        state.close()
        return self._rebuilt(state.path, partition, why, put_away)

    def _foreign(self, state: PartitionState) -> str | None:
        """Why the state is not of this changelog topic; None where it is, or is new."""
        if state.mark is None or state.mark.topic_id == self.topic_id():
            return None
        return f"it belongs to another topic ({state.mark.topic_id} instead of {self.topic_id()})"

    def _replay(
        self, state: PartitionState, partition: int, wanted: Callable[[], bool], found: _Open
    ) -> _Replayed | None:
        """Apply everything the state lacks; None once no longer wanted. ``found``: gets what the records carry."""
        start = OFFSET_BEGINNING if state.mark is None else state.mark.offset
        topic_id, true_end = self.topic_id(), self._true_end(partition)
        tp = TopicPartition(self._topic, partition, start)
        consumer = self._consumer()
        try:
            consumer.assign([tp])
            return self._replay_from(consumer, tp, topic_id, true_end, state, wanted, found)
        finally:
            consumer.close()

    def _replay_from(
        self, consumer: Consumer, tp: TopicPartition, topic_id: str, true_end: int, state: PartitionState,
        wanted: Callable[[], bool], found: _Open,
    ) -> _Replayed | None:
        start, count, reported = tp.offset, 0, time.monotonic()
        answered, open_at = reported, -1
        while wanted():
            messages = consumer.consume(BATCH, timeout=POLL_SECONDS)
            now = time.monotonic()
            end = self._apply(state, messages, topic_id, found)
            count += len(messages) - (end is not None)
            if end is not None and end >= true_end:
                return _Replayed(count, end)
            if end is not None:
                open_at = end
                log.info("%s[%d] waits for a transaction open at %d", tp.topic, tp.partition, end)
            if messages:
                answered = now
            elif start >= 0 and 0 <= consumer.get_watermark_offsets(tp, cached=True)[1] < start:
                raise _BeyondTheEnd(f"it is at {start}, beyond the end")
            elif now - answered > self._settings.stage.stuck_timeout:
                raise Transient(_silent(tp, count, open_at, now - answered))
            if now - reported > REPORT_SECONDS:
                reported = now
                log.info("%s[%d] restoring: %d records", tp.topic, tp.partition, count)
        return None

    def _apply(
        self, state: PartitionState, messages: Sequence[Message], topic_id: str, found: _Open
    ) -> int | None:
        """Write one batch; the end of the partition, if it was among it. The state's mark stays before what is still
        to be sent."""
        changes: dict[bytes, bytes | None] = {}
        offset: int | None = None
        end: int | None = None
        for message in messages:
            error = message.error()
            if error is not None:
                if error.code() == KafkaError._AUTO_OFFSET_RESET:
                    raise _BeyondTheEnd(f"its place is not in the topic: {error}")
                if error.code() != KafkaError._PARTITION_EOF:
                    raise Transient(f"{self._topic} cannot be read: {error}")
                end = offset = message.offset()
                continue
            record = kafka_record(message)
            offset = record.offset + 1
            if record.key is None:
                continue
            found.settle(record.key)
            try:
                writes, held = read(record, self._local_writes, self._outputs)
            except Reject as reject:
                found.unreadable[record.key] = Unreadable(record, reject)
                continue
            if held is not None:
                found.carried[record.key] = record.offset, held
            changes |= writes
        if offset is not None:
            state.apply(changes, Mark(topic_id, found.before_all(offset)))
        return end


def _silent(tp: TopicPartition, count: int, open_at: int, seconds: float) -> str:
    """Why a restore gives up."""
    if open_at < 0:
        return f"{tp.topic}[{tp.partition}] does not answer, {count} records restored"
    return still_open(tp.topic, tp.partition, open_at, seconds)
