"""What falls due by the clock alone: shipments that stand still, promises that pass, orders nobody ships, proofs nobody
sends. Each alert's condition is a function of the shipment's record and the time; a later event resolves it.
"""

from __future__ import annotations

from msgspec import Struct, field

from streams.facts import PROVED
from streams.model import AlertSignal
from streams.parts import is_mute
from streams.punctuality import promised
from streams.shipment import Raised, Shipment
from streams.signals import raised, resolved, signal
from streams.vocabulary import (
    TERMINAL,
    AlertKind,
    ExceptionType,
    Reason,
    Severity,
    Status,
)

_NOT_BEGUN = frozenset({Status.PLANNED, Status.BOOKED, Status.INFO_RECEIVED, Status.UNKNOWN})
_DELIVERED = Status.DELIVERED
_STALLED, _LATE, _UNCLAIMED = AlertKind.SHIPMENT_STALLED, AlertKind.DELIVERY_LATE, AlertKind.ORDER_NOT_FOUND
_NEVER_SHIPPED, _UNPROVED = AlertKind.NEVER_SHIPPED, AlertKind.PROOF_MISSING
_UNREPORTED = AlertKind.DELIVERY_UNREPORTED
_WORDS = {
    _STALLED: "nothing heard since it was {status}",
    _LATE: "the promise has passed, it is {status}",
    _UNCLAIMED: "no order claims it",
    _NEVER_SHIPPED: "ordered, and not picked up",
    _UNPROVED: "delivered, and no proof of it",
    _UNREPORTED: "proof of delivery, and no delivery",
}
_EXCEPTIONS = {
    _STALLED: ExceptionType.DELAY, _LATE: ExceptionType.DELAY, _NEVER_SHIPPED: ExceptionType.DELAY,
    _UNPROVED: ExceptionType.DOCUMENTS, _UNREPORTED: ExceptionType.DATA_QUALITY,
    _UNCLAIMED: ExceptionType.DATA_QUALITY,
}


class Patience(Struct, frozen=True):
    """How long to wait, in ms; None: for ever. ``stalled``: without an event, by the status it stands in."""

    stalled: dict[Status, int] = field(default_factory=dict)
    late: int | None = None
    order_not_found: int | None = None
    never_shipped: int | None = None
    proof_missing: int | None = None
    delivery_unreported: int | None = None


FOR_EVER = Patience()


def deadlines(shipment: Shipment, patience: Patience) -> list[tuple[AlertKind, int]]:
    """When what of it is overdue, UTC ms, as far as anything is; each kind once."""
    if shipment.wholes and is_mute(shipment):
        return []
    due: list[tuple[AlertKind, int]] = []
    status, orders = shipment.status, shipment.orders
    if status not in TERMINAL:
        wait, heard_at = patience.stalled.get(status), shipment.heard_at
        if wait is not None and heard_at is not None:
            due.append((_STALLED, heard_at + wait))
        if orders:
            if patience.late is not None and (promise := promised(shipment)) is not None:
                due.append((_LATE, promise + patience.late))
            if patience.never_shipped is not None and status in _NOT_BEGUN:
                due.append((_NEVER_SHIPPED, max(shipment.link_times) + patience.never_shipped))
        if shipment.facts & PROVED and patience.delivery_unreported is not None and heard_at is not None:
            due.append((_UNREPORTED, heard_at + patience.delivery_unreported))
    elif status is _DELIVERED and not shipment.proved and patience.proof_missing is not None:
        due.append((_UNPROVED, (shipment.delivered_at or 0) + patience.proof_missing))
    if (
        not orders and patience.order_not_found is not None and not shipment.withdrawn
        and not any(part.claimed for part in shipment.parts)
    ):
        first = shipment.first_heard_at
        if first is not None:
            due.append((_UNCLAIMED, first + patience.order_not_found))
    return due


def next_due(shipment: Shipment, patience: Patience) -> int | None:
    """When the next alert falls due; None where none will without an event."""
    due = deadlines(shipment, patience)
    if shipment.raised:
        raised = {one.kind for one in shipment.raised}
        due = [one for one in due if one[0] not in raised]
    if not due:
        return None
    return due[0][1] if len(due) == 1 else min([at for _, at in due])


def settle(shipment: Shipment, patience: Patience) -> list[AlertSignal]:
    """Resolve what was raised and holds no more; changes ``raised``, by assignment."""
    if not shipment.raised:
        return []
    due = dict(deadlines(shipment, patience))
    over = [one for one in shipment.raised if due.get(one.kind) != one.since]
    if not over:
        return []
    shipment.raised = tuple(one for one in shipment.raised if one not in over)
    return [resolved(_signal(shipment, one), "settled", max(shipment.updated_at, one.since)) for one in over]


def fall_due(shipment: Shipment, patience: Patience, now_ms: int) -> list[AlertSignal]:
    """Raise what has fallen due by now; changes ``raised``, by assignment."""
    known = {one.kind for one in shipment.raised}
    fresh = [
        Raised(kind, at) for kind, at in deadlines(shipment, patience) if at <= now_ms and kind not in known
    ]
    if fresh:
        shipment.raised = tuple(sorted([*shipment.raised, *fresh], key=lambda one: one.kind))
    return [_raised(shipment, one) for one in fresh]


def renewed(shipment: Shipment) -> list[AlertSignal]:
    """What the clock has raised and still holds, told again."""
    return [_raised(shipment, one) for one in shipment.raised]


def _raised(shipment: Shipment, one: Raised) -> AlertSignal:
    words = _WORDS[one.kind].format(status=shipment.standing.value.replace("_", " "))
    return raised(_signal(shipment, one), words, one.since)


def _signal(shipment: Shipment, one: Raised) -> AlertSignal:
    return signal(shipment, one.kind, _EXCEPTIONS[one.kind], Reason.OTHER, Severity.WARNING, one.since)


class Hearing:
    """Whether the platform hears at all. While it does not, and for a while after, the silence of one shipment says
    nothing: an outage of our own must not raise an alert a shipment."""

    def __init__(self, after_silence_ms: int, until_heard_for_ms: int) -> None:
        self._after, self._until = after_silence_ms, until_heard_for_ms
        self._heard_at: int | None = None
        self._since = 0

    def heard(self, now_ms: int) -> None:
        """Some event has come."""
        if self._heard_at is None or now_ms - self._heard_at >= self._after:
            self._since = now_ms
        self._heard_at = now_ms

    def is_sound(self, now_ms: int) -> bool:
        """Whether what is not heard can be taken for silence."""
        if self._heard_at is None or now_ms - self._heard_at >= self._after:
            return False
        return now_ms - self._since >= self._until
