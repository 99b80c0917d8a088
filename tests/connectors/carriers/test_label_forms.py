"""Tracking numbers as labels have them are the number, for carriers' events and for orders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.carriers import discover
from streams.contracts.ids import normalise_tracking_number
from streams.contracts.model import OrderLine
from streams.orders.claims import claims_of
from tests.support.erp_orders import order

USPS, FEDEX, GROUND = "9400136895232147700128", "771024460183", "040215501288377"
NAMES = discover()[0].names


def number_of(carrier: str, text: str) -> str:
    return NAMES.number_of(carrier, normalise_tracking_number(text))


@pytest.mark.parametrize(("carrier", "text", "number"), [
    ("usps", f"42094107{USPS}", USPS),
    ("usps", f"420941071234{USPS}", USPS),
    ("usps", f"420 94107 {USPS[:4]} {USPS[4:8]} {USPS[8:]}", USPS),
    ("usps", "4209410792748901899990002044601107", "92748901899990002044601107"),
    ("ups", f"42094107{USPS}", USPS),
    ("usps", USPS, USPS),
    ("fedex", f"1001921334250001000300{FEDEX}", FEDEX),
    ("fedex", f"96220019000000000000 00{FEDEX}", FEDEX),
    ("fedex", f"9611020{GROUND}", GROUND),
    ("fedex", " dt 7710 2446 0183 ", "DT771024460183"),
    ("dhl", "(00)340434161094015902", "00340434161094015902"),
    ("dhl", "340434161094015902", "00340434161094015902"),
    ("dhl", "00340434161094015902", "00340434161094015902"),
    ("gls", "(00) 3 4012345 123456789 4", "340123451234567894"),
    ("royalmail", "RA 123 456 785 GB", "RA123456785GB"),
    ("ups", "1z 999 aa1 01 2345 6784", "1Z999AA10123456784"),
])
def test_a_labels_form_of_a_number_is_the_number(carrier: str, text: str, number: str) -> None:
    assert number_of(carrier, text) == number


@pytest.mark.parametrize(("carrier", "number"), [
    ("acme", f"42094107{USPS}"), ("usps", "42094107"), ("usps", f"420ABCDE{USPS}"), ("fedex", "9" * 34),
    ("ups", f"1001921334250001000300{FEDEX}"), ("fedex", "7" * 22),
])
def test_a_number_that_is_no_labels_form_of_this_carrier_stays_as_it_is(carrier: str, number: str) -> None:
    assert number_of(carrier, number) == number


@given(st.sampled_from(["usps", "fedex", "dhl", "ups", "acme"]), st.text(alphabet="0123456789() AZ", max_size=40))
def test_the_number_is_no_labels_form_itself(carrier: str, text: str) -> None:
    once = number_of(carrier, text)
    assert number_of(carrier, once) == once


def test_an_order_may_name_the_number_as_its_label_has_it() -> None:
    line = OrderLine("D-1", "USPS", "420 94107 9400 1368 9523 2147 7001 28")
    made = claims_of(order(line), NAMES.slug_of, NAMES.number_of)
    assert [(one.carrier, one.tracking_number) for one in made.references] == [("usps", USPS)]
