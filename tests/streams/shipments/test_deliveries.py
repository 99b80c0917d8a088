"""The kind of a reported delivery: the return's end, doubtful until somebody says so, or the recipient's."""

from __future__ import annotations

from typing import Any

import pytest

from streams.contracts.model import CarrierEvent, ProofOfDelivery
from streams.kernel.vocabulary import AlertKind, AlertState, ExceptionType, Flag, Milestone, Status
from streams.shipments.reuse.archive import Keeping
from streams.shipments.step import step
from streams.shipments.told import doubts_of
from tests.cases.journey import Journey, played
from tests.support.strategies import AGGREGATOR, DAY_ONE, HOUR, carrier_event, received, reference

DOUBT, CONFIRMED = [Flag.DELIVERY_DOUBTFUL.value], [Flag.CONFIRMED_BY_PERSON.value]
DAY = 24 * HOUR


def at(day: float, milestone: Milestone, **changes: Any) -> CarrierEvent:
    return carrier_event(milestone, int(day * 24 * 60), **changes)


def journey(*events: CarrierEvent, claimed_at: int = DAY_ONE) -> Journey:
    """The same end in both orders."""
    claim = reference(updated_at=claimed_at)
    forth = played([claim, *map(received, events)])
    back = played([*map(received, reversed(events)), claim])
    assert posted(forth) == posted(back)
    assert status(forth) == status(back)
    assert doubted(forth) == doubted(back)
    return forth


def posted(found: Journey) -> list[str]:
    return sorted(one.kind.value for one in found.postings)


def status(found: Journey) -> Status:
    return found.shipments["north:N100"].status


def doubted(found: Journey) -> bool:
    return any(
        one.kind is AlertKind.DELIVERY_DOUBTFUL and one.state is AlertState.RAISED for one in found.alerts.values()
    )


@pytest.mark.parametrize("between", [(), (at(2.5, Milestone.OUT_FOR_DELIVERY),), (at(2.2, Milestone.IN_TRANSIT),)])
def test_a_delivery_after_the_way_back_began_is_the_returns_end(between: tuple[CarrierEvent, ...]) -> None:
    found = journey(
        at(1, Milestone.DELIVERY_ATTEMPTED), at(2, Milestone.RETURNING), *between, at(3, Milestone.DELIVERED)
    )
    assert (status(found), posted(found)) == (
        Status.RETURNED, ["delivery_attempt", "return_receipt", "return_started"]
    )
    assert {one.milestone for one in found.updates} & {Milestone.DELIVERED} == set()


def test_a_delivery_before_the_way_back_began_is_the_recipients() -> None:
    found = journey(at(1, Milestone.DELIVERED), at(5, Milestone.RETURNING), at(6, Milestone.DELIVERED))
    assert (status(found), posted(found)) == (
        Status.RETURNED, ["delivery_confirmation", "return_receipt", "return_started"]
    )


def test_one_piece_on_its_way_back_leaves_the_others_deliveries_alone() -> None:
    found = journey(
        at(1, Milestone.RETURNING, piece="1"), at(2, Milestone.DELIVERED, piece="2"),
        at(3, Milestone.DELIVERED, piece="1"),
    )
    assert posted(found) == ["delivery_confirmation", "return_receipt", "return_started"]


def test_a_way_back_that_was_taken_back_never_began() -> None:
    wrong = at(1, Milestone.RETURNING, carrier_event_id="E-1")
    right = at(1.1, Milestone.IN_TRANSIT, carrier_event_id="E-1", received_at=wrong.received_at + HOUR)
    found = journey(wrong, right, at(2, Milestone.DELIVERED))
    assert (status(found), posted(found)) == (Status.DELIVERED, ["delivery_confirmation"])


def test_a_doubtful_delivery_is_held_back_and_shown_to_a_person() -> None:
    found = journey(at(1, Milestone.OUT_FOR_DELIVERY), at(2, Milestone.DELIVERED, flags=DOUBT))
    assert (status(found), posted(found), doubted(found)) == (Status.OUT_FOR_DELIVERY, [], True)


@pytest.mark.parametrize(
    "proof",
    [
        at(3, Milestone.POD_RECEIVED), at(2, Milestone.DELIVERED, source=AGGREGATOR, event_id="e" * 32),
        at(2, Milestone.DELIVERED, flags=CONFIRMED, event_id="c" * 32),
        at(2, Milestone.DELIVERED, proof_of_delivery=ProofOfDelivery(signed_by="A. Berg"), event_id="d" * 32),
    ],
)
def test_a_proof_another_report_or_a_person_releases_it(proof: CarrierEvent) -> None:
    found = journey(at(2, Milestone.DELIVERED, flags=DOUBT), proof)
    assert status(found) is Status.DELIVERED
    assert "delivery_confirmation" in posted(found)
    assert not doubted(found)


def test_a_delivery_that_another_source_contradicts_days_later_is_held_back() -> None:
    found = journey(at(1, Milestone.DELIVERED), at(3, Milestone.DELIVERY_ATTEMPTED, source=AGGREGATOR))
    assert (posted(found), doubted(found)) == (["delivery_attempt"], True)
    same_source = journey(at(1, Milestone.DELIVERED), at(3, Milestone.DELIVERY_ATTEMPTED))
    assert not doubted(same_source)


@pytest.mark.parametrize("later", [0.05, 3])
def test_a_delivery_that_its_own_source_calls_refused_later_is_held_back(later: float) -> None:
    refused = at(1 + later, Milestone.DELIVERY_ATTEMPTED, exception=ExceptionType.REFUSAL)
    found = journey(at(1, Milestone.DELIVERED), refused)
    assert (status(found), posted(found), doubted(found)) == (
        Status.DELIVERY_ATTEMPTED, ["delivery_attempt", "return_started"], True,
    )
    again = journey(at(1, Milestone.DELIVERED), refused, at(5, Milestone.DELIVERED))
    assert (status(again), doubted(again)) == (Status.DELIVERED, False)
    before = journey(at(1 - later, Milestone.DELIVERY_ATTEMPTED, exception=ExceptionType.REFUSAL), refused)
    assert not doubted(before)


def test_what_another_source_reports_within_a_day_contradicts_nothing() -> None:
    found = journey(at(1, Milestone.DELIVERED), at(1.4, Milestone.OUT_FOR_DELIVERY, source=AGGREGATOR))
    assert (status(found), doubted(found)) == (Status.DELIVERED, False)


def test_a_delivery_long_before_its_order_is_not_its_orders() -> None:
    late = journey(at(1, Milestone.DELIVERED), claimed_at=DAY_ONE + 5 * DAY)
    assert (posted(late), late.updates, doubted(late)) == ([], [], True)
    confirmed = journey(
        at(1, Milestone.DELIVERED), at(1, Milestone.DELIVERED, flags=CONFIRMED, event_id="c" * 32),
        claimed_at=DAY_ONE + 5 * DAY,
    )
    assert (posted(confirmed), doubted(confirmed)) == (["delivery_confirmation"], False)


def test_an_order_entered_a_day_late_is_still_the_order_of_it() -> None:
    found = journey(at(1, Milestone.DELIVERED), claimed_at=DAY_ONE + 2 * DAY)
    assert (posted(found), doubted(found)) == (["delivery_confirmation"], False)


@pytest.mark.parametrize(("ordered_late", "held"), [(48, True), (96, False), (95, True), (None, False)])
def test_how_old_a_delivery_an_order_may_claim_is_set(ordered_late: int | None, held: bool) -> None:
    keeping = Keeping(ordered_late=None if ordered_late is None else ordered_late * HOUR)
    said = [received(at(1, Milestone.DELIVERED)), reference(updated_at=DAY_ONE + 5 * DAY)]
    for history in (said, said[::-1]):
        result = step(history, {"north:N100": None}, keeping=keeping)
        assert bool(result.outputs.delivery_milestones) is not held
        assert bool(result.outputs.customer_updates) is not held
        assert bool(doubts_of(result.states["north:N100"], keeping.ordered_late)) is held


def test_delivered_on_two_days_is_posted_and_told_once_with_one_date() -> None:
    found = journey(at(1, Milestone.DELIVERED), at(2, Milestone.OUT_FOR_DELIVERY), at(2.3, Milestone.DELIVERED))
    told = [one.occurred_at for one in found.updates if one.milestone is Milestone.DELIVERED]
    assert told == [one.occurred_at for one in found.postings] == [found.shipments["north:N100"].view.delivered_at]


def test_pieces_that_the_carrier_counts_hold_the_shipment_back() -> None:
    first, second = (at(day, Milestone.DELIVERED, piece=f"{day}", piece_count=2) for day in (1, 2))
    waiting, whole = journey(first), journey(first, second)
    assert (status(waiting), posted(waiting), waiting.updates) == (Status.PLANNED, [], [])
    assert (status(whole), posted(whole)) == (Status.DELIVERED, ["delivery_confirmation"] * 2)
    back = journey(first, second, at(4, Milestone.RETURNING, piece="1", piece_count=2))
    assert posted(back) == ["delivery_confirmation"] * 2 + ["return_started"]


@pytest.mark.parametrize("day", [0.5, 3])
def test_a_count_of_pieces_that_comes_later_takes_a_pieces_delivery_back(day: float) -> None:
    counted = at(day, Milestone.INFO, piece_count=2, received_at=DAY_ONE + 5 * DAY)
    waiting = journey(at(1, Milestone.DELIVERED, piece="1"), counted)
    assert (status(waiting), posted(waiting), waiting.updates) == (Status.PLANNED, [], [])
    assert waiting.shipments["north:N100"].view.delivered_at is None
    both = journey(at(1, Milestone.DELIVERED, piece="1"), counted, at(2, Milestone.DELIVERED, piece="2"))
    assert (status(both), posted(both)) == (Status.DELIVERED, ["delivery_confirmation", "delivery_confirmation"])


def test_the_carriers_own_ids_divide_a_number() -> None:
    first, second = {"carrier_shipment_id": "S-1"}, {"carrier_shipment_id": "S-2"}
    earlier = [at(0, Milestone.PICKED_UP, **first), at(2, Milestone.DELIVERED, **first)]
    later = [at(5, Milestone.PICKED_UP, **second), at(6, Milestone.IN_TRANSIT, **second)]
    found = journey(*earlier, *later, claimed_at=DAY_ONE + 4 * DAY)
    assert (status(found), posted(found)) == (Status.IN_TRANSIT, ["goods_issue"])
    assert len(found.shipments["north:N100"].ended) == 1
