"""The token buckets."""

from __future__ import annotations

from connectors.gateway.rates import Rates


def test_a_full_bucket_gives_its_quota_at_once_and_one_more_per_refill() -> None:
    clock = [0.0]
    rates = Rates(60, lambda: clock[0])
    assert sum(rates.take("a").allowed for _ in range(100)) == 60
    clock[0] = 2.5
    assert [rates.take("a").allowed for _ in range(3)] == [True, True, False]


def test_names_have_buckets_of_their_own() -> None:
    rates = Rates(1, lambda: 0.0)
    assert [rates.take(name).allowed for name in ("a", "b", "a")] == [True, True, False]


def test_after_retry_after_there_is_a_token() -> None:
    clock = [0.0]
    rates = Rates(7, lambda: clock[0])
    while (verdict := rates.take("a")).allowed:
        assert verdict.retry_after == 0
    clock[0] += verdict.retry_after
    assert rates.take("a").allowed


def test_a_bucket_never_holds_more_than_its_quota() -> None:
    clock = [0.0]
    rates = Rates(3, lambda: clock[0])
    rates.take("a")
    clock[0] = 10_000.0
    assert sum(rates.take("a").allowed for _ in range(10)) == 3
