"""Postings into Tryton are in effect once, wherever an attempt stops half-way. ``make erp`` holds it on a real one."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors.erp.port import Answer, Posted, Refused, Unknown
from connectors.erp.tryton.connector import Tryton
from connectors.erp.tryton.rpc import TrytonRpc
from streams.contracts.documents import stored_url
from streams.contracts.model import ErpNotice, ErpPosting, ProofOfDelivery
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import ExceptionType, NoticeKind, PostingKind
from tests.fakes.tryton import INVOICE, LINE, RETURN, SHIPMENT, FakeTryton
from tests.support.document_inputs import OF_PDF, PDF
from tests.support.kept_documents import posted_documents
from tests.support.posting_inputs import CONFIRMATION, ISSUE, PROOF, notice, posting, reversal

DOCUMENT = ProofOfDelivery("J. Roe", None, "https://carrier.example.com/pod/1")
PROVED = posting(PROOF, proof_of_delivery=DOCUMENT)
SIGNED = posting(CONFIRMATION, proof_of_delivery=ProofOfDelivery("J. Roe", None, None))
RETURNED = posting(PostingKind.RETURN_RECEIPT)
AGAIN = posting(CONFIRMATION, posting_id="confirmed-anew")
STORIES: dict[str, list[ErpPosting]] = {
    "delivered": [posting(ISSUE), PROVED, SIGNED],
    "the proof comes last": [posting(ISSUE), SIGNED, PROVED],
    "only the delivery is known": [SIGNED],
    "returned": [posting(ISSUE), SIGNED, RETURNED],
    "returned in error": [posting(ISSUE), SIGNED, RETURNED, reversal(RETURNED)],
    "returned on the way": [posting(ISSUE), RETURNED],
    "confirmed in error": [posting(ISSUE), PROVED, SIGNED, reversal(SIGNED)],
    "confirmed anew": [posting(ISSUE), PROVED, SIGNED, reversal(SIGNED), AGAIN],
    "confirmed anew in error": [posting(ISSUE), PROVED, SIGNED, reversal(SIGNED), AGAIN, reversal(AGAIN)],
    "picked up in error": [posting(ISSUE), reversal(posting(ISSUE))],
    "the wrong proof": [posting(ISSUE), PROVED, reversal(PROVED)],
}


def connected(server: FakeTryton, **options: Any) -> Tryton:
    rpc = TrytonRpc("http://t", "d", "u", "p", timeout=5, most_connections=1, transport=server)
    return Tryton(rpc, **options)


async def posted(tryton: Tryton, postings: Sequence[ErpPosting], tries: int = 3) -> list[Answer]:
    """The last answer to each posting; as the sender does, each attempt begins with a look-up."""
    answers = []
    for one in postings:
        answer: Answer = Unknown("never tried")
        for _ in range(tries):
            try:
                answer = await tryton.find(one) or await tryton.post(one)
            except Transient:
                continue
            if not isinstance(answer, Unknown):
                break
        answers.append(answer)
    return answers


def run(server: FakeTryton, postings: Sequence[ErpPosting], **options: Any) -> list[Answer]:
    return asyncio.run(posted(connected(server, **options), postings))


def held(server: FakeTryton) -> dict[str, Any]:
    """The records of the server that count."""
    quantities = {line["invoice"]: line["quantity"] for line in server.rows(LINE)}
    notes = sorted(one["message"].partition("\n")[0] for one in server.rows("ir.note"))
    return {
        "state": server.tables[SHIPMENT][server.shipment]["state"],
        "packages": [one["shipping_reference"] for one in server.rows("stock.package")],
        "proofs": sorted((one["name"], one.get("link")) for one in server.rows("ir.attachment")),
        "invoices": sorted((one["state"], quantities[one["id"]]) for one in server.rows(INVOICE)),
        "returns": sorted(one["state"] for one in server.rows(RETURN)),
        "notes": sorted(set(notes)),
    }


def test_a_delivery_ends_with_a_shipment_a_proof_and_a_posted_invoice() -> None:
    server = FakeTryton()
    answers = run(server, STORIES["delivered"])
    assert all(isinstance(one, Posted) for one in answers)
    assert held(server) | {"notes": None} == {
        "state": "done", "packages": ["1Z1"], "invoices": [("posted", 2.0)], "returns": [], "notes": None,
        "proofs": [("Proof of delivery 1Z1", DOCUMENT.document_url)],
    }
    calls = server.calls
    assert calls.index("model.ir.attachment.create") < calls.index("model.account.invoice.post")


@pytest.mark.parametrize(("story", "expected"), [
    ("the proof comes last", {"proofs": [("Proof of delivery 1Z1", DOCUMENT.document_url)], "state": "done"}),
    ("only the delivery is known", {"state": "done", "invoices": [("posted", 2.0)], "packages": ["1Z1"]}),
    ("returned", {"state": "done", "returns": ["done"], "invoices": [("posted", 2.0)]}),
    ("returned in error", {"returns": ["cancelled"]}),
    ("returned on the way", {"state": "cancelled", "returns": [], "invoices": []}),
    ("confirmed in error", {"invoices": [("cancelled", 2.0), ("paid", -2.0)]}),
    ("confirmed anew", {"invoices": [("cancelled", 2.0), ("paid", -2.0), ("posted", 2.0)]}),
    ("confirmed anew in error", {"invoices": [
        ("cancelled", 2.0), ("cancelled", 2.0), ("paid", -2.0), ("paid", -2.0),
    ]}),
    ("picked up in error", {"state": "cancelled", "packages": ["1Z1"]}),
    ("the wrong proof", {"proofs": [("Withdrawn: Proof of delivery 1Z1", DOCUMENT.document_url)]}),
])
def test_each_story_ends_as_it_should(story: str, expected: dict[str, object]) -> None:
    server = FakeTryton()
    run(server, STORIES[story])
    there = held(server)
    assert {name: there[name] for name in expected} == expected


@pytest.mark.parametrize("story", STORIES)
def test_a_lost_answer_to_any_call_changes_nothing_of_the_end(story: str) -> None:
    plain = FakeTryton()
    run(plain, STORIES[story])
    for number in range(1, len(plain.calls) + 1):
        server = FakeTryton()
        server.lose = frozenset({number})
        answers = run(server, STORIES[story])
        assert all(isinstance(one, Posted) for one in answers), f"answer {number} lost"
        assert held(server) == held(plain), f"the answer to call {number} ({plain.calls[number - 1]}) was lost"


STORED = posting(PROOF, posting_id="stored", proof_of_delivery=ProofOfDelivery(document_url=stored_url(OF_PDF)))


def test_a_stored_document_is_attached_as_a_file_once_wherever_an_attempt_stops(tmp_path: Path) -> None:
    documents = posted_documents(tmp_path)
    story = [posting(ISSUE), PROVED, STORED, SIGNED]
    plain = FakeTryton()
    run(plain, story, documents=documents)
    assert held(plain)["proofs"] == [
        ("Proof of delivery 1Z1", DOCUMENT.document_url), (f"Proof of delivery 1Z1 {OF_PDF[:8]}.pdf", None),
    ]
    [file] = [one for one in plain.rows("ir.attachment") if one["type"] == "data"]
    assert base64.b64decode(file["data"]["base64"]) == PDF
    for number in range(1, len(plain.calls) + 1):
        server = FakeTryton()
        server.lose = frozenset({number})
        run(server, story, documents=documents)
        assert held(server) == held(plain), f"the answer to call {number} was lost"


def test_a_document_that_the_store_lacks_is_attached_as_a_signed_link_and_taken_back(tmp_path: Path) -> None:
    proof = ProofOfDelivery(document_url=stored_url("5e" * 32))
    lacking = posting(PROOF, posting_id="lacking", proof_of_delivery=proof)
    server = FakeTryton()
    run(server, [lacking], documents=posted_documents(tmp_path))
    [(name, link)] = held(server)["proofs"]
    assert (name, link.startswith("https://t.example/d/")) == ("Proof of delivery 1Z1 5e5e5e5e", True)
    back = posting(PROOF, posting_id="lacking-back", reverses="lacking", proof_of_delivery=proof)
    run(server, [back], documents=posted_documents(tmp_path))
    [(name, _)] = held(server)["proofs"]
    assert name == "Withdrawn: Proof of delivery 1Z1 5e5e5e5e"


def test_a_posting_that_is_done_is_found_by_its_key() -> None:
    server = FakeTryton()
    run(server, STORIES["delivered"])
    count = len(server.calls)
    assert run(server, STORIES["delivered"]) == [Posted("800123")] * 3
    assert {call.rpartition(".")[2] for call in server.calls[count:]} == {"search_read"}


def test_without_stock_it_is_refused_and_goes_on_once_there_is_some() -> None:
    server = FakeTryton()
    server.has_stock = False
    assert run(server, [posting(ISSUE)]) == [Refused("shipment 800123 cannot be assigned: the stock is not there")]
    server.has_stock = True
    assert isinstance(run(server, [posting(ISSUE)])[0], Posted)


def test_a_delivery_tryton_does_not_have_is_refused() -> None:
    assert run(FakeTryton(), [posting(ISSUE, "unknown")]) == [
        Refused("0 outgoing shipments have the number unknown")
    ]


def test_the_invoice_waits_for_the_proof_where_that_is_wanted() -> None:
    server = FakeTryton()
    run(server, [posting(ISSUE), posting(CONFIRMATION)], invoice_after_proof=True)
    assert held(server)["invoices"] == [("draft", 2.0)]
    run(server, [PROVED], invoice_after_proof=True)
    assert held(server)["invoices"] == [("posted", 2.0)]


def test_a_shipment_of_several_packages_is_done_with_the_last() -> None:
    server = FakeTryton()
    both = [posting(ISSUE), posting(ISSUE, posting_id="second", tracking_number="1Z2")]
    run(server, [*both, posting(CONFIRMATION)])
    assert held(server)["state"] == "shipped"
    run(server, [posting(CONFIRMATION, posting_id="second-confirmed", tracking_number="1Z2")])
    assert (held(server)["state"], held(server)["packages"]) == ("done", ["1Z1"]), "none is added to what is shipped"


def test_a_partial_delivery_is_not_done_though_the_rest_has_not_left_yet() -> None:
    server = FakeTryton()
    run(server, [posting(ISSUE), posting(CONFIRMATION, pieces_delivered=1, pieces_known=2)])
    assert (held(server)["state"], held(server)["invoices"]) == ("shipped", [])
    run(server, [
        posting(ISSUE, posting_id="second", tracking_number="1Z2"),
        posting(CONFIRMATION, posting_id="second-confirmed", tracking_number="1Z2", pieces_delivered=2, pieces_known=2),
    ])
    assert (held(server)["state"], held(server)["invoices"]) == ("done", [("posted", 2.0)])


def test_an_invoice_that_tryton_died_before_is_made() -> None:
    server = FakeTryton()
    server.dies_before_invoice = True
    asyncio.run(posted(connected(server), [posting(ISSUE), SIGNED]))
    assert [one["state"] for one in server.rows(INVOICE)] == ["posted"]


def test_an_invoice_is_made_again_though_tryton_died_before_it() -> None:
    server = FakeTryton()
    server.dies_before_invoice = True
    asyncio.run(posted(connected(server), STORIES["confirmed anew"]))
    assert held(server)["invoices"] == [("cancelled", 2.0), ("paid", -2.0), ("posted", 2.0)]


def test_a_user_who_may_not_have_it_made_is_told_what_to_grant() -> None:
    server = FakeTryton()
    server.dies_before_invoice, server.is_administrator = True, False
    *_, answer = asyncio.run(posted(connected(server), [posting(ISSUE), SIGNED]))
    assert isinstance(answer, Refused)
    assert "needs the group Sales Administrator" in answer.reason
    server.is_administrator = True
    *_, answer = asyncio.run(posted(connected(server), [SIGNED]))
    assert isinstance(answer, Posted)
    assert len(server.rows(INVOICE, state="posted")) == 1


async def told(tryton: Tryton, notices: Sequence[tuple[ErpNotice, str]], tries: int = 3) -> list[Answer]:
    """The last answer to each notice; each attempt begins with a look-up."""
    answers = []
    for one, key in notices:
        answer: Answer = Unknown("never tried")
        for _ in range(tries):
            try:
                answer = await tryton.told(one, key) or await tryton.tell(one, key)
            except Transient:
                continue
            if not isinstance(answer, Unknown):
                break
        answers.append(answer)
    return answers


def tell(server: FakeTryton, *notices: tuple[ErpNotice, str]) -> list[Answer]:
    return asyncio.run(told(connected(server), notices))


def reference_of(server: FakeTryton) -> str | None:
    found: str | None = server.tables[SHIPMENT][server.shipment]["shipping_reference"]
    return found


BOOKED, CANCELLED = notice(), notice(NoticeKind.BOOKING_CANCELLED, words="The booking is cancelled.")
ANEW = notice(notice_id="booking-2", tracking_number="PRO9")
DELAY = notice(
    NoticeKind.EXCEPTION_CLOSED, words="Delay of ups 1Z1 is over.", exception=ExceptionType.DELAY, since=0,
)


def test_a_bookings_number_is_on_the_shipment_until_it_is_cancelled_and_booked_anew() -> None:
    server = FakeTryton()
    [answer] = tell(server, (BOOKED, "m1"))
    assert answer == Posted("800123")
    assert reference_of(server) == "1Z1"
    tell(server, (CANCELLED, "m2"))
    assert reference_of(server) is None
    tell(server, (ANEW, "m3"))
    assert reference_of(server) == "PRO9"
    assert held(server)["notes"] == [
        "shipsync m1 booked 1Z1", "shipsync m2 booking_cancelled 1Z1", "shipsync m3 booked PRO9",
    ]


def test_a_number_that_the_carrier_corrects_takes_the_place_of_the_first() -> None:
    server = FakeTryton()
    tell(server, (BOOKED, "m1"), (notice(tracking_number="PRO9"), "m2"))
    assert reference_of(server) == "PRO9"


def test_a_number_that_a_person_entered_stays_and_the_note_says_so() -> None:
    server = FakeTryton()
    server.tables[SHIPMENT][server.shipment]["shipping_reference"] = "BY-HAND"
    [answer] = tell(server, (BOOKED, "m1"))
    assert answer == Posted("800123 Its shipping reference, BY-HAND, stays.")
    assert reference_of(server) == "BY-HAND"


def test_the_goods_issue_uses_the_package_that_bears_the_bookings_number() -> None:
    server = FakeTryton()
    server.tables[SHIPMENT][server.shipment]["state"] = "assigned"
    server.add("stock.package", shipment=f"{SHIPMENT},{server.shipment}", shipping_reference=None)
    tell(server, (BOOKED, "m1"))
    assert held(server)["packages"] == ["1Z1"]
    tell(server, (CANCELLED, "m2"), (ANEW, "m3"))
    assert held(server)["packages"] == ["PRO9"]
    run(server, [posting(ISSUE, tracking_number="PRO9")])
    assert (held(server)["state"], held(server)["packages"]) == ("shipped", ["PRO9"])


def test_goods_that_leave_under_another_number_than_they_were_booked_under_are_done_when_that_arrives() -> None:
    server = FakeTryton()
    server.tables[SHIPMENT][server.shipment]["state"] = "assigned"
    server.add("stock.package", shipment=f"{SHIPMENT},{server.shipment}", shipping_reference=None)
    tell(server, (notice(tracking_number="FIRST"), "m1"))
    run(server, [posting(ISSUE)])
    assert held(server)["packages"] == ["1Z1"]
    tell(server, (notice(NoticeKind.BOOKING_CANCELLED, tracking_number="FIRST"), "m2"))
    run(server, [posting(CONFIRMATION)])
    assert (held(server)["state"], held(server)["invoices"]) == ("done", [("posted", 2.0)])


def test_while_its_booking_stands_what_arrives_under_another_number_is_not_the_whole_delivery() -> None:
    server = FakeTryton()
    server.tables[SHIPMENT][server.shipment]["state"] = "assigned"
    server.add("stock.package", shipment=f"{SHIPMENT},{server.shipment}", shipping_reference=None)
    tell(server, (notice(tracking_number="FIRST"), "m1"))
    run(server, [posting(ISSUE), posting(CONFIRMATION, pieces_delivered=1, pieces_known=2)])
    assert (held(server)["state"], held(server)["invoices"]) == ("shipped", [])


def test_of_two_packages_each_keeps_the_number_it_was_booked_under() -> None:
    server = FakeTryton()
    server.tables[SHIPMENT][server.shipment]["state"] = "packed"
    for number in ("1Z1", "1Z2"):
        server.add("stock.package", shipment=f"{SHIPMENT},{server.shipment}", shipping_reference=number)
    tell(server, (BOOKED, "m1"), (notice(notice_id="booking-2", tracking_number="1Z2"), "m2"))
    run(server, [posting(ISSUE, tracking_number="1Z3"), posting(CONFIRMATION, tracking_number="1Z3")])
    assert (held(server)["state"], held(server)["packages"]) == ("shipped", ["1Z1", "1Z2"])


def test_a_number_that_was_taken_stays_on_its_package_when_another_is_taken_of_the_shipment() -> None:
    server = FakeTryton()
    tell(server, (BOOKED, "m1"))
    run(server, [posting(ISSUE), posting(ISSUE, posting_id="second", tracking_number="1Z2")])
    assert held(server)["packages"] == ["1Z1"]


def test_what_left_keeps_its_number_and_other_notices_are_notes_alone() -> None:
    server = FakeTryton()
    run(server, [posting(ISSUE)])
    tell(server, (ANEW, "m1"), (DELAY, "m2"))
    assert (reference_of(server), held(server)["packages"]) == ("1Z1", ["1Z1"])
    texts = [one["message"] for one in server.rows("ir.note")]
    assert texts[-1] == (
        "shipsync m2 exception_closed 1Z1\n"
        "2026-09-21 14:13 UTC: Delay of ups 1Z1 is over. (since 1970-01-01 00:00 UTC)"
    )
    assert texts[-2].endswith("\nIts shipping reference, 1Z1, stays.")


def test_a_booking_told_late_takes_the_place_of_one_that_is_no_more_and_leaves_the_packages() -> None:
    server = FakeTryton()
    tell(server, (notice(tracking_number="FIRST"), "m1"))
    run(server, [posting(ISSUE)])
    tell(server, (notice(NoticeKind.BOOKING_CANCELLED, tracking_number="FIRST"), "m2"))
    assert reference_of(server) == "FIRST"
    tell(server, (BOOKED, "m3"))
    assert (reference_of(server), held(server)["packages"]) == ("1Z1", ["1Z1"])


def test_whatever_answer_is_lost_a_notice_is_written_once() -> None:
    story = [(BOOKED, "m1"), (CANCELLED, "m2"), (ANEW, "m3")]
    whole = FakeTryton()
    tell(whole, *story)
    for lost in range(1, len(whole.calls) + 1):
        server = FakeTryton()
        server.lose = frozenset({lost})
        assert all(isinstance(one, Posted) for one in tell(server, *story)), lost
        assert reference_of(server) == "PRO9"
        assert len(server.rows("ir.note")) == 3, lost


def test_a_notice_about_a_shipment_that_is_not_there_is_refused() -> None:
    assert tell(FakeTryton(), (notice(delivery="9"), "m1")) == [Refused("0 outgoing shipments have the number 9")]
