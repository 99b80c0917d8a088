"""What falls due by the clock, shipment by shipment, and what an outage of our own must not raise."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.deadlines import FOR_EVER, Hearing, Patience, deadlines, fall_due, next_due, settle
from streams.model import CarrierEvent, OrderReference, ProofOfDelivery
from streams.shipment import Shipment, decode
from streams.vocabulary import AlertKind, AlertState, Milestone, Status
from tests.streams import laws
from tests.streams.strategies import (
    DAY_ONE,
    HOUR,
    MINUTE,
    batchings,
    carrier_event,
    histories,
    received,
    reference,
    retellings,
)

DAY = 24 * HOUR
PATIENCE = Patience(
    {Status.IN_TRANSIT: 2 * DAY, Status.INFO_RECEIVED: DAY}, late=HOUR, order_not_found=DAY, never_shipped=3 * DAY,
    proof_missing=DAY, delivery_unreported=2 * HOUR,
)
LONG_AFTER = DAY_ONE + 400 * DAY


def shipment(*said: CarrierEvent | OrderReference) -> Shipment:
    outcome = laws.tell([[received(one) if isinstance(one, CarrierEvent) else one for one in said]])
    return decode(outcome.records["north:N100"])


ORDER = reference(promised_delivery_at=DAY_ONE + 10 * HOUR)
MOVING = carrier_event(Milestone.IN_TRANSIT, 60)
DELIVERED = carrier_event(Milestone.DELIVERED, 120)
HEARD = MOVING.received_at


@pytest.mark.parametrize(
    ("said", "due"),
    [
        pytest.param(
            (ORDER, MOVING),
            {AlertKind.SHIPMENT_STALLED: HEARD + 2 * DAY, AlertKind.DELIVERY_LATE: DAY_ONE + 11 * HOUR}, id="moving",
        ),
        pytest.param(
            (MOVING,), {AlertKind.SHIPMENT_STALLED: HEARD + 2 * DAY, AlertKind.ORDER_NOT_FOUND: HEARD + DAY},
            id="no order",
        ),
        pytest.param(
            (reference(promised_delivery_at=None),), {AlertKind.NEVER_SHIPPED: ORDER.updated_at + 3 * DAY},
            id="only ordered",
        ),
        pytest.param((ORDER, DELIVERED), {AlertKind.PROOF_MISSING: DELIVERED.occurred_at + DAY}, id="no proof"),
        pytest.param(
            (ORDER, carrier_event(Milestone.DELIVERED, 120, proof_of_delivery=ProofOfDelivery(left_at="porch"))), {},
            id="all done",
        ),
        pytest.param((ORDER, carrier_event(Milestone.BOOKING_CANCELLED, 5)), {}, id="cancelled"),
        pytest.param(
            (reference(promised_delivery_at=None), MOVING, carrier_event(Milestone.POD_RECEIVED, 90)),
            {
                AlertKind.SHIPMENT_STALLED: DAY_ONE + 91 * MINUTE + 2 * DAY,
                AlertKind.DELIVERY_UNREPORTED: DAY_ONE + 91 * MINUTE + 2 * HOUR,
            },
            id="proof without delivery",
        ),
    ],
)
def test_what_falls_due_when(said: tuple[CarrierEvent | OrderReference, ...], due: dict[AlertKind, int]) -> None:
    assert dict(deadlines(shipment(*said), PATIENCE)) == due
    assert next_due(shipment(*said), PATIENCE) == min(due.values(), default=None)
    assert deadlines(shipment(*said), FOR_EVER) == []


def test_an_alert_is_raised_once_and_resolved_by_what_is_heard() -> None:
    stalled = shipment(reference(promised_delivery_at=None), MOVING)
    assert fall_due(stalled, PATIENCE, HEARD + 2 * DAY - 1) == []
    [alert] = fall_due(stalled, PATIENCE, HEARD + 2 * DAY)
    assert (alert.kind, alert.state, alert.raised_at) == (
        AlertKind.SHIPMENT_STALLED, AlertState.RAISED, HEARD + 2 * DAY
    )
    assert alert.message == "north:N100: nothing heard since it was in transit"
    assert fall_due(stalled, PATIENCE, LONG_AFTER) == []
    assert settle(stalled, PATIENCE) == []
    assert next_due(stalled, PATIENCE) is None
    stalled.heard_at = HEARD + 3 * DAY
    [settled] = settle(stalled, PATIENCE)
    assert (settled.alert_id, settled.state) == (alert.alert_id, AlertState.RESOLVED)
    assert stalled.raised == ()
    assert next_due(stalled, PATIENCE) == HEARD + 5 * DAY


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_is_open_after_a_look_at_the_clock_depends_on_what_was_said_alone(data: st.DataObject) -> None:
    history = data.draw(histories())
    plain, again = laws.tell([history]), laws.tell(data.draw(batchings(data.draw(retellings(history)))))
    for key, record in plain.records.items():
        one, other = decode(record), decode(again.records[key])
        assert fall_due(one, PATIENCE, LONG_AFTER) == fall_due(other, PATIENCE, LONG_AFTER)
        assert one.raised == other.raised
        assert settle(one, PATIENCE) == []
        assert {raised.kind for raised in one.raised} == {kind for kind, _ in deadlines(one, PATIENCE)}


def test_nothing_is_said_of_silence_until_the_platform_itself_has_been_heard_for_a_while() -> None:
    hearing = Hearing(after_silence_ms=30 * MINUTE, until_heard_for_ms=15 * MINUTE)
    assert not hearing.is_sound(0)
    for minute in range(0, 20, 5):
        hearing.heard(minute * MINUTE)
        assert not hearing.is_sound(minute * MINUTE) or minute >= 15
    assert hearing.is_sound(15 * MINUTE)
    assert hearing.is_sound(44 * MINUTE), "a quiet quarter of an hour is none yet"
    assert not hearing.is_sound(45 * MINUTE), "an hour of silence is ours, not the carriers'"
    hearing.heard(80 * MINUTE)
    assert not hearing.is_sound(90 * MINUTE)
    hearing.heard(94 * MINUTE)
    assert hearing.is_sound(95 * MINUTE)
