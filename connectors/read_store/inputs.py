"""Reads the topics the read model is made of, from where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import structlog
from confluent_kafka import OFFSET_BEGINNING, Message, TopicPartition
from msgspec import Struct

from config import topics
from config.settings import Settings
from config.topics import Topic
from connectors.kafka.consumer import PartitionReader
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from connectors.read_store import metrics
from connectors.read_store.writer import Place
from streams.contracts import model
from streams.kernel.errors import Reject
from streams.read_model.project import changes, removals
from streams.read_model.rows import Change

TOPICS: Mapping[Topic, type[Struct]] = {
    topics.SHIPMENT_STATE: model.ShipmentState, topics.SHIPMENT_EVENTS: model.EnrichedEvent,
    topics.CUSTOMER_UPDATES: model.CustomerUpdate, topics.ERP_POSTINGS: model.ErpPosting,
    topics.ORDER_STATE: model.OrderState, topics.OPS_ALERTS: model.Alert, topics.FEED_STATE: model.FeedState,
    topics.FEED_PAUSES: model.FeedPause, topics.DEAD_LETTERS: model.DeadLetter,
    topics.REFERENCE_STATE: model.ReferenceState, topics.MASTER_DATA: model.MasterRecord,
    topics.AUDIT_ACTIONS: model.AuditAction, topics.NOTIFICATION_OUTCOMES: model.OutboundOutcome,
    topics.ALERT_OUTCOMES: model.OutboundOutcome,
    topics.POSTING_OUTCOMES: model.OutboundOutcome, topics.FULFILMENT_STATE: model.FulfilmentState,
    topics.BOOKING_STATE: model.BookingState,
    topics.SHIPMENT_DOCUMENTS: model.ShipmentDocument,
}
"""The inputs of the read model."""
GROUP = "shipsync-read-model"
FETCH_WAIT_MS = 30
"""How long the broker gathers before it answers; the embedded one looks for new records only when that has passed."""
GATHER_SECONDS = 0.02
"""How long records are gathered for one transaction: it costs a millisecond for one as for ten."""
BATCH = 2_000
log = structlog.get_logger(__name__)


class Batch(NamedTuple):
    """Records as changes, and the places after them. ``newest``: when the last of them was written, UTC ms."""

    changes: list[Change]
    places: list[Place]
    records: int
    newest: int


class Inputs:
    """All partitions of the topics. Close it when done."""

    def __init__(
        self, settings: Settings, registry: Registry, places: Iterable[Place],
        until: Mapping[tuple[str, int], int] | None = None,
    ) -> None:
        """``places``: where to go on; a partition without one is read from its beginning, and so is all where a topic
        is another than the places are of. ``until``: records from these offsets on are left out. Raises Transient or
        Fatal where broker, registry or topic does not answer."""
        self._codecs: dict[str, tuple[ValueCodec[Any], type[Struct]]] = {
            topic.name: (ValueCodec(topic, struct, registry), struct) for topic, struct in TOPICS.items()
        }
        self._until = until
        self._ids = TopicAdmin(settings).ids(list(self._codecs))
        self._reader = PartitionReader(settings, GROUP, fetch_wait_ms=FETCH_WAIT_MS)
        try:
            self.begun_anew = any(place.id != self._ids.get(place.topic) for place in places)
            """Whether topics are others than those the places are of."""
            kept = {} if self.begun_anew else {(place.topic, place.partition): place.next for place in places}
            everything = [(name, number) for name in self._codecs for number in self._reader.partitions(name)]
            self._next = {place: kept.get(place, 0) for place in everything}
            self._reader.assign([
                TopicPartition(*place, kept.get(place, OFFSET_BEGINNING)) for place in everything
            ])
        except BaseException:
            self._reader.close()
            raise

    @property
    def at_end(self) -> bool:
        """Whether every partition was read to its end once."""
        return self._reader.at_end

    def look(self) -> None:
        """Raises Transient where the broker does not answer."""
        self._reader.partitions(topics.SHIPMENT_STATE.name)

    def read(self, seconds: float) -> Batch:
        """The next records, after up to ``seconds`` of waiting for the first. Raises Transient."""
        records = self._reader.read(seconds, BATCH, GATHER_SECONDS)
        found: list[Change] = []
        newest = 0
        for record in records:
            place = str(record.topic()), int(record.partition() or 0)
            offset = int(record.offset() or 0)
            if self._until is not None and offset >= self._until.get(place, 0):
                continue
            self._next[place] = offset + 1
            written = int(record.timestamp()[1])
            newest = max(newest, written)
            found += self._changes(record, place[0], written)
        # Markers of transactions take offsets, too: where nothing came, nothing is left but these.
        some = len(records) > 0
        places = [
            Place(topic, number, at, max(0, self._reader.end(topic, number) - at) if some else 0, self._ids[topic])
            for (topic, number), at in self._next.items()
        ]
        return Batch(found, places, len(records), newest)

    def to_the_end(self, apply: Callable[[Batch], None], stop: Callable[[], bool] = lambda: False) -> None:
        """Calls ``apply`` with every batch up to the end at the time of opening. Raises Transient."""
        for records in iter(lambda: None if self.at_end or stop() else self.read(0.1), None):
            apply(records)

    def close(self) -> None:
        """Disconnect."""
        self._reader.close()

    def _changes(self, record: Message, topic: str, written: int) -> Sequence[Change]:
        codec, struct = self._codecs[topic]
        key = (record.key() or b"").decode("utf-8", "backslashreplace")
        value = record.value()
        if value is None:
            return removals(struct, key)
        try:
            found = changes(key, codec.decode(value), written)
        except Reject as reject:
            metrics.SKIPPED.labels(topic).inc()
            log.warning(
                "a record that cannot be decoded is not in the read model", topic=topic, offset=record.offset(),
                why=str(reject),
            )
            return ()
        metrics.CHANGES.labels(topic).inc()
        return found
