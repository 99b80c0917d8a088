"""``/v1/wms/confirmations``: writes the warehouse's picks, packs and shipments to ``wms.confirmations.v1``."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from config.topics import WMS_CONFIRMATIONS
from connectors.gateway.documents import Kind
from connectors.gateway.fields import Name, Number, Timestamp
from connectors.gateway.orders import milliseconds
from streams.contracts.ids import normalise_carrier
from streams.contracts.warehouse import WmsConfirmation, WmsLine, WmsParcel

MOST_NUMBERS, MOST_LINES = 1_000, 10_000
"""Tracking numbers (and parcels) and lines of one confirmation."""


class ConfirmedLine(BaseModel):
    """One line of the delivery."""

    model_config = ConfigDict(extra="forbid")
    line_id: Name
    sku: Name
    ordered: Number | None = Field(None, description="Quantity asked for")
    confirmed: Number = Field(description="Quantity done")
    unit: Name | None = Field(None, description="Unit of both (UN/ECE Recommendation 20)")
    lot: Name | None = None


class PackedParcel(BaseModel):
    """One piece as it was packed."""

    model_config = ConfigDict(extra="forbid")
    parcel_id: Name = Field(description="The warehouse's number of it, such as an SSCC")
    weight_kg: Number
    length_cm: Number | None = None
    width_cm: Number | None = None
    height_cm: Number | None = None


class ConfirmationDocument(BaseModel):
    """A warehouse's confirmation of an ERP delivery. Times carry an offset."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"anyOf": [
            {"required": ["carrier"], "properties": {"carrier": {"type": "string"}}},
            {"properties": {"tracking_numbers": {"maxItems": 0}}},
        ], "examples": [{
            "confirmation_id": "W-5001", "delivery_id": "80001", "warehouse": "WH1", "kind": "shipped",
            "confirmed_at": "2026-09-14T15:30:00+02:00", "carrier": "acme", "tracking_numbers": ["AC123456"],
            "lines": [{"line_id": "10", "sku": "A-1", "ordered": 5, "confirmed": 5, "unit": "C62"}],
        }]},
    )
    confirmation_id: Name
    delivery_id: Name
    order_id: Name | None = None
    warehouse: Name
    kind: Literal["picked", "packed", "shipped", "short"]
    confirmed_at: Timestamp
    carrier: Name | None = Field(None, description="Carrier slug, once the goods are handed over")
    tracking_numbers: list[Name] = Field(default_factory=list, max_length=MOST_NUMBERS)
    lines: list[ConfirmedLine] = Field(default_factory=list, max_length=MOST_LINES)
    parcels: list[PackedParcel] = Field(default_factory=list, max_length=MOST_NUMBERS)


def to_confirmation(document: ConfirmationDocument) -> WmsConfirmation:
    """The confirmation as a record of its topic."""
    carrier = document.carrier
    return WmsConfirmation(
        document.confirmation_id, document.delivery_id, document.order_id, document.warehouse, document.kind,
        milliseconds(document.confirmed_at), None if carrier is None else normalise_carrier(carrier),
        list(document.tracking_numbers),
        [WmsLine(one.line_id, one.sku, one.ordered, one.confirmed, one.unit, one.lot) for one in document.lines],
        [
            WmsParcel(one.parcel_id, one.weight_kg, one.length_cm, one.width_cm, one.height_cm)
            for one in document.parcels
        ],
    )  # fmt: skip


def _wrong(confirmation: WmsConfirmation) -> list[tuple[str, str]]:
    if confirmation.tracking_numbers and not confirmation.carrier:
        return [("carrier", "is due where there are tracking numbers")]
    return []


CONFIRMATIONS = Kind(
    "/v1/wms/confirmations", "wms", WMS_CONFIRMATIONS, ConfirmationDocument, WmsConfirmation, to_confirmation,
    lambda confirmation: confirmation.delivery_id, _wrong, "The warehouse confirms what it picked, packed, shipped",
)
