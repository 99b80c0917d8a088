"""Reads from Kafka the two sides a re-map compares: a feed's raw records through the edited mapping, and the events
published of them.

Reads ``raw.<feed>.v1``, ``carrier.events.v1``, ``carrier.unresolved.v1``, ``dead.letters.v1`` and ``master.data.v1``;
writes nothing. What intake has not taken in yet is left out: intake will publish it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing
from typing import NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Message, TopicPartition
from msgspec import Struct, field

from config import apps, topics
from config.settings import Settings
from connectors.carriers import Carrier
from connectors.kafka.consumer import PartitionReader
from connectors.kafka.message_headers import headers_of
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_reader import each
from streams.contracts.ids import shipment_key
from streams.contracts.model import CarrierEvent, DeadLetter, MasterRecord
from streams.intake.mapping_diff import Known, Verdict, in_force, known_of, verdict
from streams.intake.remap import Place, place_of
from streams.intake.step import step
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason
from topologies.stages.carrier_names import names_of
from topologies.stages.intake import HEADER_NAMES, MOST_EVENT_BYTES, MOST_KEY

GROUP = "shipsync-remap"
SKEW_MS = 3_600_000
"""How far the clocks of those who write raw records and events may differ."""
NOT_TAKEN_IN, TOO_OLD = "not_taken_in_yet", "older_than_the_events_kept"
POISON, OVER_LIMIT = "poison", "over_the_limit"
MOST_REFUSALS = 5
Progress = Callable[[str, int, int], None]
"""Called now and then with: the topic, records read and records there are."""


class Asked(NamedTuple):
    """The raw records to look at, by their time on the topic: from ``since`` on, before ``until``, UTC ms; at most
    ``limit`` of them, 0 for all."""

    since: int
    until: int | None
    limit: int


class Compared(Struct):
    """Raw records through the edited mapping, beside what was published.

    ``records``: looked at, by verdict; ``left_out``: by reason. ``remapped``: by raw record, the edited mapping's
    events, where they differ or an earlier re-map corrected some. ``dead_letters``: reason by raw record, of those
    that bring events now. ``refused``: how many raw records bring fewer events now because something in them is
    refused, by reason, and a few of them. ``published``: every event of each shipment that may change, by
    CARRIER:NUMBER, in order.
    """

    records: Counter[Verdict] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    remapped: dict[Place, list[CarrierEvent]] = field(default_factory=dict)
    dead_letters: dict[Place, str] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    refusals: list[tuple[Place, str]] = field(default_factory=list)
    published: dict[str, list[CarrierEvent]] = field(default_factory=dict)


class _Raw(NamedTuple):
    """A raw record as intake reads it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Comparison:
    """One reading of a feed. Close it when done."""

    def __init__(self, settings: Settings, carrier: Carrier, asked: Asked, progress: Progress) -> None:
        self._settings, self._carrier, self._asked, self._progress = settings, carrier, asked, progress
        self._raw = topics.raw(carrier.feed).name
        registry = Registry(settings)
        self._registry = registry
        self._events = ValueCodec(topics.CARRIER_EVENTS, CarrierEvent, registry)
        self._unresolved = ValueCodec(topics.CARRIER_UNRESOLVED, CarrierEvent, registry)
        self._reader = PartitionReader(settings, GROUP)
        self._known: dict[Place, list[Known]] = {}
        self._dead_letters: dict[Place, str] = {}
        self._replaced: set[str] = set()
        self._keys: set[str] = set()
        self.found = Compared()

    def close(self) -> None:
        """Disconnect."""
        self._reader.close()

    def read(self) -> Compared:
        """Compare. Raises Transient where a broker, a topic or the registry does not answer."""
        each(self._settings, self._registry, topics.MASTER_DATA, MasterRecord, self._learn)
        taken_in = self._taken_in()
        kept_since = self._kept_since()
        each(self._settings, self._registry, topics.DEAD_LETTERS, DeadLetter, self._note_dead_letter)
        self._read_published()
        self._read_raw(taken_in, kept_since)
        self._read_shipments()
        return self.found

    def _learn(self, _: str, record: MasterRecord | None) -> None:
        if record is not None:
            names_of({self._carrier.feed: self._carrier}).learn(record)

    def _taken_in(self) -> dict[int, int]:
        """Returns how far intake has taken each partition of the raw topic in."""
        with closing(PartitionReader(self._settings, apps.INTAKE.app_id)) as group:
            return group.committed(self._raw)

    def _kept_since(self) -> int:
        """Returns the time from which on no published event can have expired, UTC ms."""
        topic, places = topics.CARRIER_EVENTS, []
        for number in self._reader.partitions(topic.name):
            low, _ = self._reader.bounds(topic.name, number)
            if low > 0:
                places.append(TopicPartition(topic.name, number, low))
        # Of a partition of which all has expired it is known that it was as old as records may become.
        oldest = time.time_ns() // 1_000_000 - topic.retention_ms
        first: dict[int, int] = {}
        self._reader.assign(places)
        for records in self._reader.to_the_end(lambda: len(first) == len(places)):
            for record in records:
                first.setdefault(int(record.partition() or 0), record.timestamp()[1])
        return max((first.get(int(place.partition), oldest) for place in places), default=0)

    def _read_published(self) -> None:
        """Note what was published of the feed's raw records."""
        about = self._raw.encode()
        for topic, codec in (
            (topics.CARRIER_EVENTS.name, self._events), (topics.CARRIER_UNRESOLVED.name, self._unresolved),
        ):
            for record in self._scan(topic, self._asked.since - SKEW_MS):
                value = record.value()
                if value is None or about not in value:
                    continue
                event = _decoded(codec, value)
                if event is None or event.source.topic != self._raw:
                    continue
                known = known_of(event, _key_of(event))
                self._known.setdefault(place_of(event), []).append(known)
                if known.is_remapped and known.corrects:
                    self._replaced.add(known.corrects)

    def _read_raw(self, taken_in: dict[int, int], kept_since: int) -> None:
        now_ms, asked, found, looked_at = time.time_ns() // 1_000_000, self._asked, self.found, 0
        batch: list[_Raw] = []
        for record in self._scan(self._raw, asked.since):
            raw = _raw_of(record)
            if raw.timestamp < asked.since or (asked.until is not None and raw.timestamp >= asked.until):
                continue
            if raw.offset >= taken_in.get(raw.partition, 0):
                found.left_out[NOT_TAKEN_IN] += 1
            elif raw.timestamp < kept_since:
                found.left_out[TOO_OLD] += 1
            elif self._dead_letters.get(_place(raw)) == RejectReason.POISON:
                found.left_out[POISON] += 1
            elif asked.limit and looked_at >= asked.limit:
                found.left_out[OVER_LIMIT] += 1
            else:
                looked_at += 1
                batch.append(raw)
            if len(batch) >= 500:
                self._compare(batch, now_ms)
                batch = []
        self._compare(batch, now_ms)

    def _compare(self, batch: Sequence[_Raw], now_ms: int) -> None:
        """Compare some raw records of the topic with what was published of them."""
        result = step(
            batch, {self._carrier.feed: self._carrier.adapter}, now_ms, self._settings.intake.max_record_bytes,
            HEADER_NAMES,
        )
        events: dict[Place, list[CarrierEvent]] = {}
        refused: dict[Place, Reject] = {}
        for at, reject in result.refused:
            refused.setdefault(_place(batch[at]), reject)
        for event in (*result.outputs.events, *(one for _, one in result.outputs.unresolved)):
            unwritable = self._unwritable(event)
            if unwritable is None:
                events.setdefault(place_of(event), []).append(event)
            else:
                refused.setdefault(place_of(event), unwritable)
        for raw in batch:
            self._judge(_place(raw), events.get(_place(raw), []), refused.get(_place(raw)))

    def _judge(self, place: Place, events: list[CarrierEvent], refused: Reject | None) -> None:
        published = self._known.get(place, [])
        before, found = in_force(published, self._replaced), self.found
        outcome = verdict(before, events)
        found.records[outcome] += 1
        was_corrected = any(one.is_remapped or one.event_id in self._replaced for one in published)
        differs = outcome not in (Verdict.UNCHANGED, Verdict.WORDS)
        if differs and refused is not None and len(events) < len(before):
            found.refused[refused.reason.value] += 1
            if len(found.refusals) < MOST_REFUSALS:
                found.refusals.append((place, str(refused)))
        if differs or was_corrected:
            found.remapped[place] = events
            if events and place in self._dead_letters:
                found.dead_letters[place] = self._dead_letters[place]
            self._keys |= {one.key for one in published} | {_key_of(one) for one in events}

    def _unwritable(self, event: CarrierEvent) -> Reject | None:
        """Why intake would refuse to write the event; None if it would not."""
        try:
            size = len(self._events.encode(event))
        except UnicodeEncodeError:
            return Reject(RejectReason.NOT_TEXT, "text that is not Unicode")
        if size > MOST_EVENT_BYTES or len(_key_of(event)) > MOST_KEY:
            return Reject(RejectReason.TOO_LARGE, f"the event has {size} bytes; {MOST_EVENT_BYTES} are accepted")
        return None

    def _note_dead_letter(self, _: str, card: DeadLetter | None) -> None:
        if card is not None and card.step == apps.INTAKE.name and card.origin_topic == self._raw:
            self._dead_letters[card.origin_topic, card.origin_partition, card.origin_offset] = card.reason

    def _read_shipments(self) -> None:
        """Read all events of the shipments that may change."""
        keys = {key.encode() for key in self._keys if key}
        for record in self._scan(topics.CARRIER_EVENTS.name, None) if keys else ():
            value = record.value()
            if record.key() not in keys or value is None:
                continue
            event = _decoded(self._events, value)
            if event is not None:
                self.found.published.setdefault(_key_of(event), []).append(event)
        for key in self._keys - {""}:
            self.found.published.setdefault(key, [])

    def _scan(self, topic: str, since_ms: int | None) -> Iterator[Message]:
        return scan(self._reader, topic, since_ms, self._progress)


def scan(reader: PartitionReader, topic: str, since_ms: int | None, progress: Progress) -> Iterator[Message]:
    """Every record of a topic up to its end now, and of its partitions in turn; records before ``since_ms`` may come,
    too. Raises Transient."""
    places, whole = [], 0
    for number in reader.partitions(topic):
        start = OFFSET_BEGINNING if since_ms is None or since_ms <= 0 else reader.at_time(topic, number, since_ms)
        low, high = reader.bounds(topic, number)
        places.append(TopicPartition(topic, number, start))
        whole += 0 if start == -1 else high - max(low, start)
    reader.assign(places)
    done = 0
    for records in reader.to_the_end():
        yield from records
        done += len(records)
        progress(topic, done, max(whole, done, 1))


def latest_of(
    reader: PartitionReader, topic: str, keys: Collection[str], progress: Progress
) -> dict[str, bytes | None]:
    """The last value of each of these keys that a topic has. Raises Transient."""
    wanted, found = {key.encode() for key in keys}, dict[str, bytes | None]()
    for record in scan(reader, topic, None, progress) if wanted else _none():
        key = record.key()
        if key in wanted:
            found[key.decode()] = record.value()
    return found


def _none() -> Iterable[Message]:
    return ()


def _decoded(codec: ValueCodec[CarrierEvent], value: bytes) -> CarrierEvent | None:
    """The event; None where it cannot be read: its readers refused it, too."""
    try:
        return codec.decode(value)
    except Reject:
        return None


def _key_of(event: CarrierEvent) -> str:
    return shipment_key(event.carrier, event.tracking_number) if event.tracking_number else ""


def _raw_of(message: Message) -> _Raw:
    return _Raw(
        str(message.topic()), int(message.partition() or 0), int(message.offset() or 0), message.timestamp()[1],
        message.key(), message.value(), headers_of(message),
    )


def _place(raw: _Raw) -> Place:
    return raw.topic, raw.partition, raw.offset
