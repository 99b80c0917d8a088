"""The script tells every story in its acts, and a delivery that is elsewhere is found."""

from __future__ import annotations

from pathlib import Path

from connectors.bookings import declared as bookings
from connectors.bookings import outbox
from connectors.bookings.declaration import ChannelDeclared
from connectors.carriers import discover
from connectors.formats import x12
from streams.contracts.bookings import BookingRequest
from streams.intake.adapter import RawContext
from streams.kernel.booking_vocabulary import BookingRequestKind
from streams.kernel.vocabulary import PostingKind
from tests.lifecycle import haulage, rules
from tests.lifecycle.ends import ENDS, Act, Story
from tests.lifecycle.erps import DeskErp
from tests.lifecycle.haulage import Haulier
from tests.lifecycle.reached import differences, must
from tests.lifecycle.script import Numbers, Script, write
from tests.lifecycle.ways import WAYS, missing
from topologies.demo.carrier_desk import CarrierDesk, tracking_number
from topologies.demo.erp_desk import Desk
from topologies.operations.order_trace import Step
from topologies.stages import fulfilment_rules

NOW = 1_790_000_000_000
NUMBERS = [Numbers(f"SO-{place}", f"D-{place}") for place in range(2 * len(Story))]


def script() -> Script:
    return write(NUMBERS, NOW, CarrierDesk())


def test_every_story_is_told_of_its_own_order_and_nothing_lies_in_the_future() -> None:
    told = script()
    assert {one.story for one in told.orders} == set(Story) == set(ENDS)
    orders = {message.order.order_id for message in told.plan.messages if message.order is not None}
    assert orders == {one.order_id for one in NUMBERS}
    assert {message.at_s for message in told.plan.messages} == {float(act.value) for act in Act}
    assert [message.at_s for message in told.plan.messages] == sorted(message.at_s for message in told.plan.messages)
    numbers = [number for one in told.orders for number in one.shipments]
    assert len(numbers) == len(set(numbers))
    assert script().plan.messages == told.plan.messages


def test_an_order_that_is_elsewhere_or_booked_twice_is_a_difference(tmp_path: Path) -> None:
    there = Desk()
    erp = DeskErp(there, 1, tmp_path)
    [one] = [order for order in script().orders if order.order_id == "SO-0"]
    right = must(one, erp)
    assert list(differences([one], {"D-0": right}, erp)) == []
    for wrong in (right._replace(phase="lost"), right._replace(in_erp="nothing"), right._replace(alerts="x")):
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


def test_what_the_installation_declares_can_be_loaded(tmp_path: Path) -> None:
    for name, text in (("bookings", rules.bookings("http://127.0.0.1:1")), ("policies", rules.POLICIES)):
        (tmp_path / name).write_text(text, "utf-8")
    declared = bookings.load(tmp_path / "bookings")
    assert declared.partners.keys() == {rules.MUTE, rules.SWIFT, rules.STEADY, rules.HAULAGE}
    assert fulfilment_rules.load(tmp_path / "policies").customers.keys() == {rules.PROVED, rules.PAPER}
    feeds = {one.feed: one.adapter for one in discover(own=rules.carriers(tmp_path / "carriers"))}
    context = RawContext("any", "", "raw.any.v1", 0, 0, NOW, "c")
    for message in script().plan.raw:
        parsed = feeds[message.feed].parse(message.body, context)
        assert (len(parsed.events), parsed.rejects) == (message.expected.events, []), message.what


def test_the_haulier_answers_each_tender_once_and_may_offer_other_terms_first(tmp_path: Path) -> None:
    def tender(kind: BookingRequestKind, booking: str, attempt: int) -> None:
        partner = bookings.Partner("haulage", haulage.SCAC, ChannelDeclared(
            "x12", feed=haulage.FEED, sender="ZZ:LIFECYCLE", receiver="02:HAULAGE"
        ))
        outbox.write(tmp_path, partner, BookingRequest(
            booking, kind, "D-1", "SO-1", "C-1", "haulage", "freight", attempt, NOW, NOW, None, None, []
        ))

    def answers() -> set[tuple[str, str]]:
        found = (x12.read(file.read_bytes())[0][0].segments for file in (tmp_path / haulage.FEED / "inbox").iterdir())
        return {(segments[0][4], segments[1][-1]) for segments in found}

    haulier = Haulier(tmp_path, ["D-1"])
    tender(BookingRequestKind.BOOK, "D-1-1", 1)
    tender(BookingRequestKind.CANCEL, "D-0-1", 1)
    assert (haulier.look(), haulier.look()) == (2, 0)
    assert answers() == {("B", "ONE DAY LATER")}
    tender(BookingRequestKind.BOOK, "D-1-1", 2)
    assert haulier.look() == 1
    assert answers() == {("B", "ONE DAY LATER"), ("A", tracking_number("haulage", "D-1-1"))}


def test_a_step_that_a_trace_lacks_or_has_too_early_is_named() -> None:
    def steps(*told: str) -> list[Step]:
        return [Step(place, *text.split(": "), None, "t", 0, place, "k") for place, text in enumerate(told)]

    right = ["order: SO-1", "release: D-1 of SO-1 is released", "warehouse: DEPOT packed delivery D-1"]
    alert = "alert: booking missing of D-1 is raised"
    assert list(missing(Story.OVER, steps(*right, alert))) == []
    lacks = "no alert (booking missing, is raised) after warehouse (packed)"
    assert list(missing(Story.OVER, steps(*right))) == list(missing(Story.OVER, steps(alert, *right))) == [lacks]
    assert list(missing(Story.OVER, [])) == ["no order", "no release (released)", "no warehouse (packed)"]
    assert WAYS.keys() == ENDS.keys()
