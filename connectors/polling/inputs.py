"""Reads what is to be asked for: orders' references, shipments' states, and at the start our own cursor."""

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
from connectors.polling.schedule_book import Standing
from streams.contracts.model import PollState
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Status

log = structlog.get_logger(__name__)


class Claim(Struct, gc=False):
    """Of an order's reference, what the poller looks at."""

    carrier: str
    tracking_number: str
    updated_at: int


class ShipmentStanding(Struct, gc=False):
    """Of a shipment's state, what the poller looks at."""

    carrier: str
    tracking_number: str
    status: Status
    updated_at: int


class News(NamedTuple):
    """What was read. Of several states of a shipment, or claims on a number, the last."""

    claims: dict[tuple[str, str], int]
    standings: dict[tuple[str, str], Standing]
    cursors: dict[tuple[str, str], PollState]

    def __bool__(self) -> bool:
        return bool(self.claims or self.standings or self.cursors)


class Watch:
    """Follows the topics from their beginning, without a group: every poller knows all. Close it when done."""

    def __init__(self, settings: Settings, registry: Registry, carriers: Iterable[str]) -> None:
        """Raises Transient or Fatal where registry or broker does not answer."""
        self._carriers = frozenset(carriers)
        self._claims = ValueCodec(topics.ORDER_REFERENCES, Claim, registry)
        self._standings = ValueCodec(topics.SHIPMENT_STATE, ShipmentStanding, registry)
        self._cursors = ValueCodec(topics.POLL_STATE, PollState, registry)
        self._patience = settings.stuck_timeout
        self._reader = PartitionReader(settings, "shipsync-poll", fetch_wait_ms=100)
        try:
            self._reader.assign_whole([
                topic.name for topic in (topics.ORDER_REFERENCES, topics.SHIPMENT_STATE, topics.POLL_STATE)
            ])
        except BaseException:
            self._reader.close()
            raise

    def all(self, until: Callable[[], bool] = lambda: False) -> News:
        """Everything there is at the time of calling; only part of it where told to end.

        Raises Transient where the broker falls silent.
        """
        news = _nothing()
        for messages in self._reader.to_the_end(until, self._patience):
            self._read(messages, news)
        # From now on the cursor is what we write ourselves.
        self._reader.pause(topics.POLL_STATE.name)
        return news

    def next(self, seconds: float) -> News:
        """What came since, waiting up to so long for it. Raises Transient where the topics cannot be read."""
        news = _nothing()
        self._read(self._reader.read(seconds), news)
        return news

    def close(self) -> None:
        """Disconnect."""
        self._reader.close()

    def _read(self, messages: list[Message], news: News) -> None:
        for message in messages:
            self._enter(message, news)

    def _enter(self, message: Message, news: News) -> None:
        value, topic = message.value(), message.topic()
        if value is None:
            _forget(str(topic), message.key(), news)
            return
        try:
            if topic == topics.ORDER_REFERENCES.name:
                claim = self._claims.decode(value)
                if claim.carrier in self._carriers:
                    number = claim.carrier, claim.tracking_number
                    news.claims[number] = max(claim.updated_at, news.claims.get(number, 0))
            elif topic == topics.SHIPMENT_STATE.name:
                told = self._standings.decode(value)
                if told.carrier in self._carriers:
                    news.standings[told.carrier, told.tracking_number] = Standing(told.status, told.updated_at)
            else:
                cursor = self._cursors.decode(value)
                news.cursors[cursor.feed, cursor.tracking_number] = cursor
        except Reject as reject:
            log.warning(
                "a record that cannot be decoded is skipped", topic=topic, offset=message.offset(), why=str(reject)
            )


def _forget(topic: str, key: bytes | None, news: News) -> None:
    """A tombstone undoes what was read under its key; both keys are two names and a colon."""
    first, _, number = (key or b"").decode("utf-8", "replace").partition(":")
    if topic == topics.POLL_STATE.name:
        news.cursors.pop((first, number), None)
    elif topic == topics.SHIPMENT_STATE.name:
        news.standings.pop((first, number), None)


def _nothing() -> News:
    return News({}, {}, {})
