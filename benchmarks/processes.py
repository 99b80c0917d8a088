"""Worker processes under measurement: CPU seconds and memory as the kernel accounts for them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.error import URLError

from config.settings import Settings
from connectors.embedded.broker import free_port

TICKS = os.sysconf("SC_CLK_TCK")
READY_SECONDS = 300.0


class Worker:
    """One process: started, paused, measured, ended."""

    def __init__(
        self, name: str, command: Sequence[str], env: Mapping[str, str], log: Path, folder: Path | None = None
    ) -> None:
        self.name = name
        self._log = log.open("ab")
        self.process = subprocess.Popen(
            list(command), env={**os.environ, **env}, stdout=self._log, stderr=subprocess.STDOUT, cwd=folder
        )

    def cpu_seconds(self) -> float:
        """User and system time so far, of all its threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory_mb(self, which: str = "VmHWM") -> float:
        """Peak (VmHWM) or present (VmRSS) resident memory, MB of 1,000,000 bytes."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(f"{which}:"):
                return int(line.split()[1]) * 1024 / 1e6
        raise RuntimeError(f"{self.name} tells no {which}")

    def pause(self) -> None:
        """Hold it where it is."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """Stop it, kindly for 20 s."""
        self.resume()
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()


def environment(settings: Settings) -> dict[str, str]:
    """The settings as a child reads them."""
    return {
        "SHIPSYNC_BOOTSTRAP": settings.kafka.bootstrap, "SHIPSYNC_REGISTRY_URL": settings.registry.url,
        "SHIPSYNC_DATA_DIR": str(settings.state.data_dir), "SHIPSYNC_PARTITIONS": str(settings.kafka.partitions),
        "SHIPSYNC_SESSION_TIMEOUT": str(settings.stage.session_timeout),
        "SHIPSYNC_REBALANCE_TIMEOUT": str(settings.stage.rebalance_timeout),
        "SHIPSYNC_STUCK_TIMEOUT": str(settings.stage.stuck_timeout),
        "SHIPSYNC_FETCH_MIN_BYTES": str(settings.stage.fetch_min_bytes),
    }


def stages(settings: Settings, names: Sequence[str], code: Path | None = None) -> list[Worker]:
    """Our stages, each with its partitions assigned. ``code``: another checkout whose code they run."""
    started = [stage(settings, name, code) for name in names]
    for worker, port in started:
        until(worker, lambda: assigned(port))  # noqa: B023
    return [worker for worker, _ in started]


def stage(settings: Settings, name: str, code: Path | None = None) -> tuple[Worker, int]:
    """One stage, just started, and its metrics port."""
    port = free_port()
    env = {**environment(settings), "SHIPSYNC_METRICS_PORT": str(port)}
    if code is not None:
        env["PYTHONPATH"] = str(code)
    command = [sys.executable, "-m", "topologies.cli.main", "stage", name]
    return Worker(name, command, env, settings.state.data_dir / f"{name}.log", code), port


def bare(settings: Settings, names: Sequence[str], transactional: bool) -> list[Worker]:
    """Hops that only copy; the second in transactions, where asked for."""
    way = ["--transactional"] if transactional else []
    return [
        Worker(
            name, [sys.executable, "-m", "benchmarks.bare", name, *(way if name == names[-1] else [])],
            environment(settings), settings.state.data_dir / f"bare-{name}.log",
        )
        for name in names
    ]


def idiomatic(settings: Settings, names: Sequence[str], ready: Callable[[], bool]) -> list[Worker]:
    """The idiomatic Faust apps, once ``ready``."""
    workers = [
        Worker(name, [sys.executable, "-m", "benchmarks.idiomatic", name], environment(settings),
               settings.state.data_dir / f"idiomatic-{name}.log")
        for name in names
    ]
    for worker in workers:
        until(worker, ready)
    return workers


def until(worker: Worker, ready: Callable[[], bool], pause: float = 0.1) -> None:
    """Return once ``ready``, looked at every ``pause`` seconds. Raises RuntimeError where it does not come up."""
    deadline = time.monotonic() + READY_SECONDS
    while not ready():
        if worker.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{worker.name} did not come up; see its log")
        time.sleep(pause)


def listening(port: int) -> bool:
    """Whether the stage with this metrics port has come as far as to open it: after its imports."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def assigned(port: int) -> bool:
    """Whether the stage with this metrics port has its partitions."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=1) as answer:
            return b"\nshipsync_assigned_partitions{" in answer.read()
    except (URLError, OSError):
        return False
