"""Postings for ERP deliveries: the values of ``erp.postings``. Times are UTC milliseconds."""

from __future__ import annotations

from msgspec import Struct

from streams.kernel.vocabulary import ExceptionType, PostingKind, Reason


class ProofOfDelivery(Struct, frozen=True, array_like=True, gc=False):
    """States who received the goods, where they were left, and the URL of the document."""

    signed_by: str | None = None
    left_at: str | None = None
    document_url: str | None = None


class ErpPosting(Struct):
    """One posting for the ERP. ``posting_id``: the idempotency key to send with it; ``reverses``: the ``posting_id`` of
    the posting it reverses. ``exception``: a refusal, a shortage, a damage that its report tells. Of a confirmation,
    ``pieces_delivered`` of ``pieces_known`` pieces of the ERP delivery are delivered with it, as far as is known then:
    fewer, and the delivery is partial; both 0: not said."""

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
    exception: ExceptionType = ExceptionType.NONE
    pieces_delivered: int = 0
    pieces_known: int = 0
