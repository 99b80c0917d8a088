"""Reads from the read model which carrier each released delivery has, and freight invoices that differ."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import msgpack

from connectors.read_store.connections import Connections
from streams.contracts.model import BookingState
from streams.kernel.booking_vocabulary import BookingPhase

MOST_BOOKINGS = 1_000


class BookingReads(Connections):
    """The deliveries from their release to their carrier."""

    def booking(self, delivery_id: str) -> BookingState | None:
        """One delivery. Raises Transient where there is no file that can be read."""
        found = self._bookings("delivery_id = ?", [delivery_id])
        return found[0] if found else None

    def bookings_in(self, phases: Sequence[BookingPhase]) -> list[BookingState]:
        """Deliveries in these phases, the most urgent first, at most ``MOST_BOOKINGS``. Raises Transient."""
        places = ", ".join("?" for _ in phases)
        return self._bookings(
            f"phase IN ({places}) ORDER BY deadline IS NULL, deadline, updated_at DESC, delivery_id",
            [one.value for one in phases],
        )

    def mismatched_bookings(self) -> list[BookingState]:
        """Deliveries with a freight invoice that differs from its booking, the last changed first. Raises Transient."""
        return self._bookings("mismatched = 1 ORDER BY updated_at DESC, delivery_id", [])

    def _bookings(self, which: str, values: Sequence[str]) -> list[BookingState]:
        rows = self._rows(f"SELECT doc FROM booking_records WHERE {which} LIMIT {MOST_BOOKINGS}", *values)
        return [msgpack.decode(doc, type=BookingState) for [doc] in rows]
