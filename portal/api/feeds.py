"""``/v1/feeds``: what each feed delivers, and whether its intake is paused."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response

from portal.api.access import Access, secured
from portal.api.answers import answer, described
from portal.api.models.operations import Feed, Feeds
from portal.api.services import PortalServices

SCOPE = "feeds:read"


def router(services: PortalServices) -> APIRouter:
    """The endpoint."""
    api = APIRouter(tags=["feeds"], dependencies=[Depends(Access(services, {SCOPE}))])

    @api.get(
        "/v1/feeds", operation_id="list_feeds", summary="Feeds", response_model=Feeds, responses=described(),
        openapi_extra=secured(),
    )
    def feeds(request: Request) -> Response:
        """Every feed, by name."""
        items = [
            Feed.model_validate({"feed": name, "activity": one.state, "pause": one.pause})
            for name, one in services.store.feeds().items()
        ]
        return answer(request, Feeds(items=items))

    return api
