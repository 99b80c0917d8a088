"""Open alerts are told again when the orders behind them change."""

from __future__ import annotations

from streams.contracts.model import AtStake
from streams.kernel.vocabulary import AlertKind, AlertState, ExceptionType, Milestone
from tests.support import laws
from tests.support.strategies import DAY_ONE, HOUR, carrier_event, received, reference

DAMAGED = received(carrier_event(
    Milestone.IN_TRANSIT, 5, exception=ExceptionType.DAMAGE, estimated_delivery_at=DAY_ONE + 9 * HOUR
))
PROMISED = reference(promised_delivery_at=DAY_ONE + HOUR, order_value=40.0, currency="EUR")


def test_everything_that_is_open_is_sent_with_the_orders_as_they_are() -> None:
    told = {one.kind: one for one in laws.tell([[DAMAGED], [PROMISED]]).alerts}
    assert set(told) == {AlertKind.SHIPMENT_EXCEPTION, AlertKind.DELIVERY_AT_RISK}
    assert {one.state for one in told.values()} == {AlertState.RAISED}
    assert all(one.at_stake == [AtStake("EUR", 40.0)] for one in told.values())


def test_an_order_that_comes_after_the_trouble_is_told_with_it() -> None:
    outcome = laws.tell([[DAMAGED], [PROMISED]])
    assert len([one for one in outcome.alerts if one.kind is AlertKind.DELIVERY_AT_RISK]) == 1
    assert [bool(one.orders) for one in outcome.alerts if one.kind is AlertKind.SHIPMENT_EXCEPTION] == [False, True]


def test_of_a_shipment_without_trouble_nothing_is_told_again() -> None:
    assert laws.tell([[received(carrier_event(Milestone.IN_TRANSIT, 5))], [PROMISED]]).alerts == []
