"""``/v1/shipments``: lists, search by any number, and one shipment whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from msgspec import structs

from connectors.gateway.orders import milliseconds
from connectors.gateway.problems import Problem
from connectors.read_store.reader import Found, ReadStore, ToldEvent
from connectors.read_store.shipment_lists import ShipmentFilter
from portal.api.access import Access, secured
from portal.api.answers import answer, described
from portal.api.clients import Client
from portal.api.models.documents import DocumentOfShipment, DocumentsOfShipment
from portal.api.models.fields import PageOf
from portal.api.models.orders import Posting, Postings
from portal.api.models.shipments import (
    ShipmentBrief,
    ShipmentDetail,
    TimelineEvent,
    Update,
    Updates,
    brief,
    detail,
    sources_of,
)
from portal.api.queries import Shipments, customer_of
from portal.api.services import PortalServices
from portal.tracking.documents import own_documents
from portal.views.own import as_told, is_shared, judged, own_event, own_links, own_numbers, own_state
from streams.contracts.model import ShipmentDocument, ShipmentState
from streams.kernel.vocabulary import ExceptionType, Milestone

SCOPE = "shipments:read"
Key = Annotated[str, Path(description="CARRIER:REFERENCE", examples=["acme:AC123456"])]


def router(services: PortalServices) -> APIRouter:
    """The endpoints."""
    api, reader = APIRouter(tags=["shipments"]), Depends(Access(services, {SCOPE}))
    _add_lists(api, services.store, reader)
    _add_what_hangs_on_one(api, services.store, reader)
    _add_documents(api, services, reader)
    _add_one(api, services.store, reader)
    return api


def _add_lists(api: APIRouter, store: ReadStore, reader: Any) -> None:

    @api.get(
        "/v1/shipments", operation_id="list_shipments", summary="Shipments, or search by any number",
        response_model=PageOf[ShipmentBrief], responses=described(paged=True), openapi_extra=secured(),
    )
    def shipments(request: Request, wanted: Shipments, client: Client = reader) -> Response:
        """The last changed first. With `q`: those that the number leads to, 50 at most, on one page; `found_by` says
        which kind of number it was. A number that is known as it is counts before those that begin so."""
        asked = ShipmentFilter(
            wanted.carrier, wanted.status, wanted.punctuality, wanted.exception,
            None if wanted.since is None else milliseconds(wanted.since), customer_of(client, wanted.customer),
        )
        if wanted.q is not None:
            found = _found(store, wanted.q, asked, client.customer)
            return answer(request, PageOf[ShipmentBrief](items=found, next=None))
        page = store.shipments(asked, wanted.limit, wanted.cursor)
        own = [
            as_told(store, own_state(judged(one, asked.customer), client.customer), client.customer)
            for one in page.rows
        ]
        items = [brief(one) for one in own]
        return answer(request, PageOf[ShipmentBrief](items=items, next=page.next), page.next)


def _add_what_hangs_on_one(api: APIRouter, store: ReadStore, reader: Any) -> None:

    @api.get(
        "/v1/shipments/{key:path}/postings", operation_id="list_shipment_postings", summary="A shipment's postings",
        response_model=Postings, responses=described(404), openapi_extra=secured(),
    )
    def postings(request: Request, key: Key, client: Client = reader) -> Response:
        """The postings for the ERP, the newest first."""
        known(store, key, client.customer)
        return answer(request, postings_of(store, key, client.customer))

    @api.get(
        "/v1/shipments/{key:path}/updates", operation_id="list_shipment_updates", response_model=Updates,
        summary="What a shipment's customers were told", responses=described(404), openapi_extra=secured(),
    )
    def updates(request: Request, key: Key, client: Client = reader) -> Response:
        """The customer updates in the order they were sent; a correction stands beside the one it corrects."""
        known(store, key, client.customer)
        return answer(request, updates_of(store, key, client.customer))


def _add_documents(api: APIRouter, services: PortalServices, reader: Any) -> None:

    @api.get(
        "/v1/shipments/{key:path}/documents", operation_id="list_shipment_documents", summary="A shipment's documents",
        response_model=DocumentsOfShipment, responses=described(404), openapi_extra=secured(),
    )
    def documents(request: Request, key: Key, client: Client = reader) -> Response:
        """Proofs of delivery and other papers, the newest first, each with a link that is good for a limited time. A
        customer's key sees what is stored of its own deliveries."""
        state = known(services.store, key, client.customer)
        found = services.store.documents_of(key)
        if client.customer is not None:
            found = own_documents(found, state.orders, client.customer)
        return answer(request, DocumentsOfShipment(items=[_document(one, state, services, client) for one in found]))


def _document(
    one: ShipmentDocument, state: ShipmentState, services: PortalServices, client: Client
) -> DocumentOfShipment:
    """The document as the client may see it: of deliveries and orders its own alone."""
    if client.customer is not None:
        own = [order for order in state.orders if order.customer_id == client.customer]
        deliveries, orders = {order.delivery_id for order in own}, {order.order_id for order in own}
        one = structs.replace(
            one, delivery_ids=[it for it in one.delivery_ids if it in deliveries],
            order_ids=[it for it in one.order_ids if it in orders],
        )
    link = "" if services.documents is None else services.documents.whole_link(one)
    return DocumentOfShipment.model_validate({**_named(DocumentOfShipment, one), "link": link})


def _add_one(api: APIRouter, store: ReadStore, reader: Any) -> None:

    @api.get(
        "/v1/shipments/{key:path}", operation_id="get_shipment", summary="One shipment, whole",
        response_model=ShipmentDetail, responses=described(404), openapi_extra=secured(),
    )
    def shipment(request: Request, key: Key, client: Client = reader) -> Response:
        """Its state, promises and estimates, links, sources, and timeline."""
        return answer(request, whole(store, key, known(store, key, client.customer), client.customer))


def whole(store: ReadStore, key: str, state: ShipmentState, customer: str | None = None) -> ShipmentDetail:
    """The document of a shipment, as the customer may see it."""
    shared = is_shared(state, customer)
    own, events = as_told(store, own_state(state, customer), customer), store.events(key)
    if own.status is not state.status:
        events = [one for one in events if not _is_of_delivery(one)]
    return detail(
        own, own_links(store, state.part_of, customer),
        own_links(store, state.parts, customer), [_told(one, shared) for one in events],
        sources_of([own_event(one.event, shared) for one in events]),
    )


def postings_of(store: ReadStore, key: str, customer: str | None = None) -> Postings:
    """The postings about a shipment, the newest first."""
    return Postings(items=[
        posted(one.told_at, one.posting) for one in store.postings(shipment=key)
        if customer in (None, one.posting.customer_id)
    ])


def updates_of(store: ReadStore, key: str, customer: str | None = None) -> Updates:
    """The customer updates about a shipment, in the order they were sent."""
    return Updates(items=[
        Update.model_validate({**_named(Update, one.word), "told_at": one.told_at})
        for one in store.words(key, customer)
    ])


def known(store: ReadStore, key: str, customer: str | None) -> ShipmentState:
    """The shipment. Raises Problem 404, which names near keys that the customer may see."""
    state = store.shipment(key, customer)
    if state is not None:
        return state
    near = [one for one in store.nearest(key) if customer is None or store.shipment(one, customer) is not None]
    raise Problem(
        404, "unknown_shipment", "there is no shipment of this key (CARRIER:REFERENCE)", members={"nearest": near}
    )


def posted(told_at: int, posting: object) -> Posting:
    """The document of a posting."""
    return Posting.model_validate({**_named(Posting, posting), "told_at": told_at})


def _found(store: ReadStore, number: str, wanted: ShipmentFilter, customer: str | None) -> list[ShipmentBrief]:
    leads: dict[str, list[Found]] = {}
    for one in store.find(number, wanted.customer):
        leads.setdefault(one.key, []).append(one)
    items = []
    for key, found in leads.items():
        state = store.shipment(key, wanted.customer)
        if state is None:
            continue
        by = own_numbers(found, state, customer)
        own = as_told(store, own_state(judged(state, wanted.customer), customer), customer)
        if by and _fits(own, wanted):
            items.append(brief(own, sorted({one.kind for one in by})))
    return items


def _fits(state: ShipmentState, wanted: ShipmentFilter) -> bool:
    opened = state.open_exceptions[0] if state.open_exceptions else ExceptionType.NONE
    pairs: Sequence[tuple[object, object]] = (
        (wanted.carrier, state.carrier), (wanted.status, state.status), (wanted.punctuality, state.punctuality),
        (wanted.exception, opened),
    )
    return all(asked in (None, given) for asked, given in pairs) and (
        wanted.since is None or state.updated_at >= wanted.since
    )


def _is_of_delivery(one: ToldEvent) -> bool:
    """Whether the event says that the shipment is delivered, or proves it."""
    event = one.event.event
    assert not isinstance(event, bytes), "the read model holds whole events"
    return event.milestone in (Milestone.DELIVERED, Milestone.POD_RECEIVED) or event.proof_of_delivery is not None


def _told(one: ToldEvent, shared: bool) -> TimelineEvent:
    event = own_event(one.event, shared)
    return TimelineEvent.model_validate({
        **_named(TimelineEvent, event), "told_at": one.told_at, "status": one.event.status, "late": one.event.late,
        "same_as": one.event.same_as,
    })


def _named(kind: type[TimelineEvent | Posting | Update | DocumentOfShipment], value: object) -> dict[str, object]:
    return {name: getattr(value, name) for name in kind.model_fields if hasattr(value, name)}
