"""The embedded stack: kill a stage, and see that nothing is lost. No other installation has this page."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from connectors.embedded.stage_kill import STAGES, KillFolder, KillRequest
from connectors.kafka.person_actions import audited
from portal.pages.forms import from_here, read
from portal.pages.templates import NoPage, PlainErrors
from portal.sign_in.people import Person, Role
from portal.tower.services import TowerServices, actor_of
from streams.kernel.audit_vocabulary import SubjectKind
from streams.kernel.errors import Transient


def router(services: TowerServices) -> APIRouter:
    """``/tower/stack`` and ``POST /tower/stack/kill``."""
    api = APIRouter(route_class=PlainErrors, include_in_schema=False)

    def folder() -> KillFolder:
        if services.kills is None:
            raise NoPage(
                "There is no such page here", "Stages can be killed by hand on the embedded stack alone.",
                (("/tower", "Work list"),),
            )
        return services.kills

    @api.get("/tower/stack")
    def stack(who: Person = Depends(services.signed_in)) -> Response:
        kills = folder()
        return services.show(
            "stack.html", who, "stack", stages=STAGES, report=kills.report(), pending=kills.pending,
        )

    @api.post("/tower/stack/kill")
    async def kill(request: Request, who: Person = Depends(services.signed_in)) -> Response:
        from_here(request)
        if not who.may(Role.OPERATOR):
            raise NoPage("You may look, but not act", "Ask an administrator for the role of an operator.", status=403)
        stage = (await read(request)).get("stage", "")
        if stage not in STAGES:
            raise NoPage("There is no such stage", f"It can be: {', '.join(STAGES)}.", status=400)
        await asyncio.to_thread(asked, services, folder(), who, stage)
        return RedirectResponse("/tower/stack", 303)

    return api


def asked(services: TowerServices, kills: KillFolder, who: Person, stage: str) -> None:
    """Hand the request to the supervisor, once it is on the audit trail. Raises NoPage where a kill is under way, or
    no supervisor takes it."""
    report, now = kills.report(), services.now()
    if kills.pending or (report is not None and not report.over):
        raise NoPage(
            "A kill is under way", "Wait until it is checked.", (("/tower/stack", "Look at it"),), status=409
        )
    try:
        with services.actions.recorded(audited(actor_of(who), now, "stage.kill", SubjectKind.STAGE, stage)):
            kills.ask(KillRequest(stage, who.name, now))
    except Transient as error:
        raise NoPage("The request was not taken", str(error), status=503) from error
