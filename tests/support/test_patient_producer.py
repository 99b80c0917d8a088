"""Records that a broker did not take at first are on it in the end."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from connectors.embedded.broker import EmbeddedBroker, free_port
from tests.support.patient_producer import PatientProducer
from tests.support.topics import fill, read_all
from tests.support.waiting import PATIENCE, eventually

quiet = logging.getLogger("tests.support.test_patient_producer")
quiet.addHandler(logging.NullHandler())
quiet.propagate = False


@pytest.fixture
def later() -> Iterator[EmbeddedBroker]:
    """A broker that does not run yet."""
    broker = EmbeddedBroker(free_port())
    yield broker
    broker.stop()


@pytest.mark.broker
def test_a_record_that_the_client_gave_up_is_sent_again(later: EmbeddedBroker) -> None:
    producer = PatientProducer({"bootstrap.servers": later.bootstrap, "message.timeout.ms": 500}, logger=quiet)
    assert producer.send([("places", b"a", b"1"), ("places", b"b", b"2")]) == 2
    eventually(lambda: producer.look(0.1) or producer.refused == 2, what="the client gives up")
    later.start()
    producer.finish()
    assert producer.sent_again >= 2
    found = read_all(later.bootstrap, "places")
    assert sorted((one.key(), one.value()) for one in found) == [(b"a", b"1"), (b"b", b"2")]


def test_a_record_that_nobody_takes_is_told() -> None:
    nobody = f"127.0.0.1:{free_port()}"
    producer = PatientProducer({"bootstrap.servers": nobody, "message.timeout.ms": 200}, logger=quiet)
    producer.send([("places", b"a", b"1")])
    with pytest.raises(AssertionError, match=r"1 records not taken, the last: (places under b'a'|no answer)"):
        producer.finish(1.0)


@pytest.mark.broker
def test_what_fills_a_topic_is_there_when_it_returns(bootstrap: str, topic_name: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(topic_name, 4, 1)])[topic_name].result(PATIENCE)
    assert fill(bootstrap, topic_name, ((b"%d" % number, b"") for number in range(500))) == 500
    assert len(read_all(bootstrap, topic_name)) == 500
