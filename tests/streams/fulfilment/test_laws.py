"""Laws of fulfilment, whatever comes in whatever order: nothing is posted before its gate, at most one dispatch stands,
nothing waits without an end, and the same inputs come to the same end."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from streams.contracts.model import DeliveryMilestone, ErpPosting, FulfilmentState
from streams.fulfilment.machine import TRANSITIONS, Event
from streams.fulfilment.phases import FINAL, next_due
from streams.fulfilment.policy import ConfirmOn, DispatchOn, PiecesNeeded, Policies, ProofNeeded
from streams.fulfilment.shipments import shipments_of
from streams.fulfilment.step import Input, step, sweep
from streams.kernel.vocabulary import DeliveryPhase, FulfilmentAction, Milestone, PostingKind
from tests.support.fulfilment_world import (
    DAY,
    DELIVERY,
    HAPPENS,
    NOON,
    ONE,
    OTHER,
    POLICIES,
    decided,
    policies,
    shipped,
    short,
    taken_back,
    told,
)

CONFIRMATION = PostingKind.DELIVERY_CONFIRMATION
LAST = NOON + 60 * DAY


class Ledger:
    """The postings that stand in the ERP, as an ERP that refuses nonsense keeps them."""

    def __init__(self) -> None:
        self.standing: dict[str, ErpPosting] = {}
        self.seen = set[str]()

    def book(self, postings: list[ErpPosting]) -> None:
        for one in postings:
            assert one.posting_id not in self.seen, "a posting is made once"
            self.seen.add(one.posting_id)
            if one.reverses is None:
                self.standing[one.posting_id] = one
            else:
                assert self.standing.pop(one.reverses).kind is one.kind

    def of(self, kind: PostingKind) -> list[ErpPosting]:
        return [one for one in self.standing.values() if one.kind is kind]


class Deliveries(RuleBasedStateMachine):
    """One delivery under any policy: carriers, the warehouse, people and the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.states: dict[str, FulfilmentState] = {}
        self.ledger = Ledger()
        self.now, self.turn = NOON, 0

    @initialize(name=st.sampled_from(sorted(POLICIES)))
    def under(self, name: str) -> None:
        self.policy, self.rules = POLICIES[name], policies(name)

    @rule(milestone=st.sampled_from(HAPPENS), number=st.sampled_from([ONE, OTHER]))
    def report(self, milestone: Milestone, number: str) -> None:
        self.take(told(milestone, number))

    @rule(milestone=st.sampled_from(HAPPENS), number=st.sampled_from([ONE, OTHER]))
    def retract(self, milestone: Milestone, number: str) -> None:
        self.take(taken_back(told(milestone, number)))

    @rule(number=st.sampled_from([ONE, OTHER]), back=st.booleans())
    def report_short(self, number: str, back: bool) -> None:
        self.take(taken_back(short(number)) if back else short(number))

    @rule()
    def ship(self) -> None:
        self.take(shipped(ONE, OTHER))

    @rule(action=st.sampled_from(list(FulfilmentAction)))
    def decide(self, action: FulfilmentAction) -> None:
        self.turn += 1
        before = dict(self.states)
        if self.take(decided(action, self.now + self.turn)):
            assert self.states == before, "what is refused changes nothing"

    @rule(days=st.integers(1, 4))
    def wait(self, days: int) -> None:
        self.now += days * DAY
        due = {key: one for key, one in self.states.items() if (at := next_due(one.wait)) and at <= self.now}
        out = sweep(due, self.rules, self.now)
        self.states |= out.states
        self.ledger.book([*out.outputs.postings, *out.outputs.settled])

    def take(self, item: Input) -> bool:
        """Whether it was refused."""
        before = self.phase
        out = step([item], self.states, self.rules, self.now)
        self.states |= out.states
        self.ledger.book([*out.outputs.postings, *out.outputs.settled])
        if before is not self.phase:
            assert any(self.phase in to for to in TRANSITIONS[before].values())
        return bool(out.refused)

    @property
    def phase(self) -> DeliveryPhase:
        known = self.states.get(DELIVERY)
        return DeliveryPhase.OPEN if known is None else known.phase

    @invariant()
    def nothing_is_confirmed_before_its_gate(self) -> None:
        known = self.states.get(DELIVERY)
        for posting in self.ledger.of(CONFIRMATION):
            assert known is not None
            found = shipments_of(known.standing, known.expected)
            [mine] = [one for one in found if one.number[1] == posting.tracking_number]
            assert mine.of(CONFIRMATION), "what is confirmed was delivered"
            action = None if known.decision is None else known.decision.action
            if action is FulfilmentAction.RELEASE:
                continue
            if self.policy.pieces is PiecesNeeded.COMPLETE:
                assert not any(one.tracking_number == posting.tracking_number for one in known.short)
            if self.policy.confirm is ConfirmOn.ALL:
                assert all(one.of(CONFIRMATION) or one.of(PostingKind.CANCELLATION) for one in found)
            if self.policy.proof is not ProofNeeded.NONE and action is not FulfilmentAction.WAIVE:
                graced = mine.graced_at(self.policy.grace_ms)
                assert mine.is_proved(self.policy.proof) or (graced is not None and graced <= self.now)

    @invariant()
    def at_most_one_dispatch_stands(self) -> None:
        most = 2 if self.policy_is(DispatchOn.EACH) else 1
        assert len(self.ledger.of(PostingKind.GOODS_ISSUE)) <= most

    @invariant()
    def what_is_held_back_has_a_timer_an_alert_or_an_end(self) -> None:
        known = self.states.get(DELIVERY)
        if known is None or known.phase in FINAL:
            return
        held = {one.fact for one in known.facts if one.held}
        if any(one.kind is CONFIRMATION and one.fact in held for one in known.standing):
            assert known.wait is not None
            assert known.wait.owner
            assert known.wait.overdue or next_due(known.wait) is not None

    def policy_is(self, dispatch: DispatchOn) -> bool:
        return not hasattr(self, "policy") or self.policy.dispatch is dispatch


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = settings(deadline=None, stateful_step_count=15)


def end_of(items: list[Input], rules: Policies, cuts: int) -> tuple[list[tuple[str, str]], FulfilmentState | None]:
    """The postings that stand and the record, after the clock has run out. It does so between the chunks, too, but
    where there is grace: that may end before the last is heard of a delivery, and then the confirmation stands."""
    states: dict[str, FulfilmentState] = {}
    ledger = Ledger()
    between = LAST if rules.default.grace_ms is None else NOON + DAY
    for chunk, clock in ((items[:cuts], between), (items[cuts:], LAST)):
        out = step(chunk, states, rules, NOON + DAY)
        states |= out.states
        ledger.book([*out.outputs.postings, *out.outputs.settled])
        out = sweep(states, rules, clock)
        states |= out.states
        ledger.book([*out.outputs.postings, *out.outputs.settled])
    return sorted((one.kind.value, one.tracking_number) for one in ledger.standing.values()), states.get(DELIVERY)


def counted(lines: list[tuple[str, str]], dispatch: DispatchOn) -> list[tuple[str, ...]]:
    """Of the postings that stand, what does not depend on the order: the one dispatch of a delivery names the shipment
    that was heard of first, and one that waits for all stands, whatever others are heard of later."""
    if dispatch is DispatchOn.EACH:
        return [*lines]
    kinds = [(kind,) for kind, _ in lines]
    return kinds if dispatch is DispatchOn.FIRST else [one for one in kinds if one[0] != PostingKind.GOODS_ISSUE]


@st.composite
def histories(draw: st.DrawFn) -> list[Input]:
    """Reports of both shipments, also that pieces are short, some taken back."""
    numbers = st.sampled_from([ONE, OTHER])
    reports: list[DeliveryMilestone] = draw(st.lists(
        st.one_of(st.builds(told, st.sampled_from(HAPPENS), numbers), st.builds(short, numbers)), max_size=7,
        unique_by=lambda one: one.milestone_id,
    ))
    back = [taken_back(one) for one in reports if draw(st.booleans())]
    return [*reports, *back]


@settings(deadline=None)
@given(st.data(), histories(), st.sampled_from(sorted(POLICIES)))
def test_the_same_inputs_come_to_the_same_end(data: st.DataObject, items: list[Input], name: str) -> None:
    again = data.draw(st.permutations([*items, *items]))
    cuts = [data.draw(st.integers(0, len(one))) for one in (items, again)]
    rules = policies(name)
    (lines, state), (lines_again, state_again) = end_of(items, rules, cuts[0]), end_of(list(again), rules, cuts[1])
    assert counted(lines, POLICIES[name].dispatch) == counted(lines_again, POLICIES[name].dispatch)
    if state is None or state_again is None:
        assert state == state_again
        return
    assert (state.phase, state.standing, state.wait) == (state_again.phase, state_again.standing, state_again.wait)


def test_the_clock_is_an_event_of_the_table() -> None:
    assert any(Event.GRACE_ENDED in row for row in TRANSITIONS.values())
