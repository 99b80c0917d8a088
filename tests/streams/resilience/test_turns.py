"""Turns keep to a rate whoever asks when, and those without one come back one after the other."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.resilience.token_bucket import Rate
from streams.resilience.turns import HORIZON_MS, LONGEST_WAIT_MS, Place, Turns, take

SECOND = 1_000
RATES = st.builds(Rate, st.integers(1, 500), st.sampled_from([SECOND, 5 * SECOND, 60 * SECOND]))


def asked(rate: Rate, times: list[float], turns: Turns = Turns()) -> list[Place]:
    places = []
    for now in times:
        turns, place = take(turns, rate, now)
        places.append(place)
    return places


def test_the_first_goes_at_once_and_the_next_wait_for_one_another() -> None:
    assert asked(Rate(4, SECOND), [7.0, 7.0, 7.0, 600.0]) == [
        Place(True, 0.0), Place(True, 250.0), Place(True, 500.0), Place(True, 157.0)
    ]


def test_whoever_would_wait_for_long_is_told_when_to_come_back_each_a_turn_later() -> None:
    places = asked(Rate(1, SECOND), [0.0] * 9)
    assert [one.wait_ms for one in places if one.has_turn] == [0, 1_000, 2_000, 3_000, 4_000, 5_000]
    assert [one.wait_ms for one in places if not one.has_turn] == [6_000, 7_000, 8_000]


def test_of_a_rate_slower_than_the_longest_wait_one_goes_and_the_others_come_back() -> None:
    assert asked(Rate(1, 60 * SECOND), [0.0, 0.0, 60_000.0]) == [
        Place(True, 0.0), Place(False, 60_000.0), Place(True, 0.0)
    ]


@given(RATES, st.lists(st.floats(0, 50), min_size=2, max_size=80))
def test_no_two_turns_are_closer_than_the_rate_allows(rate: Rate, gaps: list[float]) -> None:
    times, now = [], 0.0
    for gap in gaps:
        now += gap
        times.append(now)
    sent = [at + place.wait_ms for at, place in zip(times, asked(rate, times), strict=True) if place.has_turn]
    assert all(later - earlier >= rate.per_ms / rate.count - 1e-6 for earlier, later in pairwise(sent))


@given(RATES, st.integers(2, 4_000))
def test_nobody_waits_or_stays_away_for_too_long(rate: Rate, number: int) -> None:
    for place in asked(rate, [0.0] * number):
        assert place.wait_ms <= (LONGEST_WAIT_MS if place.has_turn else HORIZON_MS + rate.per_ms / rate.count)


def test_a_clock_that_is_set_back_begins_the_schedule_anew() -> None:
    turns, _ = take(Turns(), Rate(1, SECOND), 900_000_000.0)
    assert take(turns, Rate(1, SECOND), 5_000.0)[1] == Place(True, 0.0)
