"""The history as it is read: corrections and other shipments' events decide nothing of what a delivery is."""

from __future__ import annotations

from streams.kernel.vocabulary import Correction, Milestone
from streams.shipments.meanings import meant_entries
from tests.cases.journey import played
from tests.support.strategies import carrier_event, received

BACK = carrier_event(Milestone.RETURNING, 10)
DELIVERED = carrier_event(Milestone.DELIVERED, 20)


def meant(*events: object) -> list[Milestone]:
    shipment = played([received(one) for one in events]).shipments["north:N100"]  # type: ignore[arg-type]
    return [entry.milestone for entry in meant_entries(shipment.facts, shipment.view)]


def test_a_delivery_after_the_way_back_began_is_read_as_its_end() -> None:
    assert meant(BACK, DELIVERED) == [Milestone.RETURNING, Milestone.RETURNED]


def test_a_way_back_that_was_retracted_changes_no_delivery() -> None:
    retraction = carrier_event(Milestone.RETURNING, 11, correction=Correction.RETRACTS, corrects=BACK.event_id)
    assert meant(BACK, retraction, DELIVERED)[-1] is Milestone.DELIVERED
