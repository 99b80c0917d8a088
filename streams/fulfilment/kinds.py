"""The kind of posting for each milestone."""

from __future__ import annotations

from streams.kernel.vocabulary import Milestone, PostingKind

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
"""The kind of posting by milestone; one not named (damage, shortage, refusal: ``info``) has no posting of its own: the
posting of the report it came with names the exception."""
