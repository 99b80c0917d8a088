"""``python -m benchmarks.flushing``: how long Kafka takes to acknowledge a few records, by the partitions they go to.

librdkafka sends a request for each partition, and the broker answers those of a connection one after the other. In a
transaction it has first to find each partition registered there, which is a request between brokers.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from benchmarks import sections
from config.settings import Settings
from connectors.kafka import producer as kafka_producer

TOPIC, PARTITIONS = "flushed", 24
COUNTS = (1, 4, 12, PARTITIONS)
RECORDS, VALUE = 3, b"v" * 400
ROUNDS, REST, SECONDS = 60, 0.02, 30.0


class Took(NamedTuple):
    """Milliseconds until all records were acknowledged, and until the transaction was committed after it."""

    flush: float
    commit: float


def measured(settings: Settings, rounds: int) -> dict[int, tuple[Took, Took]]:
    """By the number of partitions: medians without and in a transaction, the two in turn."""
    plain = kafka_producer.producer(settings)
    atomic = kafka_producer.producer(settings, transactional_id="flushing")
    atomic.init_transactions(SECONDS)
    took: defaultdict[tuple[int, bool], list[Took]] = defaultdict(list)
    for _ in range(rounds):
        for count in COUNTS:
            took[count, False].append(_once(plain, count, in_transaction=False))
            took[count, True].append(_once(atomic, count, in_transaction=True))
    return {count: (_median(took[count, False]), _median(took[count, True])) for count in COUNTS}


def _once(out: Producer, partitions: int, *, in_transaction: bool) -> Took:
    time.sleep(REST)
    if in_transaction:
        out.begin_transaction()
    for number in range(partitions):
        for _ in range(RECORDS):
            out.produce(TOPIC, VALUE, partition=number)
    began = time.perf_counter()
    out.flush(SECONDS)
    flushed = time.perf_counter()
    if in_transaction:
        out.commit_transaction(SECONDS)
    return Took((flushed - began) * 1000, (time.perf_counter() - flushed) * 1000)


def _median(took: list[Took]) -> Took:
    return Took(*(statistics.median(column) for column in zip(*took, strict=True)))


def lines(found: dict[int, tuple[Took, Took]], rounds: int) -> list[str]:
    """The section as it stands in RESULTS.md."""
    return [
        f"{RECORDS} records of {len(VALUE)} bytes to each partition, one broker, {rounds} rounds in turn, medians.", "",
        "| partitions | acknowledged, ms | in a transaction, ms | its commit, ms |", "|---|---|---|---|",
        *(
            f"| {count} | {plain.flush:.1f} | {atomic.flush:.1f} | {atomic.commit:.1f} |"
            for count, (plain, atomic) in found.items()
        ),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flushing", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--write", action="store_true", help="put the section into RESULTS.md")
    asked = parser.parse_args()
    from tests.support.kafka import start_kafka

    with tempfile.TemporaryDirectory() as folder, start_kafka() as kafka:
        settings = Settings(bootstrap=kafka.bootstrap, data_dir=Path(folder))
        admin = AdminClient(settings.kafka.librdkafka())
        admin.create_topics([NewTopic(TOPIC, PARTITIONS)])[TOPIC].result()
        text = lines(measured(settings, asked.rounds), asked.rounds)
    if asked.write:
        sections.put("What a partition costs", "python -m benchmarks.flushing", text, sections.RESULTS)
    print("\n".join(text))


if __name__ == "__main__":
    main()
