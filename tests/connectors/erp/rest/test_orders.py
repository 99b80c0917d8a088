"""Orders read by cursor: every change once at least, whatever changes while pages are read."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from connectors.erp.port import OrderPage
from connectors.gateway.orders import OrderDocument
from streams.kernel.errors import Reject, Transient
from streams.kernel.vocabulary import RejectReason
from tests.fakes.erp.business_central import BusinessCentral
from tests.fakes.erp.erpnext import ErpNext
from tests.fakes.erp.odoo import Odoo
from tests.fakes.erp.stand_in import Fault
from tests.support.rest_erps import CASES, Case, Scene, scene, within

DAY_1, DAY_2 = "2026-09-14", "2026-09-15"


def encoded(document: dict[str, Any]) -> tuple[bytes, bytes]:
    """The document as it is, once the order webhook would take it."""
    try:
        OrderDocument.model_validate(document)
    except ValueError as error:
        raise Reject(RejectReason.CONTRACT_BROKEN, str(error)) from None
    return document["order_id"].encode(), json.dumps(document).encode()


async def all_pages(there: Scene, cursor: str = "", most: int = 50) -> tuple[list[dict[str, Any]], list[bytes], str]:
    """The documents of one round, what is refused, and the cursor after it."""
    found: list[dict[str, Any]] = []
    refused: list[bytes] = []
    for _ in range(most):
        page: OrderPage = await there.erp.orders(cursor)
        found += [json.loads(value) for _, value in page.orders if value is not None]
        refused += [raw for raw, _ in page.refused]
        cursor = page.cursor
        if not page.more:
            return found, refused, cursor
    raise AssertionError("the pages do not end")


EXPECTED: dict[str, dict[str, Any]] = {
    "odoo": {
        "order_id": "S00003", "customer_id": "77", "status": "open", "updated_at": f"{DAY_1}T10:05:00.000Z",
        "currency": "EUR", "value": 120.5, "promised_delivery_at": "2026-09-20T12:00:00.000Z",
        "references": [{"type": "po", "value": "PO-9"}],
        "shipments": [{
            "delivery_id": "WH/OUT/00007", "carrier": None, "tracking_number": None,
            "references": [{"type": "delivery_note", "value": "WH/OUT/00007"}],
        }],
    },
    "erpnext": {
        "order_id": "SO-3", "customer_id": "Ada", "status": "open", "updated_at": f"{DAY_1}T10:05:00.123Z",
        "currency": "EUR", "value": 120.5, "promised_delivery_at": "2026-09-20T23:59:59.000Z",
        "references": [{"type": "po", "value": "PO-9"}],
        "shipments": [{
            "delivery_id": "DN-7", "carrier": None, "tracking_number": None,
            "references": [{"type": "delivery_note", "value": "DN-7"}],
        }],
    },
    "sap_s4hana": {
        "order_id": "3", "customer_id": "77", "status": "open", "updated_at": f"{DAY_1}T10:00:00.000Z",
        "currency": "EUR", "value": 120.5, "promised_delivery_at": "2026-09-20T00:00:00.000Z",
        "references": [{"type": "po", "value": "PO-9"}],
        "shipments": [{"delivery_id": "80001", "references": [{"type": "bol", "value": "BOL-1"}]}],
    },
    "netsuite": {
        "order_id": "SO3", "customer_id": "77", "status": "open", "updated_at": f"{DAY_1}T10:00:00.000Z",
        "currency": "EUR", "value": 120.5, "references": [{"type": "po", "value": "PO-9"}],
        "shipments": [{"delivery_id": "501", "references": [{"type": "delivery_note", "value": "IF501"}]}],
    },
    "business_central": {
        "order_id": "S3", "customer_id": "C-77", "status": "open", "updated_at": f"{DAY_1}T10:00:00.120Z",
        "currency": "EUR", "value": 120.5, "promised_delivery_at": "2026-09-20T00:00:00.000Z",
        "references": [{"type": "order", "value": "S3"}], "shipments": [],
    },
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_order_comes_in_the_shape_of_the_webhook(case: Case) -> None:
    async def act(there: Scene) -> None:
        found, refused, cursor = await all_pages(there)
        assert not refused
        assert found
        assert all(one == EXPECTED[case.name] for one in found)
        again, _, after = await all_pages(there, cursor)
        assert after == cursor
        assert all(one in found for one in again)

    within(case, act, encode=encoded)


def test_a_round_reads_every_order_though_they_change_meanwhile() -> None:
    """Ten at one moment, pages of three: what moves to the end while pages are read pushes nothing past the reader."""
    case = CASES["odoo"]

    async def act(there: Scene) -> None:
        odoo = there.there
        assert isinstance(odoo, Odoo)
        orders = odoo.models["sale.order"]
        [first] = orders
        orders[:] = [
            {**first, "id": number, "name": f"S{number:05}", "write_date": f"{DAY_1} 10:00:{number // 4:02}"}
            for number in range(20)
        ]
        there.erp._puller._compiled.orders["orders"].declared.__dict__["limit"] = 3  # type: ignore[union-attr]
        seen: set[str] = set()
        cursor, number = "", 0
        while True:
            page = await there.erp.orders(cursor)
            seen |= {key.decode() for key, _ in page.orders}
            orders[number % 20]["write_date"] = f"{DAY_2} 10:00:{number:02}"
            number += 1
            cursor = page.cursor
            if not page.more:
                break
        assert seen == {f"S{one:05}" for one in range(20)}

    within(case, act, encode=encoded)


def test_a_tracking_number_entered_later_is_a_change_of_the_order() -> None:
    case = CASES["odoo"]

    async def act(there: Scene) -> None:
        odoo = there.there
        assert isinstance(odoo, Odoo)
        _, _, cursor = await all_pages(there)
        odoo.models["stock.picking"][0].update(carrier_tracking_ref="AC123", write_date=f"{DAY_2} 08:00:00")
        found, _, _ = await all_pages(there, cursor)
        newest = max(found, key=lambda one: str(one["updated_at"]))
        assert newest["updated_at"] == f"{DAY_2}T08:00:00.000Z"
        assert newest["shipments"][0]["tracking_number"] == "AC123"
        assert newest["shipments"][0]["carrier"] == "acme"

    within(case, act, encode=encoded)


def test_cancellations_and_deletions_are_cancelled_orders() -> None:
    case = CASES["erpnext"]

    async def act(there: Scene) -> None:
        erpnext = there.there
        assert isinstance(erpnext, ErpNext)
        _, _, cursor = await all_pages(there)
        orders = erpnext.documents["Sales Order"]
        orders["SO-3"].update(docstatus=2, modified=f"{DAY_2} 08:00:00.000000")
        erpnext.documents["Deleted Document"]["x"] = {
            "deleted_doctype": "Sales Order", "deleted_name": "SO-4", "creation": f"{DAY_2} 09:00:00.000000",
            "data": json.dumps({"customer": "Grace"}),
        }
        found, refused, _ = await all_pages(there, cursor)
        told = {one["order_id"]: (one["status"], one["customer_id"], one["updated_at"]) for one in found}
        assert not refused
        assert told == {
            "SO-3": ("cancelled", "Ada", f"{DAY_2}T08:00:00.000Z"),
            "SO-4": ("cancelled", "Grace", f"{DAY_2}T09:00:00.000Z"),
        }

    within(case, act, encode=encoded)


def test_an_item_that_is_no_order_is_handed_over_whole_and_stops_nothing() -> None:
    case = CASES["business_central"]

    async def act(there: Scene) -> None:
        erp = there.there
        assert isinstance(erp, BusinessCentral)
        erp.orders["id-4"] = {**erp.orders["id-3"], "id": "id-4", "number": ""}
        erp.orders["id-5"] = {**erp.orders["id-3"], "id": "id-5", "lastModifiedDateTime": "2026-09-99"}
        found, refused, _ = await all_pages(there)
        assert [one["order_id"] for one in found] == ["S3"]
        assert sorted(json.loads(raw)["id"] for raw in refused) == ["id-4", "id-5"]

    within(case, act, encode=encoded)


@pytest.mark.parametrize("answer", [
    lambda: web.json_response({}, status=503), lambda: web.Response(text="<html>", content_type="text/html"),
    lambda: web.json_response({"unexpected": 1}), lambda: web.json_response({}, status=401),
])
def test_an_erp_that_does_not_answer_is_asked_again_later(answer: Any) -> None:
    case = CASES["odoo"]

    async def act(there: Scene) -> None:
        there.there.faults.append(Fault(writing=False, answer=answer))
        with pytest.raises(Transient):
            await there.erp.orders("")
        found, _, _ = await all_pages(there)
        assert found

    within(case, act, encode=encoded)


def test_a_cursor_that_cannot_be_read_is_said_and_not_begun_anew() -> None:
    async def act() -> None:
        async with scene(CASES["odoo"], encode=encoded) as there:
            with pytest.raises(Transient, match="cursor"):
                await there.erp.orders("{}{")

    asyncio.run(act())


def test_without_an_encoder_no_orders_are_read() -> None:
    async def act() -> None:
        async with scene(CASES["odoo"]) as there:
            assert await there.erp.orders("") == OrderPage((), "")

    asyncio.run(act())
