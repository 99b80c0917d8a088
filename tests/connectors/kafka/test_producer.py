"""Records are queued with room to wait for, and delivered once the broker has acknowledged every one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from config.settings import Settings
from connectors.embedded.ports import unused
from connectors.kafka.producer import Record, deliver, enqueue, producer
from streams.kernel.errors import Transient
from tests.support.topics import create_topic, read_all


class FullQueue:
    """A producer whose queue has room after so many tries, and which the broker answers as told."""

    def __init__(self, tries: int, error: KafkaError | None = None) -> None:
        self.tries, self.error = tries, error
        self.polled = 0
        self._reports: list[Callable[[], None]] = []

    def produce(self, topic: str, value: bytes, key: bytes, *, on_delivery: Any, **more: Any) -> None:
        del value, key, more
        if self.tries:
            self.tries -= 1
            raise BufferError
        if on_delivery is not None:
            self._reports.append(lambda: on_delivery(self.error, type("Message", (), {"topic": lambda _: topic})()))

    def poll(self, seconds: float) -> None:
        del seconds
        self.polled += 1
        reports, self._reports = self._reports, []
        for report in reports:
            report()


def test_a_full_queue_is_waited_for() -> None:
    out = FullQueue(3)
    enqueue(out, Record("t", None, b"v"))
    assert out.polled == 4


def test_a_queue_that_stays_full_is_an_error() -> None:
    with pytest.raises(KafkaException) as raised:
        enqueue(FullQueue(3), Record("t", None, b"v"), seconds=0)
    assert raised.value.args[0].code() == KafkaError._QUEUE_FULL
    with pytest.raises(Transient, match="t: "):
        deliver(FullQueue(3), [Record("t", None, b"v")], 0)


def test_a_record_the_broker_refuses_fails_the_delivery() -> None:
    refused = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)
    with pytest.raises(Transient, match=r"t: .*[Aa]uthorization"):
        deliver(FullQueue(0, refused), [Record("t", None, b"v")])


def test_without_a_broker_a_delivery_fails_after_the_time_set() -> None:
    out = producer(Settings(_env_file=None, bootstrap=f"127.0.0.1:{unused()[0]}"), ack_seconds=0.2)
    with pytest.raises(Transient, match="t: "):
        deliver(out, [Record("t", None, b"v")], 5)


def test_a_record_too_large_for_the_producer_is_refused_at_once() -> None:
    out = producer(Settings(_env_file=None, bootstrap=f"127.0.0.1:{unused()[0]}"), largest=2_000)
    with pytest.raises(Transient, match=r"t: .*too large"):
        deliver(out, [Record("t", None, b"x" * 10_000)])


def test_an_installation_cannot_switch_off_what_nothing_may_be_lost_without() -> None:
    unsafe = {"acks": "0", "enable.idempotence": "false", "partitioner": "random", "linger.ms": "7"}
    producer(Settings(_env_file=None, bootstrap=f"127.0.0.1:{unused()[0]}", kafka_config=unsafe)).flush(0)


def test_several_threads_share_a_producer_and_each_waits_for_its_own(bootstrap: str, topic_name: str) -> None:
    create_topic(bootstrap, topic_name, 3)
    out = producer(Settings(_env_file=None, bootstrap=bootstrap))
    counts: list[int] = []

    def write(name: str) -> None:
        counts.append(deliver(out, (
            Record(topic_name, name.encode(), b"%d" % number, [("n", b"1")], 1) for number in range(200)
        )))

    threads = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [200, 200, 200]
    records = read_all(bootstrap, topic_name)
    assert {one.partition() for one in records} == {1}
    for name in (b"a", b"b", b"c"):
        assert [one.value() for one in records if one.key() == name] == [b"%d" % number for number in range(200)]
