"""Headers are read whatever bytes they hold."""

from __future__ import annotations

from typing import Any

from config import headers
from connectors.kafka.message_headers import headers_of


class FakeMessage:
    """A message that answers as confluent-kafka's does."""

    def __init__(self, found: Any) -> None:
        self._found = found

    def headers(self) -> Any:
        if isinstance(self._found, Exception):
            raise self._found
        return self._found


def read(found: Any) -> list[tuple[str, bytes]]:
    message: Any = FakeMessage(found)
    return headers_of(message)


def test_headers_come_in_order_and_a_null_value_is_empty() -> None:
    assert read([("b", b"1"), ("a", None), ("b", b"2")]) == [("b", b"1"), ("a", b""), ("b", b"2")]
    assert read(None) == []


def test_a_name_that_is_not_utf_8_costs_the_headers_and_says_so() -> None:
    [(name, told)] = read(UnicodeDecodeError("utf-8", b"caf\xe9", 3, 4, "unexpected end of data"))
    assert name == headers.UNREADABLE
    assert b"unexpected end of data" in told
