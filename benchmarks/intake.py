"""``python -m benchmarks.intake``: what intake costs by format, from raw bytes to the canonical events as Avro; and
what memory a large dropped file takes. ``--write`` puts it into ``benchmarks/INTAKE.md``.

The handler of the stage alone, without Kafka: CPU seconds of this process over chunks of records, as the runner gives
them. Made-up payloads of the shape carriers send; the numbers differ, the words repeat, as they do.
"""

from __future__ import annotations

import gc
import io
import json
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.plain import Plain
from benchmarks.report import machine
from benchmarks.workload import tracking_number
from config import topics
from config.settings import Settings
from connectors.carriers import discover
from connectors.formats import x12_cutting
from topologies.apps import GC_THRESHOLDS
from topologies.intake import IntakeHandler

RESULTS = Path(__file__).with_name("INTAKE.md")
BIG_FILE = 1_000_000_000
RECEIVED_AT = 1_790_000_000_000
EVENTS, CHUNK, ROUNDS = 40_000, 2_500, 7
ASKED = {"JSON": 25_000, "X12 214": 15_000, "XML": 10_000}
COLUMNS = ("format", "events a payload", "bytes", "events/s of one core", "asked", "times the plain way")
CITIES = [("CHARLOTTE", "NC", "28209"), ("ATLANTA", "GA", "30301"), ("BOSTON", "MA", "02108"), ("TULSA", "OK", "74103")]


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
        """Of the rounds."""
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


def ups_json(rng: random.Random, number: int) -> bytes:
    """A track alert: one scan."""
    city, state, code = rng.choice(CITIES)
    clock = f"{rng.randrange(24):02}{rng.randrange(60):02}{rng.randrange(60):02}"
    return json.dumps({
        "trackingNumber": tracking_number(number // 4), "localActivityDate": "20260918", "localActivityTime": clock,
        "activityLocation": {"city": city, "stateProvince": state, "postalCode": code, "country": "US"},
        "activityStatus": {"type": "I", "code": "OT", "description": "Out for Delivery", "descriptionCode": 17},
        "scheduledDeliveryDate": "20260918", "gmtActivityDate": "20260918", "gmtActivityTime": clock,
        "deliveryTimeDescription": "end of day",
    }).encode()


def x12_214(rng: random.Random, number: int) -> bytes:
    """An interchange of 20 transaction sets with 5 statuses each."""
    sets = []
    for one in range(20):
        city, state, _ = rng.choice(CITIES)
        segments = [f"ST*214*{one:04}", f"B10*PRO{number:07}{one:02}*SH{one}*RLCA", f"L11*BOL{number}{one}*BM"]
        for code in ("AF", "X4", "P1", "X6", "D1"):
            clock = f"{rng.randrange(24):02}{rng.randrange(60):02}"
            segments += [f"AT7*{code}*NS***20260918*{clock}*ET", f"MS1*{city}*{state}*US"]
        sets.append("".join(f"{segment}~" for segment in [*segments, f"SE*{len(segments) + 1}*{one:04}"]))
    return (
        f"ISA*00*          *00*          *02*RLCA           *ZZ*SHIPPER        *260918*1030*U*00401*{number:09}*0*P*>~"
        f"GS*QM*RLCA*SHIPPER*20260918*1030*1*X*004010~{''.join(sets)}GE*20*1~IEA*1*{number:09}~"
    ).encode()


def ups_xml(rng: random.Random, number: int) -> bytes:
    """An XML Track answer: one package with 6 activities."""
    scans = []
    for kind in ("I", "I", "I", "I", "I", "D"):
        city, state, code = rng.choice(CITIES)
        scans.append(
            f"<Activity><ActivityLocation><Address><City>{city}</City><StateProvinceCode>{state}</StateProvinceCode>"
            f"<PostalCode>{code}</PostalCode><CountryCode>US</CountryCode></Address></ActivityLocation><Status>"
            f"<StatusType><Code>{kind}</Code><Description>ARRIVAL SCAN</Description></StatusType><StatusCode>"
            f"<Code>AR</Code></StatusCode></Status><Date>20260918</Date><Time>{rng.randrange(24):02}{rng.randrange(60):02}00"
            "</Time></Activity>"
        )
    return (
        "<?xml version='1.0'?><TrackResponse><Shipment><Package>"
        f"<TrackingNumber>{tracking_number(number)}</TrackingNumber>"
        f"{''.join(scans)}</Package></Shipment></TrackResponse>"
    ).encode()


def iftsta(rng: random.Random, number: int) -> bytes:
    """An interchange of 20 messages with 3 statuses each."""
    messages = []
    for one in range(20):
        segments = [f"UNH+{one}+IFTSTA:D:01B:UN", "BGM+44+X+9", "NAD+CA+ABCD:160", f"CNI+1+C{number:07}{one:02}"]
        for code in ("13", "24", "21"):
            clock = f"{rng.randrange(24):02}{rng.randrange(60):02}"
            segments += [f"STS+1+{code}", f"DTM+334:20260918{clock}:203", "LOC+175+DEHAM:139::HAMBURG+DE"]
        messages.append("".join(f"{segment}'" for segment in [*segments, f"UNT+{len(segments) + 1}+{one}"]))
    return f"UNB+UNOC:3+A+B+260918:1030+{number}'{''.join(messages)}UNZ+20+{number}'".encode()


FORMATS: tuple[tuple[str, str, int, Callable[[random.Random, int], bytes]], ...] = (
    ("JSON", "ups", 1, ups_json), ("X12 214", "rlca", 100, x12_214), ("XML", "ups", 6, ups_xml),
    ("EDIFACT IFTSTA", "edifact_partner", 60, iftsta),
)


def cost(name: str, feed: str, events: int, make: Callable[[random.Random, int], bytes]) -> Cost:
    """What a format costs, round by round, ours and the plain way in turn; the first round, which fills the memories,
    does not count."""
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


class _OneBigFile(io.RawIOBase):
    """An X12 file of so many bytes, made while it is read."""

    def __init__(self, size: int) -> None:
        rng = random.Random(1)
        whole = x12_214(rng, 1)
        begins, ends = whole.index(b"ST*"), whole.index(b"GE*")
        self._next = [whole[:begins], *([whole[begins:ends]] * (size // (ends - begins))), whole[ends:]]
        self._next.reverse()
        self._held = b""

    def read(self, size: int = -1) -> bytes:
        parts, there = [self._held], len(self._held)
        while self._next and there < size:
            parts.append(self._next.pop())
            there += len(parts[-1])
        whole = b"".join(parts)
        self._held = whole[size:]
        return whole[:size]


def big_file() -> tuple[int, int, int, float]:
    """Bytes, pieces, peak MB of this process, and seconds of CPU of cutting 1 GB of X12."""
    begun, size, pieces = time.process_time(), 0, 0
    stream: Any = _OneBigFile(BIG_FILE)
    for piece in x12_cutting.pieces(stream, 512 * 1024):
        size, pieces = size + len(piece), pieces + 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return size, pieces, peak, time.process_time() - begun


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
    if "--big-file" in sys.argv:
        print(json.dumps(big_file()))
        return
    found = costs()
    table = Table(*COLUMNS, title="Intake by format")
    for row in rows(found):
        table.add_row(*row)
    Console().print(table)
    if "--write" in sys.argv:
        command = [sys.executable, "-m", "benchmarks.intake", "--big-file"]
        big = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        RESULTS.write_text(page(found, big), "utf-8")
        print(f"written: {RESULTS}")


if __name__ == "__main__":
    main()
