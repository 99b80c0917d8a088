"""Builds the portal's application: the API, its description, and the routers of the pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from config.version import VERSION
from connectors.gateway import openapi, problems
from connectors.gateway.peers import Forwarded
from connectors.gateway.tracing import Traced
from connectors.read_store.pages import WrongCursor
from portal import metrics
from portal.api import (
    alerts,
    audit,
    bookings,
    dead_letters,
    deliveries,
    feeds,
    figures,
    orders,
    raw,
    reference,
    shipments,
    status,
    stream,
    subscriptions,
)
from portal.api.access import SECURITY
from portal.api.answers import AnswerHeaders
from portal.api.models.bookings import BookingBrief, BookingDecisionTaken, BookingDetail, NewBookingDecision
from portal.api.models.deliveries import DecisionTaken, DeliveryBrief, DeliveryDetail, NewDecision
from portal.api.models.figures import Action, Board, PeriodOfBoard, Score, Scorecard
from portal.api.models.operations import Alert, DeadLetter, Feed, RawMessage, ViewStatus
from portal.api.models.orders import OrderBrief, OrderDetail, Posting
from portal.api.models.shipments import ShipmentBrief, ShipmentDetail, Update
from portal.api.models.subscriptions import Subscription
from portal.api.queries import wrong_cursor
from portal.api.services import PortalServices
from portal.server import health
from streams.kernel.errors import Transient

DESCRIPTION = (
    "Reads what ShipSync knows of shipments, orders, deliveries and alerts. Answers come from a view that follows"
    " Kafka; ShipSync-View-Read-At says how current it is. Lists are paged by cursor, answers carry an ETag, errors are"
    " problem details (RFC 9457), times are RFC 3339 in UTC. Orders, confirmations and actions on alerts go to the"
    " gateway."
)
TAGS = {
    "shipments": "Where shipments are, and how it is known", "orders": "Orders of the ERP",
    "deliveries": "Where deliveries of the ERP stand, what they wait for, and people's decisions",
    "bookings": "Which carrier each released delivery has or is offered to, freight invoices, and people's decisions",
    "alerts": "What needs a person", "feeds": "The ways carriers deliver",
    "dead letters": "Records that could not be used",
    "subscriptions": "Who is told of shipments by e-mail or chat",
    "figures": "Service levels, automation, carriers compared", "audit": "What people and programs did",
    "changes": "Server-sent events", "operation": "Is it there, and how current is it?",
}
DOCUMENTS: list[type[BaseModel]] = [
    ShipmentBrief, ShipmentDetail, Update, OrderBrief, OrderDetail, Posting, DeliveryBrief, DeliveryDetail,
    NewDecision, DecisionTaken, BookingBrief, BookingDetail, NewBookingDecision, BookingDecisionTaken, Alert, Feed,
    DeadLetter, RawMessage, ViewStatus, Board, PeriodOfBoard, Scorecard, Score, Action, Subscription,
]
"""Those with examples: FastAPI leaves out of them what is null."""


def build(services: PortalServices, *, extra_routers: Sequence[APIRouter] = ()) -> FastAPI:
    """The ASGI application. ``extra_routers``: the pages. It closes the services when it ends."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await services.changes.close()
        services.raw.close()
        services.store.close()

    app = FastAPI(
        title="ShipSync API", version=VERSION, description=DESCRIPTION, lifespan=lifespan, docs_url=None,
        redoc_url=None, redirect_slashes=False, license_info={"name": "Apache 2.0", "identifier": "Apache-2.0"},
        openapi_tags=[{"name": name, "description": text} for name, text in TAGS.items()],
    )
    app.openapi_version = "3.1.0"
    # A shipment's key may hold slashes: what hangs on it stands before it.
    for one in (
        raw, shipments, orders, deliveries, bookings, alerts, feeds, dead_letters, figures, audit, subscriptions,
        status, stream, health,
    ):
        app.include_router(one.router(services))
    app.include_router(reference.router())
    for router in extra_routers:
        app.include_router(router)
    problems.install(app)
    _install(app, services)
    openapi.complete(app, DOCUMENTS, SECURITY)
    app.add_middleware(AnswerHeaders)
    app.add_middleware(Forwarded, trusted=services.settings.gateway.trusted_proxies)
    app.add_middleware(Traced, meters=metrics.METERS)
    return app


def _install(app: FastAPI, services: PortalServices) -> None:
    """Make problem documents of what the read model raises."""

    @app.exception_handler(WrongCursor)
    async def of_a_cursor(request: Request, _: WrongCursor) -> JSONResponse:
        return problems.answer(request, wrong_cursor())

    @app.exception_handler(Transient)
    async def of_a_lost_view(request: Request, _: Transient) -> JSONResponse:
        return problems.answer(request, services.view.lost())
