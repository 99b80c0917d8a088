"""A number is searched for as people write it."""

import pytest

from streams.read_model.rows import KEYS, search_form


@pytest.mark.parametrize(("text", "expected"), [
    ("1z 999-aa1", "1Z999AA1"), ("(00) 3 4012345 123456789 5", "00340123451234567895"), (" - ", ""), ("é-1", "É1"),
])
def test_only_letters_and_digits_count(text: str, expected: str) -> None:
    assert search_form(text) == expected


def test_every_row_is_named_by_some_of_its_fields() -> None:
    assert all(0 < number < len(row._fields) for row, number in KEYS.items())
