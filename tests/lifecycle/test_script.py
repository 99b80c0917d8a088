"""The script tells every story in its acts, and a delivery that is elsewhere is found."""

from __future__ import annotations

from pathlib import Path

from streams.kernel.vocabulary import PostingKind
from tests.lifecycle.erps import DeskErp
from tests.lifecycle.reached import differences, must
from tests.lifecycle.script import ENDS, Act, Numbers, Story, write
from topologies.demo.erp_desk import Desk

NOW = 1_790_000_000_000
NUMBERS = [Numbers(f"SO-{place}", f"D-{place}") for place in range(2 * len(Story))]


def test_every_story_is_told_of_its_own_order_and_nothing_lies_in_the_future() -> None:
    told = write(NUMBERS, NOW)
    assert {one.story for one in told.orders} == set(Story) == set(ENDS)
    orders = {message.order.order_id for message in told.plan.messages if message.order is not None}
    assert orders == {one.order_id for one in NUMBERS}
    assert {message.at_s for message in told.plan.messages} == {float(act.value) for act in Act}
    assert [message.at_s for message in told.plan.messages] == sorted(message.at_s for message in told.plan.messages)
    numbers = [number for one in told.orders for number in one.shipments]
    assert len(numbers) == len(set(numbers))
    assert write(NUMBERS, NOW).plan.messages == told.plan.messages


def test_an_order_that_is_elsewhere_or_booked_twice_is_a_difference(tmp_path: Path) -> None:
    there = Desk()
    erp = DeskErp(there, 1, tmp_path)
    [one] = [order for order in write(NUMBERS, NOW).orders if order.order_id == "SO-0"]
    right = must(one, erp)
    assert list(differences([one], {"D-0": right}, erp)) == []
    for wrong in (right._replace(phase="lost"), right._replace(in_erp="nothing"), right._replace(overdue="alerted")):
        assert [found for _, _, found in differences([one], {"D-0": wrong}, erp)] == [wrong]
    for place, kind in enumerate((PostingKind.GOODS_ISSUE, PostingKind.DELIVERY_CONFIRMATION)):
        there.book({"posting_id": f"p{place}", "kind": kind.value, "delivery": "D-0", "pieces": 1, "of_pieces": 1})
    assert erp.holds()["D-0"] == right.in_erp
    there.book({"posting_id": "p0", "kind": "goods_issue", "delivery": "D-0"})
    assert erp.holds()["D-0"] == right.in_erp, "a key is booked once"
    there.book({"posting_id": "p8", "kind": "goods_issue", "delivery": "D-0"})
    assert erp.holds()["D-0"] != right.in_erp, "another key is another posting"
    there.book({"posting_id": "p7", "kind": "goods_issue", "delivery": "D-0", "reverses": "p8"})
    there.book({"posting_id": "p9", "kind": "delivery_confirmation", "delivery": "D-0", "reverses": "p1"})
    assert erp.holds()["D-0"] == "1 goods issue"
