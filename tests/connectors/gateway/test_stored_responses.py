"""Answers kept under their Idempotency-Key, in Redis and where Redis is away."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator

import pytest
import redis

from config.connections import RedisSettings
from connectors.embedded import valkey
from connectors.embedded.ports import listens, unused
from connectors.gateway.problems import Problem
from connectors.gateway.stored_responses import StoredResponse, StoredResponses, fingerprint, name_of
from tests.support.gateway import NOWHERE
from tests.support.waiting import eventually

KEPT = StoredResponse(fingerprint(b"body"), 202, {"offset": 1})


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    (port,) = unused()
    process = subprocess.Popen(valkey.command(port), stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: listens(port))
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.kill()
        process.wait()


def test_another_process_knows_the_answer(url: str) -> None:
    async def play() -> None:
        one, other = StoredResponses(RedisSettings(url=url), 60), StoredResponses(RedisSettings(url=url), 60)
        assert await one.begin("n1", b"body") is None
        await one.keep("n1", KEPT)
        one.end("n1")
        assert await other.begin("n1", b"body") == KEPT
        with pytest.raises(Problem) as raised:
            await other.begin("n1", b"other")
        assert raised.value.status == 422
        await one.close()
        await other.close()

    asyncio.run(play())
    assert 0 < int(str(redis.Redis.from_url(url).ttl("n1"))) <= 60


def test_a_process_that_died_on_the_way_left_nothing_behind(url: str) -> None:
    async def play() -> None:
        dead, next_one = StoredResponses(RedisSettings(url=url), 60), StoredResponses(RedisSettings(url=url), 60)
        assert await dead.begin("n2", b"body") is None
        assert await next_one.begin("n2", b"body") is None
        await dead.close()
        await next_one.close()

    asyncio.run(play())


def test_a_foreign_value_under_the_redis_key_is_ignored(url: str) -> None:
    redis.Redis.from_url(url).set("n3", b"\xff no answer")

    async def play() -> StoredResponse | None:
        answers = StoredResponses(RedisSettings(url=url), 60)
        found = await answers.begin("n3", b"body")
        await answers.close()
        return found

    assert asyncio.run(play()) is None


@pytest.mark.parametrize("where", [NOWHERE, "redis://192.0.2.1:6379/0"], ids=["refused", "no answer"])
def test_without_redis_memory_serves_until_its_time_is_over(where: str) -> None:
    clock = [0.0]

    async def play() -> None:
        answers = StoredResponses(RedisSettings(url=where), 60, lambda: clock[0])
        assert await answers.begin("n", b"body") is None
        await answers.keep("n", KEPT)
        answers.end("n")
        clock[0] = 59.0
        assert await answers.begin("n", b"body") == KEPT
        clock[0] = 60.0
        assert await answers.begin("n", b"body") is None
        await answers.close()

    asyncio.run(play())


def test_while_a_request_is_in_progress_its_repeat_is_told_so() -> None:
    async def play() -> None:
        answers = StoredResponses(RedisSettings(url=NOWHERE), 60)
        await answers.begin("n", b"body")
        with pytest.raises(Problem) as raised:
            await answers.begin("n", b"body")
        assert (raised.value.status, raised.value.headers) == (409, {"Retry-After": "1"})
        answers.end("n")
        assert await answers.begin("n", b"body") is None
        await answers.close()

    asyncio.run(play())


def test_memory_keeps_no_more_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.gateway.stored_responses.MOST_IN_MEMORY", 2)

    async def play() -> list[bool]:
        answers = StoredResponses(RedisSettings(url=NOWHERE), 60)
        for name in ("a", "b", "c"):
            await answers.keep(name, KEPT)
        found = [await answers.begin(name, b"body") is not None for name in ("a", "b", "c")]
        await answers.close()
        return found

    assert asyncio.run(play()) == [False, True, True]


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb"])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(Problem, match="1 to 255"):
        name_of("orders", key)


def test_scopes_do_not_share_keys() -> None:
    assert name_of("orders", "k") != name_of("wms", "k")
