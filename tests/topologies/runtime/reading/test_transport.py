"""The transport on its classes: records become chunks, commits follow them, a release waits for what is in hand."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.fakes.consumer import ONE, ZERO, Scene, scene
from topologies.runtime.reading.chunks import TopicPartition


def test_a_run_is_one_chunk_whose_end_is_where_the_reader_stands(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.give(0, 9, position=12)
        [chunk] = await scene.chunks()
        assert (chunk.topic, chunk.partition, chunk.tp, chunk.end) == ("in", 0, ZERO, 12)
        assert [record.offset for record in chunk.records] == list(range(10))
        assert chunk.generation == scene.consumer.app.consumer_generation_id

    scene(act, tmp_path)


def test_a_larger_run_is_cut(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.give(0, 9, position=12)
        chunks = await scene.chunks()
        assert [len(chunk.records) for chunk in chunks] == [4, 4]
        assert [chunk.end for chunk in chunks] == [4, 8]
        for chunk in chunks:
            chunk.done()
        [last] = await scene.chunks()
        assert (len(last.records), last.end) == (2, 12)

    scene(act, tmp_path, chunk_records=4)


def test_what_comes_while_a_chunk_is_in_work_is_one_chunk_after_it(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.give(0, 9)
        [first] = await scene.chunks()
        scene.give(10, 12)
        assert await scene.chunks() == []
        scene.give(13, 19)
        assert await scene.chunks() == []
        first.done()
        [second] = await scene.chunks()
        assert [record.offset for record in second.records] == list(range(10, 20))

    scene(act, tmp_path)


def test_what_was_read_of_an_assignment_that_is_over_is_dropped(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        before = scene.reader.generation
        scene.assign(ZERO)
        scene.give(0, 9, generation=before)
        assert await scene.chunks() == []
        scene.give(0, 9)
        assert len(await scene.chunks()) == 1

    scene(act, tmp_path)


def test_what_was_read_while_the_flow_stands_is_held_not_lost(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.consumer.stop_flow()
        coming = asyncio.create_task(scene.chunks())
        scene.give(0, 9)
        await asyncio.sleep(0)
        assert not coming.done()
        scene.consumer.resume_flow()
        assert len(await coming) == 1

    scene(act, tmp_path)


def test_partitions_with_enough_in_hand_are_told_to_the_reader_and_so_is_room(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.give(0, 9)
        assert scene.consumer.full() == set()
        scene.give(10, 19)
        assert scene.consumer.full() == {ZERO}
        first, _ = await scene.chunks()
        rooms = scene.reader.rooms
        first.done()
        assert scene.reader.rooms > rooms
        assert scene.consumer.full() == set()
        scene.give(0, 29, ONE)
        scene.give(20, 79)
        assert scene.consumer.full() == {ZERO, ONE}

    scene(act, tmp_path, chunk_records=10)


def test_commits_follow_done_and_a_failed_one_is_repeated(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.give(0, 9)
        [chunk] = await scene.chunks()
        await scene.consumer.commit()
        assert scene.reader.commits == []
        chunk.done()
        scene.reader.commit_works = False
        assert not await scene.consumer.commit()
        scene.reader.commit_works = True
        assert await scene.consumer.commit()
        assert scene.reader.commits == [{ZERO: 10}]
        await scene.consumer.commit()
        assert scene.reader.commits == [{ZERO: 10}]

    scene(act, tmp_path)


class Listener:
    """Notes who came and went."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, set[TopicPartition]]] = []

    async def on_assigned(self, partitions: set[TopicPartition], group_metadata: bytes | None) -> None:
        del group_metadata
        self.calls.append(("assigned", partitions))

    async def on_revoked(self, partitions: set[TopicPartition]) -> None:
        self.calls.append(("revoked", partitions))


def test_where_offsets_go_with_transactions_the_reader_commits_nothing(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        committed: list[dict[TopicPartition, int]] = []

        async def commit(offsets: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, int]:
            committed.append(dict(offsets))
            return offsets if len(committed) > 1 else {}

        scene.consumer.transport.commit = commit
        scene.give(0, 9, position=12)
        [chunk] = await scene.chunks()
        chunk.committed()
        chunk.done()
        assert not await scene.consumer.commit()
        scene.give(12, 15, position=17)
        [chunk] = await scene.chunks()
        scene.give(17, 16, position=18)
        chunk.committed()
        chunk.done()
        assert not await scene.consumer.commit()
        assert await scene.consumer.commit()
        assert not await scene.consumer.commit()
        assert committed == [{ZERO: 18}, {ZERO: 18}]
        assert scene.reader.commits == []

    scene(act, tmp_path)


def test_a_release_waits_for_what_is_in_hand_and_commits_it(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        listener = Listener()
        scene.consumer.transport.listeners.append(listener)
        scene.give(0, 9)
        [chunk] = await scene.chunks()
        assert chunk.begin()
        releasing = asyncio.create_task(scene.consumer.release({ZERO}))
        await asyncio.sleep(0)
        assert not releasing.done()
        assert chunk.current()
        chunk.done()
        await releasing
        assert scene.reader.commits == [{ZERO: 10}]
        assert listener.calls == [("revoked", {ZERO})]

    scene(act, tmp_path)


def test_a_release_abandons_what_takes_too_long(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.give(0, 9)
        [chunk] = await scene.chunks()
        assert chunk.begin()
        await scene.consumer.release({ZERO})
        assert not chunk.current()
        chunk.done()
        await scene.consumer.commit()
        assert scene.reader.commits == []

    scene(act, tmp_path, drain_timeout=0.1)


def test_lost_partitions_are_let_go_of_without_waiting(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        listener = Listener()
        scene.consumer.transport.listeners.append(listener)
        scene.give(0, 9)
        [chunk] = await scene.chunks()
        assert chunk.begin()
        await scene.consumer._revoke({ZERO, ONE}, lost=True)
        assert not chunk.current()
        assert scene.reader.commits == []
        assert listener.calls == [("revoked", {ZERO, ONE})]

    scene(act, tmp_path, drain_timeout=600)


def test_a_stop_reads_no_more_and_commits_what_is_done(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.give(0, 9)
        [chunk] = await scene.chunks()
        chunk.begin()
        chunk.done()
        await scene.consumer.finish()
        assert scene.reader.halted
        assert scene.reader.commits == [{ZERO: 10}]

    scene(act, tmp_path)


def test_the_silence_of_either_side_is_told(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.reader.looked_at = 5.0
        assert scene.consumer.looked_at == 5.0
        scene.reader.looked_at = float("inf")
        before = scene.consumer.looked_at
        await scene.chunks()
        assert before <= scene.consumer.looked_at < float("inf")

    scene(act, tmp_path)


def test_faust_can_send_nothing_past_the_order_of_writes(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        with pytest.raises(NotImplementedError, match="sink"):
            await scene.consumer.app.producer.send("out", None, b"", None, None, None)

    scene(act, tmp_path)


def test_fausts_own_ways_to_read_and_commit_are_refused(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        with pytest.raises(NotImplementedError, match="tables"):
            await scene.consumer.seek_to_committed()

    scene(act, tmp_path)


def test_membership_is_asked_with_nothing_in_flight_and_for_the_assignment_we_know(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        assert await scene.consumer.still_member()
        scene.reader.is_member = False
        assert not await scene.consumer.still_member()
        scene.reader.is_member = True
        scene.reader.generation += 1
        assert not await scene.consumer.still_member()
        assert scene.reader.commits == []

    scene(act, tmp_path)
