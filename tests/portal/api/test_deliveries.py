"""``/v1/deliveries``: found by what they wait for, shown whole, and decided about where their phase allows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct, structs

from streams.contracts.model import (
    AuditAction,
    DeliveryMilestone,
    DocumentChase,
    ErpPosting,
    OutboundOutcome,
    ProofOfDelivery,
    WmsConfirmation,
)
from streams.fulfilment.policy import Patience, Policies, Policy, ProofNeeded
from streams.fulfilment.step import step, sweep
from streams.kernel.booking_vocabulary import AnswerKind
from streams.kernel.vocabulary import (
    ActionChannel,
    ActorKind,
    Correction,
    ExceptionType,
    Milestone,
    OutboundStatus,
    Reason,
    SubjectKind,
    WaitKind,
)
from tests.support.booking_world import Desk, answered, packed, released
from tests.support.portal import ALL, LATER, OF_ACME, Portal, portal
from tests.support.read_model_world import ACME, DAY, HOUR, NOON, fill, waiting_delivery

RULES = Policies(Policy(proof=ProofNeeded.ANY, waits={WaitKind.PROOF: Patience("finance", DAY)}))


def milestone(
    what: Milestone, number: str, at: int, piece: str | None = None, *, proof: bool = False
) -> DeliveryMilestone:
    return DeliveryMilestone(
        f"m-{what}-{number}-{piece}", "D/1", "SO-7", ACME, "ups", number, what, at, ExceptionType.NONE, Reason.NORMAL,
        ProofOfDelivery("A. Receiver") if proof else None, f"e-{what}-{number}-{piece}", piece,
    )


@pytest.fixture
def one(tmp_path: Path) -> Portal:
    """Two shipments of a delivery: one proved, one of two pieces of which one is delivered; a third is expected. Beside
    it one that is overdue, and one that waits."""
    made = portal(tmp_path, filled=False)
    done = step([
        WmsConfirmation("W-1", "D/1", "SO-7", "east", "shipped", NOON, None, ["N1", "N2", "N3"], []),
        milestone(Milestone.DELIVERED, "N1", NOON - HOUR, proof=True),
        milestone(Milestone.PICKED_UP, "N2", NOON - DAY, "A"), milestone(Milestone.PICKED_UP, "N2", NOON - DAY, "B"),
        milestone(Milestone.DELIVERED, "N2", NOON - 2 * HOUR, "A"),
        structs.replace(milestone(Milestone.INFO, "N2", NOON - 2 * HOUR), exception=ExceptionType.SHORTAGE),
    ], {}, RULES, NOON)
    late = waiting_delivery("D-2", "SO-8", ACME)
    overdue = sweep({"D-2": late}, RULES, NOON + 9 * DAY).states["D-2"]
    records: list[tuple[str, Struct]] = [
        ("D/1", done.states["D/1"]), ("D-2", overdue), ("D-3", waiting_delivery("D-3", "SO-9", "C-OTHER")),
        ("delivery:D/1", AuditAction(
            "a-1", NOON, "Olga", ActorKind.PERSON, "finance", ActionChannel.TOWER, "delivery.waive",
            SubjectKind.DELIVERY, "D/1", "by mail",
        )),
    ]
    postings = [*done.outputs.postings, *done.outputs.settled]
    records += [("D/1", posting) for posting in postings]
    records.append(("D/1", OutboundOutcome(
        "msg_1", postings[0].posting_id, "erp:main", "main", "D/1", postings[0].kind, Correction.NEW,
        OutboundStatus.HELD, 2, NOON, NOON, None, None, "no such delivery",
    )))
    records += [("D/1", OutboundOutcome(
        f"msg_notice_{place}", f"n-{place}", "notices:main", "main", delivery, "booked", Correction.NEW, status, 1,
        NOON - HOUR, NOON + place, None, None, detail,
    )) for place, (delivery, status, detail) in enumerate([
        ("D/1", OutboundStatus.SENT, "note 17"), ("D/1", OutboundStatus.HELD, "locked"),
        ("D-3", OutboundStatus.SENT, "note 18"),
    ])]
    at = {"D/1": NOON - HOUR, "D-2": NOON, "D-3": NOON - DAY}
    fill(made.folder, records, lambda value: at.get(getattr(value, "delivery_id", ""), NOON))
    return made


def decided(one: Portal, delivery: str, body: Any, key: str = ALL) -> Any:
    return one.client.post(
        f"/v1/deliveries/{delivery}/decisions", json=body, headers={"Authorization": f"Bearer {key}"}
    )


@pytest.mark.parametrize(("query", "expected"), [
    ("", ["D-2", "D/1", "D-3"]), ("order=SO-7", ["D/1"]), ("phase=waiting_for_proof", ["D-2", "D-3"]),
    ("phase=partly_delivered", ["D/1"]), ("waits_for=proof", ["D-2", "D/1", "D-3"]),
    ("overdue=true", ["D-2"]), ("owner=finance&overdue=false", ["D/1", "D-3"]), ("customer=C-OTHER", ["D-3"]),
    ("since=2026-09-21T14:00:00Z", ["D-2"]), ("owner=nobody", []),
])
def test_a_list_holds_what_is_asked_for(one: Portal, query: str, expected: list[str]) -> None:
    assert [row["delivery_id"] for row in one.get(f"/v1/deliveries?{query}").json()["items"]] == expected


def test_pages_follow_each_other(one: Portal) -> None:
    first = one.get("/v1/deliveries?limit=2")
    rest = one.get(first.links["next"]["url"]).json()
    assert [len(first.json()["items"]), len(rest["items"]), rest["next"]] == [2, 1, None]
    assert one.get("/v1/deliveries?limit=2", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_a_delivery_is_told_whole(one: Portal) -> None:
    told = one.get("/v1/deliveries/D%2F1").json()
    assert (told["phase"], told["gate"]) == ("partly_delivered", {"state": "shut", "held": 1})
    shipments = {row["tracking_number"]: row for row in told["shipments"]}
    assert {number: row["whereabouts"] for number, row in shipments.items()} == {
        "N1": "delivered", "N2": "moving", "N3": "unseen",
    }
    assert [shipments[number]["confirmation"] for number in ("N1", "N2", "N3")] == ["posted", "held", "none"]
    assert [piece["delivered_at"] is not None for piece in shipments["N2"]["pieces"]] == [True, False]
    assert [shipments[number]["short_at"] for number in ("N1", "N2")] == [None, "2026-09-21T12:13:20.000Z"]
    assert (shipments["N3"]["key"], shipments["N1"]["key"]) == (None, "ups:N1")
    outcomes = {row["posting_id"]: row["outcomes"] for row in told["postings"]}
    assert [found["detail"] for rows in outcomes.values() for found in rows] == ["no such delivery"]
    assert told["decisions"] == [
        {"action": "waive", "by": "Olga", "reason": "by mail", "at": "2026-09-21T14:13:20.000Z"}
    ]
    assert [(row["kind"], row["erp"], row["status"], row["detail"]) for row in told["notices"]] == [
        ("booked", "main", "held", "locked"), ("booked", "main", "sent", "note 17"),
    ]
    assert (told["notices"][0]["queued_at"], told["notices"][0]["attempts"]) == ("2026-09-21T13:13:20.000Z", 1)
    assert (told["chases"], told["booking"]) == ([], None)
    assert one.get("/v1/deliveries/none").json()["code"] == "unknown_delivery"


def test_a_delivery_tells_its_carrier_and_what_was_asked_for_again(one: Portal) -> None:
    waiting = structs.replace(
        waiting_delivery("D-3", "SO-9", ACME), chases=[DocumentChase("D-3", "ups", "N9", NOON, 1, "status 404")],
    )
    booked = Desk().take(released(), packed(), answered(AnswerKind.BOOKED, tracking_number="NT1")).known
    fill(one.folder, [("D-3", waiting), ("D-3", structs.replace(booked, delivery_id="D-3", customer_id=ACME))])
    told = one.get("/v1/deliveries/D-3").json()
    assert [row["detail"] for row in told["notices"]] == ["note 18"]
    assert told["chases"] == [{
        "carrier": "ups", "tracking_number": "N9", "at": "2026-09-21T14:13:20.000Z", "times": 1, "found": "status 404",
    }]
    assert told["booking"] == {
        "phase": "booked", "owner": None, "deadline": None, "carrier": "north", "service": "parcel",
        "status": "booked", "tracking_number": "NT1",
    }
    theirs = one.get("/v1/deliveries/D-3", OF_ACME).json()
    assert (theirs["chases"], theirs["booking"], theirs["notices"]) == ([], None, [])


def test_a_decision_is_taken_with_its_reason_by_who_may(one: Portal) -> None:
    answer = decided(one, "D-3", {"action": "waive", "reason": " by mail "})
    assert answer.status_code == 202
    assert one.decided.taken == [("D-3", "waive", "api:all", "by mail", int(LATER * 1000))]
    assert (answer.json()["phase"], answer.json()["by"]) == ("waiting_for_proof", "api:all")
    assert decided(one, "D-3", {"action": "waive", "reason": "x"}, OF_ACME).status_code == 403
    assert decided(one, "none", {"action": "waive", "reason": "x"}).status_code == 404
    assert len(one.decided.taken) == 1


@pytest.mark.parametrize("body", [
    {"action": "waive"}, {"action": "burn", "reason": "x"}, {"action": "waive", "reason": ""},
    {"action": "waive", "reason": "x" * 501},
    {"action": "waive", "reason": "x", "by": "me"},
])
def test_a_decision_that_says_too_little_or_too_much_is_refused(one: Portal, body: Any) -> None:
    answer = decided(one, "D-3", body)
    assert (answer.status_code, one.decided.taken) == (422, [])
    assert answer.json()["errors"][0]["pointer"].startswith("/body")


def test_a_reason_is_kept_in_one_line_and_is_not_blank(one: Portal) -> None:
    assert decided(one, "D-3", {"action": "waive", "reason": "by\x00 mail\n"}).json()["reason"] == "by mail"
    assert decided(one, "D-3", {"action": "waive", "reason": " \u200b "}).json()["code"] == "not_possible"
    assert len(one.decided.taken) == 1


def test_the_problem_says_which_phases_allow_a_decision(tmp_path: Path) -> None:
    one = portal(tmp_path, filled=False)
    moving = step([milestone(Milestone.PICKED_UP, "N1", NOON)], {}, RULES, NOON).states["D/1"]
    fill(one.folder, [("D-1", structs.replace(moving, delivery_id="D-1"))])
    told = decided(one, "D-1", {"action": "release", "reason": "x"}).json()
    assert (told["status"], told["code"], told["phase"]) == (409, "illegal_decision", "in_transit")
    assert told["possible"] == ["waive", "close"]
    assert told["allowed_in"] == ["closed", "partly_delivered", "waiting_for_proof"]
    assert one.decided.taken == []


def test_who_comes_too_late_or_finds_no_kafka_is_told(one: Portal) -> None:
    one.decided.late = True
    answer = decided(one, "D-3", {"action": "waive", "reason": "x"})
    assert (answer.status_code, answer.json()["detail"]) == (409, "it is confirmed by now")
    one.decided.late, one.decided.away = False, True
    answer = decided(one, "D-3", {"action": "waive", "reason": "x"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_the_postings_of_a_delivery_are_its_own(one: Portal) -> None:
    kinds = [row["kind"] for row in one.get("/v1/deliveries/D%2F1").json()["postings"]]
    assert sorted(kinds) == ["delivery_confirmation", "goods_issue", "goods_issue"]
    assert one.get("/v1/deliveries/D-3").json()["postings"] == []
    assert all(isinstance(row.posting, ErpPosting) for row in one.services.store.postings(delivery="D/1"))
