"""Where answers and cursors go: Kafka, acknowledged by all replicas, then a copy of the cursor to Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from config import topics
from config.settings import Settings
from connectors.kafka.producer import ACK_SECONDS, Record, deliver, producer
from connectors.kafka.raw_record import raw_record
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import largest_record
from connectors.polling.redis_mirror import Mirror
from connectors.polling.response import Heard
from streams.contracts.ids import shipment_key
from streams.contracts.model import PollState
from streams.resilience.circuit_breaker import Circuit

CHANNEL = "poll"


class KafkaCourier:
    """Writes to Kafka from the event loop without holding it up. Close it when done."""

    def __init__(self, settings: Settings, registry: Registry, mirror: Mirror) -> None:
        self._codec = ValueCodec(topics.POLL_STATE, PollState, registry)
        self._mirror = mirror
        self._producer = producer(settings, largest=largest_record(settings))

    async def forward(
        self, feed: str, heard: Heard, received_at: int, request_id: str, asked_number: str = ""
    ) -> None:
        """Return when the answer, byte for byte, is acknowledged on the feed's raw topic. ``asked_number``: the one
        number it answers about, where it was asked about one. Raises Transient.
        """
        content_type = heard.headers.get("content-type", "application/octet-stream")
        record = raw_record(feed, heard.body, content_type, received_at, request_id, CHANNEL, asked_number)
        await asyncio.to_thread(deliver, self._producer, [record])

    async def save(self, states: Sequence[PollState]) -> None:
        """Return when the cursors are acknowledged; their copy is best effort. Raises Transient."""
        if not states:
            return
        encoded = [(state, self._codec.encode(state)) for state in states]
        await asyncio.to_thread(deliver, self._producer, [_record(state, value) for state, value in encoded])
        await self._mirror.keep(encoded)

    async def forget(self, states: Sequence[PollState]) -> None:
        """Take the cursors of these numbers away. Raises Transient."""
        if states:
            await asyncio.to_thread(deliver, self._producer, [_record(state, None) for state in states])

    async def mirror(self, feed: str, states: Iterable[PollState]) -> None:
        """Make the copy of a feed's cursors whole; best effort."""
        await self._mirror.fill(feed, ((state, self._codec.encode(state)) for state in states))

    async def circuit(self, feed: str, circuit: Circuit) -> None:
        """Leave the circuit's state where ``shipsync poll status`` finds it; best effort."""
        await self._mirror.keep_circuit(feed, circuit)

    def close(self) -> None:
        """Write out what is queued."""
        self._producer.flush(ACK_SECONDS)


def _record(state: PollState, value: bytes | None) -> Record:
    return Record(topics.POLL_STATE.name, key(state.feed, state.tracking_number).encode(), value)


def key(feed: str, number: str) -> str:
    """``FEED:REFERENCE``: the key of the cursor's records."""
    return shipment_key(feed, number)
