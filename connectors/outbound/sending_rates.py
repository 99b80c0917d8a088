"""Keeps to the rates that are declared for destinations: those of an SMTP server, a service or a customer's host.

All senders together keep to them, as the turns are counted in Redis. Where Redis does not answer, each process keeps to
the whole rate on its own, until Redis answers again.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from config.connections import RedisSettings
from config.outbound import OutboundSettings
from connectors.outbound import metrics
from connectors.outbound.answers import Answer
from connectors.outbound.recipients import HOSTED
from streams.kernel.vocabulary import AttemptResult
from streams.resilience.token_bucket import Rate
from streams.resilience.turns import HORIZON_MS, LONGEST_WAIT_MS, Place, Turns, take

log = structlog.get_logger(__name__)
PREFIX = "shipsync:sending:"
EACH = "*"
"""As a name: each destination that is not named."""
ANSWER_SECONDS = 1.0
PAUSE_SECONDS = 10.0
"""After a failure Redis is not asked for so long."""
MOST_NAMES = 10_000
"""Destinations whose turns are kept in this process; those not heard of for longest begin anew."""
_RATE = re.compile(r"(\d+)/(\d*)([smhd])")
_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
TURN = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
local interval, longest, horizon = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local kept = redis.call('HMGET', KEYS[1], 'due', 'back')
local due = math.max(now, tonumber(kept[1] or '0'))
local back = tonumber(kept[2] or '0')
if due - now > longest + interval or back - now > horizon + interval then
  due, back = now, now
end
local turn, at = 1, due
if due - now <= longest then
  due = due + interval
else
  turn, at = 0, math.max(back, due)
  back = math.min(at + interval, now + horizon)
end
redis.call('HSET', KEYS[1], 'due', string.format('%.3f', due), 'back', string.format('%.3f', back))
redis.call('PEXPIRE', KEYS[1], math.ceil(math.max(due, back) - now) + 1000)
return {turn, string.format('%.3f', at - now)}
"""
"""``streams/resilience/turns.take`` by the clock of Redis."""


def rates_of(declared: Sequence[str]) -> dict[str, Rate]:
    """Rates by name, of ``smtp.example.com=10/s``; the settings have checked them."""
    found = {}
    for one in declared:
        name, _, rate = one.partition("=")
        parts = _RATE.fullmatch(rate.strip())
        if parts is None:
            raise ValueError(f"{one!r} is no rate")
        found[name.strip().lower()] = Rate(int(parts[1]), int(parts[2] or 1) * _MS[parts[3]])
    return found


def host_of(url: str) -> str:
    """The host that a URL leads to; of a service without a host of its own (``slack://…``) the service, as all else in
    such a URL is secret. Empty for what is no URL."""
    scheme = url.partition("://")[0].lower()
    if scheme in HOSTED:
        return scheme
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


class SendingRates:
    """The turns of all destinations that a rate is declared for. Make it on the event loop; close it when done."""

    def __init__(
        self, rates: Mapping[str, Rate], where: RedisSettings | None, clock: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``where``: None, turns are counted in this process alone. ``clock``: UTC ms; ``monotonic``: seconds."""
        self._rates, self._clock, self._monotonic, self._sleep = dict(rates), clock, monotonic, sleep
        self._own: OrderedDict[str, Turns] = OrderedDict()
        self._not_before, self._is_up = float("-inf"), True
        self._redis: Redis | None = None
        if rates and where is not None:
            self._redis = Redis.from_url(
                **where.client(), socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS
            )
            self._script = self._redis.register_script(TURN)

    async def turn(self, *names: str) -> Answer | None:
        """Wait until something may be sent there. An answer: not now, and when to come back. ``names``: of the
        destination; the first that a rate is declared for counts, else the last as one of ``EACH``."""
        name = next((one.lower() for one in names if one.lower() in self._rates), "")
        rule = name or EACH
        rate, name = self._rates.get(rule), name or names[-1].lower()
        if rate is None or not name:
            return None
        place = await self._place(name, rate)
        if not place.has_turn:
            metrics.RATE_TURNS.labels(rule, "put_off").inc()
            return Answer(
                AttemptResult.LIMITED, f"the rate declared for {name} is reached", None,
                self._clock() + round(place.wait_ms),
            )
        if place.wait_ms:
            metrics.RATE_TURNS.labels(rule, "waited").inc()
            await self._sleep(place.wait_ms / 1_000)
        return None

    async def close(self) -> None:
        """Disconnect."""
        if self._redis is not None:
            await self._redis.aclose()

    async def _place(self, name: str, rate: Rate) -> Place:
        if self._redis is not None and self._monotonic() >= self._not_before:
            try:
                interval = rate.per_ms / rate.count
                told: list[Any] = await self._script(
                    keys=[PREFIX + name], args=[f"{interval:.3f}", LONGEST_WAIT_MS, HORIZON_MS]
                )
            except (RedisError, OSError, TimeoutError) as error:
                self._is_down(error)
            else:
                self._is_back()
                return Place(bool(int(told[0])), float(told[1]))
        turns, place = take(self._own.get(name, Turns()), rate, self._monotonic() * 1_000)
        self._own[name] = turns
        self._own.move_to_end(name)
        if len(self._own) > MOST_NAMES:
            self._own.popitem(last=False)
        return place

    def _is_down(self, error: Exception) -> None:
        self._not_before = self._monotonic() + PAUSE_SECONDS
        metrics.SHARED_RATES_UP.set(0)
        if self._is_up:
            self._is_up = False
            log.warning(
                "no Redis at SHIPSYNC_REDIS_URL; each sender keeps to the declared rates on its own", trouble=str(error)
            )

    def _is_back(self) -> None:
        metrics.SHARED_RATES_UP.set(1)
        if not self._is_up:
            self._is_up = True
            log.info("senders keep to the declared rates together again")


def sending_rates(outbound: OutboundSettings, redis: RedisSettings, clock: Callable[[], int]) -> SendingRates:
    """The rates of the settings. ``clock``: UTC ms."""
    return SendingRates(rates_of(outbound.rates), redis, clock)
