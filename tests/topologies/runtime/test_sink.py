"""The sink: what flush lets pass has arrived; what failed is raised, never lost in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka import KafkaError

from config.settings import Processing, Settings
from config.topics import INTAKE, SHIPMENTS
from connectors.embedded.broker import EmbeddedBroker
from streams.kernel.errors import Fatal
from tests.support.topics import create_topic, read_all
from topologies.runtime import writer
from topologies.runtime.handler import Message
from topologies.runtime.plain_sink import PlainSink
from topologies.runtime.processing import build_sink
from topologies.runtime.sink import Fenced, Span, Whole
from topologies.runtime.transactional_sink import LOST, TransactionalSink, TransactionalWriter
from topologies.runtime.writer import Writer


def settings(bootstrap: str, **more: object) -> Settings:
    return Settings(bootstrap=bootstrap, **more)  # type: ignore[arg-type]


def numbered(count: int) -> list[Message]:
    return [{"key": b"k%d" % number, "value": b"%d" % number} for number in range(count)]


def test_what_was_flushed_can_be_read_in_order_per_key(bootstrap: str, topic_name: str) -> None:
    create_topic(bootstrap, topic_name, 3)
    sink = PlainSink(settings(bootstrap))
    unit = sink.begin(0)
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
    sink.begin(2).send({topic_name: numbered(50)}, partition=2)
    sink.begin(2).flush()
    assert {message.partition() for message in read_all(bootstrap, topic_name)} == {2}
    sink.close()


def test_a_deletion_arrives_as_no_value(bootstrap: str, topic_name: str) -> None:
    create_topic(bootstrap, topic_name)
    sink = PlainSink(settings(bootstrap))
    sink.begin(0).send({topic_name: [{"key": b"kept", "value": b""}, {"key": b"gone", "value": None}]}, partition=0)
    sink.begin(0).flush()
    assert [message.value() for message in read_all(bootstrap, topic_name)] == [b"", None]
    sink.close()


def test_keys_lie_where_java_producers_put_them(bootstrap: str, topic_name: str) -> None:
    create_topic(bootstrap, topic_name, 4)
    sink = PlainSink(settings(bootstrap))
    sink.begin(0).send({topic_name: [{"key": b"21", "value": b""}, {"key": b"foobar", "value": b""}]})
    sink.begin(0).flush()
    murmur2 = {b"21": -973932308, b"foobar": -790332482}  # from Kafka's own UtilsTest
    assert {message.key(): message.partition() for message in read_all(bootstrap, topic_name)} == {
        key: (value & 0x7FFFFFFF) % 4 for key, value in murmur2.items()
    }
    sink.close()


def test_headers_go_along(bootstrap: str, topic_name: str) -> None:
    create_topic(bootstrap, topic_name)
    sink = PlainSink(settings(bootstrap))
    sink.begin(0).send_whole([Whole(topic_name, None, b"\x00", [("a", b"1"), ("a", b"\xff")])])
    sink.begin(0).flush()
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
    sink.begin(0).send({topic_name: numbered(1000)})
    sink.begin(0).send_whole([Whole(topic_name, b"k", b"%d" % number, []) for number in range(300)])
    sink.begin(0).flush()
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
        sink.begin(0).send({topic_name: numbered(1)})
        sink.begin(0).flush()
        broker.stop()
        sink.begin(0).send({topic_name: numbered(3)})
        with pytest.raises(Fatal, match=r"unanswered|failed"):
            sink.begin(0).flush()
        with pytest.raises(Fatal):
            sink.begin(0).commit()


def test_a_message_that_cannot_be_sent_is_fatal_at_once(bootstrap: str, topic_name: str) -> None:
    create_topic(bootstrap, topic_name)
    sink = PlainSink(settings(bootstrap, max_record_bytes=2048))
    with pytest.raises(Fatal, match=r"too large|SIZE"):
        sink.begin(0).send({topic_name: [{"key": None, "value": b"x" * 3_000_000}]})
    with pytest.raises(Fatal, match=r"too large|SIZE"):
        sink.begin(0).send_whole([Whole(topic_name, None, b"x" * 3_000_000, [])])
    sink.close()


def test_a_partition_that_does_not_exist_is_fatal_at_the_latest_at_flush(
    bootstrap: str, topic_name: str
) -> None:
    create_topic(bootstrap, topic_name)
    sink = PlainSink(settings(bootstrap))
    unit = sink.begin(77)

    def write() -> None:
        unit.send({topic_name: numbered(1)}, partition=77)
        unit.flush()

    with pytest.raises(Fatal):
        write()


@pytest.mark.kafka
def test_a_transaction_shows_all_or_nothing(kafka_bootstrap: str, topic_name: str) -> None:
    create_topic(kafka_bootstrap, topic_name)
    sink = TransactionalSink(topic_name, settings(kafka_bootstrap))
    sink.open(0)
    kept = sink.begin(0)
    kept.send({topic_name: numbered(3)})
    kept.flush()
    kept.commit()
    dropped = sink.begin(0)
    dropped.send({topic_name: numbered(5)})
    dropped.abort()
    assert len(read_all(kafka_bootstrap, topic_name, "read_committed")) == 3
    sink.close()


@pytest.mark.kafka
@pytest.mark.parametrize("step", ["begin", "send", "send whole", "send changes", "commit"])
def test_the_former_owner_of_a_partition_is_fenced_at_whatever_it_does_next(
    kafka_bootstrap: str, topic_name: str, step: str
) -> None:
    create_topic(kafka_bootstrap, topic_name)
    former = TransactionalSink(topic_name, settings(kafka_bootstrap))
    former.open(0)
    unit = former.begin(0)
    if step == "begin":
        unit.commit()
    else:
        unit.send({topic_name: numbered(1)})
    successor = TransactionalSink(topic_name, settings(kafka_bootstrap))
    successor.open(0)

    def write() -> None:
        one = former.begin(0) if step == "begin" else unit
        while True:  # until the producer has heard of it
            if step == "send":
                one.send({topic_name: numbered(1)})
            elif step == "send whole":
                one.send_whole([Whole(topic_name, b"k", b"v", [("a", b"1")])])
            elif step == "send changes":
                one.send_changes(topic_name, 0, numbered(1))
            else:
                one.commit()

    with pytest.raises(Fenced):
        write()
    with pytest.raises(Fenced):
        unit.commit()
    former.close()
    other = successor.begin(0)
    other.send({topic_name: numbered(2)})
    other.commit()
    assert len(read_all(kafka_bootstrap, topic_name, "read_committed")) == 2
    successor.close()


@pytest.mark.kafka
def test_a_partition_released_is_opened_by_nobody_but_who_restores_it(kafka_bootstrap: str, topic_name: str) -> None:
    sink = TransactionalSink(topic_name, settings(kafka_bootstrap))
    sink.open(0)
    sink.release(0)
    with pytest.raises(Fenced):
        sink.begin(0)


@pytest.mark.kafka
def test_a_transaction_tells_where_its_changes_lie(kafka_bootstrap: str, topic_name: str) -> None:
    create_topic(kafka_bootstrap, topic_name)
    sink = TransactionalSink(topic_name, settings(kafka_bootstrap))
    sink.open(0)
    spans = []
    for _ in range(2):
        unit = sink.begin(0)
        unit.send_changes(topic_name, 0, numbered(5), [Whole(topic_name, b"k", b"v", [("a", b"1")], 0)])
        unit.flush()
        spans.append(unit.commit())
    assert spans == [Span(0, 6, 6), Span(7, 13, 6)]
    empty = sink.begin(0)
    assert empty.commit() is None
    sink.close()


def test_plain_writes_tell_where_the_changes_of_each_chunk_lie(bootstrap: str, topic_name: str) -> None:
    create_topic(bootstrap, topic_name, 2)
    sink, spans = PlainSink(settings(bootstrap)), []
    for sent in (5, 1):
        unit = sink.begin(1)
        unit.send_changes(topic_name, 1, numbered(sent), [Whole(topic_name, b"k", b"v", [("a", b"1")], 1)])
        unit.flush()
        unit.send_changes(topic_name, 1, numbered(2))
        spans.append(unit.commit())
    assert spans == [Span(0, 8, 8), Span(8, 12, 4)]
    assert sink.begin(1).commit() is None
    sink.close()


def test_records_of_another_between_ours_show(bootstrap: str, topic_name: str) -> None:
    create_topic(bootstrap, topic_name)
    ours, other = PlainSink(settings(bootstrap)), PlainSink(settings(bootstrap))
    unit, between = ours.begin(0), other.begin(0)
    unit.send_changes(topic_name, 0, numbered(2))
    unit.flush()
    between.send_changes(topic_name, 0, numbered(3))
    assert between.commit() == Span(2, 5, 3)
    unit.send_changes(topic_name, 0, numbered(2))
    assert unit.commit() == Span(0, 7, 4)
    ours.close()
    other.close()


@pytest.mark.parametrize("code", sorted(LOST))
def test_what_a_lost_transaction_cannot_send_is_no_fault_of_the_worker(code: int) -> None:
    error = KafkaError(code)
    writers = [one(settings("127.0.0.1:1"), {}) for one in (TransactionalWriter, Writer)]
    assert [type(one.unsendable("t", error)) for one in writers] == [Fenced, Fatal]


def test_transactions_are_for_stages_with_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("topologies.runtime.processing.cluster_has_transactions", lambda _: True)
    for processing in (Processing.AUTO, Processing.EXACTLY_ONCE):
        once = Settings(processing=processing, data_dir=tmp_path)
        assert isinstance(build_sink(SHIPMENTS, once), TransactionalSink)
        assert isinstance(build_sink(INTAKE, once), PlainSink)
    plain = Settings(processing=Processing.AT_LEAST_ONCE, data_dir=tmp_path)
    assert isinstance(build_sink(SHIPMENTS, plain), PlainSink)
