"""Keeps child processes running: starts them in order, restarts what dies with back-off, stops them cleanly.

Children run in sessions of their own, so a Ctrl-C reaches the supervisor alone; on Linux they are told to
end should the supervisor be killed.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from streams.errors import Transient

EXIT_WRONG_SETTINGS = 78
PATIENCE_SECONDS = 60.0
"""Up for so long, a child's next death starts the back-off anew."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
POLL_SECONDS = 0.1
LOG_TAIL_BYTES = 2000
_PR_SET_PDEATHSIG = 1

Say = Callable[[str, str], None]
"""Called with a child's name and what became of it."""


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """One process to keep. ``essential``: without it the others make no sense, it is not restarted alone."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] = lambda: True
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15.0
    essential: bool = False
    metrics_port: int = 0


class Child:
    """A kept process. ``state``: starting, up, waiting, failed, stopped."""

    def __init__(self, spec: ChildSpec, log: Path) -> None:
        self.spec = spec
        self.log = log
        self.state = "starting"
        self.restarts = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.due = 0.0
        self.pause = FIRST_PAUSE

    @property
    def pid(self) -> int | None:
        """Its process id, None while it does not run."""
        return self.process.pid if self.process is not None and self.process.poll() is None else None

    def launch(self, clock: Callable[[], float]) -> None:
        """Start the process; its output is appended to its log."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                list(self.spec.command), env={**os.environ, **self.spec.env}, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=_end_with_parent,
            )
        self.started = clock()
        self.state = "starting"

    def tail(self) -> str:
        """The end of its log."""
        try:
            return self.log.read_bytes()[-LOG_TAIL_BYTES:].decode("utf-8", "replace").strip()
        except FileNotFoundError:
            return ""


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Supervisor:
    """Keeps the children it was given. Start it from the main thread: children end with their starter."""

    def __init__(
        self, log_dir: Path, say: Say = lambda name, what: None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        log_dir.mkdir(parents=True, exist_ok=True)
        self._log_dir, self._say, self._clock = log_dir, say, clock
        self._children: dict[str, Child] = {}
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self.broken = threading.Event()
        """Set when an essential child died."""

    @property
    def children(self) -> list[Child]:
        """In the order they were started."""
        return list(self._children.values())

    def start(self, spec: ChildSpec) -> Child:
        """Start a child; it need not be ready yet."""
        child = Child(spec, self._log_dir / f"{spec.name}.log")
        with self._lock:
            self._children[spec.name] = child
            child.launch(self._clock)
        self._say(spec.name, "starting")
        return child

    def wait_ready(self, seconds: float) -> None:
        """Return when every child is up. Raises Transient, with the log's end of one that is not."""
        deadline = self._clock() + seconds
        while True:
            self.look()
            waiting = [child for child in self.children if child.state != "up"]
            if not waiting:
                return
            first = waiting[0]
            if first.state == "failed" or self._clock() >= deadline:
                raise Transient(f"{first.spec.name} did not come up ({first.log}):\n{first.tail()}")
            time.sleep(POLL_SECONDS)

    def look(self) -> None:
        """See to every child once: note who is up, restart who is due."""
        with self._lock:
            if not self._stopping.is_set():
                for child in self.children:
                    self._see_to(child)

    def run(self, until: Callable[[], bool]) -> None:
        """Look again and again, until told to end or an essential child died."""
        while not until() and not self.broken.is_set():
            self.look()
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Stop every child, last started first; kill what does not stop in its time."""
        self._stopping.set()
        with self._lock:
            for child in reversed(self.children):
                self._end(child)

    def _see_to(self, child: Child) -> None:
        if child.state in ("failed", "stopped"):
            return
        if child.state == "waiting":
            if self._clock() >= child.due:
                child.restarts += 1
                child.launch(self._clock)
                self._say(child.spec.name, f"restarting, for the {_ordinal(child.restarts)} time")
            return
        code = child.process.poll() if child.process is not None else None
        if code is not None:
            self._died(child, code)
        elif child.state == "starting" and child.spec.ready():
            child.state = "up"
            self._say(child.spec.name, f"up after {self._clock() - child.started:.1f} s")

    def _died(self, child: Child, code: int) -> None:
        if self._clock() - child.started > PATIENCE_SECONDS:
            child.pause = FIRST_PAUSE
        if child.spec.essential or code == EXIT_WRONG_SETTINGS:
            child.state = "failed"
            self._say(child.spec.name, f"ended with {code}, see {child.log}")
            if child.spec.essential:
                self.broken.set()
            return
        child.state = "waiting"
        child.due = self._clock() + child.pause
        self._say(child.spec.name, f"ended with {code}, restarted in {child.pause:g} s; see {child.log}")
        child.pause = min(child.pause * 2, LONGEST_PAUSE)

    def _end(self, child: Child) -> None:
        process = child.process
        if process is not None and process.poll() is None:
            process.send_signal(child.spec.stop_signal)
            try:
                process.wait(child.spec.stop_seconds)
            except subprocess.TimeoutExpired:
                self._say(child.spec.name, f"does not stop within {child.spec.stop_seconds:g} s: killed")
                process.kill()
                process.wait()
        child.state = "stopped"
        self._say(child.spec.name, "stopped")


def _ordinal(number: int) -> str:
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(0 if 10 <= number % 100 <= 20 else number % 10, "th")
    return f"{number}{suffix}"
