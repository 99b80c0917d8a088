"""The sink: what flush lets pass has arrived; what failed is raised, never lost in silence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException

from config.apps import INTAKE, SHIPMENTS
from config.settings import Processing, Settings
from connectors.embedded.broker import EmbeddedBroker
from streams.kernel.errors import Fatal
from tests.support.topics import committed, create_topic, fill, read_all
from tests.support.waiting import eventually
from topologies.runtime.handler import Message
from topologies.runtime.reading.chunks import TopicPartition
from topologies.runtime.writing import writer
from topologies.runtime.writing.plain_sink import PlainSink
from topologies.runtime.writing.processing import build_sink
from topologies.runtime.writing.sink import Fenced, Span, Whole
from topologies.runtime.writing.transactional_sink import LOST, TransactionalSink, TransactionalWriter
from topologies.runtime.writing.writer import Writer, fault_in


def settings(bootstrap: str, **more: object) -> Settings:
    return Settings(bootstrap=bootstrap, **more)  # type: ignore[arg-type]


def numbered(count: int) -> list[Message]:
    return [{"key": b"k%d" % number, "value": b"%d" % number} for number in range(count)]


def test_what_was_flushed_can_be_read_in_order_per_key(bootstrap: str, topic_name: str) -> None:
    create_topic(bootstrap, topic_name, 3)
    sink = PlainSink(settings(bootstrap))
    unit = sink.begin()
    sent: list[Message] = [{"key": b"k%d" % (number % 7), "value": b"%d" % number} for number in range(500)]
    unit.send({topic_name: sent})
    unit.flush()
    by_key: dict[bytes, list[int]] = {}
    for message in read_all(bootstrap, topic_name):
        by_key.setdefault(message.key() or b"", []).append(int(message.value() or b""))
    assert sum(map(len, by_key.values())) == 500
    assert all(values == sorted(values) for values in by_key.values())
    sink.close()


def test_a_forced_partition_gets_every_message(bootstrap: str, topic_name: str) -> None:
    create_topic(bootstrap, topic_name, 3)
    sink = PlainSink(settings(bootstrap))
    sink.begin().send({topic_name: numbered(50)}, partition=2)
    sink.begin().flush()
    assert {message.partition() for message in read_all(bootstrap, topic_name)} == {2}
    sink.close()


def test_a_deletion_arrives_as_no_value(bootstrap: str, topic_name: str) -> None:
    create_topic(bootstrap, topic_name)
    sink = PlainSink(settings(bootstrap))
    sink.begin().send({topic_name: [{"key": b"kept", "value": b""}, {"key": b"gone", "value": None}]}, partition=0)
    sink.begin().flush()
    assert [message.value() for message in read_all(bootstrap, topic_name)] == [b"", None]
    sink.close()


def test_keys_lie_where_java_producers_put_them(bootstrap: str, topic_name: str) -> None:
    create_topic(bootstrap, topic_name, 4)
    sink = PlainSink(settings(bootstrap))
    sink.begin().send({topic_name: [{"key": b"21", "value": b""}, {"key": b"foobar", "value": b""}]})
    sink.begin().flush()
    murmur2 = {b"21": -973932308, b"foobar": -790332482}  # from Kafka's own UtilsTest
    assert {message.key(): message.partition() for message in read_all(bootstrap, topic_name)} == {
        key: (value & 0x7FFFFFFF) % 4 for key, value in murmur2.items()
    }
    sink.close()


def test_headers_go_along(bootstrap: str, topic_name: str) -> None:
    create_topic(bootstrap, topic_name)
    sink = PlainSink(settings(bootstrap))
    sink.begin().send_whole([Whole(topic_name, None, b"\x00", [("a", b"1"), ("a", b"\xff")])])
    sink.begin().flush()
    [message] = read_all(bootstrap, topic_name)
    assert (message.key(), message.value()) == (None, b"\x00")
    assert message.headers() == [("a", b"1"), ("a", b"\xff")]
    sink.close()


def test_more_than_the_queue_holds_waits_for_room(
    bootstrap: str, topic_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.kafka.producer.QUEUED_MESSAGES", 100)
    create_topic(bootstrap, topic_name)
    sink = PlainSink(settings(bootstrap))
    sink.begin().send({topic_name: numbered(1000)})
    sink.begin().send_whole([Whole(topic_name, b"k", b"%d" % number, []) for number in range(300)])
    sink.begin().flush()
    assert len(read_all(bootstrap, topic_name)) == 1300
    sink.close()


@pytest.mark.broker
def test_a_broker_that_is_gone_makes_the_flush_fatal(
    topic_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "FLUSH_SECONDS", 2.0)
    with EmbeddedBroker() as broker:
        create_topic(broker.bootstrap, topic_name)
        sink = PlainSink(settings(broker.bootstrap, kafka_config={"linger.ms": "0"}))
        sink.begin().send({topic_name: numbered(1)})
        sink.begin().flush()
        broker.stop()
        sink.begin().send({topic_name: numbered(3)})
        with pytest.raises(Fatal, match=r"unanswered|failed"):
            sink.begin().flush()
        with pytest.raises(Fatal):
            sink.begin().commit()


def test_a_message_that_cannot_be_sent_is_fatal_at_once(bootstrap: str, topic_name: str) -> None:
    create_topic(bootstrap, topic_name)
    sink = PlainSink(settings(bootstrap, max_record_bytes=2048))
    with pytest.raises(Fatal, match=r"too large|SIZE"):
        sink.begin().send({topic_name: [{"key": None, "value": b"x" * 3_000_000}]})
    with pytest.raises(Fatal, match=r"too large|SIZE"):
        sink.begin().send_whole([Whole(topic_name, None, b"x" * 3_000_000, [])])
    sink.close()


def test_a_partition_that_does_not_exist_is_fatal_at_the_latest_at_flush(
    bootstrap: str, topic_name: str
) -> None:
    create_topic(bootstrap, topic_name)
    sink = PlainSink(settings(bootstrap))
    unit = sink.begin()

    def write() -> None:
        unit.send({topic_name: numbered(1)}, partition=77)
        unit.flush()

    with pytest.raises(Fatal):
        write()


@contextmanager
def in_a_group(bootstrap: str, group: str, topic: str) -> Iterator[tuple[Consumer, bytes]]:
    """A member of the group with all partitions of the topic, and its metadata."""
    reader = Consumer({
        "bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest",
        "isolation.level": "read_committed", "enable.auto.commit": False,
    })
    assigned: list[bytes] = []
    reader.subscribe([topic], on_assign=lambda one, _: assigned.append(one.consumer_group_metadata()))
    try:
        def given() -> bool:
            reader.poll(0.1)
            return bool(assigned)

        eventually(given, interval=0)
        yield reader, assigned[-1]
    finally:
        reader.close()


@pytest.mark.kafka
def test_a_transaction_shows_all_or_nothing_and_commits_its_inputs_with_it(
    kafka_bootstrap: str, topic_name: str
) -> None:
    create_topic(kafka_bootstrap, topic_name, 2)
    sink = TransactionalSink(topic_name, settings(kafka_bootstrap))
    with in_a_group(kafka_bootstrap, topic_name, topic_name) as (_, member):
        kept = sink.begin()
        kept.send({topic_name: numbered(3)})
        kept.send_offsets({TopicPartition(topic_name, 0): 2, TopicPartition(topic_name, 1): 5}, member)
        kept.commit()
        dropped = sink.begin()
        dropped.send({topic_name: numbered(5)})
        dropped.send_offsets({TopicPartition(topic_name, 0): 9}, member)
        dropped.abort()
    assert len(read_all(kafka_bootstrap, topic_name, "read_committed")) == 3
    assert committed(kafka_bootstrap, topic_name, topic_name, 2) == {0: 2, 1: 5}
    sink.close()


@pytest.mark.kafka
def test_a_member_of_an_earlier_generation_commits_nothing_more_and_writes_on_once_it_is_of_the_new_one(
    kafka_bootstrap: str, topic_name: str
) -> None:
    create_topic(kafka_bootstrap, topic_name)
    sink = TransactionalSink(topic_name, settings(kafka_bootstrap))
    zero = TopicPartition(topic_name, 0)
    with in_a_group(kafka_bootstrap, topic_name, topic_name) as (_, former):
        pass
    with in_a_group(kafka_bootstrap, topic_name, topic_name) as (_, member):
        unit = sink.begin()
        unit.send({topic_name: numbered(1)})
        with pytest.raises(Fenced):
            unit.send_offsets({zero: 7}, former)
        unit.abort()
        other = sink.begin()
        other.send({topic_name: numbered(2)})
        other.send_offsets({zero: 3}, member)
        other.commit()
    assert len(read_all(kafka_bootstrap, topic_name, "read_committed")) == 2
    assert committed(kafka_bootstrap, topic_name, topic_name, 1) == {0: 3}
    sink.close()


@pytest.mark.kafka
def test_the_next_owner_begins_where_a_transaction_that_is_open_still_comes_to_end(
    kafka_bootstrap: str, topic_name: str
) -> None:
    """The offsets of a transaction are neither in force nor past until it ends: who asks for them waits."""
    create_topic(kafka_bootstrap, topic_name)
    sink = TransactionalSink(topic_name, settings(kafka_bootstrap))
    zero, first_seen = TopicPartition(topic_name, 0), list[int]()
    fill(kafka_bootstrap, topic_name, [(b"k", b"%d" % number) for number in range(10)])
    with in_a_group(kafka_bootstrap, topic_name, topic_name) as (_, member):
        unit = sink.begin()
        unit.send_offsets({zero: 6}, member)
    with in_a_group(kafka_bootstrap, topic_name, topic_name) as (reader, _):
        assert reader.poll(1.0) is None
        unit.commit()

        def seen() -> bool:
            if (message := reader.poll(0.1)) is not None and message.error() is None:
                first_seen.append(message.offset() or 0)
            return bool(first_seen)

        eventually(seen, interval=0)
    assert first_seen == [6]
    sink.close()


@pytest.mark.kafka
@pytest.mark.parametrize("step", ["begin", "send", "send whole", "send changes", "send offsets", "commit"])
def test_the_process_before_on_the_same_folder_is_fenced_at_whatever_it_does_next(
    kafka_bootstrap: str, topic_name: str, step: str
) -> None:
    create_topic(kafka_bootstrap, topic_name)
    zero = TopicPartition(topic_name, 0)
    with in_a_group(kafka_bootstrap, topic_name, topic_name) as (_, member):
        former = TransactionalSink(topic_name, settings(kafka_bootstrap))
        unit = former.begin()
        unit.send({topic_name: numbered(1)})
        unit.send_offsets({zero: 1}, member)
        if step == "begin":
            unit.commit()
        successor = TransactionalSink(topic_name, settings(kafka_bootstrap))
        successor.open()
        other = successor.begin()

        def write() -> None:
            one = former.begin() if step == "begin" else unit
            while True:  # until the producer has heard of it
                if step == "send":
                    one.send({topic_name: numbered(1)})
                elif step == "send whole":
                    one.send_whole([Whole(topic_name, b"k", b"v", [("a", b"1")])])
                elif step == "send changes":
                    one.send_changes(topic_name, 0, numbered(1))
                elif step == "commit":
                    one.commit()
                else:
                    one.send({topic_name: numbered(1)})
                    one.send_offsets({zero: 1}, member)

        with pytest.raises(Fenced):
            write()
        with pytest.raises(Fenced):
            unit.commit()
        former.close()
        other.send({topic_name: numbered(2)})
        other.send_offsets({zero: 2}, member)
        other.commit()
    assert len(read_all(kafka_bootstrap, topic_name, "read_committed")) == (3 if step == "begin" else 2)
    successor.close()


@pytest.mark.kafka
def test_a_transaction_tells_where_its_changes_lie_by_partition(kafka_bootstrap: str, topic_name: str) -> None:
    create_topic(kafka_bootstrap, topic_name, 2)
    sink, zero = TransactionalSink(topic_name, settings(kafka_bootstrap)), TopicPartition(topic_name, 0)
    spans = []
    with in_a_group(kafka_bootstrap, topic_name, topic_name) as (_, member):
        for _ in range(2):
            unit = sink.begin()
            unit.send_changes(topic_name, 0, numbered(5), [Whole(topic_name, b"k", b"v", [("a", b"1")], 0)])
            unit.send_changes(topic_name, 1, numbered(2))
            unit.send_offsets({zero: 1}, member)
            unit.commit()
            spans.append((unit.span(0), unit.span(1), unit.span(2)))
    assert spans == [(Span(0, 6, 6), Span(0, 2, 2), None), (Span(7, 13, 6), Span(3, 5, 2), None)]
    sink.close()


@pytest.mark.kafka
def test_more_transactions_than_one_are_open_at_once_and_end_in_any_order(
    kafka_bootstrap: str, topic_name: str
) -> None:
    create_topic(kafka_bootstrap, topic_name, 2)
    sink = TransactionalSink(topic_name, settings(kafka_bootstrap))
    with in_a_group(kafka_bootstrap, topic_name, topic_name) as (_, member):
        for number in range(1, 4):
            units = [sink.begin() for _ in range(sink.at_once)]
            for partition, unit in reversed(list(enumerate(units))):
                unit.send({topic_name: numbered(1)}, partition)
                unit.send_offsets({TopicPartition(topic_name, partition): number}, member)
                unit.commit()
    assert len(read_all(kafka_bootstrap, topic_name, "read_committed")) == 6
    assert committed(kafka_bootstrap, topic_name, topic_name, 2) == {0: 3, 1: 3}
    sink.close()


@pytest.mark.kafka
def test_what_the_broker_refuses_of_a_transaction_is_fatal_and_the_next_one_works(
    kafka_bootstrap: str, topic_name: str
) -> None:
    create_topic(kafka_bootstrap, topic_name)
    sink, zero = TransactionalSink(topic_name, settings(kafka_bootstrap)), TopicPartition(topic_name, 0)
    with in_a_group(kafka_bootstrap, topic_name, topic_name) as (_, member):
        unit = sink.begin()
        unit.send({topic_name: numbered(1)})
        unit.send({topic_name: numbered(1)}, partition=77)
        with pytest.raises(Fatal, match="partition"):
            unit.send_offsets({zero: 1}, member)
        unit.abort()
        other = sink.begin()
        other.send({topic_name: numbered(2)})
        other.send_offsets({zero: 2}, member)
        other.commit()
    assert len(read_all(kafka_bootstrap, topic_name, "read_committed")) == 2
    sink.close()


def test_plain_writes_tell_where_the_changes_of_each_chunk_lie(bootstrap: str, topic_name: str) -> None:
    create_topic(bootstrap, topic_name, 2)
    sink, spans = PlainSink(settings(bootstrap)), []
    for sent in (5, 1):
        unit = sink.begin()
        unit.send_changes(topic_name, 1, numbered(sent), [Whole(topic_name, b"k", b"v", [("a", b"1")], 1)])
        unit.flush()
        unit.send_changes(topic_name, 1, numbered(2))
        unit.commit()
        spans.append(unit.span(1))
    assert spans == [Span(0, 8, 8), Span(8, 12, 4)]
    assert sink.begin().span(1) is None
    sink.close()


def test_records_of_another_between_ours_show(bootstrap: str, topic_name: str) -> None:
    create_topic(bootstrap, topic_name)
    ours, other = PlainSink(settings(bootstrap)), PlainSink(settings(bootstrap))
    unit, between = ours.begin(), other.begin()
    unit.send_changes(topic_name, 0, numbered(2))
    unit.flush()
    between.send_changes(topic_name, 0, numbered(3))
    between.commit()
    assert between.span(0) == Span(2, 5, 3)
    unit.send_changes(topic_name, 0, numbered(2))
    unit.commit()
    assert unit.span(0) == Span(0, 7, 4)
    ours.close()
    other.close()


@pytest.mark.parametrize("code", sorted(LOST))
def test_what_a_lost_transaction_cannot_send_is_no_fault_of_the_worker(code: int) -> None:
    error = KafkaError(code)
    writers = [TransactionalWriter(settings("127.0.0.1:1"), "w"), Writer(settings("127.0.0.1:1"))]
    assert [type(one.unsendable("t", error)) for one in writers] == [Fenced, Fatal]


@pytest.mark.parametrize("cause", [None, KafkaException(KafkaError(KafkaError._FENCED))])
def test_a_fatal_fault_is_known_in_whatever_form_the_client_raises_it(cause: Exception | None) -> None:
    error = SystemError("returned a result with an exception set")
    error.__cause__ = cause
    assert fault_in(error).code() in LOST


def test_transactions_are_for_stages_with_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("topologies.runtime.writing.processing.cluster_has_transactions", lambda _: True)
    for processing in (Processing.AUTO, Processing.EXACTLY_ONCE):
        once = Settings(processing=processing, data_dir=tmp_path)
        assert isinstance(build_sink(SHIPMENTS, once), TransactionalSink)
        assert isinstance(build_sink(INTAKE, once), PlainSink)
    plain = Settings(processing=Processing.AT_LEAST_ONCE, data_dir=tmp_path)
    assert isinstance(build_sink(SHIPMENTS, plain), PlainSink)
