"""The transport on its classes: cutting fetches, holding what comes early, waiting for what is in hand."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from tests.fakes.consumer import ONE, ZERO, FakeAssignment, Scene, scene
from tests.support.records import records
from topologies.runtime.chunks import TopicPartition
from topologies.runtime.transport import Fetch, KafkaRecord, cut


def test_a_run_is_one_chunk_whose_end_is_where_the_fetcher_stands(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.thread.give(0, 9, position=12)
        [chunk] = await scene.chunks()
        assert (chunk.topic, chunk.partition, chunk.tp, chunk.end) == ("in", 0, ZERO, 12)
        assert [record.offset for record in chunk.records] == list(range(10))
        assert chunk.generation == scene.consumer.app.consumer_generation_id

    scene(act, tmp_path)


def test_records_are_read_whole_and_without_what_no_stage_looks_at() -> None:
    batch = DefaultRecordBatchBuilder(
        magic=2, compression_type=0, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=-1,
        batch_size=10_000,
    )
    batch.append(0, 1_790_000_000_000, b"key", b"value", [("feed", b"ups")])
    batch.append(1, 1_790_000_000_001, None, None, [])
    read = fetcher.PartitionRecords(ZERO, MemoryRecords(bytes(batch.build())), [], 0, None, None, True, 1)
    assert list(read) == [
        KafkaRecord("in", 0, 0, 1_790_000_000_000, b"key", b"value", [("feed", b"ups")]),
        KafkaRecord("in", 0, 1, 1_790_000_000_001, None, None, []),
    ]


def test_a_larger_run_is_cut(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.thread.give(0, 9, position=12)
        chunks = await scene.chunks()
        assert [len(chunk.records) for chunk in chunks] == [4, 4, 2]
        assert [chunk.end for chunk in chunks] == [4, 8, 12]

    scene(act, tmp_path, chunk_records=4)


def test_cutting_keeps_every_record_once() -> None:
    run: Any = records("in", 0, 0, 99)
    pieces = list(cut(run, 105, 7))
    assert [record for piece, _ in pieces for record in piece] == run
    assert [end for _, end in pieces][:-1] == [piece[-1].offset + 1 for piece, _ in pieces][:-1]
    assert pieces[-1][1] == 105


def test_what_was_fetched_of_an_assignment_that_is_over_is_dropped(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.thread.give(0, 9)
        scene.assign(ZERO)
        assert await scene.chunks() == []
        scene.thread.give(0, 9)
        assert len(await scene.chunks()) == 1

    scene(act, tmp_path)


def test_what_was_fetched_before_its_assignment_is_announced_is_held_not_lost(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        coming = FakeAssignment()
        run: Any = records("in", 0, 0, 9)
        scene.thread.fetches.append(Fetch(coming, {ZERO: run}, {ZERO: (10, 10)}))
        assert await scene.chunks() == []
        scene.thread.announced = coming
        scene.consumer._assignment = coming
        scene.consumer.ledger.assign([ZERO], 2)
        [chunk] = await scene.chunks()
        assert chunk.end == 10

    scene(act, tmp_path)


def test_what_was_fetched_while_the_flow_stands_is_held_not_lost(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.thread.give(0, 9)
        fetch = scene.thread.fetch

        async def stop_meanwhile(*args: Any) -> Fetch | None:
            scene.consumer.stop_flow()
            return await fetch(*args)

        scene.thread.fetch = stop_meanwhile  # type: ignore[method-assign]
        assert await scene.chunks() == []
        scene.thread.fetch = fetch  # type: ignore[method-assign]
        scene.consumer.resume_flow()
        assert len(await scene.chunks()) == 1

    scene(act, tmp_path)


def test_a_partition_with_enough_in_flight_is_not_asked_for(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        for first in (0, 10):
            scene.thread.give(first, first + 9)
        [first_chunk] = await scene.chunks()
        await scene.chunks()
        await scene.chunks()
        assert scene.thread.asked == [{ZERO, ONE}, {ZERO, ONE}, {ONE}]
        first_chunk.done()
        await scene.chunks()
        assert scene.thread.asked[-1] == {ZERO, ONE}

    scene(act, tmp_path)


def test_with_nothing_to_ask_for_it_still_shows_a_sign_of_life(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.assign()
        await scene.chunks()
        assert scene.thread.asked == [set()]

    scene(act, tmp_path)


def test_commits_follow_done_and_a_failed_one_is_repeated(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.thread.give(0, 9)
        [chunk] = await scene.chunks()
        await scene.consumer.commit()
        assert scene.thread.commits == []
        chunk.done()
        scene.thread.commit_works = False
        assert not await scene.consumer.commit()
        scene.thread.commit_works = True
        assert await scene.consumer.commit()
        assert scene.thread.commits == [{ZERO: 10}]
        await scene.consumer.commit()
        assert scene.thread.commits == [{ZERO: 10}]

    scene(act, tmp_path)


class Listener:
    """Notes who came and went."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, set[TopicPartition]]] = []

    async def on_assigned(self, partitions: set[TopicPartition], generation: int) -> None:
        del generation
        self.calls.append(("assigned", partitions))

    async def on_revoked(self, partitions: set[TopicPartition]) -> None:
        self.calls.append(("revoked", partitions))


def test_a_release_waits_for_what_is_in_hand_and_commits_it(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        listener = Listener()
        scene.consumer.transport.listeners.append(listener)
        scene.thread.give(0, 9)
        [chunk] = await scene.chunks()
        assert chunk.begin()
        releasing = asyncio.create_task(scene.consumer.release({ZERO}))
        await asyncio.sleep(0)
        assert not releasing.done()
        assert chunk.current()
        chunk.done()
        await releasing
        assert scene.thread.commits == [{ZERO: 10}]
        assert listener.calls == [("revoked", {ZERO})]

    scene(act, tmp_path)


def test_a_release_abandons_what_takes_too_long(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.thread.give(0, 9)
        [chunk] = await scene.chunks()
        assert chunk.begin()
        await scene.consumer.release({ZERO})
        assert not chunk.current()
        chunk.done()
        await scene.consumer.commit()
        assert scene.thread.commits == []

    scene(act, tmp_path, drain_timeout=0.1)


def test_faust_can_send_nothing_past_the_order_of_writes(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        with pytest.raises(NotImplementedError, match="sink"):
            await scene.consumer.app.producer.send("out", None, b"", None, None, None)

    scene(act, tmp_path)


def test_membership_is_asked_with_nothing_in_flight_and_for_the_assignment_we_know(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        assert await scene.consumer.still_member()
        scene.thread.is_member = False
        assert not await scene.consumer.still_member()
        scene.thread.is_member, scene.thread.announced = True, FakeAssignment()
        assert not await scene.consumer.still_member()
        assert scene.thread.commits == []

    scene(act, tmp_path)
