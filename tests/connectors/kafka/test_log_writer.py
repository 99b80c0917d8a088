"""Records are in Kafka before anybody is told, or it is said that they may not be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from config.settings import Settings
from connectors.embedded.broker import free_port
from connectors.kafka.log_writer import KafkaWriter, NotWritten
from connectors.kafka.producer import Record
from tests.support.topics import create_topic, read_all

HEADERS = [("feed", b"acme")]


@contextmanager
def opened(bootstrap: str, **more: Any) -> Iterator[KafkaWriter]:
    log = KafkaWriter(Settings(_env_file=None, bootstrap=bootstrap, **more), 10)
    try:
        yield log
    finally:
        log.close()


def test_each_record_lies_where_is_said(bootstrap: str, topic_name: str) -> None:
    create_topic(bootstrap, topic_name, 3)

    async def write(log: KafkaWriter) -> list[Any]:
        records = [Record(topic_name, None, str(number).encode(), HEADERS) for number in range(50)]
        return list(await asyncio.gather(*(log.write(one) for one in records)))

    with opened(bootstrap) as log:
        places = asyncio.run(write(log))
    found = {(one.partition(), one.offset()): one for one in read_all(bootstrap, topic_name)}
    assert [found[place.partition, place.offset].value() for place in places] == [b"%d" % n for n in range(50)]
    assert found[places[0].partition, places[0].offset].headers() == HEADERS


def test_one_key_lies_in_one_partition(bootstrap: str, topic_name: str) -> None:
    create_topic(bootstrap, topic_name, 4)

    async def write(log: KafkaWriter) -> set[int]:
        return {(await log.write(Record(topic_name, b"SO-1", b"v", []))).partition for _ in range(5)}

    with opened(bootstrap) as log:
        assert len(asyncio.run(write(log))) == 1


@pytest.mark.broker
def test_a_producer_that_is_spent_is_made_anew(broker: Any, topic_name: str) -> None:
    create_topic(broker.bootstrap, topic_name)

    async def write(log: KafkaWriter) -> int:
        await log.write(Record(topic_name, None, b"1", []))
        log._spent = log._producer
        return (await log.write(Record(topic_name, None, b"2", []))).offset

    with opened(broker.bootstrap) as log:
        assert asyncio.run(write(log)) == 1


@pytest.mark.broker
def test_a_record_larger_than_any_is_told_apart(broker: Any, topic_name: str) -> None:
    create_topic(broker.bootstrap, topic_name)
    with opened(broker.bootstrap, max_record_bytes=1024) as log, pytest.raises(NotWritten) as raised:
        asyncio.run(log.write(Record(topic_name, None, b"x" * 1_000_000, [])))
    assert raised.value.too_large


def test_without_a_broker_it_is_said_within_the_time_set() -> None:
    log = KafkaWriter(Settings(_env_file=None, bootstrap=f"127.0.0.1:{free_port()}"), 0.3)
    started = time.monotonic()
    with pytest.raises(NotWritten) as raised:
        asyncio.run(log.write(Record("t", None, b"v", [])))
    assert time.monotonic() - started < 100, "librdkafka's own time-out is 300 s"
    assert not raised.value.too_large
    with pytest.raises(NotWritten):
        asyncio.run(log.topics())
    log.close()
