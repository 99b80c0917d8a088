"""The status machine folds at the end and from the beginning to the same result."""

from copy import deepcopy

from hypothesis import given, settings

from streams import shipment as records
from streams.status import refold
from streams.vocabulary import ExceptionType, Milestone
from tests.streams import laws
from tests.streams.strategies import carrier_event, histories, received


@settings(max_examples=60, deadline=None)
@given(histories())
def test_folding_again_from_the_beginning_changes_nothing(history: list[laws.Said]) -> None:
    for record in laws.tell([history]).records.values():
        shipment = records.decode(record)
        again = deepcopy(shipment)
        refold(again)
        assert again == shipment


def _open_after(*said: tuple[Milestone, ExceptionType]) -> list[ExceptionType]:
    events = [
        received(carrier_event(milestone, minute, exception=exception))
        for minute, (milestone, exception) in enumerate(said)
    ]
    record = laws.tell([events]).records["north:N100"]
    return [one.type for one in records.decode(record).open]


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
