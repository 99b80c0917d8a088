"""Sends files to a feed's raw topic, byte for byte, one record a file, with the headers a gateway would write."""

from __future__ import annotations

import mimetypes
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from config import headers, topics
from config.settings import Settings
from connectors.kafka.raw_key import raw_key
from connectors.kafka.topic_admin import TopicAdmin, client_log, largest_record
from streams.kernel.errors import Fatal

ANSWER_SECONDS = 5.0
ACK_SECONDS = 30.0
EDI = {".edi": "application/edi-x12", ".x12": "application/edi-x12"}


class Outcome(NamedTuple):
    """What became of one file: where its record lies, or why there is none."""

    file: Path
    correlation_id: str
    place: str | None
    fault: str | None


def files_in(path: Path) -> list[Path]:
    """The file itself, or every file below a folder but hidden ones, sorted."""
    if not path.is_dir():
        return [path]
    inside = (file for file in path.rglob("*") if file.is_file())
    return sorted(file for file in inside if not any(part.startswith(".") for part in file.relative_to(path).parts))


def send(
    settings: Settings, feed: str, files: Iterable[Path], channel: str, pause: Callable[[], None]
) -> list[Outcome]:
    """Send and wait for the broker's acknowledgements; an outcome for each file, in order of sending.

    ``pause`` is called after each file. Raises Transient where no broker answers, Fatal without the topic.
    """
    topic = topics.raw(feed).name
    admin = TopicAdmin(settings)
    admin.wait(ANSWER_SECONDS)
    if topic not in admin.existing():
        raise Fatal(f"{topic} is not on {settings.kafka.bootstrap}: shipsync topics --create")
    producer = Producer({
        "enable.idempotence": True, "acks": "all", "message.max.bytes": largest_record(settings),
        "delivery.timeout.ms": int(ACK_SECONDS * 1000), **settings.kafka.librdkafka(),
    }, logger=client_log)
    outcomes: dict[Path, Outcome] = {}
    for file in files:
        outcomes[file] = Outcome(file, _correlation_id(file), None, "not acknowledged by the broker")
        _produce(producer, topic, feed, outcomes[file], channel, outcomes)
        pause()
    producer.flush(ACK_SECONDS)
    return list(outcomes.values())


def _produce(
    producer: Producer, topic: str, feed: str, outcome: Outcome, channel: str, outcomes: dict[Path, Outcome]
) -> None:
    file = outcome.file

    def acknowledged(error: KafkaError | None, record: Message) -> None:
        place = f"{record.topic()}[{record.partition()}] @ {record.offset()}"
        outcomes[file] = outcome._replace(
            place=place if error is None else None, fault=None if error is None else error.str()
        )

    try:
        body = file.read_bytes()
        _queue(producer, topic, body, _headers(feed, file, channel, outcome.correlation_id), acknowledged)
    except OSError as error:
        outcomes[file] = outcome._replace(fault=f"cannot be read: {error.strerror}")
    except KafkaException as error:
        outcomes[file] = outcome._replace(fault=f"{error.args[0].str()} ({len(body):,} bytes)")


def _queue(
    producer: Producer, topic: str, body: bytes, attached: list[tuple[str, Any]], acknowledged: Callable[..., None]
) -> None:
    """Queue one record, waiting where the queue is full."""
    deadline = time.monotonic() + ACK_SECONDS
    while True:
        producer.poll(0)
        with suppress(BufferError):
            producer.produce(topic, body, raw_key(body), headers=attached, on_delivery=acknowledged)
            return
        if time.monotonic() >= deadline:
            raise KafkaException(KafkaError(KafkaError._QUEUE_FULL))
        producer.poll(0.1)


def _headers(feed: str, file: Path, channel: str, correlation_id: str) -> list[tuple[str, Any]]:
    told = {
        headers.FEED: feed,
        headers.CONTENT_TYPE: content_type(file),
        headers.RECEIVED_AT: str(time.time_ns() // 1_000_000),
        headers.CORRELATION_ID: correlation_id,
        headers.CHANNEL: channel,
    }
    return [(name, value.encode()) for name, value in told.items()]


def _correlation_id(file: Path) -> str:
    return blake2b(f"{file}{time.time_ns()}".encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def content_type(file: Path) -> str:
    """What the file's name says it is; application/octet-stream where it says nothing."""
    guessed = EDI.get(file.suffix.lower()) or mimetypes.guess_type(file.name)[0]
    return guessed or "application/octet-stream"
