"""The kind of posting for each milestone."""

from __future__ import annotations

from streams.contracts.model import DeliveryMilestone
from streams.kernel.vocabulary import ExceptionType, Milestone, PostingKind

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
"""The kind of posting by milestone. What only went wrong (``info``) has none, but for a refusal; the posting of the
report it came with names the exception."""


def is_shortage(told: DeliveryMilestone) -> bool:
    """Whether a milestone says that pieces are short: it is not posted, and may hold the confirmation back."""
    return told.milestone is Milestone.INFO and told.exception is ExceptionType.SHORTAGE


def kind_of(told: DeliveryMilestone) -> PostingKind | None:
    """The kind of posting that a milestone is; None: it is not posted. A refusal begins the return, whether or not the
    carrier says yet that the parcel goes back."""
    if told.milestone is Milestone.INFO and told.exception is ExceptionType.REFUSAL:
        return PostingKind.RETURN_STARTED
    return POSTING_OF.get(told.milestone)

