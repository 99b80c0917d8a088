"""Retry-After in both its forms, and in none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.resilience.retry_after import LONGEST_MS, retry_after

NOW = 1_790_000_000_000


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("120", 120_000),
        (" 0 ", 0),
        ("Mon, 21 Sep 2026 14:13:50 GMT", 30_000),
        ("Monday, 21-Sep-26 14:13:50 GMT", 30_000),
        ("999999999999999", LONGEST_MS),
        ("Fri, 01 Jan 2100 00:00:00 GMT", LONGEST_MS),
    ],
)
def test_seconds_and_dates_are_understood(value: str, wait: int) -> None:
    assert retry_after(value, NOW) == NOW + wait


@pytest.mark.parametrize("value", [None, "", "soon", "-5", "1.5", "Mon, 21 Sep 2020 14:13:50 GMT", "٣"])
def test_an_empty_retry_after_is_none(value: str | None) -> None:
    assert retry_after(value, NOW) == 0


@given(st.text(max_size=40))
def test_no_retry_after_raises_or_waits_for_ever(value: str) -> None:
    assert 0 <= retry_after(value, NOW) <= NOW + LONGEST_MS
