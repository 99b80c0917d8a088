"""Addresses of single pages: keys are foreign text, so every character that could mean something is escaped."""

from __future__ import annotations

from urllib.parse import quote


def shipment_address(key: str) -> str:
    """The page of a shipment, by ``CARRIER:REFERENCE``."""
    return f"/tower/shipments/{quote(key, safe='')}"


def order_address(order_id: str) -> str:
    """The page of an order."""
    return f"/tower/orders/{quote(order_id, safe='')}"


def alert_address(alert_id: str) -> str:
    """The page of an alert."""
    return f"/tower/alerts/{quote(alert_id, safe='')}"


def booking_address(delivery_id: str) -> str:
    """The page of a delivery's bookings."""
    return f"/tower/bookings/{quote(delivery_id, safe='')}"


def delivery_address(delivery_id: str) -> str:
    """The page of an ERP delivery."""
    return f"/tower/billing/{quote(delivery_id, safe='')}"
