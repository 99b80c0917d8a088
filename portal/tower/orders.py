"""Orders, and one order with its shipments, postings and what its customer was told."""

from __future__ import annotations

from typing import NamedTuple

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from connectors.read_store.pages import Page
from connectors.read_store.reader import ReadStore
from portal.pages.templates import NoPage, PlainErrors, query
from portal.sign_in.people import Person
from portal.tower.billing import WORDS, decision_waiting
from portal.tower.links import delivery_address, order_address
from portal.tower.lists import ROWS, every, given, table, with_cursor
from portal.tower.saved import bar
from portal.tower.sent import SentAction
from portal.tower.services import TowerServices
from portal.views.deliveries import DeliveryView, outcomes_of, view_of
from portal.words.customers import sentence
from portal.words.terms import TONES
from portal.words.times import iso
from streams.contracts.model import FulfilmentState, OrderState
from streams.fulfilment.machine import actions_in
from streams.read_model.project import key_of
from streams.read_model.rows import alike

FILTERS = ("customer",)


class ShownDelivery(NamedTuple):
    """A delivery of an order's page. ``actions``: decisions its phase allows, with what each does; ``sent``: a decision
    that is not in effect yet."""

    view: DeliveryView
    actions: list[tuple[str, str]]
    address: str
    sent: SentAction | None


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
        postings = store.postings(order=order_id)
        documents = [
            one for state in shipments for one in store.documents_of(key_of(state.carrier, state.tracking_number))
            if order_id in one.order_ids
        ]
        return services.show(
            "order.html", who, "orders", order=found, shipments=shipments, key_of=key_of, tones=TONES,
            name=services.names({found.customer_id})[found.customer_id], postings=postings,
            outcomes=outcomes_of(store, postings), here=order_address(order_id),
            deliveries=[_delivery(services, one) for one in store.deliveries_of(order_id)],
            documents=[(one, "" if services.documents is None else services.documents.link(one)) for one in documents],
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


def _delivery(services: TowerServices, one: FulfilmentState) -> ShownDelivery:
    return ShownDelivery(
        view_of(one), [(action.value, WORDS[action]) for action in actions_in(one.phase)],
        delivery_address(one.delivery_id), decision_waiting(services, one),
    )
