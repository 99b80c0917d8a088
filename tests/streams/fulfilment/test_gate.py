"""A confirmation is posted when the customer's policy lets it go: delivered, proved, graced, waived or released."""

from __future__ import annotations

from msgspec.structs import replace

from streams.contracts.documents import stored_url
from streams.contracts.model import ErpPosting, FulfilmentState, ProofOfDelivery
from streams.fulfilment.policy import Policies, Policy
from streams.fulfilment.step import Input, step, sweep
from streams.kernel.vocabulary import Correction, DeliveryPhase, FulfilmentAction, Milestone, PostingKind, WaitKind
from tests.support.fulfilment_world import (
    AT,
    DAY,
    DELIVERY,
    NOON,
    ONE,
    OTHER,
    POLICIES,
    decided,
    policies,
    shipped,
    taken_back,
    told,
)

CONFIRMATION, PROOF, ISSUE = (
    PostingKind.DELIVERY_CONFIRMATION, PostingKind.PROOF_OF_DELIVERY, PostingKind.GOODS_ISSUE,
)
SIGNED = ProofOfDelivery("Ingrid Bakke")
LINKED = ProofOfDelivery("Ingrid Bakke", None, "https://pod.example/77")
STORED = ProofOfDelivery(document_url=stored_url("5e" * 32))
NOW = NOON + 2 * DAY
Line = tuple[PostingKind, str, bool]


class Delivery:
    """The delivery under a policy, and all that was posted."""

    def __init__(self, rules: str | Policies, now: int = NOW) -> None:
        self.rules = policies(rules) if isinstance(rules, str) else rules
        self.states: dict[str, FulfilmentState] = {}
        self.now, self.posted = now, list[ErpPosting]()

    def take(self, *items: Input) -> list[Line]:
        before = len(self.posted)
        for item in items:
            out = step([item], self.states, self.rules, self.now)
            assert not out.refused
            self.states |= out.states
            self.posted += [*out.outputs.postings, *out.outputs.settled]
        return self.lines(before)

    def wait_until(self, now: int) -> list[Line]:
        self.now, before = now, len(self.posted)
        out = sweep(self.states, self.rules, now)
        self.states |= out.states
        self.posted += out.outputs.settled
        return self.lines(before)

    def lines(self, first: int) -> list[Line]:
        return [(one.kind, one.tracking_number, one.reverses is None) for one in self.posted[first:]]

    @property
    def state(self) -> FulfilmentState:
        return self.states[DELIVERY]

    @property
    def waits_for(self) -> WaitKind | None:
        return None if self.state.wait is None else self.state.wait.kind


def test_a_confirmation_waits_for_its_proof_and_comes_after_it() -> None:
    delivery = Delivery("proof")
    assert delivery.take(told(Milestone.DELIVERED)) == []
    assert (delivery.state.phase, delivery.waits_for) == (DeliveryPhase.WAITING_FOR_PROOF, WaitKind.PROOF)
    assert delivery.take(told(Milestone.POD_RECEIVED)) == [(PROOF, ONE, True), (CONFIRMATION, ONE, True)]
    assert (delivery.state.phase, delivery.state.wait) == (DeliveryPhase.CONFIRMED, None)
    assert delivery.posted[1].occurred_at == AT[Milestone.DELIVERED]


def test_a_proof_the_delivery_scan_bears_is_one() -> None:
    assert Delivery("proof").take(told(Milestone.DELIVERED, proof=SIGNED)) == [(CONFIRMATION, ONE, True)]
    assert Delivery("document").take(told(Milestone.DELIVERED, proof=SIGNED)) == []


def test_a_link_is_no_document_before_what_it_leads_to_is_stored() -> None:
    delivery = Delivery("document")
    assert delivery.take(told(Milestone.DELIVERED, proof=LINKED)) == []
    assert delivery.take(told(Milestone.POD_RECEIVED, proof=LINKED)) == [(PROOF, ONE, True)]
    stored = replace(told(Milestone.POD_RECEIVED, proof=STORED), milestone_id="m-document", event_id="document")
    assert delivery.take(stored) == [(PROOF, ONE, True), (CONFIRMATION, ONE, True)]
    assert delivery.take(stored) == []
    not_of_it = replace(stored, correction=Correction.RETRACTS, claim_revision=1)
    assert delivery.take(not_of_it) == [(PROOF, ONE, False), (CONFIRMATION, ONE, False)]


def test_a_bare_link_is_no_proof_at_all() -> None:
    bare = ProofOfDelivery(document_url="https://pod.example/77")
    assert Delivery("proof").take(told(Milestone.DELIVERED, proof=bare)) == []


def test_a_proof_taken_back_takes_the_confirmation_back() -> None:
    delivery = Delivery("proof")
    delivery.take(told(Milestone.DELIVERED), told(Milestone.POD_RECEIVED))
    assert delivery.take(taken_back(told(Milestone.POD_RECEIVED))) == [
        (PROOF, ONE, False), (CONFIRMATION, ONE, False),
    ]
    assert delivery.state.phase is DeliveryPhase.WAITING_FOR_PROOF
    again = replace(told(Milestone.POD_RECEIVED), event_id="e-9")
    assert delivery.take(again) == [(PROOF, ONE, True), (CONFIRMATION, ONE, True)]
    assert len({one.posting_id for one in delivery.posted}) == len(delivery.posted)


def test_a_delivery_retracted_while_it_waits_is_never_posted() -> None:
    delivery = Delivery("proof")
    assert delivery.take(told(Milestone.DELIVERED), taken_back(told(Milestone.DELIVERED))) == []
    assert delivery.take(told(Milestone.POD_RECEIVED)) == [(PROOF, ONE, True)]
    assert (delivery.state.phase, delivery.waits_for) == (DeliveryPhase.WAITING_FOR_DELIVERY, WaitKind.DELIVERY)


def test_grace_lets_it_go_and_a_return_before_its_end_does_not() -> None:
    delivery = Delivery("grace")
    delivery.take(told(Milestone.DELIVERED))
    ends = AT[Milestone.DELIVERED] + 3 * DAY
    assert delivery.state.wait is not None
    assert delivery.state.wait.released_at == ends
    assert delivery.wait_until(ends - 1) == []
    assert delivery.wait_until(ends) == [(CONFIRMATION, ONE, True)]
    delivery = Delivery("grace")
    delivery.take(told(Milestone.DELIVERED), told(Milestone.RETURNING))
    assert delivery.wait_until(ends + DAY) == []


def test_a_named_person_waives_the_proof_or_releases_or_closes() -> None:
    delivery = Delivery("proof")
    delivery.take(told(Milestone.DELIVERED))
    assert delivery.take(decided(FulfilmentAction.WAIVE)) == [(CONFIRMATION, ONE, True)]
    assert delivery.state.decision == decided(FulfilmentAction.WAIVE)
    early = Delivery("proof")
    early.take(told(Milestone.PICKED_UP), decided(FulfilmentAction.WAIVE))
    assert early.take(told(Milestone.DELIVERED)) == [(CONFIRMATION, ONE, True)]
    closed = Delivery("grace")
    closed.take(told(Milestone.DELIVERED), decided(FulfilmentAction.CLOSE))
    assert (closed.state.phase, closed.state.wait) == (DeliveryPhase.CLOSED, None)
    assert closed.wait_until(NOON + 30 * DAY) == []
    assert closed.take(told(Milestone.POD_RECEIVED)) == [(PROOF, ONE, True), (CONFIRMATION, ONE, True)]


def test_all_shipments_are_confirmed_together_and_the_warehouse_says_which_there_are() -> None:
    delivery = Delivery("all")
    delivery.take(shipped(ONE, "n 200"))
    assert delivery.take(told(Milestone.DELIVERED)) == []
    assert (delivery.state.phase, delivery.waits_for) == (DeliveryPhase.PARTLY_DELIVERED, WaitKind.PIECES)
    both = delivery.take(told(Milestone.DELIVERED, OTHER))
    assert sorted(both) == [(CONFIRMATION, ONE, True), (CONFIRMATION, OTHER, True)]
    partly = Delivery("all")
    partly.take(shipped(ONE, OTHER), told(Milestone.DELIVERED))
    assert partly.take(decided(FulfilmentAction.RELEASE)) == [(CONFIRMATION, ONE, True)]
    assert partly.state.phase is DeliveryPhase.PARTLY_DELIVERED


def test_one_dispatch_is_posted_when_the_first_moves_and_stands_while_any_has() -> None:
    delivery = Delivery("all")
    assert delivery.take(told(Milestone.PICKED_UP)) == [(ISSUE, ONE, True)]
    assert delivery.take(told(Milestone.PICKED_UP, OTHER)) == []
    assert delivery.take(taken_back(told(Milestone.PICKED_UP))) == []
    assert delivery.take(taken_back(told(Milestone.PICKED_UP, OTHER))) == [(ISSUE, OTHER, False)]
    assert delivery.posted[-1].reverses == delivery.posted[0].posting_id


def test_one_dispatch_is_posted_when_all_that_the_warehouse_shipped_move() -> None:
    delivery = Delivery("all grace")
    assert delivery.take(shipped(ONE, OTHER), told(Milestone.PICKED_UP)) == []
    assert delivery.take(told(Milestone.PICKED_UP, OTHER, NOW)) == [(ISSUE, OTHER, True)]
    assert delivery.posted[0].occurred_at == NOW


def test_a_stricter_policy_takes_nothing_back_and_a_laxer_one_lets_go() -> None:
    delivery = Delivery("plain")
    delivery.take(told(Milestone.PICKED_UP), told(Milestone.DELIVERED))
    delivery.rules = policies("all proof")
    assert delivery.take(told(Milestone.DELIVERY_ATTEMPTED)) == [(PostingKind.DELIVERY_ATTEMPT, ONE, True)]
    held = Delivery("proof")
    held.take(told(Milestone.DELIVERED))
    held.rules = policies("plain")
    assert held.wait_until(NOW + 6 * DAY) == [(CONFIRMATION, ONE, True)]


def test_the_policy_is_the_customers() -> None:
    rules = Policies(Policy(), {"C-1": POLICIES["proof"]})
    assert Delivery(rules).take(told(Milestone.DELIVERED)) == []
    other = replace(told(Milestone.DELIVERED), customer_id="C-2")
    assert Delivery(rules).take(other) == [(CONFIRMATION, ONE, True)]
