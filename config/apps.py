"""Every stage's app, declared once: its id, which is its consumer group, its state and its dead letters.

App ids and consumer groups are stored data: renaming one drops state.
"""

from __future__ import annotations

from dataclasses import dataclass

from config import topics


@dataclass(frozen=True, slots=True)
class App:
    """One topology: its Faust app id, which is also its consumer group and the folder of its state."""

    name: str
    app_id: str
    state_topic: topics.Topic | None
    dead_letters: topics.Topic


INTAKE = App("intake", "shipsync-intake", None, topics.DLQ_INTAKE)
ORDERS = App("orders", "shipsync-orders", topics.ORDER_STATE, topics.DLQ_ORDERS)
IDENTITY = App("identity", "shipsync-identity", topics.REFERENCE_STATE, topics.DLQ_IDENTITY)
SHIPMENTS = App("shipments", "shipsync-shipments", topics.SHIPMENT_STATE, topics.DLQ_SHIPMENTS)
FULFILMENT = App("fulfilment", "shipsync-fulfilment", topics.FULFILMENT_STATE, topics.DLQ_FULFILMENT)
FEEDS = App("feeds", "shipsync-feeds", topics.FEED_STATE, topics.DLQ_FEEDS)
NORMS = App("norms", "shipsync-norms", topics.DWELL_NORMS, topics.DLQ_NORMS)
EDI = App("edi", "shipsync-edi", topics.EDI_STATE, topics.DLQ_EDI)
ALERTS = App("alerts", "shipsync-alerts", topics.OPS_ALERTS, topics.DLQ_ALERTS)
NOTIFICATIONS = App("notifications", "shipsync-notifications", topics.NOTIFICATION_STATE, topics.DLQ_NOTIFICATIONS)
POSTINGS = App("postings", "shipsync-postings", topics.POSTING_STATE, topics.DLQ_POSTINGS)
PAGING = App("paging", "shipsync-paging", topics.PAGING_STATE, topics.DLQ_PAGING)
DOCUMENTS = App("documents", "shipsync-documents", topics.DOCUMENT_STATE, topics.DLQ_DOCUMENTS)
BOOKINGS = App("bookings", "shipsync-bookings", topics.BOOKING_STATE, topics.DLQ_BOOKINGS)
APPS: tuple[App, ...] = (
    INTAKE, ORDERS, IDENTITY, SHIPMENTS, FULFILMENT, FEEDS, NORMS, EDI, ALERTS, NOTIFICATIONS, POSTINGS, PAGING,
    DOCUMENTS, BOOKINGS,
)
