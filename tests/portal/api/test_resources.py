"""Each resource's answers over the sample world."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from portal.api.models import deliveries, figures, operations, orders, shipments
from portal.api.models.fields import Document
from portal.words.times import rfc_3339
from tests.support.portal import OF_ACME, Portal, portal
from tests.support.read_model_world import HOSTILE

DELIVERED = "ups:1Z999AA10123456785"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    return portal(tmp_path_factory.mktemp("home"))


def listed(one: Portal, path: str) -> list[str]:
    return [row["tracking_number"][-3:] for row in one.get(path).json()["items"]]


@pytest.mark.parametrize(("query", "expected"), [
    ("", ["784", "785", "786", "557", "787"]), ("carrier=dhl", ["557"]), ("status=delivered", ["785"]),
    ("punctuality=at_risk", ["784"]), ("exception=delay", ["784"]), ("since=2026-09-21T13:00:00%2B02:00", [
        "784", "785", "786", ]), ("customer=C-ACME", ["784", "785", "787"]), ("q=PO%204711", ["784"]),
    ("q=po4711&status=delivered", []), ("q=DN-SO-1", ["784", "785", "787"]), ("q=4711", []), ("q=1z999aa1012345678", [
        "784", "785", "786", "787"]), ("q=SO-1&customer=C-OTHER", ["787"]),
])
def test_a_list_holds_what_is_asked_for(one: Portal, query: str, expected: list[str]) -> None:
    found = listed(one, f"/v1/shipments?{query}")
    assert found == expected if "q=" not in query else sorted(found) == expected


def test_a_search_says_by_which_kind_of_number(one: Portal) -> None:
    [row] = one.get("/v1/shipments?q=PO-4711").json()["items"]
    assert row["found_by"] == ["po"]


def test_pages_follow_their_links_and_hold_every_row_once(one: Portal) -> None:
    path, found = "/v1/shipments?limit=2&customer=C-ACME", []
    for _ in range(5):
        response = one.get(path)
        found += [row["key"] for row in response.json()["items"]]
        if response.json()["next"] is None:
            break
        path = response.links["next"]["url"]
    assert len(found) == len(set(found)) == 3
    assert "Link" not in response.headers


@pytest.mark.parametrize("path", ["shipments", "orders", "deliveries", "alerts", "dead-letters", "audit"])
@pytest.mark.parametrize(("query", "pointer"), [
    ("cursor=x", "/query/cursor"), ("limit=0", "/query/limit"), ("limit=201", "/query/limit"),
    ("colour=red", "/query/colour"),
])
def test_a_wrong_parameter_is_refused_and_named(one: Portal, path: str, query: str, pointer: str) -> None:
    response = one.get(f"/v1/{path}?{query}")
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")
    assert [fault["pointer"] for fault in response.json()["errors"]] == [pointer]


def test_a_shipment_is_told_whole(one: Portal) -> None:
    told = one.get("/v1/shipments/ups:1Z999AA10123456784").json()
    assert told["punctuality"] == "at_risk"
    assert told["promises"]["estimated_delivery_at"] == "2026-09-22T19:13:20.000Z"
    assert [event["milestone"] for event in told["timeline"]] == ["picked_up", "in_transit"]
    assert told["timeline"][0]["location"] == {
        "name": None, "city": "Lyon", "region": None, "postal_code": "69001", "country": "FR", "unlocode": None,
        "latitude": None, "longitude": None,
    }
    assert told["timeline"][1]["carrier_text"] == HOSTILE
    assert told["sources"] == [{
        "feed": "ups", "channel": "webhook", "events": 2, "first_received_at": "2026-09-20T14:14:00.000Z",
        "last_received_at": "2026-09-21T13:14:00.000Z",
    }]
    assert told["orders"][0]["order_value"] == 1250.0


def test_a_shipment_that_is_not_there_has_near_ones(one: Portal) -> None:
    response = one.get("/v1/shipments/ups:1Z999AA10123456789")
    assert (response.status_code, response.json()["code"]) == (404, "unknown_shipment")
    assert "ups:1Z999AA10123456787" in response.json()["nearest"]
    assert one.get("/v1/shipments/ups:1Z999AA10123456789/updates").status_code == 404
    assert one.get("/v1/shipments/ups:1Z999AA10123456789/postings").status_code == 404


def test_updates_and_postings_are_told(one: Portal) -> None:
    [update] = one.get(f"/v1/shipments/{DELIVERED}/updates").json()["items"]
    assert (update["customer_id"], update["milestone"], update["told_at"]) == (
        "C-ACME", "delivered", "2026-09-21T14:13:20.000Z"
    )
    [posting] = one.get(f"/v1/shipments/{DELIVERED}/postings").json()["items"]
    assert (posting["kind"], posting["delivery_id"]) == ("delivery_confirmation", "DN-SO-1")


def test_an_order_has_its_shipments_and_postings(one: Portal) -> None:
    told = one.get("/v1/orders/SO-1").json()
    assert [row["key"][-3:] for row in told["shipments"]] == ["784", "785", "787"]
    assert [row["kind"] for row in told["postings"]] == ["delivery_confirmation"]
    assert {claim["tracking_number"][-3:] for claim in told["claims"]} == {"784", "785", "787"}
    assert one.get("/v1/orders/SO-9").json()["code"] == "unknown_order"
    assert [row["order_id"] for row in one.get("/v1/orders?customer=C-OTHER").json()["items"]] == ["SO-2"]


def test_alerts_feeds_and_dead_letters_are_told(one: Portal) -> None:
    pressing = one.get("/v1/alerts").json()["items"]
    assert [row["kind"] for row in pressing] == ["feed_stale", "delivery_at_risk"]
    assert pressing[1]["at_stake"] == [{"currency": "EUR", "amount": 1250.0}]
    assert pressing[1]["history"][0]["step"] == "raised"
    assert pressing[0]["told"] == []
    assert pressing[1]["told"] == [{
        "channel": "operations", "status": "sent", "at": "2026-09-21T13:14:20.000Z", "attempts": 1, "detail": HOSTILE,
    }]
    assert len(one.get("/v1/alerts?state=all").json()["items"]) == 3
    assert [row["kind"] for row in one.get("/v1/alerts?owner=").json()["items"]] == ["delivery_at_risk"]
    assert one.get(f"/v1/alerts/{pressing[0]['alert_id']}").json() == pressing[0]
    assert one.get("/v1/alerts/none").json()["code"] == "unknown_alert"
    feeds = {row["feed"]: row for row in one.get("/v1/feeds").json()["items"]}
    assert feeds["dhl"]["activity"]["stale"]
    assert (feeds["gls"]["activity"], feeds["gls"]["pause"]["paused"]) == (None, True)
    [letter] = one.get("/v1/dead-letters").json()["items"]
    assert letter["detail"] == HOSTILE
    assert one.get("/v1/dead-letters?feed=dhl").json()["items"] == []


def test_an_answer_is_not_sent_twice(one: Portal) -> None:
    first = one.get("/v1/shipments")
    again = one.get("/v1/shipments", headers={"If-None-Match": f'"other", W/{first.headers["ETag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["ShipSync-View-Read-At"] == "2026-09-21T14:13:20.000Z"
    assert one.get("/v1/shipments", headers={"If-None-Match": '"other"'}).status_code == 200
    assert one.get("/v1/shipments", OF_ACME).headers["ETag"] != first.headers["ETag"]


def test_no_answer_holds_a_stages_own_record(one: Portal) -> None:
    for path in ("/v1/shipments/ups:1Z999AA10123456784", "/v1/alerts", "/v1/orders/SO-1"):
        told = one.get(path)
        assert '"record"' not in told.text
        assert "stage's own" not in told.text


def test_every_time_is_rfc_3339(one: Portal) -> None:
    paths = ("/v1/shipments/ups:1Z999AA10123456785", "/v1/orders/SO-1", "/v1/alerts?state=all", "/v1/feeds",
             "/v1/dead-letters", f"/v1/shipments/{DELIVERED}/updates")
    times = [value for path in paths for name, value in members(one.get(path).json()) if name.endswith("_at")]
    assert len(times) > 30
    assert [value for value in times if value is not None and TIME.fullmatch(value) is None] == []


def members(value: Any) -> Iterator[tuple[str, Any]]:
    """Every member of every object."""
    if isinstance(value, dict):
        yield from value.items()
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from members(inner)


@pytest.mark.parametrize(("at", "written"), [
    (0, "1970-01-01T00:00:00.000Z"), (1_790_000_000_007, "2026-09-21T14:13:20.007Z"), (-1, "1969-12-31T23:59:59.999Z"),
    (10**18, "9999-12-31T23:59:59.999Z"), (-(10**18), "0001-01-01T00:00:00.000Z"),
])
def test_a_time_is_written_to_the_millisecond(at: int, written: str) -> None:
    assert rfc_3339(at) == written


def test_every_example_is_an_answer() -> None:
    seen = 0
    for module in (shipments, orders, deliveries, operations, figures):
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, Document) and kind.model_config.get("json_schema_extra"):
                for example in kind.model_config["json_schema_extra"]["examples"]:  # type: ignore[index, call-overload, union-attr]
                    kind.model_validate(example)
                    assert set(example) <= set(kind.model_fields)
                    seen += 1
    assert seen > 8
