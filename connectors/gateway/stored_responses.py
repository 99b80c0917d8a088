"""Answers kept under their Idempotency-Key, so that a request sent again is not taken twice.

An answer is kept only after Kafka has acknowledged: a process that dies before has told nobody anything, and the
same request is taken when it comes again. That a request is in progress is known to this process alone, so
nothing is left behind that could refuse it. Two processes may therefore take one request each at the same
moment; the stages behind drop the repeat.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import msgspec
import redis.asyncio
import structlog
from redis.exceptions import RedisError

from connectors.gateway.problems import Problem

log = structlog.get_logger(__name__)
LONGEST_KEY = 255
MOST_IN_MEMORY = 10_000
ANSWER_SECONDS = 0.25
"""How long Redis may take; a gateway must not wait for it."""
REST_SECONDS = 5.0
"""How long Redis is left alone after it failed."""


class StoredResponse(msgspec.Struct, frozen=True):
    """An answer given before. ``fingerprint``: of the request's body."""

    fingerprint: str
    status: int
    body: dict[str, Any]


class StoredResponses:
    """The answers of the last ``seconds``, in Redis and, as far as they fit, in memory."""

    def __init__(self, redis_url: str, seconds: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis.asyncio.Redis.from_url(
            redis_url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS
        )
        self._seconds, self._clock = seconds, clock
        self._memory: OrderedDict[str, tuple[float, StoredResponse]] = OrderedDict()
        self._in_progress: set[str] = set()
        self._redis_again_at = 0.0

    async def begin(self, name: str, body: bytes) -> StoredResponse | None:
        """The answer given to the same request before; None where it is new, and now in progress until :meth:`end`.

        Raises Problem: 422 for another body under the same key, 409 while the first is still in progress.
        """
        known = self._in_memory(name) or await self._in_redis(name)
        if known is not None:
            if known.fingerprint != fingerprint(body):
                raise Problem(422, "key_reused", "this Idempotency-Key came with another body before")
            return known
        if name in self._in_progress:
            raise Problem(
                409, "in_progress", "a request with this Idempotency-Key is in progress", headers={"Retry-After": "1"}
            )
        self._in_progress.add(name)
        return None

    async def keep(self, name: str, kept: StoredResponse) -> None:
        """Remember an answer; call it after Kafka's acknowledgement only. A Redis that is away is not waited for."""
        self._memory[name] = (self._clock() + self._seconds, kept)
        while len(self._memory) > MOST_IN_MEMORY:
            self._memory.popitem(last=False)
        if self._clock() < self._redis_again_at:
            return
        try:
            await self._redis.set(name, msgspec.json.encode(kept), ex=self._seconds)
        except (RedisError, OSError, TimeoutError) as error:
            self._rest(error)

    def end(self, name: str) -> None:
        """The request is no longer in progress, whatever became of it."""
        self._in_progress.discard(name)

    async def close(self) -> None:
        """Let go of Redis."""
        await self._redis.aclose()

    def _in_memory(self, name: str) -> StoredResponse | None:
        until, kept = self._memory.get(name, (0.0, None))
        if kept is not None and self._clock() >= until:
            del self._memory[name]
            return None
        return kept

    async def _in_redis(self, name: str) -> StoredResponse | None:
        if self._clock() < self._redis_again_at:
            return None
        try:
            found = await self._redis.get(name)
        except (RedisError, OSError, TimeoutError) as error:
            self._rest(error)
            return None
        try:
            return None if found is None else msgspec.json.decode(found, type=StoredResponse)
        except msgspec.DecodeError:
            log.warning("what Redis keeps under an idempotency key is no answer of ours", key=name)
            return None

    def _rest(self, error: Exception) -> None:
        self._redis_again_at = self._clock() + REST_SECONDS
        log.warning("Redis does not answer; answers are kept in memory alone", trouble=str(error))


def fingerprint(body: bytes) -> str:
    """What tells bodies apart."""
    return hashlib.sha256(body).hexdigest()


def name_of(scope: str, key: str) -> str:
    """Where an answer is kept. Raises Problem 400 for a key that is none."""
    if not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
        raise Problem(400, "bad_key", f"Idempotency-Key has 1 to {LONGEST_KEY} printable characters")
    return f"shipsync:idempotency:{scope}:{hashlib.sha256(key.encode()).hexdigest()}"
