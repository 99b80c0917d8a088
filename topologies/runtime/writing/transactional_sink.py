"""Exactly once: what several chunks write, and how far their inputs are done, is one Kafka transaction.

A worker has one producer more than transactions at once, and takes the one that has rested longest: the broker still
writes the markers of a transaction when it has answered the commit, and a producer that begins its next one has to wait
for them (20 ms or more, librdkafka's pause at ``CONCURRENT_TRANSACTIONS``). What fences a worker that has lost its
partitions is the generation of its consumer group: the broker refuses the offsets of a member of an earlier one, and
without them nothing is committed (KIP-447).
"""

from __future__ import annotations

import logging
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import Message as KafkaMessage
from confluent_kafka import TopicPartition as Place

from config.settings import Settings
from streams.kernel.errors import Fatal, ShipSyncError
from topologies.runtime.handler import Message
from topologies.runtime.reading.chunks import TopicPartition
from topologies.runtime.writing.sink import Fenced, Span, Whole
from topologies.runtime.writing.writer import Offsets, Writer, fault_in

log = logging.getLogger(__name__)

AT_ONCE = 2
"""Transactions of one worker at once: while the broker works on one, the records of the next are on their way."""
LEAST_SECONDS = 10.0
_NOT_ALLOWED = (
    ". Grant Write and Describe on transactional ids that begin with shipsync-, and Read on the stage's group, or set"
    " SHIPSYNC_PROCESSING=at_least_once"
)
DENIED = frozenset({
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED,
})
OUT_OF_THE_GROUP = frozenset({
    KafkaError.ILLEGAL_GENERATION, KafkaError.UNKNOWN_MEMBER_ID, KafkaError.FENCED_INSTANCE_ID,
    KafkaError.REBALANCE_IN_PROGRESS,
})
COORDINATOR_AWAY = frozenset({
    KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
})
LOST = OUT_OF_THE_GROUP | COORDINATOR_AWAY | {
    KafkaError._FENCED, KafkaError._FATAL, KafkaError._STATE, KafkaError._CONFLICT, KafkaError._TIMED_OUT,
    KafkaError._TIMED_OUT_QUEUE, KafkaError._MSG_TIMED_OUT, KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT,
    KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED, KafkaError.CONCURRENT_TRANSACTIONS,
    KafkaError.INVALID_TXN_STATE, KafkaError.INVALID_PRODUCER_ID_MAPPING, KafkaError.UNKNOWN_PRODUCER_ID,
    KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER,
}
"""Errors after which a transaction is another worker's business, or its outcome is unknown here."""


def transaction_seconds(settings: Settings) -> float:
    """Returns how long a transaction may be open before the broker aborts it: as long as the group keeps a silent
    member, so that what a dead worker left open does not hold up its successor much longer than its session does."""
    return max(LEAST_SECONDS, settings.stage.session_timeout)


class TransactionalSink:
    """Exactly once. ``transactional_id``: this worker's own; its producers add a number.

    The producers that had it before are fenced, and what they left open is aborted. May be used by ``AT_ONCE`` threads.
    """

    is_atomic = True
    at_once = AT_ONCE

    def __init__(self, transactional_id: str, settings: Settings) -> None:
        self._free = deque(_Slot(f"{transactional_id}-{number}", settings) for number in range(AT_ONCE + 1))
        self._slots = tuple(self._free)

    def open(self) -> None:
        """Have every producer, and what those before them left open aborted. Raises Fenced or Fatal."""
        for slot in self._slots:
            slot.connected()

    def begin(self) -> Transaction:
        """Begin a transaction with the producer that has rested longest. Raises Fenced or Fatal."""
        slot = self._free.popleft()
        try:
            return Transaction(slot, lambda: self._free.append(slot))
        except BaseException:
            self._free.append(slot)
            raise

    def requests(self) -> dict[str, object]:
        """Returns the request under way of each transactional id, None without one."""
        return {slot.id: slot.request for slot in self._slots}

    def close(self) -> None:
        """Disconnect; no transaction is open."""
        for slot in self._slots:
            slot.disconnect()


class _Slot:
    """One transactional id, and its producer while there is one. ``seconds``: of a transaction, and of each request;
    ``request``: the one under way, an object of its own."""

    def __init__(self, transactional_id: str, settings: Settings) -> None:
        self.id = transactional_id
        self.seconds = transaction_seconds(settings)
        self._settings = settings
        self._writer: TransactionalWriter | None = None
        self._connecting = Lock()
        self.request: object = None

    def connected(self) -> TransactionalWriter:
        """Its producer, a new one where there is none. Raises Fenced or Fatal."""
        with self._connecting:
            if self._writer is None:
                writer = TransactionalWriter(self._settings, self.id)
                self.checked(lambda: writer.producer.init_transactions(self.seconds))
                self._writer = writer
            return self._writer

    def disconnect(self) -> None:
        """Let go of its producer."""
        with self._connecting:
            self._writer = None

    def renew(self) -> None:
        """Let go of a producer of which it is not known how its transaction ended; the next one settles that."""
        self.disconnect()
        try:
            self.connected()
        except (Fenced, Fatal) as error:
            log.warning("%s", error)

    def checked(self, call: Callable[[], None]) -> None:
        """Call. Raises Fenced where the transaction is lost or its outcome unknown, else Fatal."""
        try:
            with self.under_way():
                call()
        except (KafkaException, SystemError) as error:
            fault = fault_in(error)
            if fault.code() in LOST or fault.retriable():
                raise Fenced(f"{self.id} is lost: {fault}") from error
            hint = _NOT_ALLOWED if fault.code() in DENIED else ""
            raise Fatal(f"{self.id}: the transaction failed: {fault}{hint}") from error

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Note that a request is under way."""
        self.request = object()
        try:
            yield
        finally:
            self.request = None


class TransactionalWriter(Writer):
    """The producer of transactions. ``errors``: of what was not delivered since they were cleared last."""

    def __init__(self, settings: Settings, transactional_id: str) -> None:
        self.errors: list[KafkaError] = []
        super().__init__(settings, transactional_id=transactional_id, ack_seconds=transaction_seconds(settings))

    def unsendable(self, topic: str, error: KafkaError) -> ShipSyncError:
        """Fenced where the transaction is lost, else Fatal."""
        if error.code() in LOST:
            return Fenced(f"{topic}: cannot be sent: {error}")
        return super().unsendable(topic, error)

    def _noted(self, error: KafkaError | None, message: KafkaMessage) -> None:
        del message
        if error is not None:
            self.errors.append(error)


class Transaction:
    """One transaction, open until it was committed or aborted. ``ended``: called then."""

    is_atomic = True

    def __init__(self, slot: _Slot, ended: Callable[[], None]) -> None:
        self._slot = slot
        self._writer = slot.connected()
        self._writer.errors.clear()
        self._ended = ended
        self._offsets: defaultdict[int, Offsets] = defaultdict(Offsets)
        try:
            slot.checked(self._writer.producer.begin_transaction)
        except Fenced:
            slot.renew()
            raise

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
        self._writer.send_changes(topic, partition, changes, carrying, self._offsets[partition])

    def send_offsets(self, offsets: Mapping[TopicPartition, int], group_metadata: bytes) -> None:
        """Wait for every record, then hand over how far the inputs are done. Raises Fenced or Fatal.

        In this order: once the offsets are accepted, no record of the transaction is on its way any more.
        """
        left = 0

        def flush() -> None:
            nonlocal left
            left = self._writer.producer.flush(self._slot.seconds)

        self._slot.checked(flush)
        for error in self._writer.errors:
            if error.code() not in LOST and not error.retriable():
                raise Fatal(f"{self._slot.id}: the transaction failed: {error}")
        if left or self._writer.errors:
            raise Fenced(f"{self._slot.id}: {left or len(self._writer.errors)} records were not acknowledged in time")
        places = [Place(*tp, offset) for tp, offset in offsets.items()]
        self._slot.checked(
            lambda: self._writer.producer.send_offsets_to_transaction(places, group_metadata, self._slot.seconds)
        )

    def commit(self) -> None:
        """Make it final. Raises Fenced where it cannot be known whether it is, else Fatal."""
        self._slot.checked(lambda: self._writer.producer.commit_transaction(self._slot.seconds))
        self._ended()

    def abort(self) -> None:
        """Take everything back; where that is not confirmed, a new producer has the broker settle it."""
        try:
            with self._slot.under_way():
                self._writer.producer.abort_transaction(self._slot.seconds)
        except (KafkaException, SystemError) as error:
            log.warning("%s: the abort was not confirmed: %s", self._slot.id, fault_in(error))
            self._slot.renew()
        finally:
            self._ended()

    def span(self, partition: int) -> Span | None:
        """Returns where the changes of this partition lie."""
        return self._offsets[partition].span() if partition in self._offsets else None
