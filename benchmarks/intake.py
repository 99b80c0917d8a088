"""``python -m benchmarks.intake``: what intake costs by format, from raw bytes to the canonical events as Avro; and
what memory a large dropped file takes. ``--write`` puts it into ``benchmarks/INTAKE.md``.

The handler of the stage alone, without Kafka: CPU seconds of this process over chunks of records, as the runner gives
them. Made-up payloads of the shape carriers send; the numbers differ, the words repeat, as they do.
"""

from __future__ import annotations

import gc
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.payloads import iftsta, ups_json, ups_xml, x12_214
from benchmarks.plain import Plain
from benchmarks.report import machine
from config import topics
from config.settings import Settings
from connectors.carriers import discover
from topologies.stages.catalogue import GC_THRESHOLDS
from topologies.stages.intake import IntakeHandler

RESULTS = Path(__file__).with_name("INTAKE.md")
RECEIVED_AT = 1_790_000_000_000
EVENTS, CHUNK, ROUNDS = 40_000, 2_500, 7
ASKED = {"JSON": 25_000, "X12 214": 15_000, "XML": 10_000}
COLUMNS = ("format", "events a payload", "bytes", "events/s of one core", "asked", "times the plain way")


class Cost(NamedTuple):
    """One format: events a payload, its bytes, and, round by round, events per second of CPU and how often the plain
    way's (``plain.py``) that is."""

    name: str
    events: int
    size: int
    rates: list[float]
    ratios: list[float]

    @property
    def median(self) -> float:
        """Returns the median rate of the rounds."""
        return statistics.median(self.rates)


class _Registry:
    """Gives an id without a registry: the handler needs no more of one."""

    def schema_id(self, topic: object) -> int:
        del topic
        return 7


class _Record:
    __slots__ = ("headers", "key", "offset", "partition", "timestamp", "topic", "value")

    def __init__(self, feed: str, offset: int, value: bytes) -> None:
        self.topic, self.partition, self.offset, self.timestamp = f"raw.{feed}.v1", 0, offset, RECEIVED_AT
        self.key, self.value = None, value
        self.headers = (
            ("feed", feed.encode()), ("content-type", b"application/octet-stream"), ("received-at", b"1790000000000"),
            ("correlation-id", b"%016x" % offset), ("channel", b"webhook"),
        )


FORMATS: tuple[tuple[str, str, int, Callable[[random.Random, int], bytes]], ...] = (
    ("JSON", "ups", 1, ups_json), ("X12 214", "rlca", 100, x12_214), ("XML", "ups", 6, ups_xml),
    ("EDIFACT IFTSTA", "edifact_partner", 60, iftsta),
)


def cost(name: str, feed: str, events: int, make: Callable[[random.Random, int], bytes]) -> Cost:
    """Measure a format round by round, ours and the plain way in turn; the first round, which fills caches, does not
    count."""
    rng = random.Random(1)
    registry: Any = _Registry()
    handler = IntakeHandler(Settings(), registry, {one.feed: one for one in discover()})
    records = [_Record(feed, number, make(rng, number)) for number in range(EVENTS // events)]
    step = max(1, CHUNK // events)
    chunks = [records[first:first + step] for first in range(0, len(records), step)]
    plain = Plain(name)
    for chunk in chunks:
        written = handler.handle(chunk, None, RECEIVED_AT).outputs[topics.CARRIER_EVENTS.name]
        plain.learn([record.value for record in chunk], [message["value"] or b"" for message in written])
    rates, ratios = [], []
    gc.set_threshold(*GC_THRESHOLDS)
    for _ in range(ROUNDS):
        gc.collect()
        gc.freeze()
        begun, made = time.process_time(), 0
        for chunk in chunks:
            made += handler.handle(chunk, None, RECEIVED_AT).counts["events"]
        took = time.process_time() - begun
        if made != len(records) * events:
            raise SystemExit(f"{name}: {made} events of {len(records) * events}: the benchmark measures nothing")
        rates.append(made / took)
        ratios.append(plain.seconds() / took)
    return Cost(name, events, sum(len(record.value) for record in records) // len(records), rates, ratios)


def costs() -> list[Cost]:
    """Every format, one after the other."""
    return [cost(*one) for one in FORMATS]


def rows(found: list[Cost]) -> list[tuple[str, ...]]:
    """Cells of a table: as ``COLUMNS`` says; min, median and max of the rounds."""
    return [
        (
            one.name, str(one.events), f"{one.size:,}",
            f"{min(one.rates):,.0f} / {one.median:,.0f} / {max(one.rates):,.0f}",
            f"{ASKED[one.name]:,}" if one.name in ASKED else "-",
            f"{min(one.ratios):.2f} / {statistics.median(one.ratios):.2f} / {max(one.ratios):.2f}",
        )
        for one in found
    ]


def page(found: list[Cost], big: Sequence[float]) -> str:
    """``INTAKE.md``."""
    lines = [
        "# Intake by format", "",
        f"Written by `make bench` on {machine()}. The intake handler alone, from raw bytes to canonical events written"
        f" as Avro, in chunks of some {CHUNK:,} events; CPU of one process, minimum / median / maximum of {ROUNDS}"
        " rounds.", "",
        "*The plain way* parses the same payloads with Python's own library and writes the same events, ready made,"
        " with fastavro: no mapping, no checks, no times, no ids. It is measured in the same rounds, in turn, so that"
        " its ratio holds where a machine's speed drifts.", "",
        f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}",
        *(f"| {' | '.join(row)} |" for row in rows(found)), "",
        f"A file of {big[0] / 1e9:.2f} GB of X12 214, cut into {big[1]:,.0f} records as the drop folder does:"
        f" {big[2]:,.0f} MB of memory at the peak (asked: below 300), {big[3]:,.0f} s of CPU.", "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the table, and write it where that is asked for."""
    found = costs()
    table = Table(*COLUMNS, title="Intake by format")
    for row in rows(found):
        table.add_row(*row)
    Console().print(table)
    if "--write" in sys.argv:
        command = [sys.executable, "-m", "benchmarks.big_file"]
        big = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        RESULTS.write_text(page(found, big), "utf-8")
        print(f"written: {RESULTS}")


if __name__ == "__main__":
    main()
