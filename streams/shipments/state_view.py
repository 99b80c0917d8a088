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
    """The shipment as ``shipment.state.v1`` shows it; ``record`` is ``encode(shipment)``, UTC ms."""
    promise, status_at, stands, past = promised(shipment), shipment.status_at, Punctuality.ENDED, shipment.past
    archived = past is not None and not past.begun
    if past is not None and archived:
        status_at = past.closed_at
    else:
        stands = punctuality(shipment, promise)
    estimate, event_count = shipment.estimated_delivery_at, len(shipment.history) - shipment.strangers
    return ShipmentState(
        shipment.carrier, shipment.tracking_number, shipment.standing, status_at, shipment.last_milestone,
        shipment.last_event_at, event_count, shipment.orders, shipment.estimated_delivery_at,
        shipment.delivered_at, shipment.signed_by, [one.type for one in shipment.open], updated_at, record,
        promise, shipment.first_estimate, shipment.estimate_at, shipment.estimate_by or None,
        shipment.estimate_changes, stands,
        [Related(one.key, one.kind) for one in shipment.wholes if not one.withdrawn] if shipment.wholes else _NONE,
        [Related(one.key, one.kind) for one in shipment.parts] if shipment.parts else _NONE,
        [PieceState(one.name, one.status, one.status_at) for one in shipment.pieces] if shipment.pieces else _NONE,
        1 if past is None else shipment.life, archived, slip(estimate, shipment.first_estimate),
        slip(estimate, promise), list(shipment.earlier) if shipment.earlier else _NONE,
    )
