"""Numbers that belong together: one story, whatever came first."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from streams import shipment as records
from streams.errors import Reject
from streams.model import Adoption, ShipmentLink
from streams.parts import is_mute
from streams.shipments import advance
from streams.vocabulary import AlertKind, Correction, ExceptionType, LinkKind, Milestone, RejectReason, Status
from tests.streams import laws
from tests.streams.strategies import (
    batchings,
    carrier_event,
    families,
    histories,
    received,
    reference,
    retellings,
)
from tests.streams.test_laws import HISTORIES

moderate = settings(
    max_examples=HISTORIES, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def link(part: str, whole: str, kind: LinkKind = LinkKind.HANDED_OVER, **changes: Any) -> ShipmentLink:
    return ShipmentLink("north", part, "north", whole, kind, **changes)


def event(number: str, milestone: Milestone, minutes: int, **changes: Any) -> Any:
    return received(carrier_event(milestone, minutes, tracking_number=number, **changes))


def shipment(outcome: laws.Outcome, number: str) -> records.Shipment:
    return records.decode(outcome.records[f"north:{number}"])


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
        assert shipment(outcome, "N100").status is Status.DELIVERED
        told = [one.milestone for one in outcome.updates if one.tracking_number == "N100"]
        assert told.count(Milestone.DELIVERED) == 1
        laws.check_same(outcomes[0], outcome)


def test_the_carrier_that_goes_on_receives_and_its_label_moves_nothing_back() -> None:
    outcome = laws.tell([[link("S7", "N100"), reference(), *HANDED_OVER[:3]]])
    assert shipment(outcome, "N100").status is Status.IN_TRANSIT
    outcome = laws.tell([HANDED_OVER[3:]], outcome)
    assert [one.milestone for one in outcome.milestones] == [Milestone.PICKED_UP, Milestone.DELIVERED]


def test_of_two_names_of_a_shipment_each_tells_the_whole_story() -> None:
    said = [*ONE_SHIPMENT, reference(tracking_number="N200"), event("N100", Milestone.PICKED_UP, 0),
            event("N200", Milestone.DELIVERED, 60)]
    outcome = laws.tell([said])
    one, other = shipment(outcome, "N100"), shipment(outcome, "N200")
    assert one.status is other.status is Status.DELIVERED
    assert one.seen == other.seen
    assert {update.tracking_number for update in outcome.updates} == {"N200"}


def test_what_is_delivered_on_the_way_back_is_returned() -> None:
    said = [event("N100", Milestone.DELIVERED, 0), link("R1", "N100", LinkKind.RETURN_LEG), reference(),
            event("R1", Milestone.PRE_ADVISED, 30), event("R1", Milestone.PICKED_UP, 60)]
    outcome = laws.tell([said])
    assert shipment(outcome, "N100").status is Status.RETURNING
    outcome = laws.tell([[event("R1", Milestone.OUT_FOR_DELIVERY, 80), event("R1", Milestone.DELIVERED, 90)]], outcome)
    assert shipment(outcome, "N100").status is Status.RETURNED
    assert shipment(outcome, "R1").status is Status.DELIVERED


def test_a_shipment_is_delivered_once_all_its_pieces_are() -> None:
    said = [link("P1", "N100", LinkKind.PIECE), link("P2", "N100", LinkKind.PIECE), reference(),
            event("P1", Milestone.PICKED_UP, 0), event("P1", Milestone.DELIVERED, 60)]
    outcome = laws.tell([said])
    assert shipment(outcome, "N100").status is Status.PICKED_UP
    assert [(one.name, one.status) for one in shipment(outcome, "N100").pieces] == [
        ("north:P1", Status.DELIVERED), ("north:P2", Status.UNKNOWN),
    ]
    outcome = laws.tell([[event("P2", Milestone.DELIVERED, 90)]], outcome)
    assert shipment(outcome, "N100").status is Status.DELIVERED
    assert sorted((one.milestone, one.piece) for one in outcome.milestones) == [
        (Milestone.DELIVERED, "north:P1"), (Milestone.DELIVERED, "north:P2"), (Milestone.PICKED_UP, "north:P1"),
    ]


def test_pieces_of_one_number_stand_apart() -> None:
    said = [event("N100", Milestone.IN_TRANSIT, at, piece=piece) for at, piece in ((0, "1"), (1, "2"))]
    outcome = laws.tell([[*said, event("N100", Milestone.DELIVERED, 9, piece="1")]])
    assert shipment(outcome, "N100").status is Status.IN_TRANSIT
    assert laws.tell([[event("N100", Milestone.LOST, 10, piece="2")]], outcome).records != outcome.records
    lost = laws.tell([[event("N100", Milestone.LOST, 10, piece="2")]], outcome)
    assert shipment(lost, "N100").status is Status.DELIVERED
    assert [one.type for one in shipment(lost, "N100").open] == [ExceptionType.LOSS]


def test_a_chain_of_hand_overs_reaches_the_first_number_and_no_loop_runs_for_ever() -> None:
    said = [link("S7", "N100"), link("E1", "S7"), link("N100", "E1"), event("E1", Milestone.DELIVERED, 5)]
    outcome = laws.tell([said])
    assert {key: records.decode(one).status for key, one in outcome.records.items()} == {
        "north:N100": Status.DELIVERED, "north:S7": Status.DELIVERED, "north:E1": Status.DELIVERED,
    }


def test_a_link_taken_back_takes_with_it_what_came_by_it_alone() -> None:
    said = [link("E1", "S7"), link("S7", "N100"), reference(), event("N100", Milestone.PICKED_UP, 0),
            event("S7", Milestone.ARRIVED_FACILITY, 10), event("E1", Milestone.DELIVERED, 20)]
    outcome = laws.tell([said])
    assert shipment(outcome, "N100").status is Status.DELIVERED
    apart = laws.tell([[link("E1", "S7", updated_at=1, withdrawn=True, said_by="a person")]], outcome)
    assert shipment(apart, "N100").status is Status.IN_TRANSIT
    assert shipment(apart, "S7").status is Status.IN_TRANSIT
    assert shipment(apart, "E1").status is Status.DELIVERED
    again = laws.tell([[link("E1", "S7", updated_at=2)]], apart)
    assert shipment(again, "N100").status is Status.DELIVERED
    assert {one.update_id for one in again.updates} == {one.update_id for one in outcome.updates}
    assert again.records["north:N100"] == outcome.records["north:N100"]


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
    assert not is_mute(shipment(outcome, "N100"))
    assert is_mute(shipment(outcome, "N200"))
    claimed = laws.tell([[reference(tracking_number="N200")]], outcome)
    assert is_mute(shipment(claimed, "N100"))
    assert {one.subject for one in claimed.open_alerts.values()} == {"north:N200"}


@pytest.mark.parametrize("wrong", [
    link("N100", "N100"), link("", "N100"), link("N100", ""),
    Adoption("north", "N100", "north:S7", LinkKind.PIECE, "ff", b""),
    Adoption("north", "N100", "north:S7", LinkKind.PIECE, "0" * 32, b"\x00"),
    Adoption("north", "", "north:S7", LinkKind.PIECE),
])
def test_what_ties_nothing_is_refused_alone(wrong: ShipmentLink | Adoption) -> None:
    good = reference()
    result = advance([wrong, good], {})
    [(place, reject)] = result.refused
    assert isinstance(reject, Reject)
    assert place == 0
    assert reject.reason in (RejectReason.CONTRACT_BROKEN, RejectReason.NO_REFERENCE)
    assert list(result.states) == ["north:N100"]


DELAYS = st.lists(st.integers(0, 5), max_size=8)


TWO_WAYS = [link("S7", "N100"), link("R1", "S7", LinkKind.ALIAS), link("R1", "N100", LinkKind.RETURN_LEG)]
"""A hand-over's other name, which is said to be the way back as well."""


def test_an_event_that_comes_by_ways_of_two_kinds_is_seen_in_each_whatever_came_first() -> None:
    said = [*TWO_WAYS, reference(), event("R1", Milestone.DELIVERED, 60)]
    outcomes = [laws.tell([[one] for one in order]) for order in permutations(said)]
    for outcome in outcomes:
        laws.check_same(outcomes[0], outcome)
        laws.check_each_once(outcome)
    assert shipment(outcomes[0], "N100").status is Status.RETURNED
    told = outcomes[0].milestones
    assert {one.milestone for one in told} == {Milestone.DELIVERED, Milestone.RETURNED}
    assert {one.event_id for one in [*told, *outcomes[0].updates]} == {said[-1].event.event_id}


@pytest.mark.parametrize(("wrong", "status"), [(0, Status.RETURNED), (1, Status.RETURNED), (2, Status.DELIVERED)])
def test_a_way_taken_back_takes_its_sight_with_it_and_leaves_the_other(wrong: int, status: Status) -> None:
    end = replace(TWO_WAYS[wrong], updated_at=1, withdrawn=True)
    said = [*TWO_WAYS, end, event("R1", Milestone.DELIVERED, 60)]
    for order in permutations(said):
        outcome = laws.tell([[one] for one in order])
        assert shipment(outcome, "N100").status is status
        assert len(shipment(outcome, "N100").history) == 1


def test_a_correction_voids_every_sight_of_an_event() -> None:
    picked_up = event("R1", Milestone.PICKED_UP, 60)
    wrong = event("R1", Milestone.INFO, 90, correction=Correction.RETRACTS, corrects=picked_up.event.event_id)
    for order in permutations([*TWO_WAYS, picked_up, wrong]):
        one = shipment(laws.tell([[said] for said in order]), "N100")
        assert (one.status, len(one.history)) == (Status.UNKNOWN, 3)


@moderate
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


@moderate
@given(st.data())
def test_with_links_taken_back_too_the_records_depend_on_the_set_alone(data: st.DataObject) -> None:
    """What was told before a link was taken back, or became one of another kind, depends on when; the records and open
    alerts do not, and what is told where every link is known before all else is told in any order."""
    history, family = data.draw(histories()), data.draw(families())
    known_first = laws.tell([family, history])
    retold = data.draw(retellings([*history, *family]))
    other = laws.tell(data.draw(batchings(retold)), delays=data.draw(DELAYS))
    assert _known(known_first) == _known(other)
    assert known_first.open_alerts == other.open_alerts
    assert known_first.ids[0] == other.ids[0]
    for least, told in zip(known_first.standing, other.standing, strict=True):
        assert least <= told
    laws.check_all_accounted_for(retold, other)
    laws.check_record_tells_its_alerts(other)


def _known(outcome: laws.Outcome) -> dict[str, bytes]:
    """The records of all numbers that something is known of, other than that nothing is."""
    read = {key: records.decode(record) for key, record in outcome.records.items()}
    return {
        key: outcome.records[key] for key, one in read.items()
        if one.history or one.orders or one.withdrawn or one.wholes or one.parts
    }


def test_a_claim_is_told_as_one_of_the_part_alone() -> None:
    outcome = laws.tell([[link("S7", "N100"), reference(tracking_number="S7"), event("S7", Milestone.DELIVERED, 1)]])
    assert [part.claimed for part in shipment(outcome, "N100").parts] == [True]
    assert {update.tracking_number for update in outcome.updates} == {"S7"}
    left = laws.tell([[reference(tracking_number="S7", updated_at=2**41, withdrawn=True)]], outcome)
    assert [part.claimed for part in shipment(left, "N100").parts] == [False]
