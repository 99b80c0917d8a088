"""When a shipment is put away, and what is kept of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.kernel.vocabulary import AlertKind, AlertState, ExceptionType, LinkKind, Milestone, Reason, Status
from streams.shipments.facts import Child, Parent
from streams.shipments.record import Shipment, encode
from streams.shipments.reuse.archive import (
    EVENT_BYTES,
    MOST_KEPT,
    Keeping,
    archived,
    claim_digest,
    due_at,
    is_among,
    with_all,
)
from streams.shipments.step import Received, step
from streams.shipments.timers.deadlines import FOR_EVER, Patience, fall_due
from tests.support.strategies import DAY_ONE, HOUR, MINUTE, OrderReference, carrier_event, received, reference

DAY = 24 * HOUR
KEEPING = Keeping(60 * DAY, 180 * DAY, 400 * DAY, 45 * DAY)


def told(*said: Received | OrderReference) -> Shipment:
    return step(said, {"north:N100": None}).states["north:N100"]


DELIVERED = received(carrier_event(Milestone.DELIVERED, 0))
LAST_WORD = DAY_ONE + MINUTE


def test_a_shipment_that_has_ended_is_archived_after_its_last_word() -> None:
    assert due_at(told(reference(), DELIVERED), KEEPING, FOR_EVER) == LAST_WORD + 60 * DAY


def test_a_shipment_under_way_is_not_archived() -> None:
    moving = told(reference(), received(carrier_event(Milestone.IN_TRANSIT, 0)))
    assert due_at(moving, KEEPING, FOR_EVER) is None


def test_a_shipment_without_an_order_is_archived_later() -> None:
    assert due_at(told(DELIVERED), KEEPING, FOR_EVER) == LAST_WORD + 180 * DAY


def test_with_an_alert_open_or_to_come_it_waits_longer() -> None:
    patience = Patience(proof_missing=3 * DAY)
    unproved = told(reference(), DELIVERED)
    assert due_at(unproved, KEEPING, patience) == LAST_WORD + 180 * DAY
    fall_due(unproved, patience, DAY_ONE + 4 * DAY)
    assert unproved.raised
    assert due_at(unproved, KEEPING, patience) == LAST_WORD + 180 * DAY
    damaged = told(reference(), received(
        carrier_event(Milestone.INFO, -1, exception=ExceptionType.DAMAGE, reason=Reason.OTHER)
    ), received(carrier_event(Milestone.LOST, 0)))
    assert damaged.view.open
    assert due_at(damaged, KEEPING, FOR_EVER) == LAST_WORD + 180 * DAY


def test_a_linked_shipment_is_not_archived() -> None:
    ended = told(reference(), DELIVERED)
    ended.facts.parents = (Parent("north:M1", LinkKind.PIECE, DAY_ONE),)
    assert due_at(ended, KEEPING, FOR_EVER) is None
    ended.facts.parents = (Parent("north:M1", LinkKind.PIECE, DAY_ONE, withdrawn=True),)
    assert due_at(ended, KEEPING, FOR_EVER) is not None
    ended.facts.children = (Child("north:P1", LinkKind.PIECE),)
    assert due_at(ended, KEEPING, FOR_EVER) is None


def test_kept_for_ever_means_for_ever() -> None:
    assert due_at(told(reference(), DELIVERED), Keeping(), FOR_EVER) is None
    assert due_at(archived(told(DELIVERED))[0], Keeping(), FOR_EVER) is None


def test_a_gravestone_is_small_and_knows_the_end_the_orders_and_the_events() -> None:
    shipment = told(reference(), reference("O-2", "D-2", withdrawn=True), DELIVERED)
    stone, alerts = archived(shipment)
    assert alerts == []
    assert stone.view.archived
    assert stone.facts.stub is not None
    assert (stone.facts.stub.generations, stone.facts.stub.closed_at, stone.status) == (1, DAY_ONE, Status.DELIVERED)
    assert is_among(stone.facts.stub.claims, claim_digest("O-1", "D-1"))
    assert is_among(stone.facts.stub.claims, claim_digest("O-2", "D-2"))
    assert is_among(stone.facts.stub.events, bytes.fromhex(DELIVERED.event.event_id)[:EVENT_BYTES])
    assert len(encode(stone)) < len(encode(shipment)) / 2
    assert due_at(stone, KEEPING, FOR_EVER) == LAST_WORD + 400 * DAY


def test_a_gravestone_knows_claims_made_by_references_too_unless_they_took_them_back() -> None:
    by_bol = reference("O-2", "D-2", by="bol:B1")
    stone, _ = archived(told(reference(by="bol:B1"), by_bol, replace(by_bol, withdrawn=True), DELIVERED))
    assert stone.facts.stub is not None
    assert stone.facts.claims == ()
    assert [is_among(stone.facts.stub.claims, claim_digest(f"O-{n}", f"D-{n}")) for n in (1, 2)] == [True, False]


def test_what_references_claimed_and_took_back_puts_nothing_off() -> None:
    by_bol = reference(updated_at=DAY_ONE + DAY, by="bol:B1")
    found_out = told(by_bol, replace(by_bol, withdrawn=True), DELIVERED)
    assert due_at(found_out, KEEPING, FOR_EVER) == due_at(told(DELIVERED), KEEPING, FOR_EVER)


def test_the_alerts_of_one_that_is_archived_are_resolved() -> None:
    shipment = told(reference(), received(
        carrier_event(Milestone.INFO, -1, exception=ExceptionType.DAMAGE, reason=Reason.OTHER)
    ), received(carrier_event(Milestone.DELIVERY_ATTEMPTED, 0)))
    shipment.view.status = Status.LOST
    fall_due(shipment, Patience(order_not_found=1, late=1), DAY_ONE)
    _, alerts = archived(shipment)
    assert {(one.kind, one.state) for one in alerts} == {(AlertKind.SHIPMENT_EXCEPTION, AlertState.RESOLVED)}
    lonely = told(DELIVERED)
    fall_due(lonely, Patience(order_not_found=1), DAY_ONE + DAY)
    _, alerts = archived(lonely)
    assert [(one.kind, one.state) for one in alerts] == [(AlertKind.ORDER_NOT_FOUND, AlertState.RESOLVED)]


@given(st.lists(st.binary(min_size=4, max_size=4)), st.lists(st.binary(min_size=4, max_size=4)))
def test_what_is_kept_side_by_side_is_a_set(first: list[bytes], second: list[bytes]) -> None:
    kept = with_all(with_all(b"", first, 4), second, 4)
    assert kept == with_all(b"", [*second, *first], 4)
    assert len(kept) == 4 * len({*first, *second})
    assert all(is_among(kept, piece) for piece in (*first, *second))


@pytest.mark.parametrize("more", [1, 1000])
def test_what_is_kept_has_an_end(more: int) -> None:
    many = [number.to_bytes(4, "big") for number in range(MOST_KEPT + more)]
    assert len(with_all(b"", many, 4)) == 4 * MOST_KEPT
    assert len(with_all(with_all(b"", many[:MOST_KEPT], 4), many, 4)) == 4 * MOST_KEPT
