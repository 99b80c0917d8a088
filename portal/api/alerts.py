"""``/v1/alerts``: what somebody should look at. People act on alerts through the gateway."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from msgspec import structs

from connectors.gateway.problems import Problem
from connectors.read_store.reader import AlertFilter
from portal.api.access import Access, secured
from portal.api.answers import answer, described
from portal.api.models.fields import PageOf
from portal.api.models.operations import Alert
from portal.api.queries import Alerts
from portal.api.services import PortalServices
from streams.contracts import model
from streams.paging.told import told_on

SCOPE = "alerts:read"


def router(services: PortalServices) -> APIRouter:
    """The endpoints."""
    api, store = APIRouter(tags=["alerts"], dependencies=[Depends(Access(services, {SCOPE}))]), services.store

    def shown(alerts: Sequence[model.Alert]) -> list[Alert]:
        messages = store.messages_of_alerts(one.alert_id for one in alerts)
        return [
            Alert.model_validate(structs.asdict(one) | {"told": told_on(messages.get(one.alert_id, ()))})
            for one in alerts
        ]

    @api.get(
        "/v1/alerts", operation_id="list_alerts", summary="Alerts", response_model=PageOf[Alert],
        responses=described(paged=True), openapi_extra=secured(),
    )
    def alerts(request: Request, wanted: Alerts) -> Response:
        """The most pressing first."""
        page = store.alerts(AlertFilter(
            True if wanted.state == "open" else None, wanted.kind, wanted.severity, wanted.owner, wanted.carrier,
            wanted.shipment,
        ), wanted.limit, wanted.cursor)
        return answer(request, PageOf[Alert](items=shown(page.rows), next=page.next), page.next)

    @api.get(
        "/v1/alerts/{alert_id}", operation_id="get_alert", summary="One alert", response_model=Alert,
        responses=described(404), openapi_extra=secured(),
    )
    def alert(request: Request, alert_id: Annotated[str, Path(description="As in the list of alerts")]) -> Response:
        """The alert with its history."""
        found = store.alert(alert_id)
        if found is None:
            raise Problem(404, "unknown_alert", "there is no alert of this id")
        [one] = shown([found])
        return answer(request, one)

    return api
