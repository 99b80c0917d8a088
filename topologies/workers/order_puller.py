"""Reads orders from ERPs by cursor, on a schedule, and writes them to ``erp.orders.v1``.

A page is written before its cursor is. If the process dies in between, its successor reads the page again; a repeat of
an order changes nothing. An item that is no order becomes a dead letter of the orders stage. An ERP whose orders cannot
be read for long is an alert.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from typing import Any, NamedTuple

from pydantic import ValidationError

from config import apps, headers, topics
from config.settings import Settings
from connectors.erp import declared
from connectors.erp import order_metrics as metrics
from connectors.erp.building import build
from connectors.erp.port import Encode, Erp, OrderPage
from connectors.gateway.orders import ORDERS, OrderDocument
from connectors.kafka.log_writer import KafkaWriter, NotWritten, RecordWriter
from connectors.kafka.producer import Record
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import largest_record
from connectors.kafka.topic_reader import newest
from streams.contracts.model import Alert, AlertSignal, DeadLetter, ErpCursor, Order
from streams.kernel.errors import Fatal, Reject, Transient
from streams.kernel.vocabulary import RejectReason
from topologies.runtime.handler import Refused
from topologies.runtime.watching.health import Health, broker
from topologies.runtime.writing.deadletters import card, letters
from topologies.workers.order_silence import OrderSilence, alert_of

log = logging.getLogger(__name__)

ACK_SECONDS = 30.0
FIRST_REST, LONGEST_REST = 5.0, 300.0
"""Seconds before an ERP that did not answer is asked again; the time doubles."""
REMEMBERED = 100_000
"""Orders of which the last version is known, so that what is read twice is written once."""
BEAT_SECONDS, SILENT_SECONDS = 1.0, 60.0
OUTCOMES = WRITTEN, UNCHANGED, REFUSED = "written", "unchanged", "refused"

class Pulled(NamedTuple):
    """An ERP that orders are read from, every so many seconds."""

    erp: Erp
    every: float


Build = Callable[[Encode], Mapping[str, Pulled]]
"""From the encoder of orders to the ERPs by name. Raises Fatal."""


class Item(NamedTuple):
    """An item that an ERP gave as an order, as dead letters name it: it never was a record."""

    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    topic: str = topics.ERP_ORDERS.name
    partition: int = -1
    offset: int = -1
    timestamp: int = 0
    key: bytes | None = None


def encoder(codec: ValueCodec[Order]) -> Encode:
    """From the document of an order, as ``/v1/orders`` takes it, to key and value. Raises Reject for one that is
    refused there."""

    def encode(document: dict[str, Any]) -> tuple[bytes, bytes]:
        try:
            order = ORDERS.to_struct(OrderDocument.model_validate(document))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            path = ".".join(map(str, first["loc"]))
            raise Reject(RejectReason.CONTRACT_BROKEN, f"{path}: {first['msg']}", path) from None
        for path, words in ORDERS.also_wrong(order):
            raise Reject(RejectReason.CONTRACT_BROKEN, words, path)
        return ORDERS.name(order).encode(), codec.encode(order)

    return encode


class Puller:
    """Reads the orders of one ERP. ``clock``: UTC ms."""

    def __init__(
        self, name: str, erp: Erp, writer: RecordWriter, registry: Registry, most_bytes: int, clock: Callable[[], int]
    ) -> None:
        """``most_bytes``: what a topic of dead letters takes. Raises Transient, Fatal where the registry does not know
        our contracts."""
        self._name, self._erp, self._writer = name, erp, writer
        self._most_bytes, self._clock = most_bytes, clock
        self._cursors = ValueCodec(topics.ERP_CURSORS, ErpCursor, registry)
        self._cards = ValueCodec(topics.DEAD_LETTERS, DeadLetter, registry)
        self._signals = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, registry)
        self.silence = OrderSilence(name)
        self._known: dict[bytes, bytes] = {}
        self.cursor = ""

    async def round(self, stopping: asyncio.Event | None = None) -> Counter[str]:
        """Read until there are no more; counts by outcome. Raises Transient where ERP or Kafka does not answer: what
        was read before is kept."""
        counts: Counter[str] = Counter()
        while stopping is None or not stopping.is_set():
            page = await self._erp.orders(self.cursor)
            counts += await self._keep(page)
            if page.cursor != self.cursor:
                await self._write([self._cursor(page.cursor)])
                self.cursor = page.cursor
            if not page.more:
                break
        return counts

    async def tell(self, signal: AlertSignal | None) -> None:
        """Write a signal, if there is one. Raises Transient where Kafka does not take it: the next round comes back to
        it."""
        if signal is not None:
            value = self._signals.encode(signal)
            await self._write([Record(topics.ALERT_SIGNALS.name, signal.alert_id.encode(), value)])
            self.silence.told(signal)

    async def _keep(self, page: OrderPage) -> Counter[str]:
        fresh = [(key, value) for key, value in page.orders if self._is_new(key, value or b"")]
        bad = [(raw, reject) for raw, reject in page.refused if self._is_new(b"refused:" + _digest(raw), raw)]
        told = [(headers.FEED, self._name.encode()), (headers.RECEIVED_AT, str(self._clock()).encode())]
        await self._write([Record(topics.ERP_ORDERS.name, key, value, told) for key, value in fresh])
        await self._refuse([Refused(Item(raw, told), reject) for raw, reject in bad])
        for key, value in fresh:
            self._remember(key, value or b"")
        for raw, _ in bad:
            self._remember(b"refused:" + _digest(raw), raw)
        counts = Counter({WRITTEN: len(fresh), UNCHANGED: len(page.orders) - len(fresh), REFUSED: len(bad)})
        for outcome, count in counts.items():
            metrics.ORDERS.labels(self._name, outcome).inc(count)
        return counts

    async def _refuse(self, refused: Sequence[Refused]) -> None:
        at = self._clock()
        for one, letter in zip(refused, letters(apps.ORDERS, refused, at, self._most_bytes), strict=True):
            log.warning("%s: what it gives as an order is refused: %s", self._name, one.reject)
            index = Record(
                topics.DEAD_LETTERS.name, apps.ORDERS.name.encode(), self._cards.encode(card(apps.ORDERS, one, at))
            )
            await self._write([Record(letter.topic, letter.key, letter.value, letter.headers), index])

    async def _write(self, records: Sequence[Record]) -> None:
        results = await asyncio.gather(*(self._writer.write(one) for one in records), return_exceptions=True)
        for result in results:
            if isinstance(result, NotWritten):
                if result.too_large:
                    raise Fatal(f"Kafka does not take a record about orders: {result.detail}") from result
                raise Transient(f"Kafka does not take orders: {result.detail}") from result
            if isinstance(result, BaseException):
                raise result

    def _cursor(self, cursor: str) -> Record:
        value = self._cursors.encode(ErpCursor(self._name, cursor, self._clock()))
        return Record(topics.ERP_CURSORS.name, self._name.encode(), value)

    def _is_new(self, key: bytes, value: bytes) -> bool:
        return self._known.get(key) != _digest(value)

    def _remember(self, key: bytes, value: bytes) -> None:
        self._known.pop(key, None)
        if len(self._known) >= REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[key] = _digest(value)


def _digest(value: bytes) -> bytes:
    return blake2b(value, digest_size=16).digest()


class Pulling:
    """All ERPs that orders are read from. ``clock``: UTC ms."""

    def __init__(self, settings: Settings, build: Build, clock: Callable[[], int] | None = None) -> None:
        self._settings, self._build, self._clock = settings, build, clock or now_ms
        self.reading = False
        self.silent: dict[str, str] = {}
        """Why the last round of an ERP ended early, by its name."""

    def missing(self) -> str | None:
        """Tells what keeps it from reading, in words."""
        return None if self.reading else "cursors are being restored"

    def mentioned(self) -> Sequence[str]:
        """ERPs that do not answer, each with the reason."""
        return [f"{name}: {why}" for name, why in sorted(self.silent.items())]

    async def run(self, stopping: asyncio.Event) -> None:
        """Read until told to stop. Raises Transient where Kafka or the registry does not answer at the start."""
        await self._with_pullers(lambda pullers, pulled: self._for_good(pullers, pulled, stopping))

    async def once(self) -> dict[str, Counter[str]]:
        """One round of every ERP; counts by ERP. Those that did not answer are in ``silent``."""
        done: dict[str, Counter[str]] = {}

        async def read(pullers: Mapping[str, Puller], _: Mapping[str, Pulled]) -> None:
            for name, puller in pullers.items():
                done[name] = await self._round(name, puller, None)

        await self._with_pullers(read)
        return done

    async def _with_pullers(
        self, work: Callable[[Mapping[str, Puller], Mapping[str, Pulled]], Awaitable[None]]
    ) -> None:
        registry = await asyncio.to_thread(Registry, self._settings)
        codec = await asyncio.to_thread(ValueCodec, topics.ERP_ORDERS, Order, registry)
        pulled = self._build(encoder(codec))
        if not pulled:
            raise Fatal("no ERP has orders to read: give one `orders: {every: 1m}` in config/erp.yaml, see "
                        "docs/erp-rest.md")
        writer = await asyncio.to_thread(KafkaWriter, self._settings, ACK_SECONDS)
        try:
            most = largest_record(self._settings)
            pullers = {
                name: Puller(name, one.erp, writer, registry, most, self._clock) for name, one in pulled.items()
            }
            for name, puller in pullers.items():
                kept = await asyncio.to_thread(
                    newest, self._settings, registry, topics.ERP_CURSORS, ErpCursor, name)
                puller.cursor = "" if kept is None else kept.cursor
                stands = await asyncio.to_thread(
                    newest, self._settings, registry, topics.OPS_ALERTS, Alert, alert_of(name))
                puller.silence = OrderSilence(name, stands)
            self.reading = True
            metrics.READY.set(1)
            await work(pullers, pulled)
        finally:
            metrics.READY.set(0)
            self.reading = False
            for one in pulled.values():
                await one.erp.close()
            await asyncio.to_thread(writer.close)

    async def _for_good(
        self, pullers: Mapping[str, Puller], pulled: Mapping[str, Pulled], stopping: asyncio.Event
    ) -> None:
        async with asyncio.TaskGroup() as group:
            for name, puller in pullers.items():
                group.create_task(self._repeat(name, puller, pulled[name].every, stopping))

    async def _repeat(self, name: str, puller: Puller, every: float, stopping: asyncio.Event) -> None:
        rest = FIRST_REST
        while not stopping.is_set():
            await self._round(name, puller, stopping)
            wait = min(rest, LONGEST_REST) if name in self.silent else every
            rest = rest * 2 if name in self.silent else FIRST_REST
            try:
                await asyncio.wait_for(stopping.wait(), wait)
            except TimeoutError:
                continue

    async def _round(self, name: str, puller: Puller, stopping: asyncio.Event | None) -> Counter[str]:
        try:
            counts = await puller.round(stopping)
            await puller.tell(puller.silence.read(self._clock()))
        except Transient as error:
            log.warning("%s: orders are not read for a while: %s", name, error)
            self.silent[name] = str(error)
            metrics.ROUNDS.labels(name, "failed").inc()
            metrics.UP.labels(name).set(0)
            with suppress(Transient):
                await puller.tell(puller.silence.failed(str(error), self._clock()))
            return Counter()
        self.silent.pop(name, None)
        metrics.ROUNDS.labels(name, "read").inc()
        metrics.UP.labels(name).set(1)
        metrics.SUCCEEDED.labels(name).set(self._clock() / 1000)
        return counts


def declared_in(settings: Settings) -> Build:
    """Builds the ERPs of the file that the settings name, those with ``orders``."""
    chosen = [one for one in declared.load(settings.erp.file) if one.orders is not None]

    def built(encode: Encode) -> dict[str, Pulled]:
        return {one.name: Pulled(build(one, encode), one.orders.seconds) for one in chosen if one.orders is not None}

    return built


def now_ms() -> int:
    """UTC milliseconds."""
    return time.time_ns() // 1_000_000


def run(settings: Settings, build: Build, health: Health | None = None) -> int:
    """Read orders until SIGTERM or SIGINT; the exit code. Raises Fatal or Transient where it cannot begin or go on."""
    asyncio.run(_run(Pulling(settings, build), settings, health or Health()))
    return 0


async def _run(pulling: Pulling, settings: Settings, health: Health) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    health.expect_beats(SILENT_SECONDS)
    health.expect("orders", pulling.missing)
    health.expect("broker", broker(settings))
    health.mention("erps", pulling.mentioned)
    beating = asyncio.create_task(_beat(health))
    try:
        await pulling.run(stopping)
    finally:
        beating.cancel()


async def _beat(health: Health) -> None:
    while True:
        health.beat()
        await asyncio.sleep(BEAT_SECONDS)
