"""Habits of Faust that must do us no harm; one test per trap, by its row in the list we keep.

Each fails if our override is taken away, so a new version of Faust cannot bring a trap back unseen.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from config.settings import Settings
from connectors.embedded.broker import EmbeddedBroker
from tests.fakes.consumer import ZERO, Scene, scene
from tests.fakes.stage import Calls, FakeChangelog, FakeSink
from tests.support.echo_worker import Echo, echo_app, encode
from tests.support.records import FakeRecord
from tests.support.topics import create_topic, fill
from topologies.runtime.reading.chunks import Ledger
from topologies.runtime.runner import StageRunner
from topologies.runtime.state.changelog import KafkaChangelog
from topologies.runtime.state.partition_state import Mark, PartitionState, StateMemory


def test_row_1_no_offset_is_committed_past_a_message_still_in_work(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        consumer = scene.consumer
        consumer.app.topics._acking_topics.add("in")
        consumer._committed_offset[ZERO] = 0
        scene.give(0, 19)
        [message] = await scene.messages()
        in_work, other = message.value
        consumer.track_message(message)
        consumer.ack(message)
        other.done()
        await consumer.commit()
        assert scene.reader.commits == []
        in_work.done()
        await consumer.commit()
        assert scene.reader.commits == [{ZERO: 20}]

    scene(act, tmp_path, chunk_records=10)


def test_row_2_an_exception_in_an_agent_acks_nothing(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        consumer = scene.consumer
        consumer.app.topics._acking_topics.add("in")
        scene.give(0, 9)
        [message] = await scene.messages()
        consumer.track_message(message)
        message.incref()
        message.ack(consumer)  # what a stream does in its ``finally`` when the agent's body raised
        assert message.acked
        await consumer.commit()
        assert scene.reader.commits == []

    scene(act, tmp_path)


POINTS = ["send out", "flush", "send state", "commit", "apply"]


class _Ended(BaseException):
    pass


def _run(folder: Path, fail_at: str | None) -> list[bytes]:
    """One life of a worker over ids 0..9; the ids whose output was acknowledged."""
    calls = Calls()
    sink, ledger = FakeSink(calls), Ledger()

    def end(status: int) -> None:
        raise _Ended(status)

    async def main() -> None:
        app = echo_app("echo", "state", "dlq")
        runner = StageRunner(
            app, Echo("out"), Settings(data_dir=folder), sink, encode,
            changelog=FakeChangelog(calls), exit_process=end,
        )
        ledger.assign([ZERO], 1)
        await runner.on_assigned({ZERO}, None)
        run = [FakeRecord("in", 0, number, key=b"k", value=b"%d" % number) for number in range(10)]
        calls.fail_at = fail_at
        try:
            await runner.process(ledger.deliver(ZERO, run, 10))
        except _Ended:
            assert ledger.committable() == {}
        finally:
            calls.fail_at = None
            await runner.close()

    asyncio.run(main())
    acknowledged = "flush" in calls and "send out" in calls
    return [message["value"] or b"" for message in sink.sent.get("out", [])] if acknowledged else []


@pytest.mark.parametrize("fail_at", POINTS)
def test_row_7_the_state_never_says_seen_before_the_outputs_have_left(tmp_path: Path, fail_at: str) -> None:
    left = _run(tmp_path, fail_at) + _run(tmp_path, None)
    assert set(left) == {b"%d" % number for number in range(10)}


@pytest.mark.broker
def test_row_10_a_restore_neither_fails_nor_hangs_on_a_place_beyond_the_end(
    broker: EmbeddedBroker, topic_name: str, tmp_path: Path
) -> None:
    create_topic(broker.bootstrap, topic_name)
    fill(broker.bootstrap, topic_name, [(b"k%d" % number, b"v") for number in range(5)])
    settings = Settings(bootstrap=broker.bootstrap, data_dir=tmp_path)
    changelog = KafkaChangelog("echo", topic_name, settings, lambda key, value: {key: value})
    ahead = PartitionState(tmp_path / "0", StateMemory(8 << 20))
    ahead.apply({b"stale": b"x"}, Mark(changelog.topic_id(), 509))
    ahead.close()
    restored = changelog.restored(tmp_path / "0", 0, lambda: True)
    assert restored is not None
    state = restored.state
    assert state.mark == Mark(changelog.topic_id(), 5)
    assert [key for key, _ in state.scan(b"")] == [b"k%d" % number for number in range(5)]
    state.close()


def test_row_11_a_gap_in_the_offsets_costs_nothing(tmp_path: Path) -> None:
    far = 10**12

    async def act(scene: Scene) -> None:
        scene.give(0, 9)
        scene.give(far, far)
        [chunk] = await scene.chunks()
        await scene.consumer._add_gap(ZERO, 10, far)
        assert not scene.consumer._gap
        chunk.done()
        await scene.consumer.commit()
        assert scene.reader.commits == [{ZERO: far + 1}]

    scene(act, tmp_path)


def test_a_seek_while_partitions_come_and_go_does_nothing(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        await scene.consumer.perform_seek()

    scene(act, tmp_path)


def test_nothing_of_faust_listens_or_makes_topics(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        conf = scene.consumer.app.conf
        assert not conf.web_enabled
        assert not conf.topic_allow_declare
        assert conf.topic_disable_leader
        assert conf.table_standby_replicas == 0
        assert not conf.stream_wait_empty

    scene(act, tmp_path)
