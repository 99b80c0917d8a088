"""A shipment as ``shipment.state.v1`` shows it."""

from __future__ import annotations

from typing import Any

from streams.contracts.estimate import slip
from streams.contracts.model import PieceState, Related, ShipmentState
from streams.kernel.vocabulary import Punctuality
from streams.shipments.record import Shipment
from streams.shipments.timers.punctuality import promised, punctuality

_NONE: list[Any] = []


def state_of(shipment: Shipment, record: bytes, updated_at: int) -> ShipmentState:
    """The shipment as ``shipment.state.v1`` shows it; ``record``: ``encode(shipment)``; ``updated_at``: UTC ms."""
    facts, view, orders = shipment.facts, shipment.view, shipment.orders
    promise, status_at, stands = promised(shipment), view.status_at, Punctuality.ENDED
    if view.archived and facts.stub is not None:
        status_at = facts.stub.closed_at
    else:
        stands = punctuality(shipment, promise)
    estimate, event_count = view.estimated_delivery_at, len(facts.history) - view.strangers
    return ShipmentState(
        facts.carrier, facts.tracking_number, shipment.status, status_at, view.last_milestone,
        view.last_event_at, event_count, orders, estimate, view.delivered_at, view.signed_by,
        [one.type for one in view.open], updated_at, record, promise, view.first_estimate, view.estimate_at,
        view.estimate_by or None, view.estimate_changes, stands,
        [Related(one.key, one.kind) for one in facts.parents if not one.withdrawn] if facts.parents else _NONE,
        [Related(one.key, one.kind) for one in facts.children] if facts.children else _NONE,
        [PieceState(one.name, one.status, one.status_at) for one in view.pieces] if view.pieces else _NONE,
        view.generation, view.archived, slip(estimate, view.first_estimate), slip(estimate, promise),
        list(view.earlier_estimates) if view.earlier_estimates else _NONE, view.estimated_delivery_from,
    )
