"""One record of master data over HTTP: read, written as it is read, taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from config.topics import AUDIT_ACTIONS, MASTER_DATA
from connectors.kafka.log_writer import NotWritten
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import MasterRecord
from streams.kernel.vocabulary import MasterKind
from tests.support.gateway import NOW, Gateway, gateway
from tests.support.registry import fake_registry

CODEC = ValueCodec(MASTER_DATA, MasterRecord, fake_registry())
SAID = {"carrier": "Acme", "tracking_number": "ac 1"}
NORTH = MasterRecord(MasterKind.CARRIER, "north", 5, "mo", name="North Freight", aliases=["NF"])


@pytest.fixture
def one(tmp_path: Path) -> Gateway:
    made = gateway(tmp_path, api_keys={"masterdata": "k-master", "orders": "k-erp"})
    made.master["carrier:north"] = NORTH
    return made


def ask(one: Gateway, method: str, path: str, told: object = None, key: str = "k-master") -> Any:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    body = told if isinstance(told, bytes) else json.dumps(told)
    return one.client.request(
        method, f"/v1/masterdata/{path}", headers=headers, content=None if told is None else body
    )


def written(one: Gateway) -> MasterRecord:
    audit, record = one.log.records
    assert audit.topic == AUDIT_ACTIONS.name
    assert record.topic == MASTER_DATA.name
    return CODEC.decode(record.value)


def test_a_record_is_read(one: Gateway) -> None:
    answer = ask(one, "GET", "carrier/north")
    assert (answer.status_code, answer.json()["name"], answer.json()["aliases"]) == (200, "North Freight", ["NF"])


def test_a_manual_reference_is_written(one: Gateway) -> None:
    answer = ask(one, "PUT", "reference/container+booking:M1/k2", SAID)
    assert answer.status_code == 200, answer.text
    assert answer.json()["key"] == "reference:container+booking:M1/K2"
    assert one.log.records[1].key == b"reference:container+booking:M1/K2"
    assert written(one) == MasterRecord(
        MasterKind.REFERENCE, "container+booking:M1/K2", int(NOW * 1000), "api:masterdata", carrier="acme",
        tracking_number="AC1",
    )


def test_a_link_is_written_under_the_id_of_its_two_shipments(one: Gateway) -> None:
    link = {**SAID, "of_carrier": "acme", "of_tracking_number": "AC2", "link": "relabelled"}
    assert ask(one, "PUT", "link/acme:AC1>acme:AC2", link).status_code == 200
    assert written(one).link == "relabelled"
    answer = ask(one, "PUT", "link/acme:AC1>acme:AC3", link)
    assert answer.json()["errors"][0]["detail"].endswith("acme:AC1>acme:AC2")


def test_a_record_is_taken_back_by_one_that_says_so(one: Gateway) -> None:
    assert ask(one, "DELETE", "carrier/north").status_code == 200
    record = written(one)
    assert (record.withdrawn, record.id, record.updated_by) == (True, "north", "api:masterdata")
    assert record.updated_at == int(NOW * 1000)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_of_what_is_not_there_or_taken_back_nothing_is_said(one: Gateway, method: str) -> None:
    one.master["carrier:gone"] = MasterRecord(MasterKind.CARRIER, "gone", 5, "mo", withdrawn=True)
    for name in ("gone", "never"):
        assert ask(one, method, f"carrier/{name}").status_code == 404
    assert one.log.records == []


WRONG: list[tuple[str, object, int, str]] = [
    ("reference/B1", SAID, 422, "/id"), ("reference/bol:B1", {}, 422, "/carrier"),
    ("reference/bol:B1", {**SAID, "scac": "X"}, 422, "/scac"), ("carrier/north", {"colour": 1}, 422, "/colour"),
    ("carrier/north", {"gln": "1"}, 422, "/gln"), ("carrier/north", {"aliases": "NF"}, 422, "/aliases"),
    ("reference/bol:B1", {**SAID, "valid_at": "2026-09-14T10:00:00"}, 422, "/valid_at"),
]


@pytest.mark.parametrize(("path", "told", "status", "where"), WRONG)
def test_a_wrong_field_is_named_and_nothing_written(
    one: Gateway, path: str, told: object, status: int, where: str
) -> None:
    answer = ask(one, "PUT", path, told)
    assert answer.status_code == status
    assert where in [fault["pointer"] for fault in answer.json()["errors"]]
    assert one.log.records == []


def test_what_is_no_json_and_no_kind_is_refused(one: Gateway) -> None:
    assert ask(one, "PUT", "carrier/north", b"{").status_code == 400
    assert ask(one, "PUT", "depot/north", {}).status_code == 422


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_a_key_for_master_data_is_accepted(one: Gateway, method: str) -> None:
    assert ask(one, method, "carrier/north", {} if method == "PUT" else None, key="k-erp").status_code == 401


@pytest.mark.parametrize("name", ["a%00b", "a%E2%80%AEb", "a" * 1_000])
def test_an_id_of_control_characters_or_without_end_is_refused(one: Gateway, name: str) -> None:
    assert ask(one, "PUT", f"customer/{name}", {"name": "Acme"}).status_code == 422
    assert ask(one, "PUT", f"customer/{name}", {"name": "Acme"}, "guessed").status_code == 401


def test_records_kafka_does_not_acknowledge_are_answered_503(one: Gateway) -> None:
    one.log.away = NotWritten("away")
    answer = ask(one, "PUT", "carrier/north", {"name": "North"})
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")


def test_the_endpoint_is_in_the_openapi_description(one: Gateway) -> None:
    described = one.client.get("/openapi.json").json()
    assert set(described["paths"]["/v1/masterdata/{kind}/{id}"]) == {"get", "put", "delete"}
    assert "MasterDocument" in described["components"]["schemas"]
