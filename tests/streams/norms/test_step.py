"""Norms are counted from dwells: the same in any order and division, each dwell once."""

from __future__ import annotations

from msgspec.structs import replace

from streams.contracts.dwell_keys import ANY, key_of
from streams.contracts.ids import digest
from streams.contracts.model import Dwell, DwellNorm
from streams.kernel.vocabulary import Status
from streams.norms.histogram import KEPT_PERIODS, PERIOD_MS
from streams.norms.step import RECENT_IDS, step

HOUR = 3_600_000
NOW = 700 * PERIOD_MS


def dwell(number: int, hours: float = 10, lane: str = "US>DE", left_at: int = NOW) -> Dwell:
    return Dwell(digest("dwell", str(number)), "north", lane, Status.IN_TRANSIT, round(hours * HOUR), left_at)


def norms_of(*chunks: list[Dwell]) -> dict[str, DwellNorm]:
    states: dict[str, DwellNorm] = {}
    for chunk in chunks:
        states |= step(chunk, states).states
    return states


def test_a_dwell_is_counted_for_its_lane_its_carrier_and_all() -> None:
    states = norms_of([dwell(1), dwell(2, lane="SE>SE")])
    counted = {key: norm.observations for key, norm in states.items()}
    assert counted == {
        "north:US>DE:in_transit": 1, "north:SE>SE:in_transit": 1, "north:*:in_transit": 2, "*:*:in_transit": 2,
    }


def test_half_and_95_of_100_are_told_an_eighth_too_long_at_most() -> None:
    norm = norms_of([dwell(number, hours=number + 1) for number in range(100)])[key_of(ANY, ANY, Status.IN_TRANSIT)]
    assert norm.observations == 100
    assert 50 * HOUR <= norm.median_ms <= 50 * HOUR * 9 / 8
    assert 95 * HOUR <= norm.usual_ms <= 95 * HOUR * 9 / 8


def test_a_dwell_told_again_is_counted_once_also_by_a_later_chunk() -> None:
    once = norms_of([dwell(1), dwell(2)])
    assert norms_of([dwell(1), dwell(2), dwell(1)], [dwell(2)]) == once
    assert step([dwell(1), dwell(1)], {}).counts == {"learnt": 1, "duplicates": 1}


def test_of_what_was_counted_only_the_last_is_remembered() -> None:
    states = norms_of([dwell(number) for number in range(3 * RECENT_IDS)])
    assert len(states["north:US>DE:in_transit"].recent) == RECENT_IDS * 8
    assert states["north:*:in_transit"].recent == b""


def test_what_lies_far_back_is_forgotten_and_newer_dwells_count_for_more() -> None:
    old = [dwell(number, 100, left_at=NOW - (KEPT_PERIODS - 1) * PERIOD_MS) for number in range(100)]
    new = [dwell(number, 10) for number in range(100, 150)]
    norm = norms_of(old, new)["north:US>DE:in_transit"]
    assert norm.observations == 150
    assert norm.median_ms < 20 * HOUR, "50 new ones weigh twice as much as 100 of four periods back"
    later = norms_of(old, new, [dwell(999, 10, left_at=NOW + PERIOD_MS)])["north:US>DE:in_transit"]
    assert later.observations == 51


def test_learning_changes_nothing_it_was_given() -> None:
    states = norms_of([dwell(1)])
    before = {key: replace(norm, periods=list(norm.periods)) for key, norm in states.items()}
    step([dwell(2)], states)
    assert states == before
