"""Turns customer updates into messages for the customer's endpoints, after Standard Webhooks 1.0: ``type``,
``timestamp``, ``data``.

``data`` is the update without anything internal: no value, no other order, and reasons as the update states them, which
are those customers may know.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec

from streams.contracts.model import CustomerUpdate, Location
from streams.contracts.outbound import (
    CustomerSubscriptions,
    NewMessage,
    OutboundMessage,
    WebhookEndpoint,
)
from streams.kernel.vocabulary import ExceptionType, Milestone

PREFIX = "webhook:"
_NOTHING_MOVED = frozenset({Milestone.INFO, Milestone.UNKNOWN})


def destination_of(endpoint: WebhookEndpoint) -> str:
    """The destination that an endpoint is."""
    return PREFIX + endpoint.endpoint_id


def queue_of(update: CustomerUpdate) -> str:
    """Updates of one shipment of one order keep their order: ``ORDER:CARRIER:NUMBER``."""
    return f"{update.order_id}:{update.carrier}:{update.tracking_number}"


def kind_of(update: CustomerUpdate) -> str:
    """The type a message states: ``shipment.`` and the milestone, or ``shipment.exception`` where nothing moved."""
    if update.milestone in _NOTHING_MOVED and update.exception is not ExceptionType.NONE:
        return "shipment.exception"
    return f"shipment.{update.milestone.value}"


def wants(endpoint: WebhookEndpoint, update: CustomerUpdate) -> bool:
    """Whether the endpoint is told of such a milestone."""
    kind = kind_of(update).removeprefix("shipment.")
    return not endpoint.milestones or kind in endpoint.milestones


def messages_of(update: CustomerUpdate, subscriptions: CustomerSubscriptions | None) -> Iterator[NewMessage]:
    """A message for each endpoint of the customer that wants it."""
    if subscriptions is None:
        return
    wanting = [endpoint for endpoint in subscriptions.endpoints if wants(endpoint, update)]
    body = msgspec.json.encode(_data(update)).decode() if wanting else ""
    for endpoint in wanting:
        yield NewMessage(
            update.update_id, destination_of(endpoint), update.customer_id, queue_of(update), kind_of(update),
            update.correction, body,
        )


def render(message: OutboundMessage) -> str:
    """The body that is signed and sent. ``timestamp``: when ShipSync learnt it, UTC; ``correction``: new, replaces or
    retracts what was sent of the same ``update_id``."""
    return msgspec.json.encode({
        "type": message.kind,
        "timestamp": _iso(message.queued_at, 0),
        "update_id": message.source_id,
        "correction": message.correction.value,
        "data": msgspec.Raw(message.body.encode()),
    }).decode()


def _data(update: CustomerUpdate) -> dict[str, Any]:
    offset = update.utc_offset_minutes
    stated = {
        "customer_id": update.customer_id,
        "order_id": update.order_id,
        "carrier": update.carrier,
        "tracking_number": update.tracking_number,
        "piece": update.piece,
        "milestone": update.milestone.value,
        "status": update.status.value,
        "occurred_at": _iso(update.occurred_at, offset or 0),
        "is_local_time_known": offset is not None,
        "is_history": update.superseded,
        "location": _place(update.location),
        "exception": None if update.exception is ExceptionType.NONE else update.exception.value,
        "reason": update.reason.value,
        "estimated_delivery_from": _moment(update.estimated_delivery_from, offset or 0),
        "estimated_delivery_at": _moment(update.estimated_delivery_at, offset or 0),
        "signed_by": update.signed_by,
    }
    return {name: value for name, value in stated.items() if value is not None}


def _place(location: Location | None) -> dict[str, str] | None:
    if location is None:
        return None
    stated = {
        "name": location.name, "city": location.city, "region": location.region,
        "postal_code": location.postal_code, "country": location.country, "unlocode": location.unlocode,
    }
    return {name: value for name, value in stated.items() if value} or None


def _moment(at_ms: int | None, offset_minutes: int) -> str | None:
    return None if at_ms is None else _iso(at_ms, offset_minutes)


def _iso(at_ms: int, offset_minutes: int) -> str:
    zone = timezone(timedelta(minutes=offset_minutes)) if offset_minutes else UTC
    return (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at_ms)).astimezone(zone).isoformat(
        timespec="milliseconds"
    )
