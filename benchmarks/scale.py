"""``python -m benchmarks.scale``: a worker with millions of open shipments in its state; a section of ``SCALE.md``."""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from aiokafka.partitioner import murmur2
from msgspec import Struct
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from benchmarks import cluster, recovery, restores, sections, standing
from benchmarks.workload import tracking_number
from config import apps, topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts import model
from streams.kernel.vocabulary import Milestone
from streams.shipments.record import encode
from topologies.runtime.state.due_index import DUE
from topologies.runtime.state.partition_state import PartitionState, StateMemory, wipe
from topologies.stages.catalogue import GC_THRESHOLDS
from topologies.stages.shipments import ShipmentsHandler

WANTED_MB, UNCHANGED = 1_000.0, 1.25
CHUNK, CHUNKS, CHUNKS_WIPED = 1_000, 400, 20
NEWS_SHARE = 20
PATIENCE = 600.0


class Times(NamedTuple):
    """Holds the times of one chunk after the other, ms; ``cpu_p99``: of its thread's CPU time, which other processes
    leave alone."""

    p50: float
    p99: float
    cpu_p99: float


Timed = tuple[float, float]
"""One chunk: by the clock and of the CPU, ms."""


class Scale(NamedTuple):
    """A worker's peak with ``shipments``; ``index``: entries of what falls due; chunks' times in both states."""

    shipments: int
    index: int
    disk_mb: float
    restored_mb: float
    peak_mb: float
    full: Times
    near_empty: Times


class _Record(Struct, frozen=True, gc=False):
    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


def measure(shipments: int, chunks: int, beat: Callable[[str], None]) -> Scale:
    """Fill the changelog, let a worker restore and work on it, then time chunks on its state and on another."""
    with tempfile.TemporaryDirectory() as folder, cluster.cluster(Path(folder)) as settings:
        standing.fill(settings, shipments, beat)
        worker, _ = restores.start(settings, beat)
        restored = worker.memory_mb()
        count = max(1, shipments // NEWS_SHARE)
        try:
            with cluster.Counter(settings, topics.SHIPMENT_EVENTS.name) as counter:
                recovery.news(settings, shipments, count)
                counter.wait(count, PATIENCE, lambda number: beat(f"{number:,} of {count:,} events"))
            peak = worker.memory_mb()
        finally:
            worker.end()
        full, near_empty, index = side_by_side(settings, shipments, chunks, beat)
        disk = sum(file.stat().st_size for file in _states(settings).rglob("*.sst")) / 1e6
    return Scale(shipments, index, disk, restored, peak, full, near_empty)


def side_by_side(
    settings: Settings, shipments: int, chunks: int, beat: Callable[[str], None]
) -> tuple[Times, Times, int]:
    """Times of chunks on a worker's state and, in turn with them, on one that is near empty; the entries of its index.

    Each event is a shipment's third; the near-empty state is given the shipment right before, untimed.
    """
    handler = ShipmentsHandler(settings, Registry(settings), {})
    events = ValueCodec(topics.CARRIER_EVENTS, model.CarrierEvent, Registry(settings))
    memory, other = StateMemory(settings.state.block_cache_bytes), StateMemory(settings.state.block_cache_bytes)
    states = [PartitionState(_states(settings) / str(one), memory) for one in range(cluster.PARTITIONS)]
    small = settings.state.data_dir / "near-empty"
    near_empty = PartitionState(small, other)
    now = time.time_ns() // 1_000_000
    like, full_ms, near_ms = standing.patterns(now), list[Timed](), list[Timed]()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    for place, (partition, numbers) in enumerate(_chunks(shipments, chunks)):
        records = [_record(number, partition, events, now) for number in numbers]
        if not place % CHUNKS_WIPED:
            near_empty.close()
            wipe(small)
            near_empty = PartitionState(small, other)
        near_empty.apply({_key(number): encode(standing.shipment(number, like)) for number in numbers})
        full_ms.append(_timed(handler, states[partition], records, now))
        near_ms.append(_timed(handler, near_empty, records, now))
        beat(f"{place + 1} of {chunks} chunks timed")
    index = sum(1 for state in states for _ in state.scan(DUE))
    for state in (*states, near_empty):
        state.close()
    return _times(full_ms), _times(near_ms), index


def _timed(handler: ShipmentsHandler, state: PartitionState, records: Sequence[_Record], now_ms: int) -> Timed:
    """Milliseconds the handler and the write of its changes take, elapsed and CPU."""
    began, cpu_began = time.perf_counter(), time.thread_time()
    handled = handler.handle(records, state, now_ms)
    state.apply({key: change.local for key, change in handled.changes.items()} | handled.local)
    took = (time.perf_counter() - began) * 1000, (time.thread_time() - cpu_began) * 1000
    if handled.counts.get("accepted") != len(records):
        raise RuntimeError(f"not every event was news: {handled.counts}")
    return took


def _chunks(shipments: int, chunks: int) -> Iterator[tuple[int, list[int]]]:
    """Numbers of different shipments, at random, as chunks of one partition each."""
    rng, used = random.Random(1), set[int]()
    waiting: list[list[int]] = [[] for _ in range(cluster.PARTITIONS)]
    size = min(CHUNK, max(1, shipments // (2 * chunks * cluster.PARTITIONS)))
    while chunks:
        number = rng.randrange(shipments)
        if number in used:
            continue
        used.add(number)
        partition = (murmur2(_key(number)) & 0x7FFFFFFF) % cluster.PARTITIONS
        waiting[partition].append(number)
        if len(waiting[partition]) == size:
            yield partition, waiting[partition]
            waiting[partition] = []
            chunks -= 1


def _record(number: int, partition: int, events: ValueCodec[model.CarrierEvent], now_ms: int) -> _Record:
    event = standing.event(tracking_number(number), Milestone.ARRIVED_FACILITY, now_ms)
    return _Record(topics.CARRIER_EVENTS.name, partition, 0, now_ms, _key(number), events.encode(event))


def _key(number: int) -> bytes:
    return f"{standing.CARRIER}:{tracking_number(number)}".encode()


def _states(settings: Settings) -> Path:
    return settings.state.data_dir / apps.SHIPMENTS.app_id


def _times(found: Sequence[Timed]) -> Times:
    cuts = statistics.quantiles([clock for clock, _ in found], n=100)
    return Times(cuts[49], cuts[98], statistics.quantiles([cpu for _, cpu in found], n=100)[98])


def lines(found: Scale, chunks: int) -> list[str]:
    """The section."""
    ratio = found.full.p99 / found.near_empty.p99
    return [
        f"One worker restores {found.shipments:,} open shipments (two events, an order, a promise, an estimate each)"
        f" and then takes in an event of every {NEWS_SHARE}th. Its state has {found.index:,} entries of what falls due"
        f" and {found.disk_mb:,.0f} MB on disk. Then {chunks} chunks of up to {CHUNK:,} events of shipments at random"
        " are timed on that state (handler and local write) and, in turn with them, on one that holds at most"
        f" {CHUNKS_WIPED * CHUNK:,} shipments.", "",
        "| figure | value | asked | |", "|---|---|---|---|",
        f"| peak memory of the restore | {found.restored_mb:,.0f} MB | | |",
        f"| peak memory of the worker | {found.peak_mb:,.0f} MB | below {WANTED_MB:,.0f} MB |"
        f" {sections.verdict(found.peak_mb < WANTED_MB)} |",
        *(
            f"| a chunk's time, {name} state | p50 {one.p50:.1f} ms, p99 {one.p99:.1f} ms,"
            f" p99 of its CPU {one.cpu_p99:.1f} ms | | |"
            for name, one in (("near-empty", found.near_empty), ("full", found.full))
        ),
        f"| p99, full to near-empty | {ratio:.2f} | unchanged (at most {UNCHANGED}) |"
        f" {sections.verdict(ratio <= UNCHANGED)} |",
        f"| p99 of the CPU, full to near-empty | {found.full.cpu_p99 / found.near_empty.cpu_p99:.2f} | | |",
    ]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--shipments", type=int, default=5_000_000)
    parser.add_argument("--chunks", type=int, default=CHUNKS)
    parser.add_argument("--show", action="store_true", help="print the section; write nothing")
    asked = parser.parse_args()
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()) as progress:
        task = progress.add_task("scale", total=None)
        found = measure(asked.shipments, asked.chunks, lambda what: progress.update(task, description=what))
    told = lines(found, asked.chunks)
    print("\n".join(told))
    if not asked.show:
        sections.put("Scale", f"python -m benchmarks.scale --shipments {asked.shipments}", told)


if __name__ == "__main__":
    main()
