"""Finds free TCP ports of this machine for embedded services."""

from __future__ import annotations

import random
import socket

from streams.kernel.errors import Transient

HOST = "127.0.0.1"
FIRST, LAST = 20_000, 32_000
"""Below the kernel's ephemeral ports, so that no outgoing connection takes one meanwhile."""
TRIES = 200
PROBE_SECONDS = 0.5


def listens(port: int, host: str = HOST) -> bool:
    """Whether a server listens on the port."""
    with socket.socket() as probe:
        probe.settimeout(PROBE_SECONDS)
        return probe.connect_ex((host, port)) == 0


def is_free(port: int, host: str = HOST) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def unused(count: int = 1) -> list[int]:
    """``count`` different free ports. Raises Transient if too few are free."""
    found: list[int] = []
    for port in random.SystemRandom().sample(range(FIRST, LAST), TRIES + count):
        if len(found) == count:
            return found
        if is_free(port):
            found.append(port)
    raise Transient(f"hardly a port between {FIRST} and {LAST} is free: name one with shipsync up --ports")
