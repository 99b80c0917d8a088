"""Decides which events an ERP delivery and a customer must hear of: closed tables, no state.

A *fact* is financially relevant and true once per delivery and shipment, whichever events report it;
only attempts can happen several times, so each attempt is a fact of its own.
"""

from __future__ import annotations

from typing import NamedTuple

from streams.kernel.vocabulary import ExceptionType, Milestone, Reason


class Fact(NamedTuple):
    """``name`` goes into its id, ``bit`` marks it known, ``milestone`` is what it is told as.

    ``milestone`` ``info``: nothing moved, the exception itself is the fact.
    """

    name: str
    bit: int
    milestone: Milestone
    repeats: bool = False


_PICKED_UP = Fact("picked_up", 1, Milestone.PICKED_UP)
_CANCELLED = Fact("booking_cancelled", 2, Milestone.BOOKING_CANCELLED)
_ATTEMPTED = Fact("delivery_attempted", 4, Milestone.DELIVERY_ATTEMPTED, repeats=True)
_DELIVERED = Fact("delivered", 8, Milestone.DELIVERED)
_PROVED = Fact("pod_received", 16, Milestone.POD_RECEIVED)
_RETURNING = Fact("returning", 32, Milestone.RETURNING)
_RETURNED = Fact("returned", 64, Milestone.RETURNED)
_LOST = Fact("lost", 128, Milestone.LOST)
_DESTROYED = Fact("destroyed", 256, Milestone.DESTROYED)
_DAMAGE = Fact("damage", 512, Milestone.INFO)
_SHORTAGE = Fact("shortage", 1024, Milestone.INFO)
_REFUSAL = Fact("refusal", 2048, Milestone.INFO)

PROVED = _PROVED.bit
"""The bit of a shipment's ``facts`` that says its proof of delivery has come."""

_BY_MILESTONE: dict[Milestone, Fact] = {
    Milestone.PICKED_UP: _PICKED_UP,
    Milestone.LOADED: _PICKED_UP,
    Milestone.DEPARTED_PICKUP: _PICKED_UP,
    Milestone.BOOKING_REJECTED: _CANCELLED,
    Milestone.BOOKING_CANCELLED: _CANCELLED,
    Milestone.DELIVERY_ATTEMPTED: _ATTEMPTED,
    Milestone.DELIVERED: _DELIVERED,
    Milestone.POD_RECEIVED: _PROVED,
    Milestone.RETURNING: _RETURNING,
    Milestone.RETURNED: _RETURNED,
    Milestone.LOST: _LOST,
    Milestone.DESTROYED: _DESTROYED,
}
_BY_EXCEPTION: dict[ExceptionType, Fact] = {
    ExceptionType.LOSS: _LOST,
    ExceptionType.DAMAGE: _DAMAGE,
    ExceptionType.SHORTAGE: _SHORTAGE,
    ExceptionType.REFUSAL: _REFUSAL,
}


def _facts(milestone: Milestone, exception: ExceptionType) -> tuple[Fact, ...]:
    found = {_BY_MILESTONE.get(milestone), _BY_EXCEPTION.get(exception)}
    return tuple(sorted((fact for fact in found if fact is not None), key=lambda fact: fact.bit))


FACTS: dict[tuple[Milestone, ExceptionType], tuple[Fact, ...]] = {
    (milestone, exception): facts
    for milestone in Milestone
    for exception in ExceptionType
    if (facts := _facts(milestone, exception))
}
"""The facts an *actual* event of this milestone with this exception reports."""

ONE_TIME_FACTS = {pair: tuple(fact for fact in facts if not fact.repeats) for pair, facts in FACTS.items()}
"""Maps the same pairs to the facts that are true once only."""

FACT_BITS: dict[tuple[Milestone, ExceptionType], int] = {
    pair: sum(fact.bit for fact in facts) for pair, facts in FACTS.items()
}

_CUSTOMER_MILESTONES = frozenset({
    Milestone.PRE_ADVISED, Milestone.PICKED_UP, Milestone.DEPARTED_PICKUP, Milestone.CUSTOMS_HELD,
    Milestone.CUSTOMS_RELEASED, Milestone.OUT_FOR_DELIVERY, Milestone.ARRIVED_DELIVERY,
    Milestone.AVAILABLE_FOR_PICKUP, Milestone.DELIVERY_ATTEMPTED, Milestone.DELIVERED, Milestone.RETURNING,
    Milestone.RETURNED, Milestone.LOST, Milestone.DESTROYED, Milestone.POD_RECEIVED,
})  # fmt: skip
_CUSTOMER_FORECASTS = frozenset({Milestone.ETA_UPDATED, Milestone.APPOINTMENT_SET})
CUSTOMER_EXCEPTIONS = frozenset({
    ExceptionType.DELAY, ExceptionType.DAMAGE, ExceptionType.LOSS, ExceptionType.SHORTAGE,
    ExceptionType.ADDRESS, ExceptionType.CONSIGNEE, ExceptionType.REFUSAL, ExceptionType.CUSTOMS,
    ExceptionType.DOCUMENTS, ExceptionType.PAYMENT, ExceptionType.HOLD,
})  # fmt: skip
"""Lists the exceptions customers are told of: they can act on them, or should not learn of them too late. The rest
stays with operations."""

_INTERNAL_REASONS = frozenset({
    Reason.SECURITY, Reason.MECHANICAL, Reason.DRIVER, Reason.DISPATCH_ERROR, Reason.CAPACITY,
    Reason.EQUIPMENT_UNAVAILABLE, Reason.PREVIOUS_STOP, Reason.CARRIER_KEYING_ERROR, Reason.PARTNER_CARRIER,
    Reason.SHIPPER_NOT_READY, Reason.SHIPPER_DATA_ERROR, Reason.PACKAGING, Reason.FEED_STALE,
    Reason.CODE_UNMAPPED, Reason.TIMESTAMP_INVALID,
})  # fmt: skip


def is_for_customers(milestone: Milestone, exception: ExceptionType, *, actual: bool) -> bool:
    """True for customer-facing milestones, new estimates and appointments, and exceptions worth telling."""
    return (
        (actual and milestone in _CUSTOMER_MILESTONES)
        or milestone in _CUSTOMER_FORECASTS
        or exception in CUSTOMER_EXCEPTIONS
    )


HEARD_OF = frozenset(
    (milestone, exception, actual)
    for milestone in Milestone
    for exception in ExceptionType
    for actual in (True, False)
    if is_for_customers(milestone, exception, actual=actual) or (actual and (milestone, exception) in FACTS)
)
"""(milestone, exception, actual) of an event that some reader has to be told of."""


def _news_kind(milestone: Milestone, exception: ExceptionType, actual: bool) -> str:
    if (actual and milestone in _CUSTOMER_MILESTONES) or milestone in _CUSTOMER_FORECASTS:
        return milestone.value
    return f"!{exception.value}"


NEWS_KINDS: dict[tuple[Milestone, ExceptionType, bool], str] = {
    (milestone, exception, actual): _news_kind(milestone, exception, actual)
    for milestone in Milestone
    for exception in ExceptionType
    for actual in (True, False)
    if is_for_customers(milestone, exception, actual=actual)
}
"""The kind of news an event is: its milestone where that is worth telling, else what is wrong. News of one kind from
several sources may be of one occurrence."""

NUMBERED_FACTS: dict[str, Fact] = {
    NEWS_KINDS[milestone, exception, True]: fact
    for (milestone, exception), facts in FACTS.items() for fact in facts if fact.repeats
}
"""Kind of news -> the fact that each occurrence of it is."""

_KINDS = (
    "!address", "!consignee", "!customs", "!damage", "!delay", "!documents", "!hold", "!loss", "!payment",
    "!refusal", "!shortage", "appointment_set", "arrived_delivery", "available_for_pickup", "customs_held",
    "customs_released", "delivered", "delivery_attempted", "departed_pickup", "destroyed", "eta_updated",
    "lost", "out_for_delivery", "picked_up", "pod_received", "pre_advised", "returned", "returning",
)
KIND_NUMBERS: dict[str, int] = {kind: number for number, kind in enumerate(_KINDS)}
"""The kinds of news as they stand in stored records: new ones go to the end."""


def public_trouble(exception: ExceptionType, reason: Reason) -> tuple[ExceptionType, Reason]:
    """Exception and reason in words for customers: an internal exception is none, a reason ``other``."""
    if exception is not ExceptionType.NONE and exception not in CUSTOMER_EXCEPTIONS:
        return ExceptionType.NONE, Reason.NORMAL
    return exception, Reason.OTHER if reason in _INTERNAL_REASONS else reason
