"""What falls due by the clock alone: shipments that stand still, promises that pass, orders nobody ships, proofs nobody
sends. Each alert's condition is a function of the shipment's record and the time; a later event resolves it.
"""

from __future__ import annotations

from msgspec import Struct, field

from streams.facts import PROVED
from streams.identity import digest, shipment_key
from streams.model import Alert
from streams.punctuality import promised
from streams.shipment import Raised, Shipment
from streams.vocabulary import (
    TERMINAL,
    AlertKind,
    AlertState,
    ExceptionType,
    Reason,
    Severity,
    Status,
)

_NOT_BEGUN = frozenset({Status.PLANNED, Status.BOOKED, Status.INFO_RECEIVED, Status.UNKNOWN})
_WORDS = {
    AlertKind.SHIPMENT_STALLED: "nothing heard since it was {status}",
    AlertKind.DELIVERY_LATE: "the promise has passed, it is {status}",
    AlertKind.ORDER_NOT_FOUND: "no order claims it",
    AlertKind.NEVER_SHIPPED: "ordered, and not picked up",
    AlertKind.PROOF_MISSING: "delivered, and no proof of it",
    AlertKind.DELIVERY_UNREPORTED: "proof of delivery, and no delivery",
}
_EXCEPTIONS = {
    AlertKind.SHIPMENT_STALLED: ExceptionType.DELAY, AlertKind.DELIVERY_LATE: ExceptionType.DELAY,
    AlertKind.NEVER_SHIPPED: ExceptionType.DELAY, AlertKind.PROOF_MISSING: ExceptionType.DOCUMENTS,
    AlertKind.DELIVERY_UNREPORTED: ExceptionType.DATA_QUALITY, AlertKind.ORDER_NOT_FOUND: ExceptionType.DATA_QUALITY,
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


def deadlines(shipment: Shipment, patience: Patience) -> dict[AlertKind, int]:
    """When what of it is overdue, UTC ms, as far as anything is."""
    due: dict[AlertKind, int | None] = {}
    ended = shipment.status in TERMINAL
    if not ended:
        due[AlertKind.SHIPMENT_STALLED] = _after(shipment.heard_at, patience.stalled.get(shipment.status))
        due[AlertKind.DELIVERY_LATE] = _after(promised(shipment), patience.late)
        if shipment.orders and shipment.status in _NOT_BEGUN:
            due[AlertKind.NEVER_SHIPPED] = _after(max(shipment.link_times), patience.never_shipped)
    if shipment.history and not shipment.orders and not shipment.withdrawn:
        due[AlertKind.ORDER_NOT_FOUND] = _after(shipment.first_heard_at, patience.order_not_found)
    if shipment.status is Status.DELIVERED and not shipment.proved:
        due[AlertKind.PROOF_MISSING] = _after(shipment.delivered_at, patience.proof_missing)
    if shipment.facts & PROVED and not ended:
        due[AlertKind.DELIVERY_UNREPORTED] = _after(shipment.heard_at, patience.delivery_unreported)
    return {kind: at for kind, at in due.items() if at is not None}


def next_due(shipment: Shipment, patience: Patience) -> int | None:
    """When the next alert falls due; None where none will without an event."""
    raised = {one.kind for one in shipment.raised}
    return min((at for kind, at in deadlines(shipment, patience).items() if kind not in raised), default=None)


def settle(shipment: Shipment, patience: Patience) -> list[Alert]:
    """Resolve what was raised and holds no more; changes ``raised``, by assignment."""
    if not shipment.raised:
        return []
    due = deadlines(shipment, patience)
    over = [one for one in shipment.raised if due.get(one.kind) != one.since]
    if not over:
        return []
    shipment.raised = [one for one in shipment.raised if one not in over]
    return [_alert(shipment, one, AlertState.RESOLVED, max(shipment.updated_at, one.since)) for one in over]


def fall_due(shipment: Shipment, patience: Patience, now_ms: int) -> list[Alert]:
    """Raise what has fallen due by now; changes ``raised``, by assignment."""
    known = {one.kind for one in shipment.raised}
    fresh = [
        Raised(kind, at) for kind, at in deadlines(shipment, patience).items() if at <= now_ms and kind not in known
    ]
    if fresh:
        shipment.raised = sorted([*shipment.raised, *fresh], key=lambda one: one.kind)
    return [_alert(shipment, one, AlertState.RAISED, one.since) for one in fresh]


def _after(since: int | None, wait: int | None) -> int | None:
    return None if since is None or wait is None else since + wait


def _alert(shipment: Shipment, one: Raised, state: AlertState, changed_at: int) -> Alert:
    key = shipment_key(shipment.carrier, shipment.tracking_number)
    words = _WORDS[one.kind].format(status=shipment.standing.value.replace("_", " "))
    return Alert(
        alert_id=digest(one.kind.value, key), kind=one.kind, state=state, severity=Severity.WARNING, subject=key,
        message=f"{key}: {words}" if state is AlertState.RAISED else f"{key}: settled",
        exception=_EXCEPTIONS[one.kind], reason=Reason.OTHER, raised_at=one.since, changed_at=changed_at,
    )


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
