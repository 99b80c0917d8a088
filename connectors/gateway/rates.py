"""How many requests a minute each carrier and client may send: one token bucket each, in this process."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple

WINDOW_SECONDS = 60


class Verdict(NamedTuple):
    """``headers`` as of draft-ietf-httpapi-ratelimit-headers-10; ``retry_after`` seconds, 0 where it is allowed."""

    allowed: bool
    retry_after: int
    headers: dict[str, str]


class Rates:
    """Buckets of ``quota`` tokens that fill up once in a minute. ``clock``: seconds, never going back."""

    def __init__(self, quota: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._quota, self._clock = quota, clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, name: str) -> Verdict:
        """Take one token of the bucket of this name, if there is one."""
        now = self._clock()
        tokens, since = self._buckets.get(name, (float(self._quota), now))
        per_second = self._quota / WINDOW_SECONDS
        tokens = min(float(self._quota), tokens + (now - since) * per_second)
        allowed = tokens >= 1
        if allowed:
            tokens -= 1
        self._buckets[name] = (tokens, now)
        retry_after = 0 if allowed else max(1, math.ceil((1 - tokens) / per_second))
        full_in = math.ceil((self._quota - tokens) / per_second)
        return Verdict(allowed, retry_after, {
            "RateLimit-Policy": f'"{name}";q={self._quota};w={WINDOW_SECONDS}',
            "RateLimit": f'"{name}";r={int(tokens)};t={full_in}',
        })
