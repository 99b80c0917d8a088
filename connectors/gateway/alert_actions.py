"""``/v1/alerts/{alert_id}/actions``: writes people's actions on alerts to ``alert.actions.v1``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from config.topics import ALERT_ACTIONS
from connectors.gateway import auditing, bodies
from connectors.gateway.documents import JSON, Codecs, Kind, documents, write
from connectors.gateway.fields import Name, Timestamp, Words
from connectors.gateway.openapi import body_of, refusals
from connectors.gateway.orders import milliseconds
from connectors.gateway.problems import invalid
from connectors.gateway.services import Services
from connectors.kafka.action_audits import of_alert
from connectors.kafka.log_writer import Place
from connectors.kafka.person_actions import Act
from connectors.kafka.producer import Record
from streams.contracts.model import AlertAction
from streams.kernel.vocabulary import ActionKind

CLIENT = auditing.client("alerts")
ALERT_ID = re.compile("^[0-9a-f]{32}$")
AlertId = Annotated[str, Path(
    description="The alert_id of a record of ops.alerts", json_schema_extra={"pattern": ALERT_ID.pattern}
)]
"""Judged after the key: who has none learns nothing of ids."""


def _due(action: str, field: str) -> dict[str, Any]:
    """The JSON schema of an action for which a field is due."""
    return {"required": [field], "properties": {"action": {"const": action}, field: {"type": "string"}}}


class ActionDocument(BaseModel):
    """One action on the alert. Times carry an offset."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"anyOf": [
            {"properties": {"action": {"enum": ["acknowledge", "resolve", "reopen"]}}},
            _due("snooze", "until"), _due("assign", "owner"),
        ], "examples": [{
            "action": "snooze", "until": "2026-09-15T08:00:00+02:00", "note": "the carrier is asked",
        }]},
    )
    action: ActionKind
    at: Timestamp | None = Field(None, description="When; the time of receipt where it is left out or later")
    note: Words = ""
    until: Timestamp | None = Field(None, description="End of a snooze")
    owner: Name | None = Field(None, description="Whom it is assigned to")


def to_action(alert_id: str, received_at: int, document: ActionDocument) -> AlertAction:
    """The action as a record of its topic. ``received_at``: UTC ms."""
    at = received_at if document.at is None else min(received_at, milliseconds(document.at))
    until = None if document.until is None else milliseconds(document.until)
    return AlertAction(alert_id, document.action, CLIENT.name, at, document.note, until, document.owner)


def _wrong(action: AlertAction) -> list[tuple[str, str]]:
    if action.action is ActionKind.SNOOZE and (action.until is None or action.until <= action.at):
        return [("until", "a snooze needs an end that is still to come")]
    if action.action is ActionKind.ASSIGN and action.owner is None:
        return [("owner", "is due to assign it")]
    return []


ACTIONS = Kind(
    "/v1/alerts/{alert_id}/actions", "alerts", ALERT_ACTIONS, ActionDocument, AlertAction, partial(to_action, "", 0),
    lambda action: action.alert_id, _wrong, "A person acts on an alert",
)


def router(codecs: Codecs, services: Services) -> APIRouter:
    """The endpoint."""
    api = APIRouter(tags=[ACTIONS.scope])

    @api.post(
        ACTIONS.path, status_code=202, operation_id=f"post_{ACTIONS.scope}", summary=ACTIONS.summary,
        responses=refusals(400, 401, 408, 409, 413, 415, 422, 429, 503),
        openapi_extra={**body_of(ActionDocument), "security": [{"key": []}]},
    )
    async def post(request: Request, alert_id: AlertId) -> JSONResponse:
        """Accept one action or a list. The response comes once Kafka has all of them; whether the alert exists, and the
        effect, is on ops.alerts."""
        limits = services.admitted(request, ACTIONS.scope)
        if ALERT_ID.fullmatch(alert_id) is None:
            raise invalid([{"pointer": "/path/alert_id", "detail": f"is no alert_id: {ALERT_ID.pattern}"}])
        bodies.check_kind(request, JSON)
        received_at = int(services.now() * 1000)
        kind = replace(ACTIONS, to_struct=partial(to_action, alert_id, received_at))
        with services.slot(request, ACTIONS.scope, proven=True) as slot:
            body = await services.read(request, slot)

            async def recorded(actions: Sequence[AlertAction], records: Sequence[Record]) -> list[Place]:
                acts = [Act(of_alert(CLIENT, one), [record]) for one, record in zip(actions, records, strict=True)]
                return await auditing.take(acts, codecs, services)

            async def take() -> dict[str, Any]:
                return await write(kind, documents(kind, body), received_at, codecs, services, recorded)

            return await services.once(request, f"{ACTIONS.scope}/{alert_id}", body, 202, limits, take)

    return api
