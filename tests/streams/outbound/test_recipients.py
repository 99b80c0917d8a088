"""People are told in words: in one message where several wait, not at night, and each thing once."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.outbound import EndpointSetting, NewMessage, OptOut, OutboundRequest, SendAgain
from streams.contracts.recipients import PastMessage
from streams.kernel.outbound_vocabulary import AttemptResult, OutboundStatus
from streams.kernel.vocabulary import Correction, Milestone
from streams.notifications.letters import messages_of
from streams.outbound.policy import DAY, HOUR, SECOND, Policy
from streams.outbound.quiet import quiet_until
from tests.support.outbound_inputs import NOW, attempt, recipient, update
from tests.support.outbound_world import Outside

ACCEPTED, REFUSED, UNAVAILABLE = AttemptResult.ACCEPTED, AttemptResult.REFUSED, AttemptResult.UNAVAILABLE
NEW, REPLACES, RETRACTS = Correction.NEW, Correction.REPLACES, Correction.RETRACTS
TO = "email:rcp_1"


def setting(**changes: object) -> EndpointSetting:
    return EndpointSetting(TO, "C-1", recipient(**changes))


def news(
    milestone: Milestone = Milestone.PICKED_UP, number: str = "1Z1", correction: Correction = NEW, **changes: object
) -> NewMessage:
    [message] = messages_of(update(milestone, number, correction, **changes), [recipient()])
    return message


def told(request: OutboundRequest) -> list[tuple[str, str, str]]:
    """(number, milestone, correction) of all that the request says."""
    return [
        (one["tracking_number"], one["milestone"], one.get("correction", "new"))
        for one in json.loads(request.body)["news"]
    ]


@pytest.fixture
def outside() -> Outside:
    made = Outside()
    made(setting())
    return made


def test_parcels_of_an_order_that_move_at_once_are_told_in_one_message(outside: Outside) -> None:
    assert outside(*(news(number=f"1Z{number}", occurred_at=NOW + number) for number in range(3))) == []
    outside.now += 60 * SECOND
    [request] = outside.sweep()
    assert told(request) == [(f"1Z{number}", "picked_up", "new") for number in range(3)]
    assert request.recipient == recipient()
    outside(attempt(request))
    outcomes = outside.outcomes[-3:]
    assert [one.status for one in outcomes] == [OutboundStatus.SENT] * 3
    assert [one.sent_with for one in outcomes] == ["", request.message_id, request.message_id]


def test_what_is_sent_in_one_stays_together_when_it_is_tried_again(outside: Outside) -> None:
    outside(news(number="1Z1"), news(number="1Z2"))
    outside.now += HOUR
    [first] = outside.sweep()
    outside(attempt(first, UNAVAILABLE), news(Milestone.DELIVERED, "1Z2", occurred_at=NOW + 1))
    outside.now += 10 * SECOND
    [again] = outside.sweep()
    assert (again.message_id, again.body, again.attempt) == (first.message_id, first.body, 2)
    outside(attempt(again))
    outside.now += HOUR
    [later] = outside.sweep()
    assert told(later) == [("1Z2", "delivered", "new")]


def test_of_a_shipment_only_the_latest_that_waits_is_told(outside: Outside) -> None:
    outside(
        news(Milestone.OUT_FOR_DELIVERY, occurred_at=NOW + 2), news(occurred_at=NOW + 1),
        news(number="1Z2", occurred_at=NOW),
    )
    outside.now += HOUR
    [request] = outside.sweep()
    assert told(request) == [("1Z1", "out_for_delivery", "new"), ("1Z2", "picked_up", "new")]
    outside(attempt(request))
    assert outside(news(occurred_at=NOW + 1)) == []
    assert outside(news(occurred_at=NOW + 1, correction=RETRACTS)) == []
    outside.now += HOUR
    assert outside.sweep() == []


def test_a_milestone_that_a_later_one_has_overtaken_is_no_news(outside: Outside) -> None:
    outside(news(superseded=True))
    outside.now += HOUR
    assert outside.sweep() == []


def test_what_was_told_in_error_is_taken_back_beside_what_is_true(outside: Outside) -> None:
    outside(news(Milestone.DELIVERED))
    outside.now += HOUR
    [first] = outside.sweep()
    outside(attempt(first))
    outside(news(Milestone.DELIVERED, correction=RETRACTS, superseded=True), news(Milestone.DELIVERY_ATTEMPTED))
    outside.now += HOUR
    [second] = outside.sweep()
    assert told(second) == [("1Z1", "delivered", "retracts"), ("1Z1", "delivery_attempted", "new")]


def test_at_night_nothing_is_told_and_in_the_morning_what_stands() -> None:
    outside = Outside()
    outside.now = int(datetime(2026, 9, 21, 20, 30, tzinfo=UTC).timestamp() * 1000)  # 22:30 in Berlin
    outside(setting(quiet_from=22 * 60, quiet_until=7 * 60, time_zone="Europe/Berlin", digest_seconds=0))
    assert outside(news(occurred_at=NOW)) == []
    outside.now += HOUR
    assert outside(news(Milestone.OUT_FOR_DELIVERY, occurred_at=NOW + 1)) == []
    assert outside.next_due() == int(datetime(2026, 9, 22, 5, 0, tzinfo=UTC).timestamp() * 1000)
    outside.now = outside.next_due() or 0
    [request] = outside.sweep()
    assert told(request) == [("1Z1", "out_for_delivery", "new")]


@pytest.mark.parametrize(("begins", "ends", "hour", "until"), [
    (22, 7, 23, 24 + 7), (22, 7, 3, 7), (22, 7, 12, None), (12, 14, 13, 14), (12, 14, 14, None), (8, 8, 8, None),
])
def test_quiet_hours_may_go_over_midnight(begins: int, ends: int, hour: int, until: int | None) -> None:
    midnight = int(datetime(2026, 9, 21, tzinfo=UTC).timestamp() * 1000)
    found = quiet_until(recipient(quiet_from=begins * 60, quiet_until=ends * 60), midnight + hour * HOUR)
    assert found == (None if until is None else midnight + until * HOUR)


def test_quiet_hours_end_although_the_clock_is_put_back() -> None:
    found = recipient(quiet_from=60, quiet_until=150, time_zone="Europe/Berlin")
    now = int(datetime(2026, 10, 25, 1, 10, tzinfo=UTC).timestamp() * 1000)  # the second 02:10
    while (until := quiet_until(found, now)) is not None:
        assert until > now
        now = until
    assert now == int(datetime(2026, 10, 25, 1, 30, tzinfo=UTC).timestamp() * 1000)


def test_a_zone_that_nobody_knows_is_utc() -> None:
    assert quiet_until(recipient(quiet_from=0, quiet_until=1439, time_zone="../etc/passwd"), NOW) is not None


def test_who_opts_out_is_told_nothing_until_a_person_enables_it(outside: Outside) -> None:
    outside(OptOut(TO, "C-1"), news())
    outside.now += DAY
    assert outside.sweep() == []
    outside(setting())
    assert outside.destinations[TO].reason == "the recipient wants no more messages"
    assert len(outside(setting(enabled_at=outside.now))) == 1


def past(request: OutboundRequest) -> SendAgain:
    return SendAgain("C-1", PastMessage(
        request.message_id, "u", request.destination, request.queue, request.kind, NEW, request.body, request.attempt,
        NOW,
    ))


def test_a_person_may_have_a_message_sent_again_as_it_was(outside: Outside) -> None:
    outside(news())
    outside.now += HOUR
    [first] = outside.sweep()
    outside(attempt(first))
    before = outside.queues
    [again] = outside(past(first))
    assert (again.message_id, again.body, again.attempt) == (first.message_id, first.body, 2)
    assert outside(past(first)) == []
    outside(attempt(again, REFUSED))
    assert outside.outcomes[-1].status is OutboundStatus.REFUSED
    assert [one.sent for one in outside.queues.values()] == [one.sent for one in before.values()]
    assert outside(news()) == []


def test_nothing_is_sent_again_to_who_was_removed(outside: Outside) -> None:
    outside(news())
    outside.now += HOUR
    [first] = outside.sweep()
    outside(attempt(first), EndpointSetting(TO, "C-1", None))
    assert outside.destinations[TO].recipient is None
    assert outside(past(first)) == []
    assert outside.outcomes[-1].status is OutboundStatus.WITHDRAWN


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["1Z1", "1Z2"]), st.sampled_from([Milestone.PICKED_UP, Milestone.DELIVERED]),
        st.sampled_from([NEW, REPLACES, RETRACTS]), st.integers(1, 3),
        st.sampled_from([None, ACCEPTED, UNAVAILABLE]), st.sampled_from([0, 61 * SECOND, 9 * HOUR]),
    ),
    max_size=10,
)


@given(STEPS)
def test_in_the_end_a_recipient_holds_what_stands_and_was_told_nothing_twice(steps) -> None:
    """Of each shipment the last thing told that stands is its latest; what was told and stands no more was taken
    back; nothing is told twice in a row; and nothing is told at night."""
    outside = Outside(Policy(refused_retries=()))
    outside(setting(quiet_from=20 * 60, quiet_until=6 * 60))
    heard: dict[str, list[tuple[str, str, str, str]]] = {}
    seen: set[str] = set()
    under_way: list[OutboundRequest] = []
    stands: dict[tuple[str, str], str] = {}

    def arrive(request, result) -> None:
        if request.message_id not in seen:
            seen.add(request.message_id)
            for one in json.loads(request.body)["news"]:
                heard.setdefault(one["tracking_number"], []).append((
                    one["milestone"], one.get("correction", "new"), one["city"], one["tracking_number"]
                ))
        under_way.extend(outside(attempt(request, result)))

    for number, milestone, correction, content, result, later in steps:
        city = f"CITY {content}"
        if correction is RETRACTS:
            stands.pop((number, milestone), None)
        else:
            stands[number, milestone] = city
        at = NOW + (milestone is Milestone.DELIVERED)
        under_way += outside(news(milestone, number, correction, occurred_at=at, location=place(city)))
        outside.now += later
        under_way += outside.sweep()
        for request in under_way:
            assert quiet_until(setting().endpoint, request.issued_at) is None
        if result is not None and under_way:
            arrive(under_way.pop(0), result)
    while under_way or any(queue.waiting for queue in outside.queues.values()):
        while under_way:
            arrive(under_way.pop(0), ACCEPTED)
        outside.now = outside.next_due() or outside.now
        under_way += outside.sweep()
    for number in ("1Z1", "1Z2"):
        last: dict[str, str | None] = {}
        for milestone, correction, city, _ in heard.get(number, []):
            assert (correction == "new") == (milestone not in last), "told anew, or corrected before it was told"
            assert last.get(milestone) != (None if correction == "retracts" else city) or milestone not in last
            last[milestone] = None if correction == "retracts" else city
        holds = {milestone: city for milestone, city in last.items() if city is not None}
        true = {milestone: city for (of, milestone), city in stands.items() if of == number}
        assert holds.items() <= true.items()
        if Milestone.DELIVERED in true:
            assert holds[Milestone.DELIVERED] == true[Milestone.DELIVERED]


def place(city: str):
    from streams.contracts.model import Location

    return Location(city=city)
