"""One shipment from end to end, read from its topics: the record, its history, and every raw message behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Message, TopicPartition

from config import topics
from config.settings import Settings
from connectors.kafka.consumer import OutOfRange, PartitionReader
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.stored_record import record_at
from connectors.kafka.topic_reader import partition_of
from streams.contracts.model import EnrichedEvent, ShipmentState, Source
from streams.kernel.errors import Transient
from topologies.operations.record_view import named

ANSWER_SECONDS = 5.0
Progress = Callable[[str, int, int], None]
"""Called now and then with: the topic, records read and records there are."""


class TracedEvent(NamedTuple):
    """An enriched event and the bytes of the raw record it was read from; ``raw`` is None once that record expired."""

    enriched: EnrichedEvent
    raw: bytes | None


class Inspected(NamedTuple):
    """One shipment's records. ``state``: None if the changelog has none. ``events``: its own and those of its parts.
    ``archived``: the last state of each archived shipment under the same number, oldest first."""

    state: ShipmentState | None
    events: list[TracedEvent]
    archived: Sequence[ShipmentState] = ()


def inspect(settings: Settings, key: str, progress: Progress = lambda *_: None) -> Inspected:
    """Read ``CARRIER:REFERENCE`` from its topics. Raises Transient if a broker or topic does not answer."""
    registry = Registry(settings)
    states = ValueCodec(topics.SHIPMENT_STATE, ShipmentState, registry)
    archive = ValueCodec(topics.SHIPMENT_ARCHIVE, ShipmentState, registry)
    enriched = ValueCodec(topics.SHIPMENT_EVENTS, EnrichedEvent, registry)
    with closing(PartitionReader(settings, "shipsync-inspect", out_of_range=OutOfRange.ERROR)) as reader:
        found: dict[str, ShipmentState | None] = {}
        events: list[EnrichedEvent] = []
        wanted = [key]
        for one in wanted:
            state = None
            for record in _of_key(reader, topics.SHIPMENT_STATE.name, one.encode(), progress):
                state = None if record.value() is None else states.decode(record.value())
            found[one] = state
            wanted += [] if state is None else [part.key for part in state.parts if part.key not in wanted]
            events += [
                enriched.decode(record.value())
                for record in _of_key(reader, topics.SHIPMENT_EVENTS.name, one.encode(), progress)
            ]
        lives: dict[int, ShipmentState] = {}
        for record in _of_key(reader, topics.SHIPMENT_ARCHIVE.name, key.encode(), progress):
            last = archive.decode(record.value())
            lives[last.life] = last
        told = [TracedEvent(one, _raw(reader, _source(one))) for one in events]
        now = found[key]
        ended = [one for life, one in sorted(lives.items()) if now is None or life < now.life + now.archived]
        return Inspected(now, told, ended)


def plain(found: Inspected) -> dict[str, Any]:
    """Returns the trace as plain data, times as numbers; the raw records as text."""
    return {"state": None if found.state is None else _without_record(found.state), "archived": [
        _without_record(one) for one in found.archived
    ], "events": [
        {
            **named(one.enriched.event), "late": one.enriched.late, "same_as": one.enriched.same_as,
            "raw": None if one.raw is None else one.raw.decode("utf-8", "backslashreplace"),
        }
        for one in found.events
    ]}


def _without_record(state: ShipmentState) -> dict[str, Any]:
    told: dict[str, Any] = named(state)
    del told["record"]
    return told


def _source(enriched: EnrichedEvent) -> Source:
    assert not isinstance(enriched.event, bytes)
    return enriched.event.source


def _of_key(reader: PartitionReader, topic: str, key: bytes, progress: Progress) -> Iterator[Message]:
    """Every record of the key, oldest first, from the key's partition (Kafka's default partitioner: murmur2)."""
    partition = partition_of(key, len(reader.partitions(topic)))
    low, high = reader.bounds(topic, partition)
    reader.assign([TopicPartition(topic, partition, OFFSET_BEGINNING)])
    for records in reader.to_the_end(patience=ANSWER_SECONDS):
        for record in records:
            offset = record.offset() or 0
            if not offset % 1000:
                progress(topic, offset - low, max(1, high - low))
            if record.key() == key:
                yield record


def _raw(reader: PartitionReader, source: Source) -> bytes | None:
    """The bytes of the raw record an event was read from; None if it expired or the broker does not answer."""
    try:
        found = record_at(reader, source.topic, source.partition, source.offset)
    except Transient:
        return None
    return None if found is None else found.value
