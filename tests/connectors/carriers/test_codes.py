"""The meaning of single codes of a carrier, the doubtful ones above all."""

from __future__ import annotations

import pytest

from connectors.carriers import HOME
from connectors.mapping.declared.schema import X12
from connectors.mapping.declared.status_tables import StatusTable
from connectors.mapping.loading import read_carrier_file
from connectors.mapping.x12.tables import codes_of

X12_CODES = codes_of(X12(["214"]))
TABLES: dict[str, StatusTable] = {
    f"{name}/{table}": found
    for name in ("ups", "fedex", "dhl", "easypost", "aftership")
    for table, found in read_carrier_file(HOME / name).tables.items()
}


@pytest.mark.parametrize(("table", "code", "reason", "milestone", "exception", "because"), [
    ("ups/activities", "X:48", None, "delivery_attempted", "consignee", "consignee_absent"),
    ("ups/activities", "X:55", None, "delivery_attempted", "consignee", "consignee_closed"),
    ("ups/activities", "X:KR", None, "delivery_attempted", "refusal", "consignee_refused"),
    ("ups/activities", "X:08", None, "in_transit", "delay", "processing_delay"),
    ("ups/activities", "X:AG", None, "in_transit", "address", "address_incomplete"),
    ("ups/activities", "I:AG", None, "in_transit", "none", "normal"),
    ("ups/activities", "X:UA", None, "returning", "none", "normal"),
    ("ups/activities", "D:UA", None, "returned", "none", "normal"),
    ("ups/activities", "D:B0", None, "returned", "none", "normal"),
    ("ups/activities", "D:2Q", None, "available_for_pickup", "none", "normal"),
    ("ups/activities", "I:2Q", None, "available_for_pickup", "none", "normal"),
    ("ups/activities", "I:ZP", None, "available_for_pickup", "none", "normal"),
    ("ups/activities", "D:50", None, "delivery_attempted", "address", "address_incorrect"),
    ("ups/activities", "D:9E", None, "delivered", "none", "normal"),
    ("ups/activities", "X:KM", None, "info", "none", "normal"),
    ("ups/activities", "RS:AB", None, "returning", "none", "normal"),
    ("ups/activities", "092", None, "customs_started", "none", "normal"),
    ("fedex/events", "RR", None, "info", "none", "normal"),
    ("fedex/events", "EA", None, "in_transit", "none", "normal"),
    ("fedex/events", "AC", None, "arrived_facility", "none", "normal"),
    ("fedex/events", "DO", None, "picked_up", "none", "normal"),
    ("fedex/events", "DE", "07", "delivery_attempted", "refusal", "consignee_refused"),
    ("fedex/events", "DE", "007", "delivery_attempted", "consignee", "consignee_absent"),
    ("fedex/events", "DE", "03", "delivery_attempted", "address", "address_incorrect"),
    ("fedex/events", "DE", "12", "delivery_attempted", "delay", "weather"),
    ("dhl/express", "PD", None, "in_transit", "shortage", "unknown"),
    ("dhl/express", "CS", None, "info", "none", "normal"),
    ("dhl/express", "BR", None, "customs_released", "none", "normal"),
    ("easypost/details", "failure:awaiting_information", None, "stored", "hold", "instructions_awaited"),
    ("easypost/details", "in_transit:return", None, "returning", "none", "normal"),
    ("easypost/details", "in_transit:lost", None, "in_transit", "loss", "unknown"),
    ("easypost/details", "delivered:return", None, "returned", "none", "normal"),
    ("easypost/details", "delivered:refused", None, "info", "other", "unknown"),
    ("easypost/details", "pre_transit:cancelled", None, "info", "other", "unknown"),
    ("aftership/checkpoints", "Exception_018", None, "stored", "documents", "customs_documents"),
    ("aftership/checkpoints", "Delivered", None, "delivered", "none", "normal"),
])
def test_a_code_means(
    table: str, code: str, reason: str | None, milestone: str, exception: str, because: str
) -> None:
    found = TABLES[table].lookup(code, "", reason)
    assert (found.milestone, found.exception, found.reason) == (milestone, exception, because)


@pytest.mark.parametrize(("code", "milestone", "exception"), [
    ("A7", "delivery_attempted", "refusal"), ("AI", "in_transit", "none"), ("PA", "in_transit", "shortage"),
    ("AL", "loaded", "none"), ("UR", "arrived_facility", "none"), ("CT", "customs_released", "none"),
])
def test_a_status_code_of_x12_means(code: str, milestone: str, exception: str) -> None:
    found = X12_CODES.lookup(code, "", "")
    assert (found.milestone, found.exception) == (milestone, exception)


def test_only_what_ups_calls_a_delivery_to_the_receiver_is_one() -> None:
    table = TABLES["ups/activities"]
    delivered = {code for code in table.published if table.lookup(code, "", None).milestone == "delivered"}
    assert {code.partition(":")[0] for code in delivered} == {"D", "011", "026", "156"}
    assert delivered & {"D:1N", "D:P5", "D:2Q", "D:ZI", "D:F7", "D:4X", "D:MY"} == set()
