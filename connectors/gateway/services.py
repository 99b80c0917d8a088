"""The services the endpoints share, and their common steps: rate, idempotency, writing."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse

from config.settings import Settings
from connectors.gateway import bodies, metrics
from connectors.gateway.body_slots import BodySlots, Slot, SlotLimits
from connectors.gateway.credentials import Secrets, check_key, keys_of, secrets_of
from connectors.gateway.peers import peer
from connectors.gateway.problems import Problem, unavailable
from connectors.gateway.rates import Rates
from connectors.gateway.stored_responses import StoredResponse, StoredResponses, fingerprint, name_of
from connectors.kafka.log_writer import NotWritten, Place, RecordWriter
from connectors.kafka.producer import Record

REPLAYED = "Idempotent-Replayed"
FEWEST_BODIES = 8
"""There is room for so many of the largest bodies, whatever the settings say of bytes in all."""


@dataclass
class Services:
    """The services of one gateway's endpoints. ``now``: returns seconds since 1970."""

    settings: Settings
    writer: RecordWriter
    stored_responses: StoredResponses
    rates: Rates
    now: Callable[[], float] = time.time
    push_secrets: Secrets = field(init=False)
    api_keys: Secrets = field(init=False)
    unproven: Rates = field(init=False)
    slots: BodySlots = field(init=False)

    def __post_init__(self) -> None:
        self.push_secrets = secrets_of("SHIPSYNC_PUSH_SECRETS", self.settings.gateway.push_secrets)
        self.api_keys = keys_of(self.settings.gateway.api_keys)
        self.unproven = Rates(self.settings.gateway.unproven_rate)
        room = max(self.settings.gateway.body_bytes, FEWEST_BODIES * self.settings.intake.max_record_bytes)
        self.slots = BodySlots(SlotLimits(size=room))

    @property
    def retry_after(self) -> int:
        """Seconds after which a client of an unavailable gateway may try again."""
        return max(1, math.ceil(self.settings.gateway.ack_timeout))

    def within_rate(self, name: str) -> dict[str, str]:
        """The RateLimit headers of the response. Raises Problem 429 if this carrier or client has no request left."""
        verdict = self.rates.take(name)
        if not verdict.allowed:
            raise Problem(
                429, "rate_limited", f"{self.settings.gateway.rate} requests a minute are taken",
                headers={**verdict.headers, "Retry-After": str(verdict.retry_after)},
            )
        return verdict.headers

    def admitted(self, request: Request, scope: str) -> dict[str, str]:
        """The RateLimit headers for the bearer of a key of this scope. Raises Problem 401 or 429."""
        try:
            check_key(request.headers.get("authorization"), self.api_keys.get(scope, ()))
        except Problem as refused:
            raise self.not_proven(request, refused) from None
        return self.within_rate(scope)

    def not_proven(self, request: Request, refused: Problem) -> Problem:
        """Returns the problem to raise for a request that is not proven: ``refused``, or 429 where its address failed
        too often.

        Who is proven is never refused for what others of its address did.
        """
        verdict = self.unproven.take(peer(request))
        if verdict.allowed:
            return refused
        return Problem(
            429, "too_many_unproven", f"more than {self.unproven.quota} requests a minute of this address failed",
            headers={"Retry-After": str(verdict.retry_after)},
        )

    @contextmanager
    def slot(self, request: Request, feed: str, *, proven: bool) -> Iterator[Slot]:
        """Room for the request's body until it is answered. Raises Problem 503 where there is none."""
        who, limits = peer(request), self.slots.limits
        most = limits.of_one_peer if self.unproven.has_left(who) else limits.of_a_refused_peer
        with self.slots.taken(feed, who, proven=proven, of_one_peer=most) as slot:
            yield slot

    async def read(self, request: Request, slot: Slot) -> bytes:
        """The request's body. Raises Problem as :func:`bodies.read`."""
        return await bodies.read(request, self.settings.intake.max_record_bytes, self.slots, slot)

    async def write(self, records: Sequence[Record]) -> list[Place]:
        """Write the records; returns their places. Raises Problem 503 for no acknowledgement, 413 for one too large."""
        written = await asyncio.gather(*(self.writer.write(one) for one in records), return_exceptions=True)
        places = []
        for outcome in written:
            if isinstance(outcome, NotWritten):
                if outcome.too_large:
                    raise Problem(413, "too_large", "Kafka takes no record so large") from outcome
                raise unavailable(f"not taken: {outcome.detail}", self.retry_after) from outcome
            if isinstance(outcome, BaseException):
                raise outcome
            places.append(outcome)
        for record in records:
            metrics.RECORDS.labels(record.topic).inc()
            metrics.BYTES.labels(record.topic).inc(len(record.value or b""))
        return places

    async def once(
        self, request: Request, scope: str, body: bytes, status: int, headers: dict[str, str],
        take: Callable[[], Awaitable[dict[str, Any]]],
    ) -> JSONResponse:
        """Respond with the result of ``take``, or with the stored response to the request's Idempotency-Key.

        Raises Problem as ``take`` does; a refusal is not stored.
        """
        key = request.headers.get("idempotency-key")
        if key is None:
            return JSONResponse(await take(), status, headers=headers)
        name = name_of(scope, key)
        known = await self.stored_responses.begin(name, body)
        if known is not None:
            return JSONResponse(known.body, known.status, headers={**headers, REPLAYED: "true"})
        try:
            told = await take()
            await self.stored_responses.keep(name, StoredResponse(fingerprint(body), status, told))
        finally:
            self.stored_responses.end(name)
        return JSONResponse(told, status, headers=headers)
