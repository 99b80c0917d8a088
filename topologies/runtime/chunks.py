"""Which chunks of which partition are in flight, and how far each partition may be committed.

Pure bookkeeping, without Kafka or Faust. A partition may be committed up to the end of its last chunk
that is done with every chunk before it done too. Each assignment of a partition opens a new lane; a chunk
belongs to the lane it was delivered on, so one from before a revocation can never move an offset.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from streams.contracts.model import Record


class TopicPartition(NamedTuple):
    """One partition of one topic; equal to Faust's ``TP`` and aiokafka's ``TopicPartition``."""

    topic: str
    partition: int


class Progress(NamedTuple):
    """How far one assigned partition is. Offsets; ``moved_at`` on the ledger's clock, seconds."""

    tp: TopicPartition
    done: int | None
    high_water: int | None
    moved_at: float


class Chunk:
    """A run of consecutive records of one partition, delivered once in one assignment of it."""

    __slots__ = ("_lane", "begun", "end", "finished", "records")

    def __init__(self, lane: _Lane, records: Sequence[Record], end: int) -> None:
        self._lane = lane
        self.records = records
        self.end = end
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

    def done(self) -> None:
        """Everything it brought about is safe: its offsets may be committed. Nothing if not current."""
        self.finished = True
        self._lane.advance()

    def abandon(self) -> None:
        """Let go of it undone: it will be delivered again, to whoever gets the partition."""
        self.begun = False
        self._lane.changed()

    def __repr__(self) -> str:
        return f"<Chunk {self.topic}[{self.partition}] {len(self.records)} records to {self.end}>"


class _Lane:
    """One partition during one assignment."""

    __slots__ = ("changed", "clock", "committed", "done", "draining", "generation", "high_water",
                 "in_flight", "moved_at", "open", "position", "tp")

    def __init__(
        self, tp: TopicPartition, generation: int, clock: Callable[[], float], changed: Callable[[], None]
    ) -> None:
        self.tp = tp
        self.generation = generation
        self.clock = clock
        self.changed = changed
        self.open = True
        self.draining = False
        self.in_flight: deque[Chunk] = deque()
        self.position: int | None = None
        self.done: int | None = None
        self.committed: int | None = None
        self.high_water: int | None = None
        self.moved_at = clock()

    def advance(self) -> None:
        """Move ``done`` over the finished chunks at the head."""
        if not self.open:
            return
        while self.in_flight and self.in_flight[0].finished:
            self.done = self.in_flight.popleft().end
            self.moved_at = self.clock()
        self.changed()

    def close(self) -> None:
        """Forget the chunks in flight; none of them is current from now on."""
        self.open = False
        self.in_flight.clear()
        self.changed()


class Ledger:
    """All assigned partitions of one worker. Used from the event loop only, ``progress`` from anywhere."""

    def __init__(
        self,
        chunks_per_partition: int = 2,
        clock: Callable[[], float] = time.monotonic,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._room = chunks_per_partition
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

    def deliver(self, tp: TopicPartition, records: Sequence[Record], end: int) -> Chunk:
        """A new chunk in flight; ``end``: the offset to commit once it is done. KeyError if not assigned."""
        lane = self._lanes[tp]
        if not lane.in_flight:
            lane.moved_at = self._clock()
        chunk = Chunk(lane, records, end)
        lane.in_flight.append(chunk)
        lane.position = end
        return chunk

    def fetched(self, tp: TopicPartition, position: int | None, high_water: int | None) -> None:
        """Note how far the fetcher is; with nothing in flight all before ``position`` is done."""
        lane = self._lanes.get(tp)
        if lane is None:
            return
        if high_water is not None:
            if not lane.in_flight and (lane.done or 0) >= (lane.high_water or 0):
                lane.moved_at = self._clock()  # it was at the end until now: the wait starts here
            lane.high_water = high_water
        if position is not None and not lane.in_flight and position > (lane.done or -1):
            lane.done = position
            lane.moved_at = self._clock()

    def full(self) -> set[TopicPartition]:
        """Partitions with as many chunks in flight as may be: fetch no more of them for now."""
        return {tp for tp, lane in self._lanes.items() if lane.draining or len(lane.in_flight) >= self._room}

    def assigned(self) -> set[TopicPartition]:
        """The partitions with an open lane."""
        return set(self._lanes)

    def committable(self) -> dict[TopicPartition, int]:
        """For each partition that moved since its last commit, the offset to commit."""
        return {
            tp: lane.done for tp, lane in self._lanes.items()
            if lane.done is not None and lane.done != lane.committed
        }

    def committed(self, offsets: Mapping[TopicPartition, int], generation: int) -> None:
        """Note a commit the broker accepted; nothing for partitions reassigned meanwhile."""
        for tp, offset in offsets.items():
            lane = self._lanes.get(tp)
            if lane is not None and lane.generation == generation:
                lane.committed = offset

    def progress(self) -> list[Progress]:
        """How far each assigned partition is."""
        return [
            Progress(tp, lane.done, lane.high_water, lane.moved_at) for tp, lane in list(self._lanes.items())
        ]

    def _chosen(self, partitions: Iterable[TopicPartition]) -> list[_Lane]:
        return [self._lanes[tp] for tp in partitions if tp in self._lanes]
