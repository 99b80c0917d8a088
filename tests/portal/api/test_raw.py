"""The raw message behind an event: as it was received, until Kafka keeps it no longer."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path

import pytest

from tests.support.portal import Portal, portal

KEY = "ups:1Z999AA10123456784"


@pytest.fixture
def one(tmp_path: Path) -> Portal:
    return portal(tmp_path)


def path_of(one: Portal, place: int = 1) -> str:
    told = one.get(f"/v1/shipments/{KEY}").json()["timeline"][place]
    return f"/v1/shipments/{KEY}/events/{told['event_id']}/raw"


def test_a_text_is_told_as_text(one: Portal) -> None:
    one.raw.kept["raw.ups.v1", 0, 8] = '{"wörter": "\x1b[31m"}'.encode()
    told = one.get(path_of(one)).json()
    assert told["text"] == '{"wörter": "\x1b[31m"}'
    assert (told["base64"], told["size"], told["offset"], told["at"]) == (None, 20, 8, "2026-09-21T14:13:20.000Z")


@pytest.mark.parametrize("body", [b"\xff\xfe", b"\x80", bytes(range(256)), b"\xed\xa0\x80"])
def test_what_is_no_text_is_told_as_base64(one: Portal, body: bytes) -> None:
    one.raw.kept["raw.ups.v1", 0, 8] = body
    told = one.get(path_of(one)).json()
    assert told["text"] is None
    assert b64decode(told["base64"]) == body


def test_a_message_that_is_gone_has_expired(one: Portal) -> None:
    response = one.get(path_of(one))
    assert (response.status_code, response.json()["code"]) == (404, "expired")


def test_an_event_that_is_not_there_is_said(one: Portal) -> None:
    response = one.get(f"/v1/shipments/{KEY}/events/none/raw")
    assert (response.status_code, response.json()["code"]) == (404, "unknown_event")


def test_without_a_broker_one_may_ask_again(one: Portal) -> None:
    one.raw.away = True
    response = one.get(path_of(one))
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    assert response.headers["Retry-After"]
