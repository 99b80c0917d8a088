"""``/v1/orders``: writes the ERP's orders to ``erp.orders.v1``."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from config.topics import ERP_ORDERS
from connectors.gateway.documents import Kind
from connectors.gateway.fields import Name, Number, ReferenceType, ReferenceValue, Timestamp
from streams.contracts.model import Order, OrderLine, Reference
from streams.orders.claims import MOST_CLAIMS, claims_of, order_rejects

MOST_NUMBERS = 100
"""Other numbers of one order or shipment."""

_A_NUMBER: JsonDict = {"required": ["tracking_number"], "properties": {"tracking_number": {"type": "string"}}}
_REFERENCES: JsonDict = {"required": ["references"], "properties": {"references": {"minItems": 1}}}
_A_CARRIER: JsonDict = {"required": ["carrier"], "properties": {"carrier": {"type": "string"}}}
_NO_NUMBER: JsonDict = {"properties": {"tracking_number": {"type": "null"}}}


class OrderNumber(BaseModel):
    """Another number of the order's shipments."""

    model_config = ConfigDict(extra="forbid")
    type: ReferenceType = Field(description="po, bol, pro, sscc, container, booking, ...")
    value: ReferenceValue


class OrderShipment(BaseModel):
    """One shipment of the order, by the carrier's number, or by references alone."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"anyOf": [_A_CARRIER, _NO_NUMBER]})
    delivery_id: Name = Field(description="ERP delivery")
    carrier: Name | None = Field(None, description="Carrier slug, or a name of the carrier's; due with a number")
    tracking_number: Name | None = Field(None, description="The carrier's own number; none where references tell")
    references: list[OrderNumber] = Field(default_factory=list, max_length=MOST_NUMBERS)


class OrderDocument(BaseModel):
    """An ERP order and the shipments it expects. Times carry an offset."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"anyOf": [
            _REFERENCES, {"properties": {"shipments": {"items": {"anyOf": [_A_NUMBER, _REFERENCES]}}}},
        ], "examples": [{
            "order_id": "SO-1001", "customer_id": "C-77", "status": "open", "updated_at": "2026-09-14T10:00:00Z",
            "shipments": [{"delivery_id": "80001", "carrier": "acme", "tracking_number": "AC123456"}],
        }]},
    )
    order_id: Name
    customer_id: Name
    status: Literal["open", "cancelled", "closed"]
    updated_at: Timestamp = Field(description="When the ERP changed it; the newest counts")
    currency: str | None = Field(None, pattern="^[A-Z]{3}$", description="ISO 4217")
    value: Number | None = Field(None, description="Order value in that currency")
    promised_delivery_at: Timestamp | None = None
    shipments: list[OrderShipment] = Field(default_factory=list, max_length=MOST_CLAIMS)
    references: list[OrderNumber] = Field(
        default_factory=list, max_length=MOST_NUMBERS, description="Numbers all its shipments are known by"
    )


def milliseconds(at: datetime) -> int:
    """UTC milliseconds since 1970."""
    return round(at.timestamp() * 1000)


def to_order(document: OrderDocument) -> Order:
    """The order as a record of its topic."""
    promised = document.promised_delivery_at
    lines = [
        OrderLine(one.delivery_id, one.carrier or "", one.tracking_number or "", _numbers(one.references))
        for one in document.shipments
    ]
    return Order(
        document.order_id, document.customer_id, document.status, document.currency, document.value,
        None if promised is None else milliseconds(promised), milliseconds(document.updated_at), lines,
        _numbers(document.references),
    )  # fmt: skip


def _numbers(told: list[OrderNumber]) -> list[Reference]:
    return [Reference(one.type, one.value) for one in told]


def _wrong(order: Order) -> list[tuple[str, str]]:
    """The faults for which the orders stage would refuse the order: (field, detail)."""
    made = claims_of(order)
    return [(reject.path or "", reject.detail) for reject in (*made.rejects, *order_rejects(order, made))]


ORDERS = Kind(
    "/v1/orders", "orders", ERP_ORDERS, OrderDocument, Order, to_order, lambda order: order.order_id, _wrong,
    "The ERP tells of orders, new or changed",
)
