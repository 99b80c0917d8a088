"""``/v1/status``: how current the view is, and how many of what there is."""

from __future__ import annotations

from collections import Counter

from fastapi import APIRouter, Depends, Request, Response

from connectors.read_store.reader import ReadStore
from portal.api.access import Access, secured
from portal.api.answers import answer, described
from portal.api.clients import Client
from portal.api.models.operations import Counts, ViewStatus
from portal.api.services import PortalServices
from streams.kernel.vocabulary import ExceptionType


def router(services: PortalServices) -> APIRouter:
    """The endpoint."""
    api = APIRouter(tags=["operation"])
    reader = Depends(Access(services, partial=True))

    @api.get(
        "/v1/status", operation_id="get_status", summary="How current the view is", response_model=ViewStatus,
        responses=described(), openapi_extra=secured(),
    )
    def status(request: Request, client: Client = reader) -> Response:
        """With a key of any scope; the counts only with one that sees all customers."""
        standing = services.view.standing()
        return answer(request, ViewStatus.model_validate({
            "read_at": standing.read_at or None, "behind": standing.behind, "whole": standing.whole,
            "counts": None if client.customer is not None else _counts(services.store),
        }))

    return api


def _counts(store: ReadStore) -> Counts:
    status, punctuality, carrier = Counter[str](), Counter[str](), Counter[str]()
    excepted = 0
    for one in store.counts():
        status[one.status] += one.number
        punctuality[one.punctuality] += one.number
        carrier[one.carrier] += one.number
        excepted += one.number if one.exception != ExceptionType.NONE else 0
    feeds = store.feeds().values()
    return Counts(
        shipments=status.total(), by_status=dict(status), by_punctuality=dict(punctuality), by_carrier=dict(carrier),
        with_open_exception=excepted, open_alerts=store.open_alerts(), feeds=len(feeds),
        stale_feeds=sum(one.state is not None and one.state.stale for one in feeds),
        paused_feeds=sum(one.pause is not None and one.pause.paused for one in feeds),
    )
