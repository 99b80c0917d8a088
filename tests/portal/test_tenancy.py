"""A customer's key shows what is that customer's: every route is walked, and nothing of another's is in any answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from msgspec import Struct, structs

from streams.contracts.model import AuditAction, EnrichedEvent, OrderState, Reference, Related, ShipmentState
from streams.kernel.vocabulary import (
    ActionChannel,
    ActorKind,
    AlertKind,
    LinkKind,
    Milestone,
    PostingKind,
    Severity,
    Status,
    SubjectKind,
)
from streams.read_model.project import key_of
from tests.support.document_inputs import pushed
from tests.support.portal import ALL, OF_ACME, OF_OTHER, Portal, portal
from tests.support.read_model_world import (
    ACME,
    DAY,
    HOUR,
    NOON,
    OTHER,
    alert,
    event,
    fill,
    link,
    posting,
    shipment,
    waiting_delivery,
    word,
    world,
)

SHARED, OF_ACME_ALONE, OF_OTHER_ALONE = "1Z999AA10123456787", "1Z999AA10123456784", "1Z999AA10123456786"
MARKS = {
    ACME: ("C-ACME", "SO-1", "SO1", OF_ACME_ALONE, "1Z999AA10123456785", "PO-OF-ACME", "words of acme", "5e" * 32),
    OTHER: ("C-OTHER", "SO-2", "SO2", OF_OTHER_ALONE, "PO-OF-OTHER", "words of other", "CONTAINER9", "6f" * 32),
}
"""The signs of a customer: its number, its orders, numbers of its own shipments, and words about them."""
KEYS = {ACME: OF_ACME, OTHER: OF_OTHER}
STREAM = "/v1/stream"
"""Has no end: tests/portal/api/test_stream.py holds what a customer hears there."""


def shared_world() -> list[tuple[str, Struct]]:
    """The sample world; the shared shipment has events with both customers' references, and belongs to a container of
    the other customer."""
    found = []
    for key, value in world():
        if isinstance(value, ShipmentState) and value.tracking_number == SHARED:
            orders = [link("SO-1", ACME, NOON + 2 * DAY), link("SO-2", OTHER, NOON - HOUR)]
            found.append((key, structs.replace(
                value, part_of=[Related("ups:CONTAINER9", LinkKind.PIECE)], orders=orders,
                promised_delivery_at=NOON - HOUR, estimated_delivery_at=NOON + DAY,
            )))
        else:
            found.append((key, value))
    container = shipment("CONTAINER9", Status.IN_TRANSIT, NOON - HOUR, orders=[link("SO-2", OTHER)])
    found.append((key_of("ups", "CONTAINER9"), container))
    for words, reference, at in (("words of acme", "PO-OF-ACME", 5), ("words of other", "PO-OF-OTHER", 6)):
        told: EnrichedEvent = event(
            SHARED, Milestone.PICKED_UP, NOON - at * HOUR, text=words, references=[Reference("po", reference)]
        )
        found.append((key_of("ups", SHARED), told))
    for order, customer in (("SO-1", ACME), ("SO-2", OTHER)):
        found.append((f"DN-{order}-2", waiting_delivery(f"DN-{order}-2", order, customer, SHARED)))
        booked = posting(SHARED, order, customer, PostingKind.GOODS_ISSUE, NOON - HOUR)
        found.append((f"DN-{order}", structs.replace(booked, posting_id=f"posting-{order}")))
        update = word(SHARED, order, customer, Milestone.PICKED_UP, Status.PICKED_UP, NOON - HOUR)
        found.append((customer, structs.replace(update, update_id=f"update-{order}")))
        done = AuditAction(
            f"action-{order}", NOON, customer, ActorKind.PERSON, "operator", ActionChannel.TOWER, "delivery.release",
            SubjectKind.SHIPMENT, f"ups:{SHARED}", order,
        )
        found.append((done.key, done))
        paper = pushed(("5e" if customer is ACME else "6f") * 32, SHARED, NOON - HOUR)
        found.append((key_of("ups", SHARED), structs.replace(
            paper, carrier="ups", delivery_ids=[f"DN-{order}"], order_ids=[order],
        )))
    return found


@pytest.fixture
def both(tmp_path: Path) -> Portal:
    one = portal(tmp_path, filled=False)
    fill(one.folder, shared_world())
    return one


def values(one: Portal, name: str) -> Iterator[str]:
    """The values of a parameter of a path: of either customer, of both, of nobody."""
    store = one.services.store
    if name == "key":
        numbers = (SHARED, OF_ACME_ALONE, OF_OTHER_ALONE, "1Z999AA10123456785", "CONTAINER9", "1Z999AA10123456780")
        yield from (f"ups:{number}" for number in numbers)
        yield "dhl:00340434161094042557"
    elif name == "delivery_id":
        yield from ("DN-SO-1", "DN-SO-1-2", "DN-SO-2-2", "DN-SO-3")
    elif name == "order_id":
        yield from ("SO-1", "SO-2", "SO-3")
    elif name == "event_id":
        yield from {told.event.event_id for number in (SHARED, OF_ACME_ALONE, OF_OTHER_ALONE)  # type: ignore[union-attr]
                    for _, told in store.events(f"ups:{number}")}
    elif name == "alert_id":
        yield from {value.alert_id for _, value in world() if hasattr(value, "alert_id")}
    elif name in ("subscription_id", "message_id"):
        yield "of-nobody"
    else:
        raise AssertionError(f"say what {name} can be")


def walked(one: Portal) -> Iterator[str]:
    """Every path of every route, with every value of its parameters and every filter of lists."""
    for route in iter_route_contexts(one.client.app.routes):
        if "GET" not in (getattr(route, "methods", None) or {"GET"}):
            continue
        paths = [re.sub(r":path\}", "}", route.path)]
        for name in re.findall(r"\{(\w+)\}", paths[0]):
            paths = [path.replace(f"{{{name}}}", value) for path in paths for value in values(one, name)]
        yield from paths
    for mark in (*MARKS[ACME], *MARKS[OTHER], "SO", "PO", "1Z", "DN", "C", "DN-SO-1", "DN-SO-2"):
        yield f"/v1/shipments?q={mark}"
    for customer in (ACME, OTHER):
        yield from (f"/v1/{what}?customer={customer}" for what in ("shipments", "orders", "deliveries"))
    for order in ("SO-1", "SO-2"):
        yield f"/v1/deliveries?order={order}"
    for wanted in ("phase=waiting_for_proof", "waits_for=proof", "overdue=false"):
        yield f"/v1/deliveries?{wanted}"
    for wanted in ("carrier=ups", "punctuality=at_risk", "status=picked_up", "since=2026-01-01T00:00:00Z", "limit=1"):
        yield f"/v1/shipments?{wanted}"


def said(response: Any) -> str:
    """All of an answer, but for the echo of the path that was asked for."""
    text = response.text
    if response.headers["content-type"] == "application/problem+json":
        text = json.dumps({name: value for name, value in response.json().items() if name != "instance"})
    return text + json.dumps(dict(response.headers))


@pytest.mark.parametrize(("customer", "another"), [(ACME, OTHER), (OTHER, ACME)])
def test_no_answer_to_a_customer_tells_of_another(both: Portal, customer: str, another: str) -> None:
    answered, own = 0, ""
    for path in walked(both):
        if path == STREAM:
            continue
        response = both.get(path, KEYS[customer])
        assert response.status_code in (200, 401, 403, 404), (path, response.text)
        told = said(response)
        for mark in MARKS[another]:
            assert mark not in told, (path, mark, told)
        if response.status_code == 200 and path.startswith("/v1/"):
            answered, own = answered + 1, own + told
    assert answered > 15
    assert all(mark in own for mark in (customer, SHARED)), "the walk sees what is the customer's own"


def test_the_walk_takes_every_route(both: Portal) -> None:
    found = set(walked(both))
    assert {"/v1/shipments", "/v1/orders/SO-2", "/v1/feeds", "/v1/dead-letters", "/v1/status", "/v1/audit", "/v1/board",
            "/v1/scorecard", STREAM} <= found
    assert len([path for path in found if path.endswith("/raw")]) > 20
    assert len(found) > 70


def test_whoever_sees_all_sees_both(both: Portal) -> None:
    told = both.get(f"/v1/shipments/ups:{SHARED}").text
    assert all(mark in told for mark in ("C-ACME", "C-OTHER", "PO-OF-ACME", "PO-OF-OTHER", "CONTAINER9"))


@pytest.mark.parametrize(("number", "found"), [
    ("SO-1", 3), ("DN-SO-1", 3), (SHARED, 1), ("SO-2", 0), ("DN-SO-2", 0), ("SO", 3),
    ("PO-OF-OTHER", 0), ("PO-OF-ACME", 0),
])
def test_a_number_of_another_customer_leads_nowhere(both: Portal, number: str, found: int) -> None:
    assert len(both.get(f"/v1/shipments?q={number}", OF_ACME).json()["items"]) == found


def test_a_shared_shipment_is_measured_by_the_customers_own_promise(both: Portal) -> None:
    assert both.get(f"/v1/shipments/ups:{SHARED}", OF_ACME).json()["punctuality"] == "on_time"
    assert both.get(f"/v1/shipments/ups:{SHARED}", OF_OTHER).json()["punctuality"] == "at_risk"


@pytest.mark.parametrize("of", [OF_ACME, OF_OTHER], ids=["acme", "other"])
@pytest.mark.parametrize("punctuality", ["on_time", "at_risk"])
def test_a_filter_of_punctuality_finds_what_the_own_promise_makes_so(
    both: Portal, of: dict[str, str], punctuality: str
) -> None:
    asked = both.get(f"/v1/shipments?punctuality={punctuality}", of).json()["items"]
    every = both.get("/v1/shipments", of).json()["items"]
    assert asked == [one for one in every if one["punctuality"] == punctuality]
    own = "on_time" if of == OF_ACME else "at_risk"
    assert (SHARED in [one["tracking_number"] for one in asked]) is (punctuality == own)


@pytest.mark.parametrize("path", [
    "/v1/alerts", "/v1/feeds", "/v1/dead-letters", "/v1/shipments/ups:1/events/1/raw", "/v1/audit", "/v1/board",
    "/v1/scorecard", "/v1/audit?format=csv", "/v1/board?format=csv", "/v1/scorecard?format=csv",
])
def test_what_cannot_be_told_by_customer_is_refused(both: Portal, path: str) -> None:
    assert both.get(path, OF_ACME).status_code == 403


def test_another_customers_shipment_is_as_one_that_is_not_there(both: Portal) -> None:
    theirs = both.get(f"/v1/shipments/ups:{OF_OTHER_ALONE}", OF_ACME).json()
    nobodys = both.get("/v1/shipments/ups:1Z999AA10123456780", OF_ACME).json()
    for one in (theirs, nobodys):
        del one["instance"], one["request_id"]
    assert set(theirs.pop("nearest")) == set(nobodys.pop("nearest"))
    assert theirs == nobodys


def test_a_customers_key_cannot_ask_for_another_customer(both: Portal) -> None:
    response = both.get(f"/v1/shipments?customer={OTHER}", OF_ACME)
    assert (response.status_code, response.json()["code"]) == (403, "another_customer")


def test_a_delivery_tells_a_customer_what_it_waits_for_and_nothing_of_ours(both: Portal) -> None:
    ours, theirs = (both.get("/v1/deliveries/DN-SO-1-2", key).json() for key in (ALL, OF_ACME))
    assert (ours["wait"]["owner"], ours["possible"]) == ("finance", ["release", "waive", "close"])
    assert (theirs["wait"]["kind"], theirs["wait"]["owner"], theirs["possible"]) == ("proof", None, [])
    assert [one["delivery_id"] for one in both.get("/v1/deliveries", OF_ACME).json()["items"]] == [
        "DN-SO-1-2", "DN-SO-1",
    ]
    assert both.get("/v1/deliveries/DN-SO-2-2", OF_ACME).json()["code"] == "unknown_delivery"
    assert both.get("/v1/deliveries?owner=finance", OF_ACME).status_code == 403
    decision = both.client.post("/v1/deliveries/DN-SO-1-2/decisions", json={"action": "waive", "reason": "x"},
                                headers={"Authorization": f"Bearer {OF_ACME}"})
    assert (decision.status_code, both.decided.taken) == (403, [])


@pytest.mark.parametrize("is_told", [True, False])
def test_a_delivery_held_back_from_a_customer_is_not_told_by_its_key(tmp_path: Path, is_told: bool) -> None:
    one = portal(tmp_path, filled=False)
    number = "1Z999AA10123456799"
    key = key_of("ups", number)
    done = event(number, Milestone.DELIVERED, NOON - HOUR)
    doubt = alert(AlertKind.DELIVERY_DOUBTFUL, key, Severity.WARNING, NOON)
    delivered = word(number, "SO-1", ACME, Milestone.DELIVERED, Status.DELIVERED, NOON - HOUR)
    fill(one.folder, [
        (key, structs.replace(
            shipment(number, Status.DELIVERED, NOON - HOUR, orders=[link("SO-1", ACME)], delivered=NOON - HOUR),
            last_milestone=Milestone.DELIVERED,
        )),
        (key, event(number, Milestone.PICKED_UP, NOON - 2 * HOUR)), (key, done), (doubt.alert_id, doubt),
        ("SO-1", OrderState("SO-1", ACME, "released", None, NOON - DAY, "v1", [])),
        *([(ACME, delivered)] if is_told else []),
    ])
    whole = one.get(f"/v1/shipments/{key}", OF_ACME).json()
    [brief] = one.get("/v1/shipments", OF_ACME).json()["items"]
    [found] = one.get(f"/v1/shipments?q={number}", OF_ACME).json()["items"]
    [of_order] = one.get("/v1/orders/SO-1", OF_ACME).json()["shipments"]
    for told in (whole, brief, found, of_order):
        assert (told["status"] == "delivered") is (told["delivered_at"] is not None) is is_told
        assert (told["last_milestone"] == "delivered") is is_told
    assert ("delivered" in [row["milestone"] for row in whole["timeline"]]) is is_told
    assert one.get(f"/v1/shipments/{key}").json()["status"] == "delivered"
