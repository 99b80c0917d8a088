"""The demo's numbers are such as their carriers give, check digits included."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.carriers import folders
from connectors.mapping.loading import read_carrier_file
from connectors.mapping.values.check_digits import is_wrong
from topologies.demo import numbers

SCHEMES = {folder.name: read_carrier_file(folder).schemes for folder in folders()}


@pytest.mark.parametrize(("carrier", "make"), [("ups", numbers.ups), ("fedex", numbers.fedex), ("usps", numbers.usps)])
@given(st.integers())
def test_made_numbers_pass_their_carriers_check(carrier: str, make: object, seed: int) -> None:
    assert callable(make)
    number = make(Random(seed))
    fitting = [scheme for scheme in SCHEMES[carrier] if scheme.shape.fullmatch(number)]
    assert fitting
    assert not is_wrong(fitting[0], number)


@given(st.integers())
def test_the_others_have_their_carriers_form(seed: int) -> None:
    rng = Random(seed)
    assert re.fullmatch(r"[1-9]\d{9}", numbers.dhl(rng))
    assert len(numbers.pro(rng)) == 10
