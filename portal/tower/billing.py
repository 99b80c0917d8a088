"""Billing: deliveries whose confirmation, and so their invoice, waits; and a person's decision about one."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from portal.pages.templates import NoPage, PlainErrors
from portal.sign_in.people import DECIDE_POSTINGS, Person
from portal.tower.doing import done, form_of, reason_in, way_back
from portal.tower.links import delivery_address
from portal.tower.lists import table
from portal.tower.postings import TONES
from portal.tower.sent import SentAction
from portal.tower.services import TowerServices, actor_of
from portal.words.times import iso
from streams.contracts.model import FulfilmentState
from streams.fulfilment.machine import actions_in
from streams.kernel.vocabulary import FulfilmentAction, WaitKind
from streams.postings.pending import placed

LISTS = (
    (WaitKind.PROOF, "Delivered without proof"), (WaitKind.DELIVERY, "Proof without delivery"),
    (WaitKind.PIECES, "Delivered in part"), (WaitKind.QUANTITY, "Shipped short or over"),
    (WaitKind.RETURN, "On their way back"),
)
DONE = {
    FulfilmentAction.RELEASE: "Release", FulfilmentAction.WAIVE: "Waiver", FulfilmentAction.CLOSE: "Closing",
}
WORDS = {
    FulfilmentAction.RELEASE: "Confirm what is delivered now, whatever is missing: the ERP invoices it.",
    FulfilmentAction.WAIVE: "Do without the proof of delivery.",
    FulfilmentAction.CLOSE: "Wait for nothing more: no alert, and no days of grace.",
}


def router(services: TowerServices) -> APIRouter:
    """``/tower/billing`` and ``/tower/billing/DELIVERY``."""
    api = APIRouter(route_class=PlainErrors, include_in_schema=False)
    store = services.store

    @api.get("/tower/billing")
    def billing(who: Person = Depends(services.signed_in)) -> Response:
        lists = [(kind.value, title, store.waiting_deliveries(kind)) for kind, title in LISTS]
        names = services.names({one.customer_id for _, _, rows in lists for one in rows})
        return services.show("billing.html", who, "billing", lists=lists, names=names)

    @api.get("/tower/billing.csv")
    def export(who: Person = Depends(services.signed_in)) -> Response:  # noqa: ARG001
        return table("billing", (
            "delivery_id", "order_id", "customer_id", "phase", "waits_for", "owner", "since", "deadline", "released_at",
            "overdue",
        ), [
            (
                one.delivery_id, one.order_id, one.customer_id, one.phase, one.wait.kind, one.wait.owner,
                iso(one.wait.since), iso(one.wait.deadline), iso(one.wait.released_at), one.wait.overdue,
            )
            for kind, _ in LISTS for one in store.waiting_deliveries(kind) if one.wait is not None
        ])

    @api.get("/tower/billing/{delivery_id:path}")
    def one(delivery_id: str, who: Person = Depends(services.signed_in)) -> Response:
        found = _known(services, delivery_id)
        possible = [(action, WORDS[action]) for action in actions_in(found.phase)]
        return services.show(
            "billing_one.html", who, "billing", one=found, sent=decision_waiting(services, found), possible=possible,
            address=delivery_address(delivery_id),
            notices=placed(services.store.notices_of(delivery_id)), tones=TONES,
            held={fact.fact for fact in found.facts if fact.held},
            name=services.names({found.customer_id})[found.customer_id],
        )

    @api.post("/tower/billing/{delivery_id:path}/{action}")
    async def decide(
        request: Request, delivery_id: str, action: str, who: Person = Depends(services.signed_in)
    ) -> Response:
        form = await form_of(request, who, *DECIDE_POSTINGS)
        known = await done(lambda: _known(services, delivery_id))
        if action not in DONE:
            raise NoPage("There is no such action", "Open the delivery and press the button there.")
        kind, reason, now = FulfilmentAction(action), reason_in(form), services.now()
        await done(lambda: services.actions.decide_delivery(delivery_id, kind, actor_of(who), now, reason))
        services.sent.note(f"delivery:{delivery_id}", _version(known), DONE[kind], who.name, now)
        return RedirectResponse(way_back(form, delivery_address(delivery_id)), 303)

    return api


def decision_waiting(services: TowerServices, one: FulfilmentState) -> SentAction | None:
    """A decision that was sent and is not in effect yet."""
    return services.sent.waiting(f"delivery:{one.delivery_id}", _version(one), services.now())


def _known(services: TowerServices, delivery_id: str) -> FulfilmentState:
    """The delivery. Raises NoPage where nothing is known of it."""
    found = services.store.delivery(delivery_id)
    if found is None:
        near = (("/tower/billing", "Billing"),)
        raise NoPage(f"Nothing is known of delivery {delivery_id}", "No shipment of it was reported.", near)
    return found


def _version(one: FulfilmentState) -> int:
    """A number that a decision changes."""
    return 0 if one.decision is None else one.decision.at
