"""The fulfilment step: facts about ERP deliveries in, postings out, each once.

Reads ``delivery.milestones``; writes ``erp.postings`` and, as its state, ``fulfilment.state``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from streams.contracts.ids import digest
from streams.contracts.model import DeliveryMilestone, ErpPosting, FulfilmentState, PostedFact
from streams.fulfilment.kinds import POSTING_OF
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import Correction, PostingKind

_CAUSE_DIGITS = 16
_NOT_POSTED, _POSTED, _REVERSED, _DUPLICATES = "not_posted", "posted", "reversed", "duplicates"


class Outputs(Struct, frozen=True):
    """The postings for the ERP."""

    postings: Sequence[ErpPosting] = ()


def step(
    chunk: Sequence[DeliveryMilestone], states: Mapping[str, FulfilmentState | None]
) -> StepResult[Outputs, FulfilmentState]:
    """Take a chunk in. ``states``: delivery id -> what is stored; left unchanged.

    A posting's id names the fact (delivery, shipment or piece, kind; for attempts which of them), so a loss reported
    as lost and as destroyed is posted once. A fact that no event tells of any more, because those that did were found
    not to be of the shipment, is reversed by a posting of its own, and posted anew, under another id, where it comes to
    be true after all. ``counts``: every milestone is one of posted, reversed, duplicates and not_posted.
    """
    postings: list[ErpPosting] = []
    changed: dict[str, FulfilmentState] = {}
    counts: Counter[str] = Counter()
    for milestone in chunk:
        kind = POSTING_OF.get(milestone.milestone)
        if kind is None:
            counts[_NOT_POSTED] += 1
            continue
        delivery_id = milestone.delivery_id
        before = changed.get(delivery_id) or states.get(delivery_id)
        done = _post(milestone, kind, before)
        postings += [] if done.posting is None else [done.posting]
        if done.state != before:
            changed[delivery_id] = done.state
        counts[done.outcome] += 1
    return StepResult(Outputs(postings), changed, counts=counts)


class _Done(NamedTuple):
    outcome: str
    state: FulfilmentState
    posting: ErpPosting | None


def _post(milestone: DeliveryMilestone, kind: PostingKind, state: FulfilmentState | None) -> _Done:
    posted, facts = ([], []) if state is None else (state.posted, state.facts)
    order_id = milestone.order_id if state is None else min(state.order_id, milestone.order_id)
    updated_at = milestone.occurred_at if state is None else max(state.updated_at, milestone.occurred_at)
    name = _fact_id(milestone, kind)
    known = next((one for one in facts if one.fact == name), _first(name, milestone, posted))
    now, outcome, posting = _told(known, milestone), _DUPLICATES, None
    if bool(known.told_as) is not bool(now.told_as):
        is_posted = bool(now.told_as)
        outcome = _POSTED if is_posted else _REVERSED
        now = replace(now, times=known.times + is_posted)
        posting_id = _posting_id(now)
        posting = _posting(milestone, kind, posting_id)
        if not is_posted:
            posting = replace(posting, posting_id=digest("reversal", posting_id), reverses=posting_id)
        posted = sorted([*posted, posting.posting_id])
    if now != known:
        facts = sorted([now, *(one for one in facts if one.fact != name)], key=lambda one: one.fact)
    return _Done(outcome, FulfilmentState(milestone.delivery_id, order_id, posted, updated_at, facts), posting)


def _first(name: str, milestone: DeliveryMilestone, posted: Sequence[str]) -> PostedFact:
    """The fact of which no more is known than whether it was posted."""
    return PostedFact(name, [milestone.milestone_id], [], 1) if name in posted else PostedFact(name, [], [], 0)


def _told(known: PostedFact, milestone: DeliveryMilestone) -> PostedFact:
    """The fact after this milestone. Ignores repeats, the first milestone by an event since retracted, and anything
    older than the claim's withdrawal."""
    if known.withdrawn_in and milestone.claim_revision <= known.withdrawn_in:
        return known
    is_retracted, name = milestone.correction is Correction.RETRACTS, milestone.milestone_id
    if is_retracted and milestone.corrects is None:
        return replace(known, told_as=[], heard=[], withdrawn_in=milestone.claim_revision)
    cause = _cause(name, milestone.event_id, "gone" if is_retracted else "", milestone.because_of)
    if cause in known.heard:
        return known
    told_as, heard = {*known.told_as, name}, {*known.heard, cause}
    if is_retracted:
        told_as.remove(name)
    if milestone.corrects is not None:
        heard.add(_cause(name, milestone.corrects, "", None))
    return replace(known, told_as=sorted(told_as), heard=sorted(heard))


def _cause(milestone_id: str, event_id: str, said: str, because_of: str | None) -> str:
    return digest(milestone_id, event_id, said, because_of or "")[:_CAUSE_DIGITS]


def _fact_id(milestone: DeliveryMilestone, kind: PostingKind) -> str:
    parts = ["posting", milestone.delivery_id, milestone.carrier, milestone.tracking_number, kind.value]
    if kind is PostingKind.DELIVERY_ATTEMPT:
        parts.append(milestone.milestone_id)
    elif milestone.piece is not None:
        parts.append(milestone.piece)
    if milestone.life > 1:
        parts.append(f"life {milestone.life}")
    return digest(*parts)


def _posting_id(fact: PostedFact) -> str:
    """Returns the id of the fact's latest posting; the first one has the fact's own id."""
    return fact.fact if fact.times <= 1 else digest("posted anew", fact.fact, str(fact.times))


def _posting(milestone: DeliveryMilestone, kind: PostingKind, posting_id: str) -> ErpPosting:
    return ErpPosting(
        posting_id=posting_id,
        kind=kind,
        delivery_id=milestone.delivery_id,
        order_id=milestone.order_id,
        customer_id=milestone.customer_id,
        carrier=milestone.carrier,
        tracking_number=milestone.tracking_number,
        occurred_at=milestone.occurred_at,
        reason=milestone.reason,
        proof_of_delivery=milestone.proof_of_delivery,
        event_id=milestone.event_id,
        piece=milestone.piece,
    )
