"""Where answers and cursors go: Kafka, acknowledged by all replicas, then a copy of the cursor to Redis."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable, Sequence

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from config import headers, topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import client_log, largest_record
from connectors.polling.redis_mirror import Mirror
from connectors.polling.response import Heard
from streams.contracts.ids import shipment_key
from streams.contracts.model import PollState
from streams.kernel.errors import Transient
from streams.resilience.circuit_breaker import Circuit

CHANNEL = "poll"
ACK_SECONDS = 30.0
POLL_SECONDS = 0.02
log = structlog.get_logger(__name__)
Outgoing = tuple[str, bytes | None, bytes | None, list[tuple[str, str | bytes | None]]]


class KafkaCourier:
    """Writes to Kafka from the event loop without holding it up. Close it when done."""

    def __init__(self, settings: Settings, registry: Registry, mirror: Mirror) -> None:
        self._codec = ValueCodec(topics.POLL_STATE, PollState, registry)
        self._mirror = mirror
        self._producer = Producer({
            "enable.idempotence": True, "linger.ms": 5, "compression.codec": "lz4",
            "message.max.bytes": largest_record(settings), "delivery.timeout.ms": int(ACK_SECONDS * 1000),
            **settings.kafka.librdkafka(), "acks": "all", "partitioner": "murmur2_random",
        }, logger=client_log)

    async def forward(
        self, feed: str, heard: Heard, received_at: int, request_id: str, asked_number: str = ""
    ) -> None:
        """Return when the answer, byte for byte, is acknowledged on the feed's raw topic. ``asked_number``: the one
        number it answers about, where it was asked about one. Raises Transient.
        """
        told = {
            headers.FEED: feed,
            headers.CONTENT_TYPE: heard.headers.get("content-type", "application/octet-stream"),
            headers.RECEIVED_AT: str(received_at),
            headers.CORRELATION_ID: request_id,
            headers.CHANNEL: CHANNEL,
        }
        if asked_number:
            told[headers.ASKED_NUMBER] = asked_number
        attached: list[tuple[str, str | bytes | None]] = [(name, value.encode()) for name, value in told.items()]
        await asyncio.to_thread(self._deliver, [(topics.raw(feed).name, None, heard.body, attached)])

    async def save(self, states: Sequence[PollState]) -> None:
        """Return when the cursors are acknowledged; their copy is best effort. Raises Transient."""
        if not states:
            return
        encoded = [(state, self._codec.encode(state)) for state in states]
        await asyncio.to_thread(self._deliver, [
            (topics.POLL_STATE.name, key(state.feed, state.tracking_number).encode(), value, [])
            for state, value in encoded
        ])
        await self._mirror.keep(encoded)

    async def forget(self, states: Sequence[PollState]) -> None:
        """Take the cursors of these numbers away. Raises Transient."""
        if states:
            await asyncio.to_thread(self._deliver, [
                (topics.POLL_STATE.name, key(state.feed, state.tracking_number).encode(), None, []) for state in states
            ])

    async def mirror(self, feed: str, states: Iterable[PollState]) -> None:
        """Make the copy of a feed's cursors whole; best effort."""
        await self._mirror.fill(feed, ((state, self._codec.encode(state)) for state in states))

    async def circuit(self, feed: str, circuit: Circuit) -> None:
        """Leave the circuit's state where ``shipsync poll status`` finds it; best effort."""
        await self._mirror.keep_circuit(feed, circuit)

    def close(self) -> None:
        """Write out what is queued."""
        self._producer.flush(ACK_SECONDS)

    def _deliver(self, records: list[Outgoing]) -> None:
        left, failed, counted = len(records), list[KafkaError](), threading.Lock()

        def acknowledged(error: KafkaError | None, _: Message) -> None:
            nonlocal left
            with counted:
                left -= 1
                if error is not None:
                    failed.append(error)

        deadline = time.monotonic() + ACK_SECONDS
        for record in records:
            self._queue(record, acknowledged, deadline)
        while left and time.monotonic() < deadline:
            self._producer.poll(POLL_SECONDS)
        if left or failed:
            told = failed[0].str() if failed else f"no acknowledgement in {ACK_SECONDS:g} s"
            raise Transient(f"{records[0][0]}: {told}")

    def _queue(self, record: Outgoing, acknowledged: object, deadline: float) -> None:
        topic, record_key, value, attached = record
        while True:
            try:
                self._producer.produce(topic, value, record_key, headers=attached, on_delivery=acknowledged)
                return
            except BufferError:
                if time.monotonic() >= deadline:
                    raise Transient(f"{topic}: the queue stays full") from None
                self._producer.poll(POLL_SECONDS)
            except KafkaException as error:
                raise Transient(f"{topic}: {error.args[0].str()}") from error


def key(feed: str, number: str) -> str:
    """``FEED:REFERENCE``: the key of the cursor's records."""
    return shipment_key(feed, number)
