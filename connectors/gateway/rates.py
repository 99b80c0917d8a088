"""Limits the requests a minute of each carrier and client: one token bucket each, in this process."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from streams.resilience.token_bucket import Bucket, Rate, full, refilled, take, wait_ms

WINDOW_SECONDS = 60
MOST_NAMES = 10_000
"""Buckets kept; of more names, those not heard of for longest begin anew."""


class Verdict(NamedTuple):
    """Whether a request is within the rate. ``headers``: as in draft-ietf-httpapi-ratelimit-headers-10;
    ``retry_after``: seconds, 0 if it is."""

    allowed: bool
    retry_after: int
    headers: dict[str, str]


class Rates:
    """Token buckets of ``quota`` tokens that refill within a minute. ``clock``: seconds, monotonic."""

    def __init__(self, quota: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._quota, self._clock = quota, clock
        self._rate = Rate(quota, WINDOW_SECONDS * 1000)
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    @property
    def quota(self) -> int:
        """Tokens a minute of each name."""
        return self._quota

    def has_left(self, name: str) -> bool:
        """Whether a token of the bucket of this name is left."""
        known = self._buckets.get(name)
        return known is None or wait_ms({self._rate: known}, int(self._clock() * 1000)) == 0

    def take(self, name: str) -> Verdict:
        """Take one token of the bucket of this name, if there is one."""
        now = int(self._clock() * 1000)
        before = self._buckets.get(name) or full(self._rate, now)
        wait = wait_ms({self._rate: before}, now)
        bucket = refilled(before, self._rate, now) if wait else take({self._rate: before}, now)[self._rate]
        self._buckets[name] = bucket
        self._buckets.move_to_end(name)
        if len(self._buckets) > MOST_NAMES:
            self._buckets.popitem(last=False)
        full_in = math.ceil((self._quota - bucket.tokens) * WINDOW_SECONDS / self._quota)
        return Verdict(wait == 0, math.ceil(wait / 1000), {
            "RateLimit-Policy": f'"{name}";q={self._quota};w={WINDOW_SECONDS}',
            "RateLimit": f'"{name}";r={int(bucket.tokens)};t={full_in}',
        })
