"""A worker that was frozen and wakes writes nothing that counts, and a fenced one lives on.

The freeze is a jump of the clock of its membership: nothing here waits.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.runner_bench import HELD, ZERO, Bench, scene
from topologies.runtime.state.partition_state import Damaged, Mark
from topologies.runtime.watching import metrics
from topologies.runtime.writing.sink import Fenced


class Group:
    """The broker's answer to a worker that asks whether it is still in the group; to one that is not, the partitions
    go. ``silent``: so many questions are not answered first."""

    def __init__(self, bench: Bench, silent: int = 0) -> None:
        self.member = True
        self.silent = silent
        self.asked = 0
        self._ledger = bench.ledger
        bench.runner.membership.ask = self.ask

    async def ask(self) -> bool:
        self.asked += 1
        if self.silent:
            self.silent -= 1
            return False
        if not self.member:
            self._ledger.drain(self._ledger.assigned())
        return self.member


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("runner", "state.partition"):
        monkeypatch.setattr(f"topologies.runtime.{module}.RETRY_SECONDS", 0.0)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def foreign_writes() -> float:
    value: float = metrics.FOREIGN_CHANGES.labels("echo")._value.get()
    return value


STEPS = {
    "handle": ["send out", "send state", "send alerts"],
    "send out": ["send state", "send alerts"],
    "send state": ["send alerts", "commit"],
    "send alerts": ["commit", "apply"],
}
"""Where it is frozen, and what it must not write any more."""


@pytest.mark.parametrize("frozen_at", STEPS)
def test_a_worker_that_wakes_out_of_the_group_does_not_take_the_next_step(bench: Bench, frozen_at: str) -> None:
    bench.handler.afterwards = HELD
    group = Group(bench)

    def freeze() -> None:
        bench.freeze()
        group.member = False

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        bench.calls.hooks[frozen_at] = freeze
        await bench.runner.process(bench.chunk(0, 9))

    scene(act, bench)
    assert frozen_at in bench.calls
    assert [step for step in STEPS[frozen_at] if step in bench.calls] == []
    assert bench.committable == {}
    assert bench.exits == []


@pytest.mark.parametrize("frozen_at", STEPS)
def test_a_worker_that_wakes_in_the_group_goes_on(bench: Bench, frozen_at: str) -> None:
    bench.handler.afterwards = HELD
    group = Group(bench)

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        bench.calls.hooks[frozen_at] = bench.freeze
        await bench.runner.process(bench.chunk(0, 9))

    scene(act, bench)
    assert group.asked == 2
    assert bench.committable == {ZERO: 10}


def test_the_chunk_behind_the_abandoned_one_is_not_written_either(bench: Bench) -> None:
    group = Group(bench)

    def freeze() -> None:
        bench.freeze()
        group.member = False

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        bench.calls.hooks["handle"] = freeze
        first, second = bench.chunk(0, 9), bench.chunk(10, 19)
        await asyncio.gather(bench.runner.process(first), bench.runner.process(second))

    scene(act, bench)
    assert bench.sink.sent == {}
    assert bench.committable == {}


def test_a_chunk_begun_after_waking_is_not_written(bench: Bench) -> None:
    group = Group(bench)

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        await bench.runner.process(bench.chunk(0, 9))
        bench.freeze()
        group.member = False
        await bench.runner.process(bench.chunk(10, 19))

    scene(act, bench)
    assert [message["value"] for message in bench.sink.sent["state"]] == [b"log 10"]
    assert bench.committable == {ZERO: 10}


def test_a_sweep_after_waking_writes_nothing(bench: Bench) -> None:
    group = Group(bench)

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        await bench.runner.process(bench.chunk(0, 9))
        bench.freeze()
        group.member = False
        await bench.runner.sweep()

    scene(act, bench)
    assert "sweep" in bench.calls
    assert "alerts" not in bench.sink.sent


def test_a_worker_out_of_the_group_restores_nothing(bench: Bench) -> None:
    Group(bench).member = False

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        await bench.runner.process(bench.chunk(0, 9))

    scene(act, bench)
    assert "restore 0" not in bench.calls
    assert "handle" not in bench.calls
    assert bench.exits == []


def test_a_group_that_does_not_answer_for_a_while_costs_no_chunk(bench: Bench) -> None:
    """As when its coordinator moves: the chunk is not left lying until the watchdog ends the worker."""
    group = Group(bench, silent=3)

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        await bench.runner.process(bench.chunk(0, 9))
        bench.freeze()
        group.silent = 2
        await bench.runner.process(bench.chunk(10, 19))

    scene(act, bench)
    assert bench.committable == {ZERO: 20}
    assert bench.exits == []


@pytest.mark.parametrize("waking_at", ["send state", "send alerts"])
def test_a_doubt_after_the_changelog_has_the_chunk_restores_the_partition_from_it(bench: Bench, waking_at: str) -> None:
    """Repeated on the state from before, the chunk would raise its alerts a second time, with other times, and its own
    records on the changelog would pass for another worker's."""
    bench.handler.afterwards = HELD
    group = Group(bench)
    before = foreign_writes()

    def freeze() -> None:
        bench.freeze()
        group.silent = 1
        assert bench.changelog is not None
        bench.changelog.end = 101

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        bench.calls.hooks[waking_at] = freeze
        await bench.runner.process(bench.chunk(0, 9))

    scene(act, bench)
    assert bench.calls.count("restore 0") == 2
    assert foreign_writes() == before
    assert bench.committable == {ZERO: 10}
    assert bench.exits == []


def test_the_mark_is_of_our_own_records_whatever_others_have_written_since(bench: Bench) -> None:
    """Frozen between the changelog's acknowledgement and the mark: the successor's records are not in our state."""

    def others_write() -> None:
        bench.sink.end += 20

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        bench.calls.hooks["commit"] = others_write
        await bench.runner.process(bench.chunk(0, 9))
        assert bench.changelog is not None
        assert bench.changelog.opened[0].mark == Mark("fake", 101)

    scene(act, bench)


@pytest.mark.parametrize("member", [True, False])
def test_records_of_another_worker_before_ours_leave_the_mark_where_it_was(bench: Bench, member: bool) -> None:
    """Frozen before the changelog is sent. In the group the state is the true one, else it is let go."""
    group = Group(bench)
    before = foreign_writes()

    def others_write() -> None:
        bench.sink.end += 20
        group.member = member

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        await bench.runner.process(bench.chunk(0, 9))
        bench.calls.hooks["handle"] = others_write
        await bench.runner.process(bench.chunk(10, 19))
        await bench.runner.process(bench.chunk(20, 29))
        if member:
            assert bench.changelog is not None
            assert bench.changelog.opened[0].mark == Mark("fake", 101)
            assert bench.changelog.opened[0].get_many([b"key"]) == [b"30"]

    scene(act, bench)
    assert foreign_writes() == before + 1
    assert bench.committable == {ZERO: 30 if member else 10}
    assert bench.calls.count("apply") == (3 if member else 1)
    assert bench.exits == []


def test_in_a_transaction_gaps_between_our_records_are_its_markers(tmp_path: Path) -> None:
    bench = Bench(tmp_path, with_transactions=True)
    before = foreign_writes()

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        for first in (0, 10):
            await bench.runner.process(bench.chunk(first, first + 9))
            bench.sink.end += 1
        assert bench.changelog is not None
        assert bench.changelog.opened[0].mark == Mark("fake", 103)

    scene(act, bench)
    assert foreign_writes() == before


@pytest.mark.parametrize("fenced_at", ["send out", "send state", "commit"])
def test_a_worker_fenced_and_out_of_the_group_abandons_the_chunk_and_lives(bench: Bench, fenced_at: str) -> None:
    group = Group(bench)

    def fence() -> None:
        group.member = False
        raise Fenced("taken over")

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        bench.calls.hooks[fenced_at] = fence
        await bench.runner.process(bench.chunk(0, 9))

    scene(act, bench)
    assert bench.committable == {}
    assert bench.exits == []
    assert "apply" not in bench.calls


FENCED, DAMAGED = Fenced("taken over"), Damaged("block checksum mismatch")


@pytest.mark.parametrize(
    ("lost_at", "error"),
    [("handle", DAMAGED), ("send out", FENCED), ("send state", FENCED), ("commit", FENCED), ("apply", DAMAGED)],
)
def test_a_worker_still_in_the_group_restores_the_partition_and_repeats_the_chunk(
    bench: Bench, lost_at: str, error: Exception
) -> None:
    Group(bench)

    def fail() -> None:
        raise error

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        bench.calls.hooks[lost_at] = fail
        await bench.runner.process(bench.chunk(0, 9))

    scene(act, bench)
    assert [call for call in bench.calls if call in ("restore 0", "close state")][:3] == [
        "restore 0", "close state", "restore 0"
    ]
    assert bench.committable == {ZERO: 10}
    assert bench.exits == []


@pytest.mark.parametrize("error", [FENCED, DAMAGED])
def test_a_sweep_that_is_fenced_or_finds_damage_restores_the_partition(bench: Bench, error: Exception) -> None:
    Group(bench)

    def fail() -> None:
        raise error

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        await bench.runner.process(bench.chunk(0, 9))
        bench.calls.hooks["sweep"] = fail
        await bench.runner.sweep()
        await bench.runner.process(bench.chunk(10, 19))
        await bench.runner.sweep()

    scene(act, bench)
    assert bench.calls.count("restore 0") == 2
    assert bench.sink.sent["alerts"] != []
    assert bench.committable == {ZERO: 20}
    assert bench.exits == []
