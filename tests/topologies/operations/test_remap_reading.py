"""Which raw records a re-map looks at, and what it says of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from confluent_kafka import TopicPartition

from config import topics
from config.settings import Settings
from config.topics import DAY_MS
from connectors.carriers import HOME, Carrier, discover
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import CarrierEvent, DeadLetter
from streams.intake.mapping_diff import Verdict
from streams.intake.step import step
from tests.support.records import FakeRecord
from tests.support.registry import fake_registry
from topologies.operations import remap_reading
from topologies.operations.remap_reading import Asked, Compared, Comparison

RAW, EVENTS = topics.raw("sendle").name, topics.CARRIER_EVENTS.name
NOW = time.time_ns() // 1_000_000
REGISTRY = fake_registry()
CODEC = ValueCodec(topics.CARRIER_EVENTS, CarrierEvent, REGISTRY)


class Message:
    """A record as confluent-kafka hands it over."""

    def __init__(self, topic: str, offset: int, at: int, value: bytes, key: bytes = b"") -> None:
        self._is = topic, offset, at, value, key

    def topic(self) -> str:
        return self._is[0]

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._is[1]

    def timestamp(self) -> tuple[int, int]:
        return 1, self._is[2]

    def value(self) -> bytes:
        return self._is[3]

    def key(self) -> bytes:
        return self._is[4]

    def headers(self) -> list[tuple[str, bytes]]:
        return []


class Cluster:
    """Topics of one partition, held in lists, and how far intake has come; in place of a reader of them."""

    def __init__(self) -> None:
        self.held: dict[str, list[Message]] = {RAW: [], EVENTS: [], topics.CARRIER_UNRESOLVED.name: []}
        self.first: dict[str, int] = {}
        self.taken_in = 0
        self._assigned: Sequence[TopicPartition] = ()

    def __call__(self, *_: Any) -> Cluster:
        return self

    def partitions(self, _: str) -> list[int]:
        return [0]

    def bounds(self, topic: str, _: int) -> tuple[int, int]:
        low = self.first.get(topic, 0)
        return low, low + len(self.held[topic])

    def at_time(self, *_: Any) -> int:
        return 0

    def committed(self, _: str) -> dict[int, int]:
        return {0: self.taken_in}

    def assign(self, places: Sequence[TopicPartition]) -> None:
        self._assigned = places

    def to_the_end(self, _: Callable[[], bool] = lambda: False) -> Iterator[list[Message]]:
        for place in self._assigned:
            yield self.held[place.topic]

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture(scope="module")
def carrier(tmp_path_factory: pytest.TempPathFactory) -> Carrier:
    home = tmp_path_factory.mktemp("carriers")
    (home / "sendle").symlink_to(HOME / "sendle")
    [found] = discover(home)
    return found


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    found = Cluster()
    monkeypatch.setattr(remap_reading, "PartitionReader", found)
    monkeypatch.setattr(remap_reading, "Registry", lambda _: REGISTRY)
    monkeypatch.setattr(remap_reading, "each", lambda *_: None)
    return found


def answer(number: str, kind: str = "In Transit") -> bytes:
    return json.dumps({"sendle_reference": number, "tracking_events": [
        {"event_type": kind, "scan_time": "2026-09-20T10:00:00Z", "description": "as said"}
    ]}).encode()


def sent(cluster: Cluster, carrier: Carrier, *bodies: bytes, published: int = 0, ago_ms: int = 60_000) -> None:
    """Raw records, all taken in; of the first so many what the mapping says was published."""
    for place, body in enumerate(bodies):
        at = NOW - ago_ms + place
        cluster.held[RAW].append(Message(RAW, place, at, body))
        record = FakeRecord(RAW, 0, place, at, None, body)
        for event in step([record], {carrier.feed: carrier.adapter}, at, 10_000).outputs.events[: place < published]:
            key = f"{event.carrier}:{event.tracking_number}".encode()
            cluster.held[EVENTS].append(Message(EVENTS, place, at, CODEC.encode(event), key))
    cluster.taken_in = len(bodies)


def read(carrier: Carrier, since: int = NOW - DAY_MS, until: int | None = None, limit: int = 0) -> Compared:
    comparison = Comparison(Settings(), carrier, Asked(since, until, limit), lambda *_: None)
    return comparison.read()


def test_raw_records_are_compared_with_what_was_published_of_them(cluster: Cluster, carrier: Carrier) -> None:
    sent(cluster, carrier, answer("S1"), answer("S2"), b"{", published=1)
    found = read(carrier)
    assert found.records == {Verdict.UNCHANGED: 2, Verdict.ADDED: 1}
    assert found.remapped.keys() == {(RAW, 0, 1)}
    assert found.published == {"sendle:S2": []}


def test_an_event_that_is_refused_now_is_gone_with_the_reason(cluster: Cluster, carrier: Carrier) -> None:
    sent(cluster, carrier, answer("S1"), published=1)
    cluster.held[RAW][0] = Message(RAW, 0, NOW - 60_000, b"{")
    found = read(carrier)
    assert (found.records, found.refused) == ({Verdict.GONE: 1}, {"malformed": 1})
    assert [one.tracking_number for one in found.published["sendle:S1"]] == ["S1"]


def test_what_intake_will_publish_itself_is_left_out(cluster: Cluster, carrier: Carrier) -> None:
    sent(cluster, carrier, answer("S1"), answer("S2"), published=1)
    cluster.taken_in = 1
    found = read(carrier)
    assert (found.left_out, found.remapped) == ({remap_reading.NOT_TAKEN_IN: 1}, {})
    cluster.taken_in = 0
    assert read(carrier).left_out == {remap_reading.NOT_TAKEN_IN: 2}, "intake has never run"


def test_raw_records_whose_events_may_have_expired_are_left_out(cluster: Cluster, carrier: Carrier) -> None:
    sent(cluster, carrier, answer("S1"), answer("S2"), published=2)
    cluster.first[EVENTS] = 7
    del cluster.held[EVENTS][0]
    assert read(carrier).left_out == {remap_reading.TOO_OLD: 1}
    cluster.held[EVENTS].clear()
    assert read(carrier).left_out == {}, "younger than what the topic keeps"
    cluster.held[RAW][0] = Message(RAW, 0, NOW - 20 * DAY_MS, answer("S1"))
    assert read(carrier, since=NOW - 21 * DAY_MS).left_out == {remap_reading.TOO_OLD: 1}


def test_a_record_that_stops_workers_is_not_read_again(
    cluster: Cluster, carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent(cluster, carrier, answer("S1"), answer("S2"))
    cards = [
        DeadLetter("intake", reason, "", None, RAW, 0, offset, None, None, 1, 1)
        for offset, reason in enumerate(("poison", "no_reference"))
    ]

    def each(_: Settings, __: Any, topic: topics.Topic, ___: Any, take: Callable[[str, Any], None]) -> None:
        for card in cards if topic is topics.DEAD_LETTERS else ():
            take("intake", card)

    monkeypatch.setattr(remap_reading, "each", each)
    found = read(carrier)
    assert found.left_out == {remap_reading.POISON: 1}
    assert found.dead_letters == {(RAW, 0, 1): "no_reference"}


def test_a_range_and_a_limit_are_kept(cluster: Cluster, carrier: Carrier) -> None:
    sent(cluster, carrier, *(answer(f"S{place}") for place in range(5)))
    at = NOW - 60_000
    assert sorted(read(carrier, since=at + 1, until=at + 3).published) == ["sendle:S1", "sendle:S2"]
    found = read(carrier, limit=2)
    assert (sorted(found.published), found.left_out) == (["sendle:S0", "sendle:S1"], {remap_reading.OVER_LIMIT: 3})


def test_an_event_that_intake_would_not_write_is_no_event(
    cluster: Cluster, carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent(cluster, carrier, answer("S1"), published=1)
    monkeypatch.setattr(remap_reading, "MOST_EVENT_BYTES", 10)
    found = read(carrier)
    assert (found.records, found.refused) == ({Verdict.GONE: 1}, {"too_large": 1})
