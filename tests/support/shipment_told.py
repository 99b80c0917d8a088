"""Reports of carriers and the ERP about one shipment, and the record it ends in."""

from __future__ import annotations

from streams.contracts.model import CarrierEvent, ShipmentState
from streams.kernel.vocabulary import Milestone
from streams.shipments import record as records
from streams.shipments.state_view import state_of
from tests.support.laws import Outcome, Said, tell
from tests.support.strategies import carrier_event, received

KEY = "north:N100"


def told(*said: CarrierEvent | Said) -> Outcome:
    return tell([[received(item) if isinstance(item, CarrierEvent) else item] for item in said])


def state(outcome: Outcome) -> ShipmentState:
    record = outcome.records[KEY]
    shipment = records.decode(record)
    return state_of(shipment, record, shipment.view.updated_at)


OUT = carrier_event(Milestone.OUT_FOR_DELIVERY, 20)
DELIVERED = carrier_event(Milestone.DELIVERED, 30)
