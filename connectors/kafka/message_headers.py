"""The headers of a Kafka record, whatever bytes they hold."""

from __future__ import annotations

from confluent_kafka import Message

from config import headers

Headers = list[tuple[str, bytes]]


def headers_of(message: Message) -> Headers:
    """The headers in order; a null value is empty bytes.

    Where a name is not UTF-8 no header of the record can be read: then the one header ``shipsync.headers-unreadable``.
    """
    try:
        found = message.headers() or []
    except UnicodeDecodeError as error:
        return [(headers.UNREADABLE, str(error).encode())]
    return [(name, _bytes(value)) for name, value in found]


def _bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""
