"""Brokers of a test's own, and a schema registry beside them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from connectors.embedded.broker import EmbeddedBroker, free_port
from connectors.embedded.registry import serve
from tests.support.kafka import start_kafka
from tests.support.waiting import PATIENCE


@contextmanager
def registry() -> Iterator[str]:
    """The embedded registry endpoint in a thread; its URL."""
    port = free_port()
    server = serve("127.0.0.1", port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE)


@contextmanager
def embedded() -> Iterator[str]:
    """A broker of its own."""
    with EmbeddedBroker() as broker:
        yield broker.bootstrap


@contextmanager
def apache_kafka() -> Iterator[str]:
    """Apache Kafka of its own."""
    with start_kafka() as broker:
        yield broker.bootstrap


BROKERS = [
    pytest.param(embedded, marks=pytest.mark.broker, id="embedded"),
    pytest.param(apache_kafka, marks=pytest.mark.kafka, id="kafka"),
]
