"""Promise and estimate: what is said of a shipment that will be late, and when nothing is known."""

from __future__ import annotations

import pytest

from streams.contracts.model import CarrierEvent, OrderReference, ShipmentState
from streams.contracts.promise import is_beyond
from streams.kernel.vocabulary import AlertKind, AlertState, Classifier, Milestone, Punctuality
from streams.shipments.record import decode
from streams.shipments.state_view import state_of
from tests.support.laws import Outcome, tell
from tests.support.strategies import DAY_ONE, HOUR, MINUTE, carrier_event, received, reference

PROMISE = DAY_ONE + 10 * HOUR
DAY = 24 * HOUR


def scan(minutes: int, estimate: int | None, milestone: Milestone = Milestone.IN_TRANSIT) -> CarrierEvent:
    return carrier_event(milestone, minutes, estimated_delivery_at=estimate)


def told(*said: CarrierEvent | OrderReference) -> Outcome:
    return tell([[received(one) if isinstance(one, CarrierEvent) else one for one in said]])


def state(outcome: Outcome) -> ShipmentState:
    record = outcome.records["north:N100"]
    return state_of(decode(record), record, 0)


def risks(outcome: Outcome) -> list[tuple[AlertState, str]]:
    return [
        (alert.state, alert.message) for alert in outcome.alerts if alert.kind is AlertKind.DELIVERY_AT_RISK
    ]


ORDER = reference(promised_delivery_at=PROMISE)


def test_an_estimate_behind_the_promise_raises_an_alert_and_one_before_it_resolves_it() -> None:
    late, later, in_time = scan(1, PROMISE + HOUR), scan(2, PROMISE + 2 * HOUR), scan(3, PROMISE - HOUR)
    outcome = told(ORDER, late, later, in_time)
    assert risks(outcome) == [
        (AlertState.RAISED, "north:N100: expected 2026-01-01 11:00 UTC, promised 2026-01-01 10:00 UTC"),
        (AlertState.RAISED, "north:N100: expected 2026-01-01 12:00 UTC, promised 2026-01-01 10:00 UTC"),
        (AlertState.RESOLVED, "north:N100: on time"),
    ]
    assert len({alert.alert_id for alert in outcome.alerts}) == 1
    found = state(outcome)
    assert (found.promised_delivery_at, found.first_estimated_delivery_at) == (PROMISE, PROMISE + HOUR)
    assert (found.estimated_delivery_at, found.estimate_changes) == (PROMISE - HOUR, 2)
    assert (found.estimate_stated_at, found.estimated_by) == (in_time.occurred_at, "north.track")
    assert found.punctuality is Punctuality.ON_TIME


def test_an_order_that_comes_late_puts_what_was_estimated_before_at_risk() -> None:
    outcome = told(scan(1, PROMISE + HOUR), ORDER)
    assert [what for what, _ in risks(outcome)] == [AlertState.RAISED]
    assert told(ORDER, scan(1, PROMISE + HOUR)).open_alerts == outcome.open_alerts


def test_a_promise_that_is_moved_ends_the_risk() -> None:
    moved = reference(promised_delivery_at=PROMISE + DAY, updated_at=ORDER.updated_at + 1)
    assert [what for what, _ in risks(told(ORDER, scan(1, PROMISE + HOUR), moved))] == [
        AlertState.RAISED, AlertState.RESOLVED,
    ]


@pytest.mark.parametrize(
    ("at_minutes", "expected"), [(599, Punctuality.DELIVERED_ON_TIME), (601, Punctuality.DELIVERED_LATE)]
)
def test_a_delivery_ends_the_risk_and_says_whether_the_promise_was_kept(
    at_minutes: int, expected: Punctuality
) -> None:
    outcome = told(ORDER, scan(1, PROMISE + HOUR), scan(at_minutes, None, Milestone.DELIVERED))
    assert state(outcome).punctuality is expected
    assert risks(outcome)[-1] == (AlertState.RESOLVED, f"north:N100: {expected.value.replace('_', ' ')}")


def test_a_shipment_without_promise_or_estimate_has_a_punctuality_of_its_own() -> None:
    assert state(told(scan(1, PROMISE))).punctuality is Punctuality.NO_PROMISE
    assert state(told(ORDER, scan(1, None))).punctuality is Punctuality.NO_ESTIMATE
    assert state(told(ORDER, scan(1, None, Milestone.BOOKING_CANCELLED))).punctuality is Punctuality.ENDED


def test_the_estimate_stated_last_counts_in_any_order_of_arrival() -> None:
    plan = carrier_event(
        Milestone.ETA_UPDATED, 5, classifier=Classifier.ESTIMATED, estimated_delivery_at=PROMISE + 2 * HOUR
    )
    outcome, other = told(ORDER, scan(1, PROMISE), plan), told(plan, scan(1, PROMISE), ORDER)
    assert outcome.records == other.records
    assert state(outcome).estimated_delivery_at == PROMISE + 2 * HOUR
    assert outcome.open_alerts == other.open_alerts


@pytest.mark.parametrize(
    ("estimate", "beyond"),
    [
        (PROMISE, False), (PROMISE + MINUTE, True),
        pytest.param(DAY_ONE + DAY - 1000, False, id="the day it is promised for"),
        pytest.param(DAY_ONE + 2 * DAY - 1000, True, id="the day after"),
    ],
)
def test_a_day_lies_behind_a_promise_where_all_of_it_does(estimate: int, beyond: bool) -> None:
    assert is_beyond(estimate, PROMISE) is beyond


def test_a_time_no_calendar_has_is_told_as_it_is() -> None:
    [(_, said)] = risks(told(ORDER, scan(1, 9_000_000_000_000_000)))
    assert said.startswith("north:N100: expected 9000000000000000 ms")
