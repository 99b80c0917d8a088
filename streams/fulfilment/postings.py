"""Finds the postings of a delivery: the difference between what should stand in the ERP and what does.

A fact is posted where it stands and nothing holds it back, and reversed where it stands no more, or where the gate
would hold it back by now. What a change of policy alone would hold back stays posted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from streams.contracts.ids import digest
from streams.contracts.model import ErpPosting, FulfilmentState, PostedFact, StandingFact
from streams.fulfilment.facts import dispatch_id, posting_id
from streams.fulfilment.gate import Gate
from streams.fulfilment.policy import DispatchOn, Policy
from streams.fulfilment.shipments import Pieces, Shipment, Whereabouts, number_of, pieces_of, shipments_of
from streams.kernel.vocabulary import PostingKind

_ISSUE, _CONFIRMATION = PostingKind.GOODS_ISSUE, PostingKind.DELIVERY_CONFIRMATION
_LAST = (_CONFIRMATION, PostingKind.RETURN_STARTED, PostingKind.RETURN_RECEIPT)
_TURN = {kind: turn for turn, kind in enumerate([_ISSUE, *(one for one in PostingKind if one not in (_ISSUE, *_LAST)),
                                                 *_LAST])}
"""A proof is posted before the confirmation, as an ERP invoices with the confirmation."""


class Settled(NamedTuple):
    """The facts as they are posted now, and the postings that made them so, in the order to post."""

    facts: list[PostedFact]
    postings: list[ErpPosting]


class Situation(NamedTuple):
    """The shipments and the gate of a delivery at one moment."""

    shipments: Sequence[Shipment]
    gate: Gate


def settled(
    before: Mapping[str, PostedFact], after: FulfilmentState, was: Situation, now: Situation, policy: Policy,
    said: StandingFact | None,
) -> Settled:
    """Brings the postings in line with what stands. ``before``: the facts by name, before the input; ``said``: the fact
    that the input is about."""
    told: dict[str, StandingFact] = {}
    for one in after.standing:
        known = told.get(one.fact)
        if known is None or _order(one) < _order(known):
            told[one.fact] = one
    if said is not None:
        told.setdefault(said.fact, said)
    way = _way(before, after, told, policy)
    facts = {one.fact: one for one in after.facts}
    _with_dispatch(facts, after, now.shipments, way, told, said)
    changed, postings, pieces = dict(facts), list[ErpPosting](), pieces_of(now.shipments)
    for name in sorted(facts, key=lambda one: (_TURN[told[one].kind] if one in told else 0, one)):
        content = told.get(name)
        if content is None:
            continue
        is_one_dispatch = name == dispatch_id(after.delivery_id)
        fact, is_posted = facts[name], name in before and before[name].is_posted
        wanted = bool(fact.told_as) and (is_one_dispatch or _may_go(content, now.gate, way))
        if is_posted and fact.told_as and not wanted and not _may_go(content, was.gate, way):
            wanted = True
        if wanted is not is_posted:
            fact = replace(fact, times=fact.times + wanted)
            told_of = pieces if content.kind is _CONFIRMATION and wanted else Pieces()
            postings.append(_posting(after.delivery_id, content, fact, told_of, is_reversal=not wanted))
        changed[name] = replace(fact, held=bool(fact.told_as) and not wanted)
    return Settled(sorted(changed.values(), key=lambda one: one.fact), postings)


def settled_alone(before: PostedFact, after: PostedFact, said: StandingFact, state: FulfilmentState) -> Settled:
    """As :func:`settled` for the one fact that the input is about, where every fact is posted as it stands. ``state``:
    the delivery after the input."""
    if before.is_posted is bool(after.told_as):
        return Settled([after], [])
    is_reversal = not after.told_as
    after = replace(after, times=after.times + (not is_reversal))
    pieces = Pieces()
    if said.kind is _CONFIRMATION and not is_reversal:
        pieces = pieces_of(shipments_of(state.standing, state.expected))
    return Settled([after], [_posting(state.delivery_id, said, after, pieces, is_reversal=is_reversal)])


def _may_go(content: StandingFact, gate: Gate, way: DispatchOn) -> bool:
    if content.kind is _ISSUE:
        return way is DispatchOn.EACH
    return content.kind is not _CONFIRMATION or number_of(content) in gate.open


def _way(
    before: Mapping[str, PostedFact], after: FulfilmentState, told: Mapping[str, StandingFact], policy: Policy
) -> DispatchOn:
    """How the goods issue is posted: as it was begun, else by the policy."""
    one = before.get(dispatch_id(after.delivery_id))
    if one is not None and one.is_posted:
        return DispatchOn.FIRST if policy.dispatch is DispatchOn.EACH else policy.dispatch
    is_each = any(name in before and before[name].is_posted for name, fact in told.items() if fact.kind is _ISSUE)
    return DispatchOn.EACH if is_each else policy.dispatch


def _with_dispatch(
    facts: dict[str, PostedFact], after: FulfilmentState, shipments: Sequence[Shipment], way: DispatchOn,
    told: dict[str, StandingFact], said: StandingFact | None,
) -> None:
    """Adds the dispatch that is posted once for the whole delivery to ``facts``, and its content to ``told``."""
    if way is DispatchOn.EACH:
        return
    name = dispatch_id(after.delivery_id)
    known = facts.get(name, PostedFact(name, [], [], 0))
    issues = [told[one.fact] for one in after.standing if one.kind is _ISSUE]
    is_due = way is DispatchOn.FIRST or bool(known.told_as) or all(
        one.whereabouts is Whereabouts.CANCELLED or one.is_whole(_ISSUE) or bool(one.of(_CONFIRMATION))
        for one in shipments
    )
    content = (max if way is DispatchOn.ALL else min)(issues, key=_order, default=said)
    if content is None or content.kind is not _ISSUE:
        return
    facts[name] = replace(known, told_as=sorted({one.fact for one in issues}) if is_due else [])
    told[name] = replace(content, fact=name, piece=None)


def _order(one: StandingFact) -> tuple[int, str, str, str]:
    return one.occurred_at, one.fact, one.milestone_id, one.event_id


def _posting(
    delivery_id: str, said: StandingFact, fact: PostedFact, pieces: Pieces, *, is_reversal: bool
) -> ErpPosting:
    name = posting_id(fact)
    return ErpPosting(
        posting_id=digest("reversal", name) if is_reversal else name,
        kind=said.kind,
        delivery_id=delivery_id,
        order_id=said.order_id,
        customer_id=said.customer_id,
        carrier=said.carrier,
        tracking_number=said.tracking_number,
        occurred_at=said.occurred_at,
        reason=said.reason,
        proof_of_delivery=said.proof_of_delivery,
        event_id=said.event_id,
        piece=said.piece,
        reverses=name if is_reversal else None,
        exception=said.exception,
        pieces_delivered=pieces.delivered,
        pieces_known=pieces.known,
    )
