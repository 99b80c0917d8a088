"""The state of polling: numbers by feed from ``poll.state.v1``, circuit breakers from Redis if it answers."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from config.settings import Settings
from connectors.carrier_api.credentials import PolledCarrier
from connectors.kafka.registry import Registry
from connectors.polling.inputs import PollInputs
from connectors.polling.redis_mirror import RedisMirror
from connectors.polling.schedule_book import ScheduleBook
from streams.resilience.circuit_breaker import Circuit
from topologies.workers.carrier_polling import books_of, counts, enter

REGISTRY_SECONDS = 5.0


def look(settings: Settings, carriers: list[PolledCarrier], now: int) -> list[dict[str, Any]]:
    """A row for each polled feed. ``circuit`` is None where it is not known. Raises Transient without Kafka."""
    if not carriers:
        return []
    books, circuits = _books(settings, carriers, now), asyncio.run(_circuits(settings))
    return [_row(book, circuits.get(feed), now) for feed, book in books.items()]


def planned(settings: Settings, carriers: list[PolledCarrier], now: int, most: int) -> list[dict[str, Any]]:
    """The next ``most`` numbers to be polled, soonest first. Raises Transient without Kafka."""
    if not carriers:
        return []
    open_ones = [
        state for book in _books(settings, carriers, now).values() for state in book if state.due_at is not None
    ]
    open_ones.sort(key=lambda state: (state.due_at or 0, state.feed, state.tracking_number))
    shown = ("feed", "carrier", "tracking_number", "status", "due_at", "asked_at", "asked", "failures", "not_found",
             "detail")
    return [{name: msgspec.to_builtins(getattr(state, name)) for name in shown} for state in open_ones[:most]]


def _books(settings: Settings, carriers: list[PolledCarrier], now: int) -> dict[str, ScheduleBook]:
    registry = Registry(settings, patience=REGISTRY_SECONDS)
    inputs = PollInputs(settings, registry, [one.slug for one in carriers])
    try:
        changes = inputs.read_all()
    finally:
        inputs.close()
    books = books_of(carriers)
    enter(changes, books, now)
    return books


async def _circuits(settings: Settings) -> dict[str, Circuit]:
    mirror = RedisMirror(settings.redis)
    try:
        return await mirror.circuits() or {}
    finally:
        await mirror.close()


def _row(book: ScheduleBook, circuit: Circuit | None, now: int) -> dict[str, Any]:
    return {
        "feed": book.feed, "carrier": book.carrier, "numbers": len(book), **counts(book, now),
        "next_due_at": book.next_due(),
        "circuit": None if circuit is None else circuit.state.value,
        "circuit_retry_at": None if circuit is None else circuit.retry_at,
        "circuit_reason": None if circuit is None else circuit.reason,
    }
