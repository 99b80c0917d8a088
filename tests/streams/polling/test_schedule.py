"""When a number is asked for again, and when never."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.contracts.model import PollState
from streams.kernel.vocabulary import Classifier, Milestone, PollEnd, Status
from streams.polling.schedule import (
    ANSWERED,
    SETTLED,
    Ageing,
    Answer,
    Schedule,
    after_answer,
    after_claim,
    asked_once,
    backoff,
    interval,
    new_number,
    reported,
    with_status,
)
from tests.support.strategies import carrier_event

HOUR = 3_600_000
DAY = 24 * HOUR
NOW = 1_790_000_000_000
SCHEDULE = Schedule(
    otherwise=2 * HOUR,
    every={Status.INFO_RECEIVED: 4 * HOUR, Status.OUT_FOR_DELIVERY: HOUR // 4},
    ageing=(Ageing(3 * DAY, 2.0), Ageing(10 * DAY, 6.0)),
    dead_answers=3, dead_after_ms=2 * DAY, expires_after_ms=30 * DAY,
)
MIDDLE = 0.5
OPEN = [status for status in Status if status not in SETTLED]


def number(status: Status = Status.IN_TRANSIT) -> PollState:
    return new_number("north.track", "north", "N100", status, NOW)


def test_a_new_number_is_due_at_once() -> None:
    assert number().due_at == NOW
    assert number(Status.UNKNOWN).due_at == NOW


def test_a_number_whose_shipment_is_delivered_is_never_due() -> None:
    state = number(Status.DELIVERED)
    assert (state.due_at, state.ended) == (None, PollEnd.SETTLED)


def test_the_interval_goes_by_status() -> None:
    assert interval(SCHEDULE, Status.INFO_RECEIVED, 0) == 4 * HOUR
    assert interval(SCHEDULE, Status.IN_TRANSIT, 0) == 2 * HOUR
    assert interval(SCHEDULE, Status.OUT_FOR_DELIVERY, 0) == HOUR // 4
    assert {interval(SCHEDULE, status, 0) for status in SETTLED} == {None}


def test_the_longer_nothing_is_new_the_less_often_it_is_asked_for_up_to_a_bound() -> None:
    assert interval(SCHEDULE, Status.IN_TRANSIT, 3 * DAY) == 4 * HOUR
    assert interval(SCHEDULE, Status.IN_TRANSIT, 10 * DAY) == 12 * HOUR
    assert interval(SCHEDULE, Status.INFO_RECEIVED, 10 * DAY) == 24 * HOUR


def test_news_set_status_and_next_time() -> None:
    state = after_answer(number(), Answer.NEWS, SCHEDULE, NOW, MIDDLE, status=Status.OUT_FOR_DELIVERY)
    assert (state.status, state.news_at, state.due_at) == (Status.OUT_FOR_DELIVERY, NOW, NOW + HOUR // 4)
    assert (state.asked, state.asked_at) == (1, NOW)


def test_news_of_the_delivery_end_it() -> None:
    state = after_answer(number(), Answer.NEWS, SCHEDULE, NOW, MIDDLE, status=Status.DELIVERED)
    assert (state.due_at, state.ended, state.ended_at) == (None, PollEnd.SETTLED, NOW)


def test_an_unchanged_answer_leaves_status_and_news() -> None:
    state = after_answer(number(), Answer.UNCHANGED, SCHEDULE, NOW + 4 * DAY, MIDDLE, status=Status.DELIVERED)
    assert (state.status, state.news_at, state.due_at) == (Status.IN_TRANSIT, None, NOW + 4 * DAY + 4 * HOUR)


def test_what_the_carrier_asked_for_is_the_earliest() -> None:
    told = NOW + 7 * HOUR
    for answer in (Answer.RATE_LIMITED, Answer.UNAVAILABLE, Answer.UNCHANGED, Answer.NOT_FOUND):
        assert after_answer(number(), answer, SCHEDULE, NOW, MIDDLE, not_before=told).due_at == told


def test_failures_are_waited_out_longer_each_time_and_forgotten_after_an_answer() -> None:
    state, waits = number(), []
    for _ in range(12):
        state = after_answer(state, Answer.UNAVAILABLE, SCHEDULE, NOW, 1 - 2**-53)
        waits.append((state.due_at or 0) - NOW)
    assert waits[:4] == [30_000, 60_000, 120_000, 240_000]
    assert waits[-1] == HOUR
    assert after_answer(state, Answer.UNCHANGED, SCHEDULE, NOW, MIDDLE).failures == 0


def test_a_number_not_known_often_and_long_enough_is_dead() -> None:
    state = number()
    for day in range(2):
        state = after_answer(state, Answer.NOT_FOUND, SCHEDULE, NOW + day * DAY, MIDDLE, detail="no such number")
        assert state.due_at is not None
    state = after_answer(state, Answer.REFUSED, SCHEDULE, NOW + 2 * DAY, MIDDLE, detail="no such number")
    assert (state.due_at, state.ended, state.detail) == (None, PollEnd.NOT_FOUND, "no such number")


def test_often_in_a_short_time_is_not_dead() -> None:
    state = number()
    for minute in range(50):
        state = after_answer(state, Answer.NOT_FOUND, SCHEDULE, NOW + minute * 60_000, MIDDLE)
    assert state.ended is PollEnd.NONE


def test_a_failure_in_between_neither_counts_nor_saves_and_an_answer_saves() -> None:
    state = after_answer(number(), Answer.NOT_FOUND, SCHEDULE, NOW, MIDDLE)
    state = after_answer(state, Answer.UNAVAILABLE, SCHEDULE, NOW, MIDDLE)
    assert (state.not_found, state.not_found_since) == (1, NOW)
    state = after_answer(state, Answer.NEWS, SCHEDULE, NOW, MIDDLE)
    assert (state.not_found, state.not_found_since) == (0, None)


def test_without_news_for_long_enough_a_number_expires() -> None:
    state = after_answer(number(), Answer.UNCHANGED, SCHEDULE, NOW + 30 * DAY, MIDDLE)
    assert (state.due_at, state.ended) == (None, PollEnd.EXPIRED)


def test_an_order_naming_a_dead_number_later_has_it_asked_for_again() -> None:
    dead = replace(number(), due_at=None, ended=PollEnd.NOT_FOUND, ended_at=NOW, not_found=9, not_found_since=1)
    assert after_claim(dead, NOW, NOW + 5) is dead
    again = after_claim(dead, NOW + 1, NOW + 5)
    assert (again.due_at, again.ended, again.not_found) == (NOW + 5, PollEnd.NONE, 0)
    settled = number(Status.DELIVERED)
    assert after_claim(settled, NOW + 1, NOW + 5) is settled


def test_a_delivery_heard_of_otherwise_ends_the_asking() -> None:
    state = with_status(number(), Status.DELIVERED, NOW, SCHEDULE, NOW + 1)
    assert (state.due_at, state.ended, state.ended_at) == (None, PollEnd.SETTLED, NOW + 1)
    assert with_status(state, Status.DELIVERED, NOW, SCHEDULE, NOW + 2) is state


def test_out_for_delivery_heard_of_otherwise_brings_the_next_question_forward_never_back() -> None:
    asked = after_answer(number(), Answer.UNCHANGED, SCHEDULE, NOW, MIDDLE)
    sooner = with_status(asked, Status.OUT_FOR_DELIVERY, NOW, SCHEDULE, NOW + 1)
    assert sooner.due_at == NOW + HOUR // 4
    assert with_status(sooner, Status.INFO_RECEIVED, NOW, SCHEDULE, NOW + 2).due_at == sooner.due_at


def test_a_return_after_the_delivery_is_asked_about_again() -> None:
    state = with_status(number(Status.DELIVERED), Status.RETURNING, NOW, SCHEDULE, NOW + 1)
    assert (state.due_at, state.ended) == (NOW + 1, PollEnd.NONE)


def test_what_was_known_before_the_last_answer_does_not_undo_it() -> None:
    delivered = after_answer(number(), Answer.NEWS, SCHEDULE, NOW + 9, MIDDLE, status=Status.DELIVERED)
    assert with_status(delivered, Status.IN_TRANSIT, NOW + 8, SCHEDULE, NOW + 10) is delivered
    assert with_status(delivered, Status.RETURNING, NOW + 9, SCHEDULE, NOW + 10).due_at is not None


def test_the_status_of_an_answer_is_that_of_its_latest_actual_event() -> None:
    events = [
        carrier_event(Milestone.DELIVERED, 50, classifier=Classifier.PLANNED),
        carrier_event(Milestone.OUT_FOR_DELIVERY, 30),
        carrier_event(Milestone.PICKED_UP, 10),
        carrier_event(Milestone.INFO, 40),
    ]
    assert reported(events) is Status.OUT_FOR_DELIVERY
    assert reported(reversed(events)) is Status.OUT_FOR_DELIVERY
    assert reported([]) is None


@given(
    answers=st.lists(st.tuples(st.sampled_from(Answer), st.integers(0, 3 * DAY), st.floats(0, 0.999)), max_size=60),
    status=st.sampled_from(OPEN),
)
def test_a_number_is_always_due_later_or_ended_for_a_reason(
    answers: list[tuple[Answer, int, float]], status: Status
) -> None:
    state, now = number(status), NOW
    for answer, step, chance in answers:
        now += step
        state = after_answer(state, answer, SCHEDULE, now, chance)
        assert (state.due_at is None) == (state.ended is not PollEnd.NONE) == (state.ended_at is not None)
        assert state.due_at is None or now < state.due_at <= now + round(1.05 * SCHEDULE.longest_ms)
        assert (state.failures == 0) == (answer in ANSWERED)


@given(st.sampled_from(OPEN), st.integers(0, 10**11), st.integers(0, 10**11))
def test_more_quiet_never_means_more_often(status: Status, one: int, other: int) -> None:
    shorter, longer = sorted((one, other))
    assert (interval(SCHEDULE, status, shorter) or 0) <= (interval(SCHEDULE, status, longer) or 0)


@given(st.integers(0, 10_000), st.floats(0, 0.999))
def test_the_back_off_is_never_nothing_and_never_beyond_its_bound(failures: int, chance: float) -> None:
    assert SCHEDULE.retry_ms / 2 <= backoff(SCHEDULE, failures, chance) <= SCHEDULE.retry_longest_ms


def test_a_settled_number_is_asked_for_once_more_where_its_document_is_missing() -> None:
    polled = new_number("ups", "ups", "1Z1", Status.IN_TRANSIT, NOW)
    assert asked_once(polled, NOW + 1, NOW + 5) is polled
    settled = replace(with_status(polled, Status.DELIVERED, NOW, SCHEDULE, NOW), asked_at=NOW)
    assert settled.ended is PollEnd.SETTLED
    assert asked_once(settled, NOW, NOW + 5) is settled
    again = asked_once(settled, NOW + 1, NOW + 5)
    assert (again.due_at, again.ended) == (NOW + 5, PollEnd.NONE)
    answered = after_answer(again, Answer.UNCHANGED, SCHEDULE, NOW + 6, 0.5)
    assert (answered.ended, asked_once(answered, NOW + 1, NOW + 9)) == (PollEnd.SETTLED, answered)
