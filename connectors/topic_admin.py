"""Creates the declared topics, and says where existing ones differ from their declaration."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType

from config.settings import Settings
from config.topics import Cleanup, Topic
from streams.errors import Fatal, Transient

log = logging.getLogger(__name__)

ANSWER_SECONDS = 15.0
RECORD_SLACK = 256 * 1024
"""Room for a raw record's headers, and for those a dead letter adds."""


class TopicAdmin:
    """The topics of one cluster."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._admin = AdminClient(dict(settings.librdkafka()), logger=log)

    def wait(self, seconds: float, sleep: Callable[[float], None] = time.sleep) -> None:
        """Return when a broker answers. Raises Transient, naming the address and the setting, if none does."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                self._admin.list_topics(timeout=2)
                return
            except KafkaException as error:
                if time.monotonic() >= deadline:
                    raise Transient(
                        f"no broker answers at {self._settings.bootstrap}: {error.args[0]};"
                        " start it, or set SHIPSYNC_BOOTSTRAP"
                    ) from error
                sleep(0.2)

    def existing(self) -> dict[str, int]:
        """Partitions of every topic there is."""
        found = self._admin.list_topics(timeout=ANSWER_SECONDS).topics
        return {name: len(topic.partitions) for name, topic in found.items()}

    def create(self, catalogue: Sequence[Topic]) -> list[str]:
        """Create what is missing; the names created. Raises Fatal where the cluster refuses one."""
        present = self.existing()
        missing = [topic for topic in catalogue if topic.name not in present]
        if not missing:
            return []
        asked = self._admin.create_topics([self._new(topic) for topic in missing], request_timeout=ANSWER_SECONDS)
        for name, answer in asked.items():
            try:
                answer.result()
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise Fatal(f"the topic {name} cannot be created: {error.args[0].str()}") from error
        return [topic.name for topic in missing]

    def differences(self, catalogue: Sequence[Topic]) -> list[str]:
        """One line for each way an existing topic differs from its declaration."""
        present = self.existing()
        found = []
        for topic in catalogue:
            wanted, there = self._partitions(topic), present.get(topic.name)
            if there is None:
                found.append(f"{topic.name} is missing: shipsync topics --create")
            elif there != wanted:
                found.append(
                    f"{topic.name} has {there} partitions, {wanted} are declared: set SHIPSYNC_PARTITIONS={there}"
                    " or make the topics anew; the number cannot be changed under a running installation"
                )
        return found + self._wrong_cleanup([topic for topic in catalogue if topic.name in present])

    def _wrong_cleanup(self, catalogue: Sequence[Topic]) -> list[str]:
        asked = self._admin.describe_configs(
            [ConfigResource(ResourceType.TOPIC, topic.name) for topic in catalogue],
            request_timeout=ANSWER_SECONDS,
        )
        told = {resource.name: answer.result() for resource, answer in asked.items()}
        found = []
        for topic in catalogue:
            entry = told[topic.name].get("cleanup.policy")
            if entry is not None and entry.value and topic.cleanup.value not in entry.value:
                found.append(f"{topic.name} has cleanup.policy={entry.value}, {topic.cleanup.value} is declared")
        return found

    def _partitions(self, topic: Topic) -> int:
        return topic.partitions or self._settings.partitions

    def _new(self, topic: Topic) -> NewTopic:
        config = {"cleanup.policy": topic.cleanup.value}
        if topic.cleanup is Cleanup.DELETE:
            config["retention.ms"] = str(topic.retention_ms)
        if topic.schema is None:
            config["max.message.bytes"] = str(largest_record(self._settings))
        return NewTopic(
            topic.name, num_partitions=self._partitions(topic), replication_factor=self._settings.replication,
            config=config,
        )


def largest_record(settings: Settings) -> int:
    """The largest record raw and dead-letter topics take, bytes: twice what intake reads, so that a payload
    over its limit can still be kept whole as a dead letter."""
    return 2 * settings.max_record_bytes + RECORD_SLACK
