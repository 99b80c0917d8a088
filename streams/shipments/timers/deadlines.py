"""Finds what falls due by the clock alone: shipments that stand still, promises that pass, orders nobody ships, proofs
nobody sends. Each alert's condition is a function of the shipment's record and the time; a later event resolves it."""

from __future__ import annotations

from msgspec import Struct, field

from streams.contracts.model import AlertSignal
from streams.kernel.vocabulary import TERMINAL, AlertKind, ExceptionType, Reason, Severity, Status
from streams.shipments.alert_signals import raised, resolved, signal
from streams.shipments.audiences import PROVED
from streams.shipments.linked.propagation import is_mute
from streams.shipments.record import Raised, Shipment
from streams.shipments.timers.dwells import DWELT
from streams.shipments.timers.expected_dwell import Usual, hours
from streams.shipments.timers.punctuality import minute, promised

_NOT_BEGUN = frozenset({Status.PLANNED, Status.BOOKED, Status.INFO_RECEIVED, Status.UNKNOWN})
_DELIVERED = Status.DELIVERED
_STALLED, _LATE, _UNCLAIMED = AlertKind.SHIPMENT_STALLED, AlertKind.DELIVERY_LATE, AlertKind.ORDER_NOT_FOUND
_NEVER_SHIPPED, _UNPROVED = AlertKind.NEVER_SHIPPED, AlertKind.PROOF_MISSING
_UNREPORTED, _AT_RISK = AlertKind.DELIVERY_UNREPORTED, AlertKind.DELIVERY_AT_RISK
_DAY_MS = 24 * 3_600_000
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
    _AT_RISK: ExceptionType.DELAY,
    _UNPROVED: ExceptionType.DOCUMENTS, _UNREPORTED: ExceptionType.DATA_QUALITY,
    _UNCLAIMED: ExceptionType.DATA_QUALITY,
}


class Patience(Struct, frozen=True):
    """How long to wait, in ms; None: for ever. ``stalled``: without an event, by the status it stands in.

    ``at_risk``: no shipment is at risk by its dwell sooner; ``factor``: how often the norm (``expected_dwell.py``) a
    shipment stands, or is silent, before it is overdue; ``learn``: after its end its dwells are learnt.
    """

    stalled: dict[Status, int] = field(default_factory=dict)
    late: int | None = None
    order_not_found: int | None = None
    never_shipped: int | None = None
    proof_missing: int | None = None
    delivery_unreported: int | None = None
    at_risk: int | None = None
    learn: int | None = None
    factor: float = 1.0


FOR_EVER = Patience()


def deadlines(shipment: Shipment, patience: Patience) -> list[tuple[AlertKind, int]]:
    """Lists the alerts that can fall due and when each does at the earliest, UTC ms; each kind once. Norms can only put
    them off (``fall_due``)."""
    if shipment.facts.parents and is_mute(shipment):
        return []
    due: list[tuple[AlertKind, int]] = []
    view = shipment.view
    status, orders = view.status, view.standing
    if status not in TERMINAL:
        wait, heard_at = patience.stalled.get(status), view.last_received_at
        if wait is not None and heard_at is not None:
            due.append((_STALLED, heard_at + wait))
        if orders:
            if (promise := promised(shipment)) is not None:
                if patience.late is not None:
                    due.append((_LATE, promise + patience.late))
                if patience.at_risk is not None and status in DWELT and view.status_at is not None:
                    due.append((_AT_RISK, view.status_at + patience.at_risk))
            if patience.never_shipped is not None and status in _NOT_BEGUN:
                due.append((_NEVER_SHIPPED, max(shipment.claimed_at) + patience.never_shipped))
        if view.known & PROVED and patience.delivery_unreported is not None and heard_at is not None:
            due.append((_UNREPORTED, heard_at + patience.delivery_unreported))
    elif status is _DELIVERED and not view.proved and patience.proof_missing is not None:
        due.append((_UNPROVED, (view.delivered_at or 0) + patience.proof_missing))
    if (
        not orders and patience.order_not_found is not None and not view.given_up
        and not any(child.claimed for child in shipment.facts.children)
    ):
        first = view.first_received_at
        if first is not None:
            due.append((_UNCLAIMED, first + patience.order_not_found))
    return due


def next_due(shipment: Shipment, patience: Patience) -> int | None:
    """Returns when the next alert falls due at the earliest; None where none will without an event."""
    due = deadlines(shipment, patience)
    if shipment.raised:
        raised = {one.kind for one in shipment.raised}
        due = [one for one in due if one[0] not in raised]
    learnt_at = to_be_learnt_at(shipment, patience)
    if learnt_at is not None:
        due.append((_STALLED, learnt_at))
    if not due:
        return None
    return due[0][1] if len(due) == 1 else min([at for _, at in due])


def to_be_learnt_at(shipment: Shipment, patience: Patience) -> int | None:
    """Returns when the dwells of a shipment that has ended are to be told; None while it has not, once they are, and
    where its parent tells them."""
    if patience.learn is None or shipment.dwells_told or shipment.view.status not in TERMINAL:
        return None
    if shipment.facts.parents and is_mute(shipment):
        return None
    return (shipment.view.last_received_at or 0) + patience.learn


def is_sooner(before: Shipment, after: Shipment, patience: Patience) -> bool:
    """Whether anything may fall due of ``after`` before it did of ``before``, norms included."""
    if before.view.status is not after.view.status or promised(before) != promised(after):
        return True
    known = dict(deadlines(before, patience))
    return any(kind not in known or at < known[kind] for kind, at in deadlines(after, patience))


def look_again_at(shipment: Shipment, patience: Patience, usual: Usual | None, now_ms: int) -> int | None:
    """Returns when a shipment that has been looked at now is to be looked at next; None: not before an event of it."""
    raised = {one.kind for one in shipment.raised}
    times = [to_be_learnt_at(shipment, patience)]
    for kind, at in deadlines(shipment, patience):
        if kind in raised:
            continue
        overdue_at = _overdue_at(kind, at, shipment, patience, usual)
        is_open = kind is _AT_RISK and usual is None and now_ms + _DAY_MS < (promised(shipment) or 0)
        times.append(now_ms + _DAY_MS if is_open else overdue_at)
    return min((at for at in times if at is not None), default=None)


def settle(shipment: Shipment, patience: Patience) -> list[AlertSignal]:
    """Resolve raised alerts whose cause is over; changes ``raised``, by assignment."""
    if not shipment.raised:
        return []
    due = dict(deadlines(shipment, patience))
    over = [one for one in shipment.raised if due.get(one.kind) != one.since]
    if not over:
        return []
    shipment.raised = tuple(one for one in shipment.raised if one not in over)
    return [resolved(_signal(shipment, one), "settled", max(shipment.view.updated_at, one.since)) for one in over]


def fall_due(shipment: Shipment, patience: Patience, now_ms: int, usual: Usual | None = None) -> list[AlertSignal]:
    """Raise what has fallen due by now, as far as ``usual`` for where it stands is exceeded too; changes ``raised``,
    by assignment."""
    known = {one.kind for one in shipment.raised}
    fresh = {
        Raised(kind, at): overdue_at
        for kind, at in deadlines(shipment, patience) if kind not in known and at <= now_ms
        and (overdue_at := _overdue_at(kind, at, shipment, patience, usual)) is not None and overdue_at <= now_ms
    }
    if fresh:
        shipment.raised = tuple(sorted([*shipment.raised, *fresh], key=lambda one: one.kind))
    return [
        raised(_signal(shipment, one), _words(shipment, one.kind, overdue_at, usual), overdue_at)
        for one, overdue_at in fresh.items()
    ]


def renewed(shipment: Shipment) -> list[AlertSignal]:
    """The alerts of the clock that still hold, to be sent again."""
    return [
        raised(_signal(shipment, one), _words(shipment, one.kind, one.since, None), one.since)
        for one in shipment.raised
    ]


def _overdue_at(
    kind: AlertKind, at: int, shipment: Shipment, patience: Patience, usual: Usual | None
) -> int | None:
    """Returns when an alert due at ``at`` is overdue by the norm too; None where the norm does not make it so. By
    dwell, a delivery is not at risk without a norm, or where its promise passes first."""
    wait = 0 if usual is None else round(usual.usual_ms * patience.factor)
    if kind is _STALLED:
        return max(at, (shipment.view.last_received_at or 0) + wait)
    if kind is not _AT_RISK:
        return at
    overdue_at = max(at, (shipment.view.status_at or 0) + wait)
    return None if usual is None or overdue_at >= (promised(shipment) or 0) else overdue_at


def _words(shipment: Shipment, kind: AlertKind, overdue_at: int, usual: Usual | None) -> str:
    """The fault in words; with the norm, if one was exceeded."""
    status = shipment.status.value.replace("_", " ")
    if kind is _AT_RISK:
        dwelt, promise = hours(overdue_at - (shipment.view.status_at or 0)), minute(promised(shipment) or 0)
        norm = "" if usual is None else f"; {usual.words}"
        return f"{status} for more than {dwelt}, promised {promise}{norm}"
    words = _WORDS[kind].format(status=status)
    if kind is _STALLED and usual is not None:
        return f"{words}, for more than {hours(overdue_at - (shipment.view.last_received_at or 0))}; {usual.words}"
    return words


def _signal(shipment: Shipment, one: Raised) -> AlertSignal:
    by_dwell = ("dwell",) if one.kind is _AT_RISK else ()
    return signal(
        shipment, one.kind, _EXCEPTIONS[one.kind], Reason.OTHER, Severity.WARNING, one.since, *by_dwell
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
