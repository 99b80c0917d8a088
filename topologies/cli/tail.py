"""``shipsync tail TOPIC``: decoded records as they come."""

from __future__ import annotations

import difflib
import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, KafkaException, Message, TopicPartition
from rich.console import Console

from config import settings as configuration
from config.settings import Settings
from connectors.kafka.topic_admin import client_log
from streams.kernel.errors import Transient
from topologies.local_stack import stack_file

ANSWER_SECONDS = 10.0
POLL_SECONDS = 0.2


def command(
    topic: Annotated[str, typer.Argument(help="A topic; customer.updates is enough.", show_default=False)],
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="Every record there is, first.")] = False,
    key: Annotated[str | None, typer.Option(help="Only records with this key.", show_default=False)] = None,
    count: Annotated[int, typer.Option("-n", help="Stop after so many; 0: go on.", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, values whole.")] = False,
    until_end: Annotated[bool, typer.Option("--until-end", help="Stop at the end instead of waiting.")] = False,
) -> None:
    """Print the records of a topic as they come, decoded; dead letters with their reason.

    Ctrl-C ends it. With --from-beginning --until-end it prints what there is.
    """
    from connectors.kafka.registry import Registry
    from topologies.local_stack.stack import catalogue
    from topologies.operations.record_view import line, plain

    name = full_name(topic, [declared.name for declared in catalogue()])
    settings = stack_file.resolve(configuration.load())
    writer_schema = Registry(settings).writer_schema
    console = Console(soft_wrap=True, highlight=False)
    shown = 0
    with _interrupted() as stop:
        for record in records(settings, name, from_beginning, until_end, stop):
            told = plain(record, writer_schema)
            if key is not None and told["key"] != key:
                continue
            if as_json:
                typer.echo(json.dumps(told, ensure_ascii=False))
            else:
                console.print(line(told))
            shown += 1
            if count and shown >= count:
                return


def full_name(asked: str, known: list[str]) -> str:
    """The declared topic meant. Raises BadParameter, with near matches, where there is none."""
    for name in (asked, f"{asked}.v1"):
        if name in known:
            return name
    holding = [name for name in known if asked.lower() in name]
    near = (holding or difflib.get_close_matches(asked.lower(), known, 3, 0.4))[:5]
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise typer.BadParameter(f"there is no topic {asked!r}{hint} shipsync topics lists them", param_hint="TOPIC")


def records(
    settings: Settings, topic: str, from_beginning: bool, until_end: bool, stop: Callable[[], bool]
) -> Iterator[Message]:
    """Records of every partition, as they come. Raises Transient where topic or broker is not there."""
    consumer = Consumer(
        {**settings.kafka.librdkafka(), "group.id": "shipsync-tail", "enable.auto.commit": False,
         "enable.partition.eof": True},
        logger=client_log,
    )
    try:
        partitions = _partitions(consumer, settings, topic)
        start = OFFSET_BEGINNING if from_beginning else OFFSET_END
        consumer.assign([TopicPartition(topic, number, start) for number in partitions])
        open_ends = set(partitions)
        while not stop() and not (until_end and not open_ends):
            record = consumer.poll(POLL_SECONDS)
            if record is None:
                continue
            error = record.error()
            if error is None:
                yield record
            elif error.code() == KafkaError._PARTITION_EOF:
                open_ends.discard(record.partition() or 0)
            elif error.code() == KafkaError._ALL_BROKERS_DOWN or not error.retriable():
                raise Transient(f"{topic} cannot be read at {settings.kafka.bootstrap}: {error.str()}")
    finally:
        consumer.close()


def _partitions(consumer: Consumer, settings: Settings, topic: str) -> list[int]:
    try:
        found = consumer.list_topics(timeout=ANSWER_SECONDS).topics.get(topic)
    except KafkaException as error:
        raise Transient(
            f"no broker answers at {settings.kafka.bootstrap} ({error.args[0].str()}):"
            " start one with shipsync up, or set SHIPSYNC_BOOTSTRAP"
        ) from error
    if found is None or not found.partitions:
        raise Transient(f"{topic} is not on {settings.kafka.bootstrap}: shipsync topics --create")
    return sorted(found.partitions)


@contextmanager
def _interrupted() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed since; what it did before is restored at the end."""
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)
