"""Token buckets, as pure functions: how many requests may go to a carrier, or come from a client.

Times are milliseconds of one clock; while a clock is set back, nothing is refilled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil

from msgspec import Struct

_ROUNDING_MS = 1e-4


class Rate(Struct, frozen=True):
    """At most ``count`` in ``per_ms``; a full bucket holds ``count`` tokens."""

    count: int
    per_ms: int


class Bucket(Struct, frozen=True):
    """The tokens left at the time ``at``."""

    tokens: float
    at: int


def full(rate: Rate, now_ms: int) -> Bucket:
    """A full bucket."""
    return Bucket(float(rate.count), now_ms)


def spent(rate: Rate, taken_at: Iterable[int], now_ms: int) -> Bucket:
    """The bucket after requests at these times, of which only the last period counts; for a restart."""
    recent = sum(1 for at in taken_at if now_ms - rate.per_ms < at <= now_ms)
    return Bucket(float(max(0, rate.count - recent)), now_ms)


def refilled(bucket: Bucket, rate: Rate, now_ms: int) -> Bucket:
    """The bucket now; never above ``count``."""
    if now_ms <= bucket.at:
        return bucket
    tokens = bucket.tokens + (now_ms - bucket.at) * rate.count / rate.per_ms
    return Bucket(min(float(rate.count), tokens), now_ms)


def wait_ms(buckets: Mapping[Rate, Bucket], now_ms: int) -> int:
    """Milliseconds until every bucket holds a token; 0 where one may be taken now."""
    return max((_wait(refilled(bucket, rate, now_ms), rate) for rate, bucket in buckets.items()), default=0)


def take(buckets: Mapping[Rate, Bucket], now_ms: int) -> dict[Rate, Bucket]:
    """The buckets with one token less each, never below 0. Take only where ``wait_ms`` is 0."""
    now = {rate: refilled(bucket, rate, now_ms) for rate, bucket in buckets.items()}
    return {rate: Bucket(max(0.0, bucket.tokens - 1), bucket.at) for rate, bucket in now.items()}


def _wait(bucket: Bucket, rate: Rate) -> int:
    return max(0, ceil((1 - bucket.tokens) * rate.per_ms / rate.count - _ROUNDING_MS))
