"""Postings of a delivery go one after the other; what an ERP refuses waits for a person; nothing is dropped."""

from __future__ import annotations

import pytest

from streams.contracts.model import ErpPosting
from streams.contracts.outbound import NewMessage, OutboundDecision, OutboundRequest
from streams.kernel.vocabulary import AttemptResult, Correction, DecisionKind, OutboundStatus
from streams.outbound.policy import DAY, SECOND
from streams.postings.messages import messages_of, posting_of, render
from streams.postings.step import POLICY
from tests.support.outbound_world import Outside
from tests.support.posting_inputs import CONFIRMATION, ISSUE, NOW, PROOF, answered, posting, reversal

UNAVAILABLE, REFUSED, DRY_RUN = AttemptResult.UNAVAILABLE, AttemptResult.REFUSED, AttemptResult.DRY_RUN


@pytest.fixture
def outside() -> Outside:
    return Outside(POLICY, render)


def new(one: ErpPosting, erp: str = "main") -> NewMessage:
    [message] = messages_of(one, [erp])
    return message


def posted(requests: list[OutboundRequest]) -> list[str]:
    return [posting_of(one.body).posting_id for one in requests]


def statuses(outside: Outside) -> dict[str, OutboundStatus]:
    return {f"{one.kind}:{one.correction.value}": one.status for one in outside.outcomes}


def decision(request: OutboundRequest, kind: DecisionKind) -> OutboundDecision:
    return OutboundDecision(request.message_id, request.destination, request.queue, kind, "ada", "by hand", NOW)


def test_each_erp_gets_the_posting_itself_under_its_delivery() -> None:
    one = posting(PROOF)
    messages = list(messages_of(one, ["main", "shadow"]))
    assert [(each.destination, each.queue, each.source_id) for each in messages] == [
        ("erp:main", "800123", one.posting_id), ("erp:shadow", "800123", one.posting_id),
    ]
    assert {posting_of(each.body).posting_id for each in messages} == {one.posting_id}


def test_postings_of_a_delivery_wait_for_each_other_and_other_deliveries_do_not(outside: Outside) -> None:
    first = outside(new(posting(ISSUE)), new(posting(CONFIRMATION)), new(posting(ISSUE, "800124")))
    assert posted(first) == ["800123-goods_issue", "800124-goods_issue"]
    assert posted(outside(answered(first[0]))) == ["800123-delivery_confirmation"]


def test_a_repeated_posting_is_posted_once(outside: Outside) -> None:
    [request] = outside(new(posting()), new(posting()))
    assert outside(answered(request)) == []
    assert outside(new(posting())) == []


def test_a_proof_goes_ahead_of_a_confirmation_that_was_not_tried(outside: Outside) -> None:
    [issue] = outside(new(posting(ISSUE)), new(posting(CONFIRMATION)), new(posting(PROOF)))
    [proof] = outside(answered(issue))
    assert proof.kind == "proof_of_delivery"
    assert [one.kind for one in outside(answered(proof))] == ["delivery_confirmation"]


def test_a_proof_goes_behind_a_confirmation_that_was_tried(outside: Outside) -> None:
    [confirmation] = outside(new(posting(CONFIRMATION)))
    assert outside(new(posting(PROOF))) == []
    assert [one.kind for one in outside(answered(confirmation))] == ["proof_of_delivery"]


def test_a_reversal_before_the_first_attempt_cancels_the_posting(outside: Outside) -> None:
    [issue] = outside(new(posting(ISSUE)), new(posting(CONFIRMATION)))
    assert outside(new(reversal(posting(CONFIRMATION)))) == []
    assert outside(answered(issue)) == []
    assert statuses(outside)["delivery_confirmation:new"] is OutboundStatus.WITHDRAWN


def test_a_reversal_after_the_first_attempt_is_a_posting_of_its_own(outside: Outside) -> None:
    [request] = outside(new(posting()))
    outside(answered(request, UNAVAILABLE))
    assert outside(new(reversal(posting()))) == []
    outside.now += 60 * SECOND
    [again] = outside.sweep()
    [back] = outside(answered(again))
    assert posting_of(back.body).reverses == posting().posting_id


def test_a_reversal_of_what_is_not_known_any_more_is_posted_all_the_same(outside: Outside) -> None:
    assert posted(outside(new(reversal(posting())))) == [reversal(posting()).posting_id]


def test_an_erp_that_is_away_for_months_is_waited_for(outside: Outside) -> None:
    requests = outside(new(posting()))
    for _ in range(200):
        if requests:
            outside(answered(requests[0], UNAVAILABLE, "down"))
        outside.now += DAY
        requests = outside.sweep()
    assert outside.destinations["erp:main"].disabled_at is None
    assert statuses(outside) == {"goods_issue:new": OutboundStatus.RETRYING}
    while not requests:
        outside.now += DAY
        requests = outside.sweep()
    outside(answered(requests[0]))
    assert statuses(outside) == {"goods_issue:new": OutboundStatus.SENT}


def test_after_a_lost_answer_nothing_is_tried_before_the_erp_must_be_done_with_it(outside: Outside) -> None:
    [request] = outside(new(posting()))
    outside(answered(request, UNAVAILABLE, "no answer", retry_at=NOW + 90 * SECOND))
    outside.now += 89 * SECOND
    assert outside.sweep() == []
    outside.now += SECOND
    assert len(outside.sweep()) == 1


def test_a_refused_posting_holds_up_its_own_delivery_only(outside: Outside) -> None:
    refused, other = outside(new(posting()), new(posting(CONFIRMATION)), new(posting(ISSUE, "800124")))
    assert outside(answered(refused, REFUSED, "no such delivery")) == []
    assert statuses(outside)["delivery_confirmation:new"] is OutboundStatus.WAITING
    held = next(one for one in outside.outcomes if one.status is OutboundStatus.HELD)
    assert held.detail == "no such delivery"
    assert posted(outside(answered(other), new(posting(CONFIRMATION, "800124")))) == ["800124-delivery_confirmation"]
    outside(answered(outside.requests[-1]))
    outside.now += 300 * DAY
    assert outside.sweep() == []


def test_a_person_has_a_refused_posting_tried_again(outside: Outside) -> None:
    [request] = outside(new(posting()))
    outside(answered(request, REFUSED, "no"))
    [again] = outside(decision(request, DecisionKind.RETRY))
    assert (again.message_id, again.attempt) == (request.message_id, 2)
    assert outside.outcomes[-1].detail == "retry by ada: by hand"


def test_a_person_gives_up_a_refused_posting_and_the_next_one_goes_on(outside: Outside) -> None:
    [request] = outside(new(posting()), new(posting(CONFIRMATION)))
    outside(answered(request, REFUSED, "no"))
    assert posted(outside(decision(request, DecisionKind.GIVE_UP))) == ["800123-delivery_confirmation"]
    given_up = next(one for one in outside.outcomes if one.status is OutboundStatus.GIVEN_UP)
    assert given_up.detail == "give_up by ada: by hand"
    assert outside(decision(request, DecisionKind.GIVE_UP)) == []
    assert outside.counts == {"late": 1}


def test_what_was_given_up_needs_no_reversal(outside: Outside) -> None:
    [request] = outside(new(posting()))
    outside(answered(request, REFUSED, "no"), new(reversal(posting())))
    assert outside(decision(request, DecisionKind.GIVE_UP)) == []
    assert statuses(outside)["goods_issue:retracts"] is OutboundStatus.WITHDRAWN


def test_what_may_be_in_effect_cannot_be_given_up(outside: Outside) -> None:
    [request] = outside(new(posting()))
    outside(answered(request, UNAVAILABLE, "no answer"))
    outside(decision(request, DecisionKind.GIVE_UP))
    assert outside.counts == {"late": 1}
    assert statuses(outside) == {"goods_issue:new": OutboundStatus.RETRYING}


def test_in_shadow_mode_postings_and_reversals_are_noted_in_order(outside: Outside) -> None:
    [request] = outside(new(posting()))
    outside(answered(request, DRY_RUN))
    [back] = outside(new(reversal(posting())))
    outside(answered(back, DRY_RUN))
    assert statuses(outside) == {
        "goods_issue:new": OutboundStatus.DRY_RUN, "goods_issue:retracts": OutboundStatus.DRY_RUN,
    }
    assert [one.correction for one in outside.outcomes][-1] is Correction.RETRACTS


def test_a_kind_that_the_erp_is_not_told_is_ignored_and_the_next_goes_on(outside: Outside) -> None:
    [request] = outside(new(posting()), new(posting(CONFIRMATION)))
    [following] = outside(answered(request, AttemptResult.IGNORED, "this ERP is not told: booked elsewhere"))
    outside(answered(following))
    assert statuses(outside) == {
        "goods_issue:new": OutboundStatus.IGNORED, "delivery_confirmation:new": OutboundStatus.SENT,
    }


def test_what_is_ignored_says_nothing_of_the_erp(outside: Outside) -> None:
    requests = outside(*(new(posting(delivery=str(number))) for number in range(6)))
    for request in requests[:5]:
        outside(answered(request, UNAVAILABLE, "down"))
    before = outside.destinations["erp:main"]
    outside(answered(requests[5], AttemptResult.IGNORED, "not told"))
    after = outside.destinations["erp:main"]
    assert (after.retry_at, after.failing_since) == (before.retry_at, before.failing_since)
