"""Deadlines that pass by the clock, shipment by shipment, and alerts that an outage of our own must not raise."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.contracts.ids import digest
from streams.contracts.model import CarrierEvent, OrderReference, ProofOfDelivery
from streams.kernel.vocabulary import AlertKind, AlertState, LinkKind, Milestone, Status
from streams.shipments.facts import Parent
from streams.shipments.record import Shipment, decode
from streams.shipments.timers.deadlines import (
    FOR_EVER,
    Hearing,
    Patience,
    deadlines,
    fall_due,
    is_sooner,
    look_again_at,
    next_due,
    settle,
    to_be_learnt_at,
)
from streams.shipments.timers.expected_dwell import Usual
from tests.support import laws
from tests.support.strategies import (
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
def test_each_alert_falls_due_at_its_time(
    said: tuple[CarrierEvent | OrderReference, ...], due: dict[AlertKind, int]
) -> None:
    assert dict(deadlines(shipment(*said), PATIENCE)) == due
    assert next_due(shipment(*said), PATIENCE) == min(due.values(), default=None)
    assert deadlines(shipment(*said), FOR_EVER) == []


BY_BOL = reference(by="bol:B1")
BOL_IN_DOUBT, GIVEN_UP = replace(BY_BOL, withdrawn=True), replace(ORDER, withdrawn=True)


@pytest.mark.parametrize(
    ("said", "raised"),
    [
        pytest.param((ORDER, GIVEN_UP), False, id="by the number itself and given up"),
        pytest.param((BY_BOL, BOL_IN_DOUBT), True, id="by a reference that became doubtful"),
        pytest.param((BOL_IN_DOUBT,), True, id="by a reference that became doubtful, which is told first"),
        pytest.param((BY_BOL, ORDER, GIVEN_UP, BOL_IN_DOUBT), False, id="by both"),
        pytest.param((BY_BOL, BOL_IN_DOUBT, GIVEN_UP), False, id="by a reference, and cancelled by its number"),
    ],
)
def test_what_was_claimed_and_is_no_more_waits_for_no_order_unless_only_references_said_so(
    said: tuple[OrderReference, ...], *, raised: bool
) -> None:
    kinds = {kind for kind, _ in deadlines(shipment(MOVING, *said), PATIENCE)}
    assert (AlertKind.ORDER_NOT_FOUND in kinds) is raised


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
    stalled.view.last_received_at = HEARD + 3 * DAY
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


NORMED = replace(PATIENCE, at_risk=DAY, factor=1.5, learn=DAY)
USUAL = Usual("north", "SE>SE", Status.IN_TRANSIT, 80, 40 * HOUR, 60 * HOUR)
PROMISED = reference(promised_delivery_at=DAY_ONE + 9 * DAY)


def test_a_norm_longer_than_what_is_declared_puts_standing_still_off() -> None:
    standing = shipment(reference(promised_delivery_at=None), MOVING)
    assert fall_due(standing, NORMED, HEARD + 2 * DAY, USUAL) == []
    assert look_again_at(standing, NORMED, USUAL, HEARD + 2 * DAY) == HEARD + 90 * HOUR
    [alert] = fall_due(standing, NORMED, HEARD + 90 * HOUR, USUAL)
    assert alert.message == (
        "north:N100: nothing heard since it was in transit, for more than 90 h; 95 of 100 on SE>SE take at most 60 h"
    )
    assert (alert.raised_at, alert.changed_at) == (HEARD + 2 * DAY, HEARD + 90 * HOUR)
    assert settle(standing, NORMED) == [], "what the norm is later does not undo it"


def test_a_norm_shorter_than_what_is_declared_changes_nothing() -> None:
    standing = shipment(reference(promised_delivery_at=None), MOVING)
    brisk = replace(USUAL, usual_ms=HOUR)
    assert fall_due(standing, NORMED, HEARD + 2 * DAY - 1, brisk) == []
    assert [one.kind for one in fall_due(standing, NORMED, HEARD + 2 * DAY, brisk)] == [AlertKind.SHIPMENT_STALLED]


def test_a_dwell_beyond_the_norm_puts_the_promise_at_risk_until_the_status_changes() -> None:
    standing = shipment(PROMISED, MOVING)
    since = MOVING.occurred_at
    assert fall_due(standing, NORMED, since + 40 * HOUR, USUAL) == []
    assert next_due(standing, NORMED) == since + DAY
    talking = replace(standing, view=replace(standing.view, last_received_at=since + 89 * HOUR))
    [alert] = fall_due(talking, NORMED, since + 90 * HOUR, USUAL)
    assert (alert.kind, alert.state) == (AlertKind.DELIVERY_AT_RISK, AlertState.RAISED)
    assert alert.message == (
        "north:N100: in transit for more than 90 h, promised 2026-01-10 00:00 UTC; "
        "95 of 100 on SE>SE take at most 60 h"
    )
    assert alert.alert_id != digest("delivery_at_risk", "north:N100"), "the estimate's alert is another one"
    assert settle(talking, NORMED) == []
    talking.view.status_at = since + 91 * HOUR
    assert [one.state for one in settle(talking, NORMED)] == [AlertState.RESOLVED]


@pytest.mark.parametrize(
    ("promise", "usual"),
    [
        pytest.param(DAY_ONE + 9 * DAY, None, id="nothing is learnt"),
        pytest.param(DAY_ONE + 3 * DAY, USUAL, id="the promise passes first"),
    ],
)
def test_by_its_dwell_nothing_is_at_risk_where(promise: int, usual: Usual | None) -> None:
    standing = shipment(reference(promised_delivery_at=promise), MOVING)
    kinds = {one.kind for one in fall_due(standing, NORMED, DAY_ONE + 30 * DAY, usual)}
    assert kinds == {AlertKind.SHIPMENT_STALLED, AlertKind.DELIVERY_LATE}


def test_while_nothing_is_learnt_a_promise_is_looked_at_daily() -> None:
    standing = shipment(PROMISED, MOVING)
    now = MOVING.occurred_at + DAY
    assert fall_due(standing, NORMED, now) == []
    assert look_again_at(standing, NORMED, None, now) == min(now + DAY, HEARD + 2 * DAY)


def test_the_dwells_of_a_shipment_are_to_be_learnt_once_some_time_after_its_end() -> None:
    ended = shipment(DELIVERED)
    assert to_be_learnt_at(ended, NORMED) == DELIVERED.received_at + DAY
    assert to_be_learnt_at(ended, PATIENCE) is None
    assert to_be_learnt_at(shipment(MOVING), NORMED) is None
    assert next_due(replace(ended, view=replace(ended.view, proved=True, given_up=(0,))), NORMED) == (
        DELIVERED.received_at + DAY
    )
    assert to_be_learnt_at(replace(ended, dwells_told=True), NORMED) is None
    part = replace(ended, facts=replace(ended.facts, parents=(Parent("north:N1", LinkKind.RELABELLED, 1),)))
    assert to_be_learnt_at(part, NORMED) is None, "its whole tells them"


def test_another_status_or_promise_or_an_earlier_deadline_may_be_sooner_and_a_mere_scan_is_not() -> None:
    before = shipment(PROMISED, MOVING)
    scanned = shipment(PROMISED, MOVING, carrier_event(Milestone.ARRIVED_FACILITY, 90))
    assert not is_sooner(before, scanned, NORMED)
    assert is_sooner(scanned, before, NORMED)
    assert is_sooner(before, shipment(PROMISED, MOVING, carrier_event(Milestone.OUT_FOR_DELIVERY, 90)), NORMED)
    assert is_sooner(before, shipment(reference(promised_delivery_at=DAY_ONE + 5 * DAY), MOVING), NORMED)
