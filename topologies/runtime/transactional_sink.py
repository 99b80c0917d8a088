"""Exactly once: what a chunk writes is one Kafka transaction, by one producer for each input partition.

Who opens a partition fences whoever wrote for it before: the broker refuses all that producer sends from then on,
however long its process was frozen.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from confluent_kafka import KafkaError, KafkaException

from config.settings import Settings
from streams.kernel.errors import Fatal, ShipSyncError
from topologies.runtime.handler import Message
from topologies.runtime.sink import Fenced, Span, Whole
from topologies.runtime.writer import FLUSH_SECONDS, Offsets, Writer

log = logging.getLogger(__name__)

INIT_SECONDS = 30.0
TRANSACTIONS_AT_ONCE = 4
"""Partitions of one worker that may write at the same time: each mostly waits for its own commit."""
_NOT_ALLOWED = (
    ". Grant Write and Describe on transactional ids that begin with shipsync-, or set"
    " SHIPSYNC_PROCESSING=at_least_once"
)
LOST = frozenset({
    KafkaError._FENCED, KafkaError._FATAL, KafkaError._STATE, KafkaError._CONFLICT, KafkaError._TIMED_OUT,
    KafkaError._TIMED_OUT_QUEUE, KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT,
    KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED, KafkaError.CONCURRENT_TRANSACTIONS,
    KafkaError.INVALID_TXN_STATE, KafkaError.INVALID_PRODUCER_ID_MAPPING, KafkaError.UNKNOWN_PRODUCER_ID,
    KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER,
})
"""Errors after which a transaction is another worker's business, or its outcome is unknown here."""


class TransactionalSink:
    """Exactly once: a transactional producer per input partition, one transaction per chunk.

    Readers at ``read_committed`` see all a chunk brought about, or nothing. A worker that takes a partition
    over fences the one before it.
    """

    at_once = TRANSACTIONS_AT_ONCE

    def __init__(self, app_id: str, settings: Settings) -> None:
        self._app_id = app_id
        self._settings = settings
        self._units: dict[int, Transaction] = {}

    def open(self, partition: int) -> None:
        """Fence the former owner and abort what it left open. Raises Transient when that cannot be done."""
        if partition not in self._units:
            self._units[partition] = Transaction(f"{self._app_id}-{partition}", self._settings)

    def begin(self, partition: int) -> Transaction:
        """A new transaction."""
        unit = self._units.get(partition)
        if unit is None:
            raise Fenced(f"{self._app_id}-{partition} is not open here")
        unit.begin()
        return unit

    def release(self, partition: int) -> None:
        """Abort what is open and disconnect."""
        unit = self._units.pop(partition, None)
        if unit is not None:
            unit.abort()

    def close(self) -> None:
        """Abort what is open and disconnect all."""
        for partition in list(self._units):
            self.release(partition)


class TransactionalWriter(Writer):
    """What it cannot send any more is another worker's to send."""

    def unsendable(self, topic: str, error: KafkaError) -> ShipSyncError:
        """Fenced where the transaction is lost, else Fatal."""
        if error.code() in LOST:
            return Fenced(f"{topic}: cannot be sent: {error}")
        return super().unsendable(topic, error)


class Transaction:
    """The transactional producer of one input partition. Not for several threads at once."""

    is_atomic = True

    def __init__(self, transactional_id: str, settings: Settings) -> None:
        self._id = transactional_id
        self._running = False
        self._offsets = Offsets()
        self._writer = TransactionalWriter(settings, transactional_id, reports_all=True)
        self._checked(lambda: self._writer.producer.init_transactions(INIT_SECONDS))

    def begin(self) -> None:
        """Open a transaction."""
        self._offsets = Offsets()
        self._checked(self._writer.producer.begin_transaction)
        self._running = True

    def send(self, outputs: Mapping[str, list[Message]], partition: int | None = None) -> None:
        """Hand over messages, in order, waiting while too much is in flight."""
        for topic, messages in outputs.items():
            self._writer.send(topic, messages, partition)

    def send_whole(self, records: Sequence[Whole]) -> None:
        """Hand over records with headers."""
        for record in records:
            self._writer.send_whole(record)

    def send_changes(
        self, topic: str, partition: int, changes: Sequence[Message], carrying: Sequence[Whole] = ()
    ) -> None:
        """Hand over records of the changelog."""
        self._writer.send_changes(topic, partition, changes, carrying, self._offsets)

    def flush(self) -> None:
        """Nothing: ``commit`` waits for everything, and fails where any message did."""

    def commit(self) -> Span | None:
        """Make it final. Raises Fenced where another worker took over or it cannot be known, else Fatal."""
        self._checked(lambda: self._writer.producer.commit_transaction(FLUSH_SECONDS))
        self._running = False
        return self._offsets.span()

    def abort(self) -> None:
        """Take everything back, as far as the broker can be told; else it times out there."""
        if not self._running:
            return
        self._running = False
        try:
            self._writer.producer.abort_transaction(INIT_SECONDS)
        except KafkaException as error:
            log.warning("%s: the abort was not confirmed, the broker times it out: %s", self._id, error)

    def _checked(self, call: Callable[[], None]) -> None:
        try:
            call()
        except KafkaException as error:
            fault: KafkaError = error.args[0]
            if fault.code() in LOST or fault.retriable():
                raise Fenced(f"{self._id} is lost: {fault}") from error
            hint = _NOT_ALLOWED if fault.code() == KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED else ""
            raise Fatal(f"{self._id}: the transaction failed: {fault}{hint}") from error
