"""Postings for ERPs, and their answered attempts."""

from __future__ import annotations

from typing import Any

from streams.contracts.model import ErpNotice, ErpPosting
from streams.contracts.outbound import OutboundAttempt, OutboundRequest
from streams.kernel.vocabulary import AttemptResult, NoticeKind, PostingKind, Reason

NOW = 1_790_000_000_000
ISSUE, CONFIRMATION, PROOF = (
    PostingKind.GOODS_ISSUE, PostingKind.DELIVERY_CONFIRMATION, PostingKind.PROOF_OF_DELIVERY,
)


def posting(kind: PostingKind = ISSUE, delivery: str = "800123", **changes: Any) -> ErpPosting:
    fields: dict[str, Any] = {
        "posting_id": f"{delivery}-{kind.value}", "kind": kind, "delivery_id": delivery, "order_id": "SO-1",
        "customer_id": "C-1", "carrier": "ups", "tracking_number": "1Z1", "occurred_at": NOW, "reason": Reason.NORMAL,
        "proof_of_delivery": None, "event_id": "e1", **changes,
    }
    return ErpPosting(**fields)


def reversal(of: ErpPosting) -> ErpPosting:
    return posting(of.kind, of.delivery_id, posting_id=f"{of.posting_id}-back", reverses=of.posting_id)


def notice(kind: NoticeKind = NoticeKind.BOOKED, delivery: str = "800123", **changes: Any) -> ErpNotice:
    """A notice about a delivery; the same fact begins and ends under one id."""
    fields: dict[str, Any] = {
        "notice_id": f"{delivery}-booking", "kind": kind, "delivery_id": delivery, "order_id": "SO-1",
        "customer_id": "C-1", "occurred_at": NOW, "words": "Booked with ups: 1Z1.", "carrier": "ups",
        "tracking_number": "1Z1", **changes,
    }
    return ErpNotice(**fields)


def answered(
    request: OutboundRequest, result: AttemptResult = AttemptResult.ACCEPTED, detail: str = "", **changes: Any
) -> OutboundAttempt:
    fields: dict[str, Any] = {
        "message_id": request.message_id, "destination": request.destination, "owner": request.owner,
        "queue": request.queue, "attempt": request.attempt, "result": result, "detail": detail, "started_at": NOW,
        "ended_at": NOW, **changes,
    }
    return OutboundAttempt(**fields)
