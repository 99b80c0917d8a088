"""The broker and registry a scenario runs on, its topics, and what is read back from them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition

from config import headers, topics
from config.settings import Settings
from connectors.embedded.broker import EmbeddedBroker, free_port
from connectors.embedded.registry import serve
from connectors.registry import Registry, ValueCodec
from connectors.topic_admin import TopicAdmin
from streams.identity import shipment_key
from streams.model import OrderReference

PARTITIONS = 4


@contextmanager
def cluster(folder: Path) -> Iterator[Settings]:
    """An embedded broker and a registry endpoint, with every topic created; the settings to reach them."""
    port = free_port()
    server = serve("127.0.0.1", port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with EmbeddedBroker(log=folder / "broker.log") as broker:
            settings = Settings(
                bootstrap=broker.bootstrap, registry_url=f"http://127.0.0.1:{port}", data_dir=folder,
                session_timeout=30, rebalance_timeout=6, partitions=PARTITIONS, stuck_timeout=120,
            )
            from topologies.stack import catalogue

            TopicAdmin(settings).create(catalogue())
            yield settings
    finally:
        server.shutdown()
        server.server_close()


def producer(settings: Settings) -> Producer:
    """As carriers' gateways and the intake stage place their records."""
    return Producer({
        **settings.librdkafka(), "enable.idempotence": True, "linger.ms": 20, "partitioner": "murmur2_random",
        "queue.buffering.max.messages": 1_000_000,
    })


def send_raw(settings: Settings, bodies: Iterable[bytes], first: int = 0) -> None:
    """Put raw pushes on the feed's topic, spread over its partitions, with the headers of a gateway."""
    out = producer(settings)
    topic = topics.raw("ups").name
    for number, body in enumerate(bodies, start=first):
        _with_room(out, lambda: out.produce(  # noqa: B023
            topic, body, partition=number % PARTITIONS, headers=raw_headers(number)  # noqa: B023
        ))
    out.flush(120)


def raw_headers(number: int) -> list[tuple[str, bytes]]:
    """The headers of the ``number``-th push, received now."""
    return [
        (headers.FEED, b"ups"), (headers.CONTENT_TYPE, b"application/json"),
        (headers.RECEIVED_AT, str(time.time_ns() // 1_000_000).encode()),
        (headers.CORRELATION_ID, f"{number:016x}".encode()), (headers.CHANNEL, b"webhook"),
    ]


def send_references(settings: Settings, references: Iterable[OrderReference]) -> None:
    """Put order references on their topic, framed as intake frames them."""
    codec = ValueCodec(topics.ORDER_REFERENCES, OrderReference, Registry(settings))
    out = producer(settings)
    for one in references:
        key = shipment_key(one.carrier, one.tracking_number).encode()
        value = codec.encode(one)
        _with_room(out, lambda: out.produce(topics.ORDER_REFERENCES.name, value, key))  # noqa: B023
    out.flush(120)


def _with_room(out: Producer, produce: Callable[[], None]) -> None:
    while True:
        try:
            produce()
            return
        except BufferError:
            out.poll(0.1)


class Ends:
    """Counts records on topics by their end offsets."""

    def __init__(self, settings: Settings) -> None:
        self._consumer = Consumer({**settings.librdkafka(), "group.id": "benchmark-ends"})

    def count(self, topic: str) -> int:
        """Records ever written to all partitions of ``topic``."""
        found = self._consumer.list_topics(topic, timeout=10).topics[topic]
        return sum(
            self._consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)[1]
            for number in found.partitions
        )

    def wait(self, topic: str, count: int, seconds: float, beat: Callable[[int], None]) -> float:
        """When ``topic`` had ``count`` records (perf_counter). Raises TimeoutError without progress."""
        deadline, seen = time.perf_counter() + seconds, -1
        while True:
            now = self.count(topic)
            if now >= count:
                return time.perf_counter()
            if now > seen:
                seen, deadline = now, time.perf_counter() + seconds
                beat(now)
            elif time.perf_counter() > deadline:
                raise TimeoutError(f"{topic} has {now} records, not {count}, and none came for {seconds:g} s")
            time.sleep(0.02)

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()
