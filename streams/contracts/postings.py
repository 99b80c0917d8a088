"""Postings for ERP deliveries: the values of ``erp.postings`` and ``fulfilment.state``. Times are UTC
milliseconds."""

from __future__ import annotations

from msgspec import Struct, field

from streams.kernel.vocabulary import PostingKind, Reason


class ProofOfDelivery(Struct, frozen=True, array_like=True, gc=False):
    """States who received the goods, where they were left, and the URL of the document."""

    signed_by: str | None = None
    left_at: str | None = None
    document_url: str | None = None


class ErpPosting(Struct):
    """One posting for the ERP. ``posting_id``: the idempotency key to send with it; ``reverses``: the ``posting_id`` of
    the posting it reverses."""

    posting_id: str
    kind: PostingKind
    delivery_id: str
    order_id: str
    customer_id: str
    carrier: str
    tracking_number: str
    occurred_at: int
    reason: Reason
    proof_of_delivery: ProofOfDelivery | None
    event_id: str
    piece: str | None = None
    reverses: str | None = None


class PostedFact(Struct, frozen=True, array_like=True):
    """A fact that is posted. ``fact``: the id of its first posting; ``told_as``: the milestones (``milestone_id``) that
    stand for it, none where it was reversed; ``heard``: digests of the words of it since the last withdrawal;
    ``times``: how often it was posted; ``withdrawn_in``: ``claim_revision`` of the last word that the delivery is not
    of the shipment."""

    fact: str
    told_as: list[str]
    heard: list[str]
    times: int
    withdrawn_in: int = 0


class FulfilmentState(Struct):
    """Lists the postings the fulfilment stage has made for one ERP delivery; its changelog. ``posted``: ids of all
    postings, reversed ones and reversals among them."""

    delivery_id: str
    order_id: str
    posted: list[str]
    updated_at: int
    facts: list[PostedFact] = field(default_factory=list)
