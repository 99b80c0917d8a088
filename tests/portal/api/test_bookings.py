"""``/v1/bookings``: found by what is missing, shown whole, and decided about where their phase allows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from streams.contracts.bookings import BookingState
from streams.kernel.booking_vocabulary import AnswerKind, BookingAction
from tests.support.booking_world import Desk, answered, decided, invoiced, packed, released
from tests.support.portal import ALL, LATER, OF_ACME, Portal, portal
from tests.support.read_model_world import DAY, HOUR, NOON, fill


def named(delivery: str, order: str, customer: str, state: BookingState) -> BookingState:
    return structs.replace(state, delivery_id=delivery, order_id=order, customer_id=customer)


@pytest.fixture
def one(tmp_path: Path) -> Portal:
    """A booked delivery whose invoice differs; one that nobody took, which is overdue; one that is not packed."""
    made = portal(tmp_path, filled=False)
    booked = Desk().take(released(), packed(), answered(AnswerKind.BOOKED, tracking_number="NT1"), invoiced(20.0))
    nobody = Desk().take(released(), packed(), *(answered(AnswerKind.DECLINED, turn) for turn in (1, 2, 3)))
    states = [
        named("D/1", "SO-7", "C-ACME", booked.known), named("D-2", "SO-8", "C-ACME", nobody.known),
        named("D-3", "SO-9", "C-OTHER", Desk().take(released()).known),
    ]
    at = {"D/1": NOON - HOUR, "D-2": NOON, "D-3": NOON - DAY}
    fill(made.folder, [(state.delivery_id, state) for state in states],
         lambda value: at.get(getattr(value, "delivery_id", ""), NOON))
    return made


def decide(one: Portal, delivery: str, body: Any, key: str = ALL, **headers: str) -> Any:
    return one.client.post(
        f"/v1/bookings/{delivery}/decisions", json=body, headers={"Authorization": f"Bearer {key}", **headers}
    )


@pytest.mark.parametrize(("query", "expected"), [
    ("", ["D-2", "D/1", "D-3"]), ("order=SO-7", ["D/1"]), ("phase=no_carrier", ["D-2"]), ("carrier=north", ["D/1"]),
    ("carrier=east&overdue=true", ["D-2"]), ("owner=warehouse", ["D-3"]), ("mismatched=true", ["D/1"]),
    ("mismatched=false&overdue=false", ["D-3"]), ("customer=C-OTHER", ["D-3"]), ("since=2026-09-21T14:00:00Z", ["D-2"]),
])
def test_a_list_holds_what_is_asked_for(one: Portal, query: str, expected: list[str]) -> None:
    assert [row["delivery_id"] for row in one.get(f"/v1/bookings?{query}").json()["items"]] == expected


def test_pages_follow_each_other(one: Portal) -> None:
    first = one.get("/v1/bookings?limit=2")
    rest = one.get(first.links["next"]["url"]).json()
    assert [len(first.json()["items"]), len(rest["items"]), rest["next"]] == [2, 1, None]
    assert one.get("/v1/bookings?wanted=x").status_code == 422


def test_a_delivery_is_told_whole(one: Portal) -> None:
    told = one.get("/v1/bookings/D%2F1").json()
    assert (told["phase"], told["wait"], told["possible"]) == ("booked", None, ["rebook", "cancel"])
    assert told["lines"] == [{"line_id": "10", "ordered": 5.0, "packed": 5.0}]
    [booking] = told["bookings"]
    assert (booking["carrier"], booking["status"], booking["tracking_number"]) == ("north", "booked", "NT1")
    assert (booking["carrier_reference"], booking["cost"], booking["asked_at"]) == (
        None, 9.9, "2026-09-21T15:13:20.000Z"
    )
    assert {row["carrier"]: row["fits"] for row in told["candidates"]} == {"north": True, "south": True, "east": True}
    [invoice] = told["invoices"]
    assert (invoice["total"], [row["field"] for row in invoice["mismatches"]]) == (20.0, ["rate"])
    nobody = one.get("/v1/bookings/D-2").json()
    assert (nobody["wait"]["owner"], nobody["wait"]["overdue"]) == ("shipping", True)
    assert one.get("/v1/bookings/none").json()["code"] == "unknown_delivery"


def test_a_decision_is_taken_by_who_may_and_once_under_its_key(one: Portal) -> None:
    body = {"action": "rebook", "reason": " no truck\n", "carrier": "south", "service": "pallet"}
    again = {"Idempotency-Key": "of-mine"}
    first, second = (decide(one, "D%2F1", body, **again) for _ in range(2))
    assert (first.status_code, first.json()) == (202, second.json())
    assert (first.json()["by"], first.json()["reason"], first.json()["phase"]) == ("api:all", "no truck", "booked")
    [kept] = one.decided.bookings
    assert (kept.delivery_id, kept.action, kept.by, kept.at) == ("D/1", "rebook", "api:all", int(LATER * 1000))
    assert (kept.carrier, kept.service) == ("south", "pallet")
    other = decide(one, "D%2F1", {"action": "cancel", "reason": "x"}, **again)
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    for key in (OF_ACME, "nobodys"):
        assert decide(one, "D%2F1", body, key).status_code in (401, 403)
    assert decide(one, "none", body).status_code == 404
    assert len(one.decided.bookings) == 1


def test_a_decision_that_is_in_effect_is_answered_from_the_record(one: Portal) -> None:
    body = {"action": "cancel", "reason": "not needed"}
    decide(one, "D-2", body, **{"Idempotency-Key": "k"})
    [taken] = one.decided.bookings
    desk = Desk().take(released(), packed(), structs.replace(taken, delivery_id="80001"))
    fill(one.folder, [("D-2", named("D-2", "SO-8", "C-ACME", desk.known))])
    one.decided.away = True
    answer = decide(one, "D-2", body, **{"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["at"]) == (202, "2026-09-21T14:13:50.000Z")
    assert decide(one, "D-2", body).json()["possible"] == ["rebook", "close"]


@pytest.mark.parametrize(("delivery", "body", "code", "words"), [
    ("D-2", {"action": "accept", "reason": "x"}, "illegal_decision", "no_carrier: accept changes nothing"),
    ("D-2", {"action": "cancel", "reason": "x", "carrier": "south"}, "not_possible", "cancel asks no carrier"),
    ("D-2", {"action": "rebook", "reason": "x", "service": "pallet"}, "not_possible", "name its carrier"),
    ("D-2", {"action": "rebook", "reason": " \u200b"}, "not_possible", "reason"),
])
def test_the_problem_says_what_is_possible(one: Portal, delivery: str, body: Any, code: str, words: str) -> None:
    answer = decide(one, delivery, body)
    assert (answer.status_code, answer.json()["code"], one.decided.bookings) == (409, code, [])
    assert words in answer.json()["detail"]
    if code == "illegal_decision":
        assert (answer.json()["possible"], answer.json()["allowed_in"]) == (["rebook", "cancel"], ["countered"])


@pytest.mark.parametrize("body", [
    {"action": "rebook"}, {"action": "burn", "reason": "x"}, {"action": "cancel", "reason": ""},
    {"action": "cancel", "reason": "x", "by": "me"}, {"action": "rebook", "reason": "x", "carrier": ""},
])
def test_a_decision_that_says_too_little_or_too_much_is_refused(one: Portal, body: Any) -> None:
    answer = decide(one, "D-2", body)
    assert (answer.status_code, one.decided.bookings) == (422, [])


def test_a_carrier_that_does_not_take_a_cancellation_is_named_until_somebody_closes_it(one: Portal) -> None:
    desk = Desk().take(released(), packed(), answered(AnswerKind.BOOKED, tracking_number="NT1"))
    desk.take(decided(BookingAction.REBOOK, carrier="south"), answered(AnswerKind.CANCEL_REFUSED, detail="409: loaded"))
    fill(one.folder, [("D-2", named("D-2", "SO-8", "C-ACME", desk.known))])
    [found] = one.get("/v1/bookings?uncancelled=true").json()["items"]
    assert (found["delivery_id"], found["possible"]) == ("D-2", ["rebook", "cancel", "close"])
    told = one.get("/v1/bookings/D-2").json()["bookings"][0]["cancellation"]
    assert (told["status"], told["owner"], told["overdue"], told["detail"]) == (
        "refused", "shipping", True, "409: loaded"
    )
    assert decide(one, "D-2", {"action": "close", "reason": "called them"}).status_code == 202
    other = decide(one, "D-3", {"action": "close", "reason": "x"}).json()
    assert (other["detail"], other["possible"]) == (
        "no carrier owes the delivery a cancellation: close changes nothing there", ["book", "cancel"]
    )


def test_a_decision_that_cannot_be_kept_is_not_taken(one: Portal) -> None:
    one.decided.away = True
    body = {"action": "cancel", "reason": "x"}
    assert (decide(one, "D-2", body).status_code, decide(one, "D-2", body).json()["code"]) == (503, "not_taken")
    one.decided.away, one.decided.late = False, True
    told = decide(one, "D-2", body).json()
    assert (told["code"], told["detail"], told["phase"]) == ("illegal_decision", "it is cancelled by now", "no_carrier")
