"""Financially relevant facts of ERP deliveries: the values of ``delivery.milestones``. Times are UTC milliseconds."""

from __future__ import annotations

from msgspec import Struct

from streams.contracts.postings import ProofOfDelivery
from streams.kernel.vocabulary import Correction, ExceptionType, Milestone, Reason


class DeliveryMilestone(Struct, gc=False):
    """A financially relevant fact about one ERP delivery, from one of its shipments; ``correction`` and ``corrects`` as
    in ``CustomerUpdate``. ``claim_revision``: grows with each version of the claims on the delivery that counts.
    ``life``: which shipment under a reused tracking number, from 1. ``because_of``: the cause of a correction, an
    event's id or the digest of a claim version. The same fact by the same event because of the same cause is a
    repeat."""

    milestone_id: str
    delivery_id: str
    order_id: str
    customer_id: str
    carrier: str
    tracking_number: str
    milestone: Milestone
    occurred_at: int
    exception: ExceptionType
    reason: Reason
    proof_of_delivery: ProofOfDelivery | None
    event_id: str
    piece: str | None = None
    correction: Correction = Correction.NEW
    corrects: str | None = None
    claim_revision: int = 0
    life: int = 1
    because_of: str | None = None
