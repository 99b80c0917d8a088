"""``/livez`` (and ``/healthz``), ``/readyz`` and ``/metrics``: for the supervisor, the load balancer, Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from connectors.gateway.openapi import refusals
from connectors.gateway.problems import unavailable
from connectors.gateway.services import Services
from connectors.kafka.log_writer import NotWritten


def router(wanted: frozenset[str], services: Services) -> APIRouter:
    """The endpoints; ready where a broker answers and has the ``wanted`` topics."""
    api = APIRouter(tags=["operation"])

    @api.get("/healthz", operation_id="health", summary="Does the process answer?")
    async def health() -> dict[str, str]:
        """Answer that the process is alive."""
        return {"status": "ok"}

    @api.get("/livez", operation_id="live", summary="Does the process answer?")
    async def live() -> dict[str, str]:
        """Answer that the process is alive; the same as /healthz, under the name the other processes have."""
        return {"status": "ok"}

    @api.get("/readyz", operation_id="ready", summary="Can pushes be taken?", responses=refusals(503))
    async def ready() -> dict[str, str]:
        """Answer whether requests can be accepted: a broker answers and has the topics."""
        try:
            missing = sorted(wanted - await services.writer.topics())
        except NotWritten as error:
            raise unavailable(f"no broker answers: {error.detail}", services.retry_after) from error
        if missing:
            detail = f"{len(missing)} topics are missing, {missing[0]} among them: shipsync topics --create"
            raise unavailable(detail, services.retry_after)
        return {"status": "ready"}

    @api.get("/metrics", operation_id="metrics", summary="Prometheus metrics", response_class=Response)
    async def metrics() -> Response:
        """Answer with the metrics, for Prometheus."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return api
