"""Measures how long a worker took to restore its partitions, by its own log."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from benchmarks import processes
from benchmarks.cluster import PARTITIONS
from config.settings import Settings

PATIENCE = 1_800.0
POLL_SECONDS = 0.1
_RESTORED = re.compile(r"\[(\d+)\] restored: (\d+) records in ([0-9.]+) s")


class Restored(NamedTuple):
    """``seconds``: from the first partition's begin to the last one's end. ``records``: replayed of the changelog.
    ``cpu``: seconds of CPU the process had used by then, its start among them."""

    seconds: float
    records: int
    cpu: float


def read(log: str) -> list[tuple[float, float, int]]:
    """(begin, end, records) of every partition the log tells of, seconds since the epoch."""
    found = []
    for line in log.splitlines():
        if (told := _RESTORED.search(line)) is not None:
            end = datetime.fromisoformat(json.loads(line)["at"].replace("Z", "+00:00")).timestamp()
            found.append((end - float(told[3]), end, int(told[2])))
    return found


def start(settings: Settings, beat: Callable[[str], None]) -> tuple[processes.Worker, Restored]:
    """A shipments worker that has restored every partition, and how long that took. Raises TimeoutError."""
    log = settings.state.data_dir / "shipments.log"
    before = len(read(_text(log)))
    [worker] = processes.stages(settings, ["shipments"])
    deadline = time.monotonic() + PATIENCE
    while len(told := read(_text(log))[before:]) < PARTITIONS:
        if worker.process.poll() is not None or time.monotonic() > deadline:
            worker.end()
            raise TimeoutError(f"{len(told)} of {PARTITIONS} partitions restored; see {log}")
        beat(f"{len(told)} of {PARTITIONS} partitions restored, {worker.memory_mb('VmRSS'):,.0f} MB")
        time.sleep(POLL_SECONDS)
    took = max(end for _, end, _ in told) - min(begin for begin, _, _ in told)
    return worker, Restored(took, sum(records for _, _, records in told), worker.cpu_seconds())


def _text(log: Path) -> str:
    return log.read_text("utf-8") if log.exists() else ""
