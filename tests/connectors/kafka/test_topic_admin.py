"""Topics are created as declared; existing ones that differ are told."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from types import SimpleNamespace

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import NewTopic

from config.settings import Settings
from config.topics import Cleanup, Topic
from connectors.embedded.ports import unused
from connectors.kafka.topic_admin import TopicAdmin, largest_dead_letter, largest_record
from streams.kernel.errors import Fatal, Transient
from tests.support.topics import create_topic, unique


class SlowCluster:
    """Answers late so many times, and creates the topics nevertheless."""

    def __init__(self, late: int) -> None:
        self.late, self.there = late, set[str]()

    def list_topics(self, **_: float) -> SimpleNamespace:
        return SimpleNamespace(topics={name: SimpleNamespace(partitions=[0]) for name in self.there})

    def create_topics(self, wanted: list[NewTopic], **_: float) -> dict[str, Future[None]]:
        answers = {one.topic: Future[None]() for one in wanted}
        self.late -= 1
        for name, answer in answers.items():
            if self.late >= 0:
                answer.set_exception(KafkaException(KafkaError(KafkaError._TIMED_OUT)))
            elif name in self.there:
                answer.set_exception(KafkaException(KafkaError(KafkaError.TOPIC_ALREADY_EXISTS)))
            else:
                answer.set_result(None)
        self.there |= answers.keys()
        return answers


def declared(name: str, **other: object) -> Topic:
    plain = Topic(unique(name), "For a test", "none", "alert", "tests")
    return replace(plain, **other)  # type: ignore[arg-type]


def test_what_is_missing_is_created_once_with_the_declared_partitions(bootstrap: str) -> None:
    admin = TopicAdmin(Settings(bootstrap=bootstrap, partitions=3))
    catalogue = [declared("keyed"), declared("single", partitions=1), declared("kept", cleanup=Cleanup.COMPACT)]
    assert admin.create(catalogue) == [topic.name for topic in catalogue]
    assert admin.create(catalogue) == []
    found = admin.existing()
    assert [found[topic.name] for topic in catalogue] == [3, 1, 3]
    assert admin.differences(catalogue) == []


def test_a_difference_is_reported_with_its_fix(bootstrap: str) -> None:
    admin = TopicAdmin(Settings(bootstrap=bootstrap, partitions=4))
    fewer, single, missing = declared("fewer"), declared("single", partitions=1), declared("missing")
    create_topic(bootstrap, fewer.name, 2)
    create_topic(bootstrap, single.name, 2)
    told = admin.differences([fewer, single, missing])
    assert f"{fewer.name} has 2 partitions, 4 are declared: set SHIPSYNC_PARTITIONS=2" in told[0]
    assert f"{single.name} has 2 partitions, 1 are declared: make it anew" in told[1]
    assert told[2] == f"{missing.name} is missing: shipsync topics --create"


def test_a_cluster_that_answers_late_is_asked_again() -> None:
    admin = TopicAdmin(Settings(bootstrap="127.0.0.1:9"))
    admin._admin = SlowCluster(2)  # type: ignore[assignment]
    topic = declared("late")
    assert admin.create([topic]) == [topic.name]


def test_a_cluster_that_never_answers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.kafka.topic_admin.CREATE_SECONDS", 0.0)
    admin = TopicAdmin(Settings(bootstrap="127.0.0.1:9"))
    admin._admin = SlowCluster(1)  # type: ignore[assignment]
    with pytest.raises(Transient, match=r"no broker answers at 127\.0\.0\.1:9"):
        admin.create([declared("late")])


@pytest.mark.kafka
def test_another_cleanup_policy_is_told(kafka_bootstrap: str) -> None:
    admin = TopicAdmin(Settings(bootstrap=kafka_bootstrap, partitions=1))
    state = declared("state", cleanup=Cleanup.COMPACT)
    create_topic(kafka_bootstrap, state.name, 1, cleanup_policy="delete")
    (told,) = admin.differences([state])
    assert told.startswith(f"{state.name} has cleanup.policy=delete, compact is declared")


@pytest.mark.kafka
def test_more_replicas_than_brokers_are_fatal_and_name_the_setting(kafka_bootstrap: str) -> None:
    admin = TopicAdmin(Settings(bootstrap=kafka_bootstrap, partitions=1, replication=3))
    with pytest.raises(Fatal, match="SHIPSYNC_REPLICATION"):
        admin.create([declared("thrice")])


def test_where_no_broker_answers_the_address_and_the_setting_are_told() -> None:
    address = f"127.0.0.1:{unused()[0]}"
    admin = TopicAdmin(Settings(bootstrap=address))
    with pytest.raises(Transient, match=f"no broker answers at {address} .*SHIPSYNC_BOOTSTRAP"):
        admin.wait(0.3)


def test_the_wait_for_a_broker_can_be_ended() -> None:
    admin = TopicAdmin(Settings(bootstrap=f"127.0.0.1:{unused()[0]}"))
    assert admin.wait(60, until=lambda: True) is False


def test_a_record_intake_refuses_for_its_size_still_fits_as_a_dead_letter() -> None:
    settings = Settings(max_record_bytes=1024 * 1024)
    assert largest_record(settings) > 2 * settings.intake.max_record_bytes


def test_every_raw_record_fits_on_a_dead_letter_topic_with_its_reason() -> None:
    settings = Settings()
    assert largest_dead_letter(settings) >= largest_record(settings) + 64 * 1024
