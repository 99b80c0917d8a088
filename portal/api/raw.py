"""``/v1/shipments/{key}/events/{event_id}/raw``: the raw message behind an event, read from Kafka."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from connectors.gateway.problems import Problem, unavailable
from portal.api.access import Access, secured
from portal.api.answers import answer, described
from portal.api.clients import Client
from portal.api.models.operations import RawMessage
from portal.api.services import PortalServices
from portal.api.shipments import Key, known
from portal.views.freshness import RETRY_AFTER
from streams.kernel.errors import Transient


def router(services: PortalServices) -> APIRouter:
    """The endpoint."""
    api, store = APIRouter(tags=["shipments"]), services.store
    reader = Depends(Access(services, {"raw:read"}))

    @api.get(
        "/v1/shipments/{key:path}/events/{event_id}/raw", operation_id="get_raw_message", response_model=RawMessage,
        summary="The raw message behind an event", responses=described(404), openapi_extra=secured(),
    )
    def raw(
        request: Request, key: Key, event_id: Annotated[str, Path(description="Of the shipment's timeline")],
        client: Client = reader,
    ) -> Response:
        """The message as it was received: text, or base64 where it is no UTF-8. 404 with the code `expired` once Kafka
        keeps it no longer."""
        known(store, key, client.customer)
        told = store.event(key, event_id)
        if told is None or isinstance(told.event, bytes):
            raise Problem(404, "unknown_event", "the shipment has no event of this id")
        source = told.event.source
        try:
            record = services.raw.read(source.topic, source.partition, source.offset)
        except Transient as error:
            raise unavailable("Kafka does not answer", RETRY_AFTER) from error
        if record is None:
            raise Problem(404, "expired", "the raw message is no longer kept")
        text = _text(record.value)
        return answer(request, RawMessage.model_validate({
            "topic": source.topic, "partition": source.partition, "offset": source.offset, "at": record.at,
            "correlation_id": source.correlation_id, "index": source.index, "size": len(record.value), "text": text,
            "base64": None if text is not None else b64encode(record.value).decode(),
        }))

    return api


def _text(value: bytes) -> str | None:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return None
