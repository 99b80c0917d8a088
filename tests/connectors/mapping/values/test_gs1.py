"""GS1 identifiers as EPCIS writes them, to the keys people print on labels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.mapping.values.gs1 import check_digit, key_of


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("urn:epc:id:sscc:0614141.1234567890", ("sscc", "106141412345678908")),
        ("https://id.gs1.org/00/106141412345678908", ("sscc", "106141412345678908")),
        ("urn:epc:id:sgtin:0614141.107346.2017", ("sgtin", "10614141073464.2017")),
        ("https://id.example.com/some/path/01/10614141073464/21/2017?x=1", ("sgtin", "10614141073464.2017")),
        ("https://id.gs1.org/8004/4000001111", ("giai", "4000001111")),
        ("https://id.gs1.org/01/10614141073464", ("gtin", "10614141073464")),
        ("urn:epc:id:giai:4000001.12345", ("giai", "4000001.12345")),
        ("urn:epc:class:lgtin:4012345.012345.998877", ("lgtin", "4012345.012345.998877")),
        ("urn:epcglobal:cbv:bt:0614141073467:1152", ("", "1152")),
        ("http://transaction.acme.com/po/12345678", ("", "12345678")),
        ("urn:epc:id:sscc:0614141.12", ("sscc", "0614141.12")),
        ("PO 7", ("", "PO 7")),
        ("urn:epc:id:sscc:0614141.123456789²", ("sscc", "0614141.123456789²")),
        ("urn:epc:id:sscc:10614141234567890.", ("sscc", "10614141234567890")),
        ("urn:epc:id:sgtin:1061414123456..7", ("sgtin", "1061414123456.7")),
    ],
)
def test_an_identifier_gives_its_key(text: str, key: tuple[str, str]) -> None:
    assert key_of(text) == key


@given(st.text(max_size=40))
def test_any_text_gives_some_key(text: str) -> None:
    assert isinstance(key_of(text)[1], str)


@given(st.text("0123456789", min_size=1, max_size=30))
def test_a_number_with_its_check_digit_weighs_a_multiple_of_ten(body: str) -> None:
    whole = body + check_digit(body)
    assert sum(int(digit) * (1 if place % 2 == 0 else 3) for place, digit in enumerate(reversed(whole))) % 10 == 0
