"""The table of steps between phases is what the code does: each step in it happens, and no other."""

from __future__ import annotations

import pytest

from streams.fulfilment.machine import DECISIONS, MAY_DECIDE, TRANSITIONS, Event, actions_in
from streams.fulfilment.phases import FINAL
from streams.fulfilment.step import step
from streams.kernel.vocabulary import DeliveryPhase, FulfilmentAction, Milestone, RejectReason
from tests.support.fulfilment_world import DELIVERY, NOON, POLICIES, decided, policies, told, walked

DEPTHS = {"plain": 4, "proof": 3, "document": 3, "grace": 4, "all": 4, "all proof": 3, "quantity": 3, "pieces": 4,
          "pieces proof": 3, "all pieces": 2}
"""How many inputs it takes to see every step, by policy."""


def test_each_step_of_the_table_happens_and_no_other_does() -> None:
    found: dict[tuple[DeliveryPhase, Event], set[DeliveryPhase]] = {}
    for name, depth in DEPTHS.items():
        for key, phases in walked(name, depth).items():
            found.setdefault(key, set()).update(phases)
    table = {(phase, event): set(to) for phase, row in TRANSITIONS.items() for event, to in row.items()}
    assert found == table


def test_every_phase_but_that_of_earlier_builds_is_reached_and_can_be_left() -> None:
    reached = {phase for row in TRANSITIONS.values() for to in row.values() for phase in to}
    assert reached == TRANSITIONS.keys() == set(DeliveryPhase) - {DeliveryPhase.UNKNOWN}


def test_a_person_ends_every_phase_that_waits() -> None:
    for phase in set(DeliveryPhase) - FINAL - {DeliveryPhase.UNKNOWN}:
        assert FulfilmentAction.CLOSE in actions_in(phase)
        assert TRANSITIONS[phase][Event.CLOSED] == {DeliveryPhase.CLOSED}


def test_no_decision_changes_a_phase_in_which_it_is_illegal() -> None:
    for action, event in DECISIONS.items():
        deciding = {phase for phase, row in TRANSITIONS.items() if event in row}
        assert deciding <= MAY_DECIDE[action]


@pytest.mark.parametrize("action", list(DECISIONS))
def test_an_illegal_decision_is_refused_and_says_why(action: FulfilmentAction) -> None:
    rules = policies("plain")
    confirmed = step([told(Milestone.DELIVERED)], {}, rules, NOON).states
    out = step([decided(action)], confirmed, rules, NOON)
    [(place, reject)] = out.refused
    assert (place, reject.reason) == (0, RejectReason.ILLEGAL_DECISION)
    assert "delivery D-1 is confirmed" in reject.detail
    assert (out.states, out.outputs.postings, out.outputs.settled) == ({}, [], [])


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (decided(FulfilmentAction.UNKNOWN), "unknown is no decision"),
        (decided(FulfilmentAction.WAIVE, by=""), "nobody answers for it"),
        (decided(FulfilmentAction.WAIVE), "nothing is known of delivery D-1"),
    ],
)
def test_a_decision_nobody_can_follow_is_refused(decision: object, words: str) -> None:
    [(_, reject)] = step([decision], {}, policies("proof"), NOON).refused  # type: ignore[list-item]
    assert words in reject.detail


def test_a_decision_told_again_is_late_and_no_dead_letter() -> None:
    rules, known = policies("proof"), {}
    for item in (told(Milestone.DELIVERED), decided(FulfilmentAction.RELEASE)):
        known = dict(step([item], known, rules, NOON).states)
    assert known[DELIVERY].phase is DeliveryPhase.CONFIRMED
    out = step([decided(FulfilmentAction.RELEASE)], known, rules, NOON)
    assert (out.refused, out.counts, out.states) == ([], {"late": 1}, {})


def test_all_policies_of_the_world_are_walked_or_alike_one_that_is() -> None:
    assert POLICIES.keys() - DEPTHS.keys() == {"all grace"}
