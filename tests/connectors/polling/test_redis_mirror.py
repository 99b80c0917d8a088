"""The cursor's copy in Redis: whole after a start, kept after each answer, and missed by nobody when it is gone."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from config.connections import RedisSettings
from connectors.embedded import valkey
from connectors.embedded.ports import listens, unused
from connectors.polling.redis_mirror import PAUSE_SECONDS, PREFIX, RedisMirror
from streams.contracts.model import PollState
from streams.kernel.vocabulary import Status
from streams.polling.schedule import new_number
from streams.resilience.circuit_breaker import Circuit, CircuitState
from tests.support.clock import FakeClock
from tests.support.waiting import eventually

OPEN = Circuit(CircuitState.OPEN, 5, 1, 99, "500")


def state(number: str) -> PollState:
    return new_number("north.track", "north", number, Status.IN_TRANSIT, 1)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    (port,) = unused(1)
    with subprocess.Popen(valkey.command(port), cwd=tmp_path, stdout=subprocess.DEVNULL) as process:
        eventually(lambda: listens(port))
        yield f"redis://127.0.0.1:{port}/0"
        process.kill()


def test_the_mirror_holds_every_number_and_the_circuits(url: str) -> None:
    async def main() -> None:
        mirror = RedisMirror(RedisSettings(url=url))
        assert await mirror.keep([(state("OLD"), b"of a run before")])
        assert await mirror.fill("north.track", [(state("A"), b"a"), (state("B"), b"b")])
        assert await mirror.keep([(state("B"), b"b2"), (state("C"), b"c")])
        assert await mirror.keep_circuit("north.track", OPEN)
        assert await mirror.circuits() == {"north.track": OPEN}
        await mirror.close()

    asyncio.run(main())
    redis = Redis.from_url(url)
    assert redis.hgetall(PREFIX + "north.track") == {b"A": b"a", b"B": b"b2", b"C": b"c"}
    redis.close()


def test_without_redis_nothing_fails_and_it_is_left_alone_for_a_while() -> None:
    clock = FakeClock(1000.0)

    async def main() -> None:
        mirror = RedisMirror(RedisSettings(url=f"redis://127.0.0.1:{unused(1)[0]}/0"), clock)
        assert not await mirror.keep([(state("A"), b"a")])
        assert mirror.resting
        assert not await mirror.fill("north.track", [(state("A"), b"a")])
        clock.advance(PAUSE_SECONDS)
        assert not mirror.resting
        assert await mirror.circuits() is None
        await mirror.close()

    asyncio.run(main())
