"""One child process: its specification, and the process while it runs.

A child runs in a session of its own, so a Ctrl-C reaches its supervisor alone; on Linux the kernel kills it if the
supervisor dies without stopping it.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from connectors.embedded.with_parent import ends_with_parent
from topologies.runtime.files import private_files

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
LOG_TAIL_BYTES = 2000


class State(StrEnum):
    """A child's state. ``waiting``: for its restart; ``failed``: not restarted."""

    STARTING = "starting"
    UP = "up"
    WAITING = "waiting"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """A process to keep running. ``essential``: the other processes need it, so it is not restarted alone.

    ``inherited``: returns the variables it gets beside ``env``. Higher layers are stopped before lower ones;
    ``stop_seconds`` is how long a child may take to stop.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    inherited: Callable[[], Mapping[str, str]] = os.environ.copy
    ready: Callable[[], bool] = lambda: True
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15.0
    essential: bool = False
    metrics_port: int = 0
    layer: int = 0


class Child:
    """A child process that is kept running. Times are seconds on the supervisor's clock."""

    def __init__(self, spec: ChildSpec, log: Path) -> None:
        self.spec = spec
        self.log = log
        self.state = State.STARTING
        self.restarts = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.due = 0.0
        self.pause = FIRST_PAUSE

    @property
    def pid(self) -> int | None:
        """Its process id, None while it does not run."""
        return self.process.pid if self.process is not None and self.process.poll() is None else None

    def launch(self, now: float) -> None:
        """Start the process; its output is appended to its log. Raises OSError where it cannot be started."""
        with private_files.appending(self.log) as output:
            self.process = subprocess.Popen(
                list(self.spec.command), env={**self.spec.inherited(), **self.spec.env}, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
                preexec_fn=ends_with_parent(),  # noqa: PLW1509 (two system calls, no lock of ours)
            )
        self.started = now
        self.state = State.STARTING

    def ask_to_stop(self) -> None:
        """Send its stop signal, if it runs."""
        if self.process is not None:
            self.process.send_signal(self.spec.stop_signal)

    def ended(self) -> bool:
        """Whether no process of it runs."""
        return self.process is None or self.process.poll() is not None

    def kill(self) -> None:
        """End it, and what it started, at once."""
        if self.process is not None and self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def tail(self) -> str:
        """The end of its log."""
        try:
            return self.log.read_bytes()[-LOG_TAIL_BYTES:].decode("utf-8", "replace").strip()
        except FileNotFoundError:
            return ""


def how_it_ended(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"ended with {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
