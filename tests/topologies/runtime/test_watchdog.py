"""The watchdog: ends what stands still, leaves alone what works or has nothing to do."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tests.support.waiting import PATIENCE
from topologies.runtime.reading.chunks import Progress, TopicPartition
from topologies.runtime.watchdog import Watchdog
from topologies.runtime.watching import metrics
from topologies.runtime.watching.in_hand import InHand

TP = TopicPartition("in", 0)


class Watched:
    """A watchdog over figures the test sets."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock(1000)
        self.in_hand = InHand(folder)
        self.exits: list[int] = []
        self.progress: list[Progress] = []
        self.requests: dict[str, object] = {}
        self.dog = Watchdog(
            "echo", lambda: self.progress, 60, self.in_hand, 24, lambda: self.requests, 20,
            self.clock, self.exits.append,
        )

    def after(self, seconds: float, *, beat: bool = True) -> list[int]:
        self.clock.advance(seconds)
        if beat:
            self.dog.beat()
        self.dog.look()
        return self.exits


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_lag_without_progress_ends_the_process(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    watched.progress = [Progress(TP, 10, 25, 1000)]
    assert watched.after(59) == []
    assert watched.after(2) == [70]
    assert "in[0] is 15 records behind" in caplog.text


def test_a_request_that_does_not_come_back_ends_the_process(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(20):
        watched.requests = {"shipsync-echo-0": object(), "shipsync-echo-1": None}
        assert watched.after(4) == []
    for _ in range(5):
        assert watched.after(4) == []
    assert watched.after(4) == [70]
    assert "a request of shipsync-echo-0 has not come back for 24 s" in caplog.text


def test_time_in_which_the_process_stood_still_counts_for_no_request(watched: Watched) -> None:
    watched.requests = {"shipsync-echo-0": object()}
    watched.after(4)
    assert watched.after(10_000) == []


def test_lag_with_progress_is_no_reason(watched: Watched) -> None:
    for done in range(10):
        watched.progress = [Progress(TP, done, 1_000_000, watched.clock())]
        assert watched.after(40) == []


def test_no_lag_is_no_reason_however_long(watched: Watched) -> None:
    watched.progress = [Progress(TP, 25, 25, 1000)]
    assert watched.after(10_000) == []


def test_a_partition_nothing_is_known_of_is_no_reason(watched: Watched) -> None:
    watched.progress = [Progress(TP, None, None, 1000)]
    assert watched.after(10_000) == []


def test_a_partition_with_records_and_none_ever_done_ends_the_process(watched: Watched) -> None:
    watched.progress = [Progress(TP, None, 5, 1000)]
    assert watched.after(61) == [70]


def test_an_event_loop_that_does_not_turn_ends_the_process(watched: Watched) -> None:
    assert watched.after(59, beat=False) == []
    assert watched.after(2, beat=False) == [70]


def test_the_lag_is_published_and_taken_away_with_the_partition(watched: Watched) -> None:
    watched.progress = [Progress(TP, 10, 25, 1000)]
    watched.after(1)
    assert metrics.LAG.labels("echo", "in", "0")._value.get() == 15
    watched.progress = []
    watched.after(1)
    assert ("echo", "in", "0") not in metrics.LAG._metrics


def test_it_watches_from_a_thread_of_its_own(tmp_path: Path) -> None:
    ended = threading.Event()
    exits: list[int] = []

    def end(status: int) -> None:
        exits.append(status)
        ended.set()

    clock: Callable[[], float] = FakeClock(0)
    behind = [Progress(TP, 0, 5, -100)]
    dog = Watchdog("echo", lambda: behind, 0.06, InHand(tmp_path), 0.03, clock=clock, exit_process=end)
    dog.start()
    assert ended.wait(PATIENCE)
    dog.stop()
    assert exits[0] == 70


def looks(watched: Watched, times: int, seconds: float = 4) -> list[int]:
    for _ in range(times):
        watched.after(seconds)
    return watched.exits


def test_what_is_in_hand_too_long_ends_the_process_and_the_next_run_knows_of_it(
    watched: Watched, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with watched.in_hand.holding(TP, 5, 6):
        assert looks(watched, 6) == []
        assert looks(watched, 2)[:1] == [70]
        assert "the handler has had in[0] @ 5 in hand for" in caplog.text
        left = InHand(tmp_path).left()
    assert left is not None
    assert (left.tp, left.first, left.end) == (TP, 5, 6)


def test_one_record_after_the_other_may_take_as_long_as_each_is_allowed(watched: Watched) -> None:
    for offset in range(20):
        with watched.in_hand.holding(TP, offset, offset + 1):
            assert looks(watched, 5) == []


def test_a_process_that_stood_still_blames_no_record(watched: Watched) -> None:
    with watched.in_hand.holding(TP, 5, 6):
        watched.after(4)
        assert watched.after(4_000) == []


def test_a_worker_ended_for_another_reason_leaves_nothing_in_hand(watched: Watched, tmp_path: Path) -> None:
    watched.progress = [Progress(TP, 10, 25, 1000)]
    watched.after(58)
    with watched.in_hand.holding(TP, 5, 6):
        assert watched.after(3) == [70]
        assert InHand(tmp_path).left() is None


def test_a_handler_that_lets_no_other_thread_run_is_ended_all_the_same(tmp_path: Path) -> None:
    code = """if True:
        import ctypes, sys
        from pathlib import Path
        from topologies.runtime.reading.chunks import TopicPartition
        from topologies.runtime.watching.in_hand import InHand
        from topologies.runtime.watchdog import Watchdog
        in_hand = InHand(Path(sys.argv[1]))
        Watchdog("echo", list, 1.0, in_hand, 0.5).start()
        with in_hand.holding(TopicPartition("in", 0), 5, 6):
            ctypes.PyDLL(None).sleep(600)
    """
    command = [sys.executable, "-c", code, str(tmp_path)]
    ended = subprocess.run(command, check=False, capture_output=True, timeout=PATIENCE)
    assert ended.returncode != 0
    assert b"Timeout" in ended.stderr
    left = InHand(tmp_path).left()
    assert left is not None
    assert left.first == 5
