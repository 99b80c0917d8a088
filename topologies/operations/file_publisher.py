"""Sends files to a feed's raw topic, byte for byte, one record a file, with the headers a gateway would write."""

from __future__ import annotations

import mimetypes
import time
from collections.abc import Callable, Iterable
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from config import topics
from config.settings import Settings
from connectors.kafka.producer import ACK_SECONDS, enqueue, producer
from connectors.kafka.raw_record import raw_record
from connectors.kafka.topic_admin import TopicAdmin, largest_record
from streams.kernel.errors import Fatal

ANSWER_SECONDS = 5.0
EDI = {".edi": "application/edi-x12", ".x12": "application/edi-x12"}


class Outcome(NamedTuple):
    """The outcome of one file: its record's place, or the error."""

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
    out = producer(settings, largest=largest_record(settings))
    results: list[Callable[[], Outcome]] = []
    for file in files:
        results.append(_enqueue(out, feed, file, channel))
        pause()
    out.flush(ACK_SECONDS)
    return [result() for result in results]


def _enqueue(out: Producer, feed: str, file: Path, channel: str) -> Callable[[], Outcome]:
    """Queue the file; returns a function that returns its outcome so far."""
    outcome = Outcome(file, _correlation_id(file), None, "not acknowledged by the broker")

    def acknowledged(error: KafkaError | None, record: Message) -> None:
        nonlocal outcome
        place = f"{record.topic()}[{record.partition()}] @ {record.offset()}" if error is None else None
        outcome = outcome._replace(place=place, fault=None if error is None else error.str())

    try:
        body = file.read_bytes()
        record = raw_record(feed, body, content_type(file), _now_ms(), outcome.correlation_id, channel)
        enqueue(out, record, acknowledged)
    except OSError as error:
        outcome = outcome._replace(fault=f"cannot be read: {error.strerror}")
    except KafkaException as error:
        outcome = outcome._replace(fault=f"{error.args[0].str()} ({len(body):,} bytes)")
    return lambda: outcome


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _correlation_id(file: Path) -> str:
    return blake2b(f"{file}{time.time_ns()}".encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def content_type(file: Path) -> str:
    """The media type by the file's suffix; application/octet-stream for an unknown one."""
    guessed = EDI.get(file.suffix.lower()) or mimetypes.guess_type(file.name)[0]
    return guessed or "application/octet-stream"
