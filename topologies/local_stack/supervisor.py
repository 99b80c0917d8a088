"""Keeps child processes running: starts them in order, restarts dead ones with back-off, stops them cleanly."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from streams.kernel.errors import Fatal, Transient
from topologies.local_stack.child_process import FIRST_PAUSE, LONGEST_PAUSE, Child, ChildSpec, State, how_it_ended
from topologies.local_stack.log_follower import Follower
from topologies.runtime.exit_codes import ExitCode
from topologies.runtime.files import private_files

PATIENCE_SECONDS = 60.0
"""After so many seconds up, a child's next death starts the back-off anew."""
POLL_SECONDS = 0.1

Say = Callable[[str, str], None]
"""Called with a child's name and its change of state, or a line it wrote."""


def nothing_said(name: str, what: str) -> None:
    """Report nothing."""


def never() -> bool:
    """Never end."""
    return False


class Supervisor:
    """Keeps its children running. Start it from the main thread: children end with the thread that started them.

    ``hear`` is called with every line the children write; None: the lines stay in their log files.
    """

    def __init__(
        self, log_dir: Path, say: Say = nothing_said, clock: Callable[[], float] = time.monotonic,
        hear: Say | None = None,
    ) -> None:
        self._log_dir, self._say, self._clock = log_dir, say, clock
        self._follower = Follower(hear) if hear is not None else None
        self._children: dict[str, Child] = {}
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self.broken = threading.Event()
        """Set when an essential child died."""

    @property
    def children(self) -> list[Child]:
        """The children, in the order of their start."""
        return list(self._children.values())

    def start(self, spec: ChildSpec) -> Child:
        """Start a child, without waiting until it is ready. Its log begins anew; the previous one is kept as ``.1``.

        Raises Fatal if its program cannot be started.
        """
        private_files.folder(self._log_dir)
        log = self._log_dir / f"{spec.name}.log"
        if log.exists():
            log.replace(log.with_name(f"{log.name}.1"))
        child = Child(spec, log)
        with self._lock:
            try:
                child.launch(self._clock())
            except OSError as error:
                raise Fatal(f"{spec.name} cannot be started: {spec.command[0]}: {error.strerror}") from error
            self._children[spec.name] = child
        if self._follower is not None:
            self._follower.follow(spec.name, log)
        self._say(spec.name, "starting")
        return child

    def wait_ready(self, seconds: float, until: Callable[[], bool] = never) -> bool:
        """True once every child is up, False once ``until`` returns True. Raises Transient, with the end of a log,
        after ``seconds``."""
        deadline = self._clock() + seconds
        while not until():
            self.look()
            waiting = [child for child in self.children if child.state is not State.UP]
            if not waiting:
                return True
            failed = [child for child in waiting if child.state is State.FAILED]
            if failed or self._clock() >= deadline:
                first = (failed or waiting)[0]
                raise Transient(f"{first.spec.name} did not come up ({first.log}):\n{first.tail()}")
            time.sleep(POLL_SECONDS)
        return False

    def look(self) -> None:
        """Check every child once: note which are up, restart those that are due."""
        with self._lock:
            if not self._stopping.is_set():
                for child in self.children:
                    self._see_to(child)
            self._listen()

    def run(self, until: Callable[[], bool]) -> None:
        """Check repeatedly, until ``until`` returns True or an essential child died."""
        while not until() and not self.broken.is_set():
            self.look()
            time.sleep(POLL_SECONDS)

    def stop(self, hurried: Callable[[], bool] = never) -> None:
        """Stop every child, highest layer first; those of one layer together, last started first.

        A child that does not stop in its time is killed; all are killed at once if ``hurried`` returns True.
        """
        self._stopping.set()
        with self._lock:
            for layer in sorted({child.spec.layer for child in self.children}, reverse=True):
                together = [child for child in reversed(self.children) if child.spec.layer == layer]
                self._end(together, hurried)
            self._listen()
            if self._follower is not None:
                self._follower.close()

    def _see_to(self, child: Child) -> None:
        if child.state in (State.FAILED, State.STOPPED):
            return
        if child.state is State.WAITING:
            if self._clock() >= child.due:
                self._restart(child)
            return
        code = child.process.poll() if child.process is not None else None
        if code is not None:
            self._died(child, code)
        elif child.state is State.STARTING and child.spec.ready():
            child.state = State.UP
            self._say(child.spec.name, f"up after {self._clock() - child.started:.1f} s")

    def _restart(self, child: Child) -> None:
        child.restarts += 1
        try:
            child.launch(self._clock())
        except OSError as error:
            self._put_off(child, f"cannot be started ({error.strerror})")
        else:
            self._say(child.spec.name, f"restarting, for the {_ordinal(child.restarts)} time")

    def _died(self, child: Child, code: int) -> None:
        if self._clock() - child.started > PATIENCE_SECONDS:
            child.pause = FIRST_PAUSE
        if child.spec.essential or code == ExitCode.WRONG_SETTINGS:
            child.state = State.FAILED
            why = ", its settings are wrong and it stays down" if code == ExitCode.WRONG_SETTINGS else ""
            self._say(child.spec.name, f"{how_it_ended(code)}{why}; see {child.log}")
            if child.spec.essential:
                self.broken.set()
            return
        self._put_off(child, how_it_ended(code))

    def _put_off(self, child: Child, what: str) -> None:
        child.state = State.WAITING
        child.due = self._clock() + child.pause
        pause, child.pause = child.pause, min(child.pause * 2, LONGEST_PAUSE)
        self._say(child.spec.name, f"{what}, starts again in {pause:g} s; see {child.log}")

    def _end(self, together: list[Child], hurried: Callable[[], bool]) -> None:
        asked = self._clock()
        left = [child for child in together if not child.ended()]
        for child in left:
            child.ask_to_stop()
        for child in together:
            if child not in left:
                self._stopped(child)
        while left:
            for child in list(left):
                self._kill_if_late(child, self._clock() - asked, hurried())
                if child.ended():
                    left.remove(child)
                    self._stopped(child)
            if left:
                time.sleep(POLL_SECONDS / 2)

    def _kill_if_late(self, child: Child, seconds: float, hurried: bool) -> None:
        if child.ended():
            return
        if hurried:
            self._say(child.spec.name, "is not waited for: killed")
            child.kill()
        elif seconds >= child.spec.stop_seconds:
            self._say(child.spec.name, f"does not stop within {child.spec.stop_seconds:g} s: killed")
            child.kill()

    def _stopped(self, child: Child) -> None:
        if child.state is not State.STOPPED:
            child.state = State.STOPPED
            self._say(child.spec.name, "stopped")

    def _listen(self) -> None:
        if self._follower is not None:
            self._follower.look()


def _ordinal(number: int) -> str:
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(0 if 10 <= number % 100 <= 20 else number % 10, "th")
    return f"{number}{suffix}"
