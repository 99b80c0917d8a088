"""Who is let in: keys, their scopes and ends, rates; and what is answered while the view is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.read_store import files
from connectors.read_store.writer import Store
from portal.api.clients import OF_CUSTOMERS, SCOPES
from tests.support.portal import ALL, CLIENTS, LATER, LEAST, OF_ACME, entry, portal
from tests.support.read_model_world import NOON

ROUTES = {
    "/v1/shipments": "shipments:read", "/v1/shipments/ups:1": "shipments:read",
    "/v1/shipments/ups:1/postings": "shipments:read", "/v1/shipments/ups:1/updates": "shipments:read",
    "/v1/shipments/ups:1/events/1/raw": "raw:read", "/v1/orders": "orders:read", "/v1/orders/1": "orders:read",
    "/v1/alerts": "alerts:read", "/v1/alerts/1": "alerts:read", "/v1/feeds": "feeds:read",
    "/v1/dead-letters": "dead-letters:read", "/v1/deliveries": "deliveries:read", "/v1/deliveries/1": "deliveries:read",
    "/v1/bookings": "bookings:read", "/v1/bookings/1": "bookings:read",
}


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nobodys", f"Basic {ALL}", f"{ALL}", "Bearer é"])
def test_without_a_known_key_there_is_no_answer(tmp_path: Path, header: str) -> None:
    one = portal(tmp_path)
    for path in ROUTES:
        response = one.client.get(path, headers={"Authorization": header.encode()})
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="shipsync"'
        assert response.json()["code"] == "unauthorised"
        assert response.headers["ShipSync-View-Read-At"] == "2026-09-21T14:13:20.000Z"


def test_every_route_needs_its_scope(tmp_path: Path) -> None:
    clients = [entry(f"without-{scope.replace(':', '-')}", scope, set(SCOPES) - {scope}) for scope in SCOPES]
    one = portal(tmp_path, clients=clients)
    for path, scope in ROUTES.items():
        response = one.get(path, scope)
        assert (response.status_code, response.json()["code"]) == (403, "out_of_scope"), path
        assert scope in response.json()["detail"]


@pytest.mark.parametrize(("expires", "status"), [
    ("2026-09-21", 200), ("2026-09-20", 401), ("2026-09-21T16:13:51+02:00", 200), ("2026-09-21T16:13:50+02:00", 401),
])
def test_a_key_ends_when_it_is_said_to(tmp_path: Path, expires: str, status: int) -> None:
    assert LATER == NOON / 1000 + 30, "2026-09-21T14:13:50Z"
    one = portal(tmp_path, clients=[entry("brief", "k", expires=expires)])
    response = one.get("/v1/status", "k")
    assert response.status_code == status
    if status == 401:
        assert response.json()["code"] == "expired_key"


def test_a_client_has_its_rate_and_is_told_what_is_left(tmp_path: Path) -> None:
    one = portal(tmp_path, portal_rate=2)
    answers = [one.get("/v1/status") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["RateLimit"].startswith('"all";r=1;')
    assert answers[2].headers["RateLimit-Policy"] == '"all";q=2;w=60'
    assert answers[2].json()["code"] == "rate_limited"
    assert one.get("/v1/status", OF_ACME).status_code == 200, "another client has a rate of its own"
    one.clock[0] += int(answers[2].headers["Retry-After"])
    assert one.get("/v1/status").status_code == 200


def test_guessing_keys_ends_for_an_address_and_harms_nobody_who_has_one(tmp_path: Path) -> None:
    one = portal(tmp_path, portal_unproven_rate=3)
    codes = [one.get("/v1/status", f"guess-{number}").status_code for number in range(5)]
    assert codes == [401, 401, 401, 429, 429]
    assert one.get("/v1/status").status_code == 200


def test_a_lost_view_is_said_with_its_age(tmp_path: Path) -> None:
    one = portal(tmp_path)
    assert one.get("/v1/shipments").status_code == 200
    assert one.client.get("/readyz").json() == {"status": "ready"}
    (one.folder / files.CURRENT).unlink()
    response = one.get("/v1/shipments")
    assert (response.status_code, response.json()["code"]) == (503, "view_unavailable")
    assert response.json()["age_seconds"] == 30.0
    assert "2026-09-21T14:13:20.000Z" in response.json()["detail"]
    assert int(response.headers["Retry-After"]) > 0
    assert one.client.get("/readyz").status_code == 503
    assert one.client.get("/livez").status_code == 200


def test_a_view_that_was_never_there_has_no_age(tmp_path: Path) -> None:
    response = portal(tmp_path, filled=False).get("/v1/shipments")
    assert response.status_code == 503
    assert "age_seconds" not in response.json()


def test_a_view_that_is_being_built_answers_its_status_alone(tmp_path: Path) -> None:
    one = portal(tmp_path, filled=False)
    store = Store(files.next_generation(one.folder))
    store.apply([], [], NOON)
    store.close()
    files.make_current(store.file)
    assert one.get("/v1/shipments").json()["code"] == "view_incomplete"
    assert one.get("/v1/status").json()["whole"] is False
    assert one.client.get("/readyz").status_code == 503


def test_the_counts_are_not_for_customers(tmp_path: Path) -> None:
    one = portal(tmp_path)
    assert one.get("/v1/status").json()["counts"]["shipments"] == 5
    assert one.get("/v1/status", LEAST).json()["counts"]["by_carrier"] == {"dhl": 1, "ups": 4}
    assert one.get("/v1/status", OF_ACME).json()["counts"] is None


def test_no_answer_shows_a_key_or_a_hash(tmp_path: Path) -> None:
    one = portal(tmp_path)
    shown: list[Any] = [one.get("/v1/nothing").text, one.get("/v1/status", "guess").text, repr(one.services.settings)]
    for client in CLIENTS:
        assert not any(client["hash"] in text for text in shown)
    assert set(SCOPES) >= OF_CUSTOMERS
