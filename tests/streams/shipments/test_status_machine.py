"""The status machine: what events of a history make of its status and its open exceptions."""

from itertools import permutations

import pytest

from streams.contracts.model import CarrierEvent, ShipmentLink, ShipmentState
from streams.kernel.vocabulary import AlertKind, Correction, ExceptionType, LinkKind, Milestone, Status
from streams.shipments import record as records
from streams.shipments.state_view import state_of
from streams.shipments.timers.deadlines import Patience, deadlines
from tests.support import laws
from tests.support.reference_inputs import mistaken
from tests.support.strategies import HOUR, carrier_event, received


def _open_after(*said: tuple[Milestone, ExceptionType]) -> list[ExceptionType]:
    events = [
        received(carrier_event(milestone, minute, exception=exception))
        for minute, (milestone, exception) in enumerate(said)
    ]
    record = laws.tell([events]).records["north:N100"]
    return [one.type for one in records.decode(record).view.open]


def test_an_arrival_scan_does_not_release_goods_from_customs() -> None:
    held = (Milestone.CUSTOMS_HELD, ExceptionType.CUSTOMS)
    assert _open_after(held, (Milestone.ARRIVED_FACILITY, ExceptionType.NONE)) == [ExceptionType.CUSTOMS]
    assert _open_after(held, (Milestone.CUSTOMS_RELEASED, ExceptionType.NONE)) == []


def test_going_back_to_the_depot_does_not_settle_a_refusal() -> None:
    refused = (Milestone.DELIVERY_ATTEMPTED, ExceptionType.REFUSAL)
    assert _open_after(refused, (Milestone.ARRIVED_FACILITY, ExceptionType.NONE)) == [ExceptionType.REFUSAL]
    assert _open_after(refused, (Milestone.RETURNED, ExceptionType.NONE)) == []


def test_after_delivery_only_claims_open() -> None:
    delivered = (Milestone.DELIVERED, ExceptionType.NONE)
    assert _open_after(delivered, (Milestone.INFO, ExceptionType.DELAY)) == []
    assert _open_after(delivered, (Milestone.INFO, ExceptionType.DAMAGE)) == [ExceptionType.DAMAGE]


def test_a_second_clean_delivery_scan_does_not_settle_the_damage_the_first_reported() -> None:
    damaged = (Milestone.DELIVERED, ExceptionType.DAMAGE)
    assert _open_after(damaged, (Milestone.DELIVERED, ExceptionType.NONE)) == [ExceptionType.DAMAGE]


def test_a_delivery_late_but_made_leaves_no_delay_open() -> None:
    late = (Milestone.DELIVERED, ExceptionType.DELAY)
    assert _open_after((Milestone.IN_TRANSIT, ExceptionType.DELAY), late) == []


PATIENCE = Patience(dict.fromkeys(Status, HOUR), order_not_found=HOUR, delivery_unreported=HOUR, proof_missing=HOUR)
OUT = carrier_event(Milestone.OUT_FOR_DELIVERY, 5)
DELIVERED = carrier_event(Milestone.DELIVERED, 9, carrier_event_id="E-1")


def _all_of(*said: CarrierEvent) -> tuple[ShipmentState, list[tuple[AlertKind, int]]]:
    shipment = records.decode(laws.tell([[received(event)] for event in said]).records["north:N100"])
    return state_of(shipment, b"", shipment.view.updated_at), deadlines(shipment, PATIENCE)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(carrier_event(Milestone.POD_RECEIVED, 50), id="a proof"),
        pytest.param(carrier_event(Milestone.PICKED_UP, -50), id="heard of sooner"),
        pytest.param(carrier_event(Milestone.PICKED_UP, 2, piece="2"), id="of a piece"),
        pytest.param(carrier_event(Milestone.PICKED_UP, 60, carrier_event_id="E-1"), id="under an id the carrier used"),
        pytest.param(
            carrier_event(Milestone.INFO, 7, correction=Correction.RETRACTS, corrects=OUT.event_id), id="a correction"
        ),
    ],
)
def test_what_was_found_not_to_be_its_own_counts_for_nothing(wrong: CarrierEvent) -> None:
    found, back = mistaken(wrong)
    for own in ([OUT], [OUT, DELIVERED]):
        for said in permutations([*own, found, back]):
            assert _all_of(*said) == _all_of(*own)


def test_a_correction_found_not_to_be_its_own_corrects_nothing() -> None:
    event, _ = mistaken(OUT)
    correction = carrier_event(Milestone.INFO, 7, correction=Correction.RETRACTS, corrects=OUT.event_id)
    correcting, back = mistaken(correction)
    assert correcting.corrects == event.event_id
    assert _all_of(event, correcting) != _all_of(event)
    assert _all_of(event, correcting, back) == _all_of(back, correcting, event) == _all_of(event)


def test_what_a_carrier_takes_back_was_heard_all_the_same() -> None:
    back = carrier_event(Milestone.OUT_FOR_DELIVERY, 5, correction=Correction.RETRACTS, corrects=OUT.event_id)
    state, due = _all_of(OUT, back)
    assert [kind for kind, _ in due] == [AlertKind.SHIPMENT_STALLED, AlertKind.ORDER_NOT_FOUND]
    assert (state.status, state.event_count) == (Status.UNKNOWN, 2)


def test_what_is_not_a_parts_own_is_not_its_wholes_either() -> None:
    found, back = mistaken(carrier_event(Milestone.PICKED_UP, 2))
    link = ShipmentLink("north", "N100", "north", "M1", LinkKind.PIECE, 1)
    for said in permutations([link, received(found), received(back)]):
        whole = records.decode(laws.tell([[one] for one in said]).records["north:M1"])
        view = whole.view
        assert (view.strangers, view.last_received_at, view.known, deadlines(whole, PATIENCE)) == (2, None, 0, [])
