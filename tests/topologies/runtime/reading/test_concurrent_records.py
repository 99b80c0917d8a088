"""Records handled all at once: none is committed before it and all before it are done, and none is left out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings
from streams.contracts.model import Record
from tests.support.records import FakeRecord
from topologies.runtime.reading.chunks import Run, TopicPartition
from topologies.runtime.reading.concurrent_records import ConcurrentRecords
from topologies.runtime.reading.group_reader import GroupReader

TOPIC = "requests"


class Reader:
    """Stands in for the group: the test gives and takes partitions, and sees what is committed."""

    def __init__(self, *_: Any) -> None:
        self.generation = 0
        self.committed: dict[TopicPartition, int] = {}
        self.halted = self.closed = False
        self.takes_commits = True

    def read(self, _: Any) -> None:
        """The test calls the member itself."""

    def room(self) -> None:
        """Nobody waits."""

    def commit(self, generation: int, offsets: Mapping[TopicPartition, int]) -> Future[bool]:
        answer: Future[bool] = Future()
        taken = self.takes_commits and generation == self.generation
        if taken:
            self.committed |= offsets
        answer.set_result(taken)
        return answer

    def halt(self) -> None:
        self.halted = True

    def close(self) -> None:
        self.closed = True


class Bench:
    """Records that are done when the test says so."""

    def __init__(self, most: int = 1_000, drain: float = 300.0) -> None:
        self.reader = Reader()
        self.begun: dict[tuple[int, int], asyncio.Future[None]] = {}
        settings = Settings(_env_file=None, drain_timeout=drain, commit_interval=3_600)
        self.member = ConcurrentRecords(
            settings, "group", TOPIC, most, self._handle, lambda *_: cast(GroupReader, self.reader)
        )
        self.stopping = asyncio.Event()
        self.running = asyncio.create_task(self.member.run(self.stopping))

    async def _handle(self, record: Record) -> None:
        done = self.begun[record.partition, record.offset] = asyncio.get_running_loop().create_future()
        await done

    async def assign(self, *partitions: int) -> None:
        self.reader.generation += 1
        await asyncio.wrap_future(self.member.assigned({TopicPartition(TOPIC, one) for one in partitions}))

    async def receive(self, partition: int, *offsets: int) -> None:
        records = [FakeRecord(TOPIC, partition, one) for one in offsets]
        self.member.received({TopicPartition(TOPIC, partition): Run(records, 2, offsets[-1] + 1, offsets[-1] + 1)})
        await settle()

    async def end(self, partition: int, offset: int) -> None:
        self.begun[partition, offset].set_result(None)
        await settle()

    async def committed(self, partition: int = 0) -> int | None:
        await self.member.commit()
        return self.reader.committed.get(TopicPartition(TOPIC, partition))


async def settle() -> None:
    """Let everything happen that can."""
    for _ in range(5):
        await asyncio.sleep(0)


def played(play: Callable[[Bench], Awaitable[None]], **more: Any) -> Bench:
    """The bench after a play, stopped."""

    async def run() -> Bench:
        bench = Bench(**more)
        await settle()
        await play(bench)
        bench.stopping.set()
        await bench.running
        return bench

    return asyncio.run(run())


def test_a_partition_is_committed_up_to_its_first_record_that_is_not_done() -> None:
    async def play(bench: Bench) -> None:
        await bench.assign(0, 1)
        await bench.receive(0, 4, 5, 7)
        await bench.receive(1, 0)
        assert set(bench.begun) == {(0, 4), (0, 5), (0, 7), (1, 0)}
        assert (bench.member.in_hand, bench.member.behind) == (4, 9)
        await bench.end(0, 7)
        assert await bench.committed() is None
        await bench.end(0, 4)
        assert await bench.committed() == 5
        await bench.end(1, 0)
        assert (await bench.committed(), await bench.committed(1)) == (5, 1)
        await bench.end(0, 5)
        assert await bench.committed() == 8
        assert (bench.member.in_hand, bench.member.behind) == (0, 0)

    assert played(play).reader.closed


@given(st.data(), st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3)), min_size=1, max_size=12))
def test_in_whatever_order_they_end_no_record_is_committed_before_it_is_done(
    data: st.DataObject, places: list[tuple[int, int]]
) -> None:
    offsets: dict[int, list[int]] = {0: [], 1: [], 2: []}
    for partition, step in places:
        offsets[partition].append(offsets[partition][-1] + step if offsets[partition] else step)
    order = data.draw(st.permutations([(one, each) for one, found in offsets.items() for each in found]))

    async def play(bench: Bench) -> None:
        await bench.assign(0, 1, 2)
        for partition, found in offsets.items():
            if found:
                await bench.receive(partition, *found)
        left = set(order)
        for place in order:
            await bench.end(*place)
            left.discard(place)
            if data.draw(st.booleans()):
                bench.reader.takes_commits = data.draw(st.booleans())
                await bench.member.commit()
            for partition in offsets:
                undone = [offset for one, offset in left if one == partition]
                assert bench.reader.committed.get(TopicPartition(TOPIC, partition), 0) <= min(undone, default=10**6)
        bench.reader.takes_commits = True
        for partition, found in offsets.items():
            assert await bench.committed(partition) == (found[-1] + 1 if found else None)

    played(play)


def test_no_more_than_the_bound_are_under_way_and_then_no_more_is_wanted() -> None:
    async def play(bench: Bench) -> None:
        await bench.assign(0)
        assert bench.member.full() == set()
        await bench.receive(0, 0, 1, 2)
        assert set(bench.begun) == {(0, 0), (0, 1)}
        assert bench.member.full() == {TopicPartition(TOPIC, 0)}
        await bench.end(0, 1)
        assert set(bench.begun) == {(0, 0), (0, 1), (0, 2)}
        await bench.end(0, 0)
        assert bench.member.full() == set()
        await bench.end(0, 2)

    played(play, most=2)


def test_partitions_that_go_are_waited_for_and_what_ends_in_time_is_committed() -> None:
    async def play(bench: Bench) -> None:
        await bench.assign(0)
        await bench.receive(0, 0, 1)
        going = bench.member.revoked({TopicPartition(TOPIC, 0)}, False)
        await settle()
        assert not going.done()
        await bench.end(0, 0)
        await bench.end(0, 1)
        await asyncio.wrap_future(going)
        assert bench.reader.committed == {TopicPartition(TOPIC, 0): 2}

    played(play)


def test_what_does_not_end_in_time_is_let_go_and_never_committed() -> None:
    async def play(bench: Bench) -> None:
        await bench.assign(0)
        await bench.receive(0, 0, 1)
        await bench.end(0, 0)
        await asyncio.wrap_future(bench.member.revoked({TopicPartition(TOPIC, 0)}, False))
        await bench.assign(0)
        await bench.end(0, 1)
        assert await bench.committed() == 1

    played(play, drain=0.01)


def test_lost_partitions_are_not_waited_for() -> None:
    async def play(bench: Bench) -> None:
        await bench.assign(0)
        await bench.receive(0, 0)
        await asyncio.wrap_future(bench.member.revoked({TopicPartition(TOPIC, 0)}, True))
        await bench.end(0, 0)
        assert bench.reader.committed == {}

    played(play)


def test_a_stop_waits_for_what_is_under_way_and_begins_nothing_more() -> None:
    async def play(bench: Bench) -> None:
        await bench.assign(0)
        await bench.receive(0, 0, 1)
        bench.stopping.set()
        await settle()
        assert bench.reader.halted
        assert not bench.running.done()
        await bench.end(0, 0)

    bench = played(play, most=1)
    assert set(bench.begun) == {(0, 0)}
    assert bench.reader.committed == {TopicPartition(TOPIC, 0): 1}
    assert bench.reader.closed


def test_a_fault_ends_it_and_leaves_the_record_uncommitted() -> None:
    async def play(bench: Bench) -> None:
        await bench.assign(0)
        await bench.receive(0, 0, 1)
        await bench.end(0, 0)
        bench.begun[0, 1].set_exception(RuntimeError("a fault"))
        await bench.running

    with pytest.raises(RuntimeError, match="a fault"):
        played(play)


def test_a_reader_that_ends_ends_it() -> None:
    async def play(bench: Bench) -> None:
        await bench.assign(0)
        bench.member.crashed(ValueError("no more"))
        await bench.running

    with pytest.raises(ValueError, match="no more"):
        played(play)
