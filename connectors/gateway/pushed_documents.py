"""``/v1/documents``: takes a document of a shipment, keeps it, and writes to ``shipment.documents.v1`` where."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.settings import Settings
from config.topics import SHIPMENT_DOCUMENTS, Topic
from connectors.documents.keeping import Keeping, Kept
from connectors.documents.scanning import scanner_of
from connectors.documents.store import store_of
from connectors.gateway import bodies
from connectors.gateway.documents import Codecs
from connectors.gateway.fields import Name
from connectors.gateway.openapi import refusals
from connectors.gateway.problems import Problem, invalid, unavailable
from connectors.gateway.services import Services
from connectors.kafka.producer import Record
from streams.contracts.ids import digest, normalise_carrier, normalise_tracking_number, shipment_key
from streams.contracts.model import ShipmentDocument
from streams.documents.content import MEDIA_TYPES
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import DocumentKind, DocumentOrigin, DocumentStatus

SCOPE = "documents"
TAKEN = (*MEDIA_TYPES, "application/octet-stream")


class Contract(NamedTuple):
    """A topic and the Struct of its values."""

    topic: Topic
    struct: type[ShipmentDocument]


CONTRACT = Contract(SHIPMENT_DOCUMENTS, ShipmentDocument)
_BYTES = {"type": "string", "format": "binary"}


class PushedDocument(BaseModel):
    """The shipment a document is of, and what it shows, as the query says."""

    model_config = ConfigDict(extra="forbid")
    carrier: Name = Field(description="Carrier slug", examples=["acme"])
    tracking_number: Name = Field(description="The carrier's own number", examples=["AC123456"])
    kind: Literal["proof_of_delivery", "signature", "photo", "other"] = Field(
        "proof_of_delivery", description="What it shows; other proves no delivery"
    )


def keeping_of(settings: Settings) -> Keeping:
    """The store and the scanner of an installation. Raises SettingsError."""
    return Keeping(store_of(settings), scanner_of(settings), settings.documents.max_bytes)


def router(codecs: Codecs, services: Services, keeping: Keeping | None = None) -> APIRouter:
    """The endpoint. ``keeping``: in place of the settings' store and scanner, which are opened when first needed."""
    api = APIRouter(tags=[SCOPE])
    opened = [] if keeping is None else [keeping]

    def kept_by() -> Keeping:
        if not opened:
            opened.append(keeping_of(services.settings))
        return opened[0]

    @api.post(
        "/v1/documents", status_code=202, operation_id="post_documents", summary="Somebody sends a document",
        responses=refusals(400, 401, 408, 409, 413, 415, 422, 429, 503),
        openapi_extra={
            "security": [{"key": []}], "parameters": _parameters(),
            "requestBody": {"required": True, "content": {one: {"schema": _BYTES} for one in TAKEN}},
        },
    )
    async def post(request: Request) -> JSONResponse:
        """Take the document as the body, byte for byte. Its type is found by its content. The response comes once it is
        kept and Kafka has where; the same document of the same shipment again is a repeat."""
        limits = services.admitted(request, SCOPE)
        bodies.check_kind(request, TAKEN)
        named = _named(request)
        received_at = int(services.now() * 1000)
        with services.slot(request, SCOPE, proven=True) as slot:
            body = await bodies.read(request, services.settings.documents.max_bytes, services.slots, slot)

            async def take() -> dict[str, Any]:
                try:
                    kept = await kept_by().take(body)
                except Transient as error:
                    raise unavailable(f"not taken: {error}", services.retry_after) from error
                if kept.refused:
                    raise Problem(422, "no_document", kept.refused)
                document = _document(named, kept, received_at)
                codec = await codecs.of(CONTRACT, services.retry_after)
                key = shipment_key(document.carrier, document.tracking_number)
                (place,) = await services.write([Record(SHIPMENT_DOCUMENTS.name, key.encode(), codec.encode(document))])
                return {
                    "key": key, "document_id": kept.document_id, "media_type": kept.media_type, "size": kept.size,
                    **place._asdict(),
                }

            return await services.once(request, SCOPE, request.url.query.encode() + b"\n" + body, 202, limits, take)

    return api


def _document(named: PushedDocument, kept: Kept, received_at: int) -> ShipmentDocument:
    carrier, number = normalise_carrier(named.carrier), normalise_tracking_number(named.tracking_number)
    return ShipmentDocument(
        digest("pushed document", carrier, number, kept.document_id), carrier, number, DocumentKind(named.kind),
        DocumentOrigin.PUSHED, DocumentStatus.STORED, received_at, received_at, kept.document_id, kept.media_type,
        kept.size, kept.store_key,
    )


def _named(request: Request) -> PushedDocument:
    """The query. Raises Problem 422 with each wrong parameter."""
    try:
        return PushedDocument.model_validate(dict(request.query_params))
    except ValidationError as error:
        raise invalid([
            {"pointer": f"/{one['loc'][0] if one['loc'] else ''}", "detail": f"query: {one['msg']}"}
            for one in error.errors(include_url=False, include_context=False)
        ]) from None


def _parameters() -> list[dict[str, Any]]:
    schema = PushedDocument.model_json_schema()
    return [
        {
            "name": name, "in": "query", "required": name in schema["required"],
            "description": one.pop("description"), "schema": {key: it for key, it in one.items() if key != "title"},
        }
        for name, one in schema["properties"].items()
    ]
