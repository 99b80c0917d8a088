"""The rows a value makes: once for all repeats, without a stage's own record, found by every number."""

from __future__ import annotations

import pytest
from msgspec import Struct, msgpack, structs

from streams.contracts.model import Alert, MasterRecord, OutboundOutcome, ShipmentState
from streams.kernel.vocabulary import AlertState, MasterKind, Punctuality, Status
from streams.read_model import rows
from streams.read_model.project import VALUES, changes, order_and_shipment, removals
from streams.read_model.rows import Handle, Put, Remove
from tests.support.read_model_world import ACME, NOON, OTHER, link, shipment, world


def put(key: str, value: Struct) -> Put:
    [change] = changes(key, value, NOON)
    assert isinstance(change, Put)
    return change


def test_the_world_of_the_tests_has_every_kind_of_value() -> None:
    assert {type(value) for _, value in world()} == set(VALUES)


@pytest.mark.parametrize(("key", "value"), world(), ids=lambda one: "" if isinstance(one, str) else type(one).__name__)
def test_a_value_makes_a_row_that_holds_it(key: str, value: Struct) -> None:
    row = put(key, value).row
    back = msgpack.decode(row.doc, type=type(value))
    left_out = {"record": b"", **({"about": []} if isinstance(value, OutboundOutcome) else {})}
    assert back == structs.replace(value, **{one: left_out[one] for one in {*left_out} & {*value.__struct_fields__}})


def test_a_shipment_is_found_by_its_number_and_those_of_its_orders() -> None:
    change = put("ups:1Z 1", shipment("1Z 1", Status.BOOKED, NOON, orders=[link("SO-1", OTHER), link("SO-2", ACME)]))
    assert change.handles == (
        Handle("1Z1", "tracking"), Handle("SO1", "order"), Handle("DNSO1", "delivery"), Handle("SO2", "order"),
        Handle("DNSO2", "delivery"),
    )
    assert change.customers == ((ACME, Punctuality.NO_PROMISE), (OTHER, Punctuality.NO_PROMISE))


def test_what_was_put_off_stands_behind_what_was_not() -> None:
    alerts = [value for _, value in world() if isinstance(value, Alert) and value.state is AlertState.RAISED]
    ranks = {}
    for one in alerts:
        for state in (AlertState.RAISED, AlertState.SNOOZED):
            row = put("", structs.replace(one, state=state)).row
            assert isinstance(row, rows.Alert)
            ranks[state, one.alert_id] = row.rank
    raised = [rank for (state, _), rank in ranks.items() if state is AlertState.RAISED]
    snoozed = [rank for (state, _), rank in ranks.items() if state is AlertState.SNOOZED]
    assert min(raised) > max(snoozed)


def test_a_customer_that_is_withdrawn_is_gone() -> None:
    record = MasterRecord(MasterKind.CUSTOMER, ACME, NOON, "ada", withdrawn=True)
    assert changes("customer:C-ACME", record, NOON) == [Remove(rows.Customer, (ACME,))]
    assert changes("carrier:ups", structs.replace(record, kind=MasterKind.CARRIER), NOON) == []


def test_a_deleted_key_takes_its_row_with_it() -> None:
    assert removals(ShipmentState, "ups:1") == [Remove(rows.Shipment, ("ups:1",))]
    assert removals(MasterRecord, "customer:1") == []


def test_a_queue_names_its_order_and_shipment_whatever_the_order_is_called() -> None:
    assert order_and_shipment("SO:1:ups:1Z1") == ("SO:1", "ups:1Z1")
    assert order_and_shipment("1Z1") == ("", ":1Z1")
