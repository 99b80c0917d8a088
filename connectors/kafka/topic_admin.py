"""Creates the declared topics, and says where existing ones differ from their declaration."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType

from config.settings import Settings
from config.topics import Cleanup, Topic
from connectors.kafka.client import client_log, no_broker
from streams.kernel.errors import Fatal, Transient

ANSWER_SECONDS = 15.0
CREATE_SECONDS = 60.0
"""How long a cluster that is slow to create topics is asked again."""
ASK_SECONDS = 2.0
POLL_SECONDS = 0.2
RECORD_SLACK = 256 * 1024
"""Room for a raw record's headers; as much again for those a dead letter adds."""
LARGEST_STATE = 2 * 1024 * 1024
"""The largest record of a compacted topic, bytes: a changelog's may carry what waits for it."""


def _never() -> bool:
    return False


class TopicAdmin:
    """The topics of one cluster. Every question raises Transient where no broker answers it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._admin = AdminClient(dict(settings.kafka.librdkafka()), logger=client_log)

    def wait(
        self, seconds: float, sleep: Callable[[float], None] = time.sleep, until: Callable[[], bool] = _never
    ) -> bool:
        """True when a broker answers, False once told to end. Raises Transient, with the setting, if none does."""
        deadline = time.monotonic() + seconds
        while not until():
            try:
                self._admin.list_topics(timeout=min(seconds, ASK_SECONDS))
                return True
            except KafkaException as error:
                if time.monotonic() >= deadline:
                    raise no_broker(self._settings.kafka.bootstrap, error) from error
                sleep(POLL_SECONDS)
        return False

    def existing(self) -> dict[str, int]:
        """Partitions of every topic there is."""
        try:
            found = self._admin.list_topics(timeout=ANSWER_SECONDS).topics
        except KafkaException as error:
            raise no_broker(self._settings.kafka.bootstrap, error) from error
        return {name: len(topic.partitions) for name, topic in found.items()}

    def ids(self, names: Sequence[str]) -> dict[str, str]:
        """The identity of each topic: one that is deleted and made again has another. Raises Transient, also for a
        topic that is missing."""
        asked = self._admin.describe_topics(TopicCollection(list(names)), request_timeout=ANSWER_SECONDS)
        try:
            return {name: str(answer.result().topic_id) for name, answer in asked.items()}
        except KafkaException as error:
            raise Transient(
                f"topics at {self._settings.kafka.bootstrap} cannot be described: {error.args[0].str()};"
                " shipsync topics --create makes those that are missing"
            ) from error

    def create(self, catalogue: Sequence[Topic]) -> list[str]:
        """Create what is missing and wait until it is seen; the names created.

        Raises Fatal where the cluster refuses one, Transient where it does not answer.
        """
        present = self.existing()
        missing = [topic for topic in catalogue if topic.name not in present]
        deadline, left = time.monotonic() + CREATE_SECONDS, missing
        while left:
            asked = self._admin.create_topics([self._new(topic) for topic in left], request_timeout=ANSWER_SECONDS)
            left = [topic for topic in left if not self._is_made(topic.name, asked[topic.name], deadline)]
            if left:
                time.sleep(POLL_SECONDS)
        names = [topic.name for topic in missing]
        self._wait_for(names)
        return names

    def differences(self, catalogue: Sequence[Topic]) -> list[str]:
        """One line for each way an existing topic differs from its declaration."""
        present = self.existing()
        found = []
        for topic in catalogue:
            wanted, there = self._partitions(topic), present.get(topic.name)
            if there is None:
                found.append(f"{topic.name} is missing: shipsync topics --create")
            elif there != wanted:
                found.append(self._wrong_number(topic, there, wanted))
        return found + self._wrong_cleanup([topic for topic in catalogue if topic.name in present])

    def _is_made(self, name: str, answer: Future[None], deadline: float) -> bool:
        """Whether the topic is there; False where the cluster is to be asked again."""
        try:
            answer.result()
            return True
        except KafkaException as error:
            fault: KafkaError = error.args[0]
            if fault.code() == KafkaError.TOPIC_ALREADY_EXISTS:
                return True
            if fault.retriable() or fault.code() == KafkaError._TIMED_OUT:
                if time.monotonic() < deadline:
                    return False
                raise no_broker(self._settings.kafka.bootstrap, error) from error
            hint = "; set SHIPSYNC_REPLICATION to at most the number of brokers" if (
                fault.code() == KafkaError.INVALID_REPLICATION_FACTOR
            ) else ""
            raise Fatal(f"the topic {name} cannot be created: {fault.str()}{hint}") from error

    def _wait_for(self, names: Sequence[str]) -> None:
        """A cluster takes a moment to tell all its brokers."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while unseen := set(names) - self.existing().keys():
            if time.monotonic() >= deadline:
                raise Transient(f"{', '.join(sorted(unseen))}: created, but not seen within {ANSWER_SECONDS:g} s")
            time.sleep(POLL_SECONDS)

    def _wrong_number(self, topic: Topic, there: int, wanted: int) -> str:
        advice = "make it anew" if topic.partitions is not None else f"set SHIPSYNC_PARTITIONS={there}, or make it anew"
        return (
            f"{topic.name} has {there} partitions, {wanted} are declared: {advice};"
            " the number cannot be changed under a running installation"
        )

    def _wrong_cleanup(self, catalogue: Sequence[Topic]) -> list[str]:
        if not catalogue:
            return []
        asked = self._admin.describe_configs(
            [ConfigResource(ResourceType.TOPIC, topic.name) for topic in catalogue],
            request_timeout=ANSWER_SECONDS,
        )
        answers = {resource.name: answer for resource, answer in asked.items()}
        found = []
        for topic in catalogue:
            wanted = topic.cleanup.value
            try:
                entry = answers[topic.name].result().get("cleanup.policy")
            except KafkaException as error:
                found.append(f"{topic.name}: its settings cannot be read: {error.args[0].str()}")
                continue
            if entry is not None and entry.value and wanted not in entry.value.split(","):
                found.append(
                    f"{topic.name} has cleanup.policy={entry.value}, {wanted} is declared: set it with"
                    f" kafka-configs --alter --topic {topic.name} --add-config cleanup.policy={wanted}"
                )
        return found

    def _partitions(self, topic: Topic) -> int:
        return topic.partitions or self._settings.kafka.partitions

    def _new(self, topic: Topic) -> NewTopic:
        config = {"cleanup.policy": topic.cleanup.value}
        if topic.cleanup is Cleanup.DELETE:
            config["retention.ms"] = str(topic.retention_ms)
        if topic.schema is None:
            largest = largest_dead_letter if topic.name.startswith("dlq.") else largest_record
            config["max.message.bytes"] = str(largest(self._settings))
        elif topic.cleanup is Cleanup.COMPACT:
            config["max.message.bytes"] = str(LARGEST_STATE)
        return NewTopic(
            topic.name, num_partitions=self._partitions(topic), replication_factor=self._settings.kafka.replication,
            config=config,
        )


def largest_record(settings: Settings) -> int:
    """The largest record raw topics take, bytes: twice what intake reads, so that a payload over its limit can
    still be kept whole as a dead letter."""
    return 2 * settings.intake.max_record_bytes + RECORD_SLACK


def largest_dead_letter(settings: Settings) -> int:
    """The largest record dead-letter topics take, bytes: every raw record fits, its reason beside it."""
    return largest_record(settings) + RECORD_SLACK
