"""Reads from the read model which carrier each released delivery has, and freight invoices that differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import msgpack

from connectors.formats.prepared_types import prepared
from connectors.read_store.connections import Connections
from connectors.read_store.pages import Page
from streams.contracts.model import BookingState
from streams.kernel.booking_vocabulary import BookingPhase

MOST_BOOKINGS = 1_000


class BookingFilter(NamedTuple):
    """Which deliveries a list shows; None: all. ``carrier``: of the last booking; ``mismatched``: with a freight
    invoice that differs from its booking; ``uncancelled``: with a cancellation that its carrier has not taken;
    ``since``: changed then or later, UTC ms."""

    order_id: str | None = None
    phase: str | None = None
    carrier: str | None = None
    owner: str | None = None
    overdue: bool | None = None
    mismatched: bool | None = None
    uncancelled: bool | None = None
    customer: str | None = None
    since: int | None = None


class BookingReads(Connections):
    """The deliveries from their release to their carrier."""

    def booking(self, delivery_id: str) -> BookingState | None:
        """One delivery. Raises Transient where there is no file that can be read."""
        found = self._bookings("delivery_id = ?", [delivery_id])
        return found[0] if found else None

    def bookings(self, wanted: BookingFilter, limit: int, cursor: str | None = None) -> Page[BookingState]:
        """The last changed first. Raises WrongCursor, Transient."""
        given = {name: value for name, value in wanted._asdict().items() if value is not None}
        where = ["at >= ?" if name == "since" else f"{name} = ?" for name in given]
        values = list(given.values())
        return self._newest_first("booking_records", "delivery_id", BookingState, where, values, limit, cursor)

    def bookings_of(self, order_id: str) -> list[BookingState]:
        """The deliveries of an order, by their number. Raises Transient."""
        return self._bookings("order_id = ? ORDER BY delivery_id", [order_id])

    def bookings_in(self, phases: Sequence[BookingPhase]) -> list[BookingState]:
        """Deliveries in these phases, the most urgent first, at most ``MOST_BOOKINGS``. Raises Transient."""
        places = ", ".join("?" for _ in phases)
        return self._bookings(
            f"phase IN ({places}) ORDER BY deadline IS NULL, deadline, at DESC, delivery_id",
            [one.value for one in phases],
        )

    def mismatched_bookings(self) -> list[BookingState]:
        """Deliveries with a freight invoice that differs from its booking, the last changed first. Raises Transient."""
        return self._bookings("mismatched = 1 ORDER BY at DESC, delivery_id", [])

    def uncancelled_bookings(self) -> list[BookingState]:
        """Deliveries with a cancellation that its carrier has not taken, the last changed first. Raises Transient."""
        return self._bookings("uncancelled = 1 ORDER BY at DESC, delivery_id", [])

    def _bookings(self, which: str, values: Sequence[str]) -> list[BookingState]:
        rows = self._rows(f"SELECT doc FROM booking_records WHERE {which} LIMIT {MOST_BOOKINGS}", *values)
        return [msgpack.decode(doc, type=prepared(BookingState)) for [doc] in rows]
