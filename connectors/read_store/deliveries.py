"""Reads from the read model where ERP deliveries stand, and what they wait for."""

from __future__ import annotations

from msgspec import msgpack

from connectors.read_store.connections import Connections
from streams.contracts.model import FulfilmentState
from streams.kernel.vocabulary import WaitKind

MOST_DELIVERIES = 1_000


class DeliveryReads(Connections):
    """The deliveries."""

    def delivery(self, delivery_id: str) -> FulfilmentState | None:
        """One delivery. Raises Transient where there is no file that can be read."""
        found = self._deliveries("delivery_id = ?", delivery_id)
        return found[0] if found else None

    def deliveries_of(self, order_id: str) -> list[FulfilmentState]:
        """The deliveries of an order, by their number. Raises Transient."""
        return self._deliveries("order_id = ? ORDER BY delivery_id", order_id)

    def waiting_deliveries(self, kind: WaitKind) -> list[FulfilmentState]:
        """The deliveries that wait for this, the most urgent first, at most ``MOST_DELIVERIES``. Raises Transient."""
        return self._deliveries(
            "waits_for = ? AND waits_for <> '' ORDER BY deadline IS NULL, deadline, since, delivery_id", kind.value
        )

    def _deliveries(self, which: str, value: str) -> list[FulfilmentState]:
        rows = self._rows(f"SELECT doc FROM delivery_records WHERE {which} LIMIT {MOST_DELIVERIES}", value)
        return [msgpack.decode(doc, type=FulfilmentState) for [doc] in rows]
