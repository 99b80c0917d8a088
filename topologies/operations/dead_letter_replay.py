"""Dead letters once more: what would become of them now, and writing their records to their topics again.

A record is written as it was, with its key and headers, to the end of the partition it came from. Its stage takes it
like any other: what it has told before has the ids it had before, so a replay of what was read in part repeats nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from typing import NamedTuple

from confluent_kafka import Message
from msgspec import Struct

from config import apps, headers, topics
from config.settings import Settings
from connectors.carriers import Carrier, enabled_carriers
from connectors.kafka.action_audits import of_dead_letter
from connectors.kafka.consumer import PartitionReader
from connectors.kafka.message_headers import Headers, headers_of
from connectors.kafka.person_actions import ACK_SECONDS, marked, recorded
from connectors.kafka.producer import Record, deliver, producer
from connectors.kafka.registry import Registry
from connectors.kafka.stored_record import ANSWER_SECONDS, message_at
from connectors.kafka.topic_admin import largest_record
from connectors.kafka.topic_reader import each
from streams.contracts.audit import Actor
from streams.contracts.ids import shipment_key
from streams.contracts.model import CarrierEvent, DeadLetter, MasterRecord
from streams.intake.step import step
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import ActionOutcome, RejectReason
from topologies.operations import audit_trail
from topologies.stages.carrier_names import names_of
from topologies.stages.intake import HEADER_NAMES

GROUP = "shipsync-dead-letters"
MOST = 100
"""Letters that are replayed in one go."""
STEPS: Mapping[str, Sequence[topics.Topic]] = {
    apps.ORDERS.name: [topics.ERP_ORDERS],
    apps.IDENTITY.name: [topics.CARRIER_UNRESOLVED, topics.REFERENCE_CLAIMS],
    apps.SHIPMENTS.name: topics.OF_ONE_SHIPMENT,
    apps.FULFILMENT.name: [topics.DELIVERY_MILESTONES],
}
"""The topics, beside raw ones, to which records may be written again: their stages recognise what they have had, and
no later record of the key is put in its place."""


class Trial(Struct):
    """The outcome a replay of a letter would have. ``why_not``: why there can be none; empty where there can. Of a raw
    record, by the carrier's mapping as it lies in its file: ``events`` it would become, ``refused``: why it, or a part
    of it, would be refused again. ``is_tried``: whether these two are known."""

    letter: DeadLetter
    why_not: str = ""
    events: Sequence[CarrierEvent] = ()
    refused: str = ""
    is_tried: bool = False


class _Raw(NamedTuple):
    """The stored record, as intake reads it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


def letters(settings: Settings, fits: Callable[[DeadLetter], bool]) -> list[DeadLetter]:
    """The letters that fit, the newest first. Raises Transient without Kafka."""
    found: dict[str, DeadLetter] = {}

    def take(_: str, letter: DeadLetter | None) -> None:
        if letter is not None and fits(letter):
            found[letter.place] = letter

    each(settings, Registry(settings), topics.DEAD_LETTERS, DeadLetter, take)
    return sorted(found.values(), key=lambda one: (one.failed_at, one.place), reverse=True)


def replayed(settings: Settings) -> set[str]:
    """The places of the letters that were replayed, by the audit trail. Raises Transient without Kafka."""
    asked = audit_trail.Asked(action="dead_letter.replay")
    return {one.subject for one in audit_trail.actions(settings, asked) if one.outcome is ActionOutcome.TAKEN}


def tried(settings: Settings, wanted: Sequence[DeadLetter]) -> list[Trial]:
    """The outcome a replay of each letter would have; nothing is written. Raises Transient without Kafka, Fatal and
    CarrierFileError for a carrier's file that cannot be read."""
    stored = _stored(settings, wanted)
    carriers = _carriers(settings, {raw.topic for raw in stored.values()})
    return [_trial(one, stored.get(one.place), carriers, settings.intake.max_record_bytes) for one in wanted]


def replay(settings: Settings, wanted: Sequence[DeadLetter], actor: Actor, now_ms: int, reason: str) -> list[str]:
    """Write the letters' records to their topics again, each recorded first; the places of those that were written.

    Left out are those that cannot be. Raises Fatal where none is left, Transient without Kafka.
    """
    stored = _stored(settings, wanted)
    known = {one.place: one for one in wanted if one.place in stored}
    if not known:
        raise Fatal("none of the records can be written again")
    actions = {place: of_dead_letter(actor, one, now_ms, reason) for place, one in known.items()}
    with recorded(settings, list(actions.values())):
        out = producer(settings, ack_seconds=ACK_SECONDS, largest=largest_record(settings))
        deliver(
            out, [marked(_again(raw, known[place]), actions[place]) for place, raw in stored.items()], ACK_SECONDS + 1
        )
    return list(known)


def why_not(letter: DeadLetter) -> str:
    """Why the letter's record is never written again; empty where it may be."""
    if letter.step == apps.INTAKE.name:
        return ""
    if letter.origin_topic in {topic.name for topic in STEPS.get(letter.step, ())}:
        return ""
    return f"{letter.step} does not take records of {letter.origin_topic} again: the next one says it anew"


def _stored(settings: Settings, wanted: Iterable[DeadLetter]) -> dict[str, _Raw]:
    """The records that are kept and may be written again, by the letters' places."""
    found: dict[str, _Raw] = {}
    with closing(PartitionReader(settings, GROUP, answer_seconds=ANSWER_SECONDS)) as reader:
        for one in sorted(wanted, key=lambda one: (one.origin_topic, one.origin_partition, one.origin_offset)):
            if why_not(one) == "":
                message = message_at(reader, one.origin_topic, one.origin_partition, one.origin_offset)
                if message is not None:
                    found[one.place] = _raw_of(message)
    return found


def _raw_of(message: Message) -> _Raw:
    return _Raw(
        str(message.topic()), int(message.partition() or 0), int(message.offset() or 0), message.timestamp()[1],
        message.key(), message.value(), headers_of(message),
    )


def _carriers(settings: Settings, raw_topics: Iterable[str]) -> dict[str, Carrier]:
    """The carriers of these topics, as their files stand, with the names people entered for them."""
    feeds = {topics.raw_feed(topic) for topic in raw_topics if topic.startswith("raw.")}
    if not feeds:
        return {}
    found = {one.feed: one for one in enabled_carriers(settings.intake) if one.feed in feeds}

    def learn(_: str, record: MasterRecord | None) -> None:
        if record is not None:
            names_of(found).learn(record)

    if found:
        each(settings, Registry(settings), topics.MASTER_DATA, MasterRecord, learn)
    return found


def _trial(letter: DeadLetter, raw: _Raw | None, carriers: Mapping[str, Carrier], most_bytes: int) -> Trial:
    if raw is None:
        return Trial(letter, why_not(letter) or f"{letter.origin_topic} does not keep the record any more")
    if letter.step != apps.INTAKE.name:
        return Trial(letter)
    carrier = carriers.get(topics.raw_feed(raw.topic))
    if carrier is None:
        return Trial(letter, f"no carrier here has the feed {topics.raw_feed(raw.topic)}")
    if letter.reason == RejectReason.POISON.value:
        return Trial(letter)
    taken = step([raw], {carrier.feed: carrier.adapter}, raw.timestamp, most_bytes, HEADER_NAMES)
    events = [*taken.outputs.events, *(event for _, event in taken.outputs.unresolved)]
    return Trial(letter, "", events, str(taken.refused[0][1]) if taken.refused else "", True)


def _again(raw: _Raw, letter: DeadLetter) -> Record:
    """The record, with the count of its turns and the time of its first failure, UTC ms."""
    own = [(name, value) for name, value in raw.headers if name not in _WRITTEN]
    turns = next((value for name, value in raw.headers if name == headers.ATTEMPT), b"1")
    attempt = int(turns) + 1 if turns.isdigit() and len(turns) < _LONGEST_COUNT else 2
    return Record(raw.topic, raw.key, raw.value, [
        *own, (headers.ATTEMPT, str(attempt).encode()), (headers.FIRST_FAILED_AT, str(letter.failed_at).encode()),
    ], raw.partition)


def key_of(event: CarrierEvent) -> str:
    """The shipment of an event, ``CARRIER:NUMBER``; of one without a number the carrier and its first reference."""
    if event.tracking_number:
        return shipment_key(event.carrier, event.tracking_number)
    return f"{event.carrier}, {next((f'{one.type} {one.value}' for one in event.references), 'no number')}"


_WRITTEN = frozenset({headers.ATTEMPT, headers.FIRST_FAILED_AT, headers.ACTION})
_LONGEST_COUNT = 7
