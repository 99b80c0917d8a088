"""Facts about deliveries become postings, each once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.contracts.model import DeliveryMilestone, ErpPosting, FulfilmentState
from streams.fulfilment.policy import PLAIN
from streams.fulfilment.step import step
from streams.kernel.vocabulary import (
    Correction,
    DeliveryPhase,
    ExceptionType,
    Milestone,
    PostingKind,
    Reason,
    WaitKind,
)
from tests.support.fulfilment_world import DELIVERY, NOON, ONE, OTHER, policies, shipped, told


def fact(milestone: Milestone, **changes: Any) -> DeliveryMilestone:
    fields: dict[str, Any] = {
        "milestone_id": f"{milestone}",
        "delivery_id": "D-1",
        "order_id": "O-1",
        "customer_id": "C-1",
        "carrier": "north",
        "tracking_number": "N100",
        "milestone": milestone,
        "occurred_at": 1000,
        "exception": ExceptionType.NONE,
        "reason": Reason.NORMAL,
        "proof_of_delivery": None,
        "event_id": "e1",
        **changes,
    }
    return DeliveryMilestone(**fields)


def posted(*chunks: list[DeliveryMilestone]) -> tuple[list[ErpPosting], dict[str, FulfilmentState]]:
    states: dict[str, FulfilmentState] = {}
    postings: list[ErpPosting] = []
    for chunk in chunks:
        out = step(chunk, states)
        postings += out.outputs.postings
        states |= out.states
        assert sum(out.counts.values()) == len(chunk)
    return postings, states


def test_a_delivery_is_confirmed_once_across_chunks() -> None:
    postings, states = posted([fact(Milestone.DELIVERED)], [fact(Milestone.DELIVERED)])
    assert [posting.kind for posting in postings] == [PostingKind.DELIVERY_CONFIRMATION]
    assert states["D-1"].posted == [postings[0].posting_id]


def test_a_repeat_changes_no_state() -> None:
    first = step([fact(Milestone.DELIVERED)], {})
    again = step([fact(Milestone.DELIVERED)], first.states)
    assert not again.states
    assert again.counts == {"duplicates": 1}


TAKEN_BACK = {"correction": Correction.RETRACTS, "corrects": "e1", "because_of": "c1"}
NOT_ITS_OWN = {"correction": Correction.RETRACTS, "claim_revision": 7}


@pytest.mark.parametrize("how", [TAKEN_BACK, NOT_ITS_OWN], ids=["event", "claim"])
def test_what_is_taken_back_is_reversed_once_whatever_is_told_again(how: dict[str, Any]) -> None:
    told, gone = fact(Milestone.DELIVERED, claim_revision=6), fact(Milestone.DELIVERED, **how)
    postings, states = posted([told], [gone, told, gone], [told])
    assert [(one.kind, one.reverses) for one in postings] == [
        (PostingKind.DELIVERY_CONFIRMATION, None), (PostingKind.DELIVERY_CONFIRMATION, postings[0].posting_id),
    ]
    assert states["D-1"].posted == sorted(one.posting_id for one in postings)
    assert len(states["D-1"].posted) == 2


@pytest.mark.parametrize(
    ("how", "again"), [(TAKEN_BACK, {"event_id": "e2"}), (NOT_ITS_OWN, {"claim_revision": 8})], ids=["event", "claim"],
)
def test_what_comes_to_be_true_after_all_is_posted_anew_under_another_id(
    how: dict[str, Any], again: dict[str, Any]
) -> None:
    told, gone = fact(Milestone.DELIVERED, claim_revision=6), fact(Milestone.DELIVERED, **how)
    postings, _ = posted([told, gone], [fact(Milestone.DELIVERED, **again)], [gone])
    first, reversal, anew = postings[:3]
    assert (reversal.reverses, anew.reverses) == (first.posting_id, None)
    assert len({one.posting_id for one in postings}) == len(postings) == 3
    if how is TAKEN_BACK:
        last = fact(Milestone.DELIVERED, **{**TAKEN_BACK, "corrects": "e2", "because_of": "c2"})
        assert posted([told, gone], [fact(Milestone.DELIVERED, **again), last])[0][-1].reverses == anew.posting_id


@pytest.mark.parametrize("milestone", [Milestone.DELIVERED, Milestone.DELIVERY_ATTEMPTED])
def test_what_is_let_in_again_is_posted_anew_each_time_and_a_repeat_of_it_never(milestone: Milestone) -> None:
    told = [
        fact(milestone),
        fact(milestone, **TAKEN_BACK),
        fact(milestone, correction=Correction.REPLACES, corrects="c1", because_of="c2"),
        fact(milestone, **{**TAKEN_BACK, "because_of": "c3"}),
        fact(milestone, correction=Correction.REPLACES, corrects="c3", because_of="c4"),
    ]
    once, states = posted(told)
    assert [one.reverses is None for one in once] == [True, False, True, False, True]
    for start in range(len(told)):
        assert step(told[start:], states).outputs.postings == []


def test_a_fact_another_event_tells_of_stays_posted() -> None:
    lost, destroyed = fact(Milestone.LOST), fact(Milestone.DESTROYED, event_id="e2")
    gone = fact(Milestone.LOST, **TAKEN_BACK)
    replaced = fact(Milestone.DELIVERED, event_id="e3", correction=Correction.REPLACES, corrects="e1")
    assert len(posted([lost, destroyed, gone])[0]) == 1
    assert len(posted([fact(Milestone.DELIVERED), replaced])[0]) == 1


def test_a_fact_that_was_not_posted_is_not_reversed() -> None:
    assert posted([fact(Milestone.DELIVERED, **TAKEN_BACK)], [fact(Milestone.DELIVERED)])[0] == []
    postings, _ = posted([fact(Milestone.DELIVERY_ATTEMPTED, **TAKEN_BACK)], [fact(Milestone.DELIVERED, event_id="e2")])
    assert [one.kind for one in postings] == [PostingKind.DELIVERY_CONFIRMATION]


def test_a_posting_of_an_earlier_build_is_not_made_again() -> None:
    first = step([fact(Milestone.DELIVERED)], {}).states["D-1"]
    earlier = {"D-1": replace(first, facts=[])}
    assert step([fact(Milestone.DELIVERED)], earlier).outputs.postings == []
    [reversal] = step([fact(Milestone.DELIVERED, **TAKEN_BACK)], earlier).outputs.postings
    assert reversal.reverses == first.posted[0]


def test_each_attempt_is_posted() -> None:
    attempts = [fact(Milestone.DELIVERY_ATTEMPTED, milestone_id=name) for name in ("m1", "m2")]
    assert len(posted(attempts)[0]) == 2


def test_lost_and_destroyed_are_one_loss() -> None:
    postings, _ = posted([fact(Milestone.LOST), fact(Milestone.DESTROYED, event_id="e2")])
    assert [posting.kind for posting in postings] == [PostingKind.LOSS]


def test_two_shipments_of_one_delivery_are_posted_apart() -> None:
    both = [fact(Milestone.DELIVERED), fact(Milestone.DELIVERED, tracking_number="N200")]
    assert len(posted(both)[0]) == 2


def test_a_fact_without_a_posting_kind_is_counted_and_leaves_no_state() -> None:
    out = step([fact(Milestone.INFO, exception=ExceptionType.DAMAGE)], {})
    assert out.counts == {"not_posted": 1}
    assert not out.outputs.postings
    assert not out.states


_FACTS = st.builds(
    lambda milestone, delivery, event: fact(milestone, delivery_id=delivery, event_id=event[0], occurred_at=event[1]),
    st.sampled_from([Milestone.DELIVERED, Milestone.LOST, Milestone.DESTROYED, Milestone.DELIVERY_ATTEMPTED]),
    st.sampled_from(["D-1", "D-2"]),
    st.sampled_from([("e1", 3), ("e2", 1), ("e3", 5)]),
)
"""An event has one time."""


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_order_repetition_and_batching_change_nothing(data: st.DataObject) -> None:
    facts = data.draw(st.lists(_FACTS, max_size=8))
    again = data.draw(st.permutations([*facts, *facts]))
    cut = data.draw(st.integers(0, len(again)))
    one, other = posted(facts), posted(again[:cut], again[cut:])
    assert one[1] == other[1]
    assert sorted(p.posting_id for p in one[0]) == sorted(p.posting_id for p in other[0])


def test_a_confirmation_says_how_many_pieces_of_the_delivery_are_there() -> None:
    states: dict[str, FulfilmentState] = {}
    said = []
    for item in (
        shipped(ONE, OTHER), told(Milestone.DELIVERED),
        *(replace(told(Milestone.PICKED_UP, OTHER), piece=piece, milestone_id=f"p-{piece}") for piece in "AB"),
        *(replace(told(Milestone.DELIVERED, OTHER), piece=piece, milestone_id=f"d-{piece}") for piece in "AB"),
    ):
        out = step([item], states, PLAIN, NOON)
        states |= out.states
        said += [
            (one.pieces_delivered, one.pieces_known) for one in out.outputs.postings
            if one.kind is PostingKind.DELIVERY_CONFIRMATION
        ]
    assert said == [(1, 2), (2, 3), (3, 3)]


def test_a_gate_that_opens_for_all_tells_no_partial_delivery() -> None:
    states: dict[str, FulfilmentState] = {}
    said = []
    for item in (shipped(ONE, OTHER), told(Milestone.DELIVERED), told(Milestone.DELIVERED, OTHER)):
        out = step([item], states, policies("all"), NOON)
        states |= out.states
        said += [(one.pieces_delivered, one.pieces_known) for one in out.outputs.settled if one.pieces_known]
    assert said == [(2, 2), (2, 2)]


def test_a_posting_names_the_exception_of_its_report() -> None:
    refused = replace(told(Milestone.DELIVERY_ATTEMPTED), exception=ExceptionType.REFUSAL)
    [posting] = step([refused], {}, PLAIN, NOON).outputs.postings
    assert (posting.kind, posting.exception, posting.pieces_known) == (
        PostingKind.DELIVERY_ATTEMPT, ExceptionType.REFUSAL, 0,
    )


def test_a_refusal_begins_the_return_once_whoever_says_so_first() -> None:
    refused = replace(told(Milestone.INFO, at=NOON), exception=ExceptionType.REFUSAL)
    done = step([refused, told(Milestone.RETURNING, at=NOON + 1)], {}, PLAIN, NOON)
    assert [one.kind for one in done.outputs.postings] == [PostingKind.RETURN_STARTED]
    state = done.states[DELIVERY]
    assert state.phase is DeliveryPhase.RETURNING
    assert state.wait is not None
    assert state.wait.kind is WaitKind.RETURN
    ended = step([told(Milestone.RETURNED, at=NOON + 2)], done.states, PLAIN, NOON)
    assert ended.states[DELIVERY].phase is DeliveryPhase.RETURNED


def test_a_refused_parcel_that_is_delivered_after_all_is_confirmed() -> None:
    refused = replace(told(Milestone.INFO, at=NOON), exception=ExceptionType.REFUSAL)
    done = step([refused, told(Milestone.DELIVERED, at=NOON + 1)], {}, PLAIN, NOON)
    assert done.states[DELIVERY].phase is DeliveryPhase.CONFIRMED


def test_another_exception_alone_is_not_posted() -> None:
    damaged = replace(told(Milestone.INFO, at=NOON), exception=ExceptionType.DAMAGE)
    assert step([damaged], {}, PLAIN, NOON).counts == {"not_posted": 1}
