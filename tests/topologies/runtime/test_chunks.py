"""The ledger: an offset is committed only when all before it is done, in the assignment it came in."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from tests.support.clock import FakeClock
from tests.support.records import records
from topologies.runtime.chunks import Chunk, Ledger, TopicPartition

ZERO, ONE = TopicPartition("in", 0), TopicPartition("in", 1)


def ledger_with(*partitions: TopicPartition, generation: int = 1, room: int = 10) -> Ledger:
    ledger = Ledger(room)
    ledger.assign(partitions, generation)
    return ledger


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


def test_a_partition_with_enough_in_flight_is_full_until_one_is_done() -> None:
    ledger = ledger_with(ZERO, ONE, room=2)
    first = deliver(ledger, 0, 9)
    deliver(ledger, 10, 19)
    assert ledger.full() == {ZERO}
    first.done()
    assert ledger.full() == set()


def test_offsets_without_records_count_as_done_once_nothing_is_in_flight() -> None:
    ledger = ledger_with(ZERO)
    chunk = deliver(ledger, 0, 9)
    ledger.fetched(ZERO, 12, 12)
    assert ledger.committable() == {}
    chunk.done()
    ledger.fetched(ZERO, 12, 12)
    assert ledger.committable() == {ZERO: 12}


def test_waiting_at_the_end_is_not_standing_still() -> None:
    clock = FakeClock()
    ledger = Ledger(2, clock)
    ledger.assign([ZERO], 1)
    deliver(ledger, 0, 9).done()
    ledger.fetched(ZERO, 10, 10)
    clock.advance(500)
    ledger.fetched(ZERO, 10, 20)
    [progress] = ledger.progress()
    assert (progress.done, progress.high_water) == (10, 20)
    assert clock() - progress.moved_at == 0


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
