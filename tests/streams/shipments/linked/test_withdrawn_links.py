"""Links withdrawn and said again: what came by them is retracted, reversed and told anew."""

from __future__ import annotations

from itertools import permutations

import pytest
from msgspec.structs import replace

from streams.fulfilment.step import step as post
from streams.kernel.vocabulary import Correction, Milestone, PostingKind, Status
from streams.shipments.step import step
from tests.support import laws
from tests.support.linked_numbers import TWO_WAYS, event, known, link, shipment
from tests.support.strategies import DAY_ONE, POLLED, reference


def test_a_link_taken_back_takes_with_it_what_came_by_it_alone() -> None:
    said = [link("E1", "S7"), link("S7", "N100"), reference(), event("N100", Milestone.PICKED_UP, 0),
            event("S7", Milestone.ARRIVED_FACILITY, 10), event("E1", Milestone.DELIVERED, 20)]
    outcome = laws.tell([said])
    assert shipment(outcome, "N100").view.status is Status.DELIVERED
    apart = laws.tell([[link("E1", "S7", updated_at=1, withdrawn=True, said_by="a person")]], outcome)
    assert shipment(apart, "N100").view.status is Status.IN_TRANSIT
    assert shipment(apart, "S7").view.status is Status.IN_TRANSIT
    assert shipment(apart, "E1").view.status is Status.DELIVERED
    again = laws.tell([[link("E1", "S7", updated_at=2)]], apart)
    assert shipment(again, "N100").view.status is Status.DELIVERED
    assert again.standing == outcome.standing
    assert known(again)["north:N100"] == known(outcome)["north:N100"]


ATTEMPT = Milestone.DELIVERY_ATTEMPTED
APART = link("S7", "N100", updated_at=1, withdrawn=True, said_by="a person")
AGAIN = link("S7", "N100", updated_at=2)


def test_what_was_told_because_of_a_link_is_taken_back_with_it_and_told_and_posted_anew_once_it_is_said_again() -> None:
    delivered = event("S7", Milestone.DELIVERED, 20)
    said = [link("S7", "N100"), reference(), delivered, APART, AGAIN, replace(APART, updated_at=3)]
    outcome = laws.tell([[one] for one in said])
    told = [(one.correction, one.corrects) for one in outcome.milestones]
    gone = (Correction.RETRACTS, delivered.event.event_id)
    assert told == [(Correction.NEW, None), gone, (Correction.NEW, None), gone]
    assert [(one.correction, one.corrects) for one in outcome.updates] == told
    assert len({one.because_of for one in outcome.milestones}) == len(told)
    assert len({one.milestone_id for one in outcome.milestones}) == 1
    postings = post(outcome.milestones, {}).outputs.postings
    assert [one.reverses for one in postings] == [None, postings[0].posting_id, None, postings[2].posting_id]


def test_an_order_that_claims_again_what_was_taken_back_meanwhile_is_told_it_and_it_is_posted() -> None:
    claims = [reference(updated_at=DAY_ONE + hour, withdrawn=bool(hour % 2)) for hour in range(3)]
    said = [link("S7", "N100"), claims[0], event("S7", Milestone.DELIVERED, 20), APART, claims[1], AGAIN, claims[2]]
    outcome = laws.tell([[one] for one in said])
    assert len(outcome.standing[1]) == 1
    assert [kind for _, _, kind, _ in laws.posted(outcome)] == [PostingKind.DELIVERY_CONFIRMATION]


def test_a_delivery_that_may_be_the_returns_end_is_told_as_delivered_only_once_the_return_is_taken_back() -> None:
    delivered = event("R1", Milestone.DELIVERED, 60)
    said = [*TWO_WAYS, reference(), delivered]
    returned, apart = (Milestone.RETURNED, Correction.NEW), (Milestone.RETURNED, Correction.RETRACTS)
    for wrong, told in (
        (TWO_WAYS[2], [returned, apart, (Milestone.DELIVERED, Correction.NEW)]), (TWO_WAYS[0], [returned]),
    ):
        outcome = laws.tell([said, [replace(wrong, updated_at=1, withdrawn=True)]])
        assert [(one.milestone, one.correction) for one in outcome.milestones] == told
        assert {one.corrects for one in outcome.milestones} <= {None, delivered.event.event_id}
        assert len(outcome.standing[0]) == len(outcome.standing[1]) == len(laws.posted(outcome)) == 1


def test_what_a_part_corrects_stands_again_without_the_link_and_falls_again_with_it() -> None:
    own = event("N100", Milestone.DELIVERED, 20)
    wrong = event("S7", Milestone.INFO, 30, correction=Correction.RETRACTS, corrects=own.event.event_id)
    said = [[link("S7", "N100")], [reference()], [own], [wrong], [APART]]
    apart = laws.tell(said)
    assert [one.correction for one in apart.milestones] == [Correction.NEW, Correction.RETRACTS, Correction.NEW]
    assert len(laws.posted(apart)) == 1
    again = laws.tell([[AGAIN]], apart)
    assert again.standing == (set(), set())
    assert laws.posted(again) == []


def test_what_a_part_tells_again_that_was_taken_back_since_is_known() -> None:
    part = step([link("S7", "N100"), event("S7", Milestone.DELIVERED, 20)], {}).outputs.adoptions
    apart = step([link("S7", "N100"), APART], {}).outputs.adoptions[-1:]
    taken_back = step([reference(), *part, *apart], {})
    again = step([*part, *apart], taken_back.states)
    assert again.counts == {"adoptions_repeated": 3}
    assert not again.states
    assert step([replace(one, ages=[]) for one in part], taken_back.states).counts == {"adopted": 2}


def test_what_comes_again_from_the_end_of_a_chain_that_was_taken_back_is_known_too() -> None:
    chain = [link("E1", "S7"), link("S7", "N100"), reference(), event("E1", Milestone.DELIVERED, 20)]
    turns = [[link("E1", "S7", updated_at=at, withdrawn=bool(at % 2))] for at in range(1, 4)]
    for turned in range(4):
        said = [chain, *turns[:turned]]
        told, again = laws.tell(said), laws.tell(said, repeats=[0] * 3 + [8] * 20)
        assert len(told.standing[1]) == 1 - turned % 2
        assert again.records == told.records
        assert again.standing == told.standing
        laws.check_same_postings(told.milestones, again.milestones)


def test_a_link_taken_back_before_anything_came_by_it_takes_nothing_back_once_it_comes_again() -> None:
    said = [
        [link("S7", "N100")], [link("E1", "S7")], [link("E1", "S7", updated_at=1, withdrawn=True)],
        [link("E1", "S7", updated_at=2)], [reference()], [event("E1", Milestone.DELIVERED, 20)],
    ]
    told, again = laws.tell(said), laws.tell(said, repeats=[0] * 6 + [8])
    assert again.milestones == told.milestones
    assert len(told.milestones) == 1


def test_what_a_further_source_makes_known_is_told_anew_by_another_word_of_the_link() -> None:
    own, seen = event("N100", ATTEMPT, 1), event("S7", ATTEMPT, 1, source=POLLED)
    further = event("S7", ATTEMPT, 1)
    said = [link("S7", "N100"), reference(), own, seen, further]
    outcome = laws.tell([[one] for one in [*said, APART]])
    again = step([AGAIN, seen], {}).outputs.adoptions, step([AGAIN, seen, further], {}).outputs.adoptions
    told = laws.tell([[*again[0]], [*again[1]]], outcome).milestones
    words = [one.because_of for one in told if one.correction is Correction.NEW]
    assert len(words) == len(set(words)) == 3


@pytest.mark.parametrize(("wrong", "status"), [(0, Status.RETURNED), (1, Status.RETURNED), (2, Status.DELIVERED)])
def test_a_way_taken_back_takes_its_sight_with_it_and_leaves_the_other(wrong: int, status: Status) -> None:
    end = replace(TWO_WAYS[wrong], updated_at=1, withdrawn=True)
    said = [*TWO_WAYS, end, event("R1", Milestone.DELIVERED, 60)]
    for order in permutations(said):
        outcome = laws.tell([[one] for one in order])
        assert shipment(outcome, "N100").view.status is status
        assert len(shipment(outcome, "N100").facts.history) == 1


def test_a_correction_voids_every_sight_of_an_event() -> None:
    picked_up = event("R1", Milestone.PICKED_UP, 60)
    wrong = event("R1", Milestone.INFO, 90, correction=Correction.RETRACTS, corrects=picked_up.event.event_id)
    for order in permutations([*TWO_WAYS, picked_up, wrong]):
        one = shipment(laws.tell([[said] for said in order]), "N100")
        assert (one.view.status, len(one.facts.history)) == (Status.UNKNOWN, 3)
