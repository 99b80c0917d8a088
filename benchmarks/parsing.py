"""``python -m benchmarks.parsing``: what reading one record costs by its size, honest and hostile, and how that grows.
``--write`` puts it into ``benchmarks/RESULTS.md``.

The intake handler alone, without Kafka: CPU seconds of this process, and the memory at its peak beyond what was held
before. Growth is the exponent of CPU over size: 1 is linear, 2 quadratic.
"""

from __future__ import annotations

import argparse
import functools
import gc
import json
import math
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks import sections
from benchmarks.hostile import Document, carriers, documents
from benchmarks.intake import RECEIVED_AT
from config.settings import Settings
from connectors.carriers import Carrier
from topologies.stages.intake import IntakeHandler

TITLE = "Parsing by size"
SIZES = (16 * 1024, 64 * 1024, 256 * 1024, 1024 * 1024, 4 * 1024 * 1024)
LEAST_SECONDS = 0.002
"""Less than this is not told from the clock's noise: growth is taken over the sizes above it."""
MOST_GROWTH, MOST_CPU, MOST_MB = 1.15, 1.0, 50.0
COLUMNS = (
    "document", "CPU ms: 16 KB", "64 KB", "256 KB", "1 MB", "4 MB", "growth", "CPU s a MB", "times json.loads",
    "MB a MB",
)


class Cost(NamedTuple):
    """Holds the cost of one document. ``seconds``: CPU, by size; ``memory``: bytes at the peak, by size; ``yardstick``:
    CPU seconds of ``json.loads`` for an honest JSON document of the largest size, at about the same moment."""

    name: str
    is_honest: bool
    seconds: Sequence[float]
    memory: Sequence[int]
    yardstick: float

    @property
    def growth(self) -> float | None:
        """The exponent; None where too little can be told from noise."""
        told = [(math.log(size), math.log(cpu)) for size, cpu in zip(SIZES, self.seconds, strict=True)
                if cpu >= LEAST_SECONDS]
        return slope(told) if len(told) > 1 else None

    @property
    def cpu_a_mb(self) -> float:
        """CPU seconds a MB, at the largest size."""
        return self.seconds[-1] * 1e6 / SIZES[-1]

    @property
    def times_json(self) -> float:
        """Returns how many times as long as ``json.loads`` takes it, at the largest size: much the same on every
        machine."""
        return self.seconds[-1] / self.yardstick

    @property
    def mb_a_mb(self) -> float:
        """MB at the peak a MB, at the largest size."""
        return self.memory[-1] / SIZES[-1]


class _Registry:
    def schema_id(self, topic: object) -> int:
        del topic
        return 7


class RawRecord(NamedTuple):
    """One raw record, as intake reads it."""

    topic: str
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    partition: int = 0
    offset: int = 0
    timestamp: int = RECEIVED_AT
    key: bytes | None = None


def handler_of(found: Mapping[str, Carrier]) -> IntakeHandler:
    """A fresh intake handler of these carriers."""
    registry: Any = _Registry()
    return IntakeHandler(Settings(max_record_bytes=2 * SIZES[-1]), registry, found)


def seconds_of(handler: IntakeHandler, document: Document, size: int) -> float:
    """CPU seconds of reading one record of this size, of which nothing was read before."""
    record = RawRecord(f"raw.{document.feed}.v1", document.make(size), (("feed", document.feed.encode()),))
    _forget_texts()
    gc.collect()
    gc.disable()
    begun = time.process_time()
    try:
        handler.handle([record], None, RECEIVED_AT)
        return time.process_time() - begun
    finally:
        gc.enable()


def _forget_texts() -> None:
    """Empty the caches that hold texts of records: those with a bound; tables of ours have none."""
    for one in gc.get_objects():
        if isinstance(one, functools._lru_cache_wrapper) and one.cache_parameters()["maxsize"] is not None:
            one.cache_clear()


def json_seconds() -> float:
    """CPU seconds of ``json.loads`` for an honest document of the largest size; the best of three."""
    body = next(one for one in documents() if one.name == "JSON").make(SIZES[-1])
    took = []
    for _ in range(3):
        begun = time.process_time()
        json.loads(body)
        took.append(time.process_time() - begun)
    return min(took)


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Returns the slope of the least squares line through the points."""
    middle_x, middle_y = (sum(axis) / len(points) for axis in zip(*points, strict=True))
    rise: float = sum((x - middle_x) * (y - middle_y) for x, y in points)
    return rise / sum((x - middle_x) ** 2 for x, _ in points)


def cost(found: Mapping[str, Carrier], document: Document) -> Cost:
    """Measures the cost of the document at each size; the best of three runs at those that are quick."""
    seconds, memory = [], []
    for size in SIZES:
        handler = handler_of(found)
        before = _resident("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")
        took = [seconds_of(handler, document, size)]
        memory.append(max(0, _resident("VmHWM") - before - size))
        took += [seconds_of(handler_of(found), document, size) for _ in range(2 if took[0] < 0.2 else 0)]
        seconds.append(min(took))
    return Cost(document.name, document.is_honest, seconds, memory, json_seconds())


def _resident(which: str) -> int:
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{which}:")) * 1024


def row(one: Cost) -> tuple[str, ...]:
    """Cells of the table, as ``COLUMNS`` says."""
    growth = "-" if one.growth is None else f"{one.growth:.2f}"
    return (
        one.name, *(f"{seconds * 1000:,.0f}" for seconds in one.seconds), growth, f"{one.cpu_a_mb:.2f}",
        f"{one.times_json:.0f}", f"{one.mb_a_mb:.0f}",
    )


def lines(found: Sequence[Cost]) -> list[str]:
    """The section of ``RESULTS.md``."""
    worst_cpu = max(found, key=lambda one: one.cpu_a_mb)
    worst_mb = max(found, key=lambda one: one.mb_a_mb)
    worst_growth = max((one for one in found if one.growth is not None), key=lambda one: one.growth or 0)
    worst_times = max(found, key=lambda one: one.times_json)
    json_ms = min(one.yardstick for one in found) * 1e9 / SIZES[-1]
    return [
        "One record through the intake handler, mapped, and written as Avro; CPU of one process, and memory at the peak"
        " beyond the record itself. Growth is the exponent of CPU over size: 1 is linear, 2 quadratic; `-`: refused"
        " before a clock can tell. How fast a machine is, and how busy with other things, its CPU seconds say: here"
        f" `json.loads` takes {json_ms:.1f} ms a MB of the honest JSON document, and the worst document below"
        f" {worst_times.times_json:.0f} times as long as that ({worst_times.name}).", "",
        "| | asked | worst | |", "|---|---|---|---|",
        f"| growth from 16 KB to 4 MB | at most {MOST_GROWTH} | {worst_growth.growth:.2f} ({worst_growth.name}) |"
        f" {sections.verdict((worst_growth.growth or 0) <= MOST_GROWTH)} |",
        f"| CPU seconds a MB | at most {MOST_CPU:g} | {worst_cpu.cpu_a_mb:.2f} ({worst_cpu.name}) |"
        f" {sections.verdict(worst_cpu.cpu_a_mb <= MOST_CPU)} |",
        f"| MB a MB | at most {MOST_MB:g} | {worst_mb.mb_a_mb:.0f} ({worst_mb.name}) |"
        f" {sections.verdict(worst_mb.mb_a_mb <= MOST_MB)} |", "",
        *_table("honest documents", [one for one in found if one.is_honest]), "",
        *_table("hostile documents", [one for one in found if not one.is_honest]),
    ]


def _table(title: str, found: Sequence[Cost]) -> list[str]:
    return [
        f"| {' | '.join([title, *COLUMNS[1:]])} |", f"|{'---|' * len(COLUMNS)}",
        *(f"| {' | '.join(row(one))} |" for one in found),
    ]


def main() -> None:
    """Print the table, and write it where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parsing", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put it into benchmarks/RESULTS.md")
    parser.add_argument("--only", default="", help="documents whose name holds this")
    asked = parser.parse_args()
    console, table = Console(), Table(*COLUMNS, title=TITLE)
    costs = []
    with tempfile.TemporaryDirectory() as home:
        found = carriers(Path(home))
        for document in documents():
            if asked.only in document.name:
                costs.append(cost(found, document))
                table.add_row(*row(costs[-1]))
                console.print(" | ".join(row(costs[-1])), style="dim")
    console.print(table)
    if asked.write:
        sections.put(TITLE, "python -m benchmarks.parsing --write", lines(costs), sections.RESULTS)
        console.print(f"written: {sections.RESULTS}")


if __name__ == "__main__":
    main()
