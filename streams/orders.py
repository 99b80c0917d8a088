"""The orders step: an ERP order in, one claim per shipment out, keyed as the carrier's events are.

Reads ``erp.orders``; writes ``order.references``.
"""

from __future__ import annotations

from math import isfinite
from typing import NamedTuple

from streams.errors import Reject
from streams.identity import LONGEST_NUMBER, normalise_carrier, normalise_tracking_number
from streams.model import Order, OrderLine, OrderReference
from streams.vocabulary import RejectReason

CANCELLED = frozenset({"cancelled", "canceled", "voided", "deleted"})
"""States of an order, in lower case, in which it expects no shipment any more."""


class Rekeyed(NamedTuple):
    """An order's claims on shipments, and one reject per line that claims none."""

    references: list[OrderReference]
    rejects: list[Reject]


def references_of(order: Order) -> Rekeyed:
    """One reference per distinct (shipment, delivery) of the order, in the order's own sequence; of a cancelled order
    they are withdrawn."""
    withdrawn = order.status.strip().lower() in CANCELLED
    value = order.value if order.value is not None and isfinite(order.value) else None
    references: dict[tuple[str, str, str], OrderReference] = {}
    rejects: list[Reject] = []
    for place, line in enumerate(order.shipments):
        carrier = normalise_carrier(line.carrier)
        number = normalise_tracking_number(line.tracking_number)
        reject = _reject(order, place, line, carrier, number)
        if reject is not None:
            rejects.append(reject)
            continue
        references[carrier, number, line.delivery_id] = OrderReference(
            carrier, number, order.order_id, line.delivery_id, order.customer_id,
            order.promised_delivery_at, order.updated_at, withdrawn, value, order.currency,
        )  # fmt: skip
    return Rekeyed(list(references.values()), rejects)


def _reject(order: Order, place: int, line: OrderLine, carrier: str, number: str) -> Reject | None:
    path = f"shipments[{place}]"
    subject = f"order {order.order_id or '(no number)'}, line {place}"
    if not carrier or not number:
        missing = "carrier" if not carrier else "tracking_number"
        detail = f"{subject}: {missing} is empty"
        return Reject(RejectReason.NO_REFERENCE, detail, f"{path}.{missing}")
    named = {"order_id": order.order_id, "customer_id": order.customer_id}
    for name, value in named.items():
        if not value.strip():
            return Reject(RejectReason.CONTRACT_BROKEN, f"{subject}: {name} is empty", name)
    named |= {f"{path}.delivery_id": line.delivery_id, f"{path}.tracking_number": number}
    for name, value in named.items():
        if len(value) > LONGEST_NUMBER:
            detail = f"{subject}: {name} has {len(value)} characters; {LONGEST_NUMBER} are taken"
            return Reject(RejectReason.TOO_LARGE, detail, name)
    if not line.delivery_id.strip():
        return Reject(RejectReason.CONTRACT_BROKEN, f"{subject}: delivery_id is empty", f"{path}.delivery_id")
    return None
