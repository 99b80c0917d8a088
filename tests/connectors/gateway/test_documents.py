"""Orders and confirmations: all of a request is right and written in the contract's Avro, or none of it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from config.topics import DELIVERY_RELEASES, ERP_ORDERS, WMS_CONFIRMATIONS
from connectors.gateway.confirmations import CONFIRMATIONS
from connectors.gateway.orders import ORDERS
from connectors.kafka.log_writer import NotWritten
from connectors.kafka.registry import ValueCodec
from streams.contracts.bookings import DeliveryRelease, Party, ReleasedLine
from streams.contracts.model import Order, OrderLine, Reference
from streams.contracts.warehouse import WmsConfirmation, WmsLine, WmsParcel
from tests.support.gateway import Gateway, gateway
from tests.support.registry import fake_registry

KEYS = {"orders": ["k-erp", "k-erp-old"], "wms": "k-wms"}
LINE = {"delivery_id": "80001", "carrier": "acme", "tracking_number": "AC123456"}
PO = {"type": "po", "value": "1"}
ORDER: dict[str, Any] = {
    "order_id": "SO-1", "customer_id": "C-7", "status": "open", "updated_at": "2026-09-14T12:00:00.5+02:00",
    "currency": "EUR", "value": 12.5, "promised_delivery_at": "2026-09-16T00:00:00Z", "shipments": [LINE],
}
DONE: dict[str, Any] = {
    "confirmation_id": "W-1", "delivery_id": "80001", "warehouse": "WH1", "kind": "shipped",
    "confirmed_at": "2026-09-14T10:00:00Z", "carrier": "ACME", "tracking_numbers": ["AC123456"],
    "lines": [{"line_id": "10", "sku": "A-1", "ordered": 5, "confirmed": 4.5, "unit": "C62"}],
}


@pytest.fixture
def one(tmp_path: Path) -> Gateway:
    return gateway(tmp_path, api_keys=KEYS)


def post(one: Gateway, told: object, path: str = "/v1/orders", key: str = "k-erp", **more: str) -> Any:
    given = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", **more}
    return one.client.post(path, content=told if isinstance(told, bytes) else json.dumps(told), headers=given)


def test_an_order_is_written_as_its_contract_says_keyed_by_its_number(one: Gateway) -> None:
    answer = post(one, ORDER)
    assert answer.status_code == 202
    (record,) = one.log.records
    assert (record.topic, record.key) == (ERP_ORDERS.name, b"SO-1")
    assert ValueCodec(ERP_ORDERS, Order, fake_registry()).decode(record.value) == Order(
        "SO-1", "C-7", "open", "EUR", 12.5, 1_789_516_800_000, 1_789_380_000_500,
        [OrderLine("80001", "acme", "AC123456")],
    )
    assert answer.json()["records"] == [{"key": "SO-1", "topic": ERP_ORDERS.name, "partition": 0, "offset": 0}]


def test_a_confirmation_is_written_as_its_contract_says_keyed_by_the_delivery(one: Gateway) -> None:
    assert post(one, DONE, "/v1/wms/confirmations", "k-wms").status_code == 202
    (record,) = one.log.records
    assert (record.topic, record.key) == (WMS_CONFIRMATIONS.name, b"80001")
    assert ValueCodec(WMS_CONFIRMATIONS, WmsConfirmation, fake_registry()).decode(record.value) == WmsConfirmation(
        "W-1", "80001", None, "WH1", "shipped", 1_789_380_000_000, "acme", ["AC123456"],
        [WmsLine("10", "A-1", 5.0, 4.5, "C62", None)],
    )


RELEASED: dict[str, Any] = {
    "delivery_id": "80001", "order_id": "SO-1", "customer_id": "C-7", "status": "released", "warehouse": "WH1",
    "updated_at": "2026-09-14T10:00:00Z", "service": "parcel",
    "ship_to": {"name": "Ada", "street": "Ring 5", "city": "Wien", "postal_code": "1010", "country": "AT"},
    "lines": [{"line_id": "10", "sku": "A-1", "quantity": 5}],
}


def test_a_released_delivery_is_written_as_its_contract_says_keyed_by_its_number(one: Gateway) -> None:
    assert post(one, RELEASED, "/v1/deliveries").status_code == 202
    (record,) = one.log.records
    assert (record.topic, record.key) == (DELIVERY_RELEASES.name, b"80001")
    assert ValueCodec(DELIVERY_RELEASES, DeliveryRelease, fake_registry()).decode(record.value) == DeliveryRelease(
        "80001", "SO-1", "C-7", "released", 1_789_380_000_000, "WH1", Party("Ada", "Ring 5", "Wien", "1010", "AT"),
        [ReleasedLine("10", "A-1", 5.0)], "parcel",
    )
    assert post(one, RELEASED, "/v1/deliveries", "k-wms").status_code == 401
    abroad = post(one, {**RELEASED, "ship_to": {**RELEASED["ship_to"], "country": "Austria"}}, "/v1/deliveries")
    assert abroad.json()["errors"][0]["pointer"] == "/ship_to/country"


def test_parcels_are_written_with_the_confirmation(one: Gateway) -> None:
    told = {**DONE, "kind": "packed", "parcels": [{"parcel_id": "P1", "weight_kg": 7.5}]}
    assert post(one, told, "/v1/wms/confirmations", "k-wms").status_code == 202
    (record,) = one.log.records
    found = ValueCodec(WMS_CONFIRMATIONS, WmsConfirmation, fake_registry()).decode(record.value)
    assert found.parcels == [WmsParcel("P1", 7.5)]


def test_an_order_may_name_references_in_place_of_a_number(one: Gateway) -> None:
    line = {"delivery_id": "80001", "references": [{"type": "bol", "value": "4711"}]}
    told = {**ORDER, "shipments": [line], "references": [{"type": "po", "value": "P9"}]}
    assert post(one, told).status_code == 202
    (record,) = one.log.records
    order = ValueCodec(ERP_ORDERS, Order, fake_registry()).decode(record.value)
    assert order.shipments == [OrderLine("80001", "", "", [Reference("bol", "4711")])]
    assert order.references == [Reference("po", "P9")]
    nameless = post(one, {**ORDER, "shipments": [{"delivery_id": "80001", "carrier": "acme"}]})
    assert nameless.json()["errors"][0]["pointer"] == "/shipments/0/tracking_number"


def test_a_list_is_written_whole(one: Gateway) -> None:
    answer = post(one, [ORDER, {**ORDER, "order_id": "SO-2"}])
    assert [record.key for record in one.log.records] == [b"SO-1", b"SO-2"]
    assert [told["key"] for told in answer.json()["records"]] == ["SO-1", "SO-2"]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"order_id": " "}, "/1/order_id"), ({"status": "shipped"}, "/1/status"), ({"colour": 1}, "/1/colour"),
    ({"updated_at": "2026-09-14T10:00:00"}, "/1/updated_at"), ({"currency": "euro"}, "/1/currency"),
    ({"value": -1}, "/1/value"), ({"shipments": [LINE, {**LINE, "carrier": ""}]}, "/1/shipments/1/carrier"),
    ({"shipments": [{**LINE, "tracking_number": "\x1f"}]}, "/1/shipments/0/tracking_number"),
    ({"order_id": "SO\x001"}, "/1/order_id"), ({"customer_id": "C\u202e7"}, "/1/customer_id"),
    ({"updated_at": 0}, "/1/updated_at"), ({"updated_at": "0"}, "/1/updated_at"),
    ({"updated_at": "9999-12-31T00:00:00Z"}, "/1/updated_at"), ({"updated_at": "2026-09-14"}, "/1/updated_at"),
    ({"promised_delivery_at": "2026-02-30T00:00:00Z"}, "/1/promised_delivery_at"), ({"value": "12"}, "/1/value"),
    ({"shipments": [LINE] * 5_001}, "/1/shipments"), ({"references": [PO] * 101}, "/1/references"),
    ({"shipments": [{**LINE, "references": [{**PO, "value": f"{n}-{m}"} for m in range(20)]} for n in range(300)]},
     "/1/shipments"),
]


@pytest.mark.parametrize(("change", "where"), WRONG)
def test_one_wrong_field_refuses_the_whole_request_and_is_named(
    one: Gateway, change: dict[str, Any], where: str
) -> None:
    answer = post(one, [ORDER, {**ORDER, **change}])
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    (fault,) = answer.json()["errors"]
    assert (fault["item"], fault["pointer"]) == (1, where)
    assert len(fault["detail"]) < 200
    assert one.log.records == []


def test_the_pointer_of_a_single_document_starts_at_its_fields(one: Gateway) -> None:
    assert post(one, {**ORDER, "status": "?"}).json()["errors"][0]["pointer"] == "/status"


def test_a_confirmation_with_numbers_of_nobody_is_refused(one: Gateway) -> None:
    answer = post(one, {**DONE, "carrier": None}, "/v1/wms/confirmations", "k-wms")
    assert answer.json()["errors"][0]["pointer"] == "/carrier"


@pytest.mark.parametrize(
    ("told", "status"),
    [(b"{no json", 400), (b'"text"', 422), (b"[]", 422), (b"\xff{}", 400), (b"[" * 100_000, 400)],
    ids=["cut off", "a text", "an empty list", "no UTF-8", "too deep"],
)
def test_what_is_no_document_is_refused(one: Gateway, told: bytes, status: int) -> None:
    assert post(one, told).status_code == status


def test_text_that_is_not_unicode_is_refused(one: Gateway) -> None:
    told = json.dumps({**ORDER, "customer_id": "C\ud800"}).encode()
    assert post(one, told).status_code in (400, 422)
    assert one.log.records == []


@pytest.mark.parametrize("key", ["k-erp", "k-erp-old"])
def test_every_key_of_the_scope_is_known(one: Gateway, key: str) -> None:
    assert post(one, ORDER, key=key).status_code == 202


@pytest.mark.parametrize("key", ["", "k-er", "k-wms", "k-erp2"])
def test_another_key_is_refused(one: Gateway, key: str) -> None:
    answer = post(one, ORDER, key=key)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_without_keys_nobody_may_post(tmp_path: Path) -> None:
    assert post(gateway(tmp_path), ORDER, key="").status_code == 401


def test_only_json_is_taken(one: Gateway) -> None:
    assert post(one, ORDER, **{"Content-Type": "text/plain"}).status_code == 415


def test_what_kafka_does_not_take_is_answered_503(one: Gateway) -> None:
    one.log.away = NotWritten("broker down")
    answer = post(one, ORDER)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_the_same_request_again_is_written_once(one: Gateway) -> None:
    first, again = (post(one, ORDER, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert first.json() == again.json()
    assert len(one.log.records) == 1


@pytest.mark.parametrize("kind", [ORDERS, CONFIRMATIONS], ids=lambda kind: kind.scope)
def test_the_example_of_the_description_is_right(one: Gateway, kind: Any) -> None:
    (example,) = kind.model.model_config["json_schema_extra"]["examples"]
    assert post(one, example, kind.path, {"orders": "k-erp", "wms": "k-wms"}[kind.scope]).status_code == 202
