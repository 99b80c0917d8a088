"""Bad input over the topics of a running stack: each bad record kept whole with its reason, and the good ones
beside it done; no worker ends over it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import NamedTuple

import msgspec
import pytest
from confluent_kafka import KafkaError, Message, Producer

from config import apps, headers, topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import largest_record
from streams.contracts.model import CarrierEvent, DeadLetter, EnrichedEvent, ErpPosting, FeedActivity
from streams.kernel.vocabulary import Flag, Milestone, RejectReason
from tests.support.brokers import BROKERS, on_broker
from tests.support.framing import framed_wrong
from tests.support.topics import read_all
from tests.support.waiting import PATIENCE, eventually
from topologies.demo import numbers
from topologies.demo.cast import AMERICAN
from topologies.demo.journeys import journey
from topologies.demo.payloads import ltl, ups
from topologies.demo.spoiled import oversized, spoiled
from topologies.local_stack.stack import Stack

Headers = list[tuple[str, bytes]]
NOW = 1_790_000_000_000
RAW_UPS = topics.raw("ups").name


class Sent(NamedTuple):
    """One record; ``reason`` it must be refused for, None where it is good."""

    what: str
    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    reason: RejectReason | None

    @property
    def whole(self) -> tuple[bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]:
        """All that has to be found again."""
        return self.key, self.value, tuple(self.headers)


def alert(number: str, **changes: object) -> bytes:
    """A made-up track alert of UPS."""
    return msgspec.json.encode({
        "trackingNumber": number, "localActivityDate": "20260920", "localActivityTime": "101500",
        "activityLocation": {"city": "OMAHA", "stateProvince": "NE", "country": "US"},
        "activityStatus": {"type": "D", "code": "FS", "description": "Delivered"},
        "gmtActivityDate": "20260920", "gmtActivityTime": "151500", **changes,
    })


def gateway(feed: str, number: int) -> Headers:
    """The headers of a push."""
    return [
        (headers.FEED, feed.encode()), (headers.CHANNEL, b"webhook"), (headers.RECEIVED_AT, b"%d" % NOW),
        (headers.CORRELATION_ID, b"bad-%04d" % number), ("x-not-text", b"\xff\xfe"),
    ]


def raw_records() -> list[Sent]:
    """One bad record of every kind, each between two good ones of its own shipment."""
    rng = Random(4)
    parcel = journey(rng, ups.CARRIER, numbers.ups(rng), AMERICAN, None, NOW)
    freight = journey(rng, ltl.CARRIER, numbers.pro(rng), AMERICAN, None, NOW)
    kinds = [(one.what, one.feed, one.body, one.expected.dead_letter) for one in spoiled(rng, parcel, freight, NOW)]
    kinds += [(one.what, one.feed, one.body, one.expected.dead_letter) for one in [oversized(5_000_000)]]
    novel = alert("1Z888", activityStatus={"type": "D", "code": "FS", "description": "x" * 1_500_000})
    kinds += [
        ("no value", "ups", None, RejectReason.EMPTY),
        ("an event larger than a broker takes", "ups", novel, RejectReason.TOO_LARGE),
        ("a number longer than any", "ups", alert("1Z8" * 300_000), RejectReason.TOO_LARGE),
        ("a feed nobody has", "pigeons", alert("1Z777"), RejectReason.UNKNOWN_FEED),
    ]
    sent = []
    for place, (what, feed, body, reason) in enumerate(kinds):
        topic = RAW_UPS if feed == "pigeons" else topics.raw(feed).name
        sent.append(Sent(what, topic, b"k%d" % place, body, gateway(feed, place), reason))
        good = alert(f"1Z999BB{place:04d}")
        sent.append(Sent("good", RAW_UPS, None, good, gateway("ups", 1000 + place), None))
    return [*sent, Sent("good without headers", RAW_UPS, None, alert("1Z999CC0001"), [], None)]


def produce(settings: Settings, sent: Sequence[Sent]) -> None:
    """All of them acknowledged, each topic's in this order on one partition, so that bad stand beside good."""
    producer = Producer({**settings.kafka.librdkafka(), "message.max.bytes": largest_record(settings)})
    refused: list[KafkaError] = []

    def told(error: KafkaError | None, message: Message) -> None:
        del message
        refused.extend([] if error is None else [error])

    for one in sent:
        producer.produce(one.topic, one.value, one.key, partition=0, headers=one.headers, on_delivery=told)
    assert producer.flush(PATIENCE) == 0
    assert refused == []


def letters(settings: Settings, step: str) -> list[Message]:
    return read_all(settings.kafka.bootstrap, topics.dead_letter_topic(step).name)


def as_it_came(letter: Message) -> tuple[bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]:
    """Key, value and the headers a dead letter had before it was one."""
    own = tuple(one for one in letter.headers() or [] if not one[0].startswith(("__connect", "shipsync.")))
    return letter.key(), letter.value(), own


def reason_of(letter: Message) -> str:
    return dict(letter.headers() or [])[headers.REASON].decode()


def places(letters: Sequence[Message]) -> set[tuple[str, int, str]]:
    """Topic and offset of what came, and why it is a dead letter."""
    told = [dict(one.headers() or []) for one in letters]
    return {
        (one[headers.ERROR_TOPIC].decode(), int(one[headers.ERROR_OFFSET]), one[headers.REASON].decode())
        for one in told
    }


class Known:
    """The contents of the topics."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._registry = Registry(settings)

    def values(self, topic: topics.Topic, struct: type[msgspec.Struct]) -> list[msgspec.Struct]:
        codec = ValueCodec(topic, struct, self._registry)
        return [codec.decode(one.value()) for one in read_all(self._settings.kafka.bootstrap, topic.name)]

    def events(self) -> list[CarrierEvent]:
        return self.values(topics.CARRIER_EVENTS, CarrierEvent)  # type: ignore[return-value]


@pytest.mark.parametrize("broker", BROKERS)
def test_bad_records_are_kept_whole_with_their_reasons_and_the_good_ones_beside_them_go_on(
    broker: Callable[[], ExitStack], tmp_path: Path
) -> None:
    with ExitStack() as closing:
        # A worker that is slow for longer than its session loses its partitions, and repeats what it had in hand.
        settings = closing.enter_context(on_broker(broker, tmp_path, session_timeout=30))
        stack = closing.enter_context(Stack(settings, external=True))
        known = Known(settings)
        check_intake(settings, known)
        check_framing(settings, known)
        assert {child.spec.name: child.restarts for child in stack.children} == dict.fromkeys(
            (*(stage.name for stage in apps.APPS), "pull-documents", "send", "views", "gateway", "portal"), 0
        )


def check_intake(settings: Settings, known: Known) -> None:
    """Raw records."""
    sent = raw_records()
    bad = [one for one in sent if one.reason is not None]
    good = [one for one in sent if one.what.startswith("good")]
    produce(settings, sent)
    eventually(lambda: len(places(letters(settings, "intake"))) >= len(bad))
    found = letters(settings, "intake")
    assert {as_it_came(one): reason_of(one) for one in found} == {one.whole: one.reason for one in bad}
    assert len(found) == len(bad)
    for one in found:
        told = dict(one.headers() or [])
        assert told[headers.STEP] == b"intake"
        assert told[headers.ERROR_TOPIC].decode() in {record.topic for record in bad}
        assert told[headers.ERROR_PARTITION] == b"0"
        assert told[headers.ERROR_OFFSET].isdigit()
    cards = known.values(topics.DEAD_LETTERS, DeadLetter)
    assert sorted((one.origin_topic, one.origin_offset, one.reason) for one in cards) == sorted(places(found))  # type: ignore[attr-defined]
    events = {event.source.correlation_id: event for event in known.events()}
    assert {dict(one.headers)[headers.CORRELATION_ID].decode() for one in good if one.headers} <= set(events)
    assert [one.tracking_number for one in events.values() if one.tracking_number == "1Z999CC0001"] == ["1Z999CC0001"]
    [future] = [one for one in events.values() if Flag.TIMESTAMP_FUTURE.value in one.flags]
    assert future.occurred_at <= future.received_at


def check_framing(settings: Settings, known: Known) -> None:
    """Avro records of the stages behind intake."""
    bootstrap = settings.kafka.bootstrap
    [event] = [one for one in read_all(bootstrap, topics.CARRIER_EVENTS.name) if one.key() == b"ups:1Z999CC0001"]
    faults = dict(framed_wrong(event.value() or b"", b"1Z999CC0001"))
    odd = alert("1Z999DD0001", activityStatus={"type": "I", "code": "QX", "description": "Relayed by balloon"})
    produce(settings, [Sent("", topics.CARRIER_EVENTS.name, event.key(), value, [], None) for value in faults])
    produce(settings, [Sent("unknown code", RAW_UPS, None, odd, gateway("ups", 9000), None)])
    eventually(lambda: len(letters(settings, "shipments")) >= len(faults))
    found = letters(settings, "shipments")
    assert {one.value(): reason_of(one) for one in found} == faults

    def enriched() -> list[CarrierEvent]:
        values = known.values(topics.SHIPMENT_EVENTS, EnrichedEvent)
        return [one.event for one in values if one.event.tracking_number == "1Z999DD0001"]  # type: ignore[attr-defined]

    [unknown] = eventually(enriched)
    assert (unknown.milestone, unknown.carrier_code) == (Milestone.UNKNOWN, "I:QX")
    assert (unknown.carrier_text, unknown.flags) == ("Relayed by balloon", [Flag.CODE_UNMAPPED.value])
    unmapped = [one.unmapped for one in known.values(topics.FEED_ACTIVITY, FeedActivity)]  # type: ignore[attr-defined]
    assert sum(unmapped) == 1
    assert known.values(topics.ERP_POSTINGS, ErpPosting) == []
