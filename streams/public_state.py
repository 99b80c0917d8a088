"""A shipment as ``shipment.state.v1`` shows it."""

from __future__ import annotations

from streams.model import ShipmentState
from streams.punctuality import promised, punctuality
from streams.shipment import Shipment


def state_of(shipment: Shipment, record: bytes, updated_at: int) -> ShipmentState:
    """The shipment as ``shipment.state.v1`` shows it; ``record`` is ``encode(shipment)``, UTC ms."""
    return ShipmentState(
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
        status=shipment.standing,
        status_at=shipment.status_at,
        last_milestone=shipment.last_milestone,
        last_event_at=shipment.last_event_at,
        event_count=len(shipment.history),
        orders=shipment.orders,
        estimated_delivery_at=shipment.estimated_delivery_at,
        delivered_at=shipment.delivered_at,
        signed_by=shipment.signed_by,
        open_exceptions=[one.type for one in shipment.open],
        updated_at=updated_at,
        record=record,
        promised_delivery_at=promised(shipment),
        first_estimated_delivery_at=shipment.first_estimate,
        estimate_stated_at=shipment.estimate_at,
        estimated_by=shipment.estimate_by or None,
        estimate_changes=shipment.estimate_changes,
        punctuality=punctuality(shipment),
    )
