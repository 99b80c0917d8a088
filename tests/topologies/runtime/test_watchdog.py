"""The watchdog: ends what stands still, leaves alone what works or has nothing to do."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tests.support.clock import FakeClock
from tests.support.waiting import PATIENCE
from topologies.runtime import metrics
from topologies.runtime.chunks import Progress, TopicPartition
from topologies.runtime.watchdog import Watchdog

TP = TopicPartition("in", 0)


class Watched:
    """A watchdog over figures the test sets."""

    def __init__(self) -> None:
        self.clock = FakeClock(1000)
        self.exits: list[int] = []
        self.progress: list[Progress] = []
        self.dog = Watchdog("echo", lambda: self.progress, 60, self.clock, self.exits.append)

    def after(self, seconds: float, *, beat: bool = True) -> list[int]:
        self.clock.advance(seconds)
        if beat:
            self.dog.beat()
        self.dog.look()
        return self.exits


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_lag_without_progress_ends_the_process(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    watched.progress = [Progress(TP, 10, 25, 1000)]
    assert watched.after(59) == []
    assert watched.after(2) == [70]
    assert "in[0] is 15 records behind" in caplog.text


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


def test_it_watches_from_a_thread_of_its_own() -> None:
    ended = threading.Event()
    exits: list[int] = []

    def end(status: int) -> None:
        exits.append(status)
        ended.set()

    clock: Callable[[], float] = FakeClock(0)
    dog = Watchdog("echo", lambda: [Progress(TP, 0, 5, -100)], 0.06, clock, end)
    dog.start()
    assert ended.wait(PATIENCE)
    dog.stop()
    assert exits[0] == 70
