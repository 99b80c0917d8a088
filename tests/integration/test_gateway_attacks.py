"""A gateway under attack from the very address that honest pushes come from: each of those is taken at once.

The attackers hold what they get, and come again when it is taken from them. How long a push takes is not measured:
before the limits, it was refused or had to wait until the attackers let go.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.support.gateway_attacks import (
    ATTACKS,
    BODY,
    FALSE,
    LARGEST,
    PATH,
    attacked,
    attacked_settings,
    head,
    push,
)
from tests.support.waiting import PATIENCE, eventually
from topologies.local_stack.stack import Stack

pytestmark = pytest.mark.broker
OF_ONE_PEER = 24
ATTACKERS = 40
PUSHES = 10


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Broker, Valkey, registry and gateway."""
    settings = attacked_settings(
        tmp_path_factory.mktemp("attacked"), gateway_unproven_rate=5, gateway_peer_connections=OF_ONE_PEER
    )
    with Stack(settings, stages=["gateway"]) as started:
        yield started


def measured(stack: Stack, name: str) -> float:
    """The sum of a metric of the gateway over its labels."""
    lines = httpx.get(f"{stack.gateway_url}/metrics", timeout=PATIENCE).text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


@pytest.mark.parametrize("data", ATTACKS.values(), ids=ATTACKS)
def test_every_honest_push_is_taken_throughout(stack: Stack, data: bytes) -> None:
    with attacked(stack, data, ATTACKERS):
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
