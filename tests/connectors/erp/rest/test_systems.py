"""Every packaged declaration against a stand-in of its ERP: posted once, whatever is lost in between."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from aiohttp import web

from connectors.erp.port import Ignored, Posted, Refused, Unknown
from streams.kernel.vocabulary import NoticeKind, PostingKind
from tests.fakes.erp.business_central import BusinessCentral
from tests.fakes.erp.erpnext import ErpNext
from tests.fakes.erp.netsuite import NetSuite
from tests.fakes.erp.odoo import Odoo
from tests.fakes.erp.sap import S4Hana
from tests.fakes.erp.stand_in import HTML, Fault, StandIn
from tests.support.rest_erps import CASES, NOW, Case, Scene, notice, posting, within

SHORT = 0.5
"""Seconds after which an answer that never comes is given up."""
HUGE = 5_000_000
EVERY = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
HALVES = [
    (case, write, commits) for case in CASES.values() for write in range(case.writes) for commits in (False, True)
]


def html(status: int) -> Callable[[], web.Response]:
    return lambda: web.Response(status=status, text=HTML, content_type="text/html")


@EVERY
def test_a_posting_is_made_once_and_found_again(case: Case) -> None:
    async def act(scene: Scene) -> None:
        assert await scene.erp.find(posting(case)) is None
        first = await scene.attempt(posting(case))
        assert isinstance(first, Posted)
        assert first.ref
        again = await scene.attempt(posting(case))
        assert isinstance(again, Posted)
        assert scene.found == [again]
        assert scene.there.effects["goods_issue"] == 1

    within(case, act)


REFUSALS: dict[str, tuple[Callable[[StandIn], None], str]] = {
    "odoo": (lambda there: there.models["stock.picking"][0].update(state="draft"),  # type: ignore[attr-defined]
             "no quantities are reserved"),
    "erpnext": (lambda there: setattr(there, "short_of_stock", True), "2.0 units of Item A needed"),
    "sap_s4hana": (lambda there: setattr(there, "block", "Lieferung ist gesperrt"), "Lieferung ist gesperrt"),
    "netsuite": (lambda there: setattr(there, "locked", "The period is closed."), "The period is closed."),
    "business_central": (lambda there: setattr(there, "blocked", "The customer is blocked."), "customer is blocked"),
}


@EVERY
def test_a_refusal_is_told_in_the_words_of_the_erp(case: Case) -> None:
    spoil, words = REFUSALS[case.name]

    async def act(scene: Scene) -> None:
        spoil(scene.there)
        answer = await scene.attempt(posting(case))
        assert isinstance(answer, Refused)
        assert words in answer.reason
        assert scene.there.effects["goods_issue"] == 0

    within(case, act)


@EVERY
def test_a_delivery_that_the_erp_does_not_have_is_refused(case: Case) -> None:
    async def act(scene: Scene) -> None:
        answer = await scene.erp.post(posting(case, delivery_id="9'9", order_id="9'9"))
        assert isinstance(answer, Refused)
        assert answer.reason

    within(case, act)


@pytest.mark.parametrize(
    ("case", "write", "commits"), HALVES, ids=[f"{one.name}-{write}-{done}" for one, write, done in HALVES]
)
def test_a_connection_lost_at_any_writing_call_leaves_one_posting(case: Case, write: int, commits: bool) -> None:
    async def act(scene: Scene) -> None:
        scene.there.faults.append(Fault(commits=commits, skip=write, breaks=True))
        first = await scene.attempt(posting(case))
        assert isinstance(first, Unknown)
        assert first.was_sent
        assert isinstance(await scene.attempt(posting(case)), Posted)
        assert not scene.there.faults
        assert scene.there.effects["goods_issue"] == 1
        assert scene.there.effects["marker"] <= 1
        assert scene.there.effects["double"] == 0

    within(case, act)


@EVERY
def test_an_answer_that_comes_too_late_is_looked_up(case: Case) -> None:
    async def act(scene: Scene) -> None:
        scene.there.faults.append(Fault(commits=True, skip=case.writes - 1, hangs=True))
        answer = await scene.attempt(posting(case))
        assert isinstance(answer, Unknown)
        assert answer.was_sent
        assert "no whole answer" in answer.detail
        assert isinstance(await scene.attempt(posting(case)), Posted)
        assert len(scene.found) == 1
        assert scene.there.effects["goods_issue"] == 1

    within(case, act, timeout=SHORT)


@EVERY
def test_a_limit_says_when_to_come_again(case: Case) -> None:
    async def act(scene: Scene) -> None:
        limit = {"status": 429, "headers": {"Retry-After": "37"}}
        scene.there.faults.append(Fault(answer=lambda: web.json_response({}, **limit)))
        answer = await scene.erp.post(posting(case))
        assert isinstance(answer, Unknown)
        assert answer.retry_at == NOW + 37_000
        assert not answer.was_sent
        assert not scene.there.effects

    within(case, act)


@EVERY
@pytest.mark.parametrize("status", [200, 302, 400, 404, 500, 502, 503])
def test_a_page_of_html_is_never_an_answer_of_the_erp(case: Case, status: int) -> None:
    async def act(scene: Scene) -> None:
        scene.there.faults.append(Fault(answer=html(status)))
        answer = await scene.erp.post(posting(case))
        assert isinstance(answer, Unknown)
        assert str(status) in answer.detail

    within(case, act)


@EVERY
def test_a_service_that_is_down_is_no_refusal(case: Case) -> None:
    async def act(scene: Scene) -> None:
        scene.there.faults.append(Fault(answer=lambda: web.json_response({"message": "down"}, status=503)))
        answer = await scene.erp.post(posting(case))
        assert isinstance(answer, Unknown)
        assert answer.was_sent
        assert "503" in answer.detail

    within(case, act)


@EVERY
def test_a_huge_answer_is_not_read(case: Case) -> None:
    async def act(scene: Scene) -> None:
        scene.there.faults.append(Fault(commits=True, answer=lambda: web.Response(body=b"[" + b" " * HUGE + b"]")))
        answer = await scene.erp.post(posting(case))
        assert isinstance(answer, Unknown)
        assert "bytes" in answer.detail
        assert answer.was_sent

    within(case, act)


@EVERY
def test_wrong_credentials_are_the_installations_fault_and_are_not_shown(case: Case) -> None:
    wrong = {name: f"wrong-{value}" for name, value in case.credentials.items()}

    async def act(scene: Scene) -> None:
        answer = await scene.erp.post(posting(case))
        assert isinstance(answer, Unknown)
        assert not answer.was_sent
        assert "does not accept our credentials" in answer.detail or "no token" in answer.detail
        assert not any(value in answer.detail for value in wrong.values())
        assert not scene.there.effects

    within(case, act, credentials=wrong)


@EVERY
def test_a_machine_that_is_not_there_was_sent_nothing(case: Case) -> None:
    async def act(scene: Scene) -> None:
        scene.erp._client.address = "http://127.0.0.1:9"
        answer = await scene.erp.post(posting(case))
        assert isinstance(answer, Unknown)
        assert not answer.was_sent
        assert "no connection" in answer.detail

    within(case, act)


@EVERY
def test_every_kind_has_an_answer(case: Case) -> None:
    async def act(scene: Scene) -> None:
        assert isinstance(await scene.attempt(posting(case)), Posted)
        for number, kind in enumerate(PostingKind):
            one = posting(case, kind, posting_id=f"key-{number}")
            answer = await scene.attempt(one) if kind is not PostingKind.GOODS_ISSUE else Posted("done")
            assert isinstance(answer, Ignored if kind in scene.erp.ignored else Posted)
            assert await scene.attempt(one) == answer or kind is PostingKind.GOODS_ISSUE

    within(case, act)


@EVERY
def test_a_goods_issue_is_taken_back_or_a_person_is_told_how(case: Case) -> None:
    async def act(scene: Scene) -> None:
        assert isinstance(await scene.attempt(posting(case)), Posted)
        back = posting(case, posting_id="another-key", reverses=posting(case).posting_id)
        answer = await scene.attempt(back)
        if isinstance(answer, Refused):
            assert not scene.there.effects["goods_issue reversed"]
            assert case.name in ("odoo", "business_central", "sap_s4hana")
        else:
            assert isinstance(answer, Posted)
            assert isinstance(await scene.attempt(back), Posted)
            assert scene.there.effects["goods_issue reversed"] == 1

    within(case, act)


@pytest.mark.parametrize("name", ["erpnext", "netsuite"])
def test_a_delivery_is_not_taken_back_while_another_parcel_of_it_is_out(name: str) -> None:
    case = CASES[name]

    async def act(scene: Scene) -> None:
        assert isinstance(await scene.attempt(posting(case)), Posted)
        assert isinstance(await scene.attempt(posting(case, posting_id="second", piece="2")), Posted)
        answer = await scene.attempt(posting(case, posting_id="back", reverses=posting(case).posting_id))
        assert isinstance(answer, Refused)
        assert "other parcels" in answer.reason
        assert scene.there.effects["goods_issue"] == 1
        assert not scene.there.effects["goods_issue reversed"]

    within(case, act)


def test_sap_renews_a_token_that_is_good_no_more() -> None:
    case = CASES["sap_s4hana"]

    async def act(scene: Scene) -> None:
        there = scene.there
        assert isinstance(there, S4Hana)
        there.deliveries["80002"] = {"DeliveryDocument": "80002", "OverallGoodsMovementStatus": "A"}
        there.versions["80002"] = 1
        assert isinstance(await scene.erp.post(posting(case)), Posted)
        there.new_token()
        assert isinstance(await scene.erp.post(posting(case, delivery_id="80002")), Posted)
        assert there.effects["goods_issue"] == 2

    within(case, act)


@pytest.mark.parametrize("name", ["sap_s4hana", "business_central"])
def test_a_document_changed_meanwhile_is_read_again_next_time(name: str) -> None:
    case = CASES[name]

    async def act(scene: Scene) -> None:
        there = scene.there
        assert isinstance(there, S4Hana | BusinessCentral)
        there.changes_between = True
        answer = await scene.attempt(posting(case))
        assert isinstance(answer, Unknown)
        assert not answer.was_sent
        there.changes_between = False
        assert isinstance(await scene.attempt(posting(case)), Posted)

    within(case, act)


def test_business_central_fetches_a_new_token_where_the_old_one_is_refused() -> None:
    case = CASES["business_central"]

    async def act(scene: Scene) -> None:
        assert isinstance(scene.there, BusinessCentral)
        assert await scene.erp.find(posting(case)) is None
        scene.there.expire()
        assert isinstance(await scene.attempt(posting(case)), Posted)

    within(case, act)


def test_odoo_is_not_believed_where_it_asks_a_question() -> None:
    case = CASES["odoo"]

    async def act(scene: Scene) -> None:
        assert isinstance(scene.there, Odoo)
        scene.there.asks_a_question = True
        answer = await scene.attempt(posting(case))
        assert isinstance(answer, Refused)
        assert "stock.backorder.confirmation" in answer.reason

    within(case, act)


def test_values_reach_the_erp_as_they_are() -> None:
    case = CASES["erpnext"]

    async def act(scene: Scene) -> None:
        assert isinstance(scene.there, ErpNext)
        one = posting(case, PostingKind.PROOF_OF_DELIVERY, tracking_number='"}, {"docstatus": 2, "x": "')
        assert isinstance(await scene.attempt(one), Posted)
        [record] = scene.there.documents["ShipSync Posting"].values()
        assert record["tracking_number"] == one.tracking_number
        assert record["signed_by"] == "Ada O'Neil"
        assert record["occurred_at"] == "2026-09-14 10:00:00"
        assert record["piece"] is None

    within(case, act)


def test_netsuite_is_given_the_key_in_a_header_and_as_external_id() -> None:
    case = CASES["netsuite"]

    async def act(scene: Scene) -> None:
        assert isinstance(scene.there, NetSuite)
        assert isinstance(await scene.attempt(posting(case)), Posted)
        assert list(scene.there.postings) == [f"eid:{posting(case).posting_id}"]

    within(case, act)


def number_and_notes(scene: Scene) -> tuple[str | None, list[str]]:
    """The carrier's number on the delivery, and the texts of the notes about it."""
    there = scene.there
    if isinstance(there, Odoo):
        found = there.models["stock.picking"][0]["carrier_tracking_ref"]
        return found or None, [one["body"] for one in there.models["mail.message"]]
    assert isinstance(there, ErpNext)
    found = there.documents["Delivery Note"]["DN-7"]["lr_no"]
    return found or None, [one["content"] for one in there.documents["Comment"].values()]


TELLS = pytest.mark.parametrize("case", [CASES["odoo"], CASES["erpnext"]], ids=["odoo", "erpnext"])


@TELLS
def test_a_bookings_number_is_on_the_delivery_until_it_is_cancelled(case: Case) -> None:
    async def act(scene: Scene) -> None:
        booked, cancelled = notice(case), notice(case, NoticeKind.BOOKING_CANCELLED)
        assert isinstance(await scene.tell(booked, "msg_1"), Posted)
        assert isinstance(await scene.tell(booked, "msg_1"), Posted)
        number, notes = number_and_notes(scene)
        assert (number, len(notes)) == ("PRO9", 1)
        assert notes[0].startswith("ShipSync: Words of booked. 2026-09-14")
        assert "msg_1" in notes[0]
        assert isinstance(await scene.tell(cancelled, "msg_2"), Posted)
        assert isinstance(await scene.tell(notice(case, tracking_number="PRO10"), "msg_3"), Posted)
        number, notes = number_and_notes(scene)
        assert (number, len(notes)) == ("PRO10", 3)

    within(case, act)


@TELLS
def test_a_cancelled_booking_takes_no_other_number_off(case: Case) -> None:
    async def act(scene: Scene) -> None:
        await scene.tell(notice(case), "msg_1")
        await scene.tell(notice(case, NoticeKind.BOOKING_CANCELLED, tracking_number="PRO8"), "msg_2")
        assert number_and_notes(scene)[0] == "PRO9"

    within(case, act)


@TELLS
def test_goods_that_left_keep_their_number(case: Case) -> None:
    async def act(scene: Scene) -> None:
        await scene.attempt(posting(case))
        await scene.tell(notice(case), "msg_1")
        assert number_and_notes(scene)[0] == "AC123"

    within(case, act)


@TELLS
@pytest.mark.parametrize("kind", [one for one in NoticeKind if one is not NoticeKind.UNKNOWN])
def test_every_notice_is_written_and_one_that_the_erp_lost_the_answer_to_is_found(case: Case, kind: NoticeKind) -> None:
    async def act(scene: Scene) -> None:
        await scene.tell(notice(case, tracking_number="PRO8"), "msg_0")
        for _ in range(2):
            scene.there.faults.append(Fault(commits=True, breaks=True))
            answer = await scene.tell(notice(case, kind, tracking_number="PRO8"), "msg_1")
            scene.there.faults.clear()
        answer = await scene.tell(notice(case, kind, tracking_number="PRO8"), "msg_1")
        assert isinstance(answer, Posted)
        assert sum("msg_1" in one for one in number_and_notes(scene)[1]) == 1

    within(case, act)


@EVERY
def test_a_notice_that_the_declaration_has_not_is_ignored(case: Case) -> None:
    async def act(scene: Scene) -> None:
        if case.name not in ("odoo", "erpnext"):
            answer = await scene.tell(notice(case), "msg_1")
            assert answer == Ignored(f"{case.name}.yaml does not say how to write booked")
            assert not scene.there.effects

    within(case, act)
