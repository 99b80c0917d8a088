"""Shipments: in lists, and whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from portal.api.models.fields import EXAMPLE_TIME, Document, Moment, Number, Place, Proof, example
from streams.contracts.model import CarrierEvent, ShipmentState
from streams.kernel.vocabulary import (
    Classifier,
    Correction,
    ExceptionType,
    LinkKind,
    Milestone,
    Precision,
    Punctuality,
    Reason,
    Status,
)
from streams.read_model.project import key_of

_KEY = "acme:AC123456"
_BRIEF: dict[str, Any] = {
    "key": _KEY, "carrier": "acme", "tracking_number": "AC123456", "status": "in_transit",
    "status_at": EXAMPLE_TIME, "last_milestone": "in_transit", "last_event_at": EXAMPLE_TIME, "event_count": 2,
    "punctuality": "at_risk", "promised_delivery_at": "2026-09-22T14:13:20.000Z",
    "estimated_delivery_at": "2026-09-22T19:13:20.000Z", "delivered_at": None, "open_exceptions": ["delay"],
    "orders": [], "archived": False, "updated_at": EXAMPLE_TIME, "found_by": [],
}


class OrderOfShipment(Document):
    """An order that claims the shipment."""

    order_id: str
    delivery_id: str
    customer_id: str
    promised_delivery_at: Moment | None
    order_value: float | None
    currency: str | None


class ShipmentBrief(Document):
    """A shipment in a list."""

    model_config = example(**_BRIEF)
    key: str = Field(description="CARRIER:REFERENCE", examples=[_KEY])
    carrier: str
    tracking_number: str
    status: Status
    status_at: Moment | None
    last_milestone: Milestone
    last_event_at: Moment | None
    event_count: int
    punctuality: Punctuality
    promised_delivery_at: Moment | None
    estimated_delivery_at: Moment | None
    delivered_at: Moment | None
    open_exceptions: list[ExceptionType]
    orders: list[OrderOfShipment]
    archived: bool
    updated_at: Moment
    found_by: list[str] = Field(default=[], description="Of a search: the kinds of numbers it was found by")


class Estimate(Document):
    """An estimate that was replaced."""

    estimate: Moment
    stated_at: Moment
    stated_by: str


class Promises(Document):
    """The promise, the estimate, and how far the estimate has slipped."""

    promised_delivery_at: Moment | None
    estimated_delivery_from: Moment | None = Field(description="Begin of the window that ends with the estimate")
    estimated_delivery_at: Moment | None
    estimate_stated_at: Moment | None
    estimated_by: str | None = Field(description="The feed that stated it")
    first_estimated_delivery_at: Moment | None
    estimate_changes: int
    slip_ms: int | None = Field(description="How much later than the first estimate, ms")
    slip_from_promise_ms: int | None = Field(description="How much later than the promise, ms")
    earlier_estimates: list[Estimate]


class Linked(Document):
    """A shipment that belongs together with this one."""

    key: str
    kind: LinkKind


class Piece(Document):
    """One piece of the shipment."""

    name: str
    status: Status
    status_at: Moment | None


class EventSource(Document):
    """The way an event came."""

    feed: str
    channel: str


class TimelineEvent(Document):
    """One event, as it was said. A correction stands beside the event it corrects."""

    event_id: str
    told_at: Moment = Field(description="When ShipSync wrote it")
    milestone: Milestone
    classifier: Classifier
    occurred_at: Moment
    received_at: Moment
    utc_offset_minutes: int | None = Field(description="Offset of the place, where the carrier said it")
    precision: Precision
    exception: ExceptionType
    reason: Reason
    carrier_code: str
    carrier_text: str
    location: Place | None
    estimated_delivery_at: Moment | None
    proof_of_delivery: Proof | None
    piece: str | None
    correction: Correction
    corrects: str | None
    references: list[Number]
    flags: list[str]
    source: EventSource
    status: Status = Field(description="The shipment's status with it")
    late: bool = Field(description="Whether later events were known already")
    same_as: str | None = Field(description="Another source's event about the same occurrence")


class SourceOfShipment(Document):
    """A way on which events of the shipment came."""

    feed: str
    channel: str
    events: int
    first_received_at: Moment
    last_received_at: Moment


class ShipmentDetail(ShipmentBrief):
    """The current truth about one shipment, and how it came to be known."""

    model_config = example(
        **_BRIEF, signed_by=None, number_use=1, part_of=[], parts=[], pieces=[], timeline=[],
        promises={
            "promised_delivery_at": "2026-09-22T14:13:20.000Z", "estimated_delivery_from": None,
            "estimated_delivery_at": "2026-09-22T19:13:20.000Z", "estimate_stated_at": EXAMPLE_TIME,
            "estimated_by": "acme", "first_estimated_delivery_at": None, "estimate_changes": 0, "slip_ms": None,
            "slip_from_promise_ms": 18_000_000, "earlier_estimates": [],
        },
        sources=[{
            "feed": "acme", "channel": "webhook", "events": 2, "first_received_at": EXAMPLE_TIME,
            "last_received_at": EXAMPLE_TIME,
        }],
    )
    signed_by: str | None
    number_use: int = Field(description="Which shipment under this number, from 1: carriers use numbers again")
    part_of: list[Linked]
    parts: list[Linked]
    pieces: list[Piece]
    promises: Promises
    sources: list[SourceOfShipment]
    timeline: list[TimelineEvent] = Field(description="By event time, oldest first")


class Update(Document):
    """A customer update, as it was sent."""

    model_config = example(
        update_id="u1", told_at=EXAMPLE_TIME, customer_id="100042", order_id="4500012345", milestone="out_for_delivery",
        status="out_for_delivery", occurred_at=EXAMPLE_TIME, utc_offset_minutes=120, location=None, exception="none",
        reason="normal", estimated_delivery_from=None, estimated_delivery_at=None, signed_by=None, superseded=False,
        event_id="e1", piece=None, correction="new", corrects=None,
    )
    update_id: str
    told_at: Moment
    customer_id: str
    order_id: str
    milestone: Milestone
    status: Status
    occurred_at: Moment
    utc_offset_minutes: int | None
    location: Place | None
    exception: ExceptionType
    reason: Reason
    estimated_delivery_from: Moment | None
    estimated_delivery_at: Moment | None
    signed_by: str | None
    superseded: bool
    event_id: str
    piece: str | None
    correction: Correction
    corrects: str | None


class Updates(Document):
    """The customer updates about a shipment, in the order they were sent."""

    items: list[Update]


def brief(state: ShipmentState, found_by: Sequence[str] = ()) -> ShipmentBrief:
    """The shipment as a list shows it."""
    key = key_of(state.carrier, state.tracking_number)
    return ShipmentBrief.model_validate({**_fields(ShipmentBrief, state), "key": key, "found_by": list(found_by)})


def sources_of(events: Sequence[CarrierEvent]) -> list[SourceOfShipment]:
    """The ways the events came on, in the order of their first."""
    ways: dict[tuple[str, str], list[int]] = {}
    for one in events:
        ways.setdefault((one.source.feed, one.source.channel), []).append(one.received_at)
    return [
        SourceOfShipment.model_validate({
            "feed": feed, "channel": channel, "events": len(times), "first_received_at": min(times),
            "last_received_at": max(times),
        })
        for (feed, channel), times in sorted(ways.items(), key=lambda way: min(way[1]))
    ]


def detail(
    state: ShipmentState, part_of: Sequence[object], parts: Sequence[object], timeline: Sequence[TimelineEvent],
    sources: Sequence[SourceOfShipment],
) -> ShipmentDetail:
    """The whole shipment."""
    return ShipmentDetail.model_validate({
        **_fields(ShipmentDetail, state), "key": key_of(state.carrier, state.tracking_number),
        "number_use": state.life, "promises": state, "part_of": part_of, "parts": parts, "timeline": timeline,
        "sources": sources,
    })


def _fields(kind: type[Document], state: ShipmentState) -> dict[str, object]:
    return {name: getattr(state, name) for name in kind.model_fields if hasattr(state, name)}
