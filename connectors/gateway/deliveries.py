"""``/v1/deliveries``: writes the deliveries that the ERP releases to the warehouse to ``delivery.releases.v1``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from config.topics import DELIVERY_RELEASES
from connectors.gateway.documents import Kind
from connectors.gateway.fields import Label, Name, Number, Timestamp
from connectors.gateway.orders import milliseconds
from streams.contracts.bookings import DeliveryRelease, Party, ReleasedLine

MOST_LINES = 10_000
Country = Annotated[str, Field(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2")]


class Recipient(BaseModel):
    """Who receives the goods, and where."""

    model_config = ConfigDict(extra="forbid")
    name: Name
    street: Name
    city: Name
    postal_code: Label = ""
    country: Country
    region: Label = Field("", description="State or province")
    phone: Label = ""
    email: Label = ""


class DeliveryLine(BaseModel):
    """One line of the delivery."""

    model_config = ConfigDict(extra="forbid")
    line_id: Name
    sku: Name
    quantity: Number = Field(description="Quantity to deliver")
    unit: Name | None = Field(None, description="UN/ECE Recommendation 20")


class DeliveryDocument(BaseModel):
    """An ERP delivery as it is released to the warehouse, or cancelled. Times carry an offset."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "delivery_id": "80001", "order_id": "SO-1001", "customer_id": "C-77", "status": "released",
        "updated_at": "2026-09-14T10:00:00Z", "warehouse": "WH1",
        "ship_to": {"name": "Ada Lovelace", "street": "Ring 5", "city": "Wien", "postal_code": "1010", "country": "AT"},
        "lines": [{"line_id": "10", "sku": "A-1", "quantity": 5, "unit": "C62"}],
    }]})
    delivery_id: Name
    order_id: Name
    customer_id: Name
    status: Literal["released", "cancelled"]
    updated_at: Timestamp = Field(description="When the ERP changed it; the newest counts")
    warehouse: Name
    ship_to: Recipient
    lines: list[DeliveryLine] = Field(
        default_factory=list, max_length=MOST_LINES, description="Quantities of lines with the same number are added up"
    )
    service: Label = Field("", description="The carrier service that was sold; empty: any")
    ship_on: Timestamp | None = Field(None, description="When it is to leave")
    promised_delivery_at: Timestamp | None = None


def to_release(document: DeliveryDocument) -> DeliveryRelease:
    """The delivery as a record of its topic."""
    ships, promised = document.ship_on, document.promised_delivery_at
    return DeliveryRelease(
        document.delivery_id, document.order_id, document.customer_id, document.status,
        milliseconds(document.updated_at), document.warehouse, Party(**document.ship_to.model_dump()),
        [ReleasedLine(one.line_id, one.sku, one.quantity, one.unit) for one in document.lines], document.service,
        None if ships is None else milliseconds(ships), None if promised is None else milliseconds(promised),
    )  # fmt: skip


DELIVERIES = Kind(
    "/v1/deliveries", "orders", DELIVERY_RELEASES, DeliveryDocument, DeliveryRelease, to_release,
    lambda release: release.delivery_id, lambda _: [], "The ERP releases a delivery to the warehouse, or cancels it",
    "post_deliveries",
)
