"""Orders and postings."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from portal.api.models.fields import EXAMPLE_TIME, Document, Moment, Proof, example
from portal.api.models.shipments import ShipmentBrief
from streams.kernel.vocabulary import ExceptionType, PostingKind, Reason

_BRIEF: dict[str, Any] = {
    "order_id": "4500012345", "customer_id": "100042", "status": "open", "promised_delivery_at": EXAMPLE_TIME,
    "updated_at": EXAMPLE_TIME, "order_value": 1250.0, "currency": "EUR", "claims": [{
        "type": "", "value": "", "carrier": "acme", "tracking_number": "AC123456", "delivery_id": "80001",
        "withdrawn": False,
    }],
}


class ClaimOfOrder(Document):
    """A claim the order makes: on a shipment by its tracking number, or by a reference."""

    type: str = Field(description="Of a reference; empty for a tracking number")
    value: str
    carrier: str
    tracking_number: str
    delivery_id: str
    withdrawn: bool


class OrderBrief(Document):
    """The newest version of an order."""

    model_config = example(**_BRIEF)
    order_id: str
    customer_id: str
    status: str
    promised_delivery_at: Moment | None
    updated_at: Moment
    order_value: float | None
    currency: str | None
    claims: list[ClaimOfOrder]


class Posting(Document):
    """A posting for the ERP."""

    model_config = example(
        posting_id="p1", told_at=EXAMPLE_TIME, kind="delivery_confirmation", delivery_id="80001", order_id="4500012345",
        customer_id="100042", carrier="acme", tracking_number="AC123456", occurred_at=EXAMPLE_TIME,
        reason="normal", proof_of_delivery=None, event_id="e1", piece=None, reverses=None,
        exception="none", pieces_delivered=1, pieces_known=2,
    )
    posting_id: str
    told_at: Moment
    kind: PostingKind
    delivery_id: str
    order_id: str
    customer_id: str
    carrier: str
    tracking_number: str
    occurred_at: Moment
    reason: Reason
    proof_of_delivery: Proof | None
    event_id: str
    piece: str | None
    reverses: str | None = Field(description="The posting it reverses")
    exception: ExceptionType
    pieces_delivered: int = Field(description="Of a confirmation: pieces of the delivery there; 0: not said")
    pieces_known: int = Field(description="Of a confirmation: pieces known; more than are there: it is partial")


class Postings(Document):
    """Postings, the newest first."""

    items: list[Posting]


class OrderDetail(OrderBrief):
    """An order with its shipments and postings."""

    model_config = example(**_BRIEF, shipments=[], postings=[])
    shipments: list[ShipmentBrief]
    postings: list[Posting]
