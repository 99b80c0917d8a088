"""Promise and estimate: whether a shipment will come when it was promised, and the alert while it will not.

A function of the shipment's record; a promise that passes in silence is found by the clock (``deadlines.py``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from streams.contracts.model import AlertSignal
from streams.contracts.promise import ENDED, compared, is_beyond
from streams.kernel.vocabulary import AlertKind, ExceptionType, Punctuality, Reason, Severity
from streams.shipments.alert_signals import raised, signal
from streams.shipments.record import Shipment


class Risk(NamedTuple):
    """The estimate lies behind the promise. ``since``: when the estimate, or the promise if later, was stated."""

    estimate: int
    promise: int
    since: int


def promised(shipment: Shipment) -> int | None:
    """The earliest promise of the orders on it, UTC ms; None where none was made."""
    standing = shipment.view.standing
    if len(standing) == 1:
        return shipment.facts.claims[standing[0]].link.promised_delivery_at
    promises = [one.promised_delivery_at for one in shipment.orders]
    return min((one for one in promises if one is not None), default=None)


def punctuality(shipment: Shipment, promise: int | None) -> Punctuality:
    """Compares the shipment with its ``promise``, UTC ms."""
    view = shipment.view
    return compared(view.status, view.delivered_at, view.estimated_delivery_at, promise)


def risk(shipment: Shipment) -> Risk | None:
    """The reason why the promise is at risk; None if it is not."""
    estimate = shipment.view.estimated_delivery_at
    if estimate is None or not shipment.view.standing:
        return None
    promise = promised(shipment)
    if promise is None or not is_beyond(estimate, promise) or shipment.view.status in ENDED:
        return None
    return Risk(estimate, promise, max(shipment.view.estimate_at or 0, *shipment.claimed_at))


def risk_signal(shipment: Shipment, found: Risk) -> AlertSignal:
    """The alert that the promise is at risk."""
    one = signal(
        shipment, AlertKind.DELIVERY_AT_RISK, ExceptionType.DELAY, Reason.OTHER, Severity.WARNING, found.since
    )
    return raised(one, f"expected {minute(found.estimate)}, promised {minute(found.promise)}", found.since)


def punctuality_words(shipment: Shipment) -> str:
    """Words the shipment's punctuality for people."""
    return punctuality(shipment, promised(shipment)).value.replace("_", " ")


@lru_cache(maxsize=10_000)
def minute(at_ms: int) -> str:
    """A time for people, to the minute."""
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return f"{at_ms} ms since 1970"
