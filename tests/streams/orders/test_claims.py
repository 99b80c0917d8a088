"""One version of an ERP order as claims on shipments and references."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from streams.contracts.model import OrderLine, OrderReference, Reference, ReferenceClaim
from streams.kernel.vocabulary import RejectReason, SaidBy
from streams.orders.claims import claims_of
from tests.support.erp_orders import BOL, PO, order


def test_every_shipment_of_the_order_is_claimed_under_the_carriers_own_key() -> None:
    made = claims_of(order(OrderLine("D-1", "North", " n1 00 "), OrderLine("D-2", "east", "E7")))
    assert made.references == [
        OrderReference("north", "N100", "O-1", "D-1", "C-1", 7, 5, order_value=12.5, currency="EUR"),
        OrderReference("east", "E7", "O-1", "D-2", "C-1", 7, 5, order_value=12.5, currency="EUR"),
    ]
    assert not made.rejects


def test_a_line_said_twice_is_one_claim() -> None:
    said_twice = order(OrderLine("D-1", "north", "N1"), OrderLine("D-1", "NORTH", "n1"))
    assert len(claims_of(said_twice).references) == 1


def test_one_shipment_may_fulfil_two_deliveries() -> None:
    shared = order(OrderLine("D-1", "north", "N1"), OrderLine("D-2", "north", "N1"))
    assert len(claims_of(shared).references) == 2


@pytest.mark.parametrize(
    ("line", "reason", "path"),
    [
        (OrderLine("D-1", " ", "N1"), RejectReason.NO_REFERENCE, "shipments[1].carrier"),
        (OrderLine("D-1", "north", " "), RejectReason.NO_REFERENCE, "shipments[1].tracking_number"),
        (OrderLine("D-1", " ", "N1", [BOL]), RejectReason.NO_REFERENCE, "shipments[1].carrier"),
        (OrderLine("D-1", "north", "", [Reference("bol", " ")]), RejectReason.NO_REFERENCE,
         "shipments[1].tracking_number"),
        (OrderLine("", "north", "N1"), RejectReason.CONTRACT_BROKEN, "shipments[1].delivery_id"),
        (OrderLine("D-1", "north", "", [Reference("bol", "7" * 300)]), RejectReason.TOO_LARGE,
         "shipments[1].references"),
    ],
)
def test_a_line_that_claims_nothing_is_refused_and_its_neighbours_go_on(
    line: OrderLine, reason: RejectReason, path: str
) -> None:
    made = claims_of(order(OrderLine("D-0", "north", "N0"), line))
    assert [reference.delivery_id for reference in made.references] == ["D-0"]
    assert [(reject.reason, reject.path) for reject in made.rejects] == [(reason, path)]


def test_an_order_without_a_number_claims_nothing() -> None:
    made = claims_of(order(OrderLine("D-1", "north", "N1"), order_id=""))
    assert not made.references
    assert made.rejects[0].path == "order_id"


@pytest.mark.parametrize("field", ["order_id", "customer_id", "delivery_id", "tracking_number"])
def test_a_number_no_system_gives_is_refused_by_name_alone(field: str) -> None:
    endless = "7" * 257
    line = OrderLine("D-1", "north", "N1")
    if field in ("delivery_id", "tracking_number"):
        bad = order(replace(line, **{field: endless}), OrderLine("D-2", "north", "N2"))
    else:
        bad = order(line, **{field: endless})
    made = claims_of(bad)
    assert [one.reason for one in made.rejects] == [RejectReason.TOO_LARGE]
    assert field in made.rejects[0].detail
    assert [one.delivery_id for one in made.references] == (["D-2"] if len(bad.shipments) == 2 else [])


@pytest.mark.parametrize("status", ["cancelled", " Canceled ", "VOIDED"])
def test_a_cancelled_order_withdraws_its_claims(status: str) -> None:
    made = claims_of(order(OrderLine("D-1", "north", "N1"), status=status))
    assert made.references == [OrderReference("north", "N1", "O-1", "D-1", "C-1", 7, 5, True, 12.5, "EUR")]


def claim(kind: str, value: str, number: str = "", **changes: Any) -> ReferenceClaim:
    plain = ReferenceClaim(kind, value, "north", number, SaidBy.ORDER, 5, 5, False, "O-1", "D-1", "C-1", 7, 12.5, "EUR")
    return replace(plain, **changes)


def test_a_line_without_a_number_claims_by_its_most_specific_reference() -> None:
    made = claims_of(order(OrderLine("D-1", "north", " ", [PO, BOL]), references=[Reference("po", "P1")]))
    assert (made.references, made.claims, made.rejects) == ([], [claim("bol", "B1")], [])


def test_the_orders_own_fields_hold_for_its_lines() -> None:
    made = claims_of(order(OrderLine("D-1", "", ""), references=[PO]))
    assert made.claims == [claim("po", "P9", carrier="")]


def test_a_line_with_a_number_says_whose_its_references_are() -> None:
    made = claims_of(order(OrderLine("D-1", "north", "n1", [BOL]), references=[PO]))
    assert made.claims == [claim("bol", "B1", "N1"), claim("po", "P9", "N1")]
    assert [one.tracking_number for one in made.references] == ["N1"]


def test_a_carrier_is_known_by_any_of_its_names() -> None:
    names = {"North Freight Inc.": "north"}
    made = claims_of(order(OrderLine("D-1", "North Freight Inc.", "N1")), lambda name: names.get(name, name))
    assert made.references[0].carrier == "north"


def test_several_numbers_in_one_field_are_several_claims() -> None:
    made = claims_of(order(OrderLine("D-1", "ups", "1Z12345E0000001914, 1Z12345E0000001923")))
    assert [(one.tracking_number, one.delivery_id) for one in made.references] == [
        ("1Z12345E0000001914", "D-1"), ("1Z12345E0000001923", "D-1"),
    ]
    assert not made.rejects


def test_of_several_numbers_one_that_is_too_long_is_refused_alone() -> None:
    made = claims_of(order(OrderLine("D-1", "north", f"N1000001,{'7' * 300}")))
    assert [one.tracking_number for one in made.references] == ["N1000001"]
    assert [(one.reason, one.path) for one in made.rejects] == [
        (RejectReason.TOO_LARGE, "shipments[0].tracking_number")
    ]
