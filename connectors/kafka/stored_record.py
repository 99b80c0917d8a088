"""Reads one record by its place: the raw message behind an event."""

from __future__ import annotations

import threading
from typing import NamedTuple

from confluent_kafka import Message, TopicPartition

from config.settings import Settings
from connectors.kafka.consumer import OutOfRange, PartitionReader
from streams.kernel.errors import Transient

ANSWER_SECONDS = 5.0
TURN_SECONDS = 2.0
"""So long a reader waits for the one before it."""


class StoredRecord(NamedTuple):
    """A record as it is stored. ``at``: its time stamp, UTC ms."""

    value: bytes
    at: int


def record_at(reader: PartitionReader, topic: str, partition: int, offset: int) -> StoredRecord | None:
    """The record at this place; None once it is gone, or has no value. Raises Transient where no broker answers."""
    found = message_at(reader, topic, partition, offset)
    if found is None or found.value() is None:
        return None
    return StoredRecord(bytes(found.value() or b""), int(found.timestamp()[1]))


def message_at(reader: PartitionReader, topic: str, partition: int, offset: int) -> Message | None:
    """The record at this place with its key and headers; None once it is gone. Raises Transient as
    :func:`record_at`."""
    reader.assign([TopicPartition(topic, partition, offset)])
    first = next((records[0] for records in reader.to_the_end(patience=ANSWER_SECONDS) if records), None)
    return first if first is not None and first.offset() == offset else None


class RecordReader:
    """Reads records by their place, one at a time; any thread may call it. Close it when done."""

    def __init__(self, settings: Settings, group: str) -> None:
        """Connects to nothing yet."""
        self._settings, self._group = settings, group
        self._turn = threading.Lock()
        self._reader: PartitionReader | None = None

    def read(self, topic: str, partition: int, offset: int) -> StoredRecord | None:
        """As :func:`record_at`. Raises Transient, also where others are reading for long."""
        if not self._turn.acquire(timeout=TURN_SECONDS):
            raise Transient("other raw messages are being read: ask again")
        try:
            if self._reader is None:
                self._reader = PartitionReader(
                    self._settings, self._group, out_of_range=OutOfRange.EARLIEST, answer_seconds=ANSWER_SECONDS
                )
            return record_at(self._reader, topic, partition, offset)
        finally:
            self._turn.release()

    def close(self) -> None:
        """Disconnects."""
        with self._turn:
            if self._reader is not None:
                self._reader.close()
                self._reader = None
