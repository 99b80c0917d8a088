"""Writes responses and cursors to Kafka, acknowledged by all replicas, then a copy of the cursors to Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from config import topics
from config.settings import Settings
from connectors.carrier_api.response import Response
from connectors.kafka.producer import ACK_SECONDS, Record, deliver, producer
from connectors.kafka.raw_record import raw_record
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import largest_record
from connectors.polling.redis_mirror import RedisMirror
from streams.contracts.ids import shipment_key
from streams.contracts.model import PollState
from streams.resilience.circuit_breaker import Circuit

CHANNEL = "poll"


class KafkaPublisher:
    """Writes to Kafka from the event loop without holding it up. Close it when done."""

    def __init__(self, settings: Settings, registry: Registry, mirror: RedisMirror) -> None:
        self._codec = ValueCodec(topics.POLL_STATE, PollState, registry)
        self._mirror = mirror
        self._producer = producer(settings, largest=largest_record(settings))

    async def forward(
        self, feed: str, response: Response, received_at: int, request_id: str, asked_number: str = ""
    ) -> None:
        """Return when the response, byte for byte, is acknowledged on the feed's raw topic.

        ``asked_number``: the number of a request for a single one. Raises Transient.
        """
        content_type = response.headers.get("content-type", "application/octet-stream")
        record = raw_record(feed, response.body, content_type, received_at, request_id, CHANNEL, asked_number)
        await asyncio.to_thread(deliver, self._producer, [record])

    async def save(self, states: Sequence[PollState]) -> None:
        """Return when the cursors are acknowledged; their copy is best effort. Raises Transient."""
        if not states:
            return
        encoded = [(state, self._codec.encode(state)) for state in states]
        await asyncio.to_thread(deliver, self._producer, [_record(state, value) for state, value in encoded])
        await self._mirror.keep(encoded)

    async def forget(self, states: Sequence[PollState]) -> None:
        """Delete the cursors of these numbers. Raises Transient."""
        if states:
            await asyncio.to_thread(deliver, self._producer, [_record(state, None) for state in states])

    async def mirror(self, feed: str, states: Iterable[PollState]) -> None:
        """Write all cursors of a feed to the copy; best effort."""
        await self._mirror.fill(feed, ((state, self._codec.encode(state)) for state in states))

    async def circuit(self, feed: str, circuit: Circuit) -> None:
        """Write the circuit breaker's state to where ``shipsync poll status`` reads it; best effort."""
        await self._mirror.keep_circuit(feed, circuit)

    def close(self) -> None:
        """Send what is queued."""
        self._producer.flush(ACK_SECONDS)


def _record(state: PollState, value: bytes | None) -> Record:
    return Record(topics.POLL_STATE.name, key(state.feed, state.tracking_number).encode(), value)


def key(feed: str, number: str) -> str:
    """``FEED:REFERENCE``: the key of the cursor's records."""
    return shipment_key(feed, number)
