"""Brokers of a test's own, and a schema registry beside them."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from connectors.embedded.broker import EmbeddedBroker, free_port
from connectors.embedded.registry import serve
from tests.support.certificates import Authority
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
def secured_registry(authority: Authority) -> Iterator[str]:
    """The same behind TLS, for clients with a certificate of the authority; its URL."""
    port = free_port()
    server = serve("127.0.0.1", port)
    pair = authority.sign("registry")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.certificate)
    context.load_cert_chain(pair.certificate, pair.key)
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{port}"
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
def apache_kafka(kept: Path | None = None) -> Iterator[str]:
    """Apache Kafka of its own, in a folder that goes with it, or in the one given."""
    with start_kafka(kept) as broker:
        yield broker.bootstrap


BROKERS = [
    pytest.param(embedded, marks=pytest.mark.broker, id="embedded"),
    pytest.param(apache_kafka, marks=pytest.mark.kafka, id="kafka"),
]


@contextmanager
def on_broker(broker: Callable[[], AbstractContextManager[str]], folder: Path, **more: Any) -> Iterator[Settings]:
    """Settings for workers on a broker and a registry of their own; ``more`` as of :func:`settings_for`."""
    with broker() as bootstrap, registry() as url:
        yield settings_for(bootstrap, url, folder, **more)


def settings_for(bootstrap: str, registry_url: str, folder: Path, **more: Any) -> Settings:
    """Settings for workers of a test, with further ones as given. A group lets a dead worker go after six seconds; a
    worker on a busy machine may stand still for minutes; gateway and portal take ports nobody uses."""
    return Settings(
        bootstrap=bootstrap, registry_url=registry_url, data_dir=folder,
        gateway_port=free_port(), portal_port=free_port(),
        **{"session_timeout": 6, "rebalance_timeout": 6, "stuck_timeout": 2 * PATIENCE, **more},
    )
