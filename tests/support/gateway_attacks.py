"""Attackers of a gateway without credentials, from the address that honest pushes come from."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from config.settings import Settings
from tests.support.waiting import PATIENCE, eventually
from topologies.local_stack.stack import Stack, on_free_ports

FEED, SECRET = "easypost", "a secret"
PATH = f"/v1/carriers/{FEED}/events"
BODY = json.dumps({"description": "tracker.updated", "result": {}}).encode()
LARGEST = 256 * 1024
FALSE = "hmac-sha256-hex=" + "0" * 64


def attacked_settings(folder: Path, **more: Any) -> Settings:
    """Settings of a gateway with a secret for the feed and small bodies; further ones as given."""
    return on_free_ports(Settings(
        _env_file=None, data_dir=folder, partitions=1, max_record_bytes=LARGEST, gateway_body_bytes=8 * LARGEST,
        push_secrets=json.dumps({FEED: SECRET}), api_keys=json.dumps({"orders": "a key"}), **more,
    ))


def push(stack: Stack) -> httpx.Response:
    """An honest push, on a connection of its own."""
    digest = hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()
    given = {"Content-Type": "application/json", "X-Hmac-Signature": f"hmac-sha256-hex={digest}"}
    return httpx.post(f"{stack.gateway_url}{PATH}", content=BODY, headers=given, timeout=PATIENCE)


def head(length: int, path: str = PATH, credentials: str = f"X-Hmac-Signature: {FALSE}") -> bytes:
    """The head of a request with a body of so many bytes."""
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
        self.held = threading.Event()

    def run(self) -> None:
        """Hold what can be got, until told to end."""
        while not self._ended.is_set():
            with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), PATIENCE) as connection:
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
        """End soon."""
        self._ended.set()


@contextmanager
def attacked(stack: Stack, data: bytes, attackers: int) -> Iterator[None]:
    """While the block runs, so many attackers hold all they can of the gateway."""
    threads = [Attacker(stack.settings.gateway.port, data) for _ in range(attackers)]
    for one in threads:
        one.start()
    try:
        eventually(lambda: all(one.held.is_set() for one in threads))
        yield
    finally:
        for one in threads:
            one.end()
        for one in threads:
            one.join(PATIENCE)
