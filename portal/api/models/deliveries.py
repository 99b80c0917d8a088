"""Deliveries of the ERP: in lists, whole, and decisions about them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from portal.api.models.fields import EXAMPLE_TIME, Document, Moment, Proof, example
from portal.api.models.orders import Posting
from portal.views.deliveries import Confirmation, GateState
from streams.kernel.booking_vocabulary import BookingPhase, BookingStatus
from streams.kernel.notice_vocabulary import NoticeKind
from streams.kernel.outbound_vocabulary import OutboundStatus
from streams.kernel.vocabulary import DeliveryPhase, FulfilmentAction, PostingKind, Reason, WaitKind

_WAIT: dict[str, Any] = {
    "kind": "proof", "since": EXAMPLE_TIME, "owner": "finance", "deadline": "2026-09-26T14:13:20.000Z",
    "released_at": None, "overdue": False,
}
_BRIEF: dict[str, Any] = {
    "delivery_id": "80001", "order_id": "4500012345", "customer_id": "100042", "phase": "waiting_for_proof",
    "wait": _WAIT, "decision": None, "possible": ["release", "waive", "close"], "last_reported_at": EXAMPLE_TIME,
}


class WaitOfDelivery(Document):
    """The wait of a delivery: for what, since when, and who sees to it."""

    kind: WaitKind
    since: Moment
    owner: str | None = Field(description="A person or a group; null for a customer's key")
    deadline: Moment | None = Field(description="When an alert is raised; null for never")
    released_at: Moment | None = Field(description="When the confirmation goes without it; null for never")
    overdue: bool


class DecisionOfDelivery(Document):
    """A person's decision. Of several the last one counts."""

    action: FulfilmentAction
    by: str
    reason: str
    at: Moment


class DeliveryBrief(Document):
    """A delivery in a list."""

    model_config = example(**_BRIEF)
    delivery_id: str
    order_id: str
    customer_id: str
    phase: DeliveryPhase
    wait: WaitOfDelivery | None
    decision: DecisionOfDelivery | None = Field(description="The last that counts; null for a customer's key")
    possible: list[FulfilmentAction] = Field(description="Decisions its phase allows; none for a customer's key")
    last_reported_at: Moment | None = Field(description="When the last that is known of it happened")


class GateOfDelivery(Document):
    """Whether its policy holds confirmations back. ``held``: how many of its shipments' confirmations."""

    state: GateState
    held: int


class FactOfDelivery(Document):
    """A fact that stands, by its first report."""

    kind: PostingKind
    state: Literal["posted", "held"]
    occurred_at: Moment
    piece: str | None
    reason: Reason
    proof_of_delivery: Proof | None


class PieceOfDelivery(Document):
    """A piece that reports name."""

    name: str
    delivered_at: Moment | None


class ShipmentOfDelivery(Document):
    """A shipment of the delivery."""

    key: str | None = Field(description="CARRIER:REFERENCE; null where only the warehouse named it so far")
    carrier: str | None
    tracking_number: str
    number_use: int = Field(description="Which shipment under this number, from 1: carriers use numbers again")
    whereabouts: Literal["unseen", "moving", "returning", "lost", "cancelled", "returned", "delivered"]
    delivered_at: Moment | None
    confirmation: Confirmation
    short_at: Moment | None = Field(description="When its carrier said that pieces are short; null: it did not")
    pieces: list[PieceOfDelivery]
    facts: list[FactOfDelivery]


class OutcomeOfPosting(Document):
    """Where a posting is at one ERP."""

    erp: str
    status: OutboundStatus
    attempts: int
    at: Moment = Field(description="Since when it is there")
    next_at: Moment | None = Field(description="When it is tried again")
    detail: str = Field(description="The ERP's last answer, such as a document's number or why it refused")


class PostingOfDelivery(Posting):
    """A posting and its outcome at each ERP."""

    model_config = ConfigDict(json_schema_extra=None)
    outcomes: list[OutcomeOfPosting]


class NoticeOfDelivery(OutcomeOfPosting):
    """Something that one ERP is told of the delivery beside its postings, and where that is."""

    kind: NoticeKind
    queued_at: Moment


class ChaseOfDelivery(Document):
    """A missing document of it was asked for again. ``times``: how often by then; ``found``: why it was missing."""

    carrier: str
    tracking_number: str
    at: Moment
    times: int
    found: str


class CarrierOfDelivery(Document):
    """Its way from the release to a carrier; `/v1/bookings/{delivery_id}` tells it whole."""

    phase: BookingPhase
    owner: str | None = Field(description="Who sees to what is missing; null where nothing is")
    deadline: Moment | None
    carrier: str | None = Field(description="Of the last booking; null where no carrier was asked")
    service: str | None
    status: BookingStatus | None
    tracking_number: str | None


class DeliveryDetail(DeliveryBrief):
    """A delivery whole: shipments, pieces, gate, postings and notices with their outcomes, decisions."""

    model_config = example(
        **_BRIEF, gate={"state": "shut", "held": 1}, postings=[], notices=[{
            "kind": "booked", "erp": "main", "status": "sent", "attempts": 1, "at": EXAMPLE_TIME, "next_at": None,
            "detail": "note 17", "queued_at": EXAMPLE_TIME,
        }], decisions=[], chases=[], booking=None, shipments=[{
            "key": "acme:AC123456", "carrier": "acme", "tracking_number": "AC123456", "number_use": 1,
            "whereabouts": "delivered", "delivered_at": EXAMPLE_TIME, "confirmation": "held", "short_at": None,
            "pieces": [], "facts": [{
                "kind": "delivery_confirmation", "state": "held", "occurred_at": EXAMPLE_TIME, "piece": None,
                "reason": "normal", "proof_of_delivery": None,
            }],
        }],
    )
    gate: GateOfDelivery
    shipments: list[ShipmentOfDelivery]
    postings: list[PostingOfDelivery] = Field(description="The newest first")
    notices: list[NoticeOfDelivery] = Field(description="The newest first, at most 200; none for a customer's key")
    decisions: list[DecisionOfDelivery] = Field(description="The newest first; none for a customer's key")
    chases: list[ChaseOfDelivery] = Field(description="The newest first; none for a customer's key")
    booking: CarrierOfDelivery | None = Field(description="null for a customer's key, and where none is asked for here")


class NewDecision(BaseModel):
    """A decision to take. ``release``: confirm what is delivered now, whatever is missing; ``waive``: no proof is
    needed; ``close``: wait for nothing more."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [
        {"action": "waive", "reason": "the customer confirmed the receipt by mail"},
    ]})
    action: Literal["release", "waive", "close"]
    reason: str = Field(min_length=1, max_length=500, description="Why, for those who look later")


class DecisionTaken(Document):
    """A decision that was recorded; the delivery follows within moments. ``phase``: as the delivery stood."""

    model_config = example(
        delivery_id="80001", action="waive", by="api:billing", reason="the customer confirmed the receipt by mail",
        at=EXAMPLE_TIME, phase="waiting_for_proof",
    )
    delivery_id: str
    action: FulfilmentAction
    by: str
    reason: str
    at: Moment
    phase: DeliveryPhase
