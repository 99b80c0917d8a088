"""All pages of the tower as one router."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse

from portal.live import page_events
from portal.pages.templates import NoPage, PlainErrors
from portal.sign_in.people import Person
from portal.tower import (
    acting,
    audit,
    billing,
    board,
    bookings,
    feeds,
    held,
    letters,
    notifications,
    orders,
    outbox,
    postings,
    raw,
    references,
    replay,
    saved,
    scorecard,
    shipments,
    stack,
    worklist,
)
from portal.tower.services import TowerServices

PAGES: Mapping[str, str] = {
    "shipments": "Shipments", "orders": "Orders", "feeds": "Feeds", "carriers": "Carriers", "board": "Service levels",
    "dead-letters": "Dead letters", "references": "References", "held": "Held deliveries",
    "bookings": "Bookings",
    "billing": "Billing", "postings": "ERP postings", "notifications": "Notifications", "audit": "Audit",
}
"""The pages that an address that leads nowhere may mean."""


def router(services: TowerServices) -> APIRouter:
    """``/tower`` and everything below."""
    api = APIRouter(route_class=PlainErrors, include_in_schema=False)
    for one in (
        worklist, acting, shipments, orders, feeds, scorecard, board, letters, replay, references, held,
        bookings, billing, postings, notifications, audit, raw, saved, outbox, stack,
    ):
        api.include_router(one.router(services))

    @api.get("/tower/stream")
    async def stream(request: Request, who: Person = Depends(services.signed_in)) -> StreamingResponse:  # noqa: ARG001
        last = request.headers.get("last-event-id", "")
        after = int(last) if last.isascii() and last.isdigit() and len(last) < 19 else None
        return StreamingResponse(
            page_events.stream(services.changes, after), media_type="text/event-stream", headers=page_events.HEADERS
        )

    @api.get("/tower/{rest:path}")
    def other(rest: str, who: Person = Depends(services.signed_in)) -> Response:  # noqa: ARG001
        near = get_close_matches(rest.split("/")[0], PAGES, 2)
        links = tuple((f"/tower/{one}", PAGES[one]) for one in near)
        raise NoPage("There is no such page", "Check the address.", (*links, ("/tower", "Work list")))

    return api
