"""The services the endpoints share, and their common steps: rate, idempotency, writing."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse

from config.settings import Settings
from connectors.gateway import metrics
from connectors.gateway.credentials import Secrets, secrets_of
from connectors.gateway.log_writer import NotWritten, Place, RecordWriter
from connectors.gateway.problems import Problem, unavailable
from connectors.gateway.rates import Rates
from connectors.gateway.stored_responses import StoredResponse, StoredResponses, fingerprint, name_of
from connectors.kafka.producer import Record

REPLAYED = "Idempotent-Replayed"


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

    def __post_init__(self) -> None:
        self.push_secrets = secrets_of("SHIPSYNC_PUSH_SECRETS", self.settings.gateway.push_secrets)
        self.api_keys = secrets_of("SHIPSYNC_API_KEYS", self.settings.gateway.api_keys)

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
