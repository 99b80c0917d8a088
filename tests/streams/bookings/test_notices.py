"""ERPs are told that a delivery is ready and booked, once each, and that it is no more."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.bookings.notices import standing
from streams.bookings.step import Input
from streams.contracts.notices import ErpNotice
from streams.kernel.booking_vocabulary import AnswerKind, BookingAction
from streams.kernel.notice_vocabulary import ENDS, NoticeKind
from tests.support.booking_world import NOON, Desk, answered, decided, packed, released, said

READY = (released(), packed())
NUMBERED = answered(
    AnswerKind.BOOKED, tracking_number=" pro 77 ", label_url="https://north.example/l/77", carrier_reference="s-9",
)


def told(desk: Desk) -> list[str]:
    return [one.kind.value for one in desk.out.notices]


def test_a_packed_delivery_is_ready_and_its_number_is_told_with_label_and_service() -> None:
    desk = Desk().take(*READY)
    [ready] = desk.out.notices
    assert (ready.kind, ready.delivery_id, ready.order_id, ready.customer_id) == (
        NoticeKind.READY_TO_SHIP, "80001", "SO-1", "C-1",
    )
    assert ready.words == "Packed and ready to ship: 1 piece, 12 kg."
    [_, booked] = desk.take(NUMBERED).out.notices
    assert (booked.carrier, booked.tracking_number, booked.service, booked.booking_id) == (
        "north", "PRO77", "parcel", "80001-1",
    )
    assert booked.words == "Booked with north (parcel): PRO77, label https://north.example/l/77."


def test_what_is_said_again_is_not_told_again_and_a_late_label_is() -> None:
    desk = Desk().take(*READY, answered(AnswerKind.BOOKED, tracking_number="PRO77"))
    before = told(desk)
    desk.take(*READY, answered(AnswerKind.BOOKED, tracking_number="PRO77"))
    assert told(desk) == before
    desk.take(NUMBERED)
    first, second = desk.out.notices[-2:]
    assert (second.kind, second.notice_id) == (NoticeKind.BOOKED, first.notice_id)
    assert (first.label_url, second.label_url) == ("", "https://north.example/l/77")


def test_a_booking_that_is_made_anew_is_cancelled_first_with_the_persons_reason() -> None:
    desk = Desk().take(*READY, NUMBERED)
    desk.take(decided(BookingAction.REBOOK, NOON + 1, "south"), answered(AnswerKind.BOOKED, 2, tracking_number="S1"))
    _, first, cancelled, second = desk.out.notices
    assert (cancelled.kind, cancelled.notice_id) == (NoticeKind.BOOKING_CANCELLED, first.notice_id)
    assert cancelled.since == first.occurred_at
    assert cancelled.words.startswith("The booking with north, PRO77, is cancelled: ")
    assert (second.kind, second.tracking_number) == (NoticeKind.BOOKED, "S1")
    assert second.notice_id != first.notice_id


def test_a_delivery_that_is_cancelled_is_neither_ready_nor_booked() -> None:
    desk = Desk().take(*READY, NUMBERED, released(NOON + 5, status="cancelled"))
    assert told(desk)[2:] == ["readiness_withdrawn", "booking_cancelled"]
    assert desk.out.notices[-1].words == "The booking with north, PRO77, is cancelled."


def test_goods_that_are_packed_short_are_not_ready_until_a_person_says_so() -> None:
    desk = Desk().take(released(), packed(3.0, kind="packed"), packed(2.0, kind="short", number="W-2"))
    assert told(desk) == []
    desk.take(decided(BookingAction.BOOK, NOON + 1))
    assert told(desk) == ["ready_to_ship"]


def test_goods_that_left_and_that_the_erp_never_released_are_not_told_as_ready() -> None:
    assert told(Desk().take(packed(kind="shipped", numbers=["NT9"]))) == []


@settings(max_examples=100)
@given(st.lists(said(), max_size=14))
def test_what_was_told_adds_up_to_what_stands_and_nothing_is_ended_twice(items: list[Input | int]) -> None:
    desk = Desk().take(*READY)
    for item in items:
        if isinstance(item, int):
            desk.wait(desk.now + item * 1_800_000)
        else:
            desk.take(item)
            repeated = len(desk.out.notices)
            desk.take(item)
            assert [one.kind for one in desk.out.notices[repeated:]] == []
    stands: dict[str, ErpNotice] = {}
    for one in desk.out.notices:
        if one.kind in ENDS:
            del stands[one.notice_id]
        else:
            stands[one.notice_id] = one
    assert {name: one.tracking_number for name, one in stands.items()} == {
        name: one.tracking_number for name, one in standing(desk.known).items()
    }
