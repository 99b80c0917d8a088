"""``python -m benchmarks.processing``: what exactly once costs beside at least once, in turn on Apache Kafka.

Intake and shipments as processes. Each round runs both ways of writing, each on a fresh broker: first a backlog
(events a second, CPU an event), then a steady stream (from the receipt of an event to when a reader at
``read_committed`` has its record on ``shipment.events``). Other work on the machine hits both, so the ratios count.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks import cluster, processes, scenarios, sections
from benchmarks.report import spread
from benchmarks.workload import Workload, make
from config import topics
from config.settings import Processing, Settings
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts import model

TITLE = "Exactly once beside at least once"
STAGES = ("intake", "shipments")
MODES = (Processing.AT_LEAST_ONCE, Processing.EXACTLY_ONCE)
PATIENCE, WARM_UP, SKIPPED_SECONDS = 300.0, 400, 3


class Run(NamedTuple):
    """One way of writing in one round. ``cpu_us``: per raw event, by worker; delays in ms."""

    events_per_second: float
    cpu_us: dict[str, float]
    p50_ms: float
    p99_ms: float


@contextmanager
def kafka(folder: Path, mode: Processing) -> Iterator[Settings]:
    """A fresh Apache Kafka and a registry endpoint with every topic; the settings to reach them, and to write so."""
    with cluster.cluster(folder, "kafka") as settings:
        os.environ["SHIPSYNC_PROCESSING"] = mode.value
        try:
            yield settings.replace(processing=mode)
        finally:
            del os.environ["SHIPSYNC_PROCESSING"]


def measure(mode: Processing, events: int, rate: int, seconds: int) -> Run:
    """Both scenarios, one after the other, on the same workers."""
    backlog, warm, stream = make(events), make(WARM_UP, seed=2), make(rate * seconds, seed=3)
    with tempfile.TemporaryDirectory() as folder, kafka(Path(folder), mode) as settings:
        cluster.send_references(settings, backlog.references)
        workers = processes.stages(settings, STAGES)
        try:
            with cluster.Counter(settings, topics.SHIPMENT_EVENTS.name) as counter:
                cluster.send_raw(settings, [_numbered(body, b"KK") for body in warm.bodies])
                counter.wait(warm.distinct, PATIENCE)
                scenarios.until_idle(workers)
                per_second, cpu_us = _backlog(settings, backlog, workers, counter, warm.distinct)
                delays = _stream(settings, stream, rate, counter, counter.count + stream.distinct)
        finally:
            for worker in workers:
                worker.end()
    cuts = statistics.quantiles(delays, n=100)
    return Run(per_second, cpu_us, cuts[49], cuts[98])


def _numbered(body: bytes, letters: bytes) -> bytes:
    """The body as another shipment's; letters of the same weight keep the check digit right."""
    return body.replace(b"1Z999AA1", b"1Z999" + letters + b"1")


def _backlog(
    settings: Settings, load: Workload, workers: Sequence[processes.Worker], counter: cluster.Counter, before: int
) -> tuple[float, dict[str, float]]:
    """Events a second, and CPU µs an event by worker."""
    for worker in workers:
        worker.pause()
    cluster.send_raw(settings, load.bodies)
    spent = {worker.name: worker.cpu_seconds() for worker in workers}
    started, count = time.perf_counter(), len(load.bodies)
    for worker in workers:
        worker.resume()
    seconds = counter.wait(before + load.distinct, PATIENCE) - started
    scenarios.until_idle(workers)
    return count / seconds, {
        worker.name: (worker.cpu_seconds() - spent[worker.name]) / count * 1e6 for worker in workers
    }


def _stream(settings: Settings, load: Workload, rate: int, counter: cluster.Counter, until: int) -> list[float]:
    """Delays in ms of what was received after the first seconds."""
    codec = ValueCodec(topics.SHIPMENT_EVENTS, model.EnrichedEvent, Registry(settings))
    out, topic, delays, sent = cluster.producer(settings), topics.raw("ups").name, list[float](), 0
    started, counted_from = time.perf_counter(), time.time() * 1000 + SKIPPED_SECONDS * 1000
    while counter.count < until:
        due = min(len(load.bodies), int((time.perf_counter() - started) * rate))
        while sent < due:
            body = _numbered(load.bodies[sent], b"SS")
            out.produce(topic, body, partition=sent % cluster.PARTITIONS, headers=cluster.raw_headers(sent))
            sent += 1
        out.poll(0)
        came = counter.take(0.005)
        now = time.time() * 1000
        for message in came:
            event = codec.decode(message.value()).event
            assert isinstance(event, model.CarrierEvent)
            if event.received_at >= counted_from:
                delays.append(now - event.received_at)
        if time.perf_counter() - started > PATIENCE:
            raise TimeoutError(f"{counter.count} of {until} came out")
    return delays


def lines(rounds: Sequence[tuple[Run, Run]], events: int, rate: int) -> list[str]:
    """The section, without its title and command."""
    figures = [
        ("events/s through both stages", 0, [[run.events_per_second for run in pair] for pair in rounds]),
        *((f"CPU µs per event, {name}", 1, [[run.cpu_us[name] for run in pair] for pair in rounds]) for name in STAGES),
        (f"p50 at {rate:,} events/s, receipt to a reader, ms", 0, [[run.p50_ms for run in pair] for pair in rounds]),
        (f"p99 at {rate:,} events/s, receipt to a reader, ms", 0, [[run.p99_ms for run in pair] for pair in rounds]),
    ]
    rows = [
        f"| {name} | {spread([pair[0] for pair in pairs], digits)} | {spread([pair[1] for pair in pairs], digits)}"
        f" | {spread([pair[1] / pair[0] for pair in pairs], 2)} |"
        for name, digits, pairs in figures
    ]
    return [
        f"{events:,} raw events of the workload above, both stages together on one fresh Apache Kafka for each run, the"
        " two ways in turn. Minimum / **median** / maximum; the ratio is round by round, as other work on the"
        " machine hits both. Intake writes at least once in either.", "",
        "| figure | at_least_once | exactly_once | ratio |", "|---|---|---|---|", *rows,
    ]


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.processing", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=1_000)
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--write", action="store_true", help="put the figures into RESULTS.md")
    asked = parser.parse_args()
    rounds = []
    for number in range(asked.rounds):
        order = MODES if number % 2 == 0 else MODES[::-1]
        runs = {mode: measure(mode, asked.events, asked.rate, asked.seconds) for mode in order}
        rounds.append((runs[MODES[0]], runs[MODES[1]]))
        print(number + 1, *rounds[-1], sep="\n  ", flush=True)
    command = (
        f"python -m benchmarks.processing --rounds {asked.rounds} --events {asked.events} --rate {asked.rate}"
        f" --seconds {asked.seconds} --write"
    )
    section = lines(rounds, asked.events, asked.rate)
    print("\n".join(section))
    if asked.write:
        sections.put(TITLE, command, section, sections.RESULTS)


if __name__ == "__main__":
    main()
