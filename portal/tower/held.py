"""Deliveries that are held back from customers and the ERP because they are doubtful, and a person's word on one."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from connectors.read_store.reader import AlertFilter
from portal.pages.templates import NoPage, PlainErrors
from portal.sign_in.people import DECIDE_DELIVERIES, Person
from portal.tower.doing import MOST_NOTE, done, done_here, form_of, reason_in
from portal.tower.lists import every, table
from portal.tower.sent import SentAction
from portal.tower.services import TowerServices, actor_of
from portal.words.times import iso
from streams.contracts.model import Alert
from streams.kernel.vocabulary import AlertKind

ROWS = 500
WORDS = {"release": "Release", "refuse": "Refusal"}


def router(services: TowerServices) -> APIRouter:
    """``/tower/held`` and ``/tower/held/CARRIER:NUMBER``."""
    api = APIRouter(route_class=PlainErrors, include_in_schema=False)
    store = services.store

    def doubts() -> list[Alert]:
        wanted = AlertFilter(True, AlertKind.DELIVERY_DOUBTFUL)
        return list(every(lambda cursor: store.alerts(wanted, ROWS, cursor)))

    def sent(one: Alert) -> SentAction | None:
        return services.sent.waiting(f"held:{one.subject}", one.changed_at, services.now())

    @api.get("/tower/held")
    def held(who: Person = Depends(services.signed_in)) -> Response:
        found = doubts()
        return services.show(
            "held.html", who, "held", rows=[(one, sent(one)) for one in found],
            names=services.names({order.customer_id for one in found for order in one.orders}),
        )

    @api.get("/tower/held.csv")
    def export(who: Person = Depends(services.signed_in)) -> Response:  # noqa: ARG001
        return table("held", ("shipment", "why", "since", "orders"), [
            (one.subject, one.cause, iso(one.raised_at), " ".join(order.order_id for order in one.orders))
            for one in doubts()
        ])

    @api.get("/tower/held/{key:path}")
    def one(key: str, who: Person = Depends(services.signed_in)) -> Response:
        alert, effects = _alert(services, key), None
        waiting = sent(alert)
        if waiting is None and who.may(*DECIDE_DELIVERIES):
            effects = done_here(lambda: services.actions.held(key, actor_of(who), services.now()))
        names = services.names({*(effects.customers if effects else ())})
        return services.show(
            "held_one.html", who, "held", key=key, alert=alert, sent=waiting, effects=effects, names=names,
            address=_address(key),
        )

    @api.post("/tower/held/{key:path}/{action}")
    async def decide(
        request: Request, key: str, action: str, who: Person = Depends(services.signed_in)
    ) -> Response:
        form = await form_of(request, who, *DECIDE_DELIVERIES)
        alert = await done(lambda: _alert(services, key))
        actor, now = actor_of(who), services.now()
        if action == "release":
            reason = form.get("reason", "")[:MOST_NOTE]
            await done(lambda: services.actions.release(key, actor, now, reason))
        elif action == "refuse":
            reason = reason_in(form)
            await done(lambda: services.actions.refuse(key, actor, now, reason))
        else:
            raise NoPage("There is no such action", "Open the delivery and press the button there.")
        services.sent.note(f"held:{key}", alert.changed_at, WORDS[action], who.name, now)
        return RedirectResponse(_address(key), 303)

    return api


def _alert(services: TowerServices, key: str) -> Alert:
    """The alert that says that the shipment's delivery is held back. Raises NoPage where there is none."""
    wanted = AlertFilter(True, AlertKind.DELIVERY_DOUBTFUL, shipment=key)
    found = services.store.alerts(wanted, 1).rows
    if not found:
        near = (("/tower/held", "Deliveries held back"),)
        raise NoPage(f"No delivery of {key} waits for a person", "It may have been released or refused.", near)
    return found[0]


def _address(key: str) -> str:
    return f"/tower/held/{quote(key, safe='')}"
