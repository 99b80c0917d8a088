"""One record is read by its place, on a broker; what is no longer there is told from a broker that does not answer."""

from __future__ import annotations

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from config.settings import Settings
from connectors.embedded.ports import unused
from connectors.kafka import stored_record
from connectors.kafka.stored_record import RecordReader
from streams.kernel.errors import Transient
from tests.support.topics import create_topic, fill
from tests.support.waiting import PATIENCE


def test_a_record_is_read_by_its_place_in_any_order(bootstrap: str, topic_name: str) -> None:
    create_topic(bootstrap, topic_name)
    fill(bootstrap, topic_name, [(None, b"%d" % number) for number in range(5)])
    reader = RecordReader(Settings(_env_file=None, bootstrap=bootstrap), "test")
    for offset in (3, 0, 4):
        found = reader.read(topic_name, 0, offset)
        assert found is not None
        assert found.value == b"%d" % offset
        assert found.at > 1_600_000_000_000
    reader.close()


@pytest.mark.kafka
def test_a_record_that_was_deleted_is_gone_and_its_neighbour_is_not(kafka_bootstrap: str, topic_name: str) -> None:
    create_topic(kafka_bootstrap, topic_name)
    fill(kafka_bootstrap, topic_name, [(None, b"%d" % number) for number in range(5)])
    admin = AdminClient({"bootstrap.servers": kafka_bootstrap})
    reader = RecordReader(Settings(_env_file=None, bootstrap=kafka_bootstrap), "test")
    try:
        for before, kept in ((3, True), (5, False)):
            for done in admin.delete_records([TopicPartition(topic_name, 0, before)]).values():
                done.result(PATIENCE)
            assert reader.read(topic_name, 0, 2) is None
            assert (reader.read(topic_name, 0, 3) is not None) is kept
    finally:
        reader.close()


def test_without_a_broker_it_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_record, "ANSWER_SECONDS", 0.2)
    reader = RecordReader(Settings(_env_file=None, bootstrap=f"127.0.0.1:{unused()[0]}"), "test")
    with pytest.raises(Transient):
        reader.read("raw.acme.v1", 0, 0)
    reader.close()
