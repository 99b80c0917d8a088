"""Facts about deliveries become postings, each once."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.fulfilment import post
from streams.model import DeliveryMilestone, ErpPosting, FulfilmentState
from streams.vocabulary import ExceptionType, Milestone, PostingKind, Reason


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
        out = post(chunk, states)
        postings += out.postings
        states |= out.states
        assert sum(out.counts.values()) == len(chunk)
    return postings, states


def test_a_delivery_is_confirmed_once_across_chunks() -> None:
    postings, states = posted([fact(Milestone.DELIVERED)], [fact(Milestone.DELIVERED)])
    assert [posting.kind for posting in postings] == [PostingKind.DELIVERY_CONFIRMATION]
    assert states["D-1"].posted == [postings[0].posting_id]


def test_a_repeat_changes_no_state() -> None:
    first = post([fact(Milestone.DELIVERED)], {})
    again = post([fact(Milestone.DELIVERED)], first.states)
    assert not again.states
    assert again.counts == {"duplicates": 1}


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
    out = post([fact(Milestone.INFO, exception=ExceptionType.DAMAGE)], {})
    assert out.counts == {"not_posted": 1}
    assert not out.postings
    assert not out.states


_FACTS = st.builds(
    fact,
    st.sampled_from([Milestone.DELIVERED, Milestone.LOST, Milestone.DESTROYED, Milestone.DELIVERY_ATTEMPTED]),
    delivery_id=st.sampled_from(["D-1", "D-2"]),
    event_id=st.sampled_from(["e1", "e2"]),
    occurred_at=st.integers(1, 5),
)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_order_repetition_and_batching_change_nothing(data: st.DataObject) -> None:
    facts = data.draw(st.lists(_FACTS, max_size=8))
    again = data.draw(st.permutations([*facts, *facts]))
    cut = data.draw(st.integers(0, len(again)))
    one, other = posted(facts), posted(again[:cut], again[cut:])
    assert one[1] == other[1]
    assert sorted(p.posting_id for p in one[0]) == sorted(p.posting_id for p in other[0])
