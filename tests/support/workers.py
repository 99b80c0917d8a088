"""Echo stages as processes: started, killed and stopped by tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from config.topics import DEAD_LETTERS
from connectors.embedded.with_parent import ends_with_parent
from tests.support.topics import committed, create_topic, read_all, topics, unique
from tests.support.waiting import PATIENCE, eventually

ROOT = Path(__file__).resolve().parent.parent.parent
PARTITIONS = 4


class EchoStage:
    """The topics of one echo stage and the workers on it."""

    def __init__(self, bootstrap: str, folder: Path, with_state: bool = True, **settings: Any) -> None:
        self.bootstrap, self.folder = bootstrap, folder
        name = unique("echo")
        self.app_id = name
        self.input, self.output, self.letters = f"{name}.in", f"{name}.out", f"{name}.dlq"
        self.state = f"{name}.state" if with_state else None
        for topic in (self.input, self.output, self.letters, *([self.state] if self.state else [])):
            create_topic(bootstrap, topic, PARTITIONS)
        if DEAD_LETTERS.name not in topics(bootstrap):
            create_topic(bootstrap, DEAD_LETTERS.name)
        self.settings = {
            "bootstrap": bootstrap, "session_timeout": 6, "rebalance_timeout": 6, "drain_timeout": 5,
            "stuck_timeout": 2 * PATIENCE,
            "commit_interval": 0.2, "chunk_records": 500, **settings,
        }
        self._running: list[subprocess.Popen[bytes]] = []

    def start(
        self, disk: str = "disk", pause: float = 0.0, freeze_before: str | None = None, **settings: Any
    ) -> subprocess.Popen[bytes]:
        """A new worker process; its log lies beside its disk. ``freeze_before``: the step of a write it stops at."""
        arguments = {
            "settings": {**self.settings, "data_dir": str(self.folder / disk), **settings},
            "app_id": self.app_id, "state_topic": self.state, "dlq": self.letters, "output": self.output,
            "inputs": [self.input], "pause": pause,
        } | ({} if freeze_before is None else {"freeze_before": freeze_before})
        with (self.folder / f"{disk}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.echo_worker", json.dumps(arguments)],
                cwd=ROOT, stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": str(ROOT)},
                preexec_fn=ends_with_parent(),  # noqa: PLW1509 (two system calls, no lock of ours)
            )
        self._running.append(process)
        return process

    def outputs(self) -> list[bytes]:
        """Every id on the output topic, repeats included."""
        return [message.value() or b"" for message in read_all(self.bootstrap, self.output)]

    def states(self) -> dict[bytes, bytes]:
        """The last record of each key on the changelog, as a restore reads it."""
        assert self.state is not None
        return {one.key() or b"": one.value() or b"" for one in read_all(self.bootstrap, self.state)}

    def done(self) -> int:
        """How far the group has committed, all partitions together."""
        return sum(committed(self.bootstrap, self.app_id, self.input, PARTITIONS).values())

    def wait_until_done(self, count: int) -> None:
        """Return once ``count`` input records are committed. A worker's log is in the error."""
        try:
            eventually(lambda: self.done() >= count, interval=0.2)
        except AssertionError as error:
            raise AssertionError(f"{self.done()} of {count} committed\n{self.logs()}") from error

    def logs(self) -> str:
        """The end of every worker's log."""
        return "\n".join(path.read_text()[-3000:] for path in self.folder.glob("*.log"))

    def stop_all(self) -> None:
        """Kill what still runs."""
        for process in self._running:
            if process.poll() is None:
                process.kill()
            process.wait()


@contextmanager
def echo_stage(bootstrap: str, folder: Path, with_state: bool = True, **settings: Any) -> Iterator[EchoStage]:
    """An echo stage whose workers are gone afterwards."""
    stage = EchoStage(bootstrap, folder, with_state, **settings)
    try:
        yield stage
    finally:
        stage.stop_all()


def is_stopped(process: subprocess.Popen[bytes]) -> bool:
    """Whether it is frozen (SIGSTOP)."""
    return Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL, as the kernel or a person would."""
    process.kill()
    process.wait()


def terminate(process: subprocess.Popen[bytes], timeout: float = PATIENCE) -> int:
    """SIGTERM; the exit code. Raises TimeoutExpired."""
    process.send_signal(signal.SIGTERM)
    return process.wait(timeout)


def resident_bytes(process: subprocess.Popen[bytes]) -> int:
    """Memory the process holds now."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
