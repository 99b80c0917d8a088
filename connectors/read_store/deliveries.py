"""Reads from the read model where ERP deliveries stand, and what they wait for."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import msgpack

from connectors.formats.prepared_types import prepared
from connectors.read_store.connections import Connections
from connectors.read_store.pages import Page
from streams.contracts.model import FulfilmentState
from streams.kernel.vocabulary import WaitKind

MOST_DELIVERIES = 1_000


class DeliveryFilter(NamedTuple):
    """Which deliveries a list shows; None: all. ``since``: changed then or later, UTC ms."""

    order_id: str | None = None
    phase: str | None = None
    waits_for: str | None = None
    owner: str | None = None
    overdue: bool | None = None
    customer: str | None = None
    since: int | None = None


class DeliveryReads(Connections):
    """The deliveries."""

    def delivery(self, delivery_id: str, customer: str | None = None) -> FulfilmentState | None:
        """One delivery; with a customer, only where it is that customer's. Raises Transient where there is no file that
        can be read."""
        found = self._deliveries("delivery_id = ?", delivery_id)
        return found[0] if found and customer in (None, found[0].customer_id) else None

    def deliveries(self, wanted: DeliveryFilter, limit: int, cursor: str | None = None) -> Page[FulfilmentState]:
        """The last changed first. Raises WrongCursor, Transient."""
        where, given = list[str](), list[object]()
        for name, value in wanted._asdict().items():
            if value is not None:
                where.append("at >= ?" if name == "since" else f"{name} = ?")
                given.append(value)
        return self._newest_first("delivery_records", "delivery_id", FulfilmentState, where, given, limit, cursor)

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
        return [msgpack.decode(doc, type=prepared(FulfilmentState)) for [doc] in rows]
