"""Reads what is to be asked for: orders' references, shipments' states, and at the start our own cursor."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition
from msgspec import Struct

from config import topics
from config.settings import Settings
from config.topics import Topic
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import client_log
from connectors.polling.schedule_book import Standing
from streams.contracts.model import PollState
from streams.kernel.errors import Reject, Transient
from streams.kernel.vocabulary import Status

BATCH = 5_000
POLL_SECONDS = 0.1
ANSWER_SECONDS = 10.0
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
        self._patience = settings.stage.stuck_timeout
        self._consumer = Consumer({
            **settings.kafka.librdkafka(), "group.id": "shipsync-poll", "enable.auto.commit": False,
            "enable.partition.eof": True, "isolation.level": "read_committed", "fetch.wait.max.ms": 100,
            "auto.offset.reset": "earliest", "queued.max.messages.kbytes": 16 * 1024,
        }, logger=client_log)
        followed = (topics.ORDER_REFERENCES, topics.SHIPMENT_STATE, topics.POLL_STATE)
        self._places = [place for topic in followed for place in self._partitions(topic)]
        self._consumer.assign(self._places)

    def all(self, until: Callable[[], bool] = lambda: False) -> News:
        """Everything there is at the time of calling; only part of it where told to end.

        Raises Transient where the broker falls silent.
        """
        news, unread = _nothing(), {(place.topic, place.partition) for place in self._places}
        answered = time.monotonic()
        while unread and not until():
            messages = self._consumer.consume(BATCH, POLL_SECONDS)
            if messages:
                answered = time.monotonic()
            elif time.monotonic() - answered > self._patience:
                raise Transient(f"{len(unread)} partitions do not answer")
            unread -= self._read(messages, news)
        self._only_orders_and_shipments()
        return news

    def next(self, seconds: float) -> News:
        """What came since, waiting up to so long for it. Raises Transient where the topics cannot be read."""
        news = _nothing()
        self._read(self._consumer.consume(BATCH, seconds), news)
        return news

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()

    def _only_orders_and_shipments(self) -> None:
        """From now on the cursor is what we write ourselves."""
        own = [TopicPartition(p.topic, p.partition) for p in self._places if p.topic == topics.POLL_STATE.name]
        self._consumer.pause(own)

    def _read(self, messages: list[Message], news: News) -> set[tuple[str, int]]:
        """Enter them; the partitions whose end was reached."""
        ends = set()
        for message in messages:
            error = message.error()
            if error is None:
                self._enter(message, news)
            elif error.code() == KafkaError._PARTITION_EOF:
                ends.add((str(message.topic()), int(message.partition() or 0)))
            elif not error.retriable():
                raise Transient(f"{message.topic()} cannot be read: {error.str()}")
        return ends

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
            log.warning("a record that is none is passed over", topic=topic, offset=message.offset(), why=str(reject))

    def _partitions(self, topic: Topic) -> list[TopicPartition]:
        try:
            found = self._consumer.list_topics(topic.name, timeout=ANSWER_SECONDS).topics.get(topic.name)
        except KafkaException as error:
            raise Transient(f"the broker does not answer: {error.args[0].str()}") from error
        if found is None or not found.partitions:
            raise Transient(f"{topic.name} is missing: shipsync topics --create")
        return [TopicPartition(topic.name, number, OFFSET_BEGINNING) for number in sorted(found.partitions)]


def _forget(topic: str, key: bytes | None, news: News) -> None:
    """A tombstone undoes what was read under its key; both keys are two names and a colon."""
    first, _, number = (key or b"").decode("utf-8", "replace").partition(":")
    if topic == topics.POLL_STATE.name:
        news.cursors.pop((first, number), None)
    elif topic == topics.SHIPMENT_STATE.name:
        news.standings.pop((first, number), None)


def _nothing() -> News:
    return News({}, {}, {})
