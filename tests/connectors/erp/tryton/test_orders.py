"""Orders are read from a Tryton by cursor: each change once more, nothing stepped over."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.erp.tryton import orders as module
from connectors.erp.tryton.connector import Tryton
from connectors.erp.tryton.rpc import TrytonRpc
from streams.kernel.errors import Reject, Transient
from streams.kernel.vocabulary import RejectReason

BEGAN = datetime(2026, 11, 2, 8, 0)  # noqa: DTZ001
SHIPMENT, PACKAGE = "stock.shipment.out", "stock.package"


def stamp(at: datetime | None) -> dict[str, Any] | None:
    return None if at is None else {"__class__": "datetime", "year": at.year, "month": at.month, "day": at.day,
                                    "hour": at.hour, "minute": at.minute, "second": at.second,
                                    "microsecond": at.microsecond}


class Sales(httpx.AsyncBaseTransport):
    """A Tryton with sales; each has one shipment with one package under its own number plus 100, plus 200."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[int, dict[str, Any]]] = {"sale.sale": {}, SHIPMENT: {}, PACKAGE: {}}
        self.now, self.fault = BEGAN, list[Any]()

    def sell(self, number: int, **changes: Any) -> None:
        self.change("sale.sale", number, **{
            "number": f"S{number}", "state": "processing", "reference": f"PO-{number}", "sale_date": True,
            "total_amount": {"__class__": "Decimal", "decimal": "12.50"}, "shipments": [100 + number],
            "party.": {"code": "C-1", "rec_name": "Customer"}, "currency.": {"code": "EUR"}, **changes,
        })
        self.change(SHIPMENT, 100 + number, number=f"D{number}", state="waiting", packages=[], shipping_reference=None)
        self.tables[SHIPMENT][100 + number]["carrier."] = {"rec_name": "UPS"}

    def pack(self, number: int, reference: str) -> None:
        self.change(PACKAGE, 200 + number, shipping_reference=reference)
        self.tables[PACKAGE][200 + number]["write_date"] = None
        self.tables[SHIPMENT][100 + number]["packages"] = [200 + number]

    def change(self, model: str, place: int, /, **values: Any) -> None:
        one = self.tables[model].setdefault(place, {"id": place, "create_date": self.now})
        one.update(values, write_date=self.now)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(await request.aread())
        method, params = body["method"], body["params"]
        result: Any = {"common.db.login": [1, "t", None], "model.res.user.get_preferences": {}}.get(method)
        if result is None and self.fault:
            return httpx.Response(200, json={"id": 0, "error": self.fault})
        if result is None:
            model, _, name = method.removeprefix("model.").rpartition(".")
            rows = self.tables[model].values()
            if name == "search_read":
                domain, _, limit, order, _ = params[:5]
                field = order[0][0]
                found = [one for one in rows if all(self.fits(clause, one) for clause in domain)]
                rows = sorted(found, key=itemgetter(field, "id"))[:limit]
            else:
                rows = [one for one in rows if one["id"] in params[0]]
            result = [{**one, "write_date": stamp(one["write_date"]), "create_date": stamp(one["create_date"])}
                      for one in rows]
        return httpx.Response(200, json={"id": 0, "result": result})

    def fits(self, clause: list[Any], one: dict[str, Any]) -> bool:
        if clause[0] == "OR":
            return any(self.fits(part, one) for part in clause[1:])
        if isinstance(clause[0], list):
            return all(self.fits(part, one) for part in clause)
        field, how, value, *_ = clause
        held = one.get(field) if not field.startswith("lines.") else None
        if field.startswith("lines."):
            base = 100 if field.endswith("shipment.id") else 200
            return base + one["id"] in value
        if isinstance(value, dict):
            value = datetime(*(value[name] for name in (  # noqa: DTZ001
                "year", "month", "day", "hour", "minute", "second", "microsecond")))
        match how:
            case "in":
                return held in value
            case "!=":
                return held != value
            case "=":
                return bool(held == value)
            case ">":
                return held is not None and bool(held > value)
        return held is not None and bool(held >= value)


def encode(document: dict[str, Any]) -> tuple[bytes, bytes]:
    if not document["customer_id"]:
        raise Reject(RejectReason.CONTRACT_BROKEN, "customer_id: is missing", "customer_id")
    return document["order_id"].encode(), json.dumps(document).encode()


class Reader:
    """Reads rounds on one connection's cursor; ``told``: the last version of each order."""

    def __init__(self, server: Sales) -> None:
        self.server, self.cursor, self.told = server, "", dict[str, dict[str, Any]]()
        self.refused = list[bytes]()

    def round(self) -> list[str]:
        return asyncio.run(self._round())

    async def _round(self) -> list[str]:
        rpc = TrytonRpc("http://t", "d", "u", "p", timeout=5, most_connections=1, transport=self.server)
        tryton, fresh = Tryton(rpc, encode=encode), list[str]()
        more = True
        while more:
            page = await tryton.orders(self.cursor)
            for key, value in page.orders:
                assert value is not None
                document = json.loads(value)
                if self.told.get(key.decode()) != document:
                    fresh.append(key.decode())
                self.told[key.decode()] = document
            self.refused += [raw for raw, _ in page.refused]
            self.cursor, more = page.cursor, page.more
        await tryton.close()
        return fresh


def test_a_sale_is_told_as_an_order_with_its_shipments() -> None:
    server = Sales()
    server.sell(1)
    server.pack(1, "1Z999")
    reader = Reader(server)
    assert reader.round() == ["S1"]
    assert reader.told["S1"] == {
        "order_id": "S1", "customer_id": "C-1", "status": "open", "updated_at": "2026-11-02T08:00:00+00:00",
        "currency": "EUR", "value": 12.5, "references": [{"type": "po", "value": "PO-1"}],
        "shipments": [{
            "delivery_id": "D1", "references": [{"type": "delivery_note", "value": "D1"}], "carrier": "UPS",
            "tracking_number": "1Z999",
        }],
    }
    assert reader.round() == []


def test_without_a_carrier_a_number_says_nothing() -> None:
    server = Sales()
    server.sell(1)
    server.pack(1, "1Z999")
    server.tables[SHIPMENT][101]["carrier."] = None
    reader = Reader(server)
    reader.round()
    [line] = reader.told["S1"]["shipments"]
    assert line == {"delivery_id": "D1", "references": [{"type": "delivery_note", "value": "D1"}]}


@pytest.mark.parametrize(("state", "status"), [
    ("processing", "open"), ("done", "closed"), ("cancelled", "cancelled"), ("draft", "cancelled"),
])
def test_changes_and_cancellations_are_told(state: str, status: str) -> None:
    server = Sales()
    server.sell(1)
    reader = Reader(server)
    reader.round()
    server.now += timedelta(hours=1)
    server.change("sale.sale", 1, state=state)
    assert reader.round() == ["S1"]
    assert reader.told["S1"]["status"] == status


def test_a_number_of_the_carriers_that_comes_later_is_told() -> None:
    server = Sales()
    server.sell(1)
    reader = Reader(server)
    reader.round()
    server.now += timedelta(hours=1)
    server.pack(1, "1Z1")
    assert reader.round() == ["S1"]
    server.now += timedelta(hours=1)
    server.change(PACKAGE, 201, shipping_reference="1Z2")
    assert reader.round() == ["S1"]
    assert [one["tracking_number"] for one in reader.told["S1"]["shipments"]] == ["1Z2"]


def test_a_quotation_is_no_order() -> None:
    server = Sales()
    server.sell(1, state="quotation", sale_date=None)
    assert Reader(server).round() == []


def test_a_sale_that_is_no_order_is_refused_and_the_others_are_told() -> None:
    server = Sales()
    server.sell(1, **{"party.": {"code": "", "rec_name": ""}})
    server.sell(2)
    reader = Reader(server)
    assert reader.round() == ["S2"]
    assert b'"order_id":"S1"' in reader.refused[0]


def test_no_answer_and_a_foreign_cursor_are_transient() -> None:
    server = Sales()
    server.fault = ["UserError", ["You may not.", "", None]]
    with pytest.raises(Transient, match="You may not"):
        Reader(server).round()
    reader = Reader(Sales())
    reader.cursor = "[]"
    with pytest.raises(Transient, match="cursor"):
        reader.round()


@given(steps=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 400), st.booleans()), max_size=40))
def test_law_whatever_changes_between_rounds_all_is_told_in_the_end(steps: list[tuple[int, int, bool]]) -> None:
    server, before = Sales(), module.LIMIT
    module.LIMIT = 3
    try:
        reader = Reader(server)
        for number, seconds, reads in steps:
            server.now += timedelta(seconds=seconds)
            if number in server.tables["sale.sale"]:
                server.change("sale.sale", number, reference=f"again {server.now}")
            else:
                server.sell(number)
            if reads:
                reader.round()
        reader.round()
    finally:
        module.LIMIT = before
    held = {one["number"]: one["reference"] for one in server.tables["sale.sale"].values()}
    assert {name: one["references"][0]["value"] for name, one in reader.told.items()} == held
