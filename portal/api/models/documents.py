"""Documents of shipments."""

from __future__ import annotations

from pydantic import Field

from portal.api.models.fields import EXAMPLE_TIME, Document, Moment, example
from streams.kernel.vocabulary import DocumentKind, DocumentOrigin, DocumentStatus


class DocumentOfShipment(Document):
    """A document of a shipment, or the link to one, as it stands."""

    model_config = example(
        document_id="", kind="proof_of_delivery", origin="link", status="waiting", at=EXAMPLE_TIME, media_type="",
        size=0, reason="status 404", attempts=1, next_at=EXAMPLE_TIME, delivery_ids=["80001"],
        order_ids=["4500012345"], link="",
    )
    document_id: str = Field(description="SHA-256 of the content in hex; empty while there is none")
    kind: DocumentKind
    origin: DocumentOrigin
    status: DocumentStatus
    at: Moment = Field(description="Since when it is so")
    media_type: str = Field(description="Found by the content")
    size: int = Field(description="Bytes")
    reason: str = Field(description="Why it waits or was refused")
    attempts: int
    next_at: Moment | None = Field(description="When it is fetched again")
    delivery_ids: list[str]
    order_ids: list[str]
    link: str = Field(description="Signed, good for a limited time; empty while it is not stored")


class DocumentsOfShipment(Document):
    """The documents of a shipment, the newest first."""

    items: list[DocumentOfShipment]
