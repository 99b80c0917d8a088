"""The polling process: restores the cursors, follows orders and shipments, and polls every configured carrier."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from config import topics
from config.settings import Settings
from connectors.carrier_api.credentials import PolledCarrier, polled_carriers
from connectors.carriers import enabled_carriers
from connectors.kafka.registry import Registry
from connectors.polling import metrics
from connectors.polling.client import CarrierClient
from connectors.polling.inputs import InputChanges, PollInputs
from connectors.polling.publisher import KafkaPublisher
from connectors.polling.redis_mirror import RedisMirror
from connectors.polling.schedule_book import ScheduleBook
from connectors.polling.worker import Poller
from streams.contracts.model import PollState
from streams.kernel.errors import Fatal, Transient
from streams.kernel.vocabulary import PollEnd
from topologies.runtime.watching.health import Health, broker

log = logging.getLogger(__name__)

FOLLOW_SECONDS = 1.0
GAUGES_SECONDS = 15.0
REST_SECONDS = 5.0
BEAT_SECONDS, SILENT_SECONDS = 1.0, 60.0
FORGOTTEN_AFTER_MS = topics.ORDER_REFERENCES.retention_ms + 30 * topics.DAY_MS
"""Cursors of numbers that ended so long ago are deleted: no order on Kafka can name them."""
Clock = Callable[[], int]


def now_ms() -> int:
    """UTC milliseconds."""
    return time.time_ns() // 1_000_000


def configured(settings: Settings) -> list[PolledCarrier]:
    """The carriers this installation polls. Raises Fatal where credentials do not fit."""
    if settings.polling.credentials is None:
        return []
    return polled_carriers(enabled_carriers(settings.intake), settings.polling.credentials)


def books_of(carriers: Iterable[PolledCarrier]) -> dict[str, ScheduleBook]:
    """An empty schedule book for each feed."""
    return {one.carrier.feed: ScheduleBook(one.carrier.feed, one.slug, one.plan.schedule) for one in carriers}


def enter(changes: InputChanges, books: dict[str, ScheduleBook], now: int) -> None:
    """Enter what was read into the schedule books: cursors first, then the shipments' statuses, the orders, and
    documents that are missing."""
    by_carrier: dict[str, list[ScheduleBook]] = {}
    for book in books.values():
        by_carrier.setdefault(book.carrier, []).append(book)
    for (feed, _), state in changes.cursors.items():
        if feed in books:
            books[feed].put(state, now)
    for (carrier, number), known in changes.statuses.items():
        for book in by_carrier.get(carrier, ()):
            book.set_status(number, known, now)
    for (carrier, number), updated_at in changes.claims.items():
        for book in by_carrier.get(carrier, ()):
            book.claim(number, updated_at, now)
    for (carrier, number), wanted_at in changes.chases.items():
        for book in by_carrier.get(carrier, ()):
            book.chase(number, wanted_at, now)


def run(settings: Settings, health: Health | None = None) -> int:
    """Poll until SIGTERM or SIGINT; the exit code. Raises Fatal or Transient where it cannot begin or go on."""
    carriers = configured(settings)
    if not carriers:
        raise Fatal(
            "no feed is to be polled: name feeds and credentials in SHIPSYNC_POLL_CREDENTIALS, see docs/polling.md"
        )
    asyncio.run(_run(settings, carriers, health or Health()))
    return 0


async def _run(settings: Settings, carriers: list[PolledCarrier], health: Health) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    health.expect_beats(SILENT_SECONDS)
    beating = asyncio.create_task(_beat(health))
    polling = Polling(settings, carriers)
    health.expect("polling", lambda: None if polling.asking else "orders, shipments and cursors are being read")
    health.expect("broker", broker(settings))
    try:
        await polling.run(stopping)
    finally:
        beating.cancel()


async def _beat(health: Health) -> None:
    while True:
        health.beat()
        await asyncio.sleep(BEAT_SECONDS)


class Polling:
    """The pollers of one process and what they share. ``clock``: UTC ms."""

    def __init__(self, settings: Settings, carriers: list[PolledCarrier], clock: Clock = now_ms) -> None:
        self._settings, self._carriers, self._clock = settings, carriers, clock
        self.books = books_of(carriers)
        self.pollers: dict[str, Poller] = {}
        self.asking = False
        """Whether it has read what it must know, and asks carriers."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Poll until told to stop. Raises Transient where Kafka or the registry does not answer at the start."""
        registry = await asyncio.to_thread(Registry, self._settings)
        mirror = RedisMirror(self._settings.redis)
        publisher = KafkaPublisher(self._settings, registry, mirror)
        inputs = await asyncio.to_thread(
            PollInputs, self._settings, registry, [one.slug for one in self._carriers]
        )
        try:
            await self._restore(inputs, publisher, stopping)
            if not stopping.is_set():
                await self._ask(inputs, publisher, stopping)
        finally:
            inputs.close()
            publisher.close()
            await mirror.close()

    async def _restore(self, inputs: PollInputs, publisher: KafkaPublisher, stopping: asyncio.Event) -> None:
        changes = await asyncio.to_thread(inputs.read_all, stopping.is_set)
        if stopping.is_set():
            return
        now = self._clock()
        old = [state for state in changes.cursors.values() if forgotten(state, now)]
        for state in old:
            del changes.cursors[state.feed, state.tracking_number]
        enter(changes, self.books, now)
        await publisher.forget(old)
        await self._save(publisher)
        for feed, book in self.books.items():
            await publisher.mirror(feed, book)
            log.info("%s: %d numbers, %d of them ended", feed, len(book), sum(book.ended.values()))

    async def _ask(self, inputs: PollInputs, publisher: KafkaPublisher, stopping: asyncio.Event) -> None:
        most = self._settings.intake.max_record_bytes
        for one in self._carriers:
            feed = one.carrier.feed
            client = CarrierClient(one, most, self._clock)
            self.pollers[feed] = Poller(one, client, self.books[feed], publisher, self._clock)
            await publisher.circuit(feed, self.pollers[feed].circuit)
        stopped = asyncio.create_task(stopping.wait())
        working = [asyncio.create_task(poller.run(stopping)) for poller in self.pollers.values()]
        working += [
            asyncio.create_task(self._follow(inputs, publisher, stopping)), asyncio.create_task(self._measure(stopping))
        ]
        metrics.READY.set(1)
        self.asking = True
        try:
            done, _ = await asyncio.wait([stopped, *working], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            metrics.READY.set(0)
            self.asking = False
            stopping.set()
            await self._wind_up([stopped, *working])

    async def _wind_up(self, tasks: Sequence[asyncio.Task[Any]]) -> None:
        for poller in self.pollers.values():
            poller.wake.set()
        await asyncio.gather(*(poller.close(self._settings.stage.drain_timeout) for poller in self.pollers.values()))
        for task in tasks:
            if not task.done():
                await asyncio.wait([task], timeout=REST_SECONDS)
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, inputs: PollInputs, publisher: KafkaPublisher, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            changes = await asyncio.to_thread(inputs.read_new, FOLLOW_SECONDS)
            if changes:
                enter(changes, self.books, self._clock())
            await self._save(publisher)

    async def _save(self, publisher: KafkaPublisher) -> None:
        for feed, book in self.books.items():
            changed = book.unsaved()
            try:
                await publisher.save(changed)
            except Transient as error:
                log.warning("%s: %d cursors did not reach Kafka and will be sent again: %s", feed, len(changed), error)
                book.not_saved(changed)
            if changed and feed in self.pollers:
                self.pollers[feed].wake.set()

    async def _measure(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            for book in self.books.values():
                measure(book, self._clock())
            try:
                await asyncio.wait_for(stopping.wait(), GAUGES_SECONDS)
            except TimeoutError:
                continue


def forgotten(state: PollState, now: int) -> bool:
    """Whether the number ended so long ago that its cursor can be deleted."""
    return state.ended_at is not None and now - state.ended_at > FORGOTTEN_AFTER_MS


def counts(book: ScheduleBook, now: int) -> dict[str, int]:
    """Returns how many numbers are due, how many are waiting, and how many ended, by reason."""
    due = sum(1 for state in book if state.due_at is not None and state.due_at <= now)
    ended = {why.value: book.ended[why] for why in PollEnd if why is not PollEnd.NONE}
    return {"due": due, "waiting": len(book) - due - sum(ended.values()), **ended}


def measure(book: ScheduleBook, now: int) -> None:
    """Set the gauges of a feed."""
    for state, count in counts(book, now).items():
        metrics.NUMBERS.labels(book.feed, state).set(count)
    due = book.next_due()
    metrics.LAG.labels(book.feed).set(0 if due is None else max(0, now - due) / 1000)
