"""A copy of the poll cursors in Redis, for others to read. Kafka holds the originals; polling works without Redis.

``shipsync:poll:<feed>`` is a hash by tracking number, ``shipsync:poll-circuits`` one by feed. After a failure Redis
is not used for a while; an incomplete copy is written anew at the next start.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from config.connections import RedisSettings
from connectors.formats.prepared_types import prepared
from connectors.polling import metrics
from streams.contracts.model import PollState
from streams.resilience.circuit_breaker import Circuit

PREFIX = "shipsync:poll:"
CIRCUITS = "shipsync:poll-circuits"
ANSWER_SECONDS = 1.0
PAUSE_SECONDS = 10.0
FILL_BATCH = 1_000
Values = dict[Any, Any]
"""Holds the values of one hash; Redis takes texts and bytes, and its type says more."""
log = structlog.get_logger(__name__)


class RedisMirror:
    """Writes and reads the copy. Never raises where Redis does not answer. Close it when done."""

    def __init__(self, where: RedisSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis: Redis = Redis.from_url(
            **where.client(), socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS
        )
        self._clock, self._not_before = clock, float("-inf")

    @property
    def resting(self) -> bool:
        """Whether Redis is not used just now, after a failure."""
        return self._clock() < self._not_before

    async def keep(self, encoded: Sequence[tuple[PollState, bytes]]) -> bool:
        """Write these values; False where Redis did not take them."""
        by_feed: dict[str, Values] = {}
        for state, value in encoded:
            by_feed.setdefault(state.feed, {})[state.tracking_number] = value
        return await self._kept([(PREFIX + feed, values) for feed, values in by_feed.items()])

    async def keep_circuit(self, feed: str, circuit: Circuit) -> bool:
        """Write the state of a feed's circuit breaker; False where Redis did not take it."""
        return await self._kept([(CIRCUITS, {feed: msgspec.json.encode(circuit)})])

    async def fill(self, feed: str, encoded: Iterable[tuple[PollState, bytes]]) -> bool:
        """Replace the copy of a feed; False where Redis did not take it."""
        if not await self._try(PREFIX + feed, partial(self._redis.delete, PREFIX + feed)):
            return False
        batch: list[tuple[PollState, bytes]] = []
        for pair in encoded:
            batch.append(pair)
            if len(batch) == FILL_BATCH:
                if not await self.keep(batch):
                    return False
                batch.clear()
        return await self.keep(batch)

    async def circuits(self) -> dict[str, Circuit] | None:
        """The circuit breakers by feed; None where Redis does not answer."""
        try:
            found: dict[bytes, bytes] = await self._redis.hgetall(CIRCUITS)  # type: ignore[assignment]
            return {feed.decode(): msgspec.json.decode(value, type=prepared(Circuit)) for feed, value in found.items()}
        except (RedisError, OSError, msgspec.DecodeError):
            return None

    async def close(self) -> None:
        """Disconnect."""
        await self._redis.aclose()

    async def _kept(self, hashes: Sequence[tuple[str, Values]]) -> bool:
        for name, values in hashes:
            if values and not await self._try(name, partial(self._redis.hset, name, mapping=values)):
                return False
        return True

    async def _try(self, what: str, command: Callable[[], Awaitable[Any]]) -> bool:
        if self.resting:
            return False
        try:
            await command()
        except (RedisError, OSError) as error:
            self._not_before = self._clock() + PAUSE_SECONDS
            metrics.MIRROR_UP.set(0)
            log.warning("Redis does not take the cursors; polling goes on", what=what, trouble=str(error))
            return False
        metrics.MIRROR_UP.set(1)
        return True
