"""The state of a running stack, from its note and the metrics of every process."""

from __future__ import annotations

import time
import urllib.request
from collections import defaultdict
from dataclasses import dataclass, field
from urllib.error import URLError

from prometheus_client.parser import text_string_to_metric_families

from topologies.upfile import ProcessNote, UpFile

PROBE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """One process. ``memory_bytes``: resident; ``cpu_seconds``: since it started; ``lag``: records not done."""

    name: str
    pid: int | None
    state: str
    restarts: int
    memory_bytes: int = 0
    cpu_seconds: float = 0.0
    lag: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    dead_letters: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StackStatus:
    """Everything at one moment. ``uptime_s``: since the stack was started."""

    bootstrap: str
    registry_url: str
    uptime_s: float
    processes: list[ProcessStatus]


def look(noted: UpFile) -> StackStatus:
    """Ask every process once."""
    return StackStatus(
        noted.bootstrap, noted.registry_url, time.time() - noted.started_at / 1000,
        [_process(noted.host, process) for process in noted.processes],
    )


def _process(host: str, noted: ProcessNote) -> ProcessStatus:
    text = _metrics(host, noted.metrics_port) if noted.metrics_port and noted.pid else None
    if text is None:
        silent = noted.metrics_port != 0 and noted.state == "up"
        return ProcessStatus(noted.name, noted.pid, "not answering" if silent else noted.state, noted.restarts)
    return read(noted, text)


def _metrics(host: str, port: int) -> str | None:
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=PROBE_SECONDS) as answer:
            text: str = answer.read().decode()
            return text
    except (URLError, OSError):
        return None


def read(noted: ProcessNote, text: str) -> ProcessStatus:
    """A process's status from its metrics in the Prometheus text format."""
    sums: dict[str, float] = defaultdict(float)
    outcomes: dict[str, int] = defaultdict(int)
    dead: dict[str, int] = defaultdict(int)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "shipsync_events_total":
                outcomes[sample.labels["outcome"]] += int(sample.value)
            elif sample.name == "shipsync_dead_letters_total":
                dead[sample.labels["reason"]] += int(sample.value)
            else:
                sums[sample.name] += sample.value
    return ProcessStatus(
        noted.name, noted.pid, noted.state, noted.restarts, int(sums["process_resident_memory_bytes"]),
        sums["process_cpu_seconds_total"], int(sums["shipsync_lag_records"]), dict(outcomes), dict(dead),
    )
