"""All senders together keep to the rates that are declared; without Redis each does on its own."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from prometheus_client import REGISTRY
from redis import Redis
from structlog.testing import capture_logs

from config.connections import RedisSettings
from connectors.embedded import valkey
from connectors.embedded.ports import listens, unused
from connectors.outbound import sending_rates
from connectors.outbound.answers import Answer
from connectors.outbound.sending_rates import PAUSE_SECONDS, PREFIX, TURN, SendingRates, host_of, rates_of
from streams.kernel.vocabulary import AttemptResult
from streams.resilience.token_bucket import Rate
from streams.resilience.turns import HORIZON_MS, LONGEST_WAIT_MS, Turns, take
from tests.support.clock import FakeClock
from tests.support.waiting import PATIENCE, eventually

NOW = 1_790_000_000_000
HOST = "hooks.example.com"


@pytest.fixture
def redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisSettings]:
    monkeypatch.setattr(sending_rates, "ANSWER_SECONDS", PATIENCE)
    (port,) = unused(1)
    with subprocess.Popen(valkey.command(port), cwd=tmp_path, stdout=subprocess.DEVNULL) as process:
        eventually(lambda: listens(port))
        yield RedisSettings(url=f"redis://127.0.0.1:{port}/0")
        process.kill()


def told(rates: Sequence[str], where: RedisSettings | None, *names: tuple[str, ...], senders: int = 1) -> (
    list[tuple[Answer | None, float]]
):
    """The answer to each of these when it asks for a turn, by senders in turn, and how long each had to wait."""

    async def run() -> list[tuple[Answer | None, float]]:
        waits: list[float] = []

        async def sleep(seconds: float) -> None:
            waits.append(seconds)

        each = [SendingRates(rates_of(rates), where, lambda: NOW, sleep=sleep) for _ in range(senders)]
        found = []
        for place, name in enumerate(names):
            waits.clear()
            answer = await each[place % senders].turn(*name)
            found.append((answer, sum(waits)))
        for one in each:
            await one.close()
        return found

    return asyncio.run(run())


def test_two_senders_together_keep_to_one_rate(redis: RedisSettings) -> None:
    async def run() -> list[float]:
        one, other = (SendingRates({HOST: Rate(50, 1_000)}, redis, lambda: NOW) for _ in range(2))
        sent: list[float] = []

        async def send(rates: SendingRates) -> None:
            for _ in range(10):
                assert await rates.turn(HOST) is None
                sent.append(time.monotonic())

        await asyncio.gather(send(one), send(other))
        await one.close()
        await other.close()
        return sent

    sent = asyncio.run(run())
    assert len(sent) == 20
    assert max(sent) - min(sent) >= 18 * 0.020, "nineteen turns of 20 ms, the first of which was late by one at most"


def test_whoever_would_wait_for_long_comes_back_one_after_the_other(redis: RedisSettings) -> None:
    found = told([f"{HOST}=1/10m"], redis, *[(HOST,)] * 4, senders=2)
    assert [answer is None for answer, _ in found] == [True, False, False, False]
    answers = [answer for answer, _ in found if answer is not None]
    assert {one.result for one in answers} == {AttemptResult.LIMITED}
    assert answers[0].detail == f"the rate declared for {HOST} is reached"
    back = [one.retry_at or 0 for one in answers]
    apart = [later - earlier for earlier, later in pairwise([NOW, *back])]
    assert all(300_000 < one <= 600_000 for one in apart), apart


def test_what_is_kept_in_redis_goes_by_itself(redis: RedisSettings) -> None:
    told([f"{HOST}=10/s"], redis, (HOST,))
    with closing(Redis.from_url(redis.url)) as client:
        assert client.keys() == [f"{PREFIX}{HOST}".encode()]
        assert 0 < client.pttl(f"{PREFIX}{HOST}") <= 1_100  # type: ignore[operator]


@pytest.mark.parametrize("seed", range(5))
def test_redis_decides_as_the_pure_function_does(redis: RedisSettings, seed: int) -> None:
    """The script with a clock that is given, over the same asks."""
    chance = Random(seed)
    rate = Rate(chance.randint(1, 40), chance.choice([1_000, 60_000, 3_600_000]))
    script = TURN.replace("redis.call('TIME')", "{ARGV[4], ARGV[5]}")
    assert script != TURN
    turns, now = Turns(), NOW * 1_000
    with closing(Redis.from_url(redis.url)) as client:
        for _ in range(60):
            now += chance.choice([0, 0, 0, 0, 250, 40_000, 900_000]) if chance.random() < 0.97 else -7_200_000_000
            said = client.eval(
                script, 1, "k", f"{rate.per_ms / rate.count:.3f}", LONGEST_WAIT_MS, HORIZON_MS, now // 1_000_000,
                now % 1_000_000,
            )
            turns, place = take(turns, rate, now / 1_000)
            assert bool(said[0]) == place.has_turn  # type: ignore[index]
            assert float(said[1]) == pytest.approx(place.wait_ms, abs=1)  # type: ignore[index]


def test_without_redis_each_keeps_to_the_rate_and_says_so_once() -> None:
    clock = FakeClock(1_000.0)
    where = RedisSettings(url=f"redis://127.0.0.1:{unused(1)[0]}/0")

    async def run() -> list[Answer | None]:
        rates = SendingRates({HOST: Rate(1, 60_000)}, where, lambda: NOW, clock)
        found = [await rates.turn(HOST), await rates.turn(HOST)]
        clock.advance(PAUSE_SECONDS + 60)
        found += [await rates.turn(HOST), await rates.turn(HOST)]
        await rates.close()
        return found

    with capture_logs() as logs:
        found = asyncio.run(run())
    assert [one is None for one in found] == [True, False, True, False]
    assert found[1] is not None
    assert found[1].retry_at == NOW + 60_000
    assert [one["log_level"] for one in logs] == ["warning"], "once, though it failed twice"
    assert REGISTRY.get_sample_value("shipsync_outbound_shared_rates_up") == 0


def test_once_redis_is_back_it_counts_again(redis: RedisSettings) -> None:
    clock = FakeClock(1_000.0)

    async def run() -> None:
        rates = SendingRates({HOST: Rate(1, 60_000)}, redis, lambda: NOW, clock)
        rates._is_down(OSError("it was gone"))
        await rates.turn(HOST)
        assert REGISTRY.get_sample_value("shipsync_outbound_shared_rates_up") == 0, "it rests"
        clock.advance(PAUSE_SECONDS)
        assert await rates.turn(HOST) is None, "Redis has not heard of the turn before"
        await rates.close()

    with capture_logs() as logs:
        asyncio.run(run())
    assert [one["log_level"] for one in logs] == ["warning", "info"]
    assert REGISTRY.get_sample_value("shipsync_outbound_shared_rates_up") == 1


def test_the_first_name_with_a_rate_counts_and_others_have_one_each() -> None:
    rates = ["channel:ops=1/h", "Slack=1/h", "*=1/h"]
    asked = [
        ("channel:ops", "slack"), ("channel:other", "SLACK"), ("webhook:a", "a.example"), ("webhook:b", "b.example"),
    ]
    assert [answer is None for answer, _ in told(rates, None, *asked, *asked)] == [True] * 4 + [False] * 4
    assert [answer for answer, _ in told(["slack=1/h"], None, ("x", "a.example"), ("x", "a.example"))] == [None, None]


def test_a_turn_that_is_near_is_waited_for() -> None:
    before = REGISTRY.get_sample_value("shipsync_outbound_rate_turns_total", {"rate": HOST, "outcome": "waited"}) or 0
    found = told([f"{HOST}=1/2s"], None, (HOST,), (HOST,))
    assert found[0] == (None, 0)
    assert found[1][0] is None
    assert 0 < found[1][1] <= 2
    after = REGISTRY.get_sample_value("shipsync_outbound_rate_turns_total", {"rate": HOST, "outcome": "waited"})
    assert after == before + 1


def test_without_declared_rates_redis_is_never_asked() -> None:
    where = RedisSettings(url=f"redis://127.0.0.1:{unused(1)[0]}/0")
    with capture_logs() as logs:
        assert told([], where, (HOST,), (HOST,)) == [(None, 0), (None, 0)]
    assert logs == []


@pytest.mark.parametrize(("url", "host"), [
    ("https://Hooks.Example.com:8443/a?b=c", "hooks.example.com"), ("slack://secret.token/B/c", "slack"),
    ("mailto://ops:pw@smtp.example.com", "smtp.example.com"), ("json://localhost/x", "localhost"), ("nothing", ""),
    ("https://[::1", ""),
])
def test_a_url_is_counted_by_its_host_and_nothing_secret_of_it(url: str, host: str) -> None:
    assert host_of(url) == host
