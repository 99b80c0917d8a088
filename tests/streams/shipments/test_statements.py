"""Which of a carrier's estimates counts, where it states them anew on an event already seen."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from streams.contracts.estimate import Estimate
from streams.contracts.model import CarrierEvent
from streams.kernel.vocabulary import AlertKind, AlertState, Milestone, Punctuality
from streams.shipments.facts import entries_of, entry_of
from streams.shipments.record import Shipment, decode
from streams.shipments.state_view import state_of
from streams.shipments.statements import MOST_RESTATED, states_anew
from tests.support import laws
from tests.support.strategies import AGGREGATOR, DAY_ONE, HOUR, MINUTE, carrier_event, received, reference

KEY = "north:N100"
TUESDAY, WEDNESDAY, THURSDAY = (DAY_ONE + days * 24 * HOUR for days in (1, 2, 3))


def stated(estimate: int | None, minutes: int = 1, since: int | None = None, **changes: Any) -> CarrierEvent:
    """The departure of minute 0, received after ``minutes``, with an estimate."""
    return carrier_event(
        Milestone.DEPARTED_FACILITY, 0, received_at=DAY_ONE + minutes * MINUTE, estimated_delivery_at=estimate,
        estimated_delivery_from=since, **changes,
    )


def after(*events: CarrierEvent, promise: int | None = None) -> tuple[Shipment, laws.Outcome]:
    """The shipment of an order once the events were taken in, and what came out."""
    said = [reference(promised_delivery_at=promise), *map(received, events)]
    outcome = laws.tell([[one] for one in said])
    return decode(outcome.records[KEY]), outcome


def test_the_newest_estimate_of_an_event_seen_again_counts_with_its_window() -> None:
    view = after(stated(TUESDAY), stated(WEDNESDAY, 30, WEDNESDAY - 2 * HOUR))[0].view
    assert (view.estimated_delivery_from, view.estimated_delivery_at) == (WEDNESDAY - 2 * HOUR, WEDNESDAY)
    assert (view.first_estimate, view.estimate_changes) == (TUESDAY, 1)
    assert view.estimate_at == DAY_ONE + 30 * MINUTE
    assert view.earlier_estimates == (Estimate(TUESDAY, DAY_ONE, "north.track"),)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_it_does_not_matter_in_which_order_they_came(order: tuple[int, ...]) -> None:
    said = [stated(TUESDAY), stated(None, 5), stated(WEDNESDAY, 30), stated(TUESDAY, 40, source=AGGREGATOR)]
    view = after(*(said[place] for place in order))[0].view
    assert view.estimated_delivery_at == WEDNESDAY
    assert view.first_estimate == TUESDAY


def test_an_estimate_sent_again_by_anybody_later_undoes_no_newer_one() -> None:
    view = after(stated(TUESDAY), stated(WEDNESDAY, 30), stated(TUESDAY, 60, source=AGGREGATOR))[0].view
    assert view.estimated_delivery_at == WEDNESDAY


def test_a_later_scan_states_the_newest_estimate_whenever_it_comes() -> None:
    later = carrier_event(Milestone.ARRIVED_FACILITY, 90, estimated_delivery_at=THURSDAY)
    for said in permutations([stated(TUESDAY), stated(WEDNESDAY, 240), later]):
        assert after(*said)[0].view.estimated_delivery_at == THURSDAY


def test_the_first_estimate_may_come_with_a_later_sighting() -> None:
    view = after(stated(None), stated(TUESDAY, 20), stated(WEDNESDAY, 30))[0].view
    assert (view.first_estimate, view.estimated_delivery_at) == (TUESDAY, WEDNESDAY)


def test_the_promise_is_at_risk_by_the_end_of_the_newest_window_and_no_more_once_it_is_sooner() -> None:
    late = after(stated(TUESDAY), stated(THURSDAY, 30, WEDNESDAY - HOUR), promise=WEDNESDAY)
    assert [one.kind for one in late[1].open_alerts.values()] == [AlertKind.DELIVERY_AT_RISK]
    sooner = after(
        stated(TUESDAY), stated(THURSDAY, 30, WEDNESDAY - HOUR), stated(WEDNESDAY, 60), promise=WEDNESDAY
    )
    assert [one.state for one in sooner[1].alerts] == [AlertState.RAISED, AlertState.RESOLVED]
    assert state_of(sooner[0], b"", 0).punctuality is Punctuality.ON_TIME


def test_the_state_and_the_customers_update_show_the_window() -> None:
    shipment, _ = after(stated(TUESDAY, 1, TUESDAY - 3 * HOUR))
    state = state_of(shipment, b"", 0)
    assert (state.estimated_delivery_from, state.estimated_delivery_at) == (TUESDAY - 3 * HOUR, TUESDAY)
    picked_up = carrier_event(
        Milestone.PICKED_UP, 0, estimated_delivery_at=TUESDAY, estimated_delivery_from=TUESDAY - 3 * HOUR
    )
    update = after(picked_up)[1].updates[0]
    assert (update.estimated_delivery_from, update.estimated_delivery_at) == (TUESDAY - 3 * HOUR, TUESDAY)


def test_a_window_without_a_beginning_replaces_one_with_it() -> None:
    view = after(stated(TUESDAY, 1, TUESDAY - 3 * HOUR), stated(TUESDAY, 20))[0].view
    assert (view.estimated_delivery_from, view.estimated_delivery_at) == (None, TUESDAY)
    assert view.estimate_changes == 0


def test_of_many_estimates_of_one_event_the_first_and_the_latest_are_kept() -> None:
    many = [stated(TUESDAY + minute * MINUTE, minute + 1) for minute in range(MOST_RESTATED + 4)]
    shipment, _ = after(*many)
    assert shipment.view.estimated_delivery_at == TUESDAY + (MOST_RESTATED + 3) * MINUTE
    assert shipment.view.first_estimate == TUESDAY
    assert shipment.view.estimate_changes == MOST_RESTATED
    assert len(entries_of(shipment.facts)[0].restated) == MOST_RESTATED
    assert after(*reversed(many))[0] == shipment


def test_a_repeat_states_nothing_anew() -> None:
    known = entry_of(stated(TUESDAY), b"")
    assert not states_anew(known, stated(TUESDAY, 50))
    assert not states_anew(known, stated(None, 50))
    assert states_anew(known, stated(WEDNESDAY, 50))
