"""``/livez``, ``/readyz`` and ``/metrics`` of the portal."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from connectors.gateway.openapi import refusals
from connectors.gateway.problems import unavailable
from portal.api.services import PortalServices
from portal.views.freshness import RETRY_AFTER


def router(services: PortalServices) -> APIRouter:
    """The endpoints; ready where the view can be read and is whole."""
    api = APIRouter(tags=["operation"])

    @api.get("/livez", operation_id="live", summary="Does the process answer?")
    async def live() -> dict[str, str]:
        """Answer that the process is alive."""
        return {"status": "ok"}

    @api.get("/readyz", operation_id="ready", summary="Can it be read from?", responses=refusals(503))
    def ready() -> dict[str, str]:
        """Answer whether the view can be read, and everything was read into it once."""
        if not services.view.standing().whole:
            raise unavailable("the view is being built", RETRY_AFTER)
        return {"status": "ready"}

    @api.get("/metrics", operation_id="metrics", summary="Prometheus metrics", response_class=Response)
    async def metrics() -> Response:
        """Answer with the metrics, for Prometheus."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return api
