"""The runner: the order of writes, and that no fault anywhere lets a chunk be done too early."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from streams.kernel.errors import Fatal, Reject, Transient
from streams.kernel.vocabulary import RejectReason
from tests.support.runner_bench import HELD, NOW, ZERO, Bench, Ended, scene
from topologies.runtime.handler import Refused
from topologies.runtime.reading.chunks import Run
from topologies.runtime.state.partition_state import Mark
from topologies.runtime.watching import metrics
from topologies.runtime.writing.outbox import HeldBack, carried

ORDER = ["handle", "send out", "flush", "send state", "flush", "commit", "apply"]


def test_outputs_then_changelog_then_local_state_then_done(tmp_path: Path) -> None:
    bench = Bench(tmp_path)

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        bench.calls.hooks["apply"] = lambda: bench.calls.append(f"done before: {bench.committable}")
        await bench.runner.process(bench.chunk(0, 9))
        assert bench.changelog is not None
        assert bench.changelog.opened[0].mark == Mark("fake", 101)

    scene(act, bench)
    assert [call for call in bench.calls if call != "restore 0"][:8] == [
        *ORDER[:-1], "done before: {}", "apply"
    ]
    assert bench.committable == {ZERO: 10}
    assert bench.sink.sent["state"] == [{"key": b"key", "value": b"log 10"}]
    assert bench.sink.partitions == {"out": None, "state": 0}


@pytest.mark.parametrize("point", ORDER)
def test_a_fault_at_any_point_ends_the_process_with_nothing_done(tmp_path: Path, point: str) -> None:
    bench = Bench(tmp_path)
    bench.calls.fail_at = point

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        with pytest.raises(Ended):
            await bench.runner.process(bench.chunk(0, 9))

    scene(act, bench)
    assert bench.exits == [70]
    assert bench.committable == {}
    done_before = [call for call in bench.calls if call in ORDER]
    assert done_before == ORDER[: ORDER.index(point)][: len(done_before)]
    assert "apply" not in done_before


WITH_HELD = [*ORDER[:5], "send alerts", "flush", "send state", "commit", "apply"]


def test_what_may_be_taken_back_waits_for_the_changelog_which_carries_it_until_then(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.handler.afterwards = HELD

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        await bench.runner.process(bench.chunk(0, 9))

    scene(act, bench)
    assert [call for call in bench.calls if call in WITH_HELD] == WITH_HELD
    [carrying] = bench.sink.whole
    assert (carrying.topic, carrying.key, carrying.value, carrying.partition) == ("state", b"key", b"log 10", 0)
    assert carried(carrying.value, carrying.headers, {"alerts"}) == HeldBack(b"log 10", HELD[b"key"])
    assert bench.sink.sent["alerts"] == HELD[b"key"]["alerts"]
    assert bench.sink.sent["state"] == [{"key": b"key", "value": b"log 10"}]
    assert bench.sink.partitions == {"out": None, "alerts": None, "state": 0}
    assert bench.committable == {ZERO: 10}


def test_within_a_transaction_nothing_is_held_back(tmp_path: Path) -> None:
    bench = Bench(tmp_path, with_transactions=True)
    bench.handler.afterwards = HELD

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        await bench.runner.process(bench.chunk(0, 9))

    scene(act, bench)
    together = ["send out", "send alerts", "send state", "commit"]
    assert [call for call in bench.calls if call in WITH_HELD][1:5] == together
    assert bench.sink.whole == []
    assert bench.sink.sent["alerts"] == HELD[b"key"]["alerts"]


def test_what_waits_for_a_change_there_is_not_ends_the_process_and_is_not_lost(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.handler.afterwards = {b"other": HELD[b"key"]}

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        with pytest.raises(Ended):
            await bench.runner.process(bench.chunk(0, 9))

    scene(act, bench)
    assert bench.exits == [70]
    assert bench.committable == {}


def test_what_the_last_worker_did_not_send_is_sent_first(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    assert bench.changelog is not None
    bench.changelog.left = {b"key": HeldBack(b"log 3", HELD[b"key"])}

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        await bench.runner.process(bench.chunk(0, 9))

    scene(act, bench)
    begun = bench.calls.index("handle")
    assert bench.calls[:begun][-4:] == ["send alerts", "flush", "send state", "commit"]
    assert bench.sink.sent["alerts"] == HELD[b"key"]["alerts"]
    assert [message["value"] for message in bench.sink.sent["state"]] == [b"log 3", b"log 10"]


def test_a_fault_while_sending_what_was_left_ends_the_process_with_the_state_closed(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    assert bench.changelog is not None
    bench.changelog.left = {b"key": HeldBack(b"log 3", HELD[b"key"])}
    bench.calls.fail_at = "send alerts"

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        with pytest.raises(Ended):
            await bench.runner.process(bench.chunk(0, 9))

    scene(act, bench)
    assert 70 in bench.exits
    assert "handle" not in bench.calls
    assert "close state" in bench.calls


def test_a_fault_in_the_changelogs_flush_leaves_the_local_state_alone(tmp_path: Path) -> None:
    bench = Bench(tmp_path)

    def fail_the_next_flush() -> None:
        bench.calls.fail_at = "flush"

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        bench.calls.hooks["send state"] = fail_the_next_flush
        with pytest.raises(Ended):
            await bench.runner.process(bench.chunk(0, 9))
        assert bench.changelog is not None
        assert bench.changelog.opened[0].get_many([b"key"]) == [None]

    scene(act, bench)
    assert bench.committable == {}


def test_the_traceback_is_logged_before_the_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(tmp_path)
    bench.calls.fail_at, bench.calls.error = "handle", ZeroDivisionError("planted")

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        with pytest.raises(Ended):
            await bench.runner.process(bench.chunk(0, 0))

    with caplog.at_level(logging.CRITICAL):
        scene(act, bench)
    assert "ZeroDivisionError: planted" in caplog.text


def test_a_refused_record_goes_out_whole_with_its_card_and_its_neighbours_go_on(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    reject = Reject(next(iter(RejectReason)), "no")
    bench.handler.refused = lambda record: Refused(record, reject) if record.offset == 3 else None
    counted = metrics.DEAD_LETTERS.labels("echo", reject.reason.value)
    before = counted._value.get()

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        await bench.runner.process(bench.chunk(0, 9))

    scene(act, bench)
    assert [letter.value for letter in bench.sink.whole] == [b"3"]
    assert bench.sink.sent["dead.letters.v1"] == [{"key": b"echo", "value": reject.reason.value.encode()}]
    assert len(bench.sink.sent["out"]) == 9
    assert bench.calls.index("send dlq.echo.v1") < bench.calls.index("flush")
    assert bench.committable == {ZERO: 10}
    assert counted._value.get() == before + 1


def test_a_stage_without_state_writes_outputs_only(tmp_path: Path) -> None:
    bench = Bench(tmp_path, with_state=False)

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        await bench.runner.process(bench.chunk(0, 9))
        await bench.runner.sweep()

    scene(act, bench)
    assert bench.calls[:4] == ["handle", "send out", "flush", "commit"]
    assert bench.committable == {ZERO: 10}


def test_the_state_is_restored_before_the_first_chunk_and_closed_after_the_last(tmp_path: Path) -> None:
    bench = Bench(tmp_path)

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        await bench.runner.process(bench.chunk(0, 9))
        await bench.runner.process(bench.chunk(10, 19))
        await bench.revoke(ZERO)

    scene(act, bench)
    assert bench.calls.index("restore 0") < bench.calls.index("handle")
    assert bench.calls.count("restore 0") == 1
    assert bench.calls.index("close state") > len(bench.calls) - 4
    assert bench.sink.sent["state"][-1] == {"key": b"key", "value": b"log 20"}


def test_a_restore_that_cannot_be_done_yet_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("topologies.runtime.runner.RETRY_SECONDS", 0.01)
    bench = Bench(tmp_path)
    assert bench.changelog is not None
    bench.changelog.troubles = 3

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        await bench.runner.process(bench.chunk(0, 9))

    scene(act, bench)
    assert bench.committable == {ZERO: 10}


def test_a_transient_trouble_of_the_handler_waits_and_repeats_the_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("topologies.runtime.runner.RETRY_SECONDS", 0.01)
    bench = Bench(tmp_path, with_state=False)

    def trouble() -> None:
        raise Transient("registry")

    bench.calls.hooks["handle"] = trouble

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        await bench.runner.process(bench.chunk(0, 9))

    scene(act, bench)
    assert bench.committable == {ZERO: 10}
    assert bench.exits == []


def test_a_sweep_writes_in_the_same_order(tmp_path: Path) -> None:
    bench = Bench(tmp_path)

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        await bench.runner.process(bench.chunk(0, 0))
        bench.calls.clear()
        await bench.runner.sweep()

    scene(act, bench)
    assert bench.calls[:4] == ["sweep", "send alerts", "flush", "commit"]
    assert bench.sink.sent["alerts"] == [{"key": b"due", "value": b"%d" % NOW}]


def test_no_sweep_while_the_backlog_of_a_partition_is_not_taken_in(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    swept: list[bool] = []

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        bench.runner.has_caught_up = bench.ledger.has_caught_up
        for chunk in (bench.chunk(0, 0), None):
            await bench.runner.sweep()
            swept.append("sweep" in bench.calls)
            if chunk is not None:
                bench.ledger.receive(ZERO, Run([], 0, 1, 1))
                await bench.runner.process(chunk)

    scene(act, bench)
    assert swept == [False, True]


def test_a_restore_that_fails_for_good_ends_the_process(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.calls.fail_at, bench.calls.error = "restore 0", Fatal("no such topic")

    async def act(bench: Bench) -> None:
        await bench.assign(ZERO)
        with pytest.raises(Ended):
            await bench.runner.process(bench.chunk(0, 9))

    scene(act, bench)
    assert 70 in bench.exits
