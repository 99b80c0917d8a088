"""Messages to customers' endpoints: which wait, which are tried again and why, which were sent or refused."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from connectors.read_store.notifications import PENDING, NotificationFilter
from connectors.read_store.pages import Page
from portal.pages.templates import PlainErrors, query
from portal.sign_in.people import Person, Role
from portal.tower.doing import done, form_of, way_back
from portal.tower.lists import ROWS, every, given, table, with_cursor
from portal.tower.saved import bar
from portal.tower.services import TowerServices, actor_of
from portal.words.times import iso
from streams.contracts.model import OutboundOutcome
from streams.kernel.outbound_vocabulary import OutboundStatus
from streams.read_model.project import order_and_shipment

AGAIN = frozenset({OutboundStatus.SENT, OutboundStatus.REFUSED})
"""Messages that a person may have sent once more."""
FILTERS = ("status", "customer")
TONES = {
    OutboundStatus.SENT: "good", OutboundStatus.RETRYING: "risk", OutboundStatus.REFUSED: "late",
}


def router(services: TowerServices) -> APIRouter:
    """``/tower/notifications``."""
    api = APIRouter(route_class=PlainErrors, include_in_schema=False)
    store = services.store

    def read(filters: dict[str, str | None], cursor: str | None) -> Page[OutboundOutcome]:
        return store.notifications(NotificationFilter(filters["status"], filters["customer"]), ROWS, cursor)

    @api.get("/tower/notifications")
    def notifications(request: Request, who: Person = Depends(services.signed_in)) -> Response:
        filters = given(request, FILTERS)
        page = read(filters, request.query_params.get("cursor"))
        return services.show(
            "notifications.html", who, "notifications", rows=page.rows, filters=filters, tones=TONES,
            again=AGAIN,
            place_of=order_and_shipment, statuses=[PENDING, *OutboundStatus],
            names=services.names({one.owner for one in page.rows}),
            more=query(with_cursor(filters, page.next)) if page.next else "", export=query(filters),
            saved=bar(services, who, "notifications", filters),
        )

    @api.get("/tower/notifications.csv")
    def export(request: Request, who: Person = Depends(services.signed_in)) -> Response:  # noqa: ARG001
        filters = given(request, FILTERS)
        read(filters, None)
        return table("notifications", (
            "message_id", "customer", "type", "correction", "status", "since", "attempts", "next_at", "code", "detail",
            "destination", "order_and_shipment", "queued_at",
        ), (
            (
                one.message_id, one.owner, one.kind, one.correction, one.status, iso(one.at), one.attempts,
                iso(one.next_at), one.code, one.detail, one.destination, one.queue, iso(one.queued_at),
            )
            for one in every(lambda cursor: read(filters, cursor))
        ))

    @api.post("/tower/notifications/{message_id}/again")
    async def send_again(
        request: Request, message_id: str, who: Person = Depends(services.signed_in)
    ) -> RedirectResponse:
        form = await form_of(request, who, Role.OPERATOR)
        customer = form.get("customer", "")
        await done(lambda: services.actions.send_again(message_id, customer, actor_of(who), services.now()))
        return RedirectResponse(way_back(form, "/tower/notifications"), 303)

    return api
