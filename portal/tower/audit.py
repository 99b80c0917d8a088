"""The audit trail: who did what, when, on what, and by which way."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse

from connectors.read_store.actions import ActionFilter
from connectors.read_store.pages import Page
from portal.pages.templates import PlainErrors, query
from portal.sign_in.people import READ_AUDIT, Person
from portal.tower.doing import check
from portal.tower.lists import ROWS, every, given, table, with_cursor
from portal.tower.services import TowerServices
from portal.words.times import iso
from streams.contracts.model import ActionDetail, AuditAction

FILTERS = ("who", "subject", "action")


def router(services: TowerServices) -> APIRouter:
    """``/tower/audit``."""
    api = APIRouter(route_class=PlainErrors, include_in_schema=False)
    store = services.store

    def read(filters: dict[str, str | None], cursor: str | None) -> Page[AuditAction]:
        return store.actions(ActionFilter(filters["who"], filters["subject"], filters["action"]), ROWS, cursor)

    @api.get("/tower/audit")
    def audit(request: Request, who: Person = Depends(services.signed_in)) -> Response:
        check(who, *READ_AUDIT)
        filters = given(request, FILTERS)
        page = read(filters, request.query_params.get("cursor"))
        return services.show(
            "audit.html", who, "audit", rows=page.rows, filters=filters, kinds=store.kinds_of_actions(),
            more=query(with_cursor(filters, page.next)) if page.next else "", export=query(filters),
        )

    @api.get("/tower/audit.csv")
    def export(request: Request, who: Person = Depends(services.signed_in)) -> Response:
        check(who, *READ_AUDIT)
        filters = given(request, FILTERS)
        read(filters, None)
        return exported(every(lambda cursor: read(filters, cursor)))

    return api


def exported(found: Iterable[AuditAction]) -> StreamingResponse:
    """The actions as a table."""
    return table("audit", (
        "at", "who", "actor", "role", "channel", "action", "subject_kind", "subject", "reason", "details", "outcome",
        "action_id",
    ), (
        (
            iso(one.at), one.who, one.actor, one.role, one.channel, one.action, one.subject_kind, one.subject,
            one.reason, "; ".join(map(_words, one.details)), one.outcome, one.action_id,
        )
        for one in found
    ))


def _words(detail: ActionDetail) -> str:
    before = "" if detail.before is None else f"{detail.before} -> "
    return f"{detail.name}: {before}{detail.value}"
