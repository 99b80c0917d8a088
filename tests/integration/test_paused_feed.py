"""A feed whose mapping refuses everything is paused, others go on, a restart keeps the pause, and a person ends it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import Producer

from config import apps, topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.audit import Actor
from streams.contracts.model import CarrierEvent, FeedPause
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import ActionChannel, ActorKind
from tests.support.brokers import embedded, on_broker
from tests.support.topics import committed, read_all
from tests.support.waiting import eventually
from topologies.local_stack.stack import Stack
from topologies.operations import feed_pauses

NOW = 1_790_000_000_000
LEAST = 20
KIM = Actor("kim", ActorKind.PERSON, ActionChannel.TOWER, "operator")


def send(settings: Settings, feed: str, bodies: list[bytes]) -> None:
    producer = Producer(settings.kafka.librdkafka())
    for body in bodies:
        producer.produce(topics.raw(feed).name, body, partition=0)
    assert producer.flush(60) == 0


def good(number: str) -> bytes:
    """A made-up track alert of UPS."""
    return msgspec.json.encode({
        "trackingNumber": number, "localActivityDate": "20260920", "localActivityTime": "101500",
        "activityLocation": {"city": "OMAHA", "stateProvince": "NE", "country": "US"},
        "activityStatus": {"type": "D", "code": "FS", "description": "Delivered"},
        "gmtActivityDate": "20260920", "gmtActivityTime": "151500",
    })


def numbers(settings: Settings) -> set[str]:
    codec: Any = ValueCodec(topics.CARRIER_EVENTS, CarrierEvent, Registry(settings))
    found = read_all(settings.kafka.bootstrap, topics.CARRIER_EVENTS.name)
    return {codec.decode(one.value()).tracking_number for one in found}


def letters(settings: Settings) -> int:
    return len(read_all(settings.kafka.bootstrap, topics.DLQ_INTAKE.name))


def done(settings: Settings, feed: str) -> int:
    return committed(settings.kafka.bootstrap, apps.INTAKE.app_id, topics.raw(feed).name, 1).get(0, 0)


def paused(settings: Settings) -> list[FeedPause]:
    return feed_pauses.paused(settings)


@pytest.mark.broker
def test_a_feed_with_too_many_dead_letters_waits_until_it_is_resumed(tmp_path: Path) -> None:
    with ExitStack() as closing:
        settings = closing.enter_context(
            on_broker(embedded, tmp_path, feeds=("ups", "fedex"), dead_letter_least=LEAST)
        )
        with Stack(settings, external=True, stages=["intake"]):
            send(settings, "fedex", [b"{}"] * LEAST)
            eventually(lambda: [one.feed for one in paused(settings)] == ["fedex"])
            send(settings, "ups", [good("1Z999AA10123456784")])
            eventually(lambda: "1Z999AA10123456784" in numbers(settings))
            written, before = letters(settings), done(settings, "fedex")
            assert written < LEAST
            assert before == written
        with Stack(settings, external=True, stages=["intake"]):
            send(settings, "ups", [good("1Z999AA10123456785")])
            eventually(lambda: "1Z999AA10123456785" in numbers(settings))
            assert (letters(settings), done(settings, "fedex")) == (written, before)
            feed_pauses.resume(settings, "fedex", KIM, NOW + 10**10, unlimited_minutes=60)
            eventually(lambda: letters(settings) == LEAST)
            eventually(lambda: done(settings, "fedex") == LEAST)
            assert paused(settings) == []
            with pytest.raises(Fatal, match="fedex is not paused"):
                feed_pauses.resume(settings, "fedex", KIM, NOW)
