"""The ledger: an offset is committed only when all before it is done, in the assignment it came in."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from streams.contracts.model import Record
from tests.support.clock import FakeClock
from tests.support.records import FakeRecord, records
from topologies.runtime.reading.chunks import Chunk, Ledger, Run, TopicPartition

ZERO, ONE = TopicPartition("in", 0), TopicPartition("in", 1)


def ledger_with(
    *partitions: TopicPartition, generation: int = 1, chunk_records: int = 10, chunk_bytes: int = 10**6
) -> Ledger:
    ledger = Ledger(chunk_records, chunk_bytes)
    ledger.assign(partitions, generation)
    return ledger


def run(first: int, last: int, end: int | None = None, high_water: int | None = None, value: bytes = b"") -> Run:
    """Records ``first`` to ``last`` of partition 0, each with this value."""
    found: list[Record] = [FakeRecord("in", 0, offset, key=None, value=value) for offset in range(first, last + 1)]
    position = last + 1 if end is None else end
    return Run(found, len(found) * len(value), position, position if high_water is None else high_water)


def deliver(ledger: Ledger, first: int, last: int, tp: TopicPartition = ZERO) -> Chunk:
    return ledger.deliver(tp, records(tp.topic, tp.partition, first, last), last + 1)


def test_nothing_is_committed_past_a_chunk_in_work() -> None:
    ledger = ledger_with(ZERO)
    first, second, third = deliver(ledger, 0, 9), deliver(ledger, 10, 19), deliver(ledger, 20, 29)
    second.done()
    third.done()
    assert ledger.committable() == {}
    first.done()
    assert ledger.committable() == {ZERO: 30}


def test_a_commit_noted_is_not_asked_for_again() -> None:
    ledger = ledger_with(ZERO)
    deliver(ledger, 0, 9).done()
    ledger.committed({ZERO: 10}, 1)
    assert ledger.committable() == {}


def test_a_chunk_committed_with_what_it_brought_about_leaves_nothing_to_commit() -> None:
    ledger = ledger_with(ZERO)
    first, second = deliver(ledger, 0, 9), deliver(ledger, 10, 19)
    first.committed()
    first.done()
    assert ledger.committable() == {}
    second.done()
    assert ledger.committable() == {ZERO: 20}


def test_positions_are_those_before_which_all_is_done_of_every_topic_with_the_number() -> None:
    other = TopicPartition("other", 0)
    ledger = ledger_with(ZERO, ONE, other)
    assert ledger.positions(0) == {}
    ledger.receive(other, run(7, 8))
    first, second = deliver(ledger, 30, 39), deliver(ledger, 40, 49)
    assert ledger.positions(0) == {ZERO: 30, other: 7}
    second.done()
    assert ledger.positions(0) == {ZERO: 30, other: 7}
    first.done()
    assert ledger.positions(0) == {ZERO: 50, other: 7}
    ledger.receive(ONE, run(0, -1, end=12))
    assert ledger.positions(1) == {ONE: 12}
    assert ledger.positions(2) == {}


def test_a_failed_commit_is_asked_for_again() -> None:
    ledger = ledger_with(ZERO)
    deliver(ledger, 0, 9).done()
    assert ledger.committable() == {ZERO: 10}
    assert ledger.committable() == {ZERO: 10}


def test_a_chunk_from_before_a_revocation_moves_nothing_when_its_offsets_come_again() -> None:
    ledger = ledger_with(ZERO)
    stale = deliver(ledger, 0, 9)
    assert stale.begin()
    ledger.revoke([ZERO])
    ledger.assign([ZERO], 2)
    again = deliver(ledger, 0, 9)
    assert not stale.current()
    assert not stale.begin()
    stale.done()
    assert ledger.committable() == {}
    again.done()
    assert ledger.committable() == {ZERO: 10}


def test_an_assignment_without_a_revocation_before_it_closes_the_old_lanes_too() -> None:
    ledger = ledger_with(ZERO)
    stale = deliver(ledger, 0, 9)
    ledger.assign([ZERO], 2)
    assert not stale.current()


def test_a_commit_of_an_older_generation_is_not_noted() -> None:
    ledger = ledger_with(ZERO)
    ledger.assign([ZERO], 2)
    deliver(ledger, 0, 9).done()
    ledger.committed({ZERO: 10}, 1)
    assert ledger.committable() == {ZERO: 10}


def test_no_chunk_is_begun_while_its_partition_drains() -> None:
    ledger = ledger_with(ZERO, ONE)
    begun, waiting, other = deliver(ledger, 0, 9), deliver(ledger, 10, 19), deliver(ledger, 0, 9, ONE)
    assert begun.begin()
    ledger.drain([ZERO])
    assert not waiting.begin()
    assert other.begin()
    assert ledger.in_hand([ZERO]) == [begun]
    begun.done()
    assert ledger.in_hand([ZERO]) == []


def test_an_abandoned_chunk_is_neither_in_hand_nor_committed() -> None:
    ledger = ledger_with(ZERO)
    chunk = deliver(ledger, 0, 9)
    chunk.begin()
    chunk.abandon()
    assert ledger.in_hand([ZERO]) == []
    assert ledger.committable() == {}


def test_a_partition_with_two_chunks_worth_in_hand_is_full_until_one_is_done() -> None:
    ledger = ledger_with(ZERO, ONE)
    first = deliver(ledger, 0, 9)
    deliver(ledger, 10, 18)
    assert ledger.full() == set()
    ledger.receive(ZERO, run(19, 19))
    assert ledger.full() == {ZERO}
    first.done()
    assert ledger.full() == set()


def test_bytes_in_hand_fill_a_partition_too() -> None:
    ledger = ledger_with(ZERO, ONE, chunk_bytes=100)
    ledger.receive(ZERO, run(0, 1, value=b"x" * 99))
    assert ledger.full() == set()
    ledger.receive(ZERO, run(2, 2, value=b"xx"))
    assert ledger.full() == {ZERO}


def test_all_partitions_are_full_while_eight_chunks_worth_are_in_hand() -> None:
    partitions = [TopicPartition("in", number) for number in range(9)]
    ledger = ledger_with(*partitions)
    for tp in partitions[:8]:
        ledger.receive(tp, run(0, 9))
    assert ledger.full() == set(partitions)
    for chunk in ledger.next_chunks()[:2]:
        chunk.done()
    assert ledger.full() == set()


def test_a_draining_partition_is_full_and_gives_no_chunk() -> None:
    ledger = ledger_with(ZERO)
    ledger.receive(ZERO, run(0, 9))
    ledger.drain([ZERO])
    assert ledger.full() == {ZERO}
    assert ledger.next_chunks() == []


def test_what_waits_behind_a_chunk_in_flight_is_gathered_until_it_fills_one() -> None:
    ledger = ledger_with(ZERO)
    ledger.receive(ZERO, run(0, 0))
    [first] = ledger.next_chunks()
    ledger.receive(ZERO, run(1, 9))
    assert ledger.next_chunks() == []
    ledger.receive(ZERO, run(10, 12))
    [second] = ledger.next_chunks()
    assert [record.offset for record in second.records] == list(range(1, 11))
    ledger.receive(ZERO, run(13, 40))
    assert ledger.next_chunks() == []
    first.done()
    assert [len(chunk.records) for chunk in ledger.next_chunks()] == [10]


def test_a_record_larger_than_a_chunk_is_a_chunk() -> None:
    ledger = ledger_with(ZERO, chunk_bytes=10)
    ledger.receive(ZERO, run(0, 1, value=b"x" * 50))
    assert [len(chunk.records) for chunk in ledger.next_chunks()] == [1, 1]


def test_offsets_without_records_count_as_done_once_nothing_is_in_hand() -> None:
    ledger = ledger_with(ZERO)
    ledger.receive(ZERO, run(0, 9))
    [chunk] = ledger.next_chunks()
    ledger.receive(ZERO, run(10, 9, end=12))
    assert ledger.committable() == {}
    chunk.done()
    assert ledger.committable() == {ZERO: 12}
    ledger.receive(ZERO, run(12, 11, end=15))
    assert ledger.committable() == {ZERO: 15}


def test_what_was_fetched_of_a_partition_not_assigned_is_dropped() -> None:
    ledger = ledger_with(ONE)
    ledger.receive(ZERO, run(0, 9))
    assert ledger.next_chunks() == []


def test_waiting_at_the_end_is_not_standing_still() -> None:
    clock = FakeClock()
    ledger = Ledger(clock=clock)
    ledger.assign([ZERO], 1)
    deliver(ledger, 0, 9).done()
    ledger.receive(ZERO, run(10, 9))
    clock.advance(500)
    ledger.receive(ZERO, run(10, 10, high_water=20))
    [progress] = ledger.progress()
    assert (progress.done, progress.high_water) == (10, 20)
    assert clock() - progress.moved_at == 0


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), min_size=1, max_size=8),
    st.integers(1, 12), st.integers(1, 200), st.randoms(),
)
def test_every_record_is_in_one_chunk_in_order_and_all_may_be_committed_at_the_end(
    runs: list[tuple[int, int]], chunk_records: int, chunk_bytes: int, order: random.Random
) -> None:
    ledger = ledger_with(ZERO, chunk_records=chunk_records, chunk_bytes=chunk_bytes)
    position, seen, sent, in_flight = 0, list[int](), list[int](), list[Chunk]()
    pending = list(runs)
    while pending or in_flight or len(seen) < len(sent):
        if pending and order.random() < 0.5:
            count, gap = pending.pop(0)
            sent += range(position, position + count)
            ledger.receive(ZERO, run(position, position + count - 1, position + count + gap, value=b"x" * 7))
            position += count + gap
        for chunk in ledger.next_chunks():
            assert len(chunk.records) == 1 or len(chunk.records) * 7 <= chunk_bytes
            assert 1 <= len(chunk.records) <= chunk_records
            seen += [record.offset for record in chunk.records]
            in_flight.append(chunk)
        assert len(in_flight) <= 2
        if in_flight and order.random() < 0.5:
            in_flight.pop(order.randrange(len(in_flight))).done()
    assert seen == sent
    assert ledger.committable() == {ZERO: position}
    assert ledger.full() == set()


class LedgerMachine(RuleBasedStateMachine):
    """Chunks delivered, done in any order, revoked, fetched again from what was committed."""

    chunks = Bundle("chunks")

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(1000)
        self.generation = 0
        self.broker = 0
        self.next = 0
        self.really_done: set[int] = set()
        self.live: list[Chunk] = []
        self.rebalance()

    @rule(target=chunks, size=st.integers(1, 4))
    def deliver(self, size: int) -> Chunk:
        chunk = deliver(self.ledger, self.next, self.next + size - 1)
        self.next += size
        self.live.append(chunk)
        return chunk

    @rule(chunk=consumes(chunks))
    def done(self, chunk: Chunk) -> None:
        if chunk.current():
            self.really_done.update(range(chunk.records[0].offset, chunk.end))
        chunk.done()

    @rule()
    def commit(self) -> None:
        offsets = self.ledger.committable()
        self.broker = offsets.get(ZERO, self.broker)
        self.ledger.committed(offsets, self.generation)

    @rule()
    def failed_commit(self) -> None:
        self.ledger.committable()

    @rule()
    def rebalance(self) -> None:
        self.ledger.drain([ZERO])
        self.ledger.revoke([ZERO])
        assert not any(chunk.current() for chunk in self.live)
        self.live.clear()
        self.generation += 1
        self.ledger.assign([ZERO], self.generation)
        self.next = self.broker
        self.really_done = set(range(self.broker))

    @invariant()
    def nothing_undone_is_committed(self) -> None:
        allowed = self.ledger.committable().get(ZERO, self.broker)
        assert self.broker <= allowed
        assert set(range(allowed)) <= self.really_done

    @invariant()
    def all_that_is_done_without_a_gap_may_be_committed(self) -> None:
        prefix = next(offset for offset in range(self.next + 1) if offset not in self.really_done)
        whole = [chunk.end for chunk in self.live if chunk.end <= prefix]
        assert self.ledger.committable().get(ZERO, self.broker) == max([self.broker, *whole])


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_a_partition_has_caught_up_once_what_lay_there_at_the_first_look_is_done() -> None:
    ledger = ledger_with(ZERO)
    assert not ledger.has_caught_up(0)
    ledger.receive(ZERO, run(0, 9, high_water=20))
    first = ledger.next_chunks()[0]
    first.done()
    assert not ledger.has_caught_up(0)
    ledger.receive(ZERO, run(10, 19, high_water=500))
    second = ledger.next_chunks()[0]
    assert not ledger.has_caught_up(0)
    second.done()
    assert ledger.has_caught_up(0)


def test_a_partition_has_caught_up_at_its_readable_end_though_a_transaction_is_open_behind_it() -> None:
    ledger = ledger_with(ZERO)
    ledger.receive(ZERO, run(0, 9, high_water=20))
    ledger.next_chunks()[0].done()
    assert not ledger.has_caught_up(0)
    ledger.receive(ZERO, Run([], 0, 12, 12))
    assert ledger.has_caught_up(0)


def test_an_empty_partition_has_caught_up_once_the_broker_has_said_that_it_is_empty() -> None:
    ledger = ledger_with(ZERO)
    ledger.receive(ZERO, Run([], 0, 0, 0))
    assert ledger.has_caught_up(0)


def test_a_partition_number_has_caught_up_once_it_has_in_every_topic_and_again_after_each_assignment() -> None:
    other = TopicPartition("also", 0)
    ledger = ledger_with(ZERO, other, ONE)
    ledger.receive(ZERO, Run([], 0, 7, 7))
    assert not ledger.has_caught_up(0)
    ledger.receive(other, Run([], 0, 3, 3))
    assert ledger.has_caught_up(0)
    assert not ledger.has_caught_up(1)
    ledger.assign([ZERO, other], 2)
    assert not ledger.has_caught_up(0)


def test_what_waits_of_a_paused_topic_keeps_no_other_topic_waiting() -> None:
    paused = {"bad"}
    ledger = Ledger(10, is_paused=lambda topic: topic in paused)
    bad = [TopicPartition("bad", number) for number in range(8)]
    ledger.assign([*bad, ZERO], 1)
    for tp in bad:
        ledger.receive(tp, Run(records(tp.topic, tp.partition, 0, 19), 20, 20, 20))
    assert ledger.full() == set(bad)
    paused.clear()
    assert ledger.full() == {*bad, ZERO}
