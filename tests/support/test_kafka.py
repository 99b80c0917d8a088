"""Our other tests take this for granted of the Apache Kafka they run on."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from tests.support import kafka_jars
from tests.support.kafka import ApacheKafka, KafkaDown, cluster_id, start_kafka
from tests.support.topics import create_topic, fill, in_open_transactions, read_all
from tests.support.waiting import PATIENCE, eventually

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def own_kafka() -> Iterator[ApacheKafka]:
    """A broker these tests may kill."""
    with start_kafka() as broker:
        yield broker


def values(bootstrap: str, topic: str, isolation: str = "read_committed") -> list[bytes | None]:
    return [message.value() for message in read_all(bootstrap, topic, isolation)]


def test_it_runs_the_version_of_the_pom(own_kafka: ApacheKafka) -> None:
    pinned = re.search(r"<kafka.version>(.+)</kafka.version>", kafka_jars.POM.read_text("utf-8"))
    assert pinned is not None
    assert f"Kafka version: {pinned[1]}" in own_kafka.log.read_text("utf-8")


def test_no_cluster_id_looks_like_an_option() -> None:
    ids = [cluster_id() for _ in range(2_000)]
    assert [one for one in ids if one.startswith("-") or len(one) != 22] == []
    assert len(set(ids)) == len(ids)


def test_what_it_acknowledged_outlives_a_sigkill(own_kafka: ApacheKafka) -> None:
    topic = create_topic(own_kafka.bootstrap, "survives", partitions=3)
    fill(own_kafka.bootstrap, topic, ((b"%d" % n, b"%d" % n) for n in range(1_000)))
    before = own_kafka.pid
    own_kafka.kill()
    own_kafka.start()
    assert own_kafka.pid != before
    assert sorted(int(value or b"") for value in values(own_kafka.bootstrap, topic)) == list(range(1_000))


def test_in_a_folder_that_is_kept_another_one_goes_on(tmp_path: Path) -> None:
    with start_kafka(tmp_path) as first:
        create_topic(first.bootstrap, "kept")
        fill(first.bootstrap, "kept", [(None, b"kept")])
        first.kill()
    with start_kafka(tmp_path) as second:
        assert second.bootstrap == first.bootstrap
        assert values(second.bootstrap, "kept") == [b"kept"]


def test_it_stops_in_order_and_starts_again_where_it_was(own_kafka: ApacheKafka) -> None:
    topic = create_topic(own_kafka.bootstrap, "stops")
    fill(own_kafka.bootstrap, topic, [(None, b"kept")])
    address = own_kafka.bootstrap
    own_kafka.stop()
    assert own_kafka.pid is None
    own_kafka.start()
    assert own_kafka.bootstrap == address
    assert values(own_kafka.bootstrap, topic) == [b"kept"]


def test_read_committed_sees_committed_transactions_only(own_kafka: ApacheKafka) -> None:
    topic = create_topic(own_kafka.bootstrap, "transactions")
    producer = Producer({"bootstrap.servers": own_kafka.bootstrap, "transactional.id": "intake-0"})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topic, b"aborted")
    producer.flush(PATIENCE)
    producer.abort_transaction(30)
    producer.begin_transaction()
    producer.produce(topic, b"committed")
    producer.flush(PATIENCE)
    assert in_open_transactions(own_kafka.bootstrap, [topic]) == {topic: 1}
    producer.commit_transaction(30)
    eventually(lambda: in_open_transactions(own_kafka.bootstrap, [topic]) == {})
    assert values(own_kafka.bootstrap, topic) == [b"committed"]
    assert values(own_kafka.bootstrap, topic, "read_uncommitted") == [b"aborted", b"committed"]


def test_compaction_keeps_the_last_record_of_a_key(own_kafka: ApacheKafka) -> None:
    topic = create_topic(own_kafka.bootstrap, "compacted", cleanup_policy="compact", segment_ms="100",
                         min_cleanable_dirty_ratio="0.01", max_compaction_lag_ms="500")
    history = (b"picked_up", b"in_transit", b"delivered")
    fill(own_kafka.bootstrap, topic, ((b"UPS:1", value) for value in history))

    def compacted() -> bool:
        fill(own_kafka.bootstrap, topic, [(b"roll", b"the segment")])
        records = read_all(own_kafka.bootstrap, topic)
        kept = [record.value() for record in records if record.key() == b"UPS:1"]
        assert kept[-1] == b"delivered"
        return len(kept) == 1

    assert eventually(compacted, interval=0.5, what="one record per key")


def test_a_topic_nobody_declared_does_not_come_into_being(own_kafka: ApacheKafka) -> None:
    failures = []
    producer = Producer({"bootstrap.servers": own_kafka.bootstrap, "message.timeout.ms": 2_000})
    producer.produce("misspelt.topic.v1", b"lost", on_delivery=lambda error, _: failures.append(error.name()))
    producer.flush(PATIENCE)
    assert failures in (["UNKNOWN_TOPIC_OR_PART"], ["_MSG_TIMED_OUT"])
    topics = AdminClient({"bootstrap.servers": own_kafka.bootstrap}).list_topics(timeout=PATIENCE).topics
    assert "misspelt.topic.v1" not in topics


def test_a_broker_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    broker = ApacheKafka(tmp_path, kafka_jars.classpath_or_skip())
    broker.format()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", broker.port))
        taken.listen()
        with pytest.raises(KafkaDown, match=r"(?s)ended with 1.*Address already in use"):
            broker.start()
    assert broker.pid is None


def test_settings_kafka_refuses_are_named() -> None:
    with pytest.raises(KafkaDown, match=r"(?s)Formatting Kafka's storage failed.*process.roles"), \
            start_kafka(process_roles="nonsense"):
        raise AssertionError("it started")
