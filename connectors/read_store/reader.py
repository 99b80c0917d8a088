"""Reads the read model. Any number of processes may; each thread has a connection of its own, opened when needed.

Every list takes ``customer``: with it, only what is that customer's is found. What a list cannot say by customer
(alerts, feeds, dead letters, references) takes none: a caller for a customer must not ask for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from msgspec import Struct

from connectors.read_store.actions import ActionReads
from connectors.read_store.bookings import BookingReads
from connectors.read_store.deliveries import DeliveryReads
from connectors.read_store.documents import DocumentReads
from connectors.read_store.figures import Figures
from connectors.read_store.letters import LetterReads
from connectors.read_store.notifications import NotificationReads
from connectors.read_store.pages import Page, decoded, equal, page_of, position_of, where_all
from connectors.read_store.schema import BETWEEN
from connectors.read_store.shipment_lists import ShipmentListReads
from streams.contracts import model
from streams.kernel.vocabulary import AlertKind
from streams.read_model.rows import alike, search_form

T = TypeVar("T", bound=Struct)
MOST_FOUND = 50
MOST_COLONS = 20
MOST_COUNTED = 1_000
"""A list's number of rows is counted so far: more are "more than"."""


class Standing(NamedTuple):
    """How current the read model is. ``read_at``: when the worker last looked at Kafka, UTC ms, 0 for never;
    ``behind``: records it has not read yet; ``whole``: whether it has read everything once."""

    read_at: int
    behind: int
    whole: bool


class Found(NamedTuple):
    """A shipment that a number leads to. ``kind``: the kind of number: tracking, order, delivery, po, ..."""

    key: str
    kind: str
    value: str


class AlertFilter(NamedTuple):
    """Which alerts a list shows; None: all. ``owner``: empty for those nobody owns."""

    open: bool | None = True
    kind: str | None = None
    severity: str | None = None
    owner: str | None = None
    carrier: str | None = None
    shipment: str | None = None


class ToldWord(NamedTuple):
    """A customer update and when it was written, UTC ms."""

    told_at: int
    word: model.CustomerUpdate


class ToldPosting(NamedTuple):
    """A posting and when it was written, UTC ms."""

    told_at: int
    posting: model.ErpPosting


class ToldEvent(NamedTuple):
    """An event and when it was written to the history, UTC ms."""

    told_at: int
    event: model.EnrichedEvent


class FeedNow(NamedTuple):
    """A feed's state and its pause; None where there is none."""

    state: model.FeedState | None
    pause: model.FeedPause | None


class Changed(NamedTuple):
    """Something changed. ``what``: shipment, order, alert or feed; ``customers``: whose it is."""

    number: int
    what: str
    key: str
    customers: tuple[str, ...]
    at: int


class ReadStore(
    ActionReads, BookingReads, DeliveryReads, DocumentReads, LetterReads, NotificationReads, ShipmentListReads
):
    """The read model in a folder, for reading. Close it when done."""

    def __init__(self, folder: Path) -> None:
        """Opens nothing yet."""
        super().__init__(folder)
        self.figures = Figures(self._rows)

    def standing(self) -> Standing:
        """How current it is. Raises Transient, as everything here, where there is no file that can be read."""
        about = dict(self._rows("SELECT name, value FROM about"))
        [[behind]] = self._rows("SELECT coalesce(sum(behind), 0) FROM places")
        return Standing(about.get("read_at", 0), behind, "whole_at" in about)

    def promises(self, keys: Sequence[str]) -> dict[str, int | None]:
        """The promises of those of these shipments that there are, UTC ms; None where nothing is promised."""
        return dict(self._rows(
            f"SELECT key, promised_delivery_at FROM shipments WHERE key IN ({_places(keys)})", *keys
        ))

    def shipment(self, key: str, customer: str | None = None) -> model.ShipmentState | None:
        """The current truth about one shipment."""
        theirs, given = _theirs(customer)
        found = self._rows(f"SELECT doc FROM shipments WHERE key = ? {theirs}", key, *given)
        return _one(found, model.ShipmentState)

    def find(self, text: str, customer: str | None = None) -> list[Found]:
        """The shipments a number leads to: where it is known as it is, these; else those whose number begins so."""
        wanted = search_form(text)
        if not wanted:
            return []
        theirs, given = _theirs(customer)
        choose = (
            "SELECT DISTINCT key, kind, value FROM handles JOIN shipments ON key = handles.shipment"
            f" WHERE {{}} {theirs} LIMIT {MOST_FOUND}"
        )
        found = self._rows(choose.format("value = ?"), wanted, *given)
        if not found:
            found = self._rows(choose.format("value >= ? AND value < ?"), wanted, wanted + "\U0010ffff", *given)
        return [Found(*row) for row in found]

    def events(self, key: str) -> list[ToldEvent]:
        """The history of one shipment, by event time, oldest first."""
        rows = self._rows("SELECT told_at, doc FROM events WHERE shipment = ? ORDER BY occurred_at, told_at", key)
        return [ToldEvent(at, decoded(doc, model.EnrichedEvent)) for at, doc in rows]

    def event(self, key: str, event_id: str) -> model.EnrichedEvent | None:
        """One event of a shipment, as it was last said."""
        return _one(self._rows(
            "SELECT doc FROM events WHERE shipment = ? AND event_id = ? ORDER BY told_at DESC LIMIT 1", key, event_id
        ), model.EnrichedEvent)

    def words(self, key: str, customer: str | None = None) -> list[ToldWord]:
        """The customer updates about one shipment in the order they were sent."""
        where, given = (" AND customer = ?", [customer]) if customer is not None else ("", [])
        rows = self._rows(
            f"SELECT told_at, doc FROM customer_words WHERE shipment = ?{where} ORDER BY told_at, occurred_at",
            key, *given,
        )
        return [ToldWord(at, decoded(doc, model.CustomerUpdate)) for at, doc in rows]

    def postings(
        self, shipment: str | None = None, order: str | None = None, limit: int = MOST_COUNTED,
        delivery: str | None = None,
    ) -> list[ToldPosting]:
        """The postings, of one shipment, order or delivery where named, the newest first."""
        where, given = equal(_Of(shipment, order, delivery), ("shipment", "order_id", "delivery_id"))
        rows = self._rows(
            f"SELECT told_at, doc FROM postings{where_all(where)} ORDER BY told_at DESC LIMIT ?", *given, limit
        )
        return [ToldPosting(at, decoded(doc, model.ErpPosting)) for at, doc in rows]

    def order(self, order_id: str, customer: str | None = None) -> model.OrderState | None:
        """The newest version of one order."""
        where, given = equal(_Order(order_id, customer), ("order_id", "customer"))
        return _one(self._rows(f"SELECT doc FROM orders{where_all(where)}", *given), model.OrderState)

    def orders(
        self, limit: int, cursor: str | None = None, customer: str | None = None, since: int | None = None
    ) -> Page[model.OrderState]:
        """The newest first. Raises WrongCursor."""
        where, given = equal(_Order(None, customer), ("customer",))
        if since is not None:
            where, given = [*where, "updated_at >= ?"], [*given, since]
        if cursor is not None:
            where.append("(updated_at, order_id) < (?, ?)")
            given += position_of(cursor, (int, str))
        rows = self._rows(
            f"SELECT updated_at, order_id, doc FROM orders{where_all(where)}"
            " ORDER BY updated_at DESC, order_id DESC LIMIT ?", *given, limit + 1,
        )
        return page_of(rows, limit, model.OrderState)

    def shipments_of(self, order_id: str, customer: str | None = None) -> list[model.ShipmentState]:
        """The shipments an order claims."""
        theirs, given = _theirs(customer)
        rows = self._rows(
            "SELECT doc FROM shipments WHERE key IN (SELECT shipment FROM handles WHERE value = ? AND kind = 'order')"
            f" {theirs} ORDER BY key LIMIT {MOST_COUNTED}", search_form(order_id), *given,
        )
        found = [decoded(doc, model.ShipmentState) for [doc] in rows]
        return [one for one in found if any(order.order_id == order_id for order in one.orders)]

    def alert(self, alert_id: str) -> model.Alert | None:
        """One alert."""
        return _one(self._rows("SELECT doc FROM alerts WHERE alert_id = ?", alert_id), model.Alert)

    def alerts(self, wanted: AlertFilter, limit: int, cursor: str | None = None) -> Page[model.Alert]:
        """The most pressing first. Raises WrongCursor."""
        where, given = equal(wanted, ("open", "kind", "severity", "owner", "carrier", "shipment"))
        if cursor is not None:
            rank, at, last = position_of(cursor, (float, int, str))
            where.append("rank <= ? AND (-rank, raised_at, alert_id) > (?, ?, ?)")  # the former finds its place
            given += [-float(rank), rank, at, last]
        rows = self._rows(
            f"SELECT -rank, raised_at, alert_id, doc FROM alerts{where_all(where)}"
            " ORDER BY rank DESC, raised_at, alert_id LIMIT ?", *given, limit + 1,
        )
        return page_of(rows, limit, model.Alert)

    def is_doubted(self, key: str) -> bool:
        """Whether the delivery of a shipment is held back from somebody, or was."""
        return bool(self._rows(
            "SELECT 1 FROM alerts WHERE shipment = ? AND shipment <> '' AND kind = ? LIMIT 1", key,
            AlertKind.DELIVERY_DOUBTFUL.value,
        ))

    def open_alerts(self) -> dict[str, int]:
        """How many alerts are open, by kind."""
        return dict(self._rows("SELECT kind, count(*) FROM alerts WHERE open = 1 GROUP BY kind"))

    def feeds(self) -> dict[str, FeedNow]:
        """Every feed, by name."""
        states = {name: decoded(doc, model.FeedState) for name, doc in self._rows("SELECT feed, doc FROM feeds")}
        pauses = {name: decoded(doc, model.FeedPause) for name, doc in self._rows("SELECT feed, doc FROM feed_pauses")}
        return {name: FeedNow(states.get(name), pauses.get(name)) for name in sorted({*states, *pauses})}

    def references_waiting(self, limit: int) -> list[model.ReferenceState]:
        """References nobody says whose they are and something waits for, the longest waiting first."""
        rows = self._rows(
            'SELECT doc FROM "references" WHERE waiting > 0 ORDER BY waiting_since LIMIT ?', limit
        )
        return [decoded(doc, model.ReferenceState) for [doc] in rows]

    def reference(self, key: str) -> model.ReferenceState | None:
        """The state of the reference ``TYPE:REFERENCE``; both are foreign text and may hold colons."""
        parts = key.split(":")
        for place in range(1, min(len(parts), MOST_COLONS)):
            kind, value = ":".join(parts[:place]), ":".join(parts[place:])
            rows = self._rows('SELECT doc FROM "references" WHERE type = ? AND value = ?', kind, value)
            if rows:
                return _one(rows, model.ReferenceState)
        return None

    def customers(self, ids: Iterable[str]) -> dict[str, model.MasterRecord]:
        """The records people entered of these customers, by their number."""
        numbers = list(ids)
        rows = self._rows(f"SELECT customer, doc FROM customers WHERE customer IN ({_places(numbers)})", *numbers)
        return {one: decoded(doc, model.MasterRecord) for one, doc in rows}

    def last_change(self) -> int:
        """The number of the newest change; 0 where there is none."""
        [[number]] = self._rows("SELECT coalesce(max(number), 0) FROM changes")
        return int(number)

    def first_change(self) -> int:
        """The number of the oldest change that is kept; 0 where there is none."""
        [[number]] = self._rows("SELECT coalesce(min(number), 0) FROM changes")
        return int(number)

    def changes_after(self, number: int, limit: int) -> list[Changed]:
        """The changes after the one of this number, oldest first."""
        rows = self._rows("SELECT * FROM changes WHERE number > ? ORDER BY number LIMIT ?", number, limit)
        return [
            Changed(at, what, key, tuple(whose.split(BETWEEN)) if whose else (), when)
            for at, what, key, whose, when in rows
        ]

    def near_numbers(self, text: str, limit: int = 5) -> list[Found]:
        """Numbers that begin with more than half of the text, the nearest first; of every shipment one."""
        wanted = search_form(text)
        choose = (
            "SELECT key, kind, value FROM handles JOIN shipments ON key = handles.shipment WHERE value {} ?"
            f" ORDER BY value {{}} LIMIT {4 * limit}"
        )
        rows = [row for way in ((">=", "ASC"), ("<", "DESC")) for row in self._rows(choose.format(*way), wanted)]
        near = sorted((Found(*row) for row in rows), key=lambda one: -alike(one.value, wanted))
        fit = [one for one in near if 2 * alike(one.value, wanted) > max(len(wanted), 4)]
        return list({one.key: one for one in reversed(fit)}.values())[::-1][:limit]

    def nearest(self, key: str, limit: int = 5) -> list[str]:
        """Keys that begin as this one does, or stand beside it in their order."""
        after = self._rows("SELECT key FROM shipments WHERE key >= ? ORDER BY key LIMIT ?", key, limit)
        before = self._rows("SELECT key FROM shipments WHERE key < ? ORDER BY key DESC LIMIT ?", key, limit)
        near = sorted((one for [one] in [*after, *before]), key=lambda one: -alike(one, key))
        return [one for one in near if alike(one, key) > key.find(":") + 2][:limit]


class _Of(NamedTuple):
    shipment: str | None
    order_id: str | None
    delivery_id: str | None


class _Order(NamedTuple):
    order_id: str | None
    customer: str | None


def _places(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _theirs(customer: str | None) -> tuple[str, list[str]]:
    if customer is None:
        return "", []
    return (
        "AND EXISTS (SELECT 1 FROM shipment_customers AS c WHERE c.customer = ? AND c.updated_at = shipments.updated_at"
        " AND c.shipment = shipments.number)"
    ), [customer]


def _one(rows: list[Any], kind: type[T]) -> T | None:
    return decoded(rows[0][0], kind) if rows else None
