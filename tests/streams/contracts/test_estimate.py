"""The record of estimates that hold no more, and by how much the current one slipped."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.contracts.estimate import MOST_EARLIER, Estimate, slip, with_earlier
from streams.contracts.model import CarrierEvent, ShipmentState
from streams.kernel.vocabulary import Milestone
from streams.shipments.record import decode
from streams.shipments.state_view import state_of
from tests.support.laws import tell
from tests.support.strategies import (
    DAY_ONE,
    HOUR,
    MINUTE,
    batchings,
    carrier_event,
    received,
    reference,
    retellings,
)

PROMISE = DAY_ONE + 10 * HOUR
ORDER = reference(promised_delivery_at=PROMISE)


def scan(minutes: int, estimate: int | None, milestone: Milestone = Milestone.IN_TRANSIT) -> CarrierEvent:
    return carrier_event(milestone, minutes, estimated_delivery_at=estimate)


def state(*said: CarrierEvent) -> ShipmentState:
    record = tell([[ORDER, *map(received, said)]]).records["north:N100"]
    return state_of(decode(record), record, 0)


def test_an_estimate_that_was_given_up_is_kept_with_who_gave_it_and_when_last() -> None:
    said = [scan(1, PROMISE), scan(2, PROMISE), scan(3, PROMISE + HOUR), scan(4, PROMISE - HOUR)]
    found = state(*said)
    assert found.earlier_estimates == [
        Estimate(PROMISE, said[1].occurred_at, "north.track"),
        Estimate(PROMISE + HOUR, said[2].occurred_at, "north.track"),
    ]
    assert (found.estimated_delivery_at, found.estimate_changes) == (PROMISE - HOUR, 2)


def test_the_slip_is_told_against_the_first_estimate_and_against_the_promise() -> None:
    found = state(scan(1, PROMISE - 2 * HOUR), scan(2, PROMISE + MINUTE))
    assert (found.slip_ms, found.slip_from_promise_ms) == (2 * HOUR + MINUTE, MINUTE)
    sooner = state(scan(1, PROMISE + HOUR), scan(2, PROMISE - HOUR))
    assert (sooner.slip_ms, sooner.slip_from_promise_ms) == (-2 * HOUR, -HOUR)


def test_without_an_estimate_there_is_no_slip() -> None:
    found = state(scan(1, None))
    assert (found.slip_ms, found.slip_from_promise_ms, found.earlier_estimates) == (None, None, [])


@pytest.mark.parametrize(("estimate", "against", "expected"), [(None, 1, None), (1, None, None), (5, 2, 3), (2, 5, -3)])
def test_a_slip_needs_both(estimate: int | None, against: int | None, expected: int | None) -> None:
    assert slip(estimate, against) == expected


def test_the_first_and_the_latest_earlier_estimates_are_kept_and_no_more() -> None:
    earlier: tuple[Estimate, ...] = ()
    for number in range(30):
        earlier = with_earlier(earlier, Estimate(number, number, "north.track"))
    assert [one.estimate for one in earlier] == [0, *range(30 - MOST_EARLIER + 1, 30)]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_earlier_estimates_depend_on_what_was_said_alone(data: st.DataObject) -> None:
    hours = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=14))
    history = [received(scan(minutes, PROMISE + hour * HOUR)) for minutes, hour in enumerate(hours)]
    plain, again = tell([history]), tell(data.draw(batchings(data.draw(retellings(history)))))
    assert plain.records == again.records
    shipment = decode(plain.records["north:N100"])
    stated = [one.estimate for one in shipment.view.earlier_estimates] + [shipment.view.estimated_delivery_at]
    assert shipment.view.first_estimate == stated[0]
    assert len(stated) - 1 == min(shipment.view.estimate_changes, MOST_EARLIER)
    assert all(one != other for one, other in pairwise(stated[1:]))
