"""Parameters of lists. A parameter that no list knows is refused: a filter that is not applied would tell too much."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from fastapi import Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from connectors.gateway.fields import Name, Timestamp
from connectors.gateway.problems import Problem, invalid
from portal.api.clients import Client
from streams.kernel.booking_vocabulary import BookingPhase
from streams.kernel.vocabulary import (
    AlertKind,
    DeliveryPhase,
    ExceptionType,
    Punctuality,
    Severity,
    Status,
    WaitKind,
)

MOST_ROWS = 200
Customer = Annotated[Name | None, Field(description="The customer's number in the ERP")]


class Paged(BaseModel):
    """Which page of a list."""

    model_config = ConfigDict(extra="forbid")
    limit: int = Field(50, ge=1, le=MOST_ROWS, description="Most rows of the page")
    cursor: str | None = Field(None, max_length=2_000, description="`next` of the page before")


class ShipmentQuery(Paged):
    """Which shipments."""

    carrier: Name | None = Field(None, description="Carrier slug")
    status: Status | None = None
    punctuality: Punctuality | None = None
    exception: ExceptionType | None = Field(None, description="The first that is open")
    since: Timestamp | None = Field(None, description="Changed then or later")
    customer: Customer = None
    q: Name | None = Field(None, description="Any number (tracking, order, delivery, PO, BOL, ...) or its beginning")


class OrderQuery(Paged):
    """Which orders."""

    since: Timestamp | None = Field(None, description="Changed then or later")
    customer: Customer = None


class DeliveryQuery(Paged):
    """Which deliveries of the ERP."""

    order: Name | None = Field(None, description="The order's number in the ERP")
    phase: DeliveryPhase | None = None
    waits_for: WaitKind | None = Field(None, description="Only those that wait for this")
    owner: Name | None = Field(None, description="Only those whose wait this person or group sees to")
    overdue: bool | None = Field(None, description="true: those whose wait is past its deadline")
    customer: Customer = None
    since: Timestamp | None = Field(None, description="Changed then or later")


class BookingQuery(Paged):
    """Which deliveries, by their bookings."""

    order: Name | None = Field(None, description="The order's number in the ERP")
    phase: BookingPhase | None = None
    carrier: Name | None = Field(None, description="Carrier slug of the last booking")
    owner: Name | None = Field(None, description="Only those whose wait this person or group sees to")
    overdue: bool | None = Field(None, description="true: those whose wait is past its deadline")
    mismatched: bool | None = Field(None, description="true: those with a freight invoice that differs")
    uncancelled: bool | None = Field(None, description="true: those with a cancellation that its carrier does not take")
    customer: Customer = None
    since: Timestamp | None = Field(None, description="Changed then or later")


class AlertQuery(Paged):
    """Which alerts."""

    state: Literal["open", "all"] = "open"
    kind: AlertKind | None = None
    severity: Severity | None = None
    owner: str | None = Field(None, max_length=200, description="Empty: those nobody owns")
    carrier: Name | None = None
    shipment: Name | None = Field(None, description="CARRIER:REFERENCE")


class DeadLetterQuery(Paged):
    """Which dead letters."""

    feed: Name | None = None


class Form(StrEnum):
    """How an answer is written."""

    JSON = "json"
    CSV = "csv"


def _number(text: object) -> object:
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 4 else text


Format = Annotated[Form, Field(description="csv: the whole list, as on the page")]


class AuditQuery(Paged):
    """Which actions of people and programs."""

    who: Name | None = Field(None, description="A part of the name, in small or capital letters")
    subject: Name | None = Field(None, description="What they are about: CARRIER:REFERENCE, an alert's id, a feed, ...")
    action: Name | None = Field(None, description="The kind, such as alert.resolve")
    since: Timestamp | None = Field(None, description="Then or later")
    format: Format = Form.JSON


class FiguresQuery(BaseModel):
    """Over which days."""

    model_config = ConfigDict(extra="forbid")
    days: Annotated[Literal[7, 30, 90], BeforeValidator(_number)] = Field(
        30, description="Whole days of UTC, today the last"
    )
    format: Format = Form.JSON


class StreamQuery(BaseModel):
    """Which changes."""

    model_config = ConfigDict(extra="forbid")
    what: list[Literal["shipment", "order", "alert", "feed"]] = Field(
        [], max_length=4, description="Kinds of changes; none named: all that the key may read"
    )


Shipments: TypeAlias = Annotated[ShipmentQuery, Query()]
Orders: TypeAlias = Annotated[OrderQuery, Query()]
Deliveries: TypeAlias = Annotated[DeliveryQuery, Query()]
Bookings: TypeAlias = Annotated[BookingQuery, Query()]
Alerts: TypeAlias = Annotated[AlertQuery, Query()]
DeadLetters: TypeAlias = Annotated[DeadLetterQuery, Query()]
Audit: TypeAlias = Annotated[AuditQuery, Query()]
Figures: TypeAlias = Annotated[FiguresQuery, Query()]
Stream: TypeAlias = Annotated[StreamQuery, Query()]


def customer_of(client: Client, asked: str | None) -> str | None:
    """Whose things are to be listed. Raises Problem 403 where a customer's key asks for another's."""
    if client.customer is not None and asked not in (None, client.customer):
        raise Problem(403, "another_customer", "the key is bound to a customer, and this is another")
    return client.customer or asked


def wrong_cursor() -> Problem:
    """The problem of a cursor that this list never gave."""
    return invalid([{"pointer": "/query/cursor", "detail": "no cursor of this list: leave it out to begin anew"}])
