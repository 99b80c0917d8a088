"""Tracks which records of which partition wait, which chunks are in flight, and how far each partition may be
committed.

Pure bookkeeping, without Kafka or Faust. Records that were fetched wait on their partition's lane until it has room
for the next chunk. A partition may be committed up to the end of its last chunk that is done with every chunk before
it done too. Each assignment of a partition opens a new lane; a chunk belongs to the lane it was delivered on, so one
from before a revocation can never move an offset.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from streams.contracts.model import Record

CHUNKS_PER_PARTITION = 2
CHUNKS_IN_HAND = 8
"""Limit the records fetched ahead, in chunks: of one partition, and of all."""


class TopicPartition(NamedTuple):
    """One partition of one topic; equal to Faust's ``TP``."""

    topic: str
    partition: int


class Run(NamedTuple):
    """Holds the records fetched of one partition in one look: consecutive, perhaps none.

    ``size``: bytes of their keys and values. ``position``: the next offset to fetch; ``high_water``: the readable end.
    """

    records: list[Record]
    size: int
    position: int
    high_water: int


class Progress(NamedTuple):
    """How far one assigned partition is. Offsets; ``moved_at`` on the ledger's clock, seconds."""

    tp: TopicPartition
    done: int | None
    high_water: int | None
    moved_at: float


class Chunk:
    """A run of consecutive records of one partition, delivered once in one assignment of it."""

    __slots__ = ("_lane", "begun", "end", "finished", "records", "size")

    def __init__(self, lane: _Lane, records: Sequence[Record], end: int, size: int) -> None:
        self._lane = lane
        self.records = records
        self.end = end
        self.size = size
        self.begun = False
        self.finished = False

    @property
    def tp(self) -> TopicPartition:
        """Topic and partition."""
        return self._lane.tp

    @property
    def topic(self) -> str:
        """Topic the records came from."""
        return self._lane.tp.topic

    @property
    def partition(self) -> int:
        """Partition the records came from."""
        return self._lane.tp.partition

    @property
    def generation(self) -> int:
        """The group generation it was delivered under."""
        return self._lane.generation

    def begin(self) -> bool:
        """Take it in hand. False: it must not be started, its partition is going or gone."""
        if not self._lane.open or self._lane.draining:
            return False
        self.begun = True
        return True

    def current(self) -> bool:
        """Whether the partition is still ours, under the assignment this was delivered in."""
        return self._lane.open

    def leaving(self) -> bool:
        """Whether the partition is about to go: what is in hand may be finished, and nothing begun."""
        return self._lane.draining

    def done(self) -> None:
        """Records that its results are safe: its offsets may be committed. Does nothing if it is not current."""
        self.finished = True
        self._lane.advance()

    def committed(self) -> None:
        """Its offset is committed already, in the transaction of what it brought about. Call ``done`` next."""
        self._lane.committed = self.end

    def abandon(self) -> None:
        """Let go of it undone: it will be delivered again, to whoever gets the partition."""
        self.begun = False
        self._lane.changed()

    def __repr__(self) -> str:
        return f"<Chunk {self.topic}[{self.partition}] {len(self.records)} records to {self.end}>"


class _Lane:
    """One partition during one assignment."""

    __slots__ = ("backlog_end", "changed", "clock", "committed", "done", "draining", "generation", "high_water",
                 "in_flight", "moved_at", "open", "position", "records", "size", "start", "tp", "waiting",
                 "waiting_size")

    def __init__(
        self, tp: TopicPartition, generation: int, clock: Callable[[], float], changed: Callable[[], None]
    ) -> None:
        self.tp = tp
        self.generation = generation
        self.clock = clock
        self.changed = changed
        self.open = True
        self.draining = False
        self.waiting: list[Record] = []
        self.waiting_size = 0
        self.in_flight: deque[Chunk] = deque()
        self.records = self.size = 0  # in hand: waiting and in flight
        self.start: int | None = None  # where this assignment began to read
        self.position: int | None = None
        self.done: int | None = None
        self.committed: int | None = None
        self.high_water: int | None = None
        self.backlog_end: int | None = None  # the readable end at the first answer; lower where it turns out to be
        self.moved_at = clock()

    def begin_at(self, offset: int) -> None:
        """Note the first offset of this assignment: all before it is done."""
        if self.start is None:
            self.start = offset

    def advance(self) -> None:
        """Move ``done`` over the finished chunks at the head."""
        if not self.open:
            return
        while self.in_flight and self.in_flight[0].finished:
            chunk = self.in_flight.popleft()
            self.records -= len(chunk.records)
            self.size -= chunk.size
            self.done = chunk.end
            self.moved_at = self.clock()
        self.settle()
        self.changed()

    def settle(self) -> None:
        """Marks everything before ``position`` as done once nothing is in hand: offsets without records come to
        nothing."""
        if not self.in_flight and not self.waiting and self.position is not None and self.position > (self.done or -1):
            self.done = self.position
            self.moved_at = self.clock()

    def take(self, most: int, most_bytes: int) -> tuple[list[Record], int]:
        """The first waiting records, at most so many and so many bytes but at least one, and their bytes."""
        waiting = self.waiting
        if len(waiting) <= most and self.waiting_size <= most_bytes:
            self.waiting, size = [], self.waiting_size
            self.waiting_size = 0
            return waiting, size
        count, size = 0, 0
        for record in waiting[:most]:
            size_with_it = size + size_of(record)
            if count and size_with_it > most_bytes:
                break
            count, size = count + 1, size_with_it
        self.waiting = waiting[count:]
        self.waiting_size -= size
        return waiting[:count], size

    def close(self) -> None:
        """Forget what is in hand; no chunk is current from now on."""
        self.open = False
        self.in_flight.clear()
        self.waiting.clear()
        self.changed()


def size_of(record: Record) -> int:
    """Bytes of its key and value."""
    return len(record.key or b"") + len(record.value or b"")


class Ledger:
    """All assigned partitions of one worker. Used from the event loop only, ``progress`` and ``full`` from anywhere.

    ``chunk_records``, ``chunk_bytes``: what one chunk may hold. ``is_paused``: whether the records of a topic wait;
    what is in hand of them keeps no others waiting.
    """

    def __init__(
        self,
        chunk_records: int = 5_000,
        chunk_bytes: int = 2 * 1024 * 1024,
        clock: Callable[[], float] = time.monotonic,
        changed: Callable[[], None] = lambda: None,
        is_paused: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._is_paused = is_paused
        self._chunk_records = chunk_records
        self._chunk_bytes = chunk_bytes
        self._clock = clock
        self._changed = changed
        self._lanes: dict[TopicPartition, _Lane] = {}

    def assign(self, partitions: Iterable[TopicPartition], generation: int) -> None:
        """Open a new lane for each partition; whatever was assigned before is revoked."""
        self.revoke(list(self._lanes))
        self._lanes = {tp: _Lane(tp, generation, self._clock, self._changed) for tp in partitions}

    def drain(self, partitions: Iterable[TopicPartition]) -> None:
        """No chunk of these partitions may be begun from now on."""
        for lane in self._chosen(partitions):
            lane.draining = True

    def in_hand(self, partitions: Iterable[TopicPartition]) -> list[Chunk]:
        """Chunks of these partitions that were begun and are neither done nor abandoned."""
        return [
            chunk for lane in self._chosen(partitions) for chunk in lane.in_flight
            if chunk.begun and not chunk.finished
        ]

    def revoke(self, partitions: Iterable[TopicPartition]) -> None:
        """Close the lanes of these partitions: their chunks are no longer current."""
        for lane in self._chosen(partitions):
            del self._lanes[lane.tp]
            lane.close()

    def receive(self, tp: TopicPartition, run: Run) -> None:
        """Take in what was fetched; nothing for a partition not assigned."""
        lane = self._lanes.get(tp)
        if lane is None:
            return
        if lane.records == 0 and (lane.done or 0) >= (lane.high_water or 0):
            lane.moved_at = self._clock()  # it was at the end until now: the wait starts here
        lane.begin_at(run.records[0].offset if run.records else run.position)
        lane.waiting += run.records
        lane.waiting_size += run.size
        lane.records += len(run.records)
        lane.size += run.size
        lane.position = run.position
        lane.high_water = run.high_water
        lane.backlog_end = run.high_water if lane.backlog_end is None else min(lane.backlog_end, run.high_water)
        lane.settle()

    def next_chunks(self) -> list[Chunk]:
        """The chunks that may be delivered now, in flight from here on: of each partition the next one where none is
        in flight, and one more behind it where enough waits to fill it."""
        chunks = []
        for lane in self._lanes.values():
            while lane.waiting and not lane.draining and (
                not lane.in_flight or (len(lane.in_flight) < CHUNKS_PER_PARTITION and self._fills_a_chunk(lane))
            ):
                records, size = lane.take(self._chunk_records, self._chunk_bytes)
                end = records[-1].offset + 1 if lane.waiting or lane.position is None else lane.position
                chunks.append(self._deliver(lane, records, end, size))
        return chunks

    def deliver(self, tp: TopicPartition, records: Sequence[Record], end: int) -> Chunk:
        """A new chunk in flight; ``end``: the offset to commit once it is done. KeyError if not assigned."""
        lane, size = self._lanes[tp], sum(map(size_of, records))
        lane.begin_at(records[0].offset)
        lane.records += len(records)
        lane.size += size
        lane.position = end
        return self._deliver(lane, records, end, size)

    def full(self) -> set[TopicPartition]:
        """Partitions to fetch no more of for now: each with two chunks' worth in hand, all while eight are in hand."""
        lanes = [lane for lane in self._lanes.values() if not self._is_paused(lane.tp.topic)]
        waiting = self._lanes.keys() - {lane.tp for lane in lanes}
        records, size = sum(lane.records for lane in lanes), sum(lane.size for lane in lanes)
        if records >= CHUNKS_IN_HAND * self._chunk_records or size >= CHUNKS_IN_HAND * self._chunk_bytes:
            return set(self._lanes)
        return waiting | {
            lane.tp for lane in lanes
            if lane.draining
            or lane.records >= CHUNKS_PER_PARTITION * self._chunk_records
            or lane.size >= CHUNKS_PER_PARTITION * self._chunk_bytes
        }

    def waits(self) -> bool:
        """Whether records wait for room on any lane."""
        return any(lane.waiting for lane in self._lanes.values())

    def assigned(self) -> set[TopicPartition]:
        """The partitions with an open lane."""
        return set(self._lanes)

    def committable(self) -> dict[TopicPartition, int]:
        """For each partition that moved since its last commit, the offset to commit."""
        return {
            tp: lane.done for tp, lane in self._lanes.items()
            if lane.done is not None and lane.done != lane.committed
        }

    def positions(self, number: int) -> dict[TopicPartition, int]:
        """For each partition of this number of which anything is known, the offset before which all is done."""
        return {
            tp: lane.done if lane.done is not None else lane.start
            for tp, lane in self._lanes.items() if tp.partition == number and lane.start is not None
        }

    def committed(self, offsets: Mapping[TopicPartition, int], generation: int) -> None:
        """Note a commit the broker accepted; nothing for partitions reassigned meanwhile."""
        for tp, offset in offsets.items():
            lane = self._lanes.get(tp)
            if lane is not None and lane.generation == generation:
                lane.committed = offset

    def has_caught_up(self, number: int) -> bool:
        """Whether everything that lay on this partition number of every topic, when its assignment began, is done."""
        return all(
            lane.backlog_end is not None and (lane.done or 0) >= lane.backlog_end
            for tp, lane in self._lanes.items() if tp.partition == number
        )

    def progress(self) -> list[Progress]:
        """Returns how far each assigned partition is."""
        return [
            Progress(tp, lane.done, lane.high_water, lane.moved_at) for tp, lane in list(self._lanes.items())
        ]

    def _fills_a_chunk(self, lane: _Lane) -> bool:
        return len(lane.waiting) >= self._chunk_records or lane.waiting_size >= self._chunk_bytes

    def _deliver(self, lane: _Lane, records: Sequence[Record], end: int, size: int) -> Chunk:
        if not lane.in_flight:
            lane.moved_at = self._clock()
        chunk = Chunk(lane, records, end, size)
        lane.in_flight.append(chunk)
        return chunk

    def _chosen(self, partitions: Iterable[TopicPartition]) -> list[_Lane]:
        return [self._lanes[tp] for tp in partitions if tp in self._lanes]
