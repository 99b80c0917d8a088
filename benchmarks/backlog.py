"""``python -m benchmarks.backlog``: memory of the postings stage while a million postings wait for an ERP that is away,
and while they go out once it is back. ``--write`` puts the figures into ``benchmarks/RESULTS.md``.

One stage as a process of its own, on four partitions of the embedded broker. No sender runs while the postings come in:
the stage asks for the few attempts that an ERP is trusted with and keeps the rest. Then this process answers each
request at once, as a sender with a quick ERP would.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from benchmarks import cluster, sections
from benchmarks.processes import Worker, assigned, environment, until
from config import apps, topics
from config.settings import Settings
from connectors.embedded.broker import free_port
from connectors.kafka.producer import Record, enqueue, producer
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts import ids
from streams.contracts.model import ErpPosting
from streams.contracts.outbound import OutboundAttempt, OutboundRequest
from streams.kernel.vocabulary import AttemptResult, PostingKind, Reason

TITLE = "A backlog of postings"
POSTINGS, LOOKS, FLAT = 1_000_000, 10, 1.25
PATIENCE_SECONDS = 300.0
ERPS = """
erps:
  - name: main
    kind: tryton
    address: https://erp.example.com/
    database: bench
    user: bench
    secrets:
      password: {env: BENCH_PASSWORD}
"""


class Look(NamedTuple):
    """The stage after so many postings: resident memory in MB, and its state's files in MB."""

    postings: int
    memory: float
    disk: float


class Measured(NamedTuple):
    """``peak``: MB; ``a_second``: postings taken in, and sent once the ERP was back; ``cpu``: ms of CPU for one
    posting, in and out."""

    waiting: list[Look]
    going: list[Look]
    peak: float
    a_second: tuple[float, float]
    cpu: tuple[float, float]


def measure(postings: int, beat: Callable[[str], None]) -> Measured:
    """Let so many postings wait and then go out."""
    with tempfile.TemporaryDirectory() as name, cluster.cluster(Path(name)) as settings:
        worker = _started(settings)
        try:
            began, cpu = time.perf_counter(), worker.cpu_seconds()
            waiting = _wait(settings, worker, postings, beat)
            middle, middle_cpu = time.perf_counter(), worker.cpu_seconds()
            going = _go(settings, worker, postings, beat)
            ended, end_cpu = time.perf_counter(), worker.cpu_seconds()
            return Measured(
                waiting, going, worker.memory_mb(), (postings / (middle - began), postings / (ended - middle)),
                ((middle_cpu - cpu) / postings * 1_000, (end_cpu - middle_cpu) / postings * 1_000),
            )
        finally:
            worker.end()


def _started(settings: Settings) -> Worker:
    erps, port = settings.state.data_dir / "erp.yaml", free_port()
    erps.write_text(ERPS, "utf-8")
    worker = Worker(
        "postings", [sys.executable, "-m", "topologies.cli.main", "stage", "postings"],
        {**environment(settings), "SHIPSYNC_ERP_FILE": str(erps), "SHIPSYNC_METRICS_PORT": str(port)},
        settings.state.data_dir / "postings.log",
    )
    until(worker, lambda: assigned(port))
    return worker


def _wait(settings: Settings, worker: Worker, postings: int, beat: Callable[[str], None]) -> list[Look]:
    """Post while the ERP is away; a look after each tenth."""
    codec, out = ValueCodec(topics.ERP_POSTINGS, ErpPosting, Registry(settings)), producer(settings)
    now, looks, step = time.time_ns() // 1_000_000, list[Look](), max(1, postings // LOOKS)
    with cluster.Counter(settings, topics.POSTING_OUTCOMES.name) as counter:
        for first in range(0, postings, step):
            last = min(first + step, postings)
            for number in range(first, last):
                enqueue(out, _posting(number, codec, now))
            out.flush(PATIENCE_SECONDS)
            counter.wait(last, PATIENCE_SECONDS, lambda seen: beat(f"{seen:,} of {postings:,} wait"))
            looks.append(_look(settings, worker, last))
    return looks


def _go(settings: Settings, worker: Worker, postings: int, beat: Callable[[str], None]) -> list[Look]:
    """Answer each request until all are done; a look after each tenth. Raises TimeoutError where none comes."""
    registry, out = Registry(settings), producer(settings)
    requests = ValueCodec(topics.POSTING_REQUESTS, OutboundRequest, registry)
    attempts = ValueCodec(topics.POSTING_ATTEMPTS, OutboundAttempt, registry)
    done, looks, step, last = set[str](), list[Look](), max(1, postings // LOOKS), time.monotonic()
    with cluster.Counter(settings, topics.POSTING_REQUESTS.name) as counter:
        while len(done) < postings:
            for message in counter.take(0.05):
                asked, key, now = requests.decode(message.value()), message.key(), time.time_ns() // 1_000_000
                done.add(asked.message_id)
                value = attempts.encode(OutboundAttempt(
                    asked.message_id, asked.destination, asked.owner, asked.queue, asked.attempt,
                    AttemptResult.ACCEPTED, "ok", now, now, 200,
                ))
                enqueue(out, Record(topics.POSTING_ATTEMPTS.name, key, value))
                last = time.monotonic()
                if len(done) % step == 0:
                    looks.append(_look(settings, worker, postings - len(done)))
            out.flush(PATIENCE_SECONDS)
            beat(f"{len(done):,} of {postings:,} sent")
            if time.monotonic() - last > PATIENCE_SECONDS:
                raise TimeoutError(f"{len(done)} of {postings} postings, none for {PATIENCE_SECONDS:g} s")
    return looks


def _posting(number: int, codec: ValueCodec[ErpPosting], now: int) -> Record:
    delivery = f"DN-{number}"
    return Record(topics.ERP_POSTINGS.name, delivery.encode(), codec.encode(ErpPosting(
        ids.digest("posting", delivery), PostingKind.GOODS_ISSUE, delivery, f"SO-{number}", f"C-{number % 500}", "ups",
        f"1Z{number:012}", now, Reason.NORMAL, None, ids.digest("event", delivery),
    )))


def _look(settings: Settings, worker: Worker, postings: int) -> Look:
    states = settings.state.data_dir / apps.POSTINGS.app_id
    disk = sum(file.stat().st_size for file in states.rglob("*") if file.is_file()) / 1e6
    return Look(postings, worker.memory_mb("VmRSS"), disk)


def lines(found: Measured) -> list[str]:
    """The section."""
    first, last = found.waiting[0], found.waiting[-1]
    going = [one.memory for one in found.going] or [last.memory]
    return [
        f"Load of the machine, by other work too, at the end: {os.getloadavg()[0]:.1f}.", "",
        "| postings that wait | memory MB while they come | files MB | memory MB while they go |", "|---|---|---|---|",
        *(
            f"| {one.postings:,} | {one.memory:,.0f} | {one.disk:,.0f} | {_going(found, one.postings)} |"
            for one in found.waiting
        ), "",
        "| figure | value | asked | |", "|---|---|---|---|",
        f"| memory with {last.postings:,} waiting, to that with {first.postings:,} |"
        f" {last.memory / first.memory:.2f} | flat (at most {FLAT}) |"
        f" {sections.verdict(last.memory / first.memory <= FLAT)} |",
        f"| memory while they go, the most to the first | {max(going) / going[0]:.2f} | flat (at most {FLAT}) |"
        f" {sections.verdict(max(going) / going[0] <= FLAT)} |",
        f"| peak memory | {found.peak:,.0f} MB | | |",
        f"| postings a second, in and out | {found.a_second[0]:,.0f}, {found.a_second[1]:,.0f} | | |",
        f"| CPU ms of the stage for a posting, in and out | {found.cpu[0]:.2f}, {found.cpu[1]:.2f} | | |",
    ]


def _going(found: Measured, postings: int) -> str:
    return next((f"{one.memory:,.0f}" for one in found.going if one.postings == postings), "-")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backlog", description=__doc__)
    parser.add_argument("--postings", type=int, default=POSTINGS, help="how many wait (1,000,000)")
    parser.add_argument("--write", action="store_true", help="put the figures into benchmarks/RESULTS.md")
    asked = parser.parse_args()
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()) as progress:
        task = progress.add_task("backlog", total=None)
        found = measure(asked.postings, lambda what: progress.update(task, description=what))
    told = lines(found)
    print("\n".join(told))
    if asked.write:
        sections.put(TITLE, f"python -m benchmarks.backlog --postings {asked.postings}", told, sections.RESULTS)


if __name__ == "__main__":
    main()
