"""``shipsync tail TOPIC``: decoded records as they come."""

from __future__ import annotations

import difflib
import io
import json
import re
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import fastavro
import typer
from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, Message, TopicPartition
from rich.console import Console

from config import headers
from config import settings as configuration
from config.settings import Settings
from streams.errors import Reject, Transient
from topologies import upfile

ANSWER_SECONDS = 10.0
PREVIEW = 200
_TIME = re.compile(r"(_at|^at)$")


def command(
    topic: Annotated[str, typer.Argument(help="A topic; customer.updates is enough.", show_default=False)],
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="Every record there is, first.")] = False,
    key: Annotated[str | None, typer.Option(help="Only records with this key.")] = None,
    count: Annotated[int, typer.Option("-n", help="Stop after so many; 0: go on.", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    until_end: Annotated[bool, typer.Option("--until-end", help="Stop at the end instead of waiting.")] = False,
) -> None:
    """Print decoded records of a topic as they come: time, key and value; dead letters with their reason."""
    from connectors.registry import Registry
    from topologies.stack import catalogue

    name = full_name(topic, [declared.name for declared in catalogue()])
    settings = upfile.resolve(configuration.load())
    registry = Registry(settings)
    console = Console(soft_wrap=True, highlight=False)
    stopping: list[int] = []
    signal.signal(signal.SIGINT, lambda got, _: stopping.append(got))
    shown = 0
    for record in records(settings, name, from_beginning, until_end, lambda: bool(stopping)):
        told = decode(record, registry.writer_schema)
        if key is not None and told["key"] != key:
            continue
        if as_json:
            typer.echo(json.dumps(told, ensure_ascii=False))
        else:
            console.print(line(told), markup=False)
        shown += 1
        if count and shown >= count:
            return


def full_name(asked: str, known: list[str]) -> str:
    """The declared topic meant. Raises BadParameter, with near matches, where there is none."""
    for name in (asked, f"{asked}.v1"):
        if name in known:
            return name
    near = difflib.get_close_matches(asked, known, 3, 0.4)
    hint = f"; near: {', '.join(near)}" if near else "; see shipsync topics"
    raise typer.BadParameter(f"no topic {asked!r}{hint}", param_hint="TOPIC")


def records(
    settings: Settings, topic: str, from_beginning: bool, until_end: bool, stop: Callable[[], bool]
) -> Iterator[Message]:
    """Records of every partition, as they come. Raises Transient where topic or broker is not there."""
    consumer = Consumer({
        **settings.librdkafka(), "group.id": "shipsync-tail", "enable.auto.commit": False,
        "enable.partition.eof": True,
    })
    try:
        found = consumer.list_topics(topic, timeout=ANSWER_SECONDS).topics[topic]
        if found.error is not None or not found.partitions:
            raise Transient(f"{topic} is not on {settings.bootstrap}: shipsync topics --create")
        start = OFFSET_BEGINNING if from_beginning else OFFSET_END
        consumer.assign([TopicPartition(topic, number, start) for number in found.partitions])
        open_ends = set(found.partitions)
        while not stop() and not (until_end and not open_ends):
            record = consumer.poll(0.2)
            if record is None:
                continue
            error = record.error()
            if error is None:
                yield record
            elif error.code() == KafkaError._PARTITION_EOF:
                open_ends.discard(record.partition() or 0)
            else:
                raise Transient(f"{topic} cannot be read: {error.str()}")
    finally:
        consumer.close()


def decode(record: Message, writer_schema: Callable[[int], dict[str, Any]]) -> dict[str, Any]:
    """A record as plain data: where it lies, key, value (decoded where it is Avro), error headers."""
    attached = {name: _text(value) for name, value in record.headers() or []}
    told: dict[str, Any] = {
        "at": f"{record.topic()}[{record.partition()}] @ {record.offset()}",
        "time": _when(record.timestamp()[1]),
        "key": _text(record.key()),
    }
    if headers.REASON in attached:
        told["reason"] = attached[headers.REASON]
        told["error"] = attached.get(headers.ERROR_MESSAGE)
        told["origin"] = (
            f"{attached.get(headers.ERROR_TOPIC)}[{attached.get(headers.ERROR_PARTITION)}]"
            f" @ {attached.get(headers.ERROR_OFFSET)}"
        )
    told["value"] = _value(record.value(), writer_schema)
    return told


def _value(value: bytes | None, writer_schema: Callable[[int], dict[str, Any]]) -> Any:
    from connectors.registry import split

    if value is None:
        return None
    try:
        number, body = split(value)
        return humane(fastavro.schemaless_reader(io.BytesIO(body), writer_schema(number), None))
    except (Reject, EOFError, LookupError, ValueError):
        text = value.decode("utf-8", "backslashreplace")
        return text if len(text) <= PREVIEW else f"{text[:PREVIEW]}… ({len(value):,} bytes)"


def humane(value: Any, name: str = "") -> Any:
    """Times in words, bytes as their size, nothing that was not said."""
    if isinstance(value, dict):
        return {key: humane(inner, key) for key, inner in value.items() if inner not in (None, [], "")}
    if isinstance(value, list):
        return [humane(inner) for inner in value]
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, int) and not isinstance(value, bool) and _TIME.search(name):
        return _when(value)
    return value


def _when(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(value: bytes | str | None) -> str | None:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value


def line(told: dict[str, Any]) -> str:
    """One record for a person: time, key, then reason or value."""
    value = told["value"]
    shown = json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)
    trouble = f"{told['error']} ({told['origin']})\n    " if "reason" in told else ""
    return f"{told['time']}  {told['key'] or '-'}  {trouble}{shown}"
