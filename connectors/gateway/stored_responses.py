"""Stores responses under their Idempotency-Key, so that a repeated request is not written twice.

A response is stored only after Kafka has acknowledged the records. A process that dies before that has sent no
response, and the client's retry is handled as new. Only this process knows which of its requests are in progress,
so a crash leaves no lock behind. Two processes may therefore write the same request at the same moment; the stages
drop the repeat.
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

from config.connections import RedisSettings
from connectors.formats.prepared_types import prepared
from connectors.gateway.problems import Problem

log = structlog.get_logger(__name__)
LONGEST_KEY = 255
MOST_IN_MEMORY = 10_000
ANSWER_SECONDS = 0.25
"""Time-out of a Redis call; a request must not wait longer for it."""
REST_SECONDS = 5.0
"""Pause before Redis is asked again after it failed."""


class StoredResponse(msgspec.Struct, frozen=True):
    """A response sent before. ``fingerprint``: SHA-256 of the request's body, in hex."""

    fingerprint: str
    status: int
    body: dict[str, Any]


class StoredResponses:
    """The responses of the last ``seconds``, in Redis, and the newest 10,000 in memory. ``clock``: seconds."""

    def __init__(self, where: RedisSettings, seconds: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis.asyncio.Redis.from_url(
            **where.client(), socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS
        )
        self._seconds, self._clock = seconds, clock
        self._memory: OrderedDict[str, tuple[float, StoredResponse]] = OrderedDict()
        self._in_progress: set[str] = set()
        self._redis_again_at = 0.0

    async def begin(self, name: str, body: bytes) -> StoredResponse | None:
        """The response stored for this request; None for a new one, which is in progress until :meth:`end`.

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
        """Store a response; call it only after Kafka's acknowledgement. A Redis failure is logged, not raised."""
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
        """End the request's being in progress, whether it succeeded or failed."""
        self._in_progress.discard(name)

    async def close(self) -> None:
        """Close the connection to Redis."""
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
            return None if found is None else msgspec.json.decode(found, type=prepared(StoredResponse))
        except msgspec.DecodeError:
            log.warning("the value in Redis under this key is no stored response; it is ignored", key=name)
            return None

    def _rest(self, error: Exception) -> None:
        self._redis_again_at = self._clock() + REST_SECONDS
        log.warning("no Redis at SHIPSYNC_REDIS_URL; responses are stored in memory only", trouble=str(error))


def fingerprint(body: bytes) -> str:
    """SHA-256 of the body, in hex."""
    return hashlib.sha256(body).hexdigest()


def name_of(scope: str, key: str) -> str:
    """The Redis key of a response. Raises Problem 400 for an Idempotency-Key that is empty, too long or unprintable."""
    if not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
        raise Problem(400, "bad_key", f"Idempotency-Key has 1 to {LONGEST_KEY} printable characters")
    return f"shipsync:idempotency:{scope}:{hashlib.sha256(key.encode()).hexdigest()}"
