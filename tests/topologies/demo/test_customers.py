"""The demo's customers take what is signed with their secret, once, and are busy now and then."""

from __future__ import annotations

from datetime import UTC, datetime
from zlib import crc32

import pytest
from standardwebhooks.webhooks import Webhook

from connectors.outbound.secrets import new_secret
from topologies.demo.customers import BUSY_ONE_IN, Received

BODY = b'{"type":"shipment.delivered"}'
PATIENT, BUSY = (
    next(f"msg_{number}" for number in range(100) if (crc32(f"msg_{number}".encode()) % BUSY_ONE_IN == 0) is busy)
    for busy in (False, True)
)


def signed(secret: str, name: str) -> dict[str, str]:
    now = datetime.now(UTC)
    return {
        "webhook-id": name, "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(name, now, BODY.decode()),
    }


@pytest.fixture
def secret() -> str:
    return new_secret()


@pytest.fixture
def received(secret: str) -> Received:
    found = Received()
    found.expect("/C-1001", secret)
    return found


def test_a_message_is_taken_once_and_its_repeat_is_noticed(received: Received, secret: str) -> None:
    assert [received.take("/C-1001", signed(secret, PATIENT), BODY) for _ in range(2)] == [204, 204]
    assert received.repeats == 1
    assert "Webhooks so far: 1 at endpoints of 1 customers" in received.sentence()


def test_a_busy_endpoint_takes_it_when_it_comes_again(received: Received, secret: str) -> None:
    assert [received.take("/C-1001", signed(secret, BUSY), BODY) for _ in range(2)] == [503, 204]
    assert received.repeats == 0
    assert "1 came again after a 503" in received.sentence()


def test_another_secret_or_address_is_refused(received: Received) -> None:
    assert received.take("/C-1001", signed(new_secret(), PATIENT), BODY) == 401
    assert received.take("/C-2", signed(new_secret(), PATIENT), BODY) == 404
    assert received.unverified == 1
