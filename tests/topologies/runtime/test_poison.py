"""Crashes are counted over the records they have in common; what raises alone is refused alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from streams.contracts.model import Record
from streams.kernel.errors import Fatal, Reject, Transient
from streams.kernel.vocabulary import RejectReason
from tests.fakes.memory import Memory
from tests.fakes.stage import Calls, FakeHandler
from tests.support.records import records
from topologies.runtime.chunks import TopicPartition
from topologies.runtime.handler import Handled, Refused, View
from topologies.runtime.poison import Crashes, one_by_one

ZERO, ONE = TopicPartition("in", 0), TopicPartition("in", 1)


class Allergic(FakeHandler):
    """Counts records by key in its state; raises ``error`` at the offsets given."""

    def __init__(self, *offsets: int, error: Exception | None = None) -> None:
        super().__init__(Calls())
        self.offsets = offsets
        self.error = error or RuntimeError("planted")

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        if any(record.offset in self.offsets for record in records):
            raise self.error
        return super().handle(records, state, now_ms)


def crashed(folder: Path, *spans: tuple[int, int], tp: TopicPartition = ZERO) -> Crashes:
    """What is known in a new run after runs ended over these records; each run reads the notes anew."""
    for first, end in spans:
        Crashes(folder, 3).note(tp, first, end)
    return Crashes(folder, 3)


def test_records_are_suspected_after_so_many_crashes_over_them(tmp_path: Path) -> None:
    assert not crashed(tmp_path, (10, 20), (10, 20)).suspected(ZERO, 10, 20)
    assert crashed(tmp_path, (10, 20)).suspected(ZERO, 10, 20)


def test_chunks_cut_otherwise_narrow_the_suspicion_to_what_they_share(tmp_path: Path) -> None:
    crashes = crashed(tmp_path, (0, 20), (10, 40), (5, 15))
    assert crashes.suspected(ZERO, 14, 30)
    assert not crashes.suspected(ZERO, 0, 10)
    assert not crashes.suspected(ZERO, 15, 30)


def test_a_crash_over_other_records_starts_the_count_again(tmp_path: Path) -> None:
    crashes = crashed(tmp_path, (0, 20), (0, 20), (20, 40))
    assert not crashes.suspected(ZERO, 0, 20)
    assert not crashes.suspected(ZERO, 20, 40)


def test_partitions_are_counted_apart(tmp_path: Path) -> None:
    crashed(tmp_path, (0, 9), (0, 9))
    crashed(tmp_path, (0, 9), tp=ONE)
    assert not Crashes(tmp_path, 3).suspected(ZERO, 0, 9)
    assert not Crashes(tmp_path, 3).suspected(ONE, 0, 9)


def test_crashes_are_forgotten_once_the_chunk_has_passed(tmp_path: Path) -> None:
    crashes = crashed(tmp_path, (10, 20), (10, 20), (10, 20))
    crashes.passed(ZERO, 19)
    assert Crashes(tmp_path, 3).suspected(ZERO, 10, 20)
    crashes.passed(ZERO, 20)
    assert not crashes.suspected(ZERO, 10, 20)
    assert not Crashes(tmp_path, 3).suspected(ZERO, 10, 20)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("left", [b"", b"{", b'{"topic": "in"}', b"\xff\xfe"])
def test_a_note_cut_short_counts_as_none(tmp_path: Path, left: bytes) -> None:
    crashed(tmp_path, (10, 20), (10, 20))
    [path] = tmp_path.iterdir()
    path.write_bytes(left)
    assert not crashed(tmp_path, (10, 20)).suspected(ZERO, 10, 20)


def test_what_raises_alone_is_refused_and_its_neighbours_come_out_in_order() -> None:
    memory = Memory()
    whole = one_by_one(Allergic(13), records("in", 0, 10, 19), memory, 0)
    [refused] = whole.refused
    assert (refused.record.offset, refused.reject.reason) == (13, RejectReason.POISON)
    assert "planted" in refused.reject.detail
    assert [one["value"] for one in whole.outputs["out"]] == [b"%d" % n for n in range(10, 20) if n != 13]
    assert whole.counts == {"accepted": 9, "refused": 1}


def test_each_record_sees_what_those_before_it_changed_and_the_state_below_stays_as_it_was() -> None:
    memory = Memory()
    memory.held[b"key"] = b"100"
    whole = one_by_one(Allergic(2), records("in", 0, 0, 4), memory, 0)
    assert whole.changes[b"key"].local == b"104"
    assert memory.held == {b"key": b"100"}


def test_one_by_one_ends_where_the_whole_chunk_would_have() -> None:
    def bad(record: Record) -> Refused | None:
        return Refused(record, Reject(RejectReason.MALFORMED, "as told")) if record.offset == 3 else None

    def outcome(handle: Callable[[FakeHandler, Memory], Handled]) -> Handled:
        return handle(FakeHandler(Calls(), bad), Memory())

    run = records("in", 0, 0, 9)
    alone = outcome(lambda handler, memory: one_by_one(handler, run, memory, 0))
    together = outcome(lambda handler, memory: handler.handle(run, memory, 0))
    assert (alone.outputs, alone.afterwards, alone.changes) == (
        together.outputs, together.afterwards, together.changes
    )
    assert [one.record for one in alone.refused] == [one.record for one in together.refused]


def test_where_many_records_raise_nothing_is_parked() -> None:
    with pytest.raises(Fatal, match=r"3 of 150 records cannot be handled.*planted"):
        one_by_one(Allergic(3, 4, 5), records("in", 0, 0, 149), Memory(), 0)
    assert len(one_by_one(Allergic(3, 4), records("in", 0, 0, 149), Memory(), 0).refused) == 2


@pytest.mark.parametrize("error", [Transient("not now"), Fatal("the state cannot be read")])
def test_what_is_not_the_records_fault_is_passed_on(error: Exception) -> None:
    with pytest.raises(type(error)):
        one_by_one(Allergic(3, error=error), records("in", 0, 0, 9), Memory(), 0)
