"""Shipments: the list with its filters, the search by any number, and all there is about one shipment."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from connectors.read_store.actions import ActionFilter
from connectors.read_store.pages import Page
from connectors.read_store.reader import AlertFilter, Found
from connectors.read_store.shipment_lists import ShipmentFilter
from portal.pages.templates import NoPage, PlainErrors, query
from portal.sign_in.people import Person
from portal.tower.acting import SNOOZES
from portal.tower.estimates import WIDTH, marks
from portal.tower.links import order_address, shipment_address
from portal.tower.lists import ROWS, every, given, table, with_cursor
from portal.tower.saved import bar
from portal.tower.services import TowerServices
from portal.tower.timeline import entries
from portal.tower.worklist import items
from portal.views.own import judged
from portal.words.customers import sentence
from portal.words.terms import TONES
from portal.words.times import iso
from streams.contracts.model import OutboundOutcome, ShipmentState
from streams.kernel.vocabulary import ExceptionType, Punctuality, Status
from streams.read_model.project import key_of

FILTERS = ("carrier", "status", "punctuality", "exception", "customer")
COLUMNS = (
    "carrier", "tracking_number", "status", "status_at", "punctuality", "promised_delivery_at",
    "estimated_delivery_at", "delivered_at", "signed_by", "open_exceptions", "orders", "last_event_at",
)
MOST_ALERTS, MOST_ACTIONS = 20, 50


def router(services: TowerServices) -> APIRouter:
    """``/tower/shipments`` and ``/tower/shipments/KEY``."""
    api = APIRouter(route_class=PlainErrors, include_in_schema=False)
    store = services.store

    def read(filters: dict[str, str | None], cursor: str | None) -> Page[ShipmentState]:
        customer = filters["customer"]
        page = store.shipments(ShipmentFilter(
            filters["carrier"], filters["status"], filters["punctuality"], filters["exception"], None, customer,
        ), ROWS, cursor)
        return page._replace(rows=[judged(one, customer) for one in page.rows])

    @api.get("/tower/shipments")
    def shipments(request: Request, who: Person = Depends(services.signed_in)) -> Response:
        sought = request.query_params.get("q", "").strip()
        if sought:
            return _found(services, who, sought)
        filters = given(request, FILTERS)
        page = read(filters, request.query_params.get("cursor"))
        return services.show(
            "shipments.html", who, "shipments", rows=page.rows, filters=filters, tones=TONES, key_of=key_of,
            names=services.names({order.customer_id for one in page.rows for order in one.orders}),
            carriers=list(store.carriers()), statuses=list(Status),
            punctualities=list(Punctuality), exceptions=list(ExceptionType)[1:],
            more=query(with_cursor(filters, page.next)) if page.next else "", export=query(filters),
            saved=bar(services, who, "shipments", filters),
        )

    @api.get("/tower/shipments.csv")
    def export(request: Request, who: Person = Depends(services.signed_in)) -> Response:  # noqa: ARG001
        filters = given(request, FILTERS)
        read(filters, None)
        return table("shipments", COLUMNS, map(_row, every(lambda cursor: read(filters, cursor))))

    @api.get("/tower/shipments/{key:path}")
    def shipment(key: str, who: Person = Depends(services.signed_in)) -> Response:
        state = store.shipment(key)
        if state is None:
            near = tuple((shipment_address(one), one) for one in store.nearest(key))
            raise NoPage(f"There is no shipment {key}", "Search for the number if the carrier is not known.", near)
        alerts = store.alerts(AlertFilter(True, shipment=key), MOST_ALERTS).rows
        words = store.words(key)
        notified: dict[str, list[OutboundOutcome]] = {}
        for one in store.notifications_of(key):
            notified.setdefault(one.source_id, []).append(one)
        customers = {one.customer_id for one in state.orders} | {one.word.customer_id for one in words}
        return services.show(
            "shipment.html", who, "shipments", key=key, state=state, tone=TONES[state.punctuality],
            entries=entries(store.events(key), words, store.postings(shipment=key)), names=services.names(customers),
            items=items(services, alerts), snoozes=SNOOZES, here=shipment_address(key), marks=marks(state),
            width=WIDTH, sentence=sentence, notified=notified,
            actions=store.actions(ActionFilter(subject=key), MOST_ACTIONS).rows, documents=[
                (one, "" if services.documents is None else services.documents.link(one))
                for one in store.documents_of(key)
            ],
        )

    return api


def _row(one: ShipmentState) -> tuple[object, ...]:
    return (
        one.carrier, one.tracking_number, one.status, iso(one.status_at), one.punctuality,
        iso(one.promised_delivery_at), iso(one.estimated_delivery_at), iso(one.delivered_at), one.signed_by,
        " ".join(one.open_exceptions), " ".join(order.order_id for order in one.orders), iso(one.last_event_at),
    )


def _found(services: TowerServices, who: Person, sought: str) -> Response:
    found = services.store.find(sought)
    keys = list(dict.fromkeys(one.key for one in found))
    if not keys and services.store.order(sought) is not None:
        return RedirectResponse(order_address(sought), 303)
    if len(keys) == 1:
        return RedirectResponse(shipment_address(keys[0]), 303)
    by: dict[str, list[Found]] = {}
    for one in found:
        by.setdefault(one.key, []).append(one)
    states = {one: services.store.shipment(one) for one in keys}
    return services.show(
        "found.html", who, "shipments", sought=sought, found=by, states=states, tones=TONES,
        near=[] if found else services.store.near_numbers(sought),
    )
