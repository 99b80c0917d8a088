"""People's actions on alerts: acknowledge, snooze, assign, resolve, reopen."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from portal.pages.templates import NoPage, PlainErrors
from portal.sign_in.people import Person, Role
from portal.tower.doing import MOST_NAME, MOST_NOTE, done, form_of, way_back
from portal.tower.services import TowerServices, actor_of
from portal.words.alerts import DONE
from portal.words.times import DAY, HOUR
from streams.contracts.model import Alert, AlertAction
from streams.kernel.vocabulary import ActionKind

SNOOZES = {"1h": HOUR, "4h": 4 * HOUR, "1d": DAY, "3d": 3 * DAY}


def router(services: TowerServices) -> APIRouter:
    """``POST /tower/alerts/ID/ACTION``; answers with the page it was sent from."""
    api = APIRouter(route_class=PlainErrors, include_in_schema=False)

    @api.post("/tower/alerts/{alert_id:path}/{action}")
    async def act(
        request: Request, alert_id: str, action: str, who: Person = Depends(services.signed_in)
    ) -> Response:
        form = await form_of(request, who, Role.OPERATOR)
        alert = await asyncio.to_thread(known_alert, services, alert_id)
        told = _action(alert, action, form, who.name, services.now())
        await done(lambda: services.actions.act(told, actor_of(who)))
        services.sent.note(f"alert:{alert_id}", alert.changed_at, DONE[told.action], who.name, told.at)
        return RedirectResponse(way_back(form, "/tower"), 303)

    return api


def known_alert(services: TowerServices, alert_id: str) -> Alert:
    """The alert. Raises NoPage where there is none."""
    alert = services.store.alert(alert_id)
    if alert is None:
        raise NoPage("There is no such alert", "It may have been resolved and forgotten.", (("/tower", "Work list"),))
    return alert


def _action(alert: Alert, action: str, form: dict[str, str], by: str, now: int) -> AlertAction:
    if action not in set(ActionKind):
        raise NoPage("There is no such action", "Open the work list and press the button there.")
    kind = ActionKind(action)
    note, until, owner = form.get("note", "")[:MOST_NOTE], None, None
    if kind is ActionKind.SNOOZE:
        if form.get("for") not in SNOOZES:
            raise NoPage("For how long?", "Choose how long to put the alert off.", status=400)
        until = now + SNOOZES[form["for"]]
    if kind is ActionKind.ASSIGN:
        owner = form.get("owner", "")[:MOST_NAME]
        if not owner:
            raise NoPage("To whom?", "Name the person or the group to assign the alert to.", status=400)
    return AlertAction(alert.alert_id, kind, by, now, note, until, owner)
