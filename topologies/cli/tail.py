"""``shipsync tail TOPIC``: prints decoded records as they arrive."""

from __future__ import annotations

import difflib
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from topologies.cli import current
from topologies.operations.terminal import PlainConsole, echo_json

if TYPE_CHECKING:
    from confluent_kafka import Message

    from config.settings import Settings
    from connectors.kafka.consumer import PartitionReader

POLL_SECONDS = 0.2
NEWEST = 10
"""Records shown first of what lies on the topic already."""


def command(
    topic: Annotated[str, typer.Argument(help="A topic; its version may be left out.", show_default=False)],
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="Begin with the oldest record.")] = False,
    key: Annotated[str | None, typer.Option(help="Only records with this key.", show_default=False)] = None,
    count: Annotated[int, typer.Option("-n", help="Stop after this many records; 0: no limit.", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line, with complete values.")] = False,
    until_end: Annotated[bool, typer.Option("--until-end", help="Stop at the end of the topic.")] = False,
) -> None:
    """Print the last ten decoded records of a topic, then others as they arrive; dead letters with their reason.

    Ctrl-C ends it. With --from-beginning --until-end it prints all present records.
    """
    from connectors.kafka.registry import Registry
    from topologies.local_stack.stack import catalogue
    from topologies.operations.record_view import line, plain

    settings = current.stack_settings()
    every_feed = settings.replace(feeds=())
    name = full_name(topic, [declared.name for declared in catalogue(every_feed.intake)])
    writer_schema = Registry(settings).writer_schema
    console, aside = PlainConsole(in_lines=True), PlainConsole(stderr=True, in_lines=True)

    def waits() -> None:
        aside.print(f"Waiting for records of {name}; Ctrl-C ends it.")

    shown = 0
    with _interrupted() as stop:
        for record in records(settings, name, from_beginning, until_end, stop, waits):
            told = plain(record, writer_schema)
            if key is not None and told["key"] != key:
                continue
            if as_json:
                echo_json(told, indent=None)
            else:
                console.print(line(told))
            shown += 1
            if count and shown >= count:
                return


def full_name(asked: str, known: list[str]) -> str:
    """The declared topic of this name. Raises BadParameter, with near matches, where there is none."""
    for name in (asked, f"{asked}.v1"):
        if name in known:
            return name
    holding = [name for name in known if asked.lower() in name]
    near = (holding or difflib.get_close_matches(asked.lower(), known, 3, 0.4))[:5]
    hint = f"; did you mean {' or '.join(near)}?" if near else ";"
    raise typer.BadParameter(f"there is no topic {asked!r}{hint} shipsync topics lists them", param_hint="TOPIC")


def records(
    settings: Settings, topic: str, from_beginning: bool, until_end: bool, stop: Callable[[], bool],
    waits: Callable[[], None],
) -> Iterator[Message]:
    """The newest records by their time, or all, then those of every partition as they arrive. Raises Transient where
    topic or broker is missing.

    ``waits`` is called once all that lies on the topic has been given, before more is waited for.
    """
    from confluent_kafka import OFFSET_BEGINNING, TopicPartition

    from connectors.kafka.consumer import PartitionReader

    with closing(PartitionReader(settings, "shipsync-tail")) as reader:
        reader.assign([
            TopicPartition(topic, number, OFFSET_BEGINNING if from_beginning else _near_the_end(reader, topic, number))
            for number in reader.partitions(topic)
        ])
        if not from_beginning:
            there = [record for found in reader.to_the_end(stop) for record in found]
            yield from sorted(there, key=lambda record: record.timestamp()[1])[-NEWEST:]
        is_told = until_end
        while not stop() and not (until_end and reader.at_end):
            yield from reader.read(POLL_SECONDS)
            if reader.at_end and not is_told:
                is_told = True
                waits()


def _near_the_end(reader: PartitionReader, topic: str, partition: int) -> int:
    low, high = reader.bounds(topic, partition)
    return max(low, high - NEWEST)


@contextmanager
def _interrupted() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed since; what it did before is restored at the end."""
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)
