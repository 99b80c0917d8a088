"""``/v1/orders``: lists, and one order with its shipments and postings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from connectors.gateway.orders import milliseconds
from connectors.gateway.problems import Problem
from connectors.read_store.reader import ReadStore
from portal.api.access import Access, secured
from portal.api.answers import answer, described
from portal.api.clients import Client
from portal.api.models.fields import PageOf
from portal.api.models.orders import OrderBrief, OrderDetail
from portal.api.models.shipments import brief
from portal.api.queries import Orders, customer_of
from portal.api.services import PortalServices
from portal.api.shipments import posted
from portal.views.own import as_told, own_state
from streams.contracts.model import OrderState

SCOPE = "orders:read"


def router(services: PortalServices) -> APIRouter:
    """The endpoints."""
    api, store = APIRouter(tags=["orders"]), services.store
    reader = Depends(Access(services, {SCOPE}))

    @api.get(
        "/v1/orders", operation_id="list_orders", summary="Orders", response_model=PageOf[OrderBrief],
        responses=described(paged=True), openapi_extra=secured(),
    )
    def orders(request: Request, wanted: Orders, client: Client = reader) -> Response:
        """The last changed first."""
        page = store.orders(
            wanted.limit, wanted.cursor, customer_of(client, wanted.customer),
            None if wanted.since is None else milliseconds(wanted.since),
        )
        items = [OrderBrief.model_validate(one) for one in page.rows]
        return answer(request, PageOf[OrderBrief](items=items, next=page.next), page.next)

    @api.get(
        "/v1/orders/{order_id:path}", operation_id="get_order", summary="One order", response_model=OrderDetail,
        responses=described(404), openapi_extra=secured(),
    )
    def order(
        request: Request, order_id: Annotated[str, Path(description="The order's number in the ERP")],
        client: Client = reader,
    ) -> Response:
        """Its newest version, with the shipments it claims and its postings."""
        found = store.order(order_id, client.customer)
        if found is None:
            raise Problem(404, "unknown_order", "there is no order of this number")
        return answer(request, whole_order(store, found, client.customer))

    return api


def whole_order(store: ReadStore, found: OrderState, customer: str | None = None) -> OrderDetail:
    """The document of an order, as the customer may see it."""
    postings = [
        one for one in store.postings(order=found.order_id) if customer in (None, one.posting.customer_id)
    ]
    return OrderDetail.model_validate({
        **OrderBrief.model_validate(found).model_dump(),
        "shipments": [
            brief(as_told(store, own_state(one, customer), customer))
            for one in store.shipments_of(found.order_id, customer)
        ],
        "postings": [posted(one.told_at, one.posting) for one in postings],
    })
