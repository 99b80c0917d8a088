"""Postings for the ERP: which were reversed, and where each is on its way there; and what else ERPs are told."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from portal.pages.templates import PlainErrors
from portal.sign_in.people import Person
from portal.tower.lists import table
from portal.tower.services import TowerServices
from portal.views.deliveries import outcomes_of
from portal.words.times import iso
from streams.kernel.vocabulary import OutboundStatus
from streams.postings.pending import placed
from streams.read_model.project import key_of

MOST_NOTICES = 200
TONES = {
    OutboundStatus.SENT: "good", OutboundStatus.RETRYING: "risk", OutboundStatus.HELD: "late",
    OutboundStatus.GIVEN_UP: "late",
}


def router(services: TowerServices) -> APIRouter:
    """``/tower/postings``."""
    api = APIRouter(route_class=PlainErrors, include_in_schema=False)
    store = services.store

    @api.get("/tower/postings")
    def postings(who: Person = Depends(services.signed_in)) -> Response:
        rows = store.postings()
        customers = services.names({one.posting.customer_id for one in rows})
        return services.show(
            "postings.html", who, "postings", rows=rows, names=customers, key_of=key_of,
            reversed_at={one.posting.reverses: one.told_at for one in rows if one.posting.reverses},
            outcomes=outcomes_of(store, rows), tones=TONES, notices=placed(store.notices(MOST_NOTICES)),
        )

    @api.get("/tower/postings.csv")
    def export(who: Person = Depends(services.signed_in)) -> Response:  # noqa: ARG001
        return table("postings", (
            "told_at", "posting_id", "kind", "delivery_id", "order_id", "customer_id", "carrier", "tracking_number",
            "occurred_at", "reverses",
        ), [
            (
                iso(at), one.posting_id, one.kind, one.delivery_id, one.order_id, one.customer_id, one.carrier,
                one.tracking_number, iso(one.occurred_at), one.reverses,
            )
            for at, one in store.postings()
        ])

    return api
