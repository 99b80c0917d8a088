"""Check digits, against numbers whose digits are public examples."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.demo import numbers


@pytest.mark.parametrize("number", ["1Z5R89390357567127", "1Z879E930346834440", "1Z410E7W0392751591"])
def test_published_ups_numbers_pass(number: str) -> None:
    assert numbers.ups_check_digit(number[2:17]) == number[17]


@pytest.mark.parametrize("number", ["986578788855", "477179081230", "799531274483"])
def test_published_fedex_numbers_pass(number: str) -> None:
    assert numbers.fedex_check_digit(number[:11]) == number[11]


@pytest.mark.parametrize("number", ["9400111202555842332669", "9261292700768711948021"])
def test_published_usps_numbers_pass(number: str) -> None:
    assert numbers.usps_check_digit(number[:21]) == number[21]


@given(st.integers())
def test_made_numbers_have_the_carriers_form(seed: int) -> None:
    rng = Random(seed)
    ups, fedex, dhl = numbers.ups(rng), numbers.fedex(rng), numbers.dhl(rng)
    assert (len(ups), ups[:2]) == (18, "1Z")
    assert ups[17] == numbers.ups_check_digit(ups[2:17])
    assert len(fedex) == 12
    assert len(dhl) == 10
    assert int(dhl[:9]) % 7 == int(dhl[9])
    assert len(numbers.usps(rng)) == 22
    assert len(numbers.pro(rng)) == 10
