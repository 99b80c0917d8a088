"""A confirmation waits while the carrier says that pieces are short, where the customer's policy asks for all."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from streams.contracts.model import FulfilmentState
from streams.fulfilment.step import Input, step, sweep
from streams.kernel.vocabulary import DeliveryPhase, ExceptionType, FulfilmentAction, Milestone, PostingKind, WaitKind
from tests.support.fulfilment_world import DAY, DELIVERY, NOON, OTHER, decided, policies, short, taken_back, told

DELIVERED = told(Milestone.DELIVERED)
CONFIRMED = [(PostingKind.DELIVERY_CONFIRMATION, "N100", False)]
REVERSED = [(PostingKind.DELIVERY_CONFIRMATION, "N100", True)]


def played(name: str, *items: Input) -> tuple[FulfilmentState, list[tuple[PostingKind, str, bool]]]:
    known: dict[str, FulfilmentState] = {}
    posted = []
    for item in items:
        result = step([item], known, policies(name), NOON)
        known |= result.states
        posted += [*result.outputs.postings, *result.outputs.settled]
    return known[DELIVERY], [(one.kind, one.tracking_number, one.reverses is not None) for one in posted]


@pytest.mark.parametrize("items", [(short(), DELIVERED), (replace(DELIVERED, exception=ExceptionType.SHORTAGE),)])
def test_what_is_delivered_short_waits_for_a_person(items: tuple[Input, ...]) -> None:
    state, posted = played("pieces", *items)
    assert (state.phase, posted) == (DeliveryPhase.PARTLY_DELIVERED, [])
    assert state.wait is not None
    assert (state.wait.kind, state.wait.owner) == (WaitKind.PIECES, "finance")
    assert state.wait.deadline == DELIVERED.occurred_at + 5 * DAY
    overdue = sweep({DELIVERY: state}, policies("pieces"), state.wait.deadline)
    assert [one.subject for one in overdue.outputs.alerts] == [DELIVERY]
    assert played("pieces", *items, decided(FulfilmentAction.WAIVE))[1] == []
    assert played("pieces", *items, decided(FulfilmentAction.RELEASE))[1] == CONFIRMED


def test_a_shortage_told_after_the_delivery_takes_the_confirmation_back_until_it_is_taken_back_itself() -> None:
    state, posted = played("pieces", DELIVERED, short(), short())
    assert (state.phase, posted) == (DeliveryPhase.PARTLY_DELIVERED, CONFIRMED + REVERSED)
    state, posted = played("pieces", DELIVERED, short(), taken_back(short()))
    assert (state.phase, posted, state.short) == (DeliveryPhase.CONFIRMED, CONFIRMED + REVERSED + CONFIRMED, [])


def test_a_shortage_holds_back_its_own_shipment_alone_unless_all_are_confirmed_together() -> None:
    other = told(Milestone.DELIVERED, OTHER)
    assert played("pieces", short(), DELIVERED, other)[1] == [(PostingKind.DELIVERY_CONFIRMATION, OTHER, False)]
    state, posted = played("all pieces", short(), DELIVERED, other)
    assert (state.phase, posted) == (DeliveryPhase.PARTLY_DELIVERED, [])


def test_grace_ends_the_wait_for_a_proof_and_not_that_for_pieces() -> None:
    state, _ = played("pieces proof", short(), DELIVERED)
    assert state.wait is not None
    assert (state.wait.kind, state.phase) == (WaitKind.PROOF, DeliveryPhase.WAITING_FOR_PROOF)
    assert state.wait.released_at is not None
    out = sweep({DELIVERY: state}, policies("pieces proof"), state.wait.released_at)
    after = out.states[DELIVERY]
    assert after.wait is not None
    assert (after.wait.kind, after.wait.released_at, out.outputs.settled) == (WaitKind.PIECES, None, [])


def test_without_the_policy_a_shortage_is_kept_and_changes_nothing() -> None:
    state, posted = played("plain", DELIVERED, short())
    assert (state.phase, posted, len(state.short)) == (DeliveryPhase.CONFIRMED, CONFIRMED, 1)
    counts = [step([one], {DELIVERY: state}, policies("plain"), NOON).counts for one in (short(), taken_back(short()))]
    assert counts == [{"duplicates": 1}, {"noted": 1}]
