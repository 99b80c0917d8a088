"""The one producer configuration, and the two ways to send with it: queue a record, or deliver several and wait.

Every producer is idempotent, waits for all in-sync replicas and places keyed records as Java producers do
(murmur2), so that topics joined by key are partitioned alike whoever wrote them. An installation's own settings
(``SHIPSYNC_KAFKA_CONFIG``) cannot change these three.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from config.settings import Settings
from connectors.kafka.client import client_log
from streams.kernel.errors import Transient

ANY_PARTITION = -1
"""The key decides; a record without a key goes to any partition."""
ACK_SECONDS = 30.0
LINGER_MS = 5
QUEUED_MESSAGES = 100_000
QUEUED_KBYTES = 64 * 1024
LARGEST_RECORD = 1_000_000
POLL_SECONDS = 0.02
OnDelivery = Callable[[KafkaError | None, Message], None]


class Record(NamedTuple):
    """A record to be written."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, str | bytes | None]] = ()
    partition: int = ANY_PARTITION


def producer(
    settings: Settings,
    *,
    ack_seconds: float = ACK_SECONDS,
    largest: int = LARGEST_RECORD,
    linger_ms: int = LINGER_MS,
    queued_kbytes: int = QUEUED_KBYTES,
    on_failure: OnDelivery | None = None,
    on_delivery: OnDelivery | None = None,
    transactional_id: str | None = None,
    logger: logging.Logger = client_log,
) -> Producer:
    """A new producer; flush it when done.

    ``ack_seconds``: how long a record may stay unacknowledged before it has failed.
    ``largest``: bytes of the largest record; raw records and dead letters are larger than others.
    ``linger_ms``: how long a record waits for others of its batch; less where a caller waits for each record.
    ``queued_kbytes``: what is held unacknowledged; more where no caller can be made to wait for room.
    ``on_failure``: called for each record that failed and that was queued without an own callback; a producer
    with it reports no successes. ``on_delivery``: called for each record queued without an own callback, whether it
    failed or not. ``transactional_id``: its writes are transactions, which the broker aborts when they have been open
    for ``ack_seconds``, and it fences the producer that had this id before.
    """
    own: dict[str, Any] = {
        "enable.idempotence": True, "acks": "all", "partitioner": "murmur2_random",
    }
    if on_failure is not None:
        own |= {"on_delivery": on_failure, "delivery.report.only.error": True}
    if on_delivery is not None:
        own |= {"on_delivery": on_delivery}
    if transactional_id is not None:
        own |= {"transactional.id": transactional_id, "transaction.timeout.ms": int(ack_seconds * 1000)}
    return Producer({
        "linger.ms": linger_ms,
        "compression.codec": "lz4",
        "message.max.bytes": largest,
        "delivery.timeout.ms": int(ack_seconds * 1000),
        "queue.buffering.max.messages": QUEUED_MESSAGES,
        "queue.buffering.max.kbytes": queued_kbytes,
        **settings.kafka.librdkafka(),
        **own,
    }, logger=logger)


def enqueue(
    out: Producer, record: Record, on_delivery: OnDelivery | None = None, seconds: float = ACK_SECONDS
) -> None:
    """Queue a record; wait up to ``seconds`` for room while the queue is full.

    Raises KafkaException where no room comes, and for a record that can never be sent (too large).
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            out.produce(
                record.topic, record.value, record.key, partition=record.partition, headers=list(record.headers),
                on_delivery=on_delivery,
            )
        except BufferError:
            if time.monotonic() >= deadline:
                raise KafkaException(KafkaError(KafkaError._QUEUE_FULL)) from None
            out.poll(POLL_SECONDS)
        else:
            out.poll(0)
            return


def deliver(out: Producer, records: Iterable[Record], seconds: float = ACK_SECONDS) -> int:
    """Send records and return how many, once the broker has acknowledged them all.

    Threads may share a producer: each waits for its own records. Raises Transient where a record is refused, or no
    acknowledgement comes for ``seconds``; other records may have been written then.
    """
    sent, acknowledged, failures = 0, 0, list[str]()
    lock = threading.Lock()
    progress = time.monotonic()

    def report(error: KafkaError | None, message: Message) -> None:
        nonlocal acknowledged, progress
        with lock:
            acknowledged += 1
            progress = time.monotonic()
            if error is not None:
                failures.append(f"{message.topic()}: {error.str()}")

    topic = ""
    for record in records:
        topic = record.topic
        try:
            enqueue(out, record, report, seconds)
        except KafkaException as error:
            raise Transient(f"{topic}: {error.args[0].str()}") from error
        sent += 1
    while acknowledged < sent and time.monotonic() - progress < seconds:
        out.poll(POLL_SECONDS)
    if failures:
        raise Transient(failures[0])
    if acknowledged < sent:
        raise Transient(f"{topic}: the broker has not acknowledged {sent - acknowledged} records in {seconds:g} s")
    return sent
