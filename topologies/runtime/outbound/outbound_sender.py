"""Does what every sender does: reads requests, makes each attempt, and writes how it ended.

A request is done once its attempt is on Kafka. If the process dies before that is known, the request is made again.
One that comes twice to the same process, as its answer was late, is made once and answered twice.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from msgspec import Struct
from prometheus_client import Counter, Gauge

from config import apps, topics
from config.settings import Settings
from connectors.kafka.log_writer import KafkaWriter, NotWritten, RecordWriter
from connectors.kafka.producer import Record
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import largest_record
from streams.contracts.model import DeadLetter
from streams.contracts.model import Record as Stored
from streams.contracts.outbound import OutboundAttempt, OutboundRequest
from streams.kernel.errors import Fatal, Reject, Transient
from topologies.runtime.handler import Refused
from topologies.runtime.reading.concurrent_records import ConcurrentRecords
from topologies.runtime.watching.health import Health, broker
from topologies.runtime.writing.deadletters import card, letters

log = logging.getLogger(__name__)

ACK_SECONDS = 30.0
REST_SECONDS = 1.0
LOOK_SECONDS = 0.1
MEASURE_SECONDS = 5.0
OTHER_FILES = 256
"""Open files beside connections to destinations."""
BEAT_SECONDS, SILENT_SECONDS = 1.0, 60.0
MOST_REMEMBERED = 10_000
"""Attempts that are answered as before when their requests come again."""


class Attempts(Protocol):
    """Whoever makes attempts."""

    async def attempt(self, request: Any) -> Struct | None:
        """The attempt as made, None where there is nothing to say of it; nothing that the destination does raises."""


class Gauges(NamedTuple):
    """The metrics of one sender."""

    in_flight: Gauge
    behind: Gauge
    unreadable: Counter
    unwritten: Counter
    ready: Gauge


class SenderKind(NamedTuple):
    """One kind of sender. ``app``: as dead letters name it; its ``app_id`` is the consumer group. ``request``, with a
    ``message_id`` and an ``attempt``, and ``answer``: the values of both topics."""

    app: apps.App
    requests: topics.Topic
    attempts: topics.Topic
    gauges: Gauges
    request: type[Struct] = OutboundRequest
    answer: type[Struct] = OutboundAttempt


class Runnable(Protocol):
    """A sender with what it needs to know."""

    def missing(self) -> str | None:
        """Tells what keeps it from sending, in words."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Send until told to stop."""


def run_until_told(settings: Settings, build: Callable[[], Runnable], health: Health) -> None:
    """Send until SIGTERM or SIGINT. Raises what building the sender, or running it, raises."""
    asyncio.run(_run(settings, build, health))


async def _run(settings: Settings, build: Callable[[], Runnable], health: Health) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    health.expect_beats(SILENT_SECONDS)
    sending = build()
    health.expect("sending", sending.missing)
    health.expect("broker", broker(settings))
    beating = asyncio.create_task(_beat(health))
    try:
        await sending.run(stopping)
    finally:
        beating.cancel()


async def _beat(health: Health) -> None:
    while True:
        health.beat()
        await asyncio.sleep(BEAT_SECONDS)


class Requests:
    """The requests of one kind, read as a member of its group."""

    def __init__(self, kind: SenderKind, settings: Settings, most: int) -> None:
        """``most``: how many are under way at once."""
        self._kind, self._settings, self._most = kind, settings, most
        self._records: ConcurrentRecords | None = None

    def missing(self) -> str | None:
        """Tells what keeps requests from being read, in words."""
        return None if self._records is not None and self._records.has_assignment else "it joins its group"

    async def make(self, attempts: Attempts, registry: Registry, stopping: asyncio.Event) -> None:
        """Make each attempt until told to stop. Raises what ``ConcurrentRecords.run`` raises."""
        writer = KafkaWriter(self._settings, ACK_SECONDS)
        gauges = self._kind.gauges
        try:
            handler = await asyncio.to_thread(
                RequestHandler, self._kind, attempts, writer, registry, largest_record(self._settings)
            )
            self._records = records = ConcurrentRecords(
                self._settings, self._kind.app.app_id, self._kind.requests.name, self._most, handler.handle
            )
            measuring = asyncio.create_task(_measure(records, gauges))
            try:
                await records.run(stopping)
            finally:
                measuring.cancel()
                gauges.ready.set(0)
        finally:
            await asyncio.to_thread(writer.close)


def connections(wanted: int) -> int:
    """How many requests may be under way: as many as wanted, or as this process may open connections for. Raises that
    limit as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted + OTHER_FILES if hard == resource.RLIM_INFINITY else min(hard, wanted + OTHER_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    possible = min(wanted, max(1, most - OTHER_FILES))
    if possible < wanted:
        log.warning("%d requests at once, not %d: the limit of open files (ulimit -Hn) is %d", possible, wanted, hard)
    return possible


async def _measure(records: ConcurrentRecords, gauges: Gauges) -> None:
    while True:
        gauges.in_flight.set(records.in_hand)
        gauges.behind.set(records.behind)
        gauges.ready.set(records.has_assignment)
        await asyncio.sleep(MEASURE_SECONDS if records.has_assignment else LOOK_SECONDS)


class RequestHandler:
    """From a request's record to its attempt on Kafka, under the request's key."""

    def __init__(
        self, kind: SenderKind, attempts: Attempts, writer: RecordWriter, registry: Registry, most_bytes: int,
        rest_seconds: float = REST_SECONDS,
    ) -> None:
        """``most_bytes``: what a topic of dead letters takes. ``rest_seconds``: between two tries to reach Kafka or the
        registry. Raises Transient, Fatal where the registry does not know our contracts."""
        self._kind, self._made, self._writer = kind, attempts, writer
        self._most_bytes, self._rest_seconds = most_bytes, rest_seconds
        self._requests = ValueCodec[Any](kind.requests, kind.request, registry)
        self._attempts = ValueCodec[Any](kind.attempts, kind.answer, registry)
        self._cards = ValueCodec(topics.DEAD_LETTERS, DeadLetter, registry)
        self._known: OrderedDict[tuple[str, int], asyncio.Task[Struct | None]] = OrderedDict()

    async def handle(self, record: Stored) -> None:
        """Make the attempt and return once Kafka has it; a record that is no request becomes a dead letter."""
        try:
            request = await self._decoded(record)
        except Reject as reject:
            await self._refuse(Refused(record, reject.as_value()))
            return
        attempt = await self._attempt(request)
        if attempt is None:
            return
        await self._write(Record(self._kind.attempts.name, record.key, self._attempts.encode(attempt)))

    async def _attempt(self, request: Any) -> Struct | None:
        """The attempt as made, now or when the same was asked for before; a waiting request shares one under way."""
        name = (request.message_id, request.attempt)
        task = self._known.get(name)
        if task is None or task.cancelled():
            task = self._known[name] = asyncio.ensure_future(self._made.attempt(request))
            while len(self._known) > MOST_REMEMBERED and next(iter(self._known.values())).done():
                self._known.popitem(last=False)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.cancel()
            raise

    async def _decoded(self, record: Stored) -> Any:
        while True:
            try:
                return self._requests.decode(record.value)
            except Transient as error:
                log.warning("a request waits for the schema registry: %s", error)
                await asyncio.sleep(self._rest_seconds)

    async def _refuse(self, refused: Refused) -> None:
        self._kind.gauges.unreadable.labels(refused.reject.reason.value).inc()
        at, app = time.time_ns() // 1_000_000, self._kind.app
        [letter] = letters(app, [refused], at, self._most_bytes)
        await self._write(Record(letter.topic, letter.key, letter.value, letter.headers))
        value = self._cards.encode(card(app, refused, at))
        await self._write(Record(topics.DEAD_LETTERS.name, app.name.encode(), value))

    async def _write(self, record: Record) -> None:
        """Return once the record is on Kafka, however long that takes. Raises Fatal where it never can be."""
        while True:
            try:
                await self._writer.write(record)
                return
            except NotWritten as error:
                if error.too_large:
                    raise Fatal(f"{record.topic} does not take a record: {error.detail}") from error
                self._kind.gauges.unwritten.inc()
                log.warning("%s: not written and tried again: %s", record.topic, error.detail)
                await asyncio.sleep(self._rest_seconds)
