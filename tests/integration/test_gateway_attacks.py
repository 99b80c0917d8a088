"""A gateway under attack from the very address that honest pushes come from: each of those is taken at once.

The attackers hold what they get, and come again when it is taken from them. How long a push takes is not measured:
before the limits, it was refused or had to wait until the attackers let go.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest

from config.settings import Settings
from tests.support.waiting import PATIENCE, eventually
from topologies.local_stack.stack import Stack, on_free_ports

pytestmark = pytest.mark.broker
FEED, SECRET = "easypost", "a secret"
PATH = f"/v1/carriers/{FEED}/events"
BODY = json.dumps({"description": "tracker.updated", "result": {}}).encode()
LARGEST = 256 * 1024
OF_ONE_PEER = 24
ATTACKERS = 40
PUSHES = 10
FALSE = "hmac-sha256-hex=" + "0" * 64


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Broker, Valkey, registry and gateway."""
    settings = on_free_ports(Settings(
        _env_file=None, data_dir=tmp_path_factory.mktemp("attacked"), partitions=1, max_record_bytes=LARGEST,
        push_secrets=json.dumps({FEED: SECRET}), api_keys=json.dumps({"orders": "a key"}), gateway_unproven_rate=5,
        gateway_peer_connections=OF_ONE_PEER, gateway_body_bytes=8 * LARGEST,
    ))
    with Stack(settings, stages=["gateway"]) as started:
        yield started


def push(stack: Stack) -> httpx.Response:
    """An honest push, on a connection of its own."""
    digest = hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()
    given = {"Content-Type": "application/json", "X-Hmac-Signature": f"hmac-sha256-hex={digest}"}
    return httpx.post(f"{stack.gateway_url}{PATH}", content=BODY, headers=given, timeout=PATIENCE)


def head(length: int, path: str = PATH, credentials: str = f"X-Hmac-Signature: {FALSE}") -> bytes:
    lines = ("Host: x", "Content-Type: application/json", f"Content-Length: {length}", credentials)
    return "\r\n".join([f"POST {path} HTTP/1.1", *lines, "", ""]).encode()


ATTACKS = {
    "half a head": head(10)[:40],
    "one byte of a body": head(1_000) + b"{",
    "one byte of a body, unsigned": head(1_000, credentials="X: y") + b"{",
    "one byte of a body, false key": head(1_000, "/v1/orders", "Authorization: Bearer guessed") + b"{",
    "nearly the whole of a large body": head(LARGEST) + b"{" * (LARGEST - 1),
    "a large body with a false signature": head(LARGEST) + b"{" * LARGEST,
    "nothing": b"",
}


class Attacker(threading.Thread):
    """Opens a connection, sends, waits until it ends, and begins again."""

    def __init__(self, port: int, data: bytes) -> None:
        super().__init__(daemon=True)
        self._port, self._data = port, data
        self._ended = threading.Event()
        self._socket: socket.socket | None = None
        self.held = threading.Event()

    def run(self) -> None:
        while not self._ended.is_set():
            with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), PATIENCE) as connection:
                self._socket = connection
                connection.settimeout(0.5)
                with suppress(OSError):
                    connection.sendall(self._data)
                self.held.set()
                while not self._ended.is_set():
                    try:
                        if not connection.recv(65536):
                            break
                    except TimeoutError:
                        continue

    def end(self) -> None:
        self._ended.set()


@contextmanager
def attacked(stack: Stack, data: bytes) -> Iterator[None]:
    """While the block runs, attackers hold all they can of the gateway."""
    attackers = [Attacker(stack.settings.gateway.port, data) for _ in range(ATTACKERS)]
    for one in attackers:
        one.start()
    try:
        eventually(lambda: all(one.held.is_set() for one in attackers))
        yield
    finally:
        for one in attackers:
            one.end()
        for one in attackers:
            one.join(PATIENCE)


def measured(stack: Stack, name: str) -> float:
    """The sum of a metric of the gateway over its labels."""
    lines = httpx.get(f"{stack.gateway_url}/metrics", timeout=PATIENCE).text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


@pytest.mark.parametrize("data", ATTACKS.values(), ids=ATTACKS)
def test_every_honest_push_is_taken_throughout(stack: Stack, data: bytes) -> None:
    with attacked(stack, data):
        assert [push(stack).status_code for _ in range(PUSHES)] == [200] * PUSHES
        assert measured(stack, "shipsync_gateway_connections ") <= OF_ONE_PEER
        assert measured(stack, 'shipsync_gateway_body_bytes{proven="false"}') <= 2 * LARGEST


def refused_header(port: int) -> bytes:
    """The answer to a header without end."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        connection.sendall(head(10)[:-4] + b"\r\nX-Big: " + b"a" * 64 * 1024)
        return connection.recv(65536)


def answer_to(port: int, data: bytes) -> bytes:
    """The answer to what is sent, and nothing after it."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        connection.sendall(data)
        return connection.recv(65536)


@pytest.mark.parametrize(
    ("ask", "status"),
    [
        (refused_header, b"431"),
        (lambda port: answer_to(port, head(10)[:40]), b"408"),
        (lambda port: answer_to(port, head(LARGEST + 1)), b"413"),
        (lambda port: answer_to(port, head(10, credentials="X: y")), b"401"),
        (lambda port: answer_to(port, head(10, "/v1/orders", "X: y")), b"401"),
    ],
    ids=["endless head", "slow head", "too large", "unsigned", "without a key"],
)
def test_what_breaks_a_limit_is_answered_before_its_body_is_sent(
    stack: Stack, ask: Callable[[int], bytes], status: bytes
) -> None:
    answers: list[bytes] = []
    wanted = {status, b"429"} if status == b"401" else {status}
    eventually(lambda: answers.append(ask(stack.settings.gateway.port)) or answers[-1].split(b" ")[1] in wanted)
    assert len(answers) == 1


def test_an_address_that_fails_too_often_is_told_so_and_its_honest_pushes_are_taken(stack: Stack) -> None:
    wrong = {"Content-Type": "application/json", "X-Hmac-Signature": FALSE}
    for _ in range(9):
        last = httpx.post(f"{stack.gateway_url}{PATH}", content=BODY, headers=wrong, timeout=PATIENCE)
    assert (last.status_code, last.json()["code"]) == (429, "too_many_unproven")
    assert int(last.headers["Retry-After"]) >= 1
    assert push(stack).status_code == 200
