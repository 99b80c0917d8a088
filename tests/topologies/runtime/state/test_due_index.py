"""The index of what falls due: soonest first, no more than asked for."""

from __future__ import annotations

from tests.fakes.memory import Memory
from topologies.runtime.state import due_index


def memory(*due: tuple[int, bytes]) -> Memory:
    found = Memory()
    found.held = {due_index.entry(at, key): b"" for at, key in due} | {b"a record": b"of its own"}
    return found


def test_due_records_come_in_the_order_of_time() -> None:
    held = memory((300, b"c"), (2, b"b"), (256, b"a"), (1_000, b"later"))
    assert [due_index.key_of(one) for one in due_index.due(held, 300, 10)] == [b"b", b"a", b"c"]


def test_no_more_is_taken_than_asked_for() -> None:
    held = memory(*((at, b"%d" % at) for at in range(10)))
    assert len(due_index.due(held, 100, 4)) == 4


def test_a_time_no_clock_has_is_held_all_the_same() -> None:
    held = memory((-5, b"early"), (1 << 70, b"never"))
    assert [due_index.key_of(one) for one in due_index.due(held, 0, 10)] == [b"early"]
