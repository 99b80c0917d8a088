"""Sends records so that each of them is on the broker afterwards.

A client reports a record that the broker did not take, and counts it as done with: a partition that has no leader yet,
on a busy machine, is such a case.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from tests.support.waiting import PATIENCE

Keyed = tuple[str, bytes | None, bytes | None]
"""Topic, key, value."""


class PatientProducer:
    """A producer that sends again what the broker did not take, after what was sent meanwhile."""

    def __init__(self, configuration: Mapping[str, Any], **more: Any) -> None:
        """``configuration``: of librdkafka. ``more``: of confluent-kafka's ``Producer``."""
        self._producer = Producer(dict(configuration), **more)
        self._refused: list[tuple[Keyed, KafkaError]] = []
        self.sent_again = 0

    @property
    def refused(self) -> int:
        """Records that the broker did not take, and that are to be sent again."""
        return len(self._refused)

    def send(self, records: Iterable[Keyed]) -> int:
        """Hand records over; how many."""
        count = 0
        for topic, key, value in records:
            self._producer.produce(topic, value, key, on_delivery=self._told(topic, key, value))
            count += 1
        return count

    def look(self, seconds: float) -> None:
        """Take in the broker's answers that have come, or come within so many seconds."""
        self._producer.poll(seconds)

    def finish(self, seconds: float = PATIENCE) -> None:
        """Return once the broker has all that was handed over. Raises AssertionError after so many seconds, or where it
        refuses a record for good."""
        deadline, last = time.monotonic() + seconds, "no answer"
        while True:
            left = self._producer.flush(max(0.0, deadline - time.monotonic()))
            refused, self._refused = self._refused, []
            if not refused and not left:
                return
            if refused:
                (topic, key, _), error = refused[0]
                last = f"{topic} under {key!r}: {error}"
            if time.monotonic() >= deadline or any(error.fatal() for _, error in refused):
                raise AssertionError(f"{left + len(refused)} records not taken, the last: {last}")
            self.sent_again += self.send(record for record, _ in refused)

    def _told(self, topic: str, key: bytes | None, value: bytes | None) -> Any:
        def told(error: KafkaError | None, message: Message) -> None:
            del message
            if error is not None:
                self._refused.append(((topic, key, value), error))

        return told
