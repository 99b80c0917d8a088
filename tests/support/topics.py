"""Topics of one test: names nobody else uses, created and filled through plain clients."""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Iterable

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic

from tests.support.patient_producer import PatientProducer
from tests.support.waiting import PATIENCE, eventually

_numbers = itertools.count()


def unique(name: str) -> str:
    """``name`` with a suffix no other test run on the same broker has."""
    return f"{name}.{os.getpid()}.{os.urandom(3).hex()}.{next(_numbers)}"


def create_topic(bootstrap: str, name: str, partitions: int = 1, **config: str) -> str:
    """Create ``name``, replication 1, and wait until it is seen; ``config`` with underscores for dots. The name."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    dotted = {key.replace("_", "."): value for key, value in config.items()}
    new = NewTopic(name, num_partitions=partitions, replication_factor=1, config=dotted)
    admin.create_topics([new])[name].result(PATIENCE)
    eventually(lambda: name in topics(bootstrap), what=f"{name} is seen")
    return name


def topics(bootstrap: str) -> set[str]:
    """The topics there are."""
    return set(AdminClient({"bootstrap.servers": bootstrap}).list_topics(timeout=PATIENCE).topics)


def delete_topic(bootstrap: str, name: str) -> None:
    """Delete ``name``."""
    AdminClient({"bootstrap.servers": bootstrap}).delete_topics([name])[name].result(PATIENCE)


def fill(bootstrap: str, topic: str, records: Iterable[tuple[bytes | None, bytes | None]]) -> int:
    """Produce (key, value) pairs, placed as Java producers would; returns how many, once the broker has them all."""
    producer = PatientProducer({"bootstrap.servers": bootstrap, "partitioner": "murmur2_random", "linger.ms": 20,
                         "enable.idempotence": False, "queue.buffering.max.messages": 2_000_000})
    count = producer.send((topic, key, value) for key, value in records)
    producer.finish()
    return count


def read_all(bootstrap: str, topic: str, isolation: str = "read_committed") -> list[Message]:
    """Every record of ``topic`` up to the end at the time of calling."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "reader", "enable.auto.commit": False,
                         "isolation.level": isolation, "enable.partition.eof": True})
    try:
        partitions = consumer.list_topics(topic, timeout=PATIENCE).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
        waiting, found = set(partitions), []
        while waiting:
            for message in consumer.consume(10_000, timeout=0.2):
                error = message.error()
                if error is None:
                    found.append(message)
                elif error.name() == "_PARTITION_EOF":
                    waiting.discard(message.partition())
                else:
                    raise AssertionError(error)
        return found
    finally:
        consumer.close()


def in_open_transactions(bootstrap: str, names: Iterable[str]) -> dict[str, int]:
    """Offsets that readers of committed records cannot reach yet, by topic; only topics where there are any."""
    waiting: Counter[str] = Counter()
    ends: dict[str, Consumer] = {
        isolation: Consumer({"bootstrap.servers": bootstrap, "group.id": "reader", "isolation.level": isolation})
        for isolation in ("read_committed", "read_uncommitted")
    }
    try:
        for name in names:
            for number in ends["read_committed"].list_topics(name, timeout=PATIENCE).topics[name].partitions:
                place = TopicPartition(name, number)
                stable, last = (one.get_watermark_offsets(place, PATIENCE)[1] for one in ends.values())
                waiting[name] += max(0, last - stable)
    finally:
        for one in ends.values():
            one.close()
    return {name: count for name, count in waiting.items() if count}


def committed(bootstrap: str, group: str, topic: str, partitions: int) -> dict[int, int]:
    """Committed offset of each partition; absent where there is none, or while the coordinator moves."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group})
    try:
        asked = [TopicPartition(topic, number) for number in range(partitions)]
        return {tp.partition: tp.offset for tp in consumer.committed(asked, timeout=PATIENCE) if tp.offset >= 0}
    except KafkaException as error:
        if error.args[0].code() in (KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS):
            return {}
        raise
    finally:
        consumer.close()
