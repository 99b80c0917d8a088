"""Ids and numbers that say the same whoever reports them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.ids import digest, normalise_carrier, normalise_tracking_number, shipment_key


@pytest.mark.parametrize("written", ["N1 00", " n100\n", "N100", "n\u00a0100", "n1\t00"])
def test_a_number_is_one_number_however_it_is_typed(written: str) -> None:
    assert normalise_tracking_number(written) == "N100"


@given(st.text())
def test_a_normal_number_stays_as_it_is(written: str) -> None:
    once = normalise_tracking_number(written)
    assert normalise_tracking_number(once) == once


def test_a_carrier_slug_is_trimmed_and_lower_case() -> None:
    assert shipment_key(normalise_carrier(" North "), "N100") == "north:N100"


def test_the_cut_between_parts_counts() -> None:
    assert digest("ab", "c") != digest("a", "bc")
