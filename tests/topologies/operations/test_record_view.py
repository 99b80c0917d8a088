"""Records as a person reads them."""

from __future__ import annotations

import io
from typing import Any, cast

import fastavro
import pytest
from confluent_kafka import Message

from config import contracts, headers, topics
from config.topics import STATIC
from tests.support.registry import FakeRegistry
from topologies.operations.record_view import (
    LETTER_PREVIEW,
    RAW_PREVIEW,
    humane,
    line,
    moment,
    plain,
    times,
)

registry = FakeRegistry()
ALERT = {
    "alert_id": "a", "kind": "feed_stale", "state": "raised", "severity": "warning", "subject": "x",
    "message": "Feed x is silent", "exception": "data_quality", "reason": "feed_stale",
    "raised_at": 1_790_000_000_123, "changed_at": 1_790_000_000_123,
    "record": b"",
}
ALERT_ID = 4711
registry.add(ALERT_ID, contracts.schema("alert"))


class FakeMessage:
    """A record as confluent-kafka hands it over."""

    def __init__(
        self, value: bytes | None, key: bytes | None = b"k", attached: list[tuple[str, bytes | None]] | None = None
    ) -> None:
        self._value, self._key, self._attached = value, key, attached

    def topic(self) -> str:
        return topics.OPS_ALERTS.name

    def partition(self) -> int:
        return 2

    def offset(self) -> int:
        return 7

    def timestamp(self) -> tuple[int, int]:
        return 1, 1_790_000_000_000

    def key(self) -> bytes | None:
        return self._key

    def value(self) -> bytes | None:
        return self._value

    def headers(self) -> list[tuple[str, bytes | None]] | None:
        return self._attached


def told(value: bytes | None, **other: Any) -> dict[str, Any]:
    return plain(cast(Message, FakeMessage(value, **other)), without_logical_types)


def without_logical_types(number: int) -> dict[str, Any]:
    return registry.writer_schema(number)


def framed(value: dict[str, Any]) -> bytes:
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(contracts.schema("alert")), value)
    return b"\0" + ALERT_ID.to_bytes(4, "big") + body.getvalue()


def test_avro_is_decoded_by_its_id_with_times_in_words() -> None:
    shown = humane({"raised_at": ALERT["raised_at"], "kind": "feed_stale"})
    assert shown == {"raised_at": "2026-09-21T14:13:20.123Z", "kind": "feed_stale"}
    assert told(framed(ALERT))["value"]["message"] == "Feed x is silent"
    assert told(framed(ALERT))["at"] == f"{topics.OPS_ALERTS.name}[2] @ 7"


def test_every_time_of_every_contract_is_told_in_words() -> None:
    assert {"occurred_at", "received_at", "stale_since", "watched_since", "raised_at"} <= times()
    assert "origin_offset" not in times()
    assert all(contracts.schema(topic.schema) for topic in STATIC if topic.schema)


def test_empty_values_are_left_out_and_bytes_are_counted() -> None:
    shown = humane({"a": None, "b": [], "c": "", "d": 0, "e": False, "f": b"12345", "g": [{"a": None, "h": 1}]})
    assert shown == {"d": 0, "e": False, "f": "5 bytes", "g": [{"h": 1}]}


@pytest.mark.parametrize(
    "value", [b"plain text", b"\0", b"\0\0\0\0\x01rest", framed(ALERT)[:-3], b"\0\xff\xff\xff\xff"]
)
def test_a_value_of_unknown_format_is_shown_as_text(value: bytes) -> None:
    assert isinstance(told(value)["value"], str)


def test_a_raw_record_is_whole_as_data_and_cut_on_a_line() -> None:
    long = told(b"x" * (RAW_PREVIEW + 1))
    assert len(long["value"]) == RAW_PREVIEW + 1
    assert line(long).plain.endswith(f"x… ({RAW_PREVIEW + 1:,} characters)")


def test_a_dead_letter_says_why_and_from_where_and_how_it_begins() -> None:
    attached: list[tuple[str, bytes | None]] = [
        (headers.REASON, b"malformed"), (headers.ERROR_MESSAGE, b"malformed: no JSON"),
        (headers.ERROR_TOPIC, b"a.topic"), (headers.ERROR_PARTITION, b"1"), (headers.ERROR_OFFSET, b"42"),
        (headers.CORRELATION_ID, b"c0ffee"),
    ]
    letter = told(b"{" * 1000, attached=attached, key=None)
    assert (letter["reason"], letter["origin"], letter["correlation_id"]) == ("malformed", "a.topic[1] @ 42", "c0ffee")
    first, second = line(letter).plain.split("\n")
    assert first == "2026-09-21T14:13:20.000Z  -  malformed: no JSON (a.topic[1] @ 42)"
    assert second == "    " + "{" * LETTER_PREVIEW + "… (1,000 characters)"


def test_a_tombstone_is_a_deletion() -> None:
    assert line(told(None)).plain.endswith("k  deleted")
    assert line(told(b"")).plain.endswith("k  empty")


def test_a_payload_has_no_power_over_the_terminal() -> None:
    assert "\x1b" not in line(told(b"\x1b]0;owned\x07", key=b"\x1b[31m")).plain


def test_a_time_no_calendar_has_is_shown_as_it_is() -> None:
    assert moment(10**18) == f"{10**18} ms"
