"""Several numbers in one field are several; blanks and slashes within a number do not divide it."""

from __future__ import annotations

import pytest

from streams.contracts.tracking_numbers import sscc, tracking_numbers

TWO = ["1Z12345E0000001914", "1Z12345E0000001923"]


@pytest.mark.parametrize("text", [
    "1Z12345E0000001914, 1Z12345E0000001923", "1Z12345E0000001914;1Z12345E0000001923",
    "1Z12345E0000001914\n1Z12345E0000001923", "1Z12345E0000001914 | 1z12345e0000001923",
    "1Z12345E0000001914/1Z12345E0000001923", "1Z12345E0000001914 1Z12345E0000001923",
    "1Z12345E0000001914 & 1Z12345E0000001923, 1Z12345E0000001914",
])
def test_several_numbers_in_one_field_are_told_apart(text: str) -> None:
    assert tracking_numbers("acme", text) == TWO


@pytest.mark.parametrize(("text", "number"), [
    ("9400 1368 9523 2147 7001 28", "9400136895232147700128"), ("RA 123 456 785 DE", "RA123456785DE"),
    ("47/11", "47/11"), ("", ""), ("AB-12/3456-7", "AB-12/3456-7"), (" , ", ""), ("n1 00", "N100"),
])
def test_blanks_and_a_slash_within_a_number_do_not_divide_it(text: str, number: str) -> None:
    assert tracking_numbers("acme", text) == [number]


def test_each_number_is_taken_out_of_its_labels_form() -> None:
    assert tracking_numbers("acme", "x1, X2", lambda carrier, number: f"{carrier}{number}") == ["acmeX1", "acmeX2"]


def test_an_sscc_is_18_digits_with_or_without_its_identifier() -> None:
    assert {sscc("(00)340123451234567894"), sscc("00340123451234567894"), sscc("340123451234567894")} == {
        "340123451234567894"
    }
    assert sscc("4711") == "4711"
