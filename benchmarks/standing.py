"""Open shipments as the stage has them on its changelog: what a worker restores, in any number.

Each has two events, an order with a promise and an estimate, and something that falls due; what was heard of them is
spread over the last two days.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from benchmarks import cluster
from benchmarks.workload import tracking_number
from config import topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts import ids, model
from streams.kernel.vocabulary import Classifier, Correction, ExceptionType, Milestone, Precision, Reason
from streams.shipments.record import Shipment, encode
from streams.shipments.state_view import state_of
from streams.shipments.step import Received, step

CARRIER = "ups"
HOUR_MS = 3_600_000
PATTERNS = 500
_PLACE = model.Location(city="Reno", region="NV", postal_code="89502", country="US")
_SOURCE = model.Source(CARRIER, "webhook", "-", 0, 0, 0, "0" * 16)


class Standing(NamedTuple):
    """One shipment: its key, its local record and the value of the changelog."""

    key: bytes
    record: bytes
    value: bytes


def event(number: str, milestone: Milestone, at: int) -> model.CarrierEvent:
    """One canonical event of a shipment. ``at``: UTC ms."""
    return model.CarrierEvent(
        ids.event_id(CARRIER, number, milestone, "", at, _PLACE, None), CARRIER, number, milestone,
        Classifier.ACTUAL, at, at + 60_000, ExceptionType.NONE, Reason.NORMAL, "X", "as the carrier says", _PLACE,
        at + 72 * HOUR_MS, None, None, -480, False, Precision.INSTANT, Correction.NEW, None, [], [], _SOURCE,
    )


def patterns(now_ms: int) -> list[Shipment]:
    """Shipments as the step makes them, their times spread over the two days before ``now_ms``."""
    made = []
    for place in range(PATTERNS):
        began = now_ms - 48 * HOUR_MS + place * 47 * HOUR_MS // PATTERNS
        number = tracking_number(place)
        chunk: list[Received | model.OrderReference] = [
            model.OrderReference(CARRIER, number, "SO", "DN", "C", began + 96 * HOUR_MS, began),
            Received(event(number, Milestone.PICKED_UP, began), b""),
            Received(event(number, Milestone.IN_TRANSIT, began + HOUR_MS // 2), b""),
        ]
        key = ids.shipment_key(CARRIER, number)
        made.append(step(chunk, {key: None}).states[key])
    return made


def shipment(number: int, like: list[Shipment]) -> Shipment:
    """The ``number``-th, made like one of ``like``."""
    pattern = like[number % len(like)]
    [claim] = pattern.facts.claims
    link = replace(
        claim.link, order_id=f"SO-{number}", delivery_id=f"DN-{number}", customer_id=f"C-{number % 5000}"
    )
    seen = hashlib.shake_128(b"%d" % number).digest(len(pattern.facts.seen))
    facts = replace(
        pattern.facts, tracking_number=tracking_number(number), seen=seen, claims=(replace(claim, link=link),)
    )
    return replace(pattern, facts=facts)


def shipments(count: int, registry: Registry, now_ms: int) -> Iterator[Standing]:
    """``count`` different ones."""
    codec = ValueCodec(topics.SHIPMENT_STATE, model.ShipmentState, registry)
    like = patterns(now_ms)
    for number in range(count):
        one = shipment(number, like)
        record = encode(one)
        value = codec.encode(state_of(one, record, one.view.updated_at))
        yield Standing(ids.shipment_key(CARRIER, one.tracking_number).encode(), record, value)


def fill(settings: Settings, count: int, beat: Callable[[str], None]) -> None:
    """Put ``count`` open shipments on the changelog, each in the partition its events come by."""
    out, registry = cluster.producer(settings), Registry(settings)
    for done, one in enumerate(shipments(count, registry, time.time_ns() // 1_000_000), 1):
        cluster.with_room(out, lambda: out.produce(topics.SHIPMENT_STATE.name, one.value, one.key))  # noqa: B023
        if not done % 10_000:
            out.poll(0)
            beat(f"{done:,} of {count:,} on the changelog")
    out.flush(120)
