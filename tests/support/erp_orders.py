"""ERP orders as the tests of several stages need them."""

from __future__ import annotations

from typing import Any

from streams.contracts.model import Order, OrderLine, Reference

BOL, PO = Reference("bol", "b 1"), Reference("PO", "P9")


def order(*lines: OrderLine, **changes: Any) -> Order:
    """Order O-1 with these lines."""
    fields: dict[str, Any] = {
        "order_id": "O-1",
        "customer_id": "C-1",
        "status": "open",
        "currency": "EUR",
        "value": 12.5,
        "promised_delivery_at": 7,
        "updated_at": 5,
        "shipments": list(lines),
        **changes,
    }
    return Order(**fields)
