"""Whole workers on a broker: killed, joined, stopped and bereft of their disk; nothing may be lost."""

from __future__ import annotations

import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.support.topics import fill, read_all
from tests.support.waiting import PATIENCE, eventually
from tests.support.workers import EchoStage, echo_stage, is_stopped, kill, resident_bytes, terminate


def load(stage: EchoStage, first: int, last: int) -> set[bytes]:
    """Records ``first`` to ``last`` (not included), every hundredth refused; the ids that must come out."""
    ids = [b"bad%d" % number if number % 100 == 99 else b"%d" % number for number in range(first, last)]
    fill(stage.bootstrap, stage.input, ((b"k%d" % (number % 997), one) for number, one in enumerate(ids)))
    return {one for one in ids if not one.startswith(b"bad")}


def progressed(stage: EchoStage, worker: subprocess.Popen[bytes], count: int) -> None:
    """Wait until ``count`` records are committed while ``worker`` runs."""
    eventually(lambda: stage.done() >= count or worker.poll() is not None, interval=0.05)
    assert worker.poll() is None, stage.logs()


def test_a_worker_killed_again_and_again_loses_nothing(bootstrap: str, tmp_path: Path) -> None:
    with echo_stage(bootstrap, tmp_path) as stage:
        expected = load(stage, 0, 40_000)
        for share in (2_000, 10_000, 20_000):
            worker = stage.start(pause=0.03)
            progressed(stage, worker, share)
            kill(worker)
        last = stage.start()
        stage.wait_until_done(40_000)
        assert terminate(last) == 0, stage.logs()
        outputs = Counter(stage.outputs())
        assert set(outputs) == expected
        assert sum(outputs.values()) - len(expected) <= 3 * 4 * 2 * 500
        letters = {message.value() for message in read_all(bootstrap, stage.letters)}
        assert letters == {b"bad%d" % number for number in range(99, 40_000, 100)}


def test_workers_joining_dying_and_leaving_lose_nothing(bootstrap: str, tmp_path: Path) -> None:
    with echo_stage(bootstrap, tmp_path) as stage:
        expected = load(stage, 0, 40_000)
        first = stage.start("first", pause=0.05)
        progressed(stage, first, 1_000)
        second = stage.start("second", pause=0.05)
        eventually(lambda: "restored" in (tmp_path / "second.log").read_text())
        kill(first)
        third = stage.start("third", pause=0.02)
        eventually(lambda: "restored" in (tmp_path / "third.log").read_text())
        assert terminate(second) == 0, stage.logs()
        stage.wait_until_done(40_000)
        assert third.poll() is None, stage.logs()
        assert terminate(third) == 0, stage.logs()
        assert set(stage.outputs()) == expected


def test_a_worker_with_another_disk_knows_what_the_first_one_saw(bootstrap: str, tmp_path: Path) -> None:
    with echo_stage(bootstrap, tmp_path) as stage:
        expected = load(stage, 0, 5_000)
        first = stage.start("one")
        stage.wait_until_done(5_000)
        assert terminate(first) == 0, stage.logs()
        assert Counter(stage.outputs()) == Counter(expected)
        load(stage, 0, 5_000)
        second = stage.start("two")
        stage.wait_until_done(10_000)
        assert terminate(second) == 0, stage.logs()
        assert Counter(stage.outputs()) == Counter(expected)


def test_a_stop_finishes_what_is_in_hand_and_commits_it(bootstrap: str, tmp_path: Path) -> None:
    with echo_stage(bootstrap, tmp_path) as stage:
        load(stage, 0, 20_000)
        worker = stage.start(pause=0.3)
        progressed(stage, worker, 500)
        assert terminate(worker) == 0, stage.logs()
        outputs = stage.outputs()
        assert len(outputs) == len(set(outputs))
        assert stage.done() * 0.99 == pytest.approx(len(outputs), abs=20)


def test_a_handler_that_raises_ends_the_worker_and_commits_nothing_of_the_chunk(
    bootstrap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with echo_stage(bootstrap, tmp_path) as stage:
        fill(bootstrap, stage.input, [(b"k", b"before"), (b"k", b"crash"), (b"k", b"after")])
        monkeypatch.setenv("ECHO_CRASHES", "1")
        assert stage.start().wait(PATIENCE) == 70
        assert stage.done() == 0
        assert "RuntimeError: planted" in stage.logs()
        monkeypatch.delenv("ECHO_CRASHES")
        worker = stage.start()
        stage.wait_until_done(3)
        assert terminate(worker) == 0, stage.logs()
        assert sorted(set(stage.outputs())) == [b"after", b"before", b"crash"]


def test_a_record_that_ends_its_worker_again_and_again_is_parked_and_the_line_goes_on(
    bootstrap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with echo_stage(bootstrap, tmp_path) as stage:
        expected = load(stage, 0, 2_000)
        fill(bootstrap, stage.input, [(b"k5", b"crash")])
        expected |= load(stage, 2_000, 4_000)
        monkeypatch.setenv("ECHO_CRASHES", "1")
        for _ in range(3):
            assert stage.start().wait(PATIENCE) == 70
        worker = stage.start()
        stage.wait_until_done(4_001)
        assert terminate(worker) == 0, stage.logs()
        assert set(stage.outputs()) == expected
        [parked] = [one for one in read_all(bootstrap, stage.letters) if one.value() == b"crash"]
        told = dict(parked.headers() or [])
        assert parked.key() == b"k5"
        assert told["shipsync.reason"] == b"poison"
        assert b"RuntimeError('planted')" in told["__connect.errors.exception.message"]
        assert list(tmp_path.glob(f"disk/{stage.app_id}/crashes/*")) == []


@pytest.mark.parametrize(("value", "ended"), [(b"hang", 70), (b"kill", -signal.SIGKILL)])
def test_a_record_whose_handling_never_ends_or_kills_the_worker_is_parked_and_the_line_goes_on(
    bootstrap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: bytes, ended: int
) -> None:
    with echo_stage(bootstrap, tmp_path, record_seconds=5) as stage:
        expected = load(stage, 0, 1_000)
        fill(bootstrap, stage.input, [(b"k5", value)])
        expected |= load(stage, 1_000, 2_000)
        monkeypatch.setenv(f"ECHO_{value.decode().upper()}S", "1")
        for _ in range(3):
            assert stage.start().wait(PATIENCE) == ended, stage.logs()
        worker = stage.start()
        stage.wait_until_done(2_001)
        assert terminate(worker) == 0, stage.logs()
        assert set(stage.outputs()) == expected
        [parked] = [one for one in read_all(bootstrap, stage.letters) if one.value() == value]
        assert dict(parked.headers() or [])["shipsync.reason"] == b"poison"
        assert list(tmp_path.glob(f"disk/{stage.app_id}/crashes/*")) == []


def test_memory_stays_flat_under_a_backlog_with_a_slow_handler(bootstrap: str, tmp_path: Path) -> None:
    with echo_stage(bootstrap, tmp_path, with_state=False, chunk_records=1000) as stage:
        fill(bootstrap, stage.input, ((b"k%d" % number, b"x" * 1000) for number in range(150_000)))
        worker = stage.start(pause=0.1)
        progressed(stage, worker, 4_000)
        early = resident_bytes(worker)
        progressed(stage, worker, 30_000)
        assert resident_bytes(worker) - early < 40 * 1024 * 1024
        assert resident_bytes(worker) < 250 * 1024 * 1024


@pytest.mark.kafka
def test_with_transactions_each_output_is_seen_once_however_often_workers_die(
    kafka_bootstrap: str, tmp_path: Path
) -> None:
    with echo_stage(kafka_bootstrap, tmp_path, processing="exactly_once") as stage:
        expected = load(stage, 0, 20_000)
        for share in (2_000, 8_000):
            worker = stage.start(pause=0.05)
            progressed(stage, worker, share)
            kill(worker)
        last = stage.start("another disk")
        stage.wait_until_done(20_000)
        assert terminate(last) == 0, stage.logs()
        assert Counter(stage.outputs()) == Counter(expected)


@pytest.mark.kafka
@pytest.mark.parametrize("folder", ["dead", "other"])
def test_what_a_dead_worker_left_open_is_settled_before_its_partitions_are_restored(
    kafka_bootstrap: str, tmp_path: Path, folder: str
) -> None:
    """Killed with records and offsets handed over and no commit asked for: the next process on its folder has it
    aborted, one on another folder waits until the broker aborts it."""
    with echo_stage(kafka_bootstrap, tmp_path, processing="exactly_once", session_timeout=3) as stage:
        expected = load(stage, 0, 4_000)
        dead = stage.start("dead", freeze_before="before the commit", pause=0.05)
        eventually(lambda: is_stopped(dead), interval=0.05, what="the worker comes to its fifth commit")
        kill(dead)
        heir = stage.start(folder)
        stage.wait_until_done(4_000)
        assert terminate(heir) == 0, stage.logs()
        assert Counter(stage.outputs()) == Counter(expected)
        assert stage.states() == of_a_run_without_faults((0, 4_000))


@pytest.mark.kafka
def test_with_transactions_workers_that_join_die_and_leave_under_load_change_nothing(
    kafka_bootstrap: str, tmp_path: Path
) -> None:
    with echo_stage(kafka_bootstrap, tmp_path, processing="exactly_once", chunk_records=200) as stage:
        expected = load(stage, 0, 20_000)
        first = stage.start("first", pause=0.05)
        progressed(stage, first, 1_000)
        second = stage.start("second", pause=0.05)
        eventually(lambda: "restored" in (tmp_path / "second.log").read_text())
        kill(first)
        third = stage.start("third", pause=0.02)
        eventually(lambda: "restored" in (tmp_path / "third.log").read_text())
        assert terminate(second) == 0, stage.logs()
        stage.wait_until_done(20_000)
        assert terminate(third) == 0, stage.logs()
        assert Counter(stage.outputs()) == Counter(expected)
        assert stage.states() == of_a_run_without_faults((0, 20_000))


def test_a_frozen_worker_that_comes_back_harms_nothing(bootstrap: str, tmp_path: Path) -> None:
    with echo_stage(bootstrap, tmp_path) as stage:
        expected = load(stage, 0, 20_000)
        frozen = stage.start("frozen", pause=0.3)
        progressed(stage, frozen, 1_000)
        frozen.send_signal(signal.SIGSTOP)
        other = stage.start("other")
        stage.wait_until_done(20_000)
        frozen.send_signal(signal.SIGCONT)
        load(stage, 0, 20_000)
        stage.wait_until_done(40_000)
        assert terminate(frozen) == 0, stage.logs()
        assert terminate(other) == 0, stage.logs()
        outputs = Counter(stage.outputs())
        assert set(outputs) == expected
        assert sum(outputs.values()) - len(expected) <= 4 * 500


def of_a_run_without_faults(*loads: tuple[int, int]) -> dict[bytes, bytes]:
    """The state that ``load`` of each leaves: the ids of each key in the order they were sent in."""
    seen: dict[bytes, list[bytes]] = {}
    for first, last in loads:
        for number in range(first, last):
            ids = seen.setdefault(b"k%d" % ((number - first) % 997), [])
            if number % 100 != 99:
                ids.append(b"%d" % number)
    return {key: b" ".join(ids) for key, ids in seen.items()}


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("processing", "step"),
    [("auto", "before the changelog"), ("auto", "before the offsets"), ("auto", "before the commit"),
     ("auto", "before the local state"), ("at_least_once", "before the local state")],
)
def test_a_worker_frozen_in_mid_write_changes_nothing_when_it_wakes(
    kafka_bootstrap: str, tmp_path: Path, processing: str, step: str
) -> None:
    settings = {"processing": processing, "session_timeout": 3, "rebalance_timeout": 4, "chunk_records": 200}
    with echo_stage(kafka_bootstrap, tmp_path, **settings) as stage:
        loads = [(0, 8_000), (8_000, 10_000), (10_000, 12_000)]
        expected = load(stage, *loads[0])
        frozen = stage.start("frozen", pause=0.05, freeze_before=step)
        eventually(lambda: is_stopped(frozen), interval=0.05, what="the worker comes to its fifth write")
        other = stage.start("other")
        stage.wait_until_done(8_000)
        expected |= load(stage, *loads[1])
        log = tmp_path / "frozen.log"
        restored = log.read_text().count(" restored: ")
        frozen.send_signal(signal.SIGCONT)
        eventually(lambda: log.read_text().count(" restored: ") > restored, what="it gets partitions again")
        expected |= load(stage, *loads[2])
        stage.wait_until_done(12_000)
        assert (frozen.poll(), other.poll()) == (None, None), stage.logs()
        outputs = Counter(stage.outputs())
        assert stage.states() == of_a_run_without_faults(*loads)
        assert set(outputs) == expected
        if processing == "auto":
            assert outputs == Counter(expected)
