"""Writes that go together, in a transaction or at least once: what fences them, and what becomes of the rest when
one of it fails."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from streams.kernel.errors import Fatal, Reject
from streams.kernel.vocabulary import RejectReason
from tests.support.runner_bench import HELD, NOW, ONE, ZERO, Bench, Ended, scene
from tests.support.waiting import PATIENCE
from topologies.runtime.handler import Refused
from topologies.runtime.reading.chunks import Chunk, Run, TopicPartition
from topologies.runtime.state.partition_state import Mark
from topologies.runtime.writing.outbox import HeldBack
from topologies.runtime.writing.sink import Fenced

TWO = TopicPartition("in", 2)
REASON = next(iter(RejectReason))
STEPS = ("send out", "flush", "send state", "send alerts", "commit", "apply")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("runner", "state.partition"):
        monkeypatch.setattr(f"topologies.runtime.{module}.RETRY_SECONDS", 0.0)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, with_transactions=True)


def records_of(bench: Bench, partition: int) -> bytes | None:
    """How many records the local state of a partition has counted."""
    assert bench.changelog is not None
    state = bench.changelog.opened[partition]
    [count] = state.get_many([b"key"])
    return count


async def behind_a_commit(bench: Bench, first: Chunk, *others: Chunk) -> None:
    """Work on ``first``, and hold its commit until the others wait for the next transaction."""
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        held.set()
        assert go_on.wait(PATIENCE)

    bench.calls.hooks["commit"] = hold
    working = [asyncio.create_task(bench.runner.process(first))]
    await asyncio.to_thread(held.wait, PATIENCE)
    working += [asyncio.create_task(bench.runner.process(chunk)) for chunk in others]
    while len(bench.runner._writing._waiting) < len(others):  # type: ignore[attr-defined]
        await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(*working)


def test_a_chunk_is_committed_with_its_offset_and_no_commit_is_left_to_do(bench: Bench) -> None:
    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        await bench.runner.process(bench.chunk(0, 9))
        assert bench.changelog is not None
        assert bench.changelog.opened[0].mark == Mark("fake", 101)

    scene(act, bench)
    assert bench.sink.transactions == [{ZERO: 10}]
    assert bench.committable == {}
    steps = ["handle", "send out", "send state", "offsets", "commit", "apply"]
    assert [call for call in bench.calls if call in steps][:6] == steps


def test_what_waits_while_a_transaction_is_under_way_goes_together_into_the_next(bench: Bench) -> None:
    async def act(bench: Bench) -> None:
        await bench.assign(ZERO, ONE, TWO)
        await behind_a_commit(bench, bench.chunk(0, 9), bench.chunk(0, 4, ONE), bench.chunk(0, 6, TWO))
        assert (records_of(bench, 1), records_of(bench, 2)) == (b"5", b"7")

    scene(act, bench)
    assert bench.sink.transactions == [{ZERO: 10}, {ONE: 5, TWO: 7}]
    assert bench.exits == []


def test_no_more_goes_together_than_a_chunk_may_hold(tmp_path: Path) -> None:
    bench = Bench(tmp_path, with_transactions=True, chunk_records=10)

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO, ONE, TWO)
        await behind_a_commit(bench, bench.chunk(0, 0), bench.chunk(0, 6, ONE), bench.chunk(0, 6, TWO))

    scene(act, bench)
    assert bench.sink.transactions == [{ZERO: 1}, {ONE: 7}, {TWO: 7}]


def test_each_partition_of_a_transaction_has_the_mark_of_its_own_records(bench: Bench) -> None:
    async def act(bench: Bench) -> None:
        await bench.assign(ZERO, ONE, TWO)
        await behind_a_commit(bench, bench.chunk(0, 9), bench.chunk(0, 4, ONE), bench.chunk(0, 6, TWO))
        assert bench.changelog is not None
        marks = [bench.changelog.opened[number].mark for number in range(3)]
        assert marks == [Mark("fake", 101), Mark("fake", 102), Mark("fake", 103)]

    scene(act, bench)


def test_a_chunk_whose_partition_goes_while_it_waits_is_left_out(bench: Bench) -> None:
    async def act(bench: Bench) -> None:
        await bench.assign(ZERO, ONE, TWO)
        first, gone, other = bench.chunk(0, 9), bench.chunk(0, 4, ONE), bench.chunk(0, 6, TWO)
        bench.calls.hooks["apply"] = lambda: bench.ledger.revoke([ONE])
        await behind_a_commit(bench, first, gone, other)

    scene(act, bench)
    assert bench.sink.transactions == [{ZERO: 10}, {TWO: 7}]


@pytest.mark.parametrize("fenced_at", ["send out", "send state", "offsets", "commit"])
def test_all_of_a_transaction_that_is_fenced_is_done_again_from_restored_states(
    bench: Bench, fenced_at: str
) -> None:
    def fence() -> None:
        raise Fenced("not known")

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO, ONE, TWO)
        bench.calls.hooks["apply"] = lambda: bench.calls.hooks.update({fenced_at: fence})
        await behind_a_commit(bench, bench.chunk(0, 9), bench.chunk(0, 4, ONE), bench.chunk(0, 6, TWO))
        assert (records_of(bench, 1), records_of(bench, 2)) == (b"5", b"7")

    scene(act, bench)
    assert [bench.calls.count(f"restore {number}") for number in range(3)] == [1, 2, 2]
    assert bench.calls.count("abort") == 1
    offsets: dict[TopicPartition, int] = {}
    for one in bench.sink.transactions:
        offsets |= one
    assert offsets == {ZERO: 10, ONE: 5, TWO: 7}
    assert bench.exits == []


def test_one_that_is_refused_takes_no_other_with_it(bench: Bench) -> None:
    """A record too large, say: the others are final before the process ends over it."""
    bench.handler.refused = lambda record: Refused(record, Reject(REASON, "no")) if record.partition == 1 else None

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO, ONE, TWO)
        bench.calls.fail_at, bench.calls.error = "send dlq.echo.v1", Fatal("too large")
        with pytest.raises(Ended):
            await behind_a_commit(bench, bench.chunk(0, 9), bench.chunk(0, 4, ONE), bench.chunk(0, 6, TWO))

    scene(act, bench)
    assert bench.sink.transactions == [{ZERO: 10}, {TWO: 7}]
    assert bench.exits == [70]


@pytest.mark.parametrize("metadata", [b"generation 0", None])
def test_who_has_an_earlier_generation_or_none_writes_nothing_that_counts(
    bench: Bench, metadata: bytes | None
) -> None:
    async def act(bench: Bench) -> None:
        bench.ledger.assign([ZERO], 1)
        await bench.runner.on_assigned({ZERO}, metadata)
        chunk = bench.chunk(0, 9)
        bench.calls.hooks["close state"] = lambda: bench.ledger.drain([ZERO])
        await bench.runner.process(chunk)

    scene(act, bench)
    assert bench.sink.transactions == []
    assert "apply" not in bench.calls
    assert bench.committable == {}
    assert bench.exits == []


def test_a_sweep_is_fenced_by_the_positions_of_its_inputs(bench: Bench) -> None:
    other = TopicPartition("other", 0)

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO, other)
        await bench.runner.process(bench.chunk(0, 9))
        bench.chunk(40, 49, other)
        await bench.runner.sweep()
        bench.sink.generation = b"generation 2"
        await bench.runner.sweep()

    scene(act, bench)
    assert bench.sink.transactions == [{ZERO: 10}, {ZERO: 10, other: 40}]
    assert bench.sink.sent["alerts"][0] == {"key": b"due", "value": b"%d" % NOW}
    assert bench.exits == []


def test_a_sweep_before_the_inputs_are_known_waits_for_the_next(bench: Bench) -> None:
    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        await asyncio.gather(*bench.runner._tasks)
        await bench.runner.sweep()

    scene(act, bench)
    assert "restore 0" in bench.calls
    assert "sweep" not in bench.calls


def test_a_sweep_that_has_nothing_to_say_makes_no_transaction(bench: Bench) -> None:
    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        await bench.runner.process(bench.chunk(0, 9))
        bench.handler.due = False
        await bench.runner.sweep()

    scene(act, bench)
    assert "sweep" in bench.calls
    assert bench.sink.transactions == [{ZERO: 10}]


def test_positions_without_records_are_committed_in_a_transaction(bench: Bench) -> None:
    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        await bench.runner.process(bench.chunk(0, 9))
        bench.ledger.receive(ZERO, Run([], 0, 12, 12))
        assert await bench.runner.commit({ZERO: 12}) == {ZERO: 12}
        bench.sink.generation = b"generation 2"
        assert await bench.runner.commit({ZERO: 12}) == {}

    scene(act, bench)
    assert bench.sink.transactions == [{ZERO: 10}, {ZERO: 12}]
    assert bench.exits == []


def test_positions_of_a_partition_in_work_are_left_to_the_next_commit(bench: Bench) -> None:
    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        committed: list[object] = []

        async def commit() -> None:
            committed.append(await bench.runner.commit({ZERO: 5}))

        loop = asyncio.get_running_loop()
        bench.calls.hooks["handle"] = lambda: asyncio.run_coroutine_threadsafe(commit(), loop).result(PATIENCE)
        await bench.runner.process(bench.chunk(5, 9))
        assert committed == [{}]

    scene(act, bench)
    assert bench.sink.transactions == [{ZERO: 10}]


def test_transactions_of_different_partitions_are_under_way_at_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path, with_transactions=True, at_once=2)
    under_way, meet = threading.Event(), threading.Barrier(2)

    def before_commit() -> None:
        under_way.set()
        meet.wait(PATIENCE)

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO, ONE)
        bench.sink.before_commit = before_commit
        first = asyncio.ensure_future(bench.runner.process(bench.chunk(0, 9, ZERO)))
        assert await asyncio.to_thread(under_way.wait, PATIENCE)
        await asyncio.gather(first, bench.runner.process(bench.chunk(0, 9, ONE)))

    scene(act, bench)
    assert sorted(map(str, bench.sink.transactions)) == sorted(map(str, [{ZERO: 10}, {ONE: 10}]))


def test_what_a_worker_without_transactions_left_is_sent_once_it_is_known_where_the_inputs_are(
    bench: Bench
) -> None:
    assert bench.changelog is not None
    bench.changelog.left = {b"key": HeldBack(b"log 3", HELD[b"key"])}

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        bench.chunk(5, 9)
        await asyncio.gather(*bench.runner._tasks)

    scene(act, bench)
    assert bench.sink.transactions == [{ZERO: 5}]
    assert bench.sink.sent["alerts"] == HELD[b"key"]["alerts"]
    assert bench.sink.sent["state"] == [{"key": b"key", "value": b"log 3"}]


def test_without_transactions_each_step_of_all_that_waits_is_acknowledged_together(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.handler.afterwards = HELD

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO, ONE, TWO)
        first = bench.chunk(0, 9)
        bench.calls.clear()
        await behind_a_commit(bench, first, bench.chunk(0, 4, ONE), bench.chunk(0, 6, TWO))
        assert (records_of(bench, 1), records_of(bench, 2)) == (b"5", b"7")

    scene(act, bench)
    assert bench.committable == {ZERO: 10, ONE: 5, TWO: 7}
    behind = bench.calls[bench.calls.index("commit") + 1:]
    assert [call for call in behind if call in STEPS][1:] == [
        "send out", "send out", "flush", "flush", "send state", "send state", "flush", "flush", "send alerts",
        "send alerts", "flush", "flush", "send state", "send state", "commit", "commit", "apply", "apply",
    ]


def test_without_transactions_one_that_is_not_ours_any_more_leaves_the_others_alone(tmp_path: Path) -> None:
    bench = Bench(tmp_path)

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO, ONE, TWO)
        first, going, staying = bench.chunk(0, 9), bench.chunk(0, 4, ONE), bench.chunk(0, 6, TWO)
        bench.calls.clear()

        def revoke_before_the_changelog() -> None:
            bench.calls.hooks["flush"] = lambda: bench.ledger.revoke([ONE])

        bench.calls.hooks["apply"] = revoke_before_the_changelog
        await behind_a_commit(bench, first, going, staying)
        assert (records_of(bench, 1), records_of(bench, 2)) == (None, b"7")

    scene(act, bench)
    assert bench.committable == {ZERO: 10, TWO: 7}
    assert [message["value"] for message in bench.sink.sent["state"]] == [b"log 10", b"log 7"]


def test_without_transactions_what_the_broker_does_not_acknowledge_is_final_nowhere(tmp_path: Path) -> None:
    bench = Bench(tmp_path)

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO, ONE, TWO)
        first, others = bench.chunk(0, 9), [bench.chunk(0, 4, ONE), bench.chunk(0, 6, TWO)]

        def refuse() -> None:
            bench.calls.fail_at, bench.calls.error = "flush", Fatal("no answer")

        bench.calls.hooks["apply"] = refuse
        with pytest.raises(Ended):
            await behind_a_commit(bench, first, *others)
        assert (records_of(bench, 1), records_of(bench, 2)) == (None, None)

    scene(act, bench)
    assert bench.committable == {ZERO: 10}
