"""Histograms of dwells: the same in any order, and never off by more than an eighth."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.contracts.dwells import DwellNorm
from streams.kernel.vocabulary import Status
from streams.norms.histogram import PERIOD_MS, bucket_of, longest_in, quantile, with_dwell

HOUR = 3_600_000
NOW = 700 * PERIOD_MS
NEW = DwellNorm("north", "US>DE", Status.IN_TRANSIT, 0, 0, 0)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400 * HOUR), st.integers(NOW - 8 * PERIOD_MS, NOW)), max_size=30), st.data())
def test_a_histogram_depends_on_the_set_of_dwells_alone(told: list[tuple[int, int]], data: st.DataObject) -> None:
    def all_counted(order: list[tuple[int, int]]) -> DwellNorm:
        norm = NEW
        for dwelt_ms, left_at in order:
            norm = with_dwell(norm, dwelt_ms, left_at)
        return norm

    assert all_counted(told) == all_counted(data.draw(st.permutations(told)))


@settings(deadline=None)
@given(st.integers(0, 190 * 24 * HOUR))
def test_a_length_lies_in_its_bucket(dwelt_ms: int) -> None:
    bucket = bucket_of(dwelt_ms)
    assert dwelt_ms < longest_in(bucket)
    assert bucket == 0 or longest_in(bucket - 1) <= dwelt_ms
    shortest = 0 if bucket == 0 else longest_in(bucket - 1)
    assert longest_in(bucket) - shortest <= max((shortest + 8000) / 8, 1000)


@pytest.mark.parametrize("dwelt_ms", [-5, 0, 1 << 62])
def test_a_length_beyond_all_reason_is_counted_too(dwelt_ms: int) -> None:
    assert 0 <= bucket_of(dwelt_ms) < 200


def test_of_nothing_nothing_is_usual() -> None:
    assert quantile([], 0.5) == 0
