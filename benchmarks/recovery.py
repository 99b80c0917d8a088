"""``python -m benchmarks.recovery``: how long a worker takes to have its state again; a section of ``SCALE.md``."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from benchmarks import cluster, restores, sections, standing
from benchmarks.workload import tracking_number
from config import topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts import model
from streams.kernel.vocabulary import Milestone

WANTED_FROM_NOTHING, WANTED_WITH_DISK = 60.0, 5.0
NEWS_SHARE = 20
PATIENCE = 300.0
SESSION_SECONDS = 6.0


class Recovery(NamedTuple):
    """``killed``: the worker was killed (SIGKILL) over its work; ``stopped``: it had ended in order."""

    shipments: int
    from_nothing: restores.Restored
    stopped: restores.Restored
    killed: restores.Restored
    peak_mb: float


def measure(shipments: int, beat: Callable[[str], None]) -> Recovery:
    """Restore a changelog into nothing, onto the disk of a worker that stopped, and of one killed over its work."""
    with tempfile.TemporaryDirectory() as folder, cluster.cluster(Path(folder)) as given:
        settings = given.replace(session_timeout=SESSION_SECONDS)
        standing.fill(settings, shipments, beat)
        worker, nothing = restores.start(settings, beat)
        peak = worker.memory_mb()
        worker.end()
        worker, stopped = restores.start(settings, beat)
        try:
            with cluster.Counter(settings, topics.SHIPMENT_EVENTS.name) as counter:
                news(settings, shipments, shipments // NEWS_SHARE)
                counter.wait(max(1, shipments // NEWS_SHARE // 2), PATIENCE, lambda count: beat(f"{count:,} events"))
        finally:
            worker.process.kill()
            worker.end()
        worker, killed = restores.start(settings, beat)
        worker.end()
    return Recovery(shipments, nothing, stopped, killed, peak)


def news(settings: Settings, shipments: int, count: int) -> None:
    """One event more for each of ``count`` of the shipments, spread over all of them."""
    codec = ValueCodec(topics.CARRIER_EVENTS, model.CarrierEvent, Registry(settings))
    out, now = cluster.producer(settings), time.time_ns() // 1_000_000
    for place in range(count):
        name = tracking_number(place * (shipments // count))
        value = codec.encode(standing.event(name, Milestone.OUT_FOR_DELIVERY, now))
        key = f"{standing.CARRIER}:{name}".encode()
        cluster.with_room(out, lambda: out.produce(topics.CARRIER_EVENTS.name, value, key))  # noqa: B023
    out.flush(120)


def lines(found: Recovery) -> list[str]:
    """The section."""
    rows = [
        ("from nothing", found.from_nothing, WANTED_FROM_NOTHING),
        ("with the local disk of a worker that stopped", found.stopped, WANTED_WITH_DISK),
        ("with the local disk of a worker that was killed over its work", found.killed, WANTED_WITH_DISK),
    ]
    return [
        f"{found.shipments:,} open shipments in {cluster.PARTITIONS} partitions. From the begin of the first"
        " partition's restore to the end of the last one's, by the worker's log; the start of the process and the"
        f" joining of the group come before. Peak memory of the restore from nothing: {found.peak_mb:,.0f} MB.", "",
        "| restored | records replayed | CPU s, the process's start included | seconds | asked | |",
        "|---|---|---|---|---|---|",
        *(
            f"| {name} | {one.records:,} | {one.cpu:.1f} | {one.seconds:.1f} | below {wanted:.0f} |"
            f" {sections.verdict(one.seconds < wanted)} |"
            for name, one, wanted in rows
        ),
    ]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recovery", description=__doc__)
    parser.add_argument("--shipments", type=int, default=1_000_000)
    parser.add_argument("--show", action="store_true", help="print the section; write nothing")
    asked = parser.parse_args()
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()) as progress:
        task = progress.add_task("recovery", total=None)
        found = measure(asked.shipments, lambda what: progress.update(task, description=what))
    print("\n".join(lines(found)))
    if not asked.show:
        sections.put("Recovery", f"python -m benchmarks.recovery --shipments {asked.shipments}", lines(found))


if __name__ == "__main__":
    main()
