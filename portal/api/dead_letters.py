"""``/v1/dead-letters``: records that could not be used, and why."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response

from connectors.read_store.letters import LetterFilter
from portal.api.access import Access, secured
from portal.api.answers import answer, described
from portal.api.models.fields import PageOf
from portal.api.models.operations import DeadLetter
from portal.api.queries import DeadLetters
from portal.api.services import PortalServices

SCOPE = "dead-letters:read"


def router(services: PortalServices) -> APIRouter:
    """The endpoint."""
    api = APIRouter(tags=["dead letters"], dependencies=[Depends(Access(services, {SCOPE}))])

    @api.get(
        "/v1/dead-letters", operation_id="list_dead_letters", summary="Dead letters",
        response_model=PageOf[DeadLetter], responses=described(paged=True), openapi_extra=secured(),
    )
    def dead_letters(request: Request, wanted: DeadLetters) -> Response:
        """The newest first."""
        page = services.store.dead_letters(wanted.limit, wanted.cursor, LetterFilter(wanted.feed))
        items = [DeadLetter.model_validate(one) for one in page.rows]
        return answer(request, PageOf[DeadLetter](items=items, next=page.next), page.next)

    return api
