"""ERP orders become claims on shipments."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from streams.model import Order, OrderLine, OrderReference
from streams.orders import references_of
from streams.vocabulary import RejectReason


def order(*lines: OrderLine, **changes: Any) -> Order:
    fields: dict[str, Any] = {
        "order_id": "O-1",
        "customer_id": "C-1",
        "status": "open",
        "currency": "EUR",
        "value": 12.5,
        "promised_delivery_at": 7,
        "updated_at": 5,
        "shipments": list(lines),
        **changes,
    }
    return Order(**fields)


def test_every_shipment_of_the_order_is_claimed_under_the_carriers_own_key() -> None:
    rekeyed = references_of(order(OrderLine("D-1", "North", " n1 00 "), OrderLine("D-2", "east", "E7")))
    assert rekeyed.references == [
        OrderReference("north", "N100", "O-1", "D-1", "C-1", 7, 5, order_value=12.5, currency="EUR"),
        OrderReference("east", "E7", "O-1", "D-2", "C-1", 7, 5, order_value=12.5, currency="EUR"),
    ]
    assert not rekeyed.rejects


def test_a_line_said_twice_is_one_claim() -> None:
    said_twice = order(OrderLine("D-1", "north", "N1"), OrderLine("D-1", "NORTH", "n1"))
    assert len(references_of(said_twice).references) == 1


def test_one_shipment_may_fulfil_two_deliveries() -> None:
    shared = order(OrderLine("D-1", "north", "N1"), OrderLine("D-2", "north", "N1"))
    assert len(references_of(shared).references) == 2


@pytest.mark.parametrize(
    ("line", "reason", "path"),
    [
        (OrderLine("D-1", " ", "N1"), RejectReason.NO_REFERENCE, "shipments[1].carrier"),
        (OrderLine("D-1", "north", " "), RejectReason.NO_REFERENCE, "shipments[1].tracking_number"),
        (OrderLine("", "north", "N1"), RejectReason.CONTRACT_BROKEN, "shipments[1].delivery_id"),
    ],
)
def test_a_line_that_claims_nothing_is_refused_and_its_neighbours_go_on(
    line: OrderLine, reason: RejectReason, path: str
) -> None:
    rekeyed = references_of(order(OrderLine("D-0", "north", "N0"), line))
    assert [reference.delivery_id for reference in rekeyed.references] == ["D-0"]
    assert [(reject.reason, reject.path) for reject in rekeyed.rejects] == [(reason, path)]


def test_an_order_without_a_number_claims_nothing() -> None:
    rekeyed = references_of(order(OrderLine("D-1", "north", "N1"), order_id=""))
    assert not rekeyed.references
    assert rekeyed.rejects[0].path == "order_id"


@pytest.mark.parametrize("field", ["order_id", "customer_id", "delivery_id", "tracking_number"])
def test_a_number_no_system_gives_is_refused_by_name_alone(field: str) -> None:
    endless = "7" * 257
    line = OrderLine("D-1", "north", "N1")
    if field in ("delivery_id", "tracking_number"):
        bad = order(replace(line, **{field: endless}), OrderLine("D-2", "north", "N2"))
    else:
        bad = order(line, **{field: endless})
    rekeyed = references_of(bad)
    assert [one.reason for one in rekeyed.rejects] == [RejectReason.TOO_LARGE]
    assert field in rekeyed.rejects[0].detail
    assert [one.delivery_id for one in rekeyed.references] == (["D-2"] if len(bad.shipments) == 2 else [])


@pytest.mark.parametrize("status", ["cancelled", " Canceled ", "VOIDED"])
def test_a_cancelled_order_withdraws_its_claims(status: str) -> None:
    rekeyed = references_of(order(OrderLine("D-1", "north", "N1"), status=status))
    assert rekeyed.references == [OrderReference("north", "N1", "O-1", "D-1", "C-1", 7, 5, True, 12.5, "EUR")]
