"""Partitions are read to their end and on, without those records no reader may see."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from config.settings import Settings
from connectors.embedded.ports import unused
from connectors.kafka.consumer import OutOfRange, PartitionReader
from connectors.kafka.producer import Record, deliver, producer
from streams.kernel.errors import Transient
from tests.support.topics import create_topic, fill
from tests.support.waiting import PATIENCE, eventually


@pytest.fixture
def reader(bootstrap: str) -> Iterator[PartitionReader]:
    opened = PartitionReader(Settings(_env_file=None, bootstrap=bootstrap), "test", out_of_range=OutOfRange.ERROR)
    yield opened
    opened.close()


def test_topics_are_read_to_their_end_and_then_on(bootstrap: str, topic_name: str, reader: PartitionReader) -> None:
    other = create_topic(bootstrap, f"{topic_name}.other")
    create_topic(bootstrap, topic_name, 3)
    fill(bootstrap, topic_name, [(b"%d" % number, b"v") for number in range(100)])
    fill(bootstrap, other, [(b"k", b"w")])
    reader.assign_whole([topic_name, other])
    found = [message for messages in reader.to_the_end() for message in messages]
    assert reader.at_end
    assert sorted(int(one.key() or b"-1") for one in found if one.topic() == topic_name) == list(range(100))
    assert [one.value() for one in found if one.topic() == other] == [b"w"]
    reader.pause(other)
    fill(bootstrap, other, [(b"k", b"x")])
    fill(bootstrap, topic_name, [(b"new", b"v")])
    assert [one.key() for one in eventually(lambda: reader.read(0.2))] == [b"new"]


def test_a_reader_can_be_sent_elsewhere(bootstrap: str, topic_name: str, reader: PartitionReader) -> None:
    create_topic(bootstrap, topic_name)
    fill(bootstrap, topic_name, [(None, b"%d" % number) for number in range(5)])
    low, high = reader.bounds(topic_name, 0)
    assert low == 0
    assert 0 < high <= 5
    for start, expected in ((OFFSET_BEGINNING, [0, 1, 2, 3, 4]), (3, [3, 4])):
        reader.assign([TopicPartition(topic_name, 0, start)])
        read = [int(one.value() or b"-1") for messages in reader.to_the_end() for one in messages]
        assert read == expected


@pytest.mark.kafka
def test_what_an_open_transaction_wrote_is_not_read(kafka_bootstrap: str, topic_name: str) -> None:
    create_topic(kafka_bootstrap, topic_name)
    settings = Settings(_env_file=None, bootstrap=kafka_bootstrap)
    writer = producer(settings, transactional_id=topic_name)
    writer.init_transactions(30)
    reader = PartitionReader(settings, "test")
    try:
        for end in (writer.abort_transaction, writer.commit_transaction):
            writer.begin_transaction()
            deliver(writer, [Record(topic_name, None, end.__name__.encode())])
            end()
        reader.assign_whole([topic_name])
        assert [one.value() for found in reader.to_the_end() for one in found] == [b"commit_transaction"]
    finally:
        reader.close()


def test_a_record_is_handed_on_when_it_comes(bootstrap: str, topic_name: str) -> None:
    create_topic(bootstrap, topic_name)
    reader = PartitionReader(Settings(_env_file=None, bootstrap=bootstrap), "test")
    try:
        reader.assign_whole([topic_name])
        assert not any(reader.to_the_end())
        fill(bootstrap, topic_name, [(b"k", b"1")])
        began = time.monotonic()
        assert [one.value() for one in reader.read(PATIENCE, 1_000)] == [b"1"]
        assert time.monotonic() - began < PATIENCE
    finally:
        reader.close()


def test_a_topic_that_is_not_there_is_said(reader: PartitionReader, topic_name: str) -> None:
    with pytest.raises(Transient, match=f"{topic_name} is not on .*: shipsync topics --create"):
        reader.partitions(topic_name)


def test_without_a_broker_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.kafka.consumer.ANSWER_SECONDS", 0.2)
    reader = PartitionReader(Settings(_env_file=None, bootstrap=f"127.0.0.1:{unused()[0]}"), "test")
    try:
        with pytest.raises(Transient, match=r"no broker answers at .*SHIPSYNC_BOOTSTRAP"):
            reader.partitions("t")
        with pytest.raises(Transient, match="t does not answer at"):
            reader.bounds("t", 0)
        reader.assign([TopicPartition("t", 0, OFFSET_BEGINNING)])
        with pytest.raises(Transient, match="t does not answer at"):
            list(reader.to_the_end(patience=0))
        assert list(reader.to_the_end(lambda: True)) == []
    finally:
        reader.close()


class Broken:
    """A consumer that gives a record, and an error after it."""

    def __init__(self, error: KafkaError) -> None:
        self._messages = [self._message(None), self._message(error)]

    @staticmethod
    def _message(error: KafkaError | None) -> Any:
        return type("Message", (), {"error": lambda _: error, "topic": lambda _: "t", "partition": lambda _: 0})()

    def consume(self, most: int, seconds: float) -> list[Any]:
        del most, seconds
        messages, self._messages = self._messages, []
        return messages

    def close(self) -> None:
        """Nothing to do."""


def test_what_came_before_an_error_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = PartitionReader(Settings(_env_file=None), "test")
    reader.close()
    monkeypatch.setattr(reader, "_consumer", Broken(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)))
    assert len(reader.read(0)) == 1
    with pytest.raises(Transient, match="t cannot be read"):
        reader.read(0)
    assert reader.read(0) == []


class WithoutLeader:
    """A consumer whose partition gets its leader with the next answer about the topic."""

    def __init__(self, error: KafkaError) -> None:
        self._error = error
        self._asked = 0

    def get_watermark_offsets(self, place: TopicPartition, seconds: float) -> tuple[int, int]:
        del place, seconds
        if self._asked < 2:
            raise KafkaException(self._error)
        return 3, 7

    def list_topics(self, topic: str, timeout: float) -> Any:
        del timeout
        self._asked += 1
        partitions = type("Topic", (), {"partitions": {0: None}})()
        return type("Metadata", (), {"topics": {topic: partitions}})()


def test_a_new_partition_is_asked_again_until_it_has_a_leader(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = PartitionReader(Settings(_env_file=None), "test")
    reader.close()
    monkeypatch.setattr(reader, "_consumer", WithoutLeader(KafkaError(KafkaError.NOT_LEADER_FOR_PARTITION)))
    assert reader.bounds("t", 0) == (3, 7)
    monkeypatch.setattr(reader, "_consumer", WithoutLeader(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)))
    with pytest.raises(Transient, match="t does not answer at"):
        reader.bounds("t", 0)


def test_a_reader_begins_at_a_time_and_knows_how_far_its_group_has_come(bootstrap: str, topic_name: str) -> None:
    create_topic(bootstrap, topic_name, 2)
    group = PartitionReader(Settings(bootstrap=bootstrap), topic_name)
    try:
        assert group.committed(topic_name) == {}
        fill(bootstrap, topic_name, [(b"k", b"1"), (b"k", b"2")])
        group.assign_whole([topic_name])
        [first, _] = [record for records in group.to_the_end() for record in records]
        partition = int(first.partition() or 0)
        assert group.at_time(topic_name, partition, first.timestamp()[1]) == first.offset()
        assert group.at_time(topic_name, partition, 0) == 0
        member = Consumer({"bootstrap.servers": bootstrap, "group.id": topic_name})
        member.commit(offsets=[TopicPartition(topic_name, partition, 2)], asynchronous=False)
        member.close()
        assert group.committed(topic_name) == {partition: 2}
    finally:
        group.close()
