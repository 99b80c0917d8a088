"""Reads from the read model where messages to customers' endpoints, and postings and notices to ERPs, are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from msgspec import msgpack

from connectors.formats.prepared_types import prepared
from connectors.read_store.connections import Connections
from connectors.read_store.pages import Page
from streams.contracts.model import OutboundOutcome

PENDING = "pending"
"""As a status: all that are not done with."""
MOST_OF_A_SHIPMENT = 500
MOST_OF_AN_ALERT = 200
MOST_OF_A_DELIVERY = 200
MOST_AT_ONCE = 500


def _batched(ids: Iterable[str], most: int) -> Iterator[Sequence[str]]:
    left = iter(ids)
    while some := list(islice(left, most)):
        yield some


class NotificationFilter(NamedTuple):
    """Which messages a list shows; None: all. ``status``: one of ``OutboundStatus``, or ``PENDING``."""

    status: str | None = None
    customer: str | None = None


class NotificationReads(Connections):
    """The lists of messages."""

    def notifications(
        self, wanted: NotificationFilter, limit: int, cursor: str | None = None
    ) -> Page[OutboundOutcome]:
        """The newest first. Raises WrongCursor, and Transient where there is no file that can be read."""
        where, given = list[str](), list[object]()
        if wanted.status == PENDING:
            where.append("pending = 1")
        elif wanted.status is not None:
            where, given = [*where, "status = ?"], [*given, wanted.status]
        if wanted.customer is not None:
            where, given = [*where, "customer = ?"], [*given, wanted.customer]
        return self._newest_first("notifications", "message_id", OutboundOutcome, where, given, limit, cursor)

    def posting_outcomes(self, posting_ids: Iterable[str]) -> list[OutboundOutcome]:
        """Where these postings, and what takes them back, are at each ERP."""
        found = list[OutboundOutcome]()
        for some in _batched(dict.fromkeys(posting_ids), MOST_AT_ONCE):
            rows = self._rows(
                f"SELECT doc FROM posting_outcomes WHERE posting_id IN ({', '.join('?' * len(some))})"
                " ORDER BY at, message_id", *some,
            )
            found += [msgpack.decode(doc, type=prepared(OutboundOutcome)) for [doc] in rows]
        return found

    def notices(self, limit: int) -> list[OutboundOutcome]:
        """Where notices to ERPs are: those that are not done with, then the newest."""
        rows = self._rows(
            "SELECT doc FROM posting_outcomes WHERE notice = 1 ORDER BY pending DESC, at DESC LIMIT ?", limit
        )
        return [msgpack.decode(doc, type=prepared(OutboundOutcome)) for [doc] in rows]

    def notices_of(self, delivery_id: str) -> list[OutboundOutcome]:
        """Where the notices about one delivery are, at each ERP, the newest first."""
        rows = self._rows(
            "SELECT doc FROM posting_outcomes WHERE delivery_id = ? AND notice = 1"
            " ORDER BY at DESC, message_id LIMIT ?", delivery_id, MOST_OF_A_DELIVERY,
        )
        return [msgpack.decode(doc, type=prepared(OutboundOutcome)) for [doc] in rows]

    def notifications_of(self, shipment: str) -> list[OutboundOutcome]:
        """Those about one shipment, the oldest first."""
        rows = self._rows(
            "SELECT doc FROM notifications WHERE shipment = ? ORDER BY at, message_id LIMIT ?", shipment,
            MOST_OF_A_SHIPMENT,
        )
        return [msgpack.decode(doc, type=prepared(OutboundOutcome)) for [doc] in rows]

    def messages_of_alerts(self, alert_ids: Iterable[str]) -> dict[str, list[OutboundOutcome]]:
        """Those that name these alerts, by the alert, the oldest first."""
        found: dict[str, list[OutboundOutcome]] = {}
        for some in _batched(dict.fromkeys(alert_ids), MOST_AT_ONCE):
            rows = self._rows(
                f"SELECT alert, doc FROM alert_messages WHERE alert IN ({', '.join('?' * len(some))})"
                " ORDER BY at, message_id", *some,
            )
            for alert, doc in rows:
                found.setdefault(alert, []).append(msgpack.decode(doc, type=prepared(OutboundOutcome)))
        return found

    def messages_of_alert(self, alert_id: str) -> list[OutboundOutcome]:
        """Those that told channels of an alert, and of its end, the newest first."""
        rows = self._rows(
            "SELECT max(at), message_id, doc FROM alert_messages WHERE told_by IN"
            " (SELECT told_by FROM alert_messages WHERE alert = ?) GROUP BY message_id"
            " ORDER BY 1 DESC, 2 LIMIT ?", alert_id, MOST_OF_AN_ALERT,
        )
        return [msgpack.decode(doc, type=prepared(OutboundOutcome)) for _, _, doc in rows]
