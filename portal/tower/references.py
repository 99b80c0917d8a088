"""References nobody says whose they are, what waits for them, and a person's word on one."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from portal.pages.templates import NoPage, PlainErrors
from portal.sign_in.people import Person, Role
from portal.tower.doing import check, done, done_here, form_of
from portal.tower.lists import table
from portal.tower.services import Decision, TowerServices, actor_of
from portal.words.times import iso
from streams.contracts.ids import normalise_carrier, normalise_tracking_number
from streams.contracts.model import ReferenceState
from streams.contracts.references import Named

MOST_REFERENCES = 500


def router(services: TowerServices) -> APIRouter:
    """``/tower/references`` and ``/tower/references/TYPE:REFERENCE``."""
    api = APIRouter(route_class=PlainErrors, include_in_schema=False)
    store = services.store

    @api.get("/tower/references")
    def references(who: Person = Depends(services.signed_in)) -> Response:
        return services.show("references.html", who, "references", rows=[
            (one, _sent(services, one)) for one in store.references_waiting(MOST_REFERENCES)
        ])

    @api.get("/tower/references.csv")
    def export(who: Person = Depends(services.signed_in)) -> Response:  # noqa: ARG001
        return table("references", (
            "type", "value", "events_waiting", "lines_waiting", "waiting_since", "ambiguous", "shipments",
        ), [
            (
                one.type, one.value, one.events_waiting, one.lines_waiting, iso(one.waiting_since), one.ambiguous,
                " ".join(one.shipments),
            )
            for one in store.references_waiting(MOST_REFERENCES)
        ])

    @api.get("/tower/references/{key:path}")
    def reference(key: str, shipment: str = "", who: Person = Depends(services.signed_in)) -> Response:
        state, effects = _known(services, key), None
        if shipment:
            check(who, Role.OPERATOR)
            decision = _decision(state, shipment, who, services.now())
            shipment = decision.shipment
            effects = done_here(lambda: services.actions.resolution(decision))
        return services.show(
            "reference.html", who, "references", key=key, one=state, sent=_sent(services, state), sought=shipment,
            effects=effects, address=_address(key),
        )

    @api.post("/tower/references/{key:path}/resolve")
    async def resolve(request: Request, key: str, who: Person = Depends(services.signed_in)) -> Response:
        form = await form_of(request, who, Role.OPERATOR)
        state = await done(lambda: _known(services, key))
        decision = _decision(state, form.get("shipment", ""), who, services.now())
        await done(lambda: services.actions.resolve(decision))
        services.sent.note(f"reference:{key}", state.updated_at, "Resolution", who.name, decision.at)
        return RedirectResponse(_address(key), 303)

    return api


def _known(services: TowerServices, key: str) -> ReferenceState:
    found = services.store.reference(key)
    if found is None:
        raise NoPage("There is no such reference", "", (("/tower/references", "References that wait"),))
    return found


def _decision(state: ReferenceState, shipment: str, who: Person, now: int) -> Decision:
    carrier, _, number = shipment.partition(":")
    carrier, number = normalise_carrier(carrier), normalise_tracking_number(number)
    if not carrier or not number:
        raise NoPage("Whose is it?", "Write the shipment as CARRIER:NUMBER, such as acme:4711.", status=400)
    return Decision(Named(state.type, state.value), carrier, number, actor_of(who), now)


def _sent(services: TowerServices, state: ReferenceState) -> object:
    return services.sent.waiting(f"reference:{state.type}:{state.value}", state.updated_at, services.now())


def _address(key: str) -> str:
    return f"/tower/references/{quote(key, safe='')}"
