"""One delivery's record: takes an input in, and works out anew where the delivery stands, what is posted and what it
waits for. Times are UTC ms."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from streams.contracts.ids import normalise_tracking_number
from streams.contracts.model import (
    BookingRequest,
    DeliveryMilestone,
    DocumentChase,
    ErpPosting,
    FulfilmentDecision,
    FulfilmentState,
    PostedFact,
    StandingFact,
    WmsConfirmation,
)
from streams.fulfilment.facts import heard
from streams.fulfilment.gate import gate
from streams.fulfilment.machine import MAY_DECIDE
from streams.fulfilment.phases import phase_of, wait_of
from streams.fulfilment.policy import Policies, Policy
from streams.fulfilment.postings import Settled, Situation, settled, settled_alone
from streams.fulfilment.quantities import is_matched, with_shipped
from streams.fulfilment.shipments import shipments_of
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import (
    BookingRequestKind,
    DeliveryPhase,
    PostingKind,
    RejectReason,
)

SHIPPED = "shipped"
MOST_CHASES = 20
"""The last of them are kept."""


class Done(NamedTuple):
    """The record after an input, what the input came to, and what is posted of it. ``is_gated``: postings may still be
    taken back by what is read later, and go out once the record is kept."""

    outcome: str
    state: FulfilmentState
    postings: list[ErpPosting]
    is_gated: bool


def with_milestone(
    milestone: DeliveryMilestone, kind: PostingKind, known: FulfilmentState | None, policies: Policies, now_ms: int
) -> Done:
    """The record with a milestone. The outcome is one of posted, reversed, held and duplicates."""
    state = known or FulfilmentState(milestone.delivery_id, milestone.order_id, [], milestone.occurred_at)
    news = heard(milestone, kind, state.facts, state.posted, state.standing)
    touched = news.after
    after = replace(
        state, order_id=_least(state.order_id, milestone.order_id),
        customer_id=_least(state.customer_id, milestone.customer_id),
        updated_at=max(state.updated_at, milestone.occurred_at),
        facts=_facts_with(state, touched) if touched != news.before else state.facts, standing=list(news.standing),
    )
    done = _settled(state, after, policies, now_ms, news.said, news.before)
    mine = [one for one in done.postings if one.kind is kind]
    if mine:
        outcome = "posted" if mine[0].reverses is None else "reversed"
    else:
        outcome = "held" if bool(touched.told_as) is not bool(news.before.told_as) else "duplicates"
    return done._replace(outcome=outcome)


def with_shortage(
    milestone: DeliveryMilestone, known: FulfilmentState | None, policies: Policies, now_ms: int
) -> Done:
    """The record with a carrier's report that pieces are short, or without one that is taken back. It is not posted;
    the outcome is reversed or posted where it takes a confirmation back or lets one go, else noted or duplicates."""
    state = known or FulfilmentState(milestone.delivery_id, milestone.order_id, [], milestone.occurred_at)
    news = heard(milestone, PostingKind.DELIVERY_CONFIRMATION, state.short_facts, (), state.short)
    facts = [one for one in state.short_facts if one.fact != news.after.fact]
    after = replace(
        state, order_id=_least(state.order_id, milestone.order_id),
        customer_id=_least(state.customer_id, milestone.customer_id),
        updated_at=max(state.updated_at, milestone.occurred_at),
        short_facts=sorted([*facts, news.after], key=lambda one: one.fact), short=list(news.standing),
    )
    done = _settled(state, after, policies, now_ms, None, None)
    if done.postings:
        return done._replace(outcome="posted" if done.postings[0].reverses is None else "reversed")
    return done._replace(outcome="duplicates" if done.state == known else "noted")


def with_expected(
    confirmation: WmsConfirmation, known: FulfilmentState | None, policies: Policies, now_ms: int
) -> Done:
    """The record with the tracking numbers that the warehouse shipped it under, and how much. The outcome is expected,
    or duplicates where it says nothing new."""
    state = known or FulfilmentState(confirmation.delivery_id, confirmation.order_id or "", [], 0)
    numbers = {normalise_tracking_number(one) for one in confirmation.tracking_numbers} - {""}
    after = replace(
        state, order_id=_least(state.order_id, confirmation.order_id or ""),
        expected=sorted({*state.expected, *numbers}),
        shipped=with_shipped(state.shipped, confirmation) if confirmation.lines else state.shipped,
    )
    done = _settled(state, after, policies, now_ms, None, None)
    return done._replace(outcome="duplicates" if done.state == known else "expected")


def with_booking(told: BookingRequest, known: FulfilmentState | None, policies: Policies, now_ms: int) -> Done:
    """The record with the number of the delivery's booking, or without it where the booking is no more: expected,
    unbooked, or duplicates."""
    state = known or FulfilmentState(told.delivery_id, told.order_id, [], 0)
    number = normalise_tracking_number(told.tracking_number)
    is_booked = told.kind is BookingRequestKind.BOOKED
    expected = sorted({*state.expected, number} if is_booked else {*state.expected} - {number})
    after = replace(
        state, order_id=_least(state.order_id, told.order_id), expected=expected,
        customer_id=_least(state.customer_id, told.customer_id),
    )
    done = _settled(state, after, policies, now_ms, None, None)
    name = "expected" if is_booked else "unbooked"
    return done._replace(outcome="duplicates" if done.state == known else name)


def with_decision(
    decision: FulfilmentDecision, known: FulfilmentState | None, policies: Policies, now_ms: int
) -> Done:
    """The record with a person's decision: decided, or late where a later one counts. Raises Reject for one that is not
    possible."""
    if decision.action not in MAY_DECIDE:
        raise _refused(f"{decision.action.value} is no decision", "write release, waive or close")
    if not decision.by or not decision.reason:
        raise _refused("nobody answers for it", "name who decides, and why")
    if known is None:
        raise _refused(f"nothing is known of delivery {decision.delivery_id}", "look for its number in the ERP")
    last = known.decision
    if last is not None and _age(decision) <= _age(last):
        return Done("late", known, [], is_gated=True)
    if known.phase not in MAY_DECIDE[decision.action]:
        raise _refused(
            f"delivery {decision.delivery_id} is {known.phase.value}: {decision.action.value} changes nothing there",
            "see shipsync fulfilment show",
        )
    done = _settled(known, replace(known, decision=decision), policies, now_ms, None, None)
    return done._replace(outcome="decided")


def with_chase(chase: DocumentChase, known: FulfilmentState | None) -> Done | str:
    """The record with the word that its missing document was asked for again: chased, or duplicates where that is
    known, or nothing of the delivery is."""
    if known is None or any(_chase_name(one) == _chase_name(chase) for one in known.chases):
        return "duplicates"
    chases = sorted([*known.chases, chase], key=lambda one: (one.at, _chase_name(one)))[-MOST_CHASES:]
    return Done("chased", replace(known, chases=chases), [], is_gated=True)


def at_time(known: FulfilmentState, policies: Policies, now_ms: int) -> Done:
    """The record at a time. The outcome is released where grace ended, else overdue."""
    done = _settled(known, known, policies, now_ms, None, None)
    return done._replace(outcome="released" if done.postings else "overdue")


def _settled(
    before: FulfilmentState, after: FulfilmentState, policies: Policies, now_ms: int, said: StandingFact | None,
    fact_before: PostedFact | None,
) -> Done:
    policy = policies.of(after.customer_id)
    is_earlier = before.phase is DeliveryPhase.UNKNOWN and bool(before.posted)
    facts_before = {one.fact: one for one in before.facts}
    if fact_before is not None:
        facts_before[fact_before.fact] = fact_before
    is_plain = is_earlier or (policy.is_plain and not any(one.held for one in before.facts))
    done = Settled(after.facts, [])
    if not is_plain:
        done = settled(
            facts_before, after, _situation(before, policy, now_ms), _situation(after, policy, now_ms), policy, said
        )
    elif said is not None and fact_before is not None:
        now = next((one for one in after.facts if one.fact == said.fact), fact_before)
        alone = settled_alone(fact_before, now, said, after)
        done = Settled(_facts_with(after, alone.facts[0]) if alone.facts != [now] else after.facts, alone.postings)
    after = replace(
        after, facts=done.facts,
        posted=sorted([*after.posted, *(one.posting_id for one in done.postings)]) if done.postings else after.posted,
    )
    if not is_earlier:
        after = _with_phase(after, policy, now_ms)
    return Done("", after, done.postings, not is_plain)


def _with_phase(state: FulfilmentState, policy: Policy, now_ms: int) -> FulfilmentState:
    here = _situation(state, policy, now_ms)
    is_held = any(
        one.kind is PostingKind.DELIVERY_CONFIRMATION and one.fact in held
        for held in [{fact.fact for fact in state.facts if fact.held}] for one in state.standing
    )
    phase = phase_of(here.shipments, state.decision, is_held=is_held, lacks_pieces=here.gate.lacks_pieces)
    return replace(
        state, phase=phase, wait=wait_of(phase, here.shipments, here.gate, policy, now_ms, is_held=is_held)
    )


def _situation(state: FulfilmentState, policy: Policy, now_ms: int) -> Situation:
    shipments = shipments_of(state.standing, state.expected, state.short)
    matched = is_matched(state.shipped)
    return Situation(shipments, gate(shipments, state.decision, policy, now_ms, is_matched=matched))


def _facts_with(state: FulfilmentState, fact: PostedFact) -> list[PostedFact]:
    rest = [one for one in state.facts if one.fact != fact.fact]
    return sorted([*rest, fact], key=lambda one: one.fact)


def _least(one: str, other: str) -> str:
    return min(one, other) if one and other else one or other


def _age(decision: FulfilmentDecision) -> tuple[int, str, str, str]:
    return decision.at, decision.action.value, decision.by, decision.reason


def _chase_name(chase: DocumentChase) -> tuple[str, str, int]:
    return chase.carrier, chase.tracking_number, chase.at


def _refused(problem: str, remedy: str) -> Reject:
    return Reject(RejectReason.ILLEGAL_DECISION, f"{problem}; {remedy}")


