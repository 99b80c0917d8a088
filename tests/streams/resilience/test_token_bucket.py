"""Token buckets never let more through than the carrier takes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.resilience.token_bucket import Bucket, Rate, full, refilled, spent, take, wait_ms

TWO_A_SECOND = Rate(2, 1000)
RATES = st.builds(Rate, st.integers(1, 500), st.sampled_from([1000, 60_000, 86_400_000]))


def test_a_full_bucket_gives_its_count_at_once_and_then_makes_wait() -> None:
    buckets = {TWO_A_SECOND: full(TWO_A_SECOND, 0)}
    for _ in range(2):
        assert wait_ms(buckets, 0) == 0
        buckets = take(buckets, 0)
    assert wait_ms(buckets, 0) == 500
    assert wait_ms(buckets, 499) == 1
    assert wait_ms(buckets, 500) == 0


def test_without_rates_nothing_waits() -> None:
    assert wait_ms({}, 5) == 0
    assert take({}, 5) == {}


def test_the_scarcest_of_several_rates_decides() -> None:
    day = Rate(1, 86_400_000)
    buckets = take({TWO_A_SECOND: full(TWO_A_SECOND, 0), day: full(day, 0)}, 0)
    assert wait_ms(buckets, 1000) == 86_400_000 - 1000


def test_a_clock_set_back_refills_nothing() -> None:
    assert refilled(Bucket(0.5, 1000), TWO_A_SECOND, 10) == Bucket(0.5, 1000)


def test_after_a_restart_what_was_asked_in_the_period_counts() -> None:
    day = Rate(3, 86_400_000)
    assert spent(day, [-90_000_000, 10, 20, 40], 30) == Bucket(1.0, 30)
    assert spent(day, [1, 2, 3, 4], 5).tokens == 0


@given(rate=RATES, steps=st.lists(st.integers(0, 5_000), max_size=200))
def test_no_window_sees_more_than_a_full_bucket_and_its_refill(rate: Rate, steps: list[int]) -> None:
    now, buckets, taken = 0, {rate: full(rate, 0)}, 0
    for step in steps:
        now += step
        if wait_ms(buckets, now) == 0:
            buckets = take(buckets, now)
            taken += 1
        assert 0 <= buckets[rate].tokens <= rate.count
        assert taken <= rate.count + now * rate.count / rate.per_ms + 1e-6


@given(rate=RATES, taken=st.integers(0, 500), now=st.integers(0, 10**9))
def test_waiting_as_told_is_enough_and_no_longer_than_needed(rate: Rate, taken: int, now: int) -> None:
    buckets = {rate: full(rate, now)}
    for _ in range(min(taken, rate.count)):
        buckets = take(buckets, now)
    wait = wait_ms(buckets, now)
    assert wait_ms(buckets, now + wait) == 0
    assert wait == 0 or wait_ms(buckets, now + wait - 1) > 0
