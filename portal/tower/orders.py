"""Orders, and one order with its shipments, postings and what its customer was told."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from connectors.read_store.pages import Page
from connectors.read_store.reader import ReadStore
from portal.pages.templates import NoPage, PlainErrors, query
from portal.sign_in.people import Person
from portal.tower.links import order_address
from portal.tower.lists import ROWS, every, given, table, with_cursor
from portal.tower.order_deliveries import deliveries_of, further_documents, waits_of
from portal.tower.saved import bar
from portal.tower.services import TowerServices
from portal.views.deliveries import outcomes_of
from portal.words.customers import sentence
from portal.words.terms import TONES
from portal.words.times import iso
from streams.contracts.model import OrderState
from streams.read_model.project import key_of
from streams.read_model.rows import alike

FILTERS = ("customer",)


def router(services: TowerServices) -> APIRouter:
    """``/tower/orders`` and ``/tower/orders/NUMBER``."""
    api = APIRouter(route_class=PlainErrors, include_in_schema=False)
    store = services.store

    def read(filters: dict[str, str | None], cursor: str | None) -> Page[OrderState]:
        return store.orders(ROWS, cursor, filters["customer"])

    @api.get("/tower/orders")
    def orders(request: Request, who: Person = Depends(services.signed_in)) -> Response:
        filters = given(request, FILTERS)
        page = read(filters, request.query_params.get("cursor"))
        return services.show(
            "orders.html", who, "orders", rows=page.rows, filters=filters,
            names=services.names({one.customer_id for one in page.rows}),
            more=query(with_cursor(filters, page.next)) if page.next else "", export=query(filters),
            saved=bar(services, who, "orders", filters),
        )

    @api.get("/tower/orders.csv")
    def export(request: Request, who: Person = Depends(services.signed_in)) -> Response:  # noqa: ARG001
        filters = given(request, FILTERS)
        read(filters, None)
        return table("orders", (
            "order_id", "customer_id", "status", "promised_delivery_at", "updated_at", "order_value", "currency",
        ), (
            (
                one.order_id, one.customer_id, one.status, iso(one.promised_delivery_at), iso(one.updated_at),
                one.order_value, one.currency,
            )
            for one in every(lambda cursor: read(filters, cursor))
        ))

    @api.get("/tower/orders/{order_id:path}")
    def order(order_id: str, who: Person = Depends(services.signed_in)) -> Response:
        found = store.order(order_id)
        if found is None:
            raise _no_order(store, order_id)
        shipments = store.shipments_of(order_id)
        told = [
            one for state in shipments
            for one in store.words(key_of(state.carrier, state.tracking_number), found.customer_id)
            if one.word.order_id == order_id
        ]
        postings, deliveries = store.postings(order=order_id), deliveries_of(services, order_id)
        return services.show(
            "order.html", who, "orders", order=found, shipments=shipments, key_of=key_of, tones=TONES,
            name=services.names({found.customer_id})[found.customer_id], postings=postings,
            outcomes=outcomes_of(store, postings), here=order_address(order_id),
            deliveries=deliveries,
            waits=waits_of(services, deliveries, [key_of(one.carrier, one.tracking_number) for one in shipments]),
            documents=further_documents(services, deliveries, shipments, order_id),
            told=sorted(told, key=lambda one: -one.told_at), sentence=sentence,
        )

    return api


def _no_order(store: ReadStore, order_id: str) -> NoPage:
    near = {
        link.order_id for one in store.near_numbers(order_id) if (state := store.shipment(one.key)) is not None
        for link in state.orders if alike(link.order_id, order_id) > len(order_id) // 2
    }
    return NoPage(
        f"There is no order {order_id}", "The ERP has not sent it, or under another number.",
        (*((order_address(one), one) for one in sorted(near)), ("/tower/orders", "All orders")),
    )
