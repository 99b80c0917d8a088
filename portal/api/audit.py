"""``/v1/audit``: what people and programs did."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response

from connectors.gateway.orders import milliseconds
from connectors.read_store.actions import ActionFilter
from portal.api.access import Access, secured
from portal.api.answers import answer, described
from portal.api.models.fields import PageOf
from portal.api.models.figures import Action
from portal.api.queries import MOST_ROWS, Audit, Form
from portal.api.services import PortalServices
from portal.tower.audit import exported
from portal.tower.lists import every

SCOPE = "audit:read"


def router(services: PortalServices) -> APIRouter:
    """The endpoint."""
    api, store = APIRouter(tags=["audit"], dependencies=[Depends(Access(services, {SCOPE}))]), services.store

    @api.get(
        "/v1/audit", operation_id="list_actions", summary="Audit trail", response_model=PageOf[Action],
        responses=described(paged=True, csv=True), openapi_extra=secured(),
    )
    def audit(request: Request, wanted: Audit) -> Response:
        """The newest first."""
        chosen = ActionFilter(
            wanted.who, wanted.subject, wanted.action,
            None if wanted.since is None else milliseconds(wanted.since),
        )
        page = store.actions(chosen, wanted.limit, wanted.cursor)
        if wanted.format is Form.CSV:
            return exported(every(lambda cursor: store.actions(chosen, MOST_ROWS, cursor)))
        items = [Action.model_validate(one) for one in page.rows]
        return answer(request, PageOf[Action](items=items, next=page.next), page.next)

    return api
