"""Compacted topics read whole: the last word on every key."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition
from msgspec import Struct

from config.settings import Settings
from config.topics import Topic
from connectors.registry import Registry, ValueCodec
from connectors.topic_admin import client_log
from streams.errors import Reject, Transient

T = TypeVar("T", bound=Struct)
BATCH = 5_000
POLL_SECONDS, ANSWER_SECONDS, PATIENCE_SECONDS = 0.1, 10.0, 30.0
log = structlog.get_logger(__name__)
Take = Callable[[str, T | None], None]


def latest(settings: Settings, registry: Registry, topic: Topic, struct: type[T]) -> dict[str, T]:
    """The last value of every key that has one. Raises Transient where broker, registry or topic does not answer."""
    found: dict[str, T] = {}

    def take(key: str, value: T | None) -> None:
        if value is None:
            found.pop(key, None)
        else:
            found[key] = value

    each(settings, registry, topic, struct, take)
    return found


def each(settings: Settings, registry: Registry, topic: Topic, struct: type[T], take: Take[T]) -> None:
    """Hand every record to ``take`` up to the end at the time of calling, a key's in their order; None takes one away.

    ``struct`` may have some of the contract's fields. Raises Transient as :func:`latest`.
    """
    codec = ValueCodec(topic, struct, registry)
    with _consumer(settings) as consumer:
        unread = _partitions(consumer, settings, topic)
        consumer.assign([TopicPartition(topic.name, number, OFFSET_BEGINNING) for number in unread])
        answered = time.monotonic()
        while unread:
            messages = consumer.consume(BATCH, POLL_SECONDS)
            if messages:
                answered = time.monotonic()
            elif time.monotonic() - answered > PATIENCE_SECONDS:
                raise Transient(f"{topic.name} does not answer at {settings.bootstrap}")
            for message in messages:
                error = message.error()
                if error is None:
                    _hand_on(message.key(), message.value(), codec, take)
                elif error.code() == KafkaError._PARTITION_EOF:
                    unread.discard(message.partition() or 0)
                elif not error.retriable():
                    raise Transient(f"{topic.name} cannot be read at {settings.bootstrap}: {error.str()}")


def _hand_on(key: bytes | None, value: bytes | None, codec: ValueCodec[T], take: Take[T]) -> None:
    name = (key or b"").decode("utf-8", "replace")
    try:
        take(name, None if value is None else codec.decode(value))
    except Reject as reject:
        log.warning("a record that is none is passed over", topic=codec.topic.name, key=name, why=str(reject))


@contextmanager
def _consumer(settings: Settings) -> Iterator[Consumer]:
    consumer = Consumer(
        {
            **settings.librdkafka(), "group.id": "shipsync-reader", "enable.auto.commit": False,
            "enable.partition.eof": True, "isolation.level": "read_committed", "fetch.wait.max.ms": 50,
            "auto.offset.reset": "earliest", "queued.max.messages.kbytes": 16 * 1024,
        },
        logger=client_log,
    )
    try:
        yield consumer
    finally:
        consumer.close()


def _partitions(consumer: Consumer, settings: Settings, topic: Topic) -> set[int]:
    try:
        found = consumer.list_topics(topic.name, timeout=ANSWER_SECONDS).topics.get(topic.name)
    except KafkaException as error:
        raise Transient(
            f"no broker answers at {settings.bootstrap} ({error.args[0].str()}):"
            " start one with shipsync up, or set SHIPSYNC_BOOTSTRAP"
        ) from error
    if found is None or not found.partitions:
        raise Transient(f"{topic.name} is not on {settings.bootstrap}: shipsync topics --create")
    return set(found.partitions)
