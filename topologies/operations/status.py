"""The state of a running stack, from ``up.json`` and each process's metrics."""

from __future__ import annotations

import json
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from urllib.error import HTTPError

from prometheus_client.parser import text_string_to_metric_families

from streams.contracts.model import Alert
from topologies.local_stack.stack_file import ProcessNote, UpFile

PROBE_SECONDS = 2.0
AT_ONCE = 8
NOT_ANSWERING = "silent"
"""The supervisor holds the process for up, but its metrics endpoint does not answer."""


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """One process. ``memory_bytes``: resident memory; ``cpu_seconds``: since it started; ``lag``: records not yet done.

    ``records``: handled since it started; ``per_second``: since the previous look, None at the first one.
    ``processing``: exactly_once or at_least_once. ``missing``: what keeps it from being ready, by name. ``paused``:
    feeds whose records wait.
    """

    name: str
    pid: int | None
    state: str
    restarts: int
    memory_bytes: int = 0
    cpu_seconds: float = 0.0
    lag: int = 0
    records: int = 0
    per_second: float | None = None
    outcomes: dict[str, int] = field(default_factory=dict)
    dead_letters: dict[str, int] = field(default_factory=dict)
    processing: str | None = None
    paused: tuple[str, ...] = ()
    missing: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An alert that is not resolved. ``raised_at``: UTC ms. ``affected``: the number of shipments it is about."""

    alert_id: str
    kind: str
    severity: str
    subject: str
    message: str
    raised_at: int
    state: str = "raised"
    owner: str | None = None
    affected: int = 0


@dataclass(frozen=True, slots=True)
class StackStatus:
    """The stack at one moment. ``uptime_s``: since its start; ``taken_at``: seconds of a clock.

    ``open_alerts``: None if they could not be read.
    """

    bootstrap: str
    registry_url: str
    uptime_s: float
    taken_at: float
    processes: list[ProcessStatus]
    open_alerts: list[OpenAlert] | None = None


def look(noted: UpFile, clock: Callable[[], float] = time.time) -> StackStatus:
    """Read the metrics of every process, all at the same time."""
    with ThreadPoolExecutor(AT_ONCE) as asking:
        processes = list(asking.map(lambda one: _process(noted.host, one), noted.processes))
    now = clock()
    return StackStatus(noted.bootstrap, noted.registry_url, now - noted.started_at / 1000, now, processes)


def with_rates(now: StackStatus, before: StackStatus) -> StackStatus:
    """``now`` with the records per second since ``before``, for processes that were not restarted in between."""
    seconds = now.taken_at - before.taken_at
    earlier = {process.pid: process for process in before.processes if process.pid is not None}

    def rated(process: ProcessStatus) -> ProcessStatus:
        known = earlier.get(process.pid) if process.pid is not None else None
        if known is None or seconds <= 0 or not process.memory_bytes or process.records < known.records:
            return process
        return replace(process, per_second=(process.records - known.records) / seconds)

    return replace(now, processes=[rated(process) for process in now.processes])


def with_alerts(status: StackStatus, alerts: list[Alert] | None) -> StackStatus:
    """``status`` with the open alerts."""
    if alerts is None:
        return status
    return replace(status, open_alerts=[
        OpenAlert(
            one.alert_id, one.kind.value, one.severity.value, one.subject, one.message, one.raised_at,
            one.state.value, one.owner, one.affected,
        )
        for one in alerts
    ])


def _process(host: str, noted: ProcessNote) -> ProcessStatus:
    text = _metrics(host, noted.metrics_port) if noted.metrics_port and noted.pid else None
    if text is None:
        silent = noted.metrics_port != 0 and noted.state == "up"
        return ProcessStatus(noted.name, noted.pid, NOT_ANSWERING if silent else noted.state, noted.restarts)
    return replace(read(noted, text), missing=_missing(host, noted.metrics_port))


def _metrics(host: str, port: int) -> str | None:
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=PROBE_SECONDS) as answer:
            text: str = answer.read().decode()
            return text
    except OSError:
        return None


def _missing(host: str, port: int) -> dict[str, str]:
    """Asks ``/readyz`` what is missing, by name; the gateway says it in one sentence."""
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/readyz", timeout=PROBE_SECONDS):
            return {}
    except HTTPError as error:
        try:
            told = json.loads(error.read())
            missing = told.get("missing") or {"ready": told["detail"]}
            return {str(name): str(what) for name, what in missing.items()}
        except (ValueError, LookupError, AttributeError, OSError):
            return {"ready": f"HTTP {error.code}"}
    except OSError:
        return {"ready": "no answer"}


def read(noted: ProcessNote, text: str) -> ProcessStatus:
    """A process's status from its metrics in the Prometheus text format."""
    sums: dict[str, float] = defaultdict(float)
    outcomes: dict[str, int] = defaultdict(int)
    dead: dict[str, int] = defaultdict(int)
    processing, paused = None, []
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "shipsync_events_total":
                outcomes[sample.labels["outcome"]] += int(sample.value)
            elif sample.name == "shipsync_dead_letters_total":
                dead[sample.labels["reason"]] += int(sample.value)
            elif sample.name == "shipsync_processing_info":
                processing = sample.labels["processing"]
            elif sample.name == "shipsync_feed_paused":
                paused += [sample.labels["feed"]] if sample.value else []
            else:
                sums[sample.name] += sample.value
    return ProcessStatus(
        noted.name, noted.pid, noted.state, noted.restarts,
        memory_bytes=int(sums["process_resident_memory_bytes"]), cpu_seconds=sums["process_cpu_seconds_total"],
        lag=int(sums["shipsync_lag_records"]), records=int(sums["shipsync_chunk_records_sum"]),
        outcomes=dict(outcomes), dead_letters=dict(dead), processing=processing, paused=tuple(sorted(paused)),
    )
