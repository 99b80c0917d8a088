"""ERPs are told of a shipment's exceptions: opened, with another reason, closed; for each delivery that claims it."""

from __future__ import annotations

from typing import Any

from streams.contracts.model import CarrierEvent
from streams.kernel.notice_vocabulary import NoticeKind
from streams.kernel.vocabulary import Correction, ExceptionType, Milestone, Reason
from tests.support.laws import tell
from tests.support.strategies import carrier_event, received, reference

CLAIM = reference()
OPENED, CLOSED = NoticeKind.EXCEPTION_OPENED, NoticeKind.EXCEPTION_CLOSED


def delayed(minutes: int = 10, **changes: Any) -> CarrierEvent:
    said = {"exception": ExceptionType.DELAY, "reason": Reason.WEATHER, **changes}
    return carrier_event(Milestone.INFO, minutes, **said)


def test_an_exception_is_told_with_its_reason_and_its_end_with_the_next_good_scan() -> None:
    late, out = delayed(), carrier_event(Milestone.OUT_FOR_DELIVERY, 30)
    first, last = tell([[CLAIM, received(late), received(out)]]).notices
    assert (first.kind, first.delivery_id, first.order_id) == (OPENED, "D-1", "O-1")
    assert first.customer_id == CLAIM.customer_id
    assert (first.exception, first.reason, first.tracking_number) == (ExceptionType.DELAY, Reason.WEATHER, "N100")
    assert first.words == "Delay (weather) of north N100."
    assert (last.kind, last.notice_id, last.withdrawn) == (CLOSED, first.notice_id, False)
    assert (last.since, last.occurred_at) == (late.occurred_at, out.occurred_at)
    assert last.words == "Delay of north N100 is over."


def test_a_repeat_tells_nothing_and_another_reason_is_told() -> None:
    again = delayed(20)
    other = delayed(25, reason=Reason.STRIKE)
    told = tell([[CLAIM, received(delayed()), received(delayed()), received(again), received(other)]]).notices
    assert [(one.kind, one.reason) for one in told] == [(OPENED, Reason.WEATHER), (OPENED, Reason.STRIKE)]
    assert len({one.notice_id for one in told}) == 1


def test_a_report_that_is_taken_back_was_told_in_error() -> None:
    late = delayed()
    back = delayed(event_id="b" * 32, correction=Correction.RETRACTS, corrects=late.event_id)
    _, last = tell([[CLAIM, received(late), received(back)]]).notices
    assert (last.kind, last.withdrawn) == (CLOSED, True)
    assert last.words == "Delay of north N100 was reported in error."


def test_a_good_scan_that_is_taken_back_opens_the_exception_again() -> None:
    out = carrier_event(Milestone.OUT_FOR_DELIVERY, 30)
    back = carrier_event(
        Milestone.OUT_FOR_DELIVERY, 30, event_id="b" * 32, correction=Correction.RETRACTS, corrects=out.event_id
    )
    told = tell([[CLAIM, received(delayed()), received(out), received(back)]]).notices
    assert [one.kind for one in told] == [OPENED, CLOSED, OPENED]


def test_an_order_that_comes_later_hears_what_is_open_and_one_that_lets_go_that_it_is_not_its_own() -> None:
    let_go = reference(withdrawn=True, updated_at=CLAIM.updated_at + 1)
    told = tell([[received(delayed()), CLAIM, let_go]]).notices
    assert [(one.kind, one.withdrawn) for one in told] == [(OPENED, False), (CLOSED, True)]
    assert told[-1].words == "Delay of north N100 is not of this delivery."


def test_each_delivery_of_a_shipment_is_told() -> None:
    told = tell([[CLAIM, reference("O-2", "D-2"), received(delayed())]]).notices
    assert [(one.delivery_id, one.order_id) for one in told] == [("D-1", "O-1"), ("D-2", "O-2")]


def test_goods_that_arrive_do_not_make_up_for_damage() -> None:
    damaged = carrier_event(Milestone.DELIVERED, 30, exception=ExceptionType.DAMAGE, reason=Reason.PACKAGING)
    told = tell([[CLAIM, received(delayed()), received(damaged)]]).notices
    assert [(one.kind, one.exception.value) for one in told] == [
        (OPENED, "delay"), (CLOSED, "delay"), (OPENED, "damage"),
    ]
