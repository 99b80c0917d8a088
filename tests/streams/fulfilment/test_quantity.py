"""A confirmation waits until the warehouse shipped what was ordered, where the customer's policy asks for it."""

from __future__ import annotations

import pytest

from streams.contracts.model import BookingRequest, FulfilmentState, WmsConfirmation
from streams.fulfilment.policy import Policies
from streams.fulfilment.quantities import is_matched, with_shipped
from streams.fulfilment.step import Input, Outputs, step
from streams.kernel.vocabulary import (
    BookingRequestKind,
    DeliveryPhase,
    FulfilmentAction,
    Milestone,
    PostingKind,
    WaitKind,
)
from tests.support.fulfilment_world import DELIVERY, NOON, ONE, OTHER, booked, decided, policies, shipped, told

DELIVERED = told(Milestone.DELIVERED)


def played(*items: Input, rules: Policies | None = None) -> tuple[FulfilmentState, list[tuple[PostingKind, bool]]]:
    known: dict[str, FulfilmentState] = {}
    out = Outputs()
    for item in items:
        result = step([item], known, rules or policies("quantity"), NOON)
        known |= result.states
        out.postings.extend(result.outputs.postings)
        out.settled.extend(result.outputs.settled)
    return known[DELIVERY], [(one.kind, one.reverses is not None) for one in (*out.postings, *out.settled)]


CONFIRMED = [(PostingKind.DELIVERY_CONFIRMATION, False)]


@pytest.mark.parametrize("items", [
    (DELIVERED, shipped(quantity=5.0)), (shipped(quantity=5.0), DELIVERED),
    (shipped(quantity=3.0), DELIVERED, shipped(quantity=2.0, name="W-2")),
    (shipped(quantity=3.0), DELIVERED, shipped(quantity=5.0)),
])
def test_a_delivery_shipped_in_full_is_confirmed_whatever_came_first(items: tuple[Input, ...]) -> None:
    state, posted = played(*items)
    assert (state.phase, posted) == (DeliveryPhase.CONFIRMED, CONFIRMED)


@pytest.mark.parametrize("items", [
    (DELIVERED,), (DELIVERED, shipped(quantity=3.0)), (DELIVERED, shipped(quantity=6.0)),
])
def test_less_more_or_nothing_told_is_waited_for_and_a_person_releases_it(items: tuple[Input, ...]) -> None:
    state, posted = played(*items)
    assert (state.phase, posted) == (DeliveryPhase.WAITING_FOR_PROOF, [])
    assert state.wait is not None
    assert (state.wait.kind, state.wait.owner) == (WaitKind.QUANTITY, "finance")
    assert played(*items, decided(FulfilmentAction.WAIVE))[1] == []
    assert played(*items, decided(FulfilmentAction.RELEASE))[1] == CONFIRMED


def test_what_is_shipped_above_the_order_later_takes_the_confirmation_back() -> None:
    _, posted = played(DELIVERED, shipped(quantity=5.0), shipped(quantity=1.0, name="W-2"))
    assert posted == [*CONFIRMED, (PostingKind.DELIVERY_CONFIRMATION, True)]


def test_without_the_policy_quantities_change_nothing() -> None:
    assert played(DELIVERED, shipped(quantity=1.0), rules=policies("plain"))[1] == CONFIRMED


def test_a_line_nobody_ordered_and_one_that_was_not_shipped_do_not_match() -> None:
    def lines(*told: WmsConfirmation) -> bool:
        parts = with_shipped([], told[0])
        for one in told[1:]:
            parts = with_shipped(parts, one)
        return is_matched(parts)

    whole = shipped(quantity=5.0)
    assert lines(whole)
    assert lines(whole, whole)
    assert not lines(shipped(ONE))
    other = shipped(quantity=5.0, name="W-2")
    other.lines[0] = type(other.lines[0])("20", "A-2", None, 5.0, None, None)
    assert not lines(whole, other)


def test_a_bookings_number_is_expected_until_the_booking_is_no_more() -> None:
    def told_of(kind: BookingRequestKind, number: str = OTHER) -> BookingRequest:
        return booked(number, kind)

    state, _ = played(told_of(BookingRequestKind.BOOKED), rules=policies("all"))
    assert (state.expected, state.customer_id) == ([OTHER], "C-1")
    state, posted = played(told_of(BookingRequestKind.BOOKED), DELIVERED, rules=policies("all"))
    assert (state.phase, posted) == (DeliveryPhase.PARTLY_DELIVERED, [])
    state, posted = played(
        told_of(BookingRequestKind.BOOKED), DELIVERED, told_of(BookingRequestKind.RELEASED), rules=policies("all")
    )
    assert (state.expected, posted) == ([], CONFIRMED)
    asked = step([told_of(BookingRequestKind.BOOK), told_of(BookingRequestKind.BOOKED, "")], {}, policies("all"), NOON)
    assert (asked.states, asked.counts) == ({}, {"not_needed": 2})
