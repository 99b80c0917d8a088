"""Fields that documents share."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from portal.words.times import rfc_3339

T = TypeVar("T")
EXAMPLE_TIME = "2026-09-21T14:13:20.000Z"


def _written(value: Any) -> Any:
    return rfc_3339(value) if isinstance(value, int) else value


Moment = Annotated[str, BeforeValidator(_written), Field(json_schema_extra={
    "format": "date-time", "examples": [EXAMPLE_TIME],
})]
"""A time as RFC 3339 in UTC with milliseconds; made of UTC milliseconds."""


class Document(BaseModel):
    """Part of an answer. It can be made of a Struct: the fields of the same names are taken."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class PageOf(Document, Generic[T]):
    """One page of a list. ``next``: the cursor of the page after it; null on the last."""

    items: list[T]
    next: str | None = Field(description="Give it as cursor for the next page; null on the last")


class Place(Document):
    """A place as the carrier names it."""

    name: str | None
    city: str | None
    region: str | None
    postal_code: str | None
    country: str | None = Field(description="ISO 3166-1 alpha-2")
    unlocode: str | None
    latitude: float | None = Field(description="WGS 84 degrees")
    longitude: float | None


class Number(Document):
    """Another number the shipment is known by."""

    type: str = Field(description="po, bol, pro, sscc, container, ...")
    value: str
    carrier: str | None = Field(description="Whose tracking number it is, where it is another carrier's")


class Proof(Document):
    """Proof of delivery."""

    signed_by: str | None
    left_at: str | None
    document_url: str | None


class Value(Document):
    """A value in one currency."""

    currency: str = Field(description="ISO 4217; empty where the ERP names none")
    amount: float


def example(**members: Any) -> ConfigDict:
    """The configuration of a document with this example."""
    return ConfigDict(json_schema_extra={"examples": [members]})
