"""One member of a consumer group: a thread that reads with librdkafka and hands on what came, run by run.

It owns the consumer: records, assignments and revocations come out of it in order. While partitions are given or taken
the thread stands until the event loop has done its part, so nothing of a new assignment is read before; heartbeats go
on meanwhile, librdkafka sends them from a thread of its own. Commits are done on this thread, too, between two looks:
confluent-kafka holds a lock while it polls, and a call from another thread may wait for ever.
"""

from __future__ import annotations

import logging
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as Place
from msgspec import Struct

from config.settings import Settings
from connectors.kafka.message_headers import headers_of
from streams.kernel.errors import Fatal
from topologies.runtime.reading.chunks import Run, TopicPartition
from topologies.runtime.reading.open_transactions import OpenTransactions

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.25
GATHER_SECONDS = 0.003
"""Records that come this soon after the first are handed on with it: those of one answer of the broker."""
ROOM_SECONDS = 0.5
"""Limits how long the thread waits when partitions have enough in hand, before they are paused: a pause throws away
what was fetched ahead."""
MOST_RECORDS = 10_000
"""Limits the records of one look."""
FETCH_WAIT_MS = 20
"""How long the broker gathers before it answers: a fetch, and each chunk of it, costs the same for one record as for
thirty. The embedded broker looks for new records only when that has passed."""
AHEAD_RECORDS, AHEAD_KBYTES, AHEAD_BACKOFF_MS = 10_000, 4 * 1024, 5
"""How much librdkafka fetches ahead of this thread, and how soon it looks again for room."""
METADATA_MS = 60_000
METADATA_HEAD = b"CGMDv2:"
"""How librdkafka begins a consumer's group metadata; the generation follows, of four bytes."""
ANSWER_SECONDS = 5.0


class KafkaRecord(Struct, frozen=True, gc=False):
    """One record, with no more of it than stages need."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


def kafka_record(message: Message) -> KafkaRecord:
    """A message without an error, as stages read it."""
    return KafkaRecord(
        str(message.topic()), int(message.partition() or 0), int(message.offset() or 0), message.timestamp()[1],
        message.key(), message.value(), headers_of(message),
    )


class Member(Protocol):
    """Whom the thread tells."""

    def full(self) -> set[TopicPartition]:
        """Partitions of which no more is wanted now."""

    def received(self, runs: Mapping[TopicPartition, Run]) -> None:
        """The records that were read; the call is not waited for."""

    def assigned(self, partitions: set[TopicPartition]) -> Future[None]:
        """These, and no others, are ours; done when everybody knows."""

    def revoked(self, partitions: set[TopicPartition], lost: bool) -> Future[None]:
        """These go, or are gone (``lost``); done when everybody has let go."""

    def crashed(self, error: BaseException) -> None:
        """The thread has ended."""


class GroupReader:
    """The thread and its consumer. ``read`` to begin; ``halt`` to read no more, ``close`` to leave the group."""

    def __init__(self, group: str, settings: Settings, strategy: str, heartbeat: float, member: Member) -> None:
        self._member = member
        self._configuration = configuration(group, settings, strategy, heartbeat)
        self._thread: threading.Thread | None = None
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._halted = self._closed = False
        self._most = min(MOST_RECORDS, 2 * settings.stage.chunk_records)
        self._room = threading.Event()
        self._paused: set[TopicPartition] = set()
        self._fresh: list[Place] | None = None
        self._assigned: frozenset[TopicPartition] = frozenset()
        self._committed: dict[TopicPartition, int] = {}
        self._open = OpenTransactions(settings.stage.stuck_timeout, time.monotonic)
        self.generation = 0
        """Counts the assignments of this member."""
        self.group_metadata: bytes | None = None
        """The member and the generation of the group the assignment is of; None where it was over when it came."""
        self.looked_at = time.monotonic()

    def read(self, topics: Sequence[str]) -> None:
        """Join the group and begin; nothing where it has begun."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, args=(list(topics),), name="group-reader", daemon=True)
            self._thread.start()

    def room(self) -> None:
        """Something in hand was finished."""
        self._room.set()

    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions of this member."""
        return self._assigned

    def commit(self, generation: int, offsets: Mapping[TopicPartition, int]) -> Future[bool]:
        """Commit these offsets if the assignment still holds; False, logged, where it could not be done."""
        return self._asked(lambda: self._commit(generation, offsets))

    def still_member(self, generation: int) -> Future[bool]:
        """Whether the group counts us in, and the assignment still holds: a commit of what is committed anyway is
        refused to one it has put out."""
        return self._asked(lambda: self._still_member(generation))

    def halt(self) -> None:
        """Read no more; what was read stays ours: heartbeats and commits go on."""
        self._halted = True
        self._room.set()
        self._calls.put(None)

    def close(self) -> None:
        """Leave the group. Blocks."""
        self._closed = True
        self.halt()
        if self._thread is not None:
            self._thread.join()

    def _run(self, topics: list[str]) -> None:
        try:
            self._consumer = consumer = Consumer(self._configuration, logger=log)
            try:
                consumer.subscribe(topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost)
                self._go_on(consumer)
            finally:
                consumer.close()
                while not self._calls.empty():
                    self._do_next()
        except BaseException as error:
            self._member.crashed(error)

    def _go_on(self, consumer: Consumer) -> None:
        """Read, and do what is asked for, until closed."""
        while not self._closed:
            if self._halted or not self._calls.empty():
                self._do_next()
            else:
                self._make_room(consumer)
                self._read(consumer)
                self._open.look(lambda tp: _high_water(consumer, tp))
                self.looked_at = time.monotonic()

    def _until(self, done: Future[None]) -> None:
        """Do what is asked for until ``done``, or closed. Raises what it raised."""
        done.add_done_callback(lambda _: self._calls.put(None))
        while not done.done() and not self._closed:
            self._do_next()
        if done.done():
            done.result()

    def _do_next(self) -> None:
        call = self._calls.get()
        if call is not None:
            call()

    def _asked(self, call: Callable[[], bool]) -> Future[bool]:
        """The result of ``call``, made on the thread; False once that has ended."""
        answer: Future[bool] = Future()
        if self._thread is None or not self._thread.is_alive():
            answer.set_result(False)
        else:
            self._calls.put(lambda: _answer(answer, call))
        return answer

    def _commit(self, generation: int, offsets: Mapping[TopicPartition, int]) -> bool:
        if generation != self.generation or not self._assigned:
            return False
        places = [Place(*tp, offset) for tp, offset in offsets.items()]
        try:
            failed = [one for one in self._consumer.commit(offsets=places, asynchronous=False) or () if one.error]
        except KafkaException as error:
            log.warning("offsets not committed, tried again at the next commit: %s", error)
            return False
        if failed:
            log.warning("offsets not committed, tried again at the next commit: %s", failed)
            return False
        self._committed |= offsets
        return True

    def _still_member(self, generation: int) -> bool:
        if generation != self.generation or not self._assigned:
            return False
        tp = next(iter(self._committed.keys() & self._assigned or self._assigned))
        if tp not in self._committed:
            try:
                [place] = self._consumer.committed([Place(*tp)], timeout=ANSWER_SECONDS)
                offset = place.offset
                if offset < 0:  # never committed: to begin at the beginning is what happens anyway
                    offset = self._consumer.get_watermark_offsets(place, timeout=ANSWER_SECONDS)[0]
            except KafkaException as error:
                log.warning("whether we are in the group could not be asked: %s", error)
                return False
            self._committed[tp] = offset
        return self._commit(generation, {tp: self._committed[tp]})

    def _read(self, consumer: Consumer) -> None:
        """Read once; what was read under an assignment that ended meanwhile is dropped, the next one begins after."""
        generation = self.generation
        first = consumer.poll(IDLE_SECONDS)
        messages = [] if first is None else [first]
        if first is not None and generation == self.generation:
            messages += consumer.consume(self._most, GATHER_SECONDS)
        if generation != self.generation or self._fresh is not None:
            self._begin(consumer)
        elif messages:
            self._member.received(self._runs(consumer, messages))

    def _begin(self, consumer: Consumer) -> None:
        """Let the partitions flow that were paused when they were given to us."""
        fresh, self._fresh = self._fresh, None
        if fresh:
            consumer.resume(fresh)

    def _make_room(self, consumer: Consumer) -> None:
        """Pause the partitions that stay full, resume those that are no more."""
        deadline = time.monotonic() + ROOM_SECONDS
        self._room.clear()
        while more := (self._member.full() & self._assigned) - self._paused:
            if self._halted or not self._room.wait(max(0.0, deadline - time.monotonic())):
                consumer.pause([Place(*tp) for tp in more])
                self._paused |= more
            self._room.clear()
        if back := self._paused - self._member.full():
            consumer.resume([Place(*tp) for tp in back])
            self._paused -= back

    def _runs(self, consumer: Consumer, messages: Sequence[Message]) -> dict[TopicPartition, Run]:
        """The messages by partition. Raises Fatal for an error nothing can be done about."""
        found: dict[TopicPartition, tuple[list[Any], int]] = {}
        ends: dict[TopicPartition, int] = {}
        for message in messages:
            error = message.error()
            tp = TopicPartition(message.topic(), message.partition())
            if error is not None:
                self._heed(error)
                if error.code() == KafkaError._PARTITION_EOF:
                    ends[tp] = message.offset()
                continue
            records, size = found.get(tp) or ([], 0)
            key, value = message.key(), message.value()
            records.append(KafkaRecord(
                tp.topic, tp.partition, message.offset(), message.timestamp()[1], key, value, headers_of(message)
            ))
            found[tp] = records, size + len(key or b"") + len(value or b"")
        runs = {
            tp: _run(consumer, tp, *found.get(tp, ([], 0)), ends.get(tp)) for tp in found.keys() | ends.keys()
        }
        for tp, run in runs.items():
            self._open.came_to_end(tp, run.position if ends.get(tp) == run.position else None)
        return runs

    def _heed(self, error: KafkaError) -> None:
        if error.fatal():
            raise Fatal(f"Kafka: {error}")
        if error.code() != KafkaError._PARTITION_EOF:
            log.warning("Kafka: %s", error)

    def _on_assign(self, consumer: Consumer, places: list[Place]) -> None:
        """Take the partitions over, still standing: what this look has read already is of the assignment before."""
        if self._halted:
            return
        self.generation += 1
        self._open.forget()
        self._fresh, self._paused, self._committed = places, set(), {}
        consumer.assign(places)
        consumer.pause(places)
        self._assigned = frozenset(TopicPartition(place.topic, place.partition) for place in places)
        self.group_metadata = of_a_member(consumer.consumer_group_metadata())
        self._until(self._member.assigned(set(self._assigned)))

    def _on_revoke(self, consumer: Consumer, places: list[Place]) -> None:
        self._let_go(consumer, places, lost=False)

    def _on_lost(self, consumer: Consumer, places: list[Place]) -> None:
        self._let_go(consumer, places, lost=True)

    def _let_go(self, consumer: Consumer, places: list[Place], lost: bool) -> None:
        if not self._halted:
            going = {TopicPartition(place.topic, place.partition) for place in places}
            self._until(self._member.revoked(going, lost))
        self.generation += 1
        self._open.forget()
        self._fresh, self._paused, self._assigned = None, set(), frozenset()
        consumer.unassign()


def configuration(group: str, settings: Settings, strategy: str, heartbeat: float) -> dict[str, Any]:
    """The configuration of librdkafka. The longest silence between polls is also how long a rebalance waits for a
    member."""
    return {
        **settings.kafka.librdkafka(),
        "group.id": group,
        "client.id": group,
        "partition.assignment.strategy": strategy,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
        "session.timeout.ms": int(settings.stage.session_timeout * 1000),
        "heartbeat.interval.ms": int(heartbeat * 1000),
        "max.poll.interval.ms": int(max(settings.stage.rebalance_timeout, settings.stage.session_timeout) * 1000),
        "fetch.wait.max.ms": FETCH_WAIT_MS,
        "fetch.min.bytes": settings.stage.fetch_min_bytes,
        "fetch.message.max.bytes": settings.stage.fetch_bytes,
        "fetch.max.bytes": settings.stage.fetch_bytes,
        "fetch.queue.backoff.ms": AHEAD_BACKOFF_MS,
        "queued.min.messages": AHEAD_RECORDS,
        "queued.max.messages.kbytes": AHEAD_KBYTES,
        "topic.metadata.refresh.interval.ms": METADATA_MS,
    }


def of_a_member(group_metadata: bytes) -> bytes | None:
    """A consumer's group metadata; None where it has no place in the group, as which offsets would not be fenced."""
    (generation,) = struct.unpack_from("=i", group_metadata, len(METADATA_HEAD))
    if not group_metadata.startswith(METADATA_HEAD) or generation < 0:
        return None
    return group_metadata


def _answer(answer: Future[bool], call: Callable[[], bool]) -> None:
    """Have ``answer`` what ``call`` says, or raises."""
    if not answer.set_running_or_notify_cancel():
        return
    try:
        answer.set_result(call())
    except BaseException as error:
        answer.set_exception(error)


def _run(consumer: Consumer, tp: TopicPartition, records: list[Any], size: int, end: int | None) -> Run:
    """The records of one partition; ``end``: the readable end where this look has come to it."""
    last = records[-1].offset + 1 if records else 0
    if end is not None and end >= last:
        return Run(records, size, end, end)
    return Run(records, size, last, max(last, _high_water(consumer, tp)))


def _high_water(consumer: Consumer, tp: TopicPartition) -> int:
    """The end of a partition, of open transactions too, as the broker said with its last answer."""
    return int(consumer.get_watermark_offsets(Place(*tp), cached=True)[1])
