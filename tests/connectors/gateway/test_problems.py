"""Every error is a problem document with the id of its request."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.gateway.body_slots import BodySlots, SlotLimits
from connectors.gateway.problems import pointer
from tests.support.gateway import gateway


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("DELETE", "/v1/orders", 405, "method_not_allowed"),
        ("POST", "/v1/carriers/nobody/events", 404, "unknown_carrier"),
        ("POST", "/v1/orders", 401, "unauthorised"),
    ],
)
def test_a_problem_has_the_members_of_rfc_9457(
    tmp_path: Path, method: str, path: str, status: int, code: str
) -> None:
    answer = gateway(tmp_path).client.request(method, path, headers={"X-Request-ID": "r-1"})
    assert answer.headers["Content-Type"] == "application/problem+json"
    told = answer.json()
    assert (answer.status_code, told["status"], told["code"]) == (status, status, code)
    assert (told["instance"], told["request_id"]) == (path, "r-1")
    assert told["type"] == f"urn:shipsync:problem:{code.replace('_', '-')}"
    assert told["title"]
    assert told["detail"]


def test_a_fault_of_ours_is_a_problem_too_and_tells_nothing_of_it(tmp_path: Path) -> None:
    one = gateway(tmp_path, gateway_open="*")
    one.log.write = None  # type: ignore[assignment,method-assign]
    answer = one.client.post("/v1/carriers/acme/events", content=b"{}", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "NoneType" not in answer.text
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"]


@pytest.mark.parametrize("given", ["", "a\tb", "x" * 129, "<script>"])
def test_a_request_without_a_usable_id_gets_one(tmp_path: Path, given: str) -> None:
    answer = gateway(tmp_path).client.get("/healthz", headers={"X-Request-ID": given} if given else {})
    assert len(answer.headers["X-Request-ID"]) == 32


def test_more_bodies_than_fit_are_told_to_come_again(tmp_path: Path) -> None:
    one = gateway(tmp_path, gateway_open="*")
    one.services.slots = BodySlots(SlotLimits(in_all=0))
    answer = one.client.post("/v1/carriers/acme/events", content=b"{}", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (503, "overloaded", "1")
    assert one.client.get("/healthz").status_code == 200


def test_a_slash_too_many_leads_nowhere_else(tmp_path: Path) -> None:
    one = gateway(tmp_path, gateway_open="*")
    answer = one.client.post(
        "/v1/carriers/acme/events/", content=b"{}", headers={"Host": "evil.example"}, follow_redirects=False
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "Location" not in answer.headers


def test_a_pointer_escapes_what_json_pointers_must() -> None:
    assert pointer([0, "a/b", "c~d"]) == "/0/a~1b/c~0d"
