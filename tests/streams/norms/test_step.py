"""What is usual is learnt from dwells: in any order and division the same, and each counted once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.contracts.dwell_keys import ANY, key_of
from streams.contracts.ids import digest
from streams.contracts.model import Dwell, DwellNorm
from streams.kernel.vocabulary import Status
from streams.norms.step import (
    KEPT_PERIODS,
    PERIOD_MS,
    RECENT_IDS,
    bucket_of,
    counted_in,
    learn,
    longest_in,
    quantile,
)

HOUR = 3_600_000
NOW = 700 * PERIOD_MS
NEW = DwellNorm("north", "US>DE", Status.IN_TRANSIT, 0, 0, 0)


def dwell(number: int, hours: float = 10, lane: str = "US>DE", left_at: int = NOW) -> Dwell:
    return Dwell(digest("dwell", str(number)), "north", lane, Status.IN_TRANSIT, round(hours * HOUR), left_at)


def taught(*chunks: list[Dwell]) -> dict[str, DwellNorm]:
    states: dict[str, DwellNorm] = {}
    for chunk in chunks:
        states |= learn(chunk, states).states
    return states


def test_a_dwell_is_counted_for_its_lane_its_carrier_and_all() -> None:
    states = taught([dwell(1), dwell(2, lane="SE>SE")])
    counted = {key: norm.observations for key, norm in states.items()}
    assert counted == {
        "north:US>DE:in_transit": 1, "north:SE>SE:in_transit": 1, "north:*:in_transit": 2, "*:*:in_transit": 2,
    }


def test_half_and_95_of_100_are_told_an_eighth_too_long_at_most() -> None:
    norm = taught([dwell(number, hours=number + 1) for number in range(100)])[key_of(ANY, ANY, Status.IN_TRANSIT)]
    assert norm.observations == 100
    assert 50 * HOUR <= norm.median_ms <= 50 * HOUR * 9 / 8
    assert 95 * HOUR <= norm.usual_ms <= 95 * HOUR * 9 / 8


def test_a_dwell_told_again_is_counted_once_also_by_a_later_chunk() -> None:
    once = taught([dwell(1), dwell(2)])
    assert taught([dwell(1), dwell(2), dwell(1)], [dwell(2)]) == once
    assert learn([dwell(1), dwell(1)], {}).counts == {"learnt": 1, "duplicates": 1}


def test_of_what_was_counted_only_the_last_is_remembered() -> None:
    states = taught([dwell(number) for number in range(3 * RECENT_IDS)])
    assert len(states["north:US>DE:in_transit"].recent) == RECENT_IDS * 8
    assert states["north:*:in_transit"].recent == b""


def test_what_lies_far_back_is_forgotten_and_newer_dwells_count_for_more() -> None:
    old = [dwell(number, 100, left_at=NOW - (KEPT_PERIODS - 1) * PERIOD_MS) for number in range(100)]
    new = [dwell(number, 10) for number in range(100, 150)]
    norm = taught(old, new)["north:US>DE:in_transit"]
    assert norm.observations == 150
    assert norm.median_ms < 20 * HOUR, "50 new ones weigh twice as much as 100 of four periods back"
    later = taught(old, new, [dwell(999, 10, left_at=NOW + PERIOD_MS)])["north:US>DE:in_transit"]
    assert later.observations == 51


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400 * HOUR), st.integers(NOW - 8 * PERIOD_MS, NOW)), max_size=30), st.data())
def test_what_is_learnt_depends_on_the_dwells_alone(told: list[tuple[int, int]], data: st.DataObject) -> None:
    def all_counted(order: list[tuple[int, int]]) -> DwellNorm:
        norm = NEW
        for dwelt_ms, left_at in order:
            norm = counted_in(norm, dwelt_ms, left_at)
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


def test_learning_changes_nothing_it_was_given() -> None:
    states = taught([dwell(1)])
    before = {key: replace(norm, periods=list(norm.periods)) for key, norm in states.items()}
    learn([dwell(2)], states)
    assert states == before
