"""Where a delivery stands and what it waits for: functions of the facts that stand, the last decision, the policy and
the time, whatever order they came in. Times are UTC ms."""

from __future__ import annotations

from collections.abc import Sequence

from streams.contracts.model import FulfilmentDecision, FulfilmentWait
from streams.fulfilment.gate import Gate
from streams.fulfilment.policy import Policy
from streams.fulfilment.shipments import ENDED, Shipment, Whereabouts
from streams.kernel.vocabulary import DeliveryPhase, FulfilmentAction, PostingKind, WaitKind

FINAL = frozenset({
    DeliveryPhase.CONFIRMED, DeliveryPhase.RETURNED, DeliveryPhase.LOST, DeliveryPhase.CANCELLED, DeliveryPhase.CLOSED,
})
"""Phases in which nothing is waited for."""
_CONFIRMATION, _PROOF = PostingKind.DELIVERY_CONFIRMATION, PostingKind.PROOF_OF_DELIVERY


def phase_of(
    shipments: Sequence[Shipment], decision: FulfilmentDecision | None, *, is_held: bool, lacks_pieces: bool = False
) -> DeliveryPhase:
    """Where the delivery stands. ``is_held``: a confirmation is held back; ``lacks_pieces``: for want of pieces."""
    found = _phase(shipments, is_held=is_held, lacks_pieces=lacks_pieces)
    is_closed = decision is not None and decision.action is FulfilmentAction.CLOSE
    return DeliveryPhase.CLOSED if is_closed and found not in FINAL else found


def _phase(shipments: Sequence[Shipment], *, is_held: bool, lacks_pieces: bool) -> DeliveryPhase:
    going = [(one, one.whereabouts) for one in shipments]
    live = [(one, where) for one, where in going if where is not Whereabouts.CANCELLED]
    if not live:
        return DeliveryPhase.CANCELLED if going else DeliveryPhase.OPEN
    places = {where for _, where in live}
    if Whereabouts.DELIVERED in places:
        if places <= ENDED and not is_held:
            return DeliveryPhase.CONFIRMED
        is_all = places == {Whereabouts.DELIVERED} and not lacks_pieces
        return DeliveryPhase.WAITING_FOR_PROOF if is_all else DeliveryPhase.PARTLY_DELIVERED
    if places == {Whereabouts.RETURNED}:
        return DeliveryPhase.RETURNED
    if places <= ENDED:
        return DeliveryPhase.LOST
    if Whereabouts.RETURNING in places:
        return DeliveryPhase.RETURNING
    if any(one.of(_CONFIRMATION) for one, _ in live):
        return DeliveryPhase.PARTLY_DELIVERED
    if any(one.of(_PROOF) for one, _ in live):
        return DeliveryPhase.WAITING_FOR_DELIVERY
    return DeliveryPhase.OPEN if places == {Whereabouts.UNSEEN} else DeliveryPhase.IN_TRANSIT


def wait_of(
    phase: DeliveryPhase, shipments: Sequence[Shipment], shut: Gate, policy: Policy, now_ms: int, *, is_held: bool
) -> FulfilmentWait | None:
    """The delivery's wait; None: for nothing a person could do about. ``shut``: the gate of its confirmations."""
    if phase in FINAL:
        return None
    if is_held:
        delivered = [
            at for one in shipments if (at := one.delivered_at) is not None and one.number not in shut.open
        ]
        if delivered:
            kind = WaitKind.PIECES if shut.lacks_pieces else WaitKind.PROOF
            kind = WaitKind.QUANTITY if shut.lacks_quantity else kind
            return _wait(kind, min(delivered), policy, now_ms, shut.opens_at)
    if phase is DeliveryPhase.WAITING_FOR_DELIVERY:
        return _wait(WaitKind.DELIVERY, _earliest(shipments, _PROOF), policy, now_ms, None)
    if phase is DeliveryPhase.RETURNING:
        return _wait(WaitKind.RETURN, _earliest(shipments, PostingKind.RETURN_STARTED), policy, now_ms, None)
    return None


def _earliest(shipments: Sequence[Shipment], kind: PostingKind) -> int:
    return min(fact.occurred_at for one in shipments for fact in one.of(kind))


def _wait(kind: WaitKind, since: int, policy: Policy, now_ms: int, released_at: int | None) -> FulfilmentWait:
    patience = policy.patience(kind)
    deadline = None if patience.deadline_ms is None else since + patience.deadline_ms
    return FulfilmentWait(
        kind, since, patience.owner, deadline, released_at, deadline is not None and deadline <= now_ms
    )


def next_due(wait: FulfilmentWait | None) -> int | None:
    """When the clock alone changes the delivery: grace ends, or a deadline passes; None: never."""
    if wait is None:
        return None
    deadline = None if wait.overdue else wait.deadline
    return min((at for at in (deadline, wait.released_at) if at is not None), default=None)
