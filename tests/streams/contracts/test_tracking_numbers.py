"""One number, however a label, a scanner or a person writes it; several numbers in one field are several."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.tracking_numbers import LABEL_FORMS, sscc, tracking_number, tracking_numbers

USPS, FEDEX, GROUND = "9400136895232147700128", "771024460183", "040215501288377"


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
    assert tracking_number(carrier, text) == number


@pytest.mark.parametrize(("carrier", "number"), [
    ("acme", f"42094107{USPS}"), ("usps", "42094107"), ("usps", f"420ABCDE{USPS}"), ("fedex", "9" * 34),
    ("ups", f"1001921334250001000300{FEDEX}"), ("fedex", "7" * 22),
])
def test_a_number_that_is_no_labels_form_of_this_carrier_stays_as_it_is(carrier: str, number: str) -> None:
    assert tracking_number(carrier, number) == number


@given(st.sampled_from(["usps", "fedex", "dhl", "ups", "acme"]), st.text(alphabet="0123456789() AZ", max_size=40))
def test_what_is_normalised_once_is_normalised(carrier: str, text: str) -> None:
    once = tracking_number(carrier, text)
    assert tracking_number(carrier, once) == once


def test_every_form_has_one_number_and_says_its_source() -> None:
    assert [form.shape.pattern for form in LABEL_FORMS if form.shape.groups != 1 or not form.source] == []


@pytest.mark.parametrize("text", [
    "1Z12345E0000001914, 1Z12345E0000001923", "1Z12345E0000001914;1Z12345E0000001923",
    "1Z12345E0000001914\n1Z12345E0000001923", "1Z12345E0000001914 | 1z12345e0000001923",
    "1Z12345E0000001914/1Z12345E0000001923", "1Z12345E0000001914 1Z12345E0000001923",
    "1Z12345E0000001914 & 1Z12345E0000001923, 1Z12345E0000001914",
])
def test_several_numbers_in_one_field_are_told_apart(text: str) -> None:
    assert tracking_numbers("ups", text) == ["1Z12345E0000001914", "1Z12345E0000001923"]


@pytest.mark.parametrize(("text", "number"), [
    ("9400 1368 9523 2147 7001 28", USPS), ("RA 123 456 785 DE", "RA123456785DE"), ("47/11", "47/11"), ("", ""),
    ("AB-12/3456-7", "AB-12/3456-7"), (" , ", ""),
])
def test_blanks_and_a_slash_within_a_number_do_not_divide_it(text: str, number: str) -> None:
    assert tracking_numbers("usps", text) == [number]


def test_an_sscc_is_18_digits_with_or_without_its_identifier() -> None:
    assert {sscc("(00)340123451234567894"), sscc("00340123451234567894"), sscc("340123451234567894")} == {
        "340123451234567894"
    }
    assert sscc("4711") == "4711"
