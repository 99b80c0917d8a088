"""One replay of a day: two shipments workers on Apache Kafka, one of them killed in mid-stream."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import NamedTuple

from config import apps, topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.model import CarrierEvent, OrderReference
from tests.day.outcome import READ, Outcome, read
from tests.day.recording import Day, key_of
from tests.support.brokers import apache_kafka, on_broker
from tests.support.patient_producer import PatientProducer
from tests.support.stage_worker import StageWorker
from tests.support.topics import committed, in_open_transactions
from tests.support.waiting import eventually
from topologies.local_stack.stack import catalogue
from topologies.stages.catalogue import STAGES

PARTITIONS = 4
TOLD = (topics.CARRIER_EVENTS, topics.ORDER_REFERENCES)
WHOLE_DAY = 3_000.0
NEVER = """\
stalled: {}
late: never
order_not_found: never
never_shipped: never
proof_missing: never
delivery_unreported: never
suspended: {after_silence: 10m, until_heard_for: 10m}
"""
Beat = Callable[[str], None]


class Replay(NamedTuple):
    """``killed_at``: records done when the worker was killed; ``left``: records its partitions had still to do."""

    outcome: Outcome
    killed_at: int
    left: int
    seconds: float


def replay(day: Day, seed: int, kill_after: float, folder: Path, beat: Beat) -> Replay:
    """The day in an order of its own. Raises AssertionError where it does not come to an end."""
    rules = folder / "alerts.yaml"
    rules.write_text(NEVER, "utf-8")
    with ExitStack() as closing:
        beat("a broker starts")
        settings = closing.enter_context(on_broker(
            apache_kafka, folder, partitions=PARTITIONS, chunk_records=1_000, commit_interval=0.2, alerts_file=rules
        ))
        TopicAdmin(settings).create(catalogue())
        workers = [StageWorker("shipments", settings, folder / name) for name in ("survivor", "victim")]
        for worker in workers:
            closing.callback(worker.kill)
        all_of_them = PARTITIONS * len(STAGES[apps.SHIPMENTS.name].reads({}))
        eventually(lambda: [worker.partitions() for worker in workers] == [all_of_them // 2] * 2, interval=0.2)
        began = time.monotonic()
        total = _send(settings, day, seed)
        killed_at, left = _kill(settings, workers[1], int(total * kill_after), total, beat)
        _until(settings, total, beat)
        seconds = time.monotonic() - began
        eventually(
            lambda: workers[0].partitions() == all_of_them, interval=0.2, what="the killed worker's partitions move"
        )
        beat("reading the topics")
        eventually(lambda: not _hidden(settings), interval=0.5, what="every transaction ends")
        return Replay(read(settings, day), killed_at, left, seconds)


def in_an_order(settings: Settings, day: Day, seed: int) -> list[tuple[str, bytes, bytes]]:
    """The day's records as (topic, key, value), in a random order."""
    known = Registry(settings)
    events = ValueCodec(topics.CARRIER_EVENTS, CarrierEvent, known)
    references = ValueCodec(topics.ORDER_REFERENCES, OrderReference, known)
    said = [(TOLD[0].name, key_of(one), events.encode(one)) for one in day.events]
    said += [(TOLD[1].name, key_of(one), references.encode(one)) for one in day.references]
    said += [(TOLD[0].name, key, one if isinstance(one, bytes) else events.encode(one)) for key, one in day.bad]
    Random(seed).shuffle(said)
    return said


def _send(settings: Settings, day: Day, seed: int) -> int:
    """Put all of it on its topics in a random order; how many records."""
    said = in_an_order(settings, day, seed)
    producer = PatientProducer({
        "bootstrap.servers": settings.kafka.bootstrap, "partitioner": "murmur2_random", "linger.ms": 20,
        "queue.buffering.max.messages": 2_000_000,
    })
    producer.send(said)
    producer.finish()
    return len(said)


def _kill(settings: Settings, victim: StageWorker, at: int, total: int, beat: Beat) -> tuple[int, int]:
    """Kill it once so many records are done; how many were, and how many were not."""
    def far_enough() -> bool:
        beat(f"{_done(settings):,} of {total:,}")
        return _done(settings) >= at

    eventually(far_enough, WHOLE_DAY, interval=0.1)
    victim.kill()
    done = _done(settings)
    assert done < total, "it was over before the worker was killed"
    return done, total - done


def _until(settings: Settings, total: int, beat: Beat) -> None:
    def over() -> bool:
        done = _done(settings)
        beat(f"{done:,} of {total:,}, one worker killed")
        return done >= total

    eventually(over, WHOLE_DAY, interval=0.5)


def _hidden(settings: Settings) -> dict[str, int]:
    """Records in transactions that are not ended, by topic: a killed worker's stay open until the broker ends them."""
    return in_open_transactions(settings.kafka.bootstrap, (topic.name for topic in READ))


def _done(settings: Settings) -> int:
    """Records committed, over both topics."""
    return sum(
        sum(committed(settings.kafka.bootstrap, apps.SHIPMENTS.app_id, topic.name, PARTITIONS).values())
        for topic in TOLD
    )
