"""The fulfilment step: facts about ERP deliveries in, postings out, each once.

Reads ``delivery.milestones``; writes ``erp.postings`` and, as its state, ``fulfilment.state``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from streams.contracts.ids import digest
from streams.contracts.model import DeliveryMilestone, ErpPosting, FulfilmentState, PostedFact
from streams.kernel.vocabulary import Correction, Milestone, PostingKind

POSTING_OF: dict[Milestone, PostingKind] = {
    Milestone.PICKED_UP: PostingKind.GOODS_ISSUE,
    Milestone.DELIVERY_ATTEMPTED: PostingKind.DELIVERY_ATTEMPT,
    Milestone.DELIVERED: PostingKind.DELIVERY_CONFIRMATION,
    Milestone.POD_RECEIVED: PostingKind.PROOF_OF_DELIVERY,
    Milestone.RETURNING: PostingKind.RETURN_STARTED,
    Milestone.RETURNED: PostingKind.RETURN_RECEIPT,
    Milestone.LOST: PostingKind.LOSS,
    Milestone.DESTROYED: PostingKind.LOSS,
    Milestone.BOOKING_CANCELLED: PostingKind.CANCELLATION,
    Milestone.BOOKING_REJECTED: PostingKind.CANCELLATION,
}
"""What a milestone is posted as; one not named (damage, shortage, refusal: ``info``) is not posted."""


_WORD_DIGITS = 16
_NOT_POSTED, _POSTED, _REVERSED, _DUPLICATES = "not_posted", "posted", "reversed", "duplicates"


class Posted(Struct):
    """What one chunk brought about; ``states`` by delivery, changed ones only.

    ``counts``: every milestone is one of posted, reversed, duplicates and not_posted.
    """

    postings: list[ErpPosting] = field(default_factory=list)
    states: dict[str, FulfilmentState] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)


def post(chunk: Sequence[DeliveryMilestone], states: Mapping[str, FulfilmentState | None]) -> Posted:
    """Take a chunk in. ``states``: delivery id -> what is stored; left unchanged.

    A posting's id names the fact (delivery, shipment or piece, kind; for attempts which of them), so a loss reported
    as lost and as destroyed is posted once. A fact that no event tells of any more, because those that did were found
    not to be of the shipment, is reversed by a posting of its own, and posted anew, under another id, where it comes to
    be true after all.
    """
    out = Posted()
    for milestone in chunk:
        kind = POSTING_OF.get(milestone.milestone)
        outcome = _NOT_POSTED if kind is None else _post(milestone, kind, states, out)
        out.counts[outcome] = out.counts.get(outcome, 0) + 1
    return out


def _post(
    milestone: DeliveryMilestone,
    kind: PostingKind,
    states: Mapping[str, FulfilmentState | None],
    out: Posted,
) -> str:
    delivery_id = milestone.delivery_id
    state = out.states.get(delivery_id) or states.get(delivery_id)
    posted, facts = ([], []) if state is None else (state.posted, state.facts)
    order_id = milestone.order_id if state is None else min(state.order_id, milestone.order_id)
    updated_at = milestone.occurred_at if state is None else max(state.updated_at, milestone.occurred_at)
    name = _fact_id(milestone, kind)
    known = next((one for one in facts if one.fact == name), _first(name, milestone, posted))
    now = _told(known, milestone)
    outcome = _DUPLICATES
    if bool(known.told_as) is not bool(now.told_as):
        is_posted = bool(now.told_as)
        outcome = _POSTED if is_posted else _REVERSED
        now = replace(now, times=known.times + is_posted)
        posting_id = _posting_id(now)
        posting = _posting(milestone, kind, posting_id)
        if not is_posted:
            posting = replace(posting, posting_id=digest("reversal", posting_id), reverses=posting_id)
        out.postings.append(posting)
        posted = sorted([*posted, posting.posting_id])
    if now != known:
        facts = sorted([now, *(one for one in facts if one.fact != name)], key=lambda one: one.fact)
    changed = FulfilmentState(delivery_id, order_id, posted, updated_at, facts)
    if changed != state:
        out.states[delivery_id] = changed
    return outcome


def _first(name: str, milestone: DeliveryMilestone, posted: Sequence[str]) -> PostedFact:
    """The fact of which no more is known than whether it was posted."""
    return PostedFact(name, [milestone.milestone_id], [], 1) if name in posted else PostedFact(name, [], [], 0)


def _told(known: PostedFact, milestone: DeliveryMilestone) -> PostedFact:
    """The fact after this word of it. A word heard before says nothing again, nor does the first one by an event that
    was taken back, nor what was told before the delivery was found not to be of the shipment."""
    if known.withdrawn_in and milestone.claim_revision <= known.withdrawn_in:
        return known
    is_retracted, name = milestone.correction is Correction.RETRACTS, milestone.milestone_id
    if is_retracted and milestone.corrects is None:
        return replace(known, told_as=[], heard=[], withdrawn_in=milestone.claim_revision)
    word = _word(name, milestone.event_id, "gone" if is_retracted else "", milestone.because_of)
    if word in known.heard:
        return known
    told_as, heard = {*known.told_as, name}, {*known.heard, word}
    if is_retracted:
        told_as.remove(name)
    if milestone.corrects is not None:
        heard.add(_word(name, milestone.corrects, "", None))
    return replace(known, told_as=sorted(told_as), heard=sorted(heard))


def _word(milestone_id: str, event_id: str, said: str, because_of: str | None) -> str:
    return digest(milestone_id, event_id, said, because_of or "")[:_WORD_DIGITS]


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
    """Of its latest posting; of the first the fact's own."""
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
