"""From a refused record to what is kept of it: the record whole on ``dlq.<step>.v1``, and an index card.

The headers are those Kafka Connect writes (KIP-298), beside the original ones. The partition is left to the
key, so letters about one shipment stay in order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from config import headers
from config.apps import App
from config.topics import DEAD_LETTERS
from streams.contracts.model import DeadLetter
from topologies.runtime.handler import Message, Refused
from topologies.runtime.writing.sink import Whole

ERRORS = "streams.errors"
"""Names the module that readers of dead letters know our errors by, wherever their code lies."""
STAGE = "VALUE_CONVERTER"
LONGEST_DETAIL, LONGEST_NAME = 2_000, 500
"""Characters of what is told of a record; the record itself is kept whole, however long."""
Encode = Callable[[DeadLetter], bytes]
WRITTEN_HERE = frozenset({
    headers.ERROR_TOPIC, headers.ERROR_PARTITION, headers.ERROR_OFFSET, headers.ERROR_STAGE,
    headers.ERROR_CONNECTOR, headers.ERROR_TASK, headers.ERROR_CLASS, headers.ERROR_EXCEPTION,
    headers.ERROR_MESSAGE, headers.ERROR_STACKTRACE, headers.STEP, headers.REASON, headers.PATH,
    headers.ATTEMPT, headers.FIRST_FAILED_AT, headers.CUT,
})
LONGEST_NUMBER = 15
"""Digits of a number in a header."""
OVERHEAD_BYTES, HEADER_BYTES = 1_024, 10
"""Estimates, generously, the bytes a record, and each header, takes beside its own."""
CUT_WITH_HEADERS, CUT_WITH_KEY = 2, 3
"""Count the parts cut when the headers, and when the key, are among them."""


def letters(app: App, refused: Sequence[Refused], now_ms: int, most_bytes: int) -> list[Whole]:
    """The records as they came, with why and where from in their headers.

    ``most_bytes``: what the topic takes. A larger record loses its value, then its own headers, then its key; the
    header ``shipsync.cut`` says which. Nothing in a record makes this raise.
    """
    return [_letter(app, one, now_ms, most_bytes) for one in refused]


def _letter(app: App, refused: Refused, now_ms: int, most_bytes: int) -> Whole:
    record = refused.record
    own, written = _headers(app, refused, now_ms)
    sizes = {"value": len(record.value or b""), "headers": _size(own), "key": len(record.key or b"")}
    room = most_bytes - _size(written) - OVERHEAD_BYTES - sum(sizes.values())
    cut = []
    for part, size in sizes.items():
        if room < 0:
            room += size
            cut.append(f"{part} ({size} bytes)")
    if not cut:
        return Whole(app.dead_letters.name, record.key, record.value, [*own, *written])
    told = (headers.CUT, ", ".join(cut).encode())
    return Whole(
        app.dead_letters.name, record.key if len(cut) < CUT_WITH_KEY else None, None,
        [*(own if len(cut) < CUT_WITH_HEADERS else ()), *written, told],
    )


def _size(found: Sequence[tuple[str, bytes]]) -> int:
    return sum(len(name.encode("utf-8", "replace")) + len(value) + HEADER_BYTES for name, value in found)


def cards(app: App, refused: Sequence[Refused], now_ms: int, encode: Encode) -> dict[str, list[Message]]:
    """The index cards as outputs, keyed by step."""
    if not refused:
        return {}
    key = app.name.encode()
    return {DEAD_LETTERS.name: [{"key": key, "value": encode(card(app, one, now_ms))} for one in refused]}


def card(app: App, refused: Refused, now_ms: int) -> DeadLetter:
    """The index card of one refused record; its time is when it first failed (ms since the epoch)."""
    record, reject = refused
    present = dict(record.headers)
    return DeadLetter(
        step=app.name,
        reason=reject.reason.value,
        detail=_unicode(reject.detail[:LONGEST_DETAIL]),
        path=None if reject.path is None else _unicode(reject.path[:LONGEST_NAME]),
        origin_topic=record.topic,
        origin_partition=record.partition,
        origin_offset=record.offset,
        feed=_text(present.get(headers.FEED)),
        correlation_id=_text(present.get(headers.CORRELATION_ID)),
        size=len(record.value or b""),
        failed_at=_number(present.get(headers.FIRST_FAILED_AT)) or now_ms,
    )


def _headers(app: App, refused: Refused, now_ms: int) -> tuple[list[tuple[str, bytes]], list[tuple[str, bytes]]]:
    """The record's own headers, and those written here."""
    record, reject = refused
    present = dict(record.headers)
    kept = [
        (name.encode("utf-8", "replace").decode(), value) for name, value in record.headers if name not in WRITTEN_HERE
    ]
    exception = type(reject)
    written = {
        headers.ERROR_TOPIC: record.topic,
        headers.ERROR_PARTITION: record.partition,
        headers.ERROR_OFFSET: record.offset,
        headers.ERROR_STAGE: STAGE,
        headers.ERROR_CONNECTOR: app.app_id,
        headers.ERROR_TASK: record.partition,
        headers.ERROR_CLASS: f"topologies.{app.name}",
        headers.ERROR_EXCEPTION: f"{ERRORS}.{exception.__qualname__}",
        headers.ERROR_MESSAGE: str(reject)[:LONGEST_DETAIL],
        headers.STEP: app.name,
        headers.REASON: reject.reason.value,
        headers.ATTEMPT: _number(present.get(headers.ATTEMPT)) or 1,
        headers.FIRST_FAILED_AT: _number(present.get(headers.FIRST_FAILED_AT)) or now_ms,
    }
    if reject.path is not None:
        written[headers.PATH] = reject.path[:LONGEST_NAME]
    return kept, [(name, str(value).encode("utf-8", "replace")) for name, value in written.items()]


def _text(value: bytes | None) -> str | None:
    return None if value is None else value[:LONGEST_NAME].decode("utf-8", "replace")


def _unicode(text: str) -> str:
    """The text without lone surrogates, which cannot be written."""
    return text.encode("utf-8", "replace").decode()


def _number(value: bytes | None) -> int | None:
    """A count or a time in ms; None for anything that is none."""
    return int(value) if value is not None and len(value) <= LONGEST_NUMBER and value.isdigit() else None
