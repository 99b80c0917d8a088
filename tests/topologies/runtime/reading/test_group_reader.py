"""The reader on brokers: what it reads, where it pauses, how it commits, and in which order partitions come and go."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka import TopicPartition as Place

from config.settings import Settings
from tests.support.kafka import quiet
from tests.support.topics import create_topic, fill, unique
from tests.support.waiting import PATIENCE, eventually
from topologies.runtime.reading.chunks import Run, TopicPartition
from topologies.runtime.reading.group_reader import METADATA_HEAD, GroupReader, KafkaRecord, configuration, of_a_member


class Member:
    """Keeps what it is told; ``hold`` is waited for before partitions go."""

    def __init__(self) -> None:
        self.reader: GroupReader
        self.records: dict[TopicPartition, list[KafkaRecord]] = defaultdict(list)
        self.ends: dict[TopicPartition, tuple[int, int]] = {}
        self.calls: list[tuple[str, set[TopicPartition]]] = []
        self.enough: set[TopicPartition] = set()
        self.crash: BaseException | None = None
        self.before_revoked: Callable[[], None] = lambda: None

    def full(self) -> set[TopicPartition]:
        return self.enough

    def received(self, runs: Mapping[TopicPartition, Run]) -> None:
        for tp, run in runs.items():
            self.records[tp] += run.records  # type: ignore[arg-type]
            self.ends[tp] = run.position, run.high_water

    def assigned(self, partitions: set[TopicPartition]) -> Future[None]:
        self.calls.append(("assigned", partitions))
        done: Future[None] = Future()
        done.set_result(None)
        return done

    def revoked(self, partitions: set[TopicPartition], lost: bool) -> Future[None]:
        self.calls.append(("lost" if lost else "revoked", partitions))
        done: Future[None] = Future()

        def let_go() -> None:
            self.before_revoked()
            done.set_result(None)

        threading.Thread(target=let_go).start()
        return done

    def crashed(self, error: BaseException) -> None:
        self.crash = error

    def count(self) -> int:
        return sum(map(len, self.records.values()))


@contextmanager
def member(bootstrap: str, topic: str, **settings: Any) -> Iterator[Member]:
    """A member of the topic's own group that reads."""
    one = Member()
    asked = {"session_timeout": 6, "rebalance_timeout": 6} | settings
    one.reader = GroupReader(f"group.{topic}", Settings(bootstrap=bootstrap, **asked), "range", 1.0, one)
    one.reader.read([topic])
    try:
        yield one
    finally:
        one.reader.close()
        assert one.crash is None


def made(bootstrap: str, topic_name: str, count: int = 0, partitions: int = 2) -> str:
    topic = unique(topic_name)
    create_topic(bootstrap, topic, partitions)
    fill(bootstrap, topic, ((b"k%d" % number, b"v%d" % number) for number in range(count)))
    return topic


def committed(bootstrap: str, topic: str, partitions: int = 2) -> list[int]:
    asker = Consumer({"bootstrap.servers": bootstrap, "group.id": f"group.{topic}"})
    try:
        places = asker.committed([Place(topic, number) for number in range(partitions)], timeout=60)
        return [place.offset for place in places]
    finally:
        asker.close()


def test_everything_is_read_once_in_order_and_the_end_is_told(bootstrap: str, topic_name: str) -> None:
    topic = made(bootstrap, topic_name, 3_000)
    with member(bootstrap, topic) as one:
        eventually(lambda: one.count() == 3_000 and len(one.ends) == 2)
        for tp, records in one.records.items():
            assert [record.offset for record in records] == list(range(len(records)))
            eventually(lambda: one.ends[tp] == (len(records), len(records)))  # noqa: B023
        first = one.records[TopicPartition(topic, 0)][0]
        assert first.value == first.key.replace(b"k", b"v") if first.key else False
        assert (first.topic, first.partition, first.headers) == (topic, 0, [])
        assert first.timestamp > 1_700_000_000_000


def test_a_partition_with_enough_in_hand_stands_until_there_is_room(bootstrap: str, topic_name: str) -> None:
    topic = made(bootstrap, topic_name)
    zero, one_partition = TopicPartition(topic, 0), TopicPartition(topic, 1)
    with member(bootstrap, topic) as one:
        eventually(lambda: one.ends.keys() == {zero, one_partition})
        one.enough = {zero}
        eventually(lambda: one.reader._paused == {zero})
        fill(bootstrap, topic, ((b"k%d" % number, b"v") for number in range(500)))
        eventually(lambda: len(one.records[one_partition]) > 0 and one.ends[one_partition][0] > 0)
        assert one.records[zero] == []
        one.enough = set()
        eventually(lambda: one.count() == 500)
        assert [record.offset for record in one.records[zero]] == list(range(len(one.records[zero])))


def test_a_commit_holds_under_its_assignment_alone(bootstrap: str, topic_name: str) -> None:
    topic = made(bootstrap, topic_name, 100)
    zero = TopicPartition(topic, 0)
    with member(bootstrap, topic) as one:
        eventually(lambda: one.count() == 100)
        generation = one.reader.generation
        assert not one.reader.commit(generation - 1, {zero: 1}).result(PATIENCE)
        assert one.reader.commit(generation, {zero: 7}).result(PATIENCE)
        assert committed(bootstrap, topic)[0] == 7
    assert not one.reader.commit(generation, {zero: 9}).result(PATIENCE)


def test_the_broker_is_asked_for_membership_with_nothing_committed_and_no_commit_moves(
    bootstrap: str, topic_name: str
) -> None:
    topic = made(bootstrap, topic_name, 100)
    with member(bootstrap, topic) as one:
        eventually(lambda: one.count() == 100)
        generation = one.reader.generation
        assert one.reader.still_member(generation).result(PATIENCE)
        assert max(committed(bootstrap, topic)) == 0
        assert one.reader.commit(generation, {TopicPartition(topic, 0): 7}).result(PATIENCE)
        assert one.reader.still_member(generation).result(PATIENCE)
        assert committed(bootstrap, topic)[0] == 7
        assert not one.reader.still_member(generation - 1).result(PATIENCE)
    assert not one.reader.still_member(generation).result(PATIENCE)


def test_a_halted_reader_commits_still_and_reads_no_more(bootstrap: str, topic_name: str) -> None:
    topic = made(bootstrap, topic_name, 100)
    with member(bootstrap, topic) as one:
        eventually(lambda: one.count() == 100)
        one.reader.halt()
        assert one.reader.commit(one.reader.generation, {TopicPartition(topic, 0): 3}).result(PATIENCE)
        fill(bootstrap, topic, [(b"k", b"late")])
        assert one.count() == 100
    assert committed(bootstrap, topic)[0] == 3


def test_what_is_committed_while_partitions_go_is_where_the_next_owner_begins(
    bootstrap: str, topic_name: str
) -> None:
    topic = made(bootstrap, topic_name, 400)
    with member(bootstrap, topic) as first:
        eventually(lambda: first.count() == 400)
        ends = {tp: len(records) for tp, records in first.records.items()}
        last_words: list[bool] = []

        def commit() -> None:
            last_words.append(first.reader.commit(first.reader.generation, ends).result(PATIENCE))

        first.before_revoked = commit
        with member(bootstrap, topic) as second:
            eventually(lambda: first.reader.assignment() and second.reader.assignment())
            assert last_words == [True]
            assert [call for call, _ in first.calls] == ["assigned", "revoked", "assigned"]
            shared = first.reader.assignment() | second.reader.assignment()
            assert (len(shared), len(first.reader.assignment())) == (2, 1)
            fill(bootstrap, topic, ((b"k%d" % number, b"new") for number in range(100)))
            eventually(lambda: first.count() + second.count() == 500)
            news = [record for one in second.records.values() for record in one]
            assert {record.value for record in news} == {b"new"}


@pytest.mark.kafka
def test_a_transaction_that_stays_open_is_named_and_one_that_ended_is_not(
    kafka_bootstrap: str, topic_name: str, caplog: pytest.LogCaptureFixture
) -> None:
    topic = made(kafka_bootstrap, topic_name)
    writers = [
        Producer({"bootstrap.servers": kafka_bootstrap, "transactional.id": f"{topic}-{number}"}, logger=quiet)
        for number in range(2)
    ]
    with member(kafka_bootstrap, topic, stuck_timeout=2.0) as one:
        eventually(lambda: len(one.ends) == 2, what="both partitions are read to their ends")
        for number, writer in enumerate(writers):
            writer.init_transactions(PATIENCE)
            writer.begin_transaction()
            writer.produce(topic, b"taken back", partition=number)
            writer.flush(PATIENCE)
        writers[0].abort_transaction(PATIENCE)
        eventually(lambda: f"{topic}[1]: a transaction has been open at offset 0" in caplog.text, what="it is named")
        writers[1].abort_transaction(PATIENCE)
        eventually(lambda: one.ends[TopicPartition(topic, 1)] == (2, 2), what="its end is passed")
    assert f"{topic}[0]: a transaction" not in caplog.text


def test_an_assignment_comes_with_the_member_and_the_generation_it_is_of(bootstrap: str, topic_name: str) -> None:
    topic = made(bootstrap, topic_name)
    with member(bootstrap, topic) as first:
        eventually(lambda: bool(first.reader.assignment()))
        alone = first.reader.group_metadata
        assert alone is not None
        assert f"group.{topic}".encode() in alone
        with member(bootstrap, topic) as second:
            eventually(lambda: bool(first.reader.assignment() and second.reader.assignment()))
            assert len({alone, first.reader.group_metadata, second.reader.group_metadata}) == 3


def test_who_was_put_out_of_the_group_before_it_was_given_its_partitions_has_no_generation() -> None:
    """As nobody's offsets, those of a transaction would be taken unseen."""
    asker = Consumer({"bootstrap.servers": "127.0.0.1:1", "group.id": "g"}, logger=quiet)
    assert of_a_member(asker.consumer_group_metadata()) is None
    assert of_a_member(METADATA_HEAD + b"\x02\0\0\0g\0m\0\x01") is not None
    asker.close()


def test_the_consumer_is_configured_by_the_installations_own_librdkafka_settings() -> None:
    settings = Settings(
        bootstrap="one.example:9092", kafka_password="quiet", session_timeout=21.0, rebalance_timeout=17.0,
        fetch_bytes=123_456,
        kafka_config={"security.protocol": "SASL_SSL", "sasl.mechanism": "OAUTHBEARER", "enable.auto.commit": "true"},
    )
    told = configuration("shipsync-intake", settings, "range", 4.0)
    assert (told["bootstrap.servers"], told["sasl.password"]) == ("one.example:9092", "quiet")
    assert (told["security.protocol"], told["sasl.mechanism"]) == ("SASL_SSL", "OAUTHBEARER")
    assert (told["group.id"], told["partition.assignment.strategy"]) == ("shipsync-intake", "range")
    assert (told["session.timeout.ms"], told["heartbeat.interval.ms"]) == (21_000, 4_000)
    assert (told["auto.offset.reset"], told["isolation.level"]) == ("earliest", "read_committed")
    assert told["fetch.message.max.bytes"] == 123_456
    assert told["enable.auto.commit"] is False


def test_a_rebalance_waits_as_long_as_is_set_and_never_shorter_than_the_session() -> None:
    for session, rebalance, waits in ((10.0, 15.0, 15_000), (30.0, 6.0, 30_000)):
        settings = Settings(session_timeout=session, rebalance_timeout=rebalance)
        assert configuration("group", settings, "range", 1.0)["max.poll.interval.ms"] == waits
