"""From the released order to the booking: the warehouse packs, carriers are asked in turn, one takes it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from streams.bookings.rules import HOUR, Rules, WhenUneven
from streams.kernel.booking_vocabulary import AnswerKind, BookingAction, BookingPhase, BookingRequestKind, BookingStatus
from tests.support.booking_world import NOON, RULES, Desk, answered, decided, packed, released

READY = (released(), packed())


def test_a_delivery_is_asked_for_once_it_is_released_and_packed_whatever_came_first() -> None:
    for items in (READY, READY[::-1]):
        desk = Desk().take(*items)
        [request] = desk.out.requests
        assert desk.known.phase is BookingPhase.ASKING
        assert (request.booking_id, request.carrier, request.service) == ("80001-1", "north", "parcel")
        assert (request.parcels[0].weight_kg, request.answer_by) == (12.0, desk.now + HOUR)
        assert [one.reason for one in desk.known.bookings] == ["9.90 EUR"]


def test_a_carriers_number_is_told_to_orders_identity_and_fulfilment() -> None:
    desk = Desk().take(*READY, answered(
        AnswerKind.BOOKED, tracking_number=" nt 77 ", label_url="https://north.example/l/77", carrier_reference="s-9",
    ))
    [reference], [claim] = desk.out.references, desk.out.claims
    assert (reference.carrier, reference.tracking_number, reference.delivery_id) == ("north", "NT77", "80001")
    assert (reference.by, reference.withdrawn) == ("shipment:80001-1", False)
    assert (claim.type, claim.value, claim.tracking_number) == ("shipment", "80001-1", "NT77")
    assert desk.asked() == ["book north", "booked north"]
    assert desk.known.phase is BookingPhase.BOOKED
    assert (desk.known.wait, desk.alerts()) == (None, [])


def test_a_pro_number_means_the_shipment_until_the_booking_is_cancelled() -> None:
    desk = Desk().take(*READY, answered(AnswerKind.DECLINED))
    desk.take(answered(AnswerKind.BOOKED, 2, tracking_number="pro 77"))
    assert [(one.type, one.value, one.tracking_number, one.withdrawn) for one in desk.out.claims] == [
        ("shipment", "80001-2", "PRO77", False), ("pro", "PRO77", "PRO77", False),
    ]
    desk.take(decided(BookingAction.CANCEL, NOON + 1))
    assert {(one.type, one.value) for one in desk.out.claims if one.withdrawn} == {
        ("shipment", "80001-2"), ("pro", "PRO77"),
    }


def test_who_declines_is_followed_by_the_next_and_at_the_end_a_person_hears_of_it() -> None:
    desk = Desk().take(*READY)
    for turn in (1, 2, 3):
        desk.take(answered(AnswerKind.DECLINED, turn, detail="no truck"))
    assert desk.asked() == ["book north", "book south", "book east"]
    assert desk.known.phase is BookingPhase.NO_CARRIER
    assert desk.alerts() == ["booking_missing raised"]
    [alert] = desk.out.alerts
    assert alert.message == "delivery 80001 of order SO-1 has no carrier, and none is left to ask"
    assert desk.known.wait is not None
    assert desk.known.wait.owner == "shipping"


def test_a_carrier_that_does_not_answer_in_time_is_told_off_and_the_next_is_asked() -> None:
    desk = Desk().take(*READY).wait(NOON + 2 * HOUR)
    assert desk.asked() == ["book north", "cancel north", "book south"]
    assert desk.alerts() == ["booking_unanswered raised"]
    desk.take(answered(AnswerKind.ACCEPTED, 2, tracking_number="PRO1"))
    assert desk.alerts() == ["booking_unanswered raised", "booking_unanswered resolved"]
    late = desk.take(answered(AnswerKind.BOOKED, 1, tracking_number="NT1"))
    assert late.asked()[-1] == "cancel north"
    assert late.out.requests[-1].tracking_number == "NT1"
    assert [one.status for one in desk.known.bookings] == [BookingStatus.CANCELLED, BookingStatus.BOOKED]


def test_one_that_cannot_be_reached_is_asked_again_until_its_time_is_over() -> None:
    desk = Desk().take(*READY, answered(AnswerKind.UNAVAILABLE, detail="no connection"))
    assert desk.wait(desk.now + 6_000).asked() == ["book north", "book north"]
    assert [one.attempt for one in desk.out.requests] == [1, 2]
    desk.take(answered(AnswerKind.UNAVAILABLE), answered(AnswerKind.UNAVAILABLE, attempt=2))
    assert desk.counts["duplicates"] == 1
    assert desk.wait(NOON + 2 * HOUR).asked()[-2:] == ["cancel north", "book south"]


def test_other_terms_wait_for_a_person_and_then_for_the_next_carrier() -> None:
    desk = Desk().take(*READY, answered(AnswerKind.COUNTERED, detail="tomorrow, 14 EUR"))
    assert desk.known.phase is BookingPhase.COUNTERED
    agreed = Desk(state=desk.known).take(decided(BookingAction.ACCEPT))
    assert (agreed.asked(), agreed.known.phase) == (["book north"], BookingPhase.ASKING)
    assert agreed.out.requests[0].attempt == 2
    refused = Desk(state=desk.known).take(decided(BookingAction.REFUSE))
    assert refused.asked() == ["cancel north", "book south"]
    waited = Desk(state=desk.known).wait(NOON + 9 * HOUR)
    assert waited.asked()[:2] == ["cancel north", "book south"]
    assert waited.alerts()[0] == "booking_missing raised"


def test_an_accepted_load_without_a_number_is_waited_for_and_then_told() -> None:
    desk = Desk().take(*READY, answered(AnswerKind.ACCEPTED))
    assert desk.known.phase is BookingPhase.WAITING_FOR_NUMBER
    assert desk.wait(NOON + 24 * HOUR).alerts() == ["booking_missing raised"]
    desk.take(answered(AnswerKind.BOOKED, tracking_number="NT1"))
    assert desk.alerts()[-1] == "booking_missing resolved"


def test_a_short_packing_is_held_until_the_rest_comes_or_a_person_says_so() -> None:
    short = (released(), packed(3.0), packed(2.0, "short", "W-2"))
    desk = Desk().take(*short)
    assert (desk.known.phase, desk.asked()) == (BookingPhase.HELD, [])
    assert desk.wait(NOON + 9 * HOUR).out.alerts[0].message.endswith("is not packed as ordered: line 10: 3 of 5")
    assert Desk(state=desk.known).take(decided(BookingAction.BOOK)).asked() == ["book north"]
    assert Desk(state=desk.known).take(packed(2.0, number="W-3")).asked() == ["book north"]
    assert Desk(replace(RULES, short=WhenUneven.BOOK)).take(*short).asked() == ["book north"]


def test_a_partial_packing_waits_for_the_warehouse_and_says_so_when_that_takes_too_long() -> None:
    desk = Desk().take(released(), packed(3.0), packed(5.0, "picked", "W-0"))
    assert desk.known.phase is BookingPhase.WAITING_FOR_WAREHOUSE
    assert desk.wait(NOON + 24 * HOUR).alerts() == ["booking_missing raised"]
    assert desk.take(packed(2.0, number="W-2")).asked() == ["book north"]
    assert desk.alerts()[-1] == "booking_missing resolved"


def test_an_over_pick_is_held_unless_the_rules_let_it_go() -> None:
    assert Desk().take(released(), packed(6.0)).known.phase is BookingPhase.HELD
    assert Desk(replace(RULES, over=WhenUneven.BOOK)).take(released(), packed(6.0)).asked() == ["book north"]


def test_lines_of_one_number_are_added_up_and_one_nobody_ordered_is_over() -> None:
    twice = released()
    twice.lines = [*twice.lines, *twice.lines]
    assert Desk().take(twice, packed(5.0)).known.phase is BookingPhase.WAITING_FOR_WAREHOUSE
    assert Desk().take(twice, packed(10.0)).asked() == ["book north"]
    other = packed(1.0, number="W-2")
    other.lines[0] = type(other.lines[0])("20", "A-2", None, 1.0, None, None)
    assert Desk().take(released(), other, packed()).known.phase is BookingPhase.HELD


def test_a_confirmation_that_comes_again_takes_the_place_of_the_earlier_one() -> None:
    desk = Desk().take(released(), packed(3.0), packed(3.0))
    assert desk.counts == {"released": 1, "confirmed": 1, "duplicates": 1}
    assert desk.take(packed(5.0)).asked() == ["book north"]


def test_goods_that_left_without_a_booking_need_none() -> None:
    desk = Desk().take(released(), packed(kind="shipped", numbers=["NT9"]))
    assert (desk.known.phase, desk.asked(), desk.known.wait) == (BookingPhase.BOOKED, [], None)


def test_goods_that_left_and_that_the_erp_never_released_are_nobodys_wait() -> None:
    desk = Desk().take(packed(kind="shipped", numbers=["NT9"])).wait(NOON + 400 * HOUR)
    assert (desk.known.phase, desk.known.wait) == (BookingPhase.BOOKED, None)
    assert (desk.asked(), desk.alerts()) == ([], [])
    assert desk.take(released()).asked() == []


def test_a_person_books_anew_with_a_carrier_of_their_choice() -> None:
    desk = Desk().take(*READY, answered(AnswerKind.BOOKED, tracking_number="NT1"))
    desk.take(decided(BookingAction.REBOOK, carrier="east"))
    assert desk.asked() == ["book north", "booked north", "cancel north", "book east", "released north"]
    assert [one.withdrawn for one in desk.out.references] == [False, True]
    assert desk.known.bookings[-1].reason == "Olga Fink wants it; 120.00 EUR"
    assert desk.take(answered(AnswerKind.DECLINED, 2)).asked()[-1] == "book north"


def test_a_cancelled_delivery_has_no_booking_until_somebody_books_anew() -> None:
    desk = Desk().take(*READY, answered(AnswerKind.BOOKED, tracking_number="NT1"), decided(BookingAction.CANCEL))
    assert (desk.known.phase, desk.asked()[2:]) == (BookingPhase.CANCELLED, ["cancel north", "released north"])
    desk.take(decided(BookingAction.REBOOK, NOON + 4 * HOUR))
    assert desk.asked()[-1] == "book north"


def test_the_erp_cancels_a_delivery() -> None:
    desk = Desk().take(*READY, released(NOON + HOUR, status="cancelled"))
    assert desk.asked() == ["book north", "cancel north"]
    assert desk.take(released()).counts["late"] == 1
    assert desk.take(released(NOON + 2 * HOUR)).asked()[-1] == "book south"


@pytest.mark.parametrize(("item", "why"), [
    (answered(AnswerKind.BOOKED, 7), "there is no booking 80001-7"),
    (answered(AnswerKind.ACCEPTED, carrier="sout"), "was asked of north, not of sout"),
    (decided(BookingAction.ACCEPT), "is asking: accept changes nothing there"),
    (decided(BookingAction.UNKNOWN), "unknown is no decision"),
    (decided(BookingAction.CANCEL, by=""), "nobody answers for it"),
])
def test_an_answer_or_a_decision_that_is_not_possible_is_refused(item: object, why: str) -> None:
    desk = Desk().take(*READY)
    before = desk.known
    desk.take(item)  # type: ignore[arg-type]
    assert desk.known == before
    assert why in desk.refused[0]


def test_a_booked_carrier_that_offers_other_terms_is_refused() -> None:
    desk = Desk().take(*READY, answered(AnswerKind.BOOKED, tracking_number="NT1"), answered(AnswerKind.COUNTERED))
    assert "is booked: countered is not possible there" in desk.refused[0]


def test_an_answer_that_comes_twice_says_nothing_new() -> None:
    told = answered(AnswerKind.BOOKED, carrier="nrth", tracking_number="NT1")
    desk = Desk().take(*READY, told, told)
    assert (desk.asked(), desk.counts["duplicates"]) == (["book north", "booked north"], 1)


def test_a_carrier_that_backs_out_of_a_booking_is_followed_by_the_next() -> None:
    desk = Desk().take(*READY, answered(AnswerKind.BOOKED, tracking_number="NT1"), answered(AnswerKind.DECLINED))
    assert desk.asked()[2:] == ["book south", "released north"]


def test_without_a_declared_service_nothing_is_kept() -> None:
    desk = Desk(Rules()).take(*READY)
    assert (desk.state, desk.counts) == (None, {"not_needed": 2})


def test_a_request_bears_both_addresses() -> None:
    [request] = Desk().take(*READY).out.requests
    assert request.kind is BookingRequestKind.BOOK
    assert request.shipper is not None
    assert request.recipient is not None
    assert (request.shipper.city, request.recipient.city) == ("Hamburg", "Wien")
