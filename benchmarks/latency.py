"""``python -m benchmarks.latency``: how long a raw event takes to the last outputs at a steady rate, and what it costs.

Real processes of intake and shipments. An event counts from its receipt header; it is *written* when the stage stamped
its record on ``shipment.events``, *readable* when a reader at ``read_committed`` has it. ``--before FOLDER`` runs the
code of another checkout in turn with this one, over the same workload; ``--bare`` also two hops with nothing in them
(``bare.py``), the floor of this machine; ``--load`` measures the full load as well.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Message

from benchmarks import cluster, processes, scenarios, sections
from benchmarks.scenarios import Latency
from benchmarks.workload import Workload, make
from config import headers, topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts import model

RATE, SECONDS, WARM_SECONDS = 1_000, 20, 10
EVENTS = 200_000
LOOP_SECONDS = 0.002
LINGER_MS = 2
WANTED = {"kafka": (40, 80), "embedded": (120, 200)}
WANTED_CORES = 0.5


def latency(
    rate: int, seconds: int, beat: scenarios.Beat, broker: str = "embedded", code: Path | None = None,
    warm_seconds: int = WARM_SECONDS,
) -> Latency:
    """A steady stream of raw events; the first ``warm_seconds`` are not counted."""
    load = make(rate * (warm_seconds + seconds))
    with tempfile.TemporaryDirectory() as folder, cluster.cluster(Path(folder), broker) as settings:
        cluster.send_references(settings, load.references)
        workers = processes.stages(settings, scenarios.STAGES, code)
        try:
            scenarios.until_idle(workers)
            with cluster.Counter(settings, topics.SHIPMENT_EVENTS.name) as counter:
                return _paced(
                    settings, load, rate, warm_seconds, counter, workers, beat, load.distinct,
                    _received_in_event(settings),
                )
        finally:
            for worker in workers:
                worker.end()


def floor(
    rate: int, seconds: int, beat: scenarios.Beat, broker: str = "embedded", warm_seconds: int = WARM_SECONDS
) -> Latency:
    """The same stream through two hops that only copy."""
    load = make(rate * (warm_seconds + seconds))
    with tempfile.TemporaryDirectory() as folder, cluster.cluster(Path(folder), broker) as settings:
        workers = processes.bare(settings, scenarios.STAGES, transactional=broker == "kafka")
        try:
            with cluster.Counter(settings, topics.SHIPMENT_EVENTS.name) as counter:
                return _paced(
                    settings, load, rate, warm_seconds, counter, workers, beat, len(load.bodies), _received_in_header
                )
        finally:
            for worker in workers:
                worker.end()


def _received_in_header(message: Message) -> float:
    return float(dict(message.headers() or [])[headers.RECEIVED_AT])


def _received_in_event(settings: Settings) -> Callable[[Message], float]:
    codec = ValueCodec(topics.SHIPMENT_EVENTS, model.EnrichedEvent, Registry(settings))

    def received(message: Message) -> float:
        event = codec.decode(message.value()).event
        assert isinstance(event, model.CarrierEvent)
        return float(event.received_at)

    return received


def _paced(
    settings: Settings, load: Workload, rate: int, warm_seconds: int, counter: cluster.Counter,
    workers: Sequence[processes.Worker], beat: scenarios.Beat, expected: int, received: Callable[[Message], float],
) -> Latency:
    """Send at the rate, read the ``expected`` records that come out; figures of what was received after the warm-up."""
    out = cluster.producer(settings, LINGER_MS)
    topic, seen = topics.raw("ups").name, list[tuple[Message, float]]()
    started, sent, last = time.time(), 0, time.monotonic()
    counted_from, spent_before, spent = started + warm_seconds, 0.0, 0.0
    while sent < len(load.bodies) or counter.count < expected:
        now = time.time()
        if sent < len(load.bodies):
            if not spent_before and now >= counted_from:
                spent_before = _cpu(workers)
            due = min(len(load.bodies), int((now - started) * rate))
            for number in range(sent, due):
                out.produce(topic, load.bodies[number], partition=number % cluster.PARTITIONS,
                            headers=cluster.raw_headers(number))
            sent = due
            out.poll(0)
            if sent == len(load.bodies):
                spent = (_cpu(workers) - spent_before) / (now - counted_from)
        came = counter.take(LOOP_SECONDS)
        if came:
            last, at = time.monotonic(), time.time() * 1000
            seen += [(message, at) for message in came]
            beat(f"{sent:,} of {len(load.bodies):,} sent")
        elif time.monotonic() - last > scenarios.PATIENCE:
            raise TimeoutError(f"{counter.count} of {expected} came out")
    written, readable = _delays(received, seen, counted_from * 1000)
    return Latency(rate, *_cuts(written), *_cuts(readable), spent)


def _delays(
    received: Callable[[Message], float], seen: Sequence[tuple[Message, float]], counted_from: float
) -> tuple[list[float], list[float]]:
    """Measures each event received at ``counted_from`` (ms) or later: receipt to written, receipt to readable, ms."""
    written, readable = [], []
    for message, at in seen:
        began = received(message)
        if began >= counted_from:
            written.append(float(message.timestamp()[1] - began))
            readable.append(at - began)
    return written, readable


def _cuts(delays: Sequence[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(delays, n=100)
    return cuts[49], cuts[98]


def _cpu(workers: Sequence[processes.Worker]) -> float:
    return sum(worker.cpu_seconds() for worker in workers)


class Row(NamedTuple):
    """One run: which broker, whose code, what came of it. ``load``: None where the full load was not asked for."""

    broker: str
    code: str
    latency: Latency
    load: scenarios.Throughput | None


def lines(rows: Sequence[Row], load_average: float) -> list[str]:
    """The section as it stands in RESULTS.md: medians of each broker's and each code's runs."""
    found = [
        "| broker | code | receipt to written p50/p99 ms | to readable p50/p99 ms | cores of both stages"
        " | full load: events/s | CPU µs an event |", "|---|---|---|---|---|---|---|",
    ]
    for broker, code in dict.fromkeys((row.broker, row.code) for row in rows):
        runs = [row for row in rows if (row.broker, row.code) == (broker, code)]
        p50, p99, seen50, seen99, cores = (
            statistics.median(column) for column in list(zip(*(row.latency for row in runs), strict=True))[1:]
        )
        loads = [row.load for row in runs if row.load is not None]
        full = ("–", "–") if not loads else (
            f"{statistics.median(one.events_per_second for one in loads):,.0f}",
            f"{statistics.median(sum(one.cpu_us.values()) for one in loads):.1f}",
        )
        found.append(
            f"| {broker} | {code} | {p50:.0f} / {p99:.0f} | {seen50:.0f} / {seen99:.0f} | {cores:.2f} |"
            f" {full[0]} | {full[1]} |"
        )
    asked = "; ".join(f"{broker} {p50}/{p99} ms" for broker, (p50, p99) in WANTED.items())
    return [
        f"{rows[0].latency.rate:,} raw events/s, {len(rows)} runs in turn, medians; load average at the start"
        f" {load_average:.1f}. Asked, receipt to written: {asked}, at most {WANTED_CORES} core for both stages.", "",
        *found, "",
        "`written`: the time the stage stamped on its record of `shipment.events`; `readable`: when a reader at"
        " `read_committed` in the bench had it, its own fetch included.",
    ]


def _runs(asked: argparse.Namespace) -> Iterator[Row]:
    codes: list[tuple[str, Path | None]] = [] if asked.before is None else [("before", asked.before.resolve())]
    for _ in range(asked.runs):
        for broker in asked.broker:
            for name, code in [*codes, ("after", None)]:
                steady = latency(asked.rate, asked.seconds, _quiet, broker, code)
                full = scenarios.ours(asked.events, _quiet, broker, code) if asked.load else None
                yield Row(broker, name, steady, full)
            if asked.bare:
                yield Row(broker, "nothing, copied", floor(asked.rate, asked.seconds, _quiet, broker), None)


def _quiet(what: str) -> None:
    del what


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
    parser.add_argument("--broker", action="append", choices=cluster.BROKERS, help="may be repeated (both)")
    parser.add_argument("--before", type=Path, help="a checkout whose code is measured in turn with this one")
    parser.add_argument("--bare", action="store_true", help="two hops that only copy, in turn: this machine's floor")
    parser.add_argument("--rate", type=int, default=RATE)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--load", action="store_true", help="measure the full load as well")
    parser.add_argument("--events", type=int, default=EVENTS, help="of the full load")
    parser.add_argument("--json", action="store_true", help="one JSON object a run, as it ends")
    parser.add_argument("--write", action="store_true", help="put the section into RESULTS.md")
    asked = parser.parse_args()
    asked.broker = asked.broker or list(cluster.BROKERS)
    load_average, rows = os.getloadavg()[0], []
    for row in _runs(asked):
        rows.append(row)
        if asked.json:
            full = {} if row.load is None else row.load._asdict() | {"events_per_second": row.load.events_per_second}
            figures = {"broker": row.broker, "code": row.code, **row.latency._asdict(), "load": full}
            print(json.dumps(figures), flush=True)
        else:
            print(row, flush=True)
    text = lines(rows, load_average)
    if asked.write:
        sections.put("Latency", " ".join(["python -m benchmarks.latency", *sys.argv[1:]]), text, sections.RESULTS)
    elif not asked.json:
        print("\n".join(text))


if __name__ == "__main__":
    main()
