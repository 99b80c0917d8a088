"""The scenarios: each gives plain figures; nothing is printed or written here."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks import cluster, processes
from benchmarks.workload import Workload, make, tracking_number
from config import topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts import ids, model
from streams.kernel.vocabulary import Classifier, Correction, ExceptionType, Milestone, Precision, Reason

Beat = Callable[[str], None]
STAGES = ("intake", "shipments")
PATIENCE = 120.0
WARM_UP = 400


class Throughput(NamedTuple):
    """One run. ``cpu_us``: per raw event, by worker; ``memory_mb``: peak, by worker."""

    events: int
    seconds: float
    cpu_us: dict[str, float]
    memory_mb: dict[str, float]

    @property
    def events_per_second(self) -> float:
        """Raw events through both stages, by the wall clock."""
        return self.events / self.seconds

    @property
    def events_per_core_second(self) -> float:
        """Raw events one core takes through both stages."""
        return 1e6 / sum(self.cpu_us.values())


class Latency(NamedTuple):
    """At ``rate`` events/s: ms from receipt to written and to readable; cores both stages used together."""

    rate: int
    written_p50: float
    written_p99: float
    readable_p50: float
    readable_p99: float
    cores: float


class Memory(NamedTuple):
    """A worker with so many shipments in its state."""

    shipments: int
    peak_mb: float
    events_per_second: float


def ours(events: int, beat: Beat, broker: str = "embedded", code: Path | None = None) -> Throughput:
    """Intake and shipments as their own processes over a preloaded backlog. ``code``: of another checkout."""
    with tempfile.TemporaryDirectory() as folder, cluster.cluster(Path(folder), broker) as settings:
        return _measured(
            settings, events, topics.SHIPMENT_EVENTS.name,
            lambda given, names: processes.stages(given, names, code), beat,
        )


def idiomatic(events: int, beat: Beat) -> Throughput:
    """The same work by idiomatic Faust, on a broker of the same kind."""
    from connectors.kafka.topic_admin import TopicAdmin

    with tempfile.TemporaryDirectory() as folder, cluster.cluster(Path(folder)) as settings:
        from dataclasses import replace

        from benchmarks.idiomatic import SUFFIX

        twins = [
            replace(topic, name=topic.name + SUFFIX)
            for topic in (topics.CARRIER_EVENTS, topics.SHIPMENT_EVENTS, topics.CUSTOMER_UPDATES,
                          topics.DELIVERY_MILESTONES, topics.ALERT_SIGNALS, topics.SHIPMENT_STATE)
        ]
        TopicAdmin(settings).create(twins)
        return _measured(
            settings, events, topics.SHIPMENT_EVENTS.name + SUFFIX,
            lambda given, names: processes.idiomatic(given, names, lambda: True), beat,
        )


def _measured(
    settings: Settings, events: int, out: str,
    start: Callable[[Settings, Sequence[str]], list[processes.Worker]], beat: Beat,
) -> Throughput:
    """Warm the workers up, hold them, load the backlog, let go, and measure until the last output."""
    load, warm = make(events), make(WARM_UP, seed=2)
    cluster.send_references(settings, load.references)
    workers = start(settings, STAGES)
    try:
        with cluster.Counter(settings, out) as counter:
            warm_bodies = [_elsewhere(body) for body in warm.bodies]
            cluster.send_raw(settings, warm_bodies)
            counter.wait(warm.distinct, PATIENCE)
            until_idle(workers)
            return _timed(settings, load, workers, counter, warm.distinct, beat)
    finally:
        for worker in workers:
            worker.end()


def _timed(
    settings: Settings, load: Workload, workers: list[processes.Worker], counter: cluster.Counter,
    before: int, beat: Beat,
) -> Throughput:
    for worker in workers:
        worker.pause()
    cluster.send_raw(settings, load.bodies)
    spent = {worker.name: worker.cpu_seconds() for worker in workers}
    started = time.perf_counter()
    for worker in workers:
        worker.resume()
    ended = counter.wait(
        before + load.distinct, PATIENCE, lambda count: beat(f"{count - before:,} of {load.distinct:,} out")
    )
    until_idle(workers)
    count = len(load.bodies)
    return Throughput(
        count, ended - started,
        {worker.name: (worker.cpu_seconds() - spent[worker.name]) / count * 1e6 for worker in workers},
        {worker.name: worker.memory_mb() for worker in workers},
    )


def stage_by_stage(events: int, beat: Beat) -> Throughput:
    """Measures as ``ours`` does, but intake first and shipments over what it wrote: no stage takes the other's
    cycles."""
    load, warm = make(events), make(WARM_UP, seed=2)
    with tempfile.TemporaryDirectory() as folder, cluster.cluster(Path(folder)) as settings:
        cluster.send_references(settings, load.references)
        workers = processes.stages(settings, STAGES)
        try:
            with (
                cluster.Counter(settings, topics.CARRIER_EVENTS.name) as events_out,
                cluster.Counter(settings, topics.SHIPMENT_EVENTS.name) as fanned_out,
            ):
                cluster.send_raw(settings, [_elsewhere(body) for body in warm.bodies])
                fanned_out.wait(warm.distinct, PATIENCE)
                events_out.wait(len(warm.bodies), PATIENCE)
                until_idle(workers)
                for worker in workers:
                    worker.pause()
                cluster.send_raw(settings, load.bodies)
                counts = (len(warm.bodies) + len(load.bodies), warm.distinct + load.distinct)
                return _in_turn(workers, (events_out, fanned_out), counts, len(load.bodies), beat)
        finally:
            for worker in workers:
                worker.end()


def _in_turn(
    workers: list[processes.Worker], counters: Sequence[cluster.Counter], counts: Sequence[int], events: int,
    beat: Beat,
) -> Throughput:
    """Let each worker go alone until its topic is complete; its CPU for that and its time."""
    spent, seconds = {}, 0.0
    for worker, counter, count in zip(workers, counters, counts, strict=True):
        before, started = worker.cpu_seconds(), time.perf_counter()
        worker.resume()
        ended = counter.wait(count, PATIENCE, lambda n: beat(f"{worker.name}: {n:,}"))  # noqa: B023
        until_idle([worker])
        spent[worker.name] = (worker.cpu_seconds() - before) / events * 1e6
        seconds += ended - started
        worker.pause()
    return Throughput(events, seconds, spent, {worker.name: worker.memory_mb() for worker in workers})


def _elsewhere(body: bytes) -> bytes:
    """The body as another shipment's, that no order names; letters of the same weight keep the check digit right."""
    return body.replace(b"1Z999AA1", b"1Z999KK1")


def until_idle(workers: Sequence[processes.Worker]) -> None:
    """Return once the workers have used no more than a tenth of a core for half a second."""
    deadline = time.monotonic() + PATIENCE
    while True:
        before = sum(worker.cpu_seconds() for worker in workers)
        time.sleep(0.5)
        if sum(worker.cpu_seconds() for worker in workers) - before < 0.05:
            return
        if time.monotonic() > deadline:
            raise TimeoutError("the workers do not come to rest")


def memory(shipments: int, beat: Beat) -> Memory:
    """One shipments worker that takes in ``shipments`` different ones, then a tenth as many events more."""
    with tempfile.TemporaryDirectory() as folder, cluster.cluster(Path(folder)) as settings:
        [worker] = processes.stages(settings, ["shipments"])
        try:
            with cluster.Counter(settings, topics.SHIPMENT_EVENTS.name) as counter:
                started = time.perf_counter()
                send_events(settings, shipments, Milestone.PICKED_UP, 0)
                ended = counter.wait(shipments, PATIENCE, lambda n: beat(f"{n:,} of {shipments:,} shipments"))
                more = shipments // 10
                send_events(settings, more, Milestone.DELIVERED, 3_600_000)
                counter.wait(shipments + more, PATIENCE, lambda n: beat(f"{n:,} events"))
                return Memory(shipments, worker.memory_mb(), shipments / (ended - started))
        finally:
            worker.end()


def send_events(settings: Settings, count: int, milestone: Milestone, later_ms: int) -> None:
    """One canonical event for each of ``count`` shipments, straight onto carrier.events."""
    codec = ValueCodec(topics.CARRIER_EVENTS, model.CarrierEvent, Registry(settings))
    out = cluster.producer(settings)
    place = model.Location(city="Reno", region="NV", postal_code="89502", country="US")
    at = 1_772_000_000_000 + later_ms
    source = model.Source("ups", "webhook", "raw.ups.v1", 0, 0, 0, "0" * 16)
    for number in range(count):
        name = tracking_number(number)
        event = model.CarrierEvent(
            ids.event_id("ups", name, milestone, "", at, place, None), "ups", name, milestone,
            Classifier.ACTUAL, at, at, ExceptionType.NONE, Reason.NORMAL, "X", "as the carrier says", place,
            None, None, None, -480, False, Precision.INSTANT, Correction.NEW, None, [], [], source,
        )
        key, value = ids.shipment_key("ups", name).encode(), codec.encode(event)
        cluster.with_room(out, lambda: out.produce(topics.CARRIER_EVENTS.name, value, key))  # noqa: B023
    out.flush(120)
