"""The fulfilment step: facts about ERP deliveries in, postings out, each once.

Reads ``delivery.milestones``; writes ``erp.postings`` and, as its state, ``fulfilment.state``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from streams.identity import digest
from streams.model import DeliveryMilestone, ErpPosting, FulfilmentState
from streams.vocabulary import Milestone, PostingKind

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


class Posted(Struct):
    """What one chunk brought about; ``states`` by delivery, changed ones only.

    ``counts``: every milestone is one of posted, duplicates and not_posted.
    """

    postings: list[ErpPosting] = field(default_factory=list)
    states: dict[str, FulfilmentState] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)


def post(chunk: Sequence[DeliveryMilestone], states: Mapping[str, FulfilmentState | None]) -> Posted:
    """Take a chunk in. ``states``: delivery id -> what is stored; left unchanged.

    A posting's id names the fact (delivery, shipment or piece, kind; for attempts which of them), so a loss reported
    as lost and as destroyed is posted once.
    """
    out = Posted()
    for milestone in chunk:
        kind = POSTING_OF.get(milestone.milestone)
        outcome = "not_posted" if kind is None else _post(milestone, kind, states, out)
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
    posting_id = _posting_id(milestone, kind)
    posted = [] if state is None else state.posted
    order_id = milestone.order_id if state is None else min(state.order_id, milestone.order_id)
    updated_at = milestone.occurred_at if state is None else max(state.updated_at, milestone.occurred_at)
    is_new = posting_id not in posted
    if is_new:
        out.postings.append(_posting(milestone, kind, posting_id))
        posted = sorted([*posted, posting_id])
    changed = FulfilmentState(delivery_id, order_id, posted, updated_at)
    if changed != state:
        out.states[delivery_id] = changed
    return "posted" if is_new else "duplicates"


def _posting_id(milestone: DeliveryMilestone, kind: PostingKind) -> str:
    parts = ["posting", milestone.delivery_id, milestone.carrier, milestone.tracking_number, kind.value]
    if kind is PostingKind.DELIVERY_ATTEMPT:
        parts.append(milestone.milestone_id)
    elif milestone.piece is not None:
        parts.append(milestone.piece)
    return digest(*parts)


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
