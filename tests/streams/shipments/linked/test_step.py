"""Numbers that belong together: one story, whatever came first."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.model import Adoption, ShipmentLink
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import AlertKind, ExceptionType, LinkKind, Milestone, RejectReason, Status
from streams.shipments import record as records
from streams.shipments.step import step
from tests.support import laws
from tests.support.linked_numbers import TWO_WAYS, event, known, link, shipment
from tests.support.strategies import batchings, families, histories, reference, references, retellings, wavering

ONE_SHIPMENT = [link("N100", "N200", LinkKind.ALIAS), link("N200", "N100", LinkKind.ALIAS)]
HANDED_OVER = [
    event("N100", Milestone.PICKED_UP, 0), event("N100", Milestone.HANDED_OVER, 60),
    event("S7", Milestone.PRE_ADVISED, 30), event("S7", Milestone.PICKED_UP, 90),
    event("S7", Milestone.OUT_FOR_DELIVERY, 120), event("S7", Milestone.DELIVERED, 180),
]


def test_who_claims_the_first_number_hears_what_the_second_carrier_tells_in_any_order() -> None:
    said = [link("S7", "N100"), reference(), *HANDED_OVER[-2:]]
    outcomes = [laws.tell([[one] for one in [HANDED_OVER[0], *order]]) for order in permutations(said)]
    for outcome in outcomes:
        assert shipment(outcome, "N100").view.status is Status.DELIVERED
        told = [one.milestone for one in outcome.updates if one.tracking_number == "N100"]
        assert told.count(Milestone.DELIVERED) == 1
        laws.check_same(outcomes[0], outcome)


def test_the_carrier_that_goes_on_receives_and_its_label_moves_nothing_back() -> None:
    outcome = laws.tell([[link("S7", "N100"), reference(), *HANDED_OVER[:3]]])
    assert shipment(outcome, "N100").view.status is Status.IN_TRANSIT
    outcome = laws.tell([HANDED_OVER[3:]], outcome)
    assert [one.milestone for one in outcome.milestones] == [Milestone.PICKED_UP, Milestone.DELIVERED]


def test_of_two_names_of_a_shipment_each_tells_the_whole_story() -> None:
    said = [*ONE_SHIPMENT, reference(tracking_number="N200"), event("N100", Milestone.PICKED_UP, 0),
            event("N200", Milestone.DELIVERED, 60)]
    outcome = laws.tell([said])
    one, other = shipment(outcome, "N100"), shipment(outcome, "N200")
    assert one.view.status is other.view.status is Status.DELIVERED
    assert one.facts.seen == other.facts.seen
    assert {update.tracking_number for update in outcome.updates} == {"N200"}


def test_a_shipment_delivered_on_its_return_is_returned() -> None:
    said = [event("N100", Milestone.DELIVERED, 0), link("R1", "N100", LinkKind.RETURN_LEG), reference(),
            event("R1", Milestone.PRE_ADVISED, 30), event("R1", Milestone.PICKED_UP, 60)]
    outcome = laws.tell([said])
    assert shipment(outcome, "N100").view.status is Status.RETURNING
    outcome = laws.tell([[event("R1", Milestone.OUT_FOR_DELIVERY, 80), event("R1", Milestone.DELIVERED, 90)]], outcome)
    assert shipment(outcome, "N100").view.status is Status.RETURNED
    assert shipment(outcome, "R1").view.status is Status.DELIVERED


def test_a_shipment_is_delivered_once_all_its_pieces_are() -> None:
    said = [link("P1", "N100", LinkKind.PIECE), link("P2", "N100", LinkKind.PIECE), reference(),
            event("P1", Milestone.PICKED_UP, 0), event("P1", Milestone.DELIVERED, 60)]
    outcome = laws.tell([said])
    assert shipment(outcome, "N100").view.status is Status.PICKED_UP
    assert [(one.name, one.status) for one in shipment(outcome, "N100").view.pieces] == [
        ("north:P1", Status.DELIVERED), ("north:P2", Status.UNKNOWN),
    ]
    outcome = laws.tell([[event("P2", Milestone.DELIVERED, 90)]], outcome)
    assert shipment(outcome, "N100").view.status is Status.DELIVERED
    assert sorted((one.milestone, one.piece) for one in outcome.milestones) == [
        (Milestone.DELIVERED, "north:P1"), (Milestone.DELIVERED, "north:P2"), (Milestone.PICKED_UP, "north:P1"),
    ]


def test_pieces_of_one_number_stand_apart() -> None:
    said = [event("N100", Milestone.IN_TRANSIT, at, piece=piece) for at, piece in ((0, "1"), (1, "2"))]
    outcome = laws.tell([[*said, event("N100", Milestone.DELIVERED, 9, piece="1")]])
    assert shipment(outcome, "N100").view.status is Status.IN_TRANSIT
    assert laws.tell([[event("N100", Milestone.LOST, 10, piece="2")]], outcome).records != outcome.records
    lost = laws.tell([[event("N100", Milestone.LOST, 10, piece="2")]], outcome)
    assert shipment(lost, "N100").view.status is Status.DELIVERED
    assert [one.type for one in shipment(lost, "N100").view.open] == [ExceptionType.LOSS]


def test_a_chain_of_hand_overs_reaches_the_first_number_and_no_loop_runs_for_ever() -> None:
    said = [link("S7", "N100"), link("E1", "S7"), link("N100", "E1"), event("E1", Milestone.DELIVERED, 5)]
    outcome = laws.tell([said])
    assert {key: records.decode(one).view.status for key, one in outcome.records.items()} == {
        "north:N100": Status.DELIVERED, "north:S7": Status.DELIVERED, "north:E1": Status.DELIVERED,
    }


def test_a_part_nobody_claims_raises_no_alert_of_its_own() -> None:
    damaged = event("S7", Milestone.ARRIVED_FACILITY, 10, exception=ExceptionType.DAMAGE)
    outcome = laws.tell([[damaged]])
    assert {one.subject for one in outcome.open_alerts.values()} == {"north:S7"}
    outcome = laws.tell([[link("S7", "N100"), reference()]], outcome)
    assert {(one.kind, one.subject) for one in outcome.open_alerts.values()} == {
        (AlertKind.SHIPMENT_EXCEPTION, "north:N100")
    }
    outcome = laws.tell([[reference("O-2", "D-2", tracking_number="S7")]], outcome)
    assert {one.subject for one in outcome.open_alerts.values()} == {"north:N100", "north:S7"}


def test_of_two_names_nobody_claims_one_is_heard_of() -> None:
    outcome = laws.tell([[*ONE_SHIPMENT, event("N100", Milestone.LOST, 0)]])
    assert {one.subject for one in outcome.open_alerts.values()} == {"north:N100"}
    claimed = laws.tell([[reference(tracking_number="N200")]], outcome)
    assert {one.subject for one in claimed.open_alerts.values()} == {"north:N200"}


@pytest.mark.parametrize("wrong", [
    link("N100", "N100"), link("", "N100"), link("N100", ""),
    Adoption("north", "N100", "north:S7", LinkKind.PIECE, "ff", b""),
    Adoption("north", "N100", "north:S7", LinkKind.PIECE, "0" * 32, b"\x00"),
    Adoption("north", "", "north:S7", LinkKind.PIECE),
])
def test_an_input_without_two_numbers_is_refused_alone(wrong: ShipmentLink | Adoption) -> None:
    good = reference()
    result = step([wrong, good], {})
    [(place, reject)] = result.refused
    assert isinstance(reject, Reject)
    assert place == 0
    assert reject.reason in (RejectReason.CONTRACT_BROKEN, RejectReason.NO_REFERENCE)
    assert list(result.states) == ["north:N100"]


DELAYS = st.lists(st.integers(0, 5), max_size=8)


def test_an_event_that_comes_by_ways_of_two_kinds_is_seen_in_each_whatever_came_first() -> None:
    said = [*TWO_WAYS, reference(), event("R1", Milestone.DELIVERED, 60)]
    outcomes = [laws.tell([[one] for one in order]) for order in permutations(said)]
    for outcome in outcomes:
        laws.check_same(outcomes[0], outcome)
        laws.check_each_once(outcome)
    assert shipment(outcomes[0], "N100").view.status is Status.RETURNED
    told = outcomes[0].milestones
    assert {one.milestone for one in told} == {Milestone.RETURNED}
    assert {one.event_id for one in [*told, *outcomes[0].updates]} == {said[-1].event.event_id}


@given(st.data())
def test_with_linked_numbers_too_order_repetition_and_batching_change_nothing(data: st.DataObject) -> None:
    history = [*data.draw(histories()), *data.draw(families(settled=True))]
    retold = data.draw(retellings(history))
    plain = laws.tell([history])
    again = laws.tell(data.draw(batchings(retold)), delays=data.draw(DELAYS))
    laws.check_same(plain, again)
    for said, outcome in ((history, plain), (retold, again)):
        laws.check_each_once(outcome)
        laws.check_all_accounted_for(said, outcome)
        laws.check_record_tells_its_alerts(outcome)


@given(st.data())
def test_withdrawn_links_too_leave_an_end_that_depends_on_the_set_of_inputs_alone(data: st.DataObject) -> None:
    """Updates and postings of events that came by a withdrawn link are retracted and reversed: in the end
    customers and the ERP have heard the same as if all links had been known first."""
    history, family = data.draw(_said_and_unsaid()), data.draw(families())
    known_first = laws.tell([family, history])
    retold = data.draw(retellings([*history, *family]))
    other = laws.tell(data.draw(batchings(retold)), delays=data.draw(DELAYS))
    assert known(known_first) == known(other)
    assert known_first.open_alerts == other.open_alerts
    assert known_first.ids[0] == other.ids[0]
    assert known_first.standing == other.standing
    assert laws.posted(known_first) == laws.posted(other)
    laws.check_each_once(other)
    laws.check_told_of_what_is_known(other)
    laws.check_all_accounted_for(retold, other)
    laws.check_record_tells_its_alerts(other)


@given(st.data())
def test_with_links_taken_back_too_what_is_told_again_is_posted_and_reversed_no_second_time(
    data: st.DataObject,
) -> None:
    said = data.draw(st.permutations([*data.draw(_said_and_unsaid()), *data.draw(families())]))
    told = laws.tell([[item] for item in said], delays=data.draw(DELAYS)).milestones
    end = data.draw(st.integers(0, len(told)))
    laws.check_same_postings(told, [*told[:end], *told[data.draw(st.integers(0, end)):]])


@given(st.data())
def test_what_is_given_and_taken_back_in_turns_ends_as_what_is_known_first_does(data: st.DataObject) -> None:
    """And what a crash of a worker tells again changes nothing, posts nothing and reverses nothing."""
    said = data.draw(wavering())
    family = [one for one in said if isinstance(one, ShipmentLink)]
    known_first = laws.tell([family, [one for one in said if not isinstance(one, ShipmentLink)]])
    chunks, delays = [[one] for one in said], data.draw(DELAYS)
    plain = laws.tell(chunks, delays=delays)
    again = laws.tell(chunks, delays=delays, repeats=data.draw(st.lists(st.integers(0, 8), max_size=30)))
    laws.check_each_once(plain)
    for outcome in (plain, again):
        assert known(known_first) == known(outcome)
        assert known_first.open_alerts == outcome.open_alerts
        assert known_first.standing == outcome.standing
        assert laws.posted(known_first) == laws.posted(outcome)
        laws.check_told_of_what_is_known(outcome)
    laws.check_same_postings(plain.milestones, again.milestones)
    end = data.draw(st.integers(0, len(plain.milestones)))
    start = data.draw(st.integers(0, end))
    laws.check_same_postings(plain.milestones, [*plain.milestones[:end], *plain.milestones[start:]])


def _said_and_unsaid() -> st.SearchStrategy[list[laws.Said]]:
    """Histories with orders cancelled too."""
    cancelled = st.lists(references(withdrawn=True), max_size=3)
    return st.tuples(histories(least=2), cancelled).map(lambda both: [*both[0], *both[1]])


def test_a_claim_is_told_as_one_of_the_part_alone() -> None:
    outcome = laws.tell([[link("S7", "N100"), reference(tracking_number="S7"), event("S7", Milestone.DELIVERED, 1)]])
    assert [part.claimed for part in shipment(outcome, "N100").facts.children] == [True]
    assert {update.tracking_number for update in outcome.updates} == {"S7"}
    left = laws.tell([[reference(tracking_number="S7", updated_at=2**41, withdrawn=True)]], outcome)
    assert [part.claimed for part in shipment(left, "N100").facts.children] == [False]
