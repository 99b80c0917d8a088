"""``python -m benchmarks.sender``: what a webhook costs the sender, at a steady rate and as fast as it can. ``--write``
puts it into ``benchmarks/RESULTS.md``.

One sender as a process of its own, with the embedded broker. An endpoint in another process answers each request after
50 ms; it is the same for all, by plain http, so no TLS is in the figures. Delay: from when a request was asked for to
its answer, by the attempts on Kafka. CPU is the sender's, for one request.

The last run has 10,000 endpoints, of which 100 take connections and never answer; its figures are of the others.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks import sections
from benchmarks.processes import Worker, environment, listening, until
from config import topics
from config.settings import Settings
from connectors.embedded.broker import EmbeddedBroker, free_port
from connectors.embedded.registry import serve
from connectors.kafka.producer import Record, enqueue, producer
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from connectors.outbound.secrets import SecretBox, new_secret
from streams.contracts.outbound import CustomerSubscriptions, OutboundAttempt, OutboundRequest, WebhookEndpoint
from streams.kernel.vocabulary import AttemptResult
from tests.support.topics import read_all
from topologies.local_stack.services import for_the_embedded_broker
from topologies.operations import webhook_endpoints
from topologies.operations.command_actor import command_actor

TITLE = "The sender of webhooks"
RATE, SECONDS, BURST = 1_000, 10, 10_000
ANSWER_SECONDS = 0.05
MANY, DEAD_ONE_IN, OF_ONE = 10_000, 100, 100
"""Endpoints of the last run, how many of them never answer, and how many a customer has."""
CUSTOMERS = tuple(f"C-{number}" for number in range(20))
BODY = f'{{"type":"shipment.delivered","timestamp":"2026-11-29T10:00:00Z","data":{{"text":"{"x" * 700}"}}}}'
ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


class Measured(NamedTuple):
    """One run. Delays in ms, ``cpu`` in ms a request, ``memory`` at its peak in MB."""

    name: str
    requests: int
    a_second: float
    median: float
    most: float
    cpu: float
    cores: float
    memory: float


class _Answering(asyncio.Protocol):
    """One connection: each request is answered after 50 ms."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._read = transport, bytearray()

    def data_received(self, data: bytes) -> None:
        self._read += data
        head = self._read.find(b"\r\n\r\n")
        if head >= 0 and len(self._read) >= head + 4 + len(BODY):
            self._read.clear()
            asyncio.get_running_loop().call_later(ANSWER_SECONDS, self._transport.write, ANSWER)


async def _answer(port: int, silent_port: int) -> None:
    await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", silent_port, backlog=4_096)
    server = await asyncio.get_running_loop().create_server(_Answering, "127.0.0.1", port, backlog=4_096)
    await server.serve_forever()


class Bench:
    """A broker, an endpoint and a sender. ``customers``: their destinations."""

    def __init__(
        self, settings: Settings, sender: Worker, customers: dict[str, str], many: list[tuple[str, str, bool]]
    ) -> None:
        """``many``: customer, destination and whether it answers, of the last run."""
        self._settings, self._sender, self._customers, self.many = settings, sender, customers, many
        registry = Registry(settings)
        self._requests = ValueCodec(topics.NOTIFICATION_REQUESTS, OutboundRequest, registry)
        self._attempts = ValueCodec(topics.NOTIFICATION_ATTEMPTS, OutboundAttempt, registry)
        self._out = producer(settings)
        self._asked: dict[str, int] = {}

    def run(
        self, name: str, requests: int, rate: float, among: list[tuple[str, str, bool]] | None = None
    ) -> Measured:
        """Ask for so many requests at this rate a second, and wait for their attempts. ``among``: customer, destination
        and whether it answers, in turn; the figures are of those that do."""
        to = among or [(customer, self._customers[customer], True) for customer in CUSTOMERS]
        cpu, began, seen = self._sender.cpu_seconds(), time.monotonic(), len(self._asked)
        own = [f"{name}-{number}" for number in range(requests)]
        live = {message for number, message in enumerate(own) if to[number % len(to)][2]}
        for number, message in enumerate(own):
            while number > (time.monotonic() - began) * rate:
                self._out.flush(0.002)
            customer, destination, _ = to[number % len(to)]
            self._asked[message] = now = time.time_ns() // 1_000_000
            asked = OutboundRequest(
                message, destination, customer, message, "shipment.delivered", BODY, 1, now, now
            )
            value = self._requests.encode(asked)
            enqueue(self._out, Record(topics.NOTIFICATION_REQUESTS.name, customer.encode(), value))
        self._out.flush(60)
        made = self._wait(seen + requests)
        found = [one for one in made if one.message_id in live]
        if failed := Counter(one.detail for one in found if one.result is not AttemptResult.ACCEPTED):
            raise RuntimeError(f"not all requests were accepted: {failed}")
        ended = max(one.ended_at for one in found) - min(self._asked[one] for one in own)
        delays = sorted(one.ended_at - self._asked[one.message_id] for one in found)
        cpu = self._sender.cpu_seconds() - cpu
        return Measured(
            name, requests, requests / ended * 1000, delays[len(delays) // 2], delays[int(len(delays) * 0.99)],
            cpu / requests * 1000, cpu / ended * 1000, self._sender.memory_mb(),
        )

    def _wait(self, attempts: int) -> list[OutboundAttempt]:
        while True:
            read = read_all(self._settings.kafka.bootstrap, topics.NOTIFICATION_ATTEMPTS.name)
            if len(read) >= attempts:
                return [self._attempts.decode(one.value()) for one in read]
            time.sleep(1)


@contextmanager
def started(folder: Path) -> Iterator[Bench]:
    """All of it, in a folder."""
    registry = serve("127.0.0.1", 0)
    threading.Thread(target=registry.serve_forever, daemon=True).start()
    with EmbeddedBroker() as broker:
        settings = for_the_embedded_broker(Settings(
            _env_file=None, bootstrap=broker.bootstrap, registry_url=f"http://127.0.0.1:{registry.server_port}",
            partitions=4, data_dir=folder, outbound_private_addresses=True,
        ))
        TopicAdmin(settings).create(topics.STATIC)
        port, silent_port, metrics_port = free_port(), free_port(), free_port()
        endpoint = Worker(
            "endpoint", [sys.executable, "-m", "benchmarks.sender", "--endpoint", str(port), str(silent_port)], {},
            folder / "endpoint.log",
        )
        until(endpoint, lambda: listening(port))
        many = _many(settings, port, silent_port)
        customers = {one: _subscribed(settings, one, port) for one in CUSTOMERS}
        sender = Worker(
            "sender", [sys.executable, "-m", "topologies.cli.main", "send", "notifications"],
            {**environment(settings), "SHIPSYNC_METRICS_PORT": str(metrics_port),
             "SHIPSYNC_OUTBOUND_PRIVATE_ADDRESSES": "true"}, folder / "sender.log",
        )
        try:
            until(sender, lambda: _ready(metrics_port))
            yield Bench(settings, sender, customers, many)
        finally:
            sender.end()
            endpoint.end()
            registry.shutdown()


def _subscribed(settings: Settings, customer: str, port: int) -> str:
    """The destination of a new endpoint of the customer."""
    endpoints = webhook_endpoints.Endpoints(settings, SecretBox(settings), {}, "bench", 1)
    change = endpoints.add(customer, f"http://127.0.0.1:{port}/hooks", (), "")
    webhook_endpoints.write(settings, change, "add", command_actor(settings))
    return f"webhook:{change.endpoint.endpoint_id}"


def _many(settings: Settings, port: int, silent_port: int) -> list[tuple[str, str, bool]]:
    """Many endpoints, some of which never answer: customer, destination and whether it answers."""
    box, out = SecretBox(settings), producer(settings)
    codec = ValueCodec(topics.CUSTOMER_SUBSCRIPTIONS, CustomerSubscriptions, Registry(settings))
    secret, found = box.encrypt(new_secret()), list[tuple[str, str, bool]]()
    for first in range(0, MANY, OF_ONE):
        customer, endpoints = f"M-{first // OF_ONE}", list[WebhookEndpoint]()
        for number in range(first, first + OF_ONE):
            answers = number % DEAD_ONE_IN != 0
            url = f"http://127.0.0.1:{port if answers else silent_port}/{number}"
            endpoints.append(WebhookEndpoint(f"ep_{number}", url, [secret], enabled_at=1))
            found.append((customer, f"webhook:ep_{number}", answers))
        value = codec.encode(CustomerSubscriptions(customer, endpoints, 1, "bench"))
        enqueue(out, Record(topics.CUSTOMER_SUBSCRIPTIONS.name, customer.encode(), value))
    out.flush(60)
    return found


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as told:
            return bool(told.status == 200)
    except OSError:
        return False


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sender", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the figures into benchmarks/RESULTS.md")
    parser.add_argument("--endpoint", type=int, nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.endpoint:
        asyncio.run(_answer(*asked.endpoint))
        return
    with tempfile.TemporaryDirectory() as folder, started(Path(folder)) as bench:
        bench.run("warm", 1_000, RATE)
        found = [
            bench.run(f"{RATE:,} a second", RATE * SECONDS, RATE), bench.run("as fast as it can", BURST, float("inf")),
            bench.run(f"{MANY:,} endpoints, {MANY // DEAD_ONE_IN} of them dead", MANY, RATE / 2, bench.many),
        ]
    heads = ("run", "requests", "a second", "delay ms: median", "99 %", "CPU ms a request", "cores", "MB")
    rows = [(one.name, f"{one.requests:,}", f"{one.a_second:,.0f}", f"{one.median:,.0f}", f"{one.most:,.0f}",
             f"{one.cpu:.2f}", f"{one.cores:.2f}", f"{one.memory:.0f}") for one in found]
    table = Table(*heads, title=TITLE)
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    if asked.write:
        load = f"Load of the machine, by other work too, at the end: {os.getloadavg()[0]:.0f}."
        lines = [load, "", *(f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows))]
        sections.put(TITLE, "python -m benchmarks.sender", lines, sections.RESULTS)


if __name__ == "__main__":
    main()
