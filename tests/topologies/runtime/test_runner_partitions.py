"""The runner's partitions: lost in the middle of a chunk, processed side by side, paused and resumed."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.support.runner_bench import HELD, ONE, ZERO, Bench, Ended, scene
from tests.support.waiting import PATIENCE
from topologies.runtime.handler import Handled
from topologies.runtime.reading.chunks import TopicPartition


@pytest.mark.parametrize(
    ("lost_at", "never"),
    [("handle", "send out"), ("send out", "send state"), ("send state", "send alerts"), ("send state", "commit"),
     ("send alerts", "commit"), ("commit", "apply")],
)
def test_a_partition_lost_midway_stops_the_chunk_before_the_next_write(
    tmp_path: Path, lost_at: str, never: str
) -> None:
    bench = Bench(tmp_path)
    bench.handler.afterwards = HELD

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        chunk = bench.chunk(0, 9)
        bench.calls.hooks[lost_at] = lambda: bench.ledger.revoke([ZERO])
        await bench.runner.process(chunk)
        assert not chunk.current()

    scene(act, bench)
    assert never not in bench.calls
    assert bench.exits == []


def test_a_chunk_waiting_while_its_partition_goes_is_never_begun(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        held.set()
        assert go_on.wait(PATIENCE)

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        bench.calls.hooks["handle"] = hold
        first = asyncio.create_task(bench.runner.process(bench.chunk(0, 9)))
        second = asyncio.create_task(bench.runner.process(bench.chunk(10, 19)))
        await asyncio.to_thread(held.wait, PATIENCE)
        bench.ledger.revoke([ZERO])
        closing = asyncio.create_task(bench.runner.on_revoked({ZERO}))
        go_on.set()
        await asyncio.gather(first, second, closing)

    scene(act, bench)
    assert bench.handler.chunks == [list(range(10))]
    assert "send out" not in bench.calls


def test_chunks_of_a_partition_keep_their_order_while_partitions_overlap(tmp_path: Path) -> None:
    bench = Bench(tmp_path)

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO, ONE)
        chunks = [bench.chunk(start, start + 1, tp) for start in range(0, 20, 2) for tp in (ZERO, ONE)]
        await asyncio.gather(*(bench.runner.process(chunk) for chunk in chunks))

    scene(act, bench)
    firsts = [offsets[0] for offsets in bench.handler.chunks]
    assert sorted(firsts) == sorted([*range(0, 20, 2), *range(0, 20, 2)])
    assert bench.committable == {ZERO: 20, ONE: 20}
    values = [message["value"] for message in bench.sink.sent["state"]]
    assert sorted(values) == sorted(2 * [b"log %d" % total for total in range(2, 21, 2)])


def test_topics_not_partitioned_alike_end_the_process_with_a_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(tmp_path)

    async def act(bench: Bench) -> None:
        with pytest.raises(Ended):
            await bench.assign(ZERO, TopicPartition("other", 1))

    scene(act, bench)
    assert bench.exits == [70]
    assert "same number of partitions" in caplog.text


def test_chunks_of_a_paused_topic_wait_and_go_on_in_order_while_others_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("topologies.runtime.runner.RETRY_SECONDS", 0.01)
    bench, other = Bench(tmp_path, with_state=False), TopicPartition("other", 0)

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO, other)
        bench.paused = {"in"}
        waiting = [asyncio.create_task(bench.runner.process(bench.chunk(first, first + 9))) for first in (0, 10)]
        await bench.runner.process(bench.chunk(0, 4, other))
        assert bench.committable == {other: 5}
        bench.paused.clear()
        await asyncio.gather(*waiting)

    scene(act, bench)
    assert bench.handler.chunks == [[*range(5)], [*range(10)], [*range(10, 20)]]
    assert bench.committable == {ZERO: 20, other: 5}


def test_the_chunk_that_pauses_its_topic_is_not_done_before_it_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("topologies.runtime.runner.RETRY_SECONDS", 0.01)
    bench = Bench(tmp_path, with_state=False)
    handle = bench.handler.handle

    def pausing(*arguments: Any) -> Handled:
        if bench.handler.chunks:
            return handle(*arguments)
        bench.handler.chunks.append([])
        bench.paused.add("in")
        return Handled(outputs={"pauses": [{"key": b"in", "value": b"paused"}]}, paused=True)

    monkeypatch.setattr(bench.handler, "handle", pausing)

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        working = asyncio.create_task(bench.runner.process(bench.chunk(0, 9)))
        while "pauses" not in bench.sink.sent:
            await asyncio.sleep(0)
        assert (bench.committable, bench.sink.sent.get("out")) == ({}, None)
        bench.paused.clear()
        await working

    scene(act, bench)
    assert bench.committable == {ZERO: 10}
    assert len(bench.sink.sent["out"]) == 10


def test_a_paused_chunk_whose_partition_goes_is_let_go_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("topologies.runtime.runner.RETRY_SECONDS", 0.01)
    bench = Bench(tmp_path, with_state=False)

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        bench.paused = {"in"}
        waiting = asyncio.create_task(bench.runner.process(bench.chunk(0, 9)))
        await asyncio.sleep(0)
        await bench.revoke(ZERO)
        await waiting

    scene(act, bench)
    assert bench.handler.chunks == []
