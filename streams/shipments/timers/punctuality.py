"""Promise and estimate: whether a shipment will come when it was promised, and the alert while it will not.

All of it is a function of the shipment's record; what only the clock tells (a promise that passed in silence) is not
told here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from streams.contracts.model import AlertSignal
from streams.kernel.vocabulary import TERMINAL, AlertKind, ExceptionType, Punctuality, Reason, Severity, Status
from streams.shipments.notifications.alert_signals import raised, resolved, signal
from streams.shipments.record import Shipment

DAY_MS = 24 * 3_600_000
LAST_SECOND_MS = 59_000
_ENDED = TERMINAL | {Status.RETURNING}
_NOTHING: list[AlertSignal] = []


class Risk(NamedTuple):
    """The estimate lies behind the promise. ``since``: when the estimate, or the promise if later, was stated."""

    estimate: int
    promise: int
    since: int


def promised(shipment: Shipment) -> int | None:
    """The earliest promise of the orders on it, UTC ms; None where none was made."""
    orders = shipment.orders
    if len(orders) == 1:
        return orders[0].promised_delivery_at
    return min((one.promised_delivery_at for one in orders if one.promised_delivery_at is not None), default=None)


def punctuality(shipment: Shipment, promise: int | None) -> Punctuality:
    """How it stands with what was ``promised``."""
    if shipment.status is Status.DELIVERED and shipment.delivered_at is not None and promise is not None:
        late = shipment.delivered_at > promise
        return Punctuality.DELIVERED_LATE if late else Punctuality.DELIVERED_ON_TIME
    if shipment.status in _ENDED:
        return Punctuality.ENDED
    if promise is None:
        return Punctuality.NO_PROMISE
    if shipment.estimated_delivery_at is None:
        return Punctuality.NO_ESTIMATE
    return Punctuality.AT_RISK if is_beyond(shipment.estimated_delivery_at, promise) else Punctuality.ON_TIME


def is_beyond(estimate: int, promise: int) -> bool:
    """Whether an estimate lies behind a promise. One told as a date, up to the last second of the day, does where the
    whole day lies behind it."""
    if estimate % 60_000 == LAST_SECOND_MS:
        return estimate - DAY_MS >= promise
    return estimate > promise


def risk(shipment: Shipment) -> Risk | None:
    """What puts the promise at risk; None where nothing does."""
    estimate = shipment.estimated_delivery_at
    if estimate is None or not shipment.orders:
        return None
    promise = promised(shipment)
    if promise is None or not is_beyond(estimate, promise) or shipment.status in _ENDED:
        return None
    return Risk(estimate, promise, max(shipment.estimate_at or 0, *shipment.link_times))


def alerts_about(shipment: Shipment, before: Risk | None, now: Risk | None) -> list[AlertSignal]:
    """The alert raised, renewed (another estimate or promise) or resolved since ``before``."""
    if now == before:
        return _NOTHING
    if now is not None:
        cause = f"expected {minute(now.estimate)}, promised {minute(now.promise)}"
        return [raised(_signal(shipment, now.since), cause, now.since)]
    assert before is not None
    ended = max(shipment.last_event_at or 0, before.since)
    return [resolved(_signal(shipment, before.since), _standing(shipment), ended)]


def _standing(shipment: Shipment) -> str:
    """How it stands with what was promised, for people."""
    return punctuality(shipment, promised(shipment)).value.replace("_", " ")


@lru_cache(maxsize=10_000)
def minute(at_ms: int) -> str:
    """A time for people, to the minute."""
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return f"{at_ms} ms since 1970"


def _signal(shipment: Shipment, since: int) -> AlertSignal:
    return signal(
        shipment, AlertKind.DELIVERY_AT_RISK, ExceptionType.DELAY, Reason.OTHER, Severity.WARNING, since
    )
