"""The alerts there are, folded from ``ops.alerts.v1``: the last word on each alert id counts."""

from __future__ import annotations

import time
from collections.abc import Iterable

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from config import topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import client_log
from streams.alerts.routing import SEVERITIES
from streams.contracts.model import Alert
from streams.kernel.alert_vocabulary import OPEN
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import AlertState

REGISTRY_SECONDS = 2.0
ANSWER_SECONDS = 3.0
BATCH = 5_000
POLL_SECONDS = 0.1


class AlertBoard:
    """Reads the topic from its beginning, then whatever is added. Close it when done."""

    def __init__(self, settings: Settings) -> None:
        """Raises Transient where broker, topic or registry does not answer."""
        self._codec = ValueCodec(topics.OPS_ALERTS, Alert, Registry(settings, patience=REGISTRY_SECONDS))
        self.alerts: dict[str, Alert] = {}
        """Every alert there is, by id."""
        self._consumer = Consumer(
            {**settings.kafka.librdkafka(), "group.id": "shipsync-status", "enable.auto.commit": False,
             "enable.partition.eof": True, "fetch.wait.max.ms": 50},
            logger=client_log,
        )
        try:
            self._unread = set(self._partitions())
        except BaseException:
            self._consumer.close()
            raise
        self._consumer.assign([
            TopicPartition(topics.OPS_ALERTS.name, number, OFFSET_BEGINNING) for number in self._unread
        ])

    def update(self, seconds: float) -> list[Alert]:
        """Read on, at first to the end but no longer than this; the open alerts, the most pressing first.

        Raises Transient where the broker does not answer, Reject for a value that breaks its contract.
        """
        deadline = time.monotonic() + seconds
        first = True
        while first or (self._unread and time.monotonic() < deadline):
            first = False
            for message in self._consumer.consume(BATCH, timeout=POLL_SECONDS):
                error, key = message.error(), message.key()
                if error is None and key is not None:
                    self._take(key, message.value())
                elif error is not None and error.code() == KafkaError._PARTITION_EOF:
                    self._unread.discard(message.partition() or 0)
                elif error is not None and not error.retriable():
                    raise Transient(f"the alerts cannot be read: {error.str()}")
        return work_list(self.alerts.values())

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()

    def _take(self, key: bytes, value: bytes | None) -> None:
        name = key.decode("utf-8", "backslashreplace")
        if value is None:
            self.alerts.pop(name, None)
        else:
            self.alerts[name] = self._codec.decode(value)

    def found(self, prefix: str) -> list[Alert]:
        """The alerts whose id begins so."""
        return [self.alerts[name] for name in sorted(self.alerts) if name.startswith(prefix)]

    def _partitions(self) -> list[int]:
        try:
            found = self._consumer.list_topics(timeout=ANSWER_SECONDS).topics.get(topics.OPS_ALERTS.name)
        except KafkaException as error:
            raise Transient(f"the broker does not answer: {error.args[0].str()}") from error
        if found is None:
            raise Transient(f"{topics.OPS_ALERTS.name} is missing: shipsync topics --create")
        return sorted(found.partitions)


def work_list(alerts: Iterable[Alert]) -> list[Alert]:
    """The open ones: what calls for attention before what was put off, by severity, value at stake and age."""
    return sorted((one for one in alerts if one.state in OPEN), key=_pressing)


def _pressing(alert: Alert) -> tuple[bool, int, float, int, str]:
    value = max((one.amount for one in alert.at_stake), default=0.0)
    put_off = alert.state is AlertState.SNOOZED
    return put_off, -SEVERITIES.index(alert.severity), -value, alert.raised_at, alert.alert_id
