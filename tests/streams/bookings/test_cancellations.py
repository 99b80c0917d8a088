"""A carrier that is to come no more is told so until it takes it; where it does not, somebody calls it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.bookings.cancellations import actions_for, open_in
from streams.bookings.record import next_due
from streams.bookings.rules import HOUR
from streams.contracts.bookings import Cancellation
from streams.kernel.booking_vocabulary import AnswerKind, BookingAction, BookingRequestKind, CancellationStatus
from tests.support.booking_world import NOON, Desk, answered, decided, packed, released

MINUTE = HOUR // 60
_S = CancellationStatus
ALERT = "cancellation_not_taken"


def rebooked(carrier: str = "south") -> Desk:
    """The first carrier had the delivery, with a number; a person asked for another."""
    desk = Desk().take(released(), packed(), answered(AnswerKind.BOOKED, tracking_number="NT1"))
    return desk.take(decided(BookingAction.REBOOK, carrier=carrier))


def first(desk: Desk) -> Cancellation:
    told = desk.known.bookings[0].cancellation
    assert told is not None
    return told


def cancels(desk: Desk) -> list[int]:
    """The attempts of all cancellations that were asked of the first carrier."""
    return [
        one.attempt for one in desk.out.requests
        if one.kind is BookingRequestKind.CANCEL and one.carrier == "north"
    ]


def alerts(desk: Desk) -> list[str]:
    return [one for one in desk.alerts() if one.startswith(ALERT)]


def test_a_cancellation_that_is_taken_leaves_nothing_to_do() -> None:
    desk = rebooked()
    assert (first(desk).status, first(desk).owner, first(desk).deadline) == (
        _S.ASKED, "shipping", desk.now + 15 * MINUTE,
    )
    desk.take(answered(AnswerKind.CANCELLED)).wait(NOON + 2 * HOUR)
    assert (first(desk).status, cancels(desk), alerts(desk)) == (_S.TAKEN, [1], [])
    again = desk.known
    assert desk.take(answered(AnswerKind.CANCELLED), answered(AnswerKind.CANCEL_REFUSED)).known == again
    assert open_in(again) == []


def test_a_carrier_that_cannot_be_reached_is_told_again_and_the_alert_ends_with_its_answer() -> None:
    desk = rebooked()
    begun = desk.now
    for attempt in range(1, 8):
        desk.take(answered(AnswerKind.CANCEL_UNAVAILABLE, attempt=attempt, detail="no answer in time"))
        desk.wait(first(desk).retry_at or 0)
    assert cancels(desk) == list(range(1, 9))
    assert (alerts(desk), first(desk).asked_at) == ([], begun)
    desk.take(answered(AnswerKind.CANCEL_UNAVAILABLE, attempt=8, detail="no answer in time")).wait(begun + 15 * MINUTE)
    assert alerts(desk) == [f"{ALERT} raised"]
    signal = desk.out.alerts[-1]
    assert signal.owner == "shipping"
    assert "cancelled at north (80001-1), which does not answer the cancellation and may come: no answer" in (
        signal.message
    )
    desk.take(answered(AnswerKind.CANCELLED, attempt=first(desk).attempt))
    assert (first(desk).status, alerts(desk)[-1]) == (_S.TAKEN, f"{ALERT} resolved")


def test_a_refusal_is_an_alert_at_once_and_ends_by_a_person() -> None:
    desk = rebooked().take(answered(AnswerKind.CANCEL_REFUSED, detail="409: picked up"))
    assert (first(desk).status, first(desk).detail, alerts(desk)) == (_S.REFUSED, "409: picked up", [f"{ALERT} raised"])
    assert BookingAction.CLOSE in actions_for(desk.known)
    before = desk.known
    close = replace(decided(BookingAction.CLOSE, NOON + 4 * HOUR), key="k")
    desk.take(close)
    assert first(desk).closed == close
    assert (first(desk).status, alerts(desk)[-1]) == (_S.CLOSED, f"{ALERT} resolved")
    assert (desk.known.decision, desk.known.phase, desk.known.wait) == (before.decision, before.phase, before.wait)
    assert BookingAction.CLOSE not in actions_for(desk.known)
    desk.take(close, replace(close, key="", at=close.at + 1))
    assert desk.counts["duplicates"] == 1
    assert "no carrier owes delivery 80001 a cancellation" in desk.refused[-1]


def test_a_carrier_that_declines_later_does_not_come() -> None:
    desk = rebooked().take(answered(AnswerKind.CANCEL_REFUSED), answered(AnswerKind.DECLINED, carrier="nrth"))
    assert (first(desk).status, alerts(desk)) == (_S.TAKEN, [f"{ALERT} raised", f"{ALERT} resolved"])


def test_a_carrier_that_takes_the_load_too_late_is_told_again() -> None:
    desk = Desk().take(released(), packed()).wait(NOON + 2 * HOUR)
    desk.take(answered(AnswerKind.CANCELLED), answered(AnswerKind.BOOKED, tracking_number="NT1"))
    assert (first(desk).status, first(desk).attempt, cancels(desk)) == (_S.ASKED, 2, [1, 2])
    assert desk.take(answered(AnswerKind.CANCELLED)).counts["duplicates"] == 1
    assert first(desk.take(answered(AnswerKind.CANCELLED, attempt=2))).status is _S.TAKEN


def test_by_edi_nothing_is_waited_for_but_a_file_that_could_not_be_written() -> None:
    desk = rebooked("east").take(decided(BookingAction.CANCEL, NOON + 9 * HOUR))
    last = desk.known.bookings[-1]
    assert last.cancellation is not None
    assert (last.carrier, last.cancellation.status) == ("east", _S.SENT)
    desk.take(answered(AnswerKind.CANCEL_UNAVAILABLE, 2, detail="its file cannot be written"))
    assert [one.booking_id for one in open_in(desk.known)][-1:] == ["80001-2"]
    desk.wait(desk.now + MINUTE)
    again = desk.known.bookings[-1].cancellation
    assert again is not None
    assert (again.status, again.attempt, again.asked_at) == (_S.SENT, 2, last.cancellation.asked_at)


@pytest.mark.parametrize("kind", [AnswerKind.CANCELLED, AnswerKind.CANCEL_REFUSED, AnswerKind.CANCEL_UNAVAILABLE])
def test_an_answer_to_no_cancellation_is_refused(kind: AnswerKind) -> None:
    desk = Desk().take(released(), packed(), answered(kind))
    assert "booking 80001-1 was not cancelled" in desk.refused[0]


@given(st.lists(st.one_of(
    st.builds(
        answered, st.sampled_from([
            AnswerKind.CANCELLED, AnswerKind.CANCEL_REFUSED, AnswerKind.CANCEL_UNAVAILABLE, AnswerKind.DECLINED,
            AnswerKind.BOOKED,
        ]), attempt=st.integers(1, 3), tracking_number=st.sampled_from(["", "NT1"]),
    ),
    st.builds(decided, st.just(BookingAction.CLOSE), st.integers(NOON, NOON + 50)),
    st.integers(1, 40),
), max_size=12))
def test_a_carrier_that_may_come_is_told_again_or_somebody_hears_of_it(items: list[object]) -> None:
    desk = rebooked()
    for item in items:
        if isinstance(item, int):
            desk.wait(desk.now + item * MINUTE)
        else:
            desk.take(item)  # type: ignore[arg-type]
        raised = {one.alert_id: one.state.value for one in desk.out.alerts if one.kind.value == ALERT}
        is_raised = "raised" in raised.values()
        told = first(desk)
        assert is_raised is told.overdue
        if open_in(desk.known):
            assert is_raised or next_due(desk.known) is not None
        else:
            assert not is_raised
