"""Records of a changelog that cannot be read: found, and set aside or taken back to the record before.

Reads a state topic. Writes to it a later record of the same key, which supersedes the one that cannot be read, and
before that the record itself to the stage's dead letters.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple, cast

from confluent_kafka import OFFSET_BEGINNING, ConsumerGroupState, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from config.apps import App
from config.settings import Settings
from config.topics import DEAD_LETTERS, Topic, written_by
from connectors.carriers import enabled_carriers
from connectors.kafka.client import client_log
from connectors.kafka.consumer import PartitionReader
from connectors.kafka.person_actions import audited, recorded
from connectors.kafka.producer import Record, deliver, producer
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import LARGEST_STATE, largest_dead_letter
from streams.contracts.audit import Actor, details_of
from streams.contracts.model import DeadLetter
from streams.kernel.audit_vocabulary import SubjectKind
from streams.kernel.errors import Fatal, Reject
from topologies.runtime.handler import Refused, StatefulHandler
from topologies.runtime.reading.group_reader import kafka_record
from topologies.runtime.state.changelog_record import LocalWrites, Unreadable, read
from topologies.runtime.writing.deadletters import cards, letters
from topologies.stages.catalogue import STAGES

ANSWER_SECONDS = 15.0
STOPPED = frozenset({ConsumerGroupState.EMPTY, ConsumerGroupState.DEAD})
Beat = Callable[[int, int], None]
"""Called with how many records were read, and of how many."""


class Remedy(StrEnum):
    """Names the two ways to replace a record that cannot be read."""

    SKIP = "skip"
    REPAIR = "repair"


class Plan(NamedTuple):
    """Holds the record a remedy would write: ``value`` under the key of the unreadable record (None deletes the key).

    ``from_offset``: where the value was found; None where it is a deletion.
    """

    remedy: Remedy
    unreadable: Unreadable
    value: bytes | None
    from_offset: int | None


class ChangelogRepair:
    """One stage's changelog. Raises Fatal for a stage without one, Transient where the broker does not answer."""

    def __init__(self, settings: Settings, stage: str) -> None:
        found = STAGES.get(stage)
        if found is None or found.app.state_topic is None:
            raise Fatal(f"{stage!r} is no stage with state: {', '.join(stages_with_state())}")
        self._settings = settings
        self._app: App = found.app
        self._topic: Topic = found.app.state_topic
        carriers = {carrier.feed: carrier for carrier in enabled_carriers(settings.intake)}
        self._registry = Registry(settings)
        handler = cast(StatefulHandler, found.build(settings, self._registry, carriers))
        self._local_writes: LocalWrites = handler.local_writes
        self._outputs = written_by(stage)

    def unreadable(self, partition: int | None = None, beat: Beat = lambda _done, _of: None) -> list[Unreadable]:
        """Finds the records that cannot be read and are not superseded, of one partition or of all, in order of
        place."""
        open_records: dict[tuple[int, bytes], Unreadable] = {}
        for message in self._messages(partition, beat):
            record = kafka_record(message)
            if record.key is None:
                continue
            place = record.partition, record.key
            try:
                read(record, self._local_writes, self._outputs)
            except Reject as reject:
                open_records[place] = Unreadable(record, reject)
            else:
                open_records.pop(place, None)
        return sorted(open_records.values(), key=lambda one: (one.record.partition, one.record.offset))

    def plan(self, remedy: Remedy, partition: int, offset: int, beat: Beat = lambda _done, _of: None) -> Plan:
        """Plans the record the remedy would write. Raises Fatal where the record there can be read, is superseded or is
        missing, or where no earlier record of its key is kept to go back to."""
        found: Unreadable | None = None
        earlier: tuple[bytes | None, int] | None = None
        history: dict[bytes, tuple[bytes | None, int]] = {}
        for message in self._messages(partition, beat):
            record = kafka_record(message)
            if record.key is None:
                continue
            if found is not None and record.key == found.record.key:
                raise Fatal(f"{self._at(partition, offset)} is superseded by offset {record.offset}: nothing to do")
            try:
                read(record, self._local_writes, self._outputs)
            except Reject as reject:
                if record.offset == offset:
                    found, earlier = Unreadable(record, reject), history.get(record.key)
            else:
                if record.offset == offset:
                    raise Fatal(f"{self._at(partition, offset)} can be read: nothing to do")
                if found is None:
                    history[record.key] = record.value, record.offset
        if found is None:
            raise Fatal(f"{self._at(partition, offset)} is no record with a key, or is not kept any more")
        if remedy is Remedy.SKIP:
            return Plan(remedy, found, None, None)
        if earlier is None:
            raise Fatal(
                f"no earlier record of {found.record.key!r} is kept to go back to. "
                f"shipsync state skip {self._app.name} {partition} {offset} deletes the key instead"
            )
        return Plan(remedy, found, *earlier)

    def apply(self, plan: Plan, actor: Actor) -> None:
        """Write the record to the dead letters, then what supersedes it. Raises Fatal while the stage runs."""
        self._check_stopped()
        now, record = time.time_ns() // 1_000_000, plan.unreadable.record
        audit = audited(
            actor, now, f"state.{plan.remedy.value}", SubjectKind.STATE_RECORD,
            self._at(record.partition, record.offset),
            details=details_of({"stage": self._app.name, "from_offset": plan.from_offset}),
        )
        with recorded(self._settings, [audit], self._registry):
            self._write(plan, now)

    def _write(self, plan: Plan, now: int) -> None:
        refused = [Refused(plan.unreadable.record, plan.unreadable.reject)]
        encode = ValueCodec(DEAD_LETTERS, DeadLetter, self._registry).encode
        largest = largest_dead_letter(self._settings)
        out = producer(self._settings, largest=max(LARGEST_STATE, largest))
        aside = [
            Record(one.topic, one.key, one.value, one.headers) for one in letters(self._app, refused, now, largest)
        ]
        indexed = [
            Record(topic, one["key"], one["value"])
            for topic, several in cards(self._app, refused, now, encode).items() for one in several
        ]
        deliver(out, [*aside, *indexed])
        record = plan.unreadable.record
        deliver(out, [Record(self._topic.name, record.key, plan.value, partition=record.partition)])

    def _check_stopped(self) -> None:
        admin = AdminClient(dict(self._settings.kafka.librdkafka()), logger=client_log)
        asked = admin.describe_consumer_groups([self._app.app_id], request_timeout=ANSWER_SECONDS)
        try:
            state = asked[self._app.app_id].result().state
        except KafkaException as error:
            raise Fatal(f"whether the stage {self._app.name} runs cannot be asked: {error}") from error
        if state not in STOPPED:
            raise Fatal(
                f"workers of the stage {self._app.name} run (its consumer group is {state.name.lower()}):"
                f" stop them first, then try again. A worker that was killed counts until its session ends"
                f" ({self._settings.stage.session_timeout:g} s)"
            )

    def _messages(self, partition: int | None, beat: Beat) -> Iterator[Message]:
        reader = PartitionReader(self._settings, "changelog-repair")
        try:
            there = reader.partitions(self._topic.name)
            if partition is not None and partition not in there:
                raise Fatal(f"{self._topic.name} has the partitions {there[0]} to {there[-1]}, not {partition}")
            numbers = there if partition is None else [partition]
            bounds = [reader.bounds(self._topic.name, number) for number in numbers]
            whole, done = sum(high - low for low, high in bounds), 0
            reader.assign([TopicPartition(self._topic.name, number, OFFSET_BEGINNING) for number in numbers])
            for messages in reader.to_the_end():
                done += len(messages)
                beat(done, whole)
                yield from messages
        finally:
            reader.close()

    def _at(self, partition: int, offset: int) -> str:
        return f"{self._topic.name}[{partition}] @ {offset}"


def stages_with_state() -> list[str]:
    """The names of the stages that have a changelog."""
    return [name for name, stage in STAGES.items() if stage.app.state_topic is not None]
