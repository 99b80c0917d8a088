"""The engine decides what goes out and when: repeats, corrections before and after sending, retries, trouble."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.outbound import EndpointSetting
from streams.kernel.outbound_vocabulary import AttemptResult, OutboundStatus
from streams.kernel.vocabulary import Correction
from streams.outbound.policy import DAY, HOUR, SECOND, Policy
from tests.support.outbound_inputs import attempt, endpoint, message
from tests.support.outbound_world import Outside

ACCEPTED, REFUSED, LIMITED = AttemptResult.ACCEPTED, AttemptResult.REFUSED, AttemptResult.LIMITED
UNAVAILABLE, GONE = AttemptResult.UNAVAILABLE, AttemptResult.GONE
NEW, REPLACES, RETRACTS = Correction.NEW, Correction.REPLACES, Correction.RETRACTS
EP = "webhook:ep_1"


def setting(**changes: object) -> EndpointSetting:
    return EndpointSetting(EP, "C-1", endpoint(**changes))


REMOVED = EndpointSetting(EP, "C-1", None)


def told(requests) -> list[tuple[str, str]]:
    bodies = [json.loads(one.body) for one in requests]
    return [(body["correction"], json.dumps(body["data"], separators=(",", ":"))) for body in bodies]


def last(outside: Outside) -> dict[str, OutboundStatus]:
    return {one.message_id: one.status for one in outside.outcomes}


@pytest.fixture
def outside() -> Outside:
    return Outside()


def test_a_message_is_asked_for_at_once_and_sent_once(outside: Outside) -> None:
    [request] = outside(message())
    assert (request.attempt, request.owner, request.queue) == (1, "C-1", "SO-1:ups:1Z1")
    assert outside(message()) == []
    assert outside.counts == {"repeats": 1}
    assert outside(attempt(request)) == []
    assert outside(message()) == []
    assert last(outside) == {request.message_id: OutboundStatus.SENT}
    assert outside.destinations[EP].outstanding == 0


def test_messages_of_a_queue_go_one_after_the_other_and_queues_side_by_side(outside: Outside) -> None:
    first = outside(message("u1"), message("u2"), message("u3", queue="other"))
    assert [one.queue for one in first] == ["SO-1:ups:1Z1", "other"]
    [second] = outside(attempt(first[0]))
    assert (second.message_id, second.queue) != (first[0].message_id, "other")


def test_a_correction_before_the_first_attempt_is_sent_once(outside: Outside) -> None:
    outside(setting(paused=True), message(), message(body='{"a":2}', correction=REPLACES))
    [request] = outside(setting())
    assert told([request]) == [("new", '{"a":2}')]


def test_taken_back_before_the_first_attempt_nothing_is_sent(outside: Outside) -> None:
    outside(setting(paused=True), message(), message(correction=RETRACTS))
    assert outside(setting()) == []
    assert [one.status for one in outside.outcomes] == [OutboundStatus.WAITING, OutboundStatus.WITHDRAWN]


def test_a_correction_while_it_is_being_sent_follows_as_one(outside: Outside) -> None:
    [first] = outside(message())
    assert outside(message(body='{"a":2}', correction=REPLACES), message(correction=RETRACTS)) == []
    [second] = outside(attempt(first))
    assert told([second]) == [("retracts", '{"a":1}')]
    assert second.message_id != first.message_id


def test_what_was_taken_back_and_stands_again_is_sent_again(outside: Outside) -> None:
    [first] = outside(message())
    outside(attempt(first))
    [back] = outside(message(correction=RETRACTS))
    outside(attempt(back))
    [again] = outside(message())
    assert told([first, back, again]) == [("new", '{"a":1}'), ("retracts", '{"a":1}'), ("replaces", '{"a":1}')]
    assert len({first.message_id, back.message_id, again.message_id}) == 3


def test_a_retraction_of_something_never_told_is_no_message(outside: Outside) -> None:
    assert outside(message(correction=RETRACTS)) == []
    assert outside.counts == {"repeats": 1}


def test_an_attempt_without_an_answer_may_have_arrived_and_keeps_its_id(outside: Outside) -> None:
    [first] = outside(message())
    outside(attempt(first, UNAVAILABLE))
    outside(message(correction=RETRACTS))
    outside.now += 2 * SECOND
    [again] = outside.sweep()
    assert (again.message_id, again.attempt, again.first_at) == (first.message_id, 2, first.first_at)
    [back] = outside(attempt(again))
    assert told([back]) == [("retracts", '{"a":1}')]


def test_an_answer_that_comes_twice_counts_once(outside: Outside) -> None:
    requests = outside(message("u1"), message("u2", queue="b"))
    outside(attempt(requests[0]))
    outside(attempt(requests[0]))
    assert outside.counts == {"late": 1}
    assert outside.destinations[EP].outstanding == 1


def test_a_refused_message_is_tried_some_hours_and_then_the_next_goes_on(outside: Outside) -> None:
    requests = outside(message("u1"), message("u2"))
    for wait in outside.policy.refused_retries:
        assert outside(attempt(requests[0], REFUSED)) == []
        outside.now += wait
        requests = outside.sweep()
    assert requests[0].attempt == 4
    [following] = outside(attempt(requests[0], REFUSED))
    assert last(outside)[requests[0].message_id] is OutboundStatus.REFUSED
    assert following.message_id != requests[0].message_id


def test_five_failures_open_the_circuit_and_one_trial_closes_it(outside: Outside) -> None:
    requests = outside(*(message("u", queue=str(number)) for number in range(20)))
    assert len(requests) == 8
    for request in requests:
        assert outside(attempt(request, UNAVAILABLE)) == []
    assert outside.destinations[EP].retry_at == outside.now + 5 * SECOND
    outside.now += 5 * SECOND
    [trial] = outside.sweep()
    assert outside.sweep() == []
    assert len(outside(attempt(trial))) >= 1
    assert outside.destinations[EP].retry_at is None


def test_who_asks_for_patience_gets_it(outside: Outside) -> None:
    [request] = outside(message())
    outside(attempt(request, LIMITED, retry_at=outside.now + HOUR), message("u2", queue="b"))
    outside.now += HOUR - 1
    assert outside.sweep() == []
    outside.now += 1
    assert len(outside.sweep()) == 1


def test_the_window_grows_with_answers_and_is_halved_by_trouble(outside: Outside) -> None:
    requests = outside(*(message("u", queue=str(number)) for number in range(40)))
    more = outside(*(attempt(request) for request in requests))
    assert (len(requests), len(more)) == (8, 16)
    outside(attempt(more[0], LIMITED))
    assert outside.destinations[EP].window == 8


def test_an_endpoint_that_accepts_nothing_for_days_is_disabled_and_keeps_its_messages(outside: Outside) -> None:
    [request] = outside(message())
    began, requests = outside.now, [request]
    while outside.destinations.get(EP) is None or outside.destinations[EP].disabled_at is None:
        outside(*(attempt(one, UNAVAILABLE) for one in requests))
        outside.now = outside.next_due() or outside.now
        requests = outside.sweep()
    disabled_at = outside.destinations[EP].disabled_at
    assert disabled_at is not None
    assert 3 * DAY <= disabled_at - began < 4 * DAY
    assert outside(message("u2")) == []
    [again] = outside(setting(enabled_at=outside.now + 1))
    assert again.message_id == request.message_id
    [following] = outside(attempt(again))
    assert following.message_id != request.message_id


def test_an_endpoint_that_is_gone_is_disabled_at_once(outside: Outside) -> None:
    [request] = outside(message())
    outside(attempt(request, GONE))
    assert outside.destinations[EP].disabled_at == outside.now
    outside.now += DAY
    assert outside.sweep() == []


def test_what_waits_for_a_removed_endpoint_is_withdrawn(outside: Outside) -> None:
    requests = outside(*(message("u1", queue=str(number)) for number in range(20)), message("u2", queue="0"))
    outside(REMOVED)
    outside(attempt(requests[0]), *(attempt(one, UNAVAILABLE) for one in requests[1:]))
    outside.now += DAY
    outside.sweep()
    outside.sweep()
    assert not any(queue.waiting for queue in outside.queues.values())
    assert sorted(last(outside).values()).count(OutboundStatus.SENT) == 1
    assert outside.destinations[EP].retry_at is None


def test_a_queue_is_forgotten_once_no_correction_can_come(outside: Outside) -> None:
    [request] = outside(message())
    outside(attempt(request))
    outside.now += outside.policy.remembered
    outside.sweep()
    assert (outside.queues, outside.counts) == ({}, {"forgotten": 1})


WORDS = st.lists(
    st.tuples(
        st.sampled_from(["u1", "u2"]), st.sampled_from([NEW, REPLACES, RETRACTS]), st.integers(1, 3),
        st.sampled_from([None, ACCEPTED, UNAVAILABLE, LIMITED]),
    ),
    max_size=12,
)


@given(WORDS)
def test_in_the_end_the_destination_holds_what_stands_and_was_told_nothing_twice(words) -> None:
    """However updates and answers come: an endpoint that keeps each message id once ends with the last
    word of each update, hears a ``new`` before any correction, and never the same twice in a row."""
    outside = Outside(Policy(refused_retries=()))
    heard: dict[str, dict[str, tuple[str, str]]] = {}
    under_way = []
    stands: dict[str, str] = {}

    def arrive(request, result) -> None:
        if result in (ACCEPTED, UNAVAILABLE):
            body = json.loads(request.body)
            heard.setdefault(body["update_id"], {}).setdefault(
                request.message_id, (body["correction"], json.dumps(body["data"]))
            )
        under_way.extend(outside(attempt(request, result)))

    for source, correction, content, result in words:
        if correction is RETRACTS:
            stands.pop(source, None)
        else:
            stands[source] = json.dumps({"a": content})
        under_way += outside(message(source, json.dumps({"a": content}), correction))
        if result is not None and under_way:
            arrive(under_way.pop(0), result)
    while under_way or (outside.next_due() is not None):
        while under_way:
            arrive(under_way.pop(0), ACCEPTED)
        outside.now = outside.next_due() or outside.now
        under_way += outside.sweep()
        if not any(queue.waiting for queue in outside.queues.values()):
            break
    assert not any(queue.waiting for queue in outside.queues.values())
    for source, messages in heard.items():
        told_in_order = list(messages.values())
        assert told_in_order[0][0] == "new"
        assert all(one != two for one, two in pairwise(told_in_order))
        standing = None if told_in_order[-1][0] == "retracts" else told_in_order[-1][1]
        assert standing == stands.get(source)
    assert stands.keys() <= heard.keys()


MINUTE = 60 * SECOND


def test_an_attempt_whose_answer_does_not_come_is_asked_for_again_as_the_same(outside: Outside) -> None:
    [first] = outside(message())
    outside(message("u2"))
    outside.now += 15 * MINUTE - 1
    assert outside.sweep() == []
    outside.now += 1
    [again] = outside.sweep()
    assert (again.message_id, again.attempt, again.body) == (first.message_id, 1, first.body)
    assert outside.destinations[EP].outstanding == 1
    [second] = outside(attempt(again))
    assert second.message_id != first.message_id
    assert outside(attempt(first)) == []
    assert outside.counts == {"late": 1}
    outside(attempt(second))
    assert outside.destinations[EP].outstanding == 0


def test_it_is_asked_for_again_ever_later_and_at_least_once_an_hour(outside: Outside) -> None:
    [first] = outside(message())
    asked = []
    while outside.now < first.first_at + 4 * HOUR:
        outside.now = outside.next_due() or 0
        asked += [(one.issued_at - one.first_at) // MINUTE for one in outside.sweep()]
    assert asked == [15, 30, 60, 120, 180, 240]


def test_a_trial_whose_answer_does_not_come_keeps_no_destination_shut(outside: Outside) -> None:
    queued = [message(f"u{number}", queue=f"q{number}") for number in range(5)]
    for request in outside(*queued):
        outside(attempt(request, UNAVAILABLE))
    outside.now += 10 * SECOND
    [trial] = outside.sweep()
    outside.now += 15 * MINUTE
    [again] = outside.sweep()
    assert again.message_id == trial.message_id
    outside(attempt(again))
    assert not outside.destinations[EP].on_trial


def test_a_removed_endpoint_is_not_asked_again_and_a_paused_one_later(outside: Outside) -> None:
    [first] = outside(message())
    outside(setting(paused=True))
    outside.now += 15 * MINUTE
    assert outside.sweep() == []
    outside(setting())
    outside.now += 15 * MINUTE
    assert [one.message_id for one in outside.sweep()] == [first.message_id]
    outside(REMOVED)
    outside.now += HOUR
    assert outside.sweep() == []
    assert last(outside) == {first.message_id: OutboundStatus.WITHDRAWN}
