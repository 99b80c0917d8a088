"""Reads what decides which numbers are polled: orders' references, shipments' states, documents that are missing, and
our own cursors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import structlog
from confluent_kafka import Message
from msgspec import Struct

from config import topics
from config.settings import Settings
from connectors.kafka.consumer import PartitionReader
from connectors.kafka.registry import Registry, ValueCodec
from connectors.polling.schedule_book import KnownStatus
from streams.contracts.model import DocumentChase, PollState
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Status

log = structlog.get_logger(__name__)


class OrderClaim(Struct, gc=False):
    """The fields of an order's reference that the poller reads."""

    carrier: str
    tracking_number: str
    updated_at: int


class ShipmentStatus(Struct, gc=False):
    """The fields of a shipment's state that the poller reads."""

    carrier: str
    tracking_number: str
    status: Status
    updated_at: int


class InputChanges(NamedTuple):
    """Holds the changes read; of several records about one number, the last.

    ``claims``: when an order last named the number, by (carrier, number), UTC ms. ``statuses``: by (carrier, number).
    ``cursors``: by (feed, number). ``chases``: when a document of the number was missing last, by (carrier, number).
    """

    claims: dict[tuple[str, str], int]
    statuses: dict[tuple[str, str], KnownStatus]
    cursors: dict[tuple[str, str], PollState]
    chases: dict[tuple[str, str], int]

    def __bool__(self) -> bool:
        return bool(self.claims or self.statuses or self.cursors or self.chases)


class PollInputs:
    """Reads the topics from their beginning, every poller all of them. Close it when done."""

    def __init__(self, settings: Settings, registry: Registry, carriers: Iterable[str]) -> None:
        """Raises Transient or Fatal where registry or broker does not answer."""
        self._carriers = frozenset(carriers)
        self._claims = ValueCodec(topics.ORDER_REFERENCES, OrderClaim, registry)
        self._statuses = ValueCodec(topics.SHIPMENT_STATE, ShipmentStatus, registry)
        self._chases = ValueCodec(topics.DOCUMENT_CHASES, DocumentChase, registry)
        self._cursors = ValueCodec(topics.POLL_STATE, PollState, registry)
        self._patience = settings.stage.stuck_timeout
        self._reader = PartitionReader(settings, "shipsync-poll", fetch_wait_ms=100)
        try:
            self._reader.assign_whole([
                topic.name for topic in (
                    topics.ORDER_REFERENCES, topics.SHIPMENT_STATE, topics.POLL_STATE, topics.DOCUMENT_CHASES,
                )
            ])
        except BaseException:
            self._reader.close()
            raise

    def read_all(self, until: Callable[[], bool] = lambda: False) -> InputChanges:
        """Reads all there is at the time of calling; only part of it where ``until`` says so.

        Raises Transient where the broker stops answering.
        """
        changes = _nothing()
        for messages in self._reader.to_the_end(until, self._patience):
            self._read(messages, changes)
        # From now on this process alone writes the cursors.
        self._reader.pause(topics.POLL_STATE.name)
        return changes

    def read_new(self, seconds: float) -> InputChanges:
        """The changes since the last call; waits up to ``seconds`` for them. Raises Transient if the topics cannot be
        read."""
        changes = _nothing()
        self._read(self._reader.read(seconds), changes)
        return changes

    def close(self) -> None:
        """Disconnect."""
        self._reader.close()

    def _read(self, messages: list[Message], changes: InputChanges) -> None:
        for message in messages:
            self._enter(message, changes)

    def _enter(self, message: Message, changes: InputChanges) -> None:
        value, topic = message.value(), message.topic()
        if value is None:
            _forget(str(topic), message.key(), changes)
            return
        try:
            if topic == topics.ORDER_REFERENCES.name:
                claim = self._claims.decode(value)
                if claim.carrier in self._carriers:
                    number = claim.carrier, claim.tracking_number
                    changes.claims[number] = max(claim.updated_at, changes.claims.get(number, 0))
            elif topic == topics.SHIPMENT_STATE.name:
                told = self._statuses.decode(value)
                if told.carrier in self._carriers:
                    changes.statuses[told.carrier, told.tracking_number] = KnownStatus(told.status, told.updated_at)
            elif topic == topics.DOCUMENT_CHASES.name:
                chase = self._chases.decode(value)
                if chase.carrier in self._carriers:
                    place = chase.carrier, chase.tracking_number
                    changes.chases[place] = max(chase.at, changes.chases.get(place, 0))
            else:
                cursor = self._cursors.decode(value)
                changes.cursors[cursor.feed, cursor.tracking_number] = cursor
        except Reject as reject:
            log.warning(
                "a record that cannot be decoded is skipped", topic=topic, offset=message.offset(), why=str(reject)
            )


def _forget(topic: str, key: bytes | None, changes: InputChanges) -> None:
    """A tombstone removes what was read under its key; both kinds of key are ``NAME:NUMBER``."""
    first, _, number = (key or b"").decode("utf-8", "replace").partition(":")
    if topic == topics.POLL_STATE.name:
        changes.cursors.pop((first, number), None)
    elif topic == topics.SHIPMENT_STATE.name:
        changes.statuses.pop((first, number), None)


def _nothing() -> InputChanges:
    return InputChanges({}, {}, {}, {})
