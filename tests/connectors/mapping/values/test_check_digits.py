"""Check digits, against numbers printed in the standards and on public labels."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.mapping.values.check_digits import RULES, Checks, Scheme, any_is_wrong
from streams.contracts.model import Reference

PUBLISHED = [
    ("weights_1_2", "1Z5R89390357567127"), ("weights_1_2", "1Z879E930346834440"), ("weights_1_2", "1Z410E7W0392751591"),
    ("weights_3_1_7", "986578788855"), ("weights_3_1_7", "477179081230"), ("weights_3_1_7", "799531274483"),
    ("gs1", "9400111202555842332669"), ("gs1", "9261292700768711948021"), ("gs1", "106141412345678908"),
    ("gs1", "340123450000000000"), ("mod_7", "12345675"),
]


@pytest.mark.parametrize(("rule", "number"), PUBLISHED)
def test_published_numbers_have_the_digit_their_rule_makes(rule: str, number: str) -> None:
    body = number.removeprefix("1Z")[:-1]
    assert RULES[rule](body) == number[-1]


@pytest.mark.parametrize("number", ["RB123456785GB", "EE876543216CA", "CC473124829DE"])
def test_postal_items_are_checked_as_the_upu_has_it(number: str) -> None:
    assert RULES["s10"](number[2:10]) == number[10]


@pytest.mark.parametrize("number", ["CSQU3054383", "MSKU6011672", "TOLU4734787"])
def test_containers_are_checked_as_iso_6346_has_it(number: str) -> None:
    assert not any_is_wrong([Reference("container", number)])
    spoiled = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert any_is_wrong([Reference("container", spoiled)])


@given(st.from_regex(r"\d{8}", fullmatch=True), st.integers(0, 7), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(body: str, place: int, off: int) -> None:
    other = body[:place] + str((int(body[place]) + off) % 10) + body[place + 1 :]
    assert RULES["gs1"](body) != RULES["gs1"](other)


def test_a_number_of_another_shape_or_carrier_proves_nothing() -> None:
    scheme = Scheme(re.compile(r"(\d{11})(\d)"), RULES["weights_3_1_7"])
    checks = Checks({"north": [scheme], "south": []})
    assert checks.number_is_wrong("north", "986578788856")
    assert not checks.number_is_wrong("north", "986578788855")
    assert not checks.number_is_wrong("north", "98657878885")
    assert not checks.number_is_wrong("south", "986578788856")
    assert not checks.number_is_wrong("east", "986578788856")
    assert not any_is_wrong([Reference("po", "106141412345678909")])
    assert any_is_wrong([Reference("sscc", "00106141412345678909")])
