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
from topologies.runtime.handler import Handled, Refused, View
from topologies.runtime.reading.chunks import TopicPartition
from topologies.runtime.watching.in_hand import InHand
from topologies.runtime.watching.poison import Crashes, Handling

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
    """The findings of a new run after runs ended over these records; each run reads the notes anew."""
    for first, end in spans:
        Crashes(folder, 3).note(tp, first, end, alone=end - first == 1)
    return Crashes(folder, 3)


def handling(folder: Path, handler: FakeHandler) -> Handling:
    """A new run of a worker."""
    return Handling(handler, InHand(folder / "worker"), Crashes(folder, 3))


def one_by_one(handler: FakeHandler, run: Sequence[Record], state: View | None, folder: Path) -> Handled:
    """The outcome of a chunk that three runs ended over."""
    first, end = run[0].offset, run[-1].offset + 1
    crashed(folder, *[(first, end)] * 3)
    return handling(folder, handler).handle(ZERO, run, end, state, 0)


def test_records_are_suspected_after_a_crash_and_patience_is_up_after_so_many(tmp_path: Path) -> None:
    assert not Crashes(tmp_path, 3).suspected(ZERO, 10, 20)
    once = crashed(tmp_path, (10, 20))
    assert once.suspected(ZERO, 10, 20)
    assert not crashed(tmp_path, (10, 20)).exhausted(ZERO, 10, 20)
    assert crashed(tmp_path, (10, 20)).exhausted(ZERO, 10, 20)


def test_chunks_cut_otherwise_narrow_the_suspicion_to_what_they_share(tmp_path: Path) -> None:
    crashes = crashed(tmp_path, (0, 20), (10, 40), (5, 15))
    assert crashes.exhausted(ZERO, 14, 30)
    assert not crashes.suspected(ZERO, 0, 10)
    assert not crashes.suspected(ZERO, 15, 30)


def test_a_crash_over_other_records_starts_the_count_again(tmp_path: Path) -> None:
    crashes = crashed(tmp_path, (0, 20), (0, 20), (20, 40))
    assert not crashes.suspected(ZERO, 0, 20)
    assert not crashes.exhausted(ZERO, 20, 40)


def test_partitions_are_counted_apart(tmp_path: Path) -> None:
    crashed(tmp_path, (0, 9), (0, 9))
    crashed(tmp_path, (0, 9), tp=ONE)
    assert not Crashes(tmp_path, 3).exhausted(ZERO, 0, 9)
    assert not Crashes(tmp_path, 3).exhausted(ONE, 0, 9)


def test_a_record_is_condemned_when_workers_ended_with_it_alone_in_hand(tmp_path: Path) -> None:
    assert not crashed(tmp_path, (10, 20), (10, 20), (13, 14)).condemned(ZERO, 13)
    assert crashed(tmp_path, (13, 14)).condemned(ZERO, 13)
    assert not crashed(tmp_path).condemned(ZERO, 12)


def test_a_condemned_record_stays_so_while_another_is_suspected(tmp_path: Path) -> None:
    crashes = crashed(tmp_path, *[(13, 14)] * 3, (17, 18))
    assert (crashes.condemned(ZERO, 13), crashes.condemned(ZERO, 17)) == (True, False)
    crashes = crashed(tmp_path, (17, 18), (17, 18))
    assert (crashes.condemned(ZERO, 13), crashes.condemned(ZERO, 17)) == (True, True)
    crashes.passed(ZERO, 18)
    assert not crashes.suspected(ZERO, 0, 100)


def test_crashes_are_forgotten_once_the_chunk_has_passed(tmp_path: Path) -> None:
    crashes = crashed(tmp_path, (10, 20))
    crashes.passed(ZERO, 19)
    assert Crashes(tmp_path, 3).suspected(ZERO, 10, 20)
    crashes.passed(ZERO, 20)
    assert not crashes.suspected(ZERO, 10, 20)
    assert not Crashes(tmp_path, 3).suspected(ZERO, 10, 20)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("left", [b"", b"{", b'{"topic": "in"}', b"\xff\xfe"])
def test_a_note_cut_short_counts_as_none(tmp_path: Path, left: bytes) -> None:
    crashed(tmp_path, (10, 20))
    [path] = tmp_path.iterdir()
    path.write_bytes(left)
    assert not Crashes(tmp_path, 3).suspected(ZERO, 10, 20)


def test_what_raises_alone_is_refused_and_its_neighbours_come_out_in_order(tmp_path: Path) -> None:
    memory = Memory()
    whole = one_by_one(Allergic(13), records("in", 0, 10, 19), memory, tmp_path)
    [refused] = whole.refused
    assert (refused.record.offset, refused.reject.reason) == (13, RejectReason.POISON)
    assert "planted" in refused.reject.detail
    assert [one["value"] for one in whole.outputs["out"]] == [b"%d" % n for n in range(10, 20) if n != 13]
    assert whole.counts == {"accepted": 9, "refused": 1}


def test_each_record_sees_what_those_before_it_changed_and_the_state_below_stays_as_it_was(
    tmp_path: Path,
) -> None:
    memory = Memory()
    memory.held[b"key"] = b"100"
    whole = one_by_one(Allergic(2), records("in", 0, 0, 4), memory, tmp_path)
    assert whole.changes[b"key"].local == b"104"
    assert memory.held == {b"key": b"100"}


def test_one_by_one_ends_where_the_whole_chunk_would_have(tmp_path: Path) -> None:
    def bad(record: Record) -> Refused | None:
        return Refused(record, Reject(RejectReason.MALFORMED, "as told")) if record.offset == 3 else None

    def outcome(handle: Callable[[FakeHandler, Memory], Handled]) -> Handled:
        return handle(FakeHandler(Calls(), bad), Memory())

    run = records("in", 0, 0, 9)
    alone = outcome(lambda handler, memory: one_by_one(handler, run, memory, tmp_path))
    together = outcome(lambda handler, memory: handler.handle(run, memory, 0))
    assert (alone.outputs, alone.afterwards, alone.changes) == (
        together.outputs, together.afterwards, together.changes
    )
    assert [one.record for one in alone.refused] == [one.record for one in together.refused]


def test_where_many_records_raise_nothing_is_parked(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match=r"3 of 150 records cannot be handled.*planted"):
        one_by_one(Allergic(3, 4, 5), records("in", 0, 0, 149), Memory(), tmp_path)
    assert len(one_by_one(Allergic(3, 4), records("in", 0, 0, 149), Memory(), tmp_path).refused) == 2


@pytest.mark.parametrize("error", [Transient("not now"), Fatal("the state cannot be read")])
def test_what_is_not_the_records_fault_is_passed_on(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error)):
        one_by_one(Allergic(3, error=error), records("in", 0, 0, 9), Memory(), tmp_path)


def test_an_exception_is_noted_first_over_its_chunk_then_over_its_record_and_then_refused(tmp_path: Path) -> None:
    run, seen = records("in", 0, 10, 19), []
    for _ in range(3):
        with pytest.raises(RuntimeError, match="planted"):
            handling(tmp_path, Allergic(13)).handle(ZERO, run, 20, Memory(), 0)
        seen.append(Crashes(tmp_path, 3).suspected(ZERO, 14, 20))
    assert seen == [True, False, False]
    [refused] = handling(tmp_path, Allergic(13)).handle(ZERO, run, 20, Memory(), 0).refused
    assert refused.record.offset == 13


class Killed(BaseException):
    """The process ends in the middle of the handler's work, by no exception of it."""


def killed(folder: Path, *offsets: int) -> Handled | None:
    """A run of a worker that ends at these offsets, unless it has learnt to leave them alone."""
    in_hand = InHand(folder / "worker")
    work = Handling(FakeHandler(Calls(), lambda one: kill(one, in_hand, offsets)), in_hand, Crashes(folder, 3))
    try:
        return work.handle(ZERO, records("in", 0, 10, 19), 20, Memory(), 0)
    except Killed:
        return None


def kill(record: Record, in_hand: InHand, offsets: Sequence[int]) -> None:
    if record.offset in offsets:
        in_hand._write = lambda noted: None  # type: ignore[method-assign, misc, assignment]  # noqa: ARG005
        raise Killed


def test_a_record_that_ends_the_process_is_found_and_refused_after_three_ends(tmp_path: Path) -> None:
    assert [killed(tmp_path, 13) for _ in range(3)] == [None] * 3
    done = killed(tmp_path, 13)
    assert done is not None
    assert [(one.record.offset, one.reject.reason) for one in done.refused] == [(13, RejectReason.POISON)]
    assert [one["value"] for one in done.outputs["out"]] == [b"%d" % n for n in range(10, 20) if n != 13]


def test_several_such_records_in_a_chunk_are_found_one_after_the_other(tmp_path: Path) -> None:
    ends = 0
    while (done := killed(tmp_path, 13, 17)) is None:
        ends += 1
        assert ends < 10
    assert ends == 6
    assert [one.record.offset for one in done.refused] == [13, 17]


def test_a_kill_that_meets_other_records_each_time_refuses_none(tmp_path: Path) -> None:
    for offset in (11, 12, 14, 12, 15, 11):
        assert killed(tmp_path, offset) is None
    done = killed(tmp_path)
    assert done is not None
    assert done.refused == []


def test_what_was_in_hand_is_known_once_and_not_after_an_orderly_end(tmp_path: Path) -> None:
    in_hand = InHand(tmp_path / "worker")
    with in_hand.holding(ZERO, 5, 9):
        assert in_hand.now is not None
        left = InHand(tmp_path / "worker").left()
    assert left is not None
    assert (left.tp, left.first, left.end) == (ZERO, 5, 9)
    assert InHand(tmp_path / "worker").left() is None
    with in_hand.holding(ZERO, 9, 12):
        pass
    assert InHand(tmp_path / "worker").left() is None


def test_a_worker_without_a_disk_works_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_bytes(b"")
    in_hand = InHand(tmp_path / "file" / "folder")
    for first in (1, 2):
        with in_hand.holding(ZERO, first, first + 1):
            assert in_hand.now is not None
    assert caplog.text.count("cannot be noted") == 2
