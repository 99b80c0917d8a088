"""Some of the demo's customers have endpoints, on this machine: they take webhooks, verify them, and count.

One in ten messages is answered 503 the first time, as a busy server would, so that attempts can be seen to come again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from zlib import crc32

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from config.settings import Settings
from connectors.embedded.ports import HOST
from connectors.outbound.recipient_book import RecipientBook, write
from streams.contracts.audit import Actor
from streams.kernel.outbound_vocabulary import RecipientChannel
from topologies.operations import webhook_endpoints
from topologies.operations.command_actor import command_actor

CUSTOMERS = tuple(f"C-{number}" for number in range(1001, 1006))
PEOPLE = {
    "C-1001": ("ann@example.com", "en", "Europe/London"), "C-1002": ("bernd@example.de", "de", "Europe/Berlin"),
    "C-1003": ("chloe@example.fr", "fr", "Europe/Paris"), "C-1004": ("diego@example.es", "es", "Europe/Madrid"),
}
"""Who is told by e-mail: address, language, time zone."""
LARGEST_BODY = 64 * 1024
BUSY_ONE_IN = 10


class Taker(Protocol):
    """Takes requests."""

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """Take a request; the HTTP status of the answer. ``headers``: names in lower case."""


class Received:
    """The messages that came to the endpoints, by id. For several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._secrets: dict[str, Webhook] = {}
        self._times: dict[str, int] = {}
        self._taken: set[str] = set()
        self.repeats = 0
        """Messages that came again after they had been taken."""
        self.unverified = 0
        """Requests whose signature is not ShipSync's."""

    def expect(self, path: str, secret: str) -> None:
        """Messages to this path are signed with this secret."""
        self._secrets[path] = Webhook(secret)

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """Take a request; the HTTP status of the answer. ``headers``: names in lower case."""
        known = self._secrets.get(path)
        try:
            if known is None:
                return 404
            known.verify(body, headers)
        except WebhookVerificationError:
            with self._lock:
                self.unverified += 1
            return 401
        name = headers["webhook-id"]
        with self._lock:
            self._times[name] = self._times.get(name, 0) + 1
            if self._times[name] == 1 and crc32(name.encode()) % BUSY_ONE_IN == 0:
                return 503
            self.repeats += name in self._taken
            self._taken.add(name)
            return 204

    def sentence(self) -> str:
        """The messages that have come so far, counted in words."""
        with self._lock:
            again = sum(times > 1 for times in self._times.values())
            return (
                f"Webhooks so far: {len(self._taken):,} at endpoints of {len(self._secrets)} customers,"
                f" {self.unverified or 'none'} with a wrong signature; {again:,} came again after a 503,"
                f" {self.repeats or 'none'} after it was taken."
            )


@contextmanager
def receiving(settings: Settings) -> Iterator[Received]:
    """Endpoints of some customers, known to the stack of these settings while they are served. Raises Transient,
    Fatal."""
    received = Received()
    with serving(received, "demo's customers") as port:
        _subscribe(settings, received, port)
        yield received


@contextmanager
def serving(taker: Taker, name: str) -> Iterator[int]:
    """Serve HTTP POSTs on this machine, in a thread of this name, and hand them to ``taker``; the port."""
    server = ThreadingHTTPServer((HOST, 0), _handler(taker))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name=name, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _subscribe(settings: Settings, received: Received, port: int) -> None:
    actor = command_actor(settings)
    endpoints = webhook_endpoints.Endpoints.opened(settings, actor.name)
    for customer in CUSTOMERS:
        path = f"/{customer}"
        change = endpoints.add(customer, f"http://{HOST}:{port}{path}", (), "The demo's own")
        assert change.secret is not None
        received.expect(path, change.secret)
        webhook_endpoints.write(settings, change, "add", actor)
    _tell_people(settings, actor)


def _tell_people(settings: Settings, actor: Actor) -> None:
    """Somebody at each of these customers gets e-mail, in their language: it lands in the stack's outbox."""
    for customer, (address, language, zone) in PEOPLE.items():
        book = RecipientBook.opened(settings, actor.name)
        if book.of(customer):
            continue
        change = book.add(
            customer, RecipientChannel.EMAIL, address, language=language, time_zone=zone, digest_seconds=10,
            description="The demo's own",
        )
        write(settings, change, "add", actor)


def _handler(taker: Taker) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers one connection."""

        protocol_version = "HTTP/1.1"
        timeout = 60

        def do_POST(self) -> None:
            """Take a message."""
            length = self.headers.get("content-length", "")
            size = int(length) if length.isascii() and length.isdigit() else LARGEST_BODY + 1
            if size > LARGEST_BODY:
                self.close_connection = True
                return self._answer(413)
            body = self.rfile.read(size)
            return self._answer(
                taker.take(self.path, {name.lower(): one for name, one in self.headers.items()}, body)
            )

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    return Handler
