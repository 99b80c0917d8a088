"""Deliveries between their release and their carrier: in lists, whole, and decisions about them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from portal.api.models.fields import EXAMPLE_TIME, Document, Moment, example
from streams.kernel.booking_vocabulary import BookingAction, BookingPhase, BookingStatus, CancellationStatus

_BOOKING: dict[str, Any] = {
    "booking_id": "80001-1", "carrier": "north", "service": "parcel", "status": "booked",
    "reason": "the cheapest, 4.90", "asked_at": EXAMPLE_TIME, "answer_by": "2026-09-21T14:28:20.000Z",
    "changed_at": EXAMPLE_TIME, "attempt": 1,
    "retry_at": None, "tracking_number": "AC123456", "carrier_reference": "shp_1", "label_url": None,
    "tracking_url": None, "cost": 4.9, "currency": "EUR", "detail": "",
    "cancellation": None,
}
_BRIEF: dict[str, Any] = {
    "delivery_id": "80001", "order_id": "4500012345", "customer_id": "100042", "phase": "booked", "wait": None,
    "booking": _BOOKING, "decision": None, "possible": ["rebook", "cancel"], "invoices": [],
    "changed_at": EXAMPLE_TIME,
}


class WaitOfBooking(Document):
    """A delivery that has no carrier yet: since when it waits, and who sees to it."""

    since: Moment
    owner: str = Field(description="A person or a group")
    deadline: Moment | None = Field(description="When an alert is raised; null for never")
    overdue: bool


class DecisionOfBooking(Document):
    """A person's or a program's decision. ``carrier``, ``service``: of `rebook`, who was to be asked first."""

    action: BookingAction
    by: str
    reason: str
    at: Moment
    carrier: str | None
    service: str | None


class CancellationOfBooking(Document):
    """The cancellation of a booking. A carrier that does not take it is to be called: a truck may come for nothing."""

    status: CancellationStatus
    asked_at: Moment
    changed_at: Moment
    owner: str = Field(description="Who sees to one that the carrier does not take")
    deadline: Moment = Field(description="When an alert is raised; at once where the carrier refuses")
    attempt: int = Field(description="How often the carrier was told")
    retry_at: Moment | None = Field(description="When it is told again, as it could not be reached")
    overdue: bool
    detail: str = Field(description="The carrier's last words")
    closed: DecisionOfBooking | None


class OneBooking(Document):
    """A booking with one carrier."""

    booking_id: str = Field(description="DELIVERY-N, the shipment identification that carriers send back")
    carrier: str
    service: str
    status: BookingStatus
    reason: str = Field(description="Why this carrier")
    asked_at: Moment
    answer_by: Moment = Field(description="After it the next carrier is asked")
    changed_at: Moment
    attempt: int = Field(description="How often it was asked")
    retry_at: Moment | None = Field(description="When it is asked again, as it could not be reached")
    tracking_number: str | None
    carrier_reference: str | None = Field(description="The carrier's own id of the booking")
    label_url: str | None
    tracking_url: str | None
    cost: float | None = Field(description="Agreed, or as declared")
    currency: str | None
    detail: str = Field(description="The carrier's last words")
    cancellation: CancellationOfBooking | None = Field(description="null while the carrier is to come")


class Difference(Document):
    """Where an invoice and the booking differ: `booking`, `carrier`, `currency`, `rate`, `weight`, `accessorial`, or
    `invoice` for one billed twice."""

    field: str
    expected: str
    found: str


class InvoiceOfBooking(Document):
    """A carrier's invoice for freight."""

    invoice_id: str
    carrier: str
    invoiced_at: Moment
    total: float
    currency: str
    weight_kg: float | None
    mismatches: list[Difference] = Field(description="Nowhere: it may be paid")


class BookingBrief(Document):
    """A delivery in a list, with its last booking."""

    model_config = example(**_BRIEF)
    delivery_id: str
    order_id: str
    customer_id: str
    phase: BookingPhase
    wait: WaitOfBooking | None
    booking: OneBooking | None = Field(description="The last; null where no carrier was asked")
    decision: DecisionOfBooking | None = Field(description="The last that counts")
    possible: list[BookingAction] = Field(description="Decisions its phase allows")
    invoices: list[InvoiceOfBooking]
    changed_at: Moment


class LineOfBooking(Document):
    """A line of the release."""

    line_id: str
    ordered: float
    packed: float


class CandidateOfBooking(Document):
    """A carrier's service as it was chosen last, and why it may be asked or not."""

    carrier: str
    service: str
    fits: bool
    reason: str
    cost: float | None
    currency: str | None


class BookingDetail(BookingBrief):
    """A delivery whole: lines, all bookings, the carriers there were to choose from."""

    model_config = example(
        **_BRIEF, lines=[{"line_id": "10", "ordered": 5.0, "packed": 5.0}], bookings=[_BOOKING],
        candidates=[{
            "carrier": "north", "service": "parcel", "fits": True, "reason": "the cheapest, 4.90", "cost": 4.9,
            "currency": "EUR",
        }],
    )
    lines: list[LineOfBooking]
    bookings: list[OneBooking] = Field(description="The first asked first")
    candidates: list[CandidateOfBooking]


class NewBookingDecision(BaseModel):
    """A decision to take. ``book``: what is packed, though it is less or more than was ordered; ``rebook``: cancel what
    is booked and ask anew, ``carrier`` first where one is named; ``accept``, ``refuse``: a carrier's other terms;
    ``cancel``: no carrier is needed; ``close``: a carrier that did not take its cancellation was called."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [
        {"action": "rebook", "reason": "the truck broke down", "carrier": "south"},
    ]})
    action: Literal["book", "rebook", "accept", "refuse", "cancel", "close"]
    reason: str = Field(min_length=1, max_length=500, description="Why, for those who look later")
    carrier: str | None = Field(None, min_length=1, max_length=64, description="Of `rebook`: whom to ask first")
    service: str | None = Field(None, min_length=1, max_length=64, description="Of that carrier, this service")


class BookingDecisionTaken(Document):
    """A decision that was recorded; the delivery follows within moments. ``phase``: as the delivery stood."""

    model_config = example(
        delivery_id="80001", action="rebook", by="api:shop", reason="the truck broke down", at=EXAMPLE_TIME,
        carrier="south", service=None, phase="booked",
    )
    delivery_id: str
    action: BookingAction
    by: str
    reason: str
    at: Moment
    carrier: str | None
    service: str | None
    phase: BookingPhase
