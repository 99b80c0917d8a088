"""Holds of bookings whatever is said, in whatever order: one carrier at most comes, and nothing waits for ever."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.bookings.machine import EVENT_OF, TRANSITIONS
from streams.bookings.record import next_due
from streams.bookings.rules import HOUR
from streams.bookings.step import Input
from streams.kernel.booking_vocabulary import (
    LIVE,
    AnswerKind,
    BookingPhase,
    BookingRequestKind,
    BookingStatus,
)
from streams.kernel.vocabulary import AlertKind
from tests.support.booking_world import Desk, answered, packed, released, said

_S = BookingStatus
ENDED = frozenset({BookingPhase.BOOKED, BookingPhase.CANCELLED})


@settings(max_examples=150)
@given(st.lists(said(), max_size=14))
def test_one_carrier_comes_at_most_and_nothing_waits_without_a_timer(items: list[Input | int]) -> None:
    desk = Desk().take(released(), packed())
    asked, cancelled, told = set[str](), set[str](), 0
    for item in items:
        if isinstance(item, int):
            desk.wait(desk.now + item * HOUR // 2)
        else:
            desk.take(item)
        state = desk.known
        assert sum(one.status in LIVE for one in state.bookings) <= 1
        assert state.phase in ENDED or next_due(state) is not None or (state.wait is not None and state.wait.overdue)
        assert len({one.booking_id for one in state.bookings}) == len(state.bookings)
        given_up = {one.booking_id for one in state.bookings if one.status in (_S.DECLINED, _S.FAILED)}
        for request in desk.out.requests[told:]:
            if request.kind is BookingRequestKind.BOOK:
                others = asked - {request.booking_id} - cancelled - given_up
                assert not others, "two carriers are asked at once"
                asked.add(request.booking_id)
            elif request.kind is BookingRequestKind.CANCEL:
                cancelled.add(request.booking_id)
        told = len(desk.out.requests)
        numbers = {(one.carrier, one.tracking_number, one.by): one.withdrawn for one in desk.out.references}
        assert sum(not withdrawn for withdrawn in numbers.values()) <= 1


@settings(max_examples=100)
@given(st.lists(st.sampled_from([AnswerKind.DECLINED, AnswerKind.FAILED, None]), min_size=3, max_size=3))
def test_who_declines_fails_or_is_silent_is_followed_by_the_next_to_the_end(ends: list[AnswerKind | None]) -> None:
    desk = Desk().take(released(), packed())
    for turn, kind in enumerate(ends, 1):
        assert desk.known.bookings[-1].booking_id == f"80001-{turn}"
        if kind is None:
            desk.wait(desk.known.bookings[-1].answer_by)
        else:
            desk.take(answered(kind, turn))
    assert [one.carrier for one in desk.known.bookings] == ["north", "south", "east"]
    assert desk.known.phase is BookingPhase.NO_CARRIER
    assert "booking_missing raised" in desk.alerts()
    assert desk.alerts().count("booking_unanswered raised") == ends.count(None)


@settings(max_examples=50)
@given(st.lists(said(), max_size=8))
def test_every_alert_of_what_is_missing_is_resolved_once_the_delivery_is_booked(items: list[Input | int]) -> None:
    desk = Desk().take(released(), packed())
    for item in items:
        desk.wait(desk.now + item * HOUR) if isinstance(item, int) else desk.take(item)
    raised: dict[str, str] = {}
    for one in desk.out.alerts:
        if one.kind is not AlertKind.CANCELLATION_NOT_TAKEN:
            raised[one.alert_id] = one.state.value
    if desk.known.phase in ENDED:
        assert "raised" not in raised.values()


def test_the_table_has_a_row_for_every_status_and_leads_nowhere_else() -> None:
    for status, row in TRANSITIONS.items():
        assert all(target in TRANSITIONS for target in row.values())
        if status not in LIVE:
            assert not set(row.values()) & LIVE, "what is over does not come alive again"
    assert set(EVENT_OF.values()) <= {event for row in TRANSITIONS.values() for event in row}
