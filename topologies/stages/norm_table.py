"""The learnt norms as a table in memory, read from ``dwell.norms.v1`` without waiting for its end.

A norm that is not read yet, or cannot be read, is missing; then the declared waits alone apply.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping

from confluent_kafka import OFFSET_BEGINNING, TopicPartition

from config import topics
from config.settings import Settings
from connectors.kafka.consumer import PartitionReader
from connectors.kafka.registry import Registry, ValueCodec
from streams.kernel.errors import Reject, Transient
from streams.shipments.timers.expected_dwell import Usual

log = logging.getLogger(__name__)

BATCH = 1_000
FETCH_WAIT_MS = 500
ANSWER_SECONDS, POLL_SECONDS = 10.0, 0.2


def read(settings: Settings) -> list[Usual]:
    """All stored norms. Raises Transient where no broker or topic answers."""
    table = NormTable(settings, Registry(settings))
    give_up = time.monotonic() + ANSWER_SECONDS
    try:
        while not table.is_read:
            if time.monotonic() > give_up:
                raise Transient(
                    f"{topics.DWELL_NORMS.name} does not answer at {settings.kafka.bootstrap}:"
                    " start a stack with shipsync up, or set SHIPSYNC_BOOTSTRAP"
                )
            table.look(POLL_SECONDS)
        return list(table.norms.values())
    finally:
        table.close()


class NormTable:
    """Reads the topic from its beginning. For one thread at a time; connects with the first :meth:`look`."""

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self._settings = settings
        self._codec = ValueCodec(topics.DWELL_NORMS, Usual, registry)
        self._reader: PartitionReader | None = None
        self._norms: dict[str, Usual] = {}
        self.is_read = False
        """Whether the table has reached the end of the topic once."""

    @property
    def norms(self) -> Mapping[str, Usual]:
        """The norms read so far, by ``CARRIER:LANE:STATUS``."""
        return self._norms

    def look(self, timeout_s: float = 0.0) -> None:
        """Read the new records; wait ``timeout_s`` for the first."""
        for key, value in self._fetched(timeout_s):
            if value is None:
                self._norms.pop(key, None)
                continue
            try:
                self._norms[key] = self._codec.decode(value)
            except Reject as reject:
                log.warning("a norm cannot be read: %s", reject)

    def close(self) -> None:
        """Disconnect."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def _fetched(self, timeout_s: float) -> Iterator[tuple[str, bytes | None]]:
        if self._reader is None:
            self._reader = PartitionReader(self._settings, "shipsync-norm-table", fetch_wait_ms=FETCH_WAIT_MS)
            self._reader.assign([TopicPartition(topics.DWELL_NORMS.name, 0, OFFSET_BEGINNING)])
        try:
            while records := self._reader.read(timeout_s, BATCH):
                timeout_s = 0.0
                for record in records:
                    yield (record.key() or b"").decode("utf-8", "replace"), record.value()
        except Transient as error:
            log.warning("%s", error)
        self.is_read = self.is_read or self._reader.at_end
