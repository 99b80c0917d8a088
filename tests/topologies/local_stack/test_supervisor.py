"""The supervisor on tiny children: restarts, back-off, stop order, stubborn children, no orphans."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.kernel.errors import Fatal, Transient
from tests.support.clock import FakeClock
from tests.support.waiting import eventually
from topologies.local_stack.child_process import FIRST_PAUSE, LONGEST_PAUSE, Child, ChildSpec, State, how_it_ended
from topologies.local_stack.supervisor import PATIENCE_SECONDS, Supervisor

SLEEPS = ["sleep", "600"]
STUBBORN = ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"]


class Stage:
    """A supervisor with what it said, and a clock of its own if wanted."""

    def __init__(self, folder: Path, clock: FakeClock | None = None) -> None:
        self.said: list[tuple[str, str]] = []
        self.heard: list[tuple[str, str]] = []
        say, hear = lambda *one: self.said.append(one), lambda *one: self.heard.append(one)
        self.supervisor = (
            Supervisor(folder, say, hear=hear) if clock is None else Supervisor(folder, say, clock, hear)
        )

    def died(self, child: Child) -> None:
        """Kill the child's process and let the supervisor notice."""
        assert child.process is not None
        child.process.kill()
        child.process.wait()
        self.supervisor.look()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.supervisor.stop(lambda: True)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(1000.0)


@pytest.fixture
def timed(tmp_path: Path, clock: FakeClock) -> Iterator[Stage]:
    made = Stage(tmp_path, clock)
    yield made
    made.supervisor.stop(lambda: True)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_child_is_up_once_it_says_so(stage: Stage) -> None:
    ready: list[bool] = []
    child = stage.supervisor.start(ChildSpec("one", SLEEPS, ready=lambda: bool(ready)))
    stage.supervisor.look()
    assert child.state is State.STARTING
    ready.append(True)
    assert stage.supervisor.wait_ready(5)
    assert child.state is State.UP
    assert [what.split()[0] for _, what in stage.said] == ["starting", "up"]


def test_a_child_that_dies_is_started_again_after_a_pause_that_grows(timed: Stage, clock: FakeClock) -> None:
    child = timed.supervisor.start(ChildSpec("one", SLEEPS))
    pauses = []
    for _ in range(9):
        timed.died(child)
        assert child.state is State.WAITING
        pauses.append(child.due - clock.now)
        timed.supervisor.look()
        assert child.pid is None
        clock.advance(pauses[-1])
        timed.supervisor.look()
        assert child.pid is not None
    assert pauses[:3] == [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4]
    assert pauses[-1] == LONGEST_PAUSE
    assert child.restarts == 9
    assert ("one", "restarting, for the 2nd time") in timed.said


def test_after_a_long_time_up_the_pause_is_short_again(timed: Stage, clock: FakeClock) -> None:
    child = timed.supervisor.start(ChildSpec("one", SLEEPS))
    for _ in range(4):
        timed.died(child)
        clock.advance(LONGEST_PAUSE)
        timed.supervisor.look()
    clock.advance(PATIENCE_SECONDS + 1)
    timed.died(child)
    assert child.due - clock.now == FIRST_PAUSE


def test_a_child_with_wrong_settings_stays_down(stage: Stage) -> None:
    command = ["sh", "-c", "echo SHIPSYNC_X: wrong; exit 78"]
    child = stage.supervisor.start(ChildSpec("one", command, ready=lambda: False))
    with pytest.raises(Transient, match="SHIPSYNC_X: wrong"):
        stage.supervisor.wait_ready(30)
    assert child.state is State.FAILED
    assert child.restarts == 0
    assert "its settings are wrong and it stays down" in stage.said[-1][1]


def test_an_essential_child_is_not_restarted_alone(stage: Stage) -> None:
    child = stage.supervisor.start(ChildSpec("one", SLEEPS, essential=True))
    stage.died(child)
    assert child.state is State.FAILED
    assert stage.supervisor.broken.is_set()


def test_a_child_that_never_gets_ready_is_told_with_the_end_of_its_log(stage: Stage) -> None:
    stage.supervisor.start(
        ChildSpec("one", ["sh", "-c", "echo cannot find the broker; sleep 600"], ready=lambda: False)
    )
    eventually(lambda: "cannot" in stage.supervisor.children[0].tail())
    with pytest.raises(Transient, match=r"one did not come up[^$]*cannot find the broker"):
        stage.supervisor.wait_ready(0.05)


def test_the_wait_for_children_can_be_ended(stage: Stage) -> None:
    stage.supervisor.start(ChildSpec("one", SLEEPS, ready=lambda: False))
    assert stage.supervisor.wait_ready(60, until=lambda: True) is False


def test_a_program_that_is_not_there_is_fatal_and_named(stage: Stage) -> None:
    with pytest.raises(Fatal, match="/nowhere/at/all"):
        stage.supervisor.start(ChildSpec("one", ["/nowhere/at/all"]))


def test_all_are_stopped_stages_before_services_and_last_started_first(stage: Stage) -> None:
    for name, layer in (("broker", 0), ("redis", 0), ("intake", 1), ("shipments", 1)):
        stage.supervisor.start(ChildSpec(name, SLEEPS, layer=layer))
    stage.supervisor.stop()
    stopped = [name for name, what in stage.said if what == "stopped"]
    assert set(stopped[:2]) == {"intake", "shipments"}
    assert set(stopped[2:]) == {"broker", "redis"}
    assert all(child.pid is None for child in stage.supervisor.children)


def test_children_of_one_layer_stop_at_the_same_time(stage: Stage, tmp_path: Path) -> None:
    waits_for_the_other = "trap 'touch {0}; while [ ! -e {1} ]; do sleep 0.01; done; exit 0' TERM; echo ready;"\
        " while :; do sleep 0.05; done"
    a, b = tmp_path / "a", tmp_path / "b"
    for name, own, other in (("one", a, b), ("two", b, a)):
        command = ["sh", "-c", waits_for_the_other.format(own, other)]
        stage.supervisor.start(ChildSpec(name, command, stop_seconds=20))
    eventually(lambda: all("ready" in child.tail() for child in stage.supervisor.children))
    stage.supervisor.stop()
    assert [child.process.returncode for child in stage.supervisor.children if child.process] == [0, 0]


def test_a_stubborn_child_is_killed_with_what_it_started(stage: Stage) -> None:
    child = stage.supervisor.start(ChildSpec("one", STUBBORN, stop_seconds=0.2))
    eventually(lambda: "ready" in child.tail())
    stage.supervisor.stop()
    assert ("one", "does not stop within 0.2 s: killed") in stage.said
    assert child.process is not None
    assert child.process.returncode == -signal.SIGKILL


def test_in_a_hurry_nobody_is_waited_for(stage: Stage) -> None:
    child = stage.supervisor.start(ChildSpec("one", STUBBORN, stop_seconds=600))
    eventually(lambda: "ready" in child.tail())
    stage.supervisor.stop(hurried=lambda: True)
    assert ("one", "is not waited for: killed") in stage.said


def test_nothing_is_started_again_once_stopped(stage: Stage) -> None:
    child = stage.supervisor.start(ChildSpec("one", SLEEPS))
    stage.supervisor.stop()
    stage.supervisor.look()
    assert child.state is State.STOPPED
    assert child.pid is None
    before = list(stage.said)
    stage.supervisor.stop()
    assert stage.said == before


def test_a_childs_output_is_logged_and_passed_on(stage: Stage, tmp_path: Path) -> None:
    writes = "echo first; echo second >&2; printf half; sleep 600"
    stage.supervisor.start(ChildSpec("one", ["sh", "-c", writes]))
    eventually(lambda: "half" in (tmp_path / "one.log").read_text())
    stage.supervisor.look()
    assert stage.heard == [("one", "first"), ("one", "second")]
    stage.supervisor.stop()
    assert stage.heard[-1] == ("one", "half")


def test_the_log_of_the_run_before_is_kept(tmp_path: Path) -> None:
    for text in ("before", "now"):
        stage = Stage(tmp_path)
        stage.supervisor.start(ChildSpec("one", ["sh", "-c", f"echo {text}; sleep 600"]))
        eventually((tmp_path / "one.log").read_text)
        stage.supervisor.stop()
    assert (tmp_path / "one.log").read_text() == "now\n"
    assert (tmp_path / "one.log.1").read_text() == "before\n"


def test_a_child_has_the_environment_it_was_given(stage: Stage, tmp_path: Path) -> None:
    stage.supervisor.start(ChildSpec("one", ["sh", "-c", "echo $SHIPSYNC_X $HOME"], {"SHIPSYNC_X": "7"}))
    eventually(lambda: (tmp_path / "one.log").read_text() == f"7 {os.environ.get('HOME', '')}\n")


PARENT = """
import signal, sys
from pathlib import Path
from topologies.local_stack.child_process import ChildSpec
from topologies.local_stack.supervisor import Supervisor
child = Supervisor(Path(sys.argv[1])).start(ChildSpec("one", ["sleep", "600"]))
print(child.pid, flush=True)
signal.pause()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_a_supervisor_that_is_killed_leaves_no_orphans(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.kill()
    eventually(lambda: not alive(pid))


@pytest.mark.parametrize(
    ("code", "words"), [(1, "ended with 1"), (-9, "was ended by SIGKILL"), (-250, "was ended by signal 250")]
)
def test_an_exit_code_is_shown_in_words(code: int, words: str) -> None:
    assert how_it_ended(code) == words
