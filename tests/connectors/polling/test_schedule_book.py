"""The polls that are due, their order, and how orders and shipments change both."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from connectors.polling.schedule_book import KnownStatus, ScheduleBook
from streams.kernel.vocabulary import PollEnd, Status
from streams.polling.schedule import Answer, Schedule, after_answer

NOW = 1_790_000_000_000
HOUR = 3_600_000
SCHEDULE = Schedule(otherwise=2 * HOUR)


def book(*numbers: str) -> ScheduleBook:
    one = ScheduleBook("north.track", "north", SCHEDULE)
    for place, number in enumerate(numbers):
        one.claim(number, NOW, NOW + place)
    return one


def test_the_longest_due_come_first_and_none_twice_at_once() -> None:
    one = book("A", "B", "C")
    assert [state.tracking_number for state in one.take(NOW + 1, 5)] == ["A", "B"]
    assert one.take(NOW + 1, 5) == []
    assert one.next_due() == NOW + 2


def test_a_number_put_back_is_due_when_its_cursor_says() -> None:
    one = book("A")
    [state] = one.take(NOW, 1)
    one.put(replace(state, due_at=NOW + HOUR), NOW)
    assert one.take(NOW + HOUR - 1, 1) == []
    assert len(one.take(NOW + HOUR, 1)) == 1


def test_a_second_order_with_the_number_changes_nothing() -> None:
    one = book("A")
    assert len(one.unsaved()) == 1
    one.claim("A", NOW + 5, NOW + 5)
    assert one.unsaved() == []
    assert len(one) == 1


def test_a_shipment_known_as_delivered_before_the_order_comes_is_not_asked_for() -> None:
    one = ScheduleBook("north.track", "north", SCHEDULE)
    one.set_status("A", KnownStatus(Status.DELIVERED, NOW), NOW)
    one.claim("A", NOW, NOW)
    assert one.next_due() is None
    assert one.ended[PollEnd.SETTLED] == 1


def test_a_delivery_told_while_the_number_is_asked_for_counts_after_the_answer() -> None:
    one = book("A")
    [state] = one.take(NOW, 1)
    one.unsaved()
    one.set_status("A", KnownStatus(Status.DELIVERED, NOW + 5), NOW + 5)
    one.put(after_answer(state, Answer.UNCHANGED, SCHEDULE, NOW + 1, 0.5), NOW + 9)
    assert one["A"].ended is PollEnd.SETTLED
    assert [saved.ended for saved in one.unsaved()] == [PollEnd.SETTLED]


def test_what_was_not_saved_is_saved_with_the_next_unless_it_is_older() -> None:
    one = book("A", "B")
    failed = one.unsaved()
    one.set_status("A", KnownStatus(Status.DELIVERED, NOW), NOW)
    one.not_saved(failed)
    assert {state.tracking_number: state.status for state in one.unsaved()} == {
        "A": Status.DELIVERED, "B": Status.UNKNOWN
    }


@given(st.lists(st.tuples(st.sampled_from("ABCDE"), st.integers(0, 5), st.booleans()), max_size=60))
def test_every_open_number_is_either_asked_for_or_due_some_time(steps: list[tuple[str, int, bool]]) -> None:
    one, now, asked = ScheduleBook("north.track", "north", SCHEDULE), NOW, {}
    for number, minutes, delivered in steps:
        now += minutes * 60_000
        one.claim(number, now, now)
        if delivered:
            one.set_status(number, KnownStatus(Status.DELIVERED, now), now)
        if number in asked:
            one.put(after_answer(asked.pop(number), Answer.UNCHANGED, SCHEDULE, now, 0.5), now)
        for state in one.take(now, 1):
            asked[state.tracking_number] = state
        waiting = [state for state in one if state.due_at is not None and state.tracking_number not in asked]
        assert one.next_due() == min((state.due_at for state in waiting if state.due_at is not None), default=None)
