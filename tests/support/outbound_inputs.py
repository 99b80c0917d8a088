"""Updates for customers, their endpoints, and answered attempts."""

from __future__ import annotations

from typing import Any

from streams.contracts.ids import digest
from streams.contracts.model import CustomerUpdate, Location
from streams.contracts.outbound import (
    CustomerSubscriptions,
    NewMessage,
    OutboundAttempt,
    OutboundRequest,
    WebhookEndpoint,
)
from streams.contracts.recipients import Recipient
from streams.kernel.outbound_vocabulary import AttemptResult, RecipientChannel
from streams.kernel.vocabulary import Correction, ExceptionType, Milestone, Reason, Status

NOW = 1_790_000_000_000


def endpoint(name: str = "ep_1", **changes: Any) -> WebhookEndpoint:
    return WebhookEndpoint(**{
        "endpoint_id": name, "url": f"https://{name}.example/hook", "secrets": ["encrypted"], "enabled_at": NOW,
        **changes,
    })


def recipient(name: str = "rcp_1", **changes: Any) -> Recipient:
    return Recipient(**{
        "recipient_id": name, "channel": RecipientChannel.EMAIL, "address": "encrypted", "shown": "a…e@example.com",
        "enabled_at": NOW, **changes,
    })


def subscriptions(customer: str, *told: WebhookEndpoint | Recipient) -> CustomerSubscriptions:
    endpoints = [one for one in told if isinstance(one, WebhookEndpoint)]
    return CustomerSubscriptions(
        customer, endpoints, NOW, "ana", [one for one in told if isinstance(one, Recipient)]
    )


def update(
    milestone: Milestone = Milestone.PICKED_UP, number: str = "1Z1", correction: Correction = Correction.NEW,
    **changes: Any,
) -> CustomerUpdate:
    fields: dict[str, Any] = {
        "update_id": digest("update", number, milestone), "customer_id": "C-1", "order_id": "SO-1", "carrier": "ups",
        "tracking_number": number, "milestone": milestone, "status": Status.IN_TRANSIT, "occurred_at": NOW,
        "utc_offset_minutes": 120, "location": Location(city="LYON", country="FR"), "exception": ExceptionType.NONE,
        "reason": Reason.NORMAL, "estimated_delivery_at": None, "signed_by": None, "superseded": False,
        "event_id": digest(number, milestone), "correction": correction, **changes,
    }
    return CustomerUpdate(**fields)


def message(
    source: str = "u1", body: str = '{"a":1}', correction: Correction = Correction.NEW, queue: str = "SO-1:ups:1Z1",
    destination: str = "webhook:ep_1",
) -> NewMessage:
    return NewMessage(source, destination, "C-1", queue, "shipment.picked_up", correction, body)


def attempt(
    request: OutboundRequest, result: AttemptResult = AttemptResult.ACCEPTED, at: int = NOW, **changes: Any
) -> OutboundAttempt:
    code = {
        AttemptResult.ACCEPTED: 200, AttemptResult.REFUSED: 422, AttemptResult.LIMITED: 429, AttemptResult.GONE: 410,
    }
    fields: dict[str, Any] = {
        "message_id": request.message_id, "destination": request.destination, "owner": request.owner,
        "queue": request.queue, "attempt": request.attempt, "result": result, "detail": result.value,
        "started_at": at, "ended_at": at, "code": code.get(result), **changes,
    }
    return OutboundAttempt(**fields)
