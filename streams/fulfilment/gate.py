"""The gate of a delivery's confirmations: which may be posted now, and when those that may not will be.

A confirmation makes the ERP invoice. It waits for what the customer's policy asks: the delivery of every shipment, a
proof, the rest of what was ordered, the pieces that are short, or the end of the days of grace. A person lets it go on
(release), does without the proof (waive), or waits no longer (close). All is a function of the facts that stand, the
last decision, the policy and the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from streams.contracts.model import FulfilmentDecision
from streams.fulfilment.policy import ConfirmOn, PiecesNeeded, Policy, ProofNeeded, QuantityNeeded
from streams.fulfilment.shipments import Number, Shipment, Whereabouts
from streams.kernel.vocabulary import FulfilmentAction, PostingKind

_CONFIRMATION = PostingKind.DELIVERY_CONFIRMATION


class Gate(NamedTuple):
    """``open``: the shipments whose confirmation may be posted; ``lacks_pieces``: whether others still have to be
    delivered first, or pieces are short and no proof is waited for before; ``opens_at``: when grace opens it for the
    next, UTC ms, None: never by itself;
    ``lacks_quantity``: whether not all that was ordered was shipped, or more."""

    open: frozenset[Number]
    lacks_pieces: bool = False
    opens_at: int | None = None
    lacks_quantity: bool = False


def gate(
    shipments: Sequence[Shipment], decision: FulfilmentDecision | None, policy: Policy, now_ms: int,
    *, is_matched: bool = False,
) -> Gate:
    """The gate at ``now_ms`` (UTC ms). ``is_matched``: what was shipped is what was ordered."""
    delivered = [one for one in shipments if one.of(_CONFIRMATION)]
    numbers = frozenset(one.number for one in delivered)
    action = None if decision is None else decision.action
    if action is FulfilmentAction.RELEASE:
        return Gate(numbers)
    if policy.quantity is QuantityNeeded.MATCH and not is_matched:
        return Gate(frozenset(), lacks_quantity=True)
    if policy.confirm is ConfirmOn.ALL and not _is_all_delivered(shipments):
        return Gate(frozenset(), lacks_pieces=True)
    short = _short(delivered, policy)
    if policy.proof is ProofNeeded.NONE or action is FulfilmentAction.WAIVE:
        return _without(short, Gate(numbers), policy)
    until = now_ms
    if decision is not None and action is FulfilmentAction.CLOSE:
        until = min(now_ms, decision.at)
    unproved = {one.number: one.graced_at(policy.grace_ms) for one in delivered if not one.is_proved(policy.proof)}
    shut = {number: at for number, at in unproved.items() if at is None or at > until}
    if shut and policy.confirm is ConfirmOn.ALL:
        return Gate(frozenset(), opens_at=_last(list(shut.values()), until == now_ms))
    found = Gate(numbers - shut.keys(), opens_at=_first(list(shut.values()), until == now_ms))
    return _without(short, found, policy)._replace(lacks_pieces=bool(short) and not shut)


def _short(delivered: Sequence[Shipment], policy: Policy) -> frozenset[Number]:
    """The shipments that are delivered with pieces short, where the policy asks for all of them."""
    if policy.pieces is PiecesNeeded.NONE:
        return frozenset()
    return frozenset(one.number for one in delivered if one.short_at is not None)


def _without(short: frozenset[Number], found: Gate, policy: Policy) -> Gate:
    """The gate, shut for those that are short; for all where they are confirmed together."""
    if not short:
        return found
    is_one = policy.confirm is ConfirmOn.ALL
    return found._replace(open=frozenset() if is_one else found.open - short, lacks_pieces=True)


def _is_all_delivered(shipments: Sequence[Shipment]) -> bool:
    return all(
        one.is_whole(_CONFIRMATION) for one in shipments if one.whereabouts is not Whereabouts.CANCELLED
    )


def _first(times: Sequence[int | None], is_running: bool) -> int | None:
    return min((at for at in times if at is not None), default=None) if is_running else None


def _last(times: Sequence[int | None], is_running: bool) -> int | None:
    known = [at for at in times if at is not None]
    return max(known) if is_running and known and len(known) == len(times) else None
