"""From a refused record to what is kept of it: the record whole on ``dlq.<step>.v1``, and an index card.

The headers are those Kafka Connect writes (KIP-298), beside the original ones. The partition is left to the
key, so letters about one shipment stay in order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from config import headers
from config.topics import DEAD_LETTERS, App
from streams.contracts.model import DeadLetter
from topologies.runtime.handler import Message, Refused
from topologies.runtime.sink import Whole

ERRORS = "streams.errors"
"""Where readers of dead letters know our errors from, wherever their code lies."""
STAGE = "VALUE_CONVERTER"
LONGEST_DETAIL, LONGEST_NAME = 2_000, 500
"""Characters of what is told of a record; the record itself is kept whole, however long."""
Encode = Callable[[DeadLetter], bytes]
WRITTEN_HERE = frozenset({
    headers.ERROR_TOPIC, headers.ERROR_PARTITION, headers.ERROR_OFFSET, headers.ERROR_STAGE,
    headers.ERROR_CONNECTOR, headers.ERROR_TASK, headers.ERROR_CLASS, headers.ERROR_EXCEPTION,
    headers.ERROR_MESSAGE, headers.ERROR_STACKTRACE, headers.STEP, headers.REASON, headers.PATH,
    headers.ATTEMPT, headers.FIRST_FAILED_AT,
})


def letters(app: App, refused: Sequence[Refused], now_ms: int) -> list[Whole]:
    """The records as they came, with why and where from in their headers."""
    return [
        Whole(app.dead_letters.name, one.record.key, one.record.value, _headers(app, one, now_ms))
        for one in refused
    ]


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
        detail=reject.detail[:LONGEST_DETAIL],
        path=None if reject.path is None else reject.path[:LONGEST_NAME],
        origin_topic=record.topic,
        origin_partition=record.partition,
        origin_offset=record.offset,
        feed=_text(present.get(headers.FEED)),
        correlation_id=_text(present.get(headers.CORRELATION_ID)),
        size=len(record.value or b""),
        failed_at=_number(present.get(headers.FIRST_FAILED_AT)) or now_ms,
    )


def _headers(app: App, refused: Refused, now_ms: int) -> list[tuple[str, bytes]]:
    record, reject = refused
    present = dict(record.headers)
    kept = [(name, value) for name, value in record.headers if name not in WRITTEN_HERE]
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
    return [*kept, *((name, str(value).encode()) for name, value in written.items())]


def _text(value: bytes | None) -> str | None:
    return None if value is None else value[:LONGEST_NAME].decode("utf-8", "replace")


def _number(value: bytes | None) -> int | None:
    return int(value) if value is not None and value.isdigit() else None
