"""The payloads the intake benchmark measures are read whole: a benchmark of refusals would be a fast one."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from benchmarks.intake import FORMATS, RECEIVED_AT
from benchmarks.plain import CONFLUENT_HEAD, Plain
from config import topics
from connectors.carriers import discover
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import CarrierEvent
from streams.intake.step import step
from tests.support.records import FakeRecord
from tests.support.registry import fake_registry

ADAPTERS = {carrier.feed: carrier.adapter for carrier in discover()}


@pytest.mark.parametrize(("name", "feed", "events", "make"), FORMATS, ids=[one[0] for one in FORMATS])
def test_every_event_of_a_made_payload_is_read(
    name: str, feed: str, events: int, make: Callable[[random.Random, int], bytes]
) -> None:
    record = FakeRecord(f"raw.{feed}.v1", 0, 1, RECEIVED_AT, None, make(random.Random(3), 7))
    out = step([record], ADAPTERS, RECEIVED_AT, 1_000_000)
    assert (len(out.outputs.events), out.refused, out.counts["unmapped"]) == (events, [], 0), name
    assert {flag for event in out.outputs.events for flag in event.flags} == set()


@pytest.mark.parametrize(("name", "feed", "events", "make"), FORMATS, ids=[one[0] for one in FORMATS])
def test_the_plain_way_writes_the_very_events(
    name: str, feed: str, events: int, make: Callable[[random.Random, int], bytes]
) -> None:
    payload = make(random.Random(3), 7)
    record = FakeRecord(f"raw.{feed}.v1", 0, 1, RECEIVED_AT, None, payload)
    codec = ValueCodec(topics.CARRIER_EVENTS, CarrierEvent, fake_registry())
    values = [codec.encode(event) for event in step([record], ADAPTERS, RECEIVED_AT, 1_000_000).outputs.events]
    plain = Plain(name)
    plain.learn([payload], values)
    assert plain.bodies() == [value[CONFLUENT_HEAD:] for value in values]
    assert len(values) == events
    assert plain.seconds() > 0
