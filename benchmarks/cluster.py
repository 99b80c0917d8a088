"""The broker and registry a scenario runs on, its topics, and what is read back from them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from confluent_kafka import OFFSET_BEGINNING, Message, Producer, TopicPartition

from config import headers, topics
from config.settings import Settings
from connectors.embedded.broker import EmbeddedBroker, free_port
from connectors.embedded.registry import serve
from connectors.kafka import producer as kafka_producer
from connectors.kafka.consumer import consumer
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.ids import shipment_key
from streams.contracts.model import OrderReference

PARTITIONS = 4
QUEUED_KBYTES = 512 * 1024
"""Bodies are made before they are sent, and must not be waited for then."""


BROKERS = ("embedded", "kafka")


@contextmanager
def cluster(folder: Path, broker: str = "embedded", **changed: float) -> Iterator[Settings]:
    """A broker (one of ``BROKERS``) and a registry endpoint, with every topic created; the settings to reach them.

    ``changed``: settings other than the benchmarks' own.
    """
    port = free_port()
    server = serve("127.0.0.1", port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    waits: dict[str, float] = {"session_timeout": 30, "rebalance_timeout": 6, "stuck_timeout": 120} | changed
    if broker == "embedded":
        waits["fetch_min_bytes"] = 1
    try:
        with _broker(broker, folder) as bootstrap:
            settings = Settings(
                bootstrap=bootstrap, registry_url=f"http://127.0.0.1:{port}", data_dir=folder, partitions=PARTITIONS,
                **waits,  # type: ignore[arg-type]
            )
            from topologies.local_stack.stack import catalogue

            TopicAdmin(settings).create(catalogue())
            yield settings
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def _broker(kind: str, folder: Path) -> Iterator[str]:
    """A broker of this kind; its bootstrap servers."""
    if kind == "kafka":
        from tests.support.kafka import start_kafka

        with start_kafka() as kafka:
            yield kafka.bootstrap
    else:
        with EmbeddedBroker(log=folder / "broker.log") as embedded:
            yield embedded.bootstrap


def producer(settings: Settings, linger_ms: int = 20) -> Producer:
    """Returns a producer that places records as carriers' gateways and the intake stage do."""
    return kafka_producer.producer(settings, linger_ms=linger_ms, queued_kbytes=QUEUED_KBYTES)


def send_raw(settings: Settings, bodies: Iterable[bytes], first: int = 0) -> None:
    """Put raw pushes on the feed's topic, spread over its partitions, with the headers of a gateway."""
    out = producer(settings)
    topic = topics.raw("ups").name
    for number, body in enumerate(bodies, start=first):
        with_room(out, lambda: out.produce(
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
        with_room(out, lambda: out.produce(topics.ORDER_REFERENCES.name, value, key))  # noqa: B023
    out.flush(120)


def with_room(out: Producer, produce: Callable[[], None]) -> None:
    """Produce, waiting while the producer's queue is full."""
    while True:
        try:
            produce()
            return
        except BufferError:
            out.poll(0.1)


class Counter:
    """Counts the records of one topic as they come, by reading them."""

    def __init__(self, settings: Settings, topic: str) -> None:
        self.topic = topic
        self.count = 0
        self._consumer = consumer(settings, "benchmark", fetch_bytes=4 * 1024 * 1024, fetch_wait_ms=20)
        found = self._consumer.list_topics(topic, timeout=10).topics[topic]
        self._consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in found.partitions])

    def take(self, seconds: float) -> list[Message]:
        """The messages that arrived within ``seconds``."""
        came = [message for message in self._consumer.consume(20_000, seconds) if message.error() is None]
        self.count += len(came)
        return came

    def wait(self, count: int, patience: float, beat: Callable[[int], None] = lambda _: None) -> float:
        """Waits for the ``count``-th record and returns when it came (perf_counter). Raises TimeoutError without
        progress."""
        last, seen = time.perf_counter(), self.count
        while self.count < count:
            self.take(0.05)
            now = time.perf_counter()
            if self.count > seen:
                seen, last = self.count, now
                beat(seen)
            elif now - last > patience:
                raise TimeoutError(f"{self.topic}: {seen} records, not {count}, none for {patience:g} s")
        return time.perf_counter()

    def __enter__(self) -> Counter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()
