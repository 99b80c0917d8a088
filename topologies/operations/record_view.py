"""Kafka records for people: Avro decoded by its schema id, times in words, dead letters with their reason."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
from rich.text import Text

from config import headers
from streams.kernel.errors import Reject
from topologies.operations.terminal import cut, one_line, printable

if TYPE_CHECKING:
    from confluent_kafka import Message

WriterSchema = Callable[[int], dict[str, Any]]
RAW_PREVIEW, LETTER_PREVIEW = 2000, 200
"""Characters shown of a value that is not Avro, and of one that is a dead letter."""


def plain(record: Message, writer_schema: WriterSchema) -> dict[str, Any]:
    """A record as plain data: where it lies, time, key, value (Avro decoded, else text), dead-letter headers."""
    from connectors.kafka.message_headers import headers_of

    attached = {name: _text(value) for name, value in headers_of(record)}
    told: dict[str, Any] = {
        "at": f"{record.topic()}[{record.partition()}] @ {record.offset()}",
        "time": moment(record.timestamp()[1]),
        "key": _text(record.key()),
    }
    for name in (headers.FEED, headers.CORRELATION_ID):
        if name in attached:
            told[name.replace("-", "_")] = attached[name]
    if headers.REASON in attached:
        told["reason"] = attached[headers.REASON]
        told["error"] = attached.get(headers.ERROR_MESSAGE)
        told["origin"] = (
            f"{attached.get(headers.ERROR_TOPIC)}[{attached.get(headers.ERROR_PARTITION)}]"
            f" @ {attached.get(headers.ERROR_OFFSET)}"
        )
    told["value"] = _value(record.value(), writer_schema)
    return told


def line(told: dict[str, Any]) -> Text:
    """One record: time, key and value; for a dead letter the reason, the origin and its beginning."""
    shown = Text(f"{told['time']}  ", style="dim")
    shown.append(one_line(told["key"] or "-"), style="bold")
    shown.append("  ")
    refused = "reason" in told
    if refused:
        shown.append(one_line(told["error"] or told["reason"]), style="red")
        shown.append(one_line(f" ({told['origin']})") + "\n    ")
    value = told["value"]
    if value is None or value == "":
        shown.append("empty" if value == "" else "no value" if refused else "deleted", style="yellow")
    elif isinstance(value, (dict, list)):
        shown.append(one_line(json.dumps(value, ensure_ascii=False)))
    else:
        shown.append(cut(printable(str(value)), LETTER_PREVIEW if refused else RAW_PREVIEW))
    return shown


def named(value: Any) -> Any:
    """A Struct with its fields' names, also where it is written as an array."""
    if isinstance(value, msgspec.Struct):
        return {name: named(getattr(value, name)) for name in value.__struct_fields__}
    return [named(one) for one in value] if isinstance(value, list) else value


def humane(value: Any, name: str = "") -> Any:
    """Times in words, bytes as their size, empty values left out."""
    if isinstance(value, dict):
        return {key: humane(inner, key) for key, inner in value.items() if inner not in (None, [], "")}
    if isinstance(value, list):
        return [humane(inner, name) for inner in value]
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, int) and not isinstance(value, bool) and name in times():
        return moment(value)
    return value


@cache
def times() -> frozenset[str]:
    """The names of the contracts' fields that hold a time."""
    from config import contracts

    files = sorted(contracts.AVRO_DIR.glob("*.avsc"))
    return frozenset(name for file in files for name in _times_in(contracts.schema(file.stem), ""))


def _times_in(node: Any, name: str) -> Iterator[str]:
    """The names of the fields of a schema that hold a time. ``name``: of the field whose type ``node`` is."""
    if isinstance(node, list):
        for one in node:
            yield from _times_in(one, name)
    elif isinstance(node, dict):
        if node.get("logicalType") == "timestamp-millis":
            yield name
        for field in node.get("fields", ()):
            yield from _times_in(field["type"], field["name"])
        for inner in ("type", "items", "values"):
            yield from _times_in(node.get(inner), name)


def moment(milliseconds: int) -> str:
    """A time since the epoch as ISO 8601, UTC; the number itself where no calendar has it."""
    try:
        told = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{milliseconds} ms"
    return told.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _value(value: bytes | None, writer_schema: WriterSchema) -> Any:
    import fastavro

    from connectors.kafka.registry import split

    if value is None:
        return None
    try:
        number, body = split(value)
        return humane(fastavro.schemaless_reader(io.BytesIO(body), writer_schema(number), None))
    except (Reject, EOFError, LookupError, ValueError, TypeError):
        return _text(value)


def _text(value: bytes | str | None) -> str | None:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value
