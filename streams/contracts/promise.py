"""A shipment against the promises of the orders on it, as a whole and for one customer. Times are UTC ms."""

from __future__ import annotations

from msgspec import structs

from streams.contracts.estimate import slip
from streams.contracts.model import ShipmentState
from streams.kernel.vocabulary import TERMINAL, Punctuality, Status

DAY_MS = 24 * 3_600_000
LAST_SECOND_MS = 59_000
ENDED = TERMINAL | {Status.RETURNING}
"""Statuses of shipments that come no more, or have come."""


def compared(status: Status, delivered_at: int | None, estimate: int | None, promise: int | None) -> Punctuality:
    """Compares status, delivery and estimate of a shipment with a promise."""
    if status is Status.DELIVERED and delivered_at is not None and promise is not None:
        return Punctuality.DELIVERED_LATE if delivered_at > promise else Punctuality.DELIVERED_ON_TIME
    if status in ENDED:
        return Punctuality.ENDED
    if promise is None:
        return Punctuality.NO_PROMISE
    if estimate is None:
        return Punctuality.NO_ESTIMATE
    return Punctuality.AT_RISK if is_beyond(estimate, promise) else Punctuality.ON_TIME


def is_beyond(estimate: int, promise: int) -> bool:
    """Whether an estimate lies behind a promise. One told as a date, up to the last second of the day, does where the
    whole day lies behind it."""
    if estimate % 60_000 == LAST_SECOND_MS:
        return estimate - DAY_MS >= promise
    return estimate > promise


def is_shared(state: ShipmentState, customer: str) -> bool:
    """Whether another customer than this one has an order on it."""
    return any(one.customer_id != customer for one in state.orders)


def judged_for(state: ShipmentState, customer: str) -> ShipmentState:
    """The shipment held against the earliest promise of this customer's orders alone."""
    if not is_shared(state, customer):
        return state
    promises = [one.promised_delivery_at for one in state.orders if one.customer_id == customer]
    promise = min((one for one in promises if one is not None), default=None)
    return structs.replace(
        state, promised_delivery_at=promise, slip_from_promise_ms=slip(state.estimated_delivery_at, promise),
        punctuality=compared(state.status, state.delivered_at, state.estimated_delivery_at, promise),
    )
