"""Records as the intake stage reads them, and what it writes, with the real carriers."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from msgspec import Struct

from config import topics
from connectors.carriers import discover
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import CarrierEvent, FeedActivity
from tests.support.records import FakeRecord
from tests.support.registry import fake_registry
from topologies.runtime.handler import Handled

T = TypeVar("T", bound=Struct)
REGISTRY = fake_registry()
EVENTS = ValueCodec(topics.CARRIER_EVENTS, CarrierEvent, REGISTRY)
ACTIVITY = ValueCodec(topics.FEED_ACTIVITY, FeedActivity, REGISTRY)
UNRESOLVED = ValueCodec(topics.CARRIER_UNRESOLVED, CarrierEvent, REGISTRY)
CARRIERS = {carrier.feed: carrier for carrier in discover()}
NUMBER = "1Z9X77410311122231"
NOW = 1_790_000_000_000
LANDED = NOW - 2000
MOST_BYTES = 4096


def alert(**other: Any) -> bytes:
    """A made-up UPS track alert of a delivery in Portland, Oregon."""
    return json.dumps({
        "trackingNumber": NUMBER, "localActivityDate": "20260921", "localActivityTime": "060509",
        "gmtActivityDate": "20260921", "gmtActivityTime": "130509",
        "activityLocation": {"city": "Portland", "stateProvince": "OR", "postalCode": "97204", "country": "US"},
        "activityStatus": {"type": "D", "code": "FS", "description": "Delivered"},
        "deliveryLocation": "Front desk", "receivedBy": "Søren Ødegård",
        **other,
    }).encode()


def raw(*values: bytes | None, feed: str = "ups", first: int = 0, **other: Any) -> list[FakeRecord]:
    told: dict[str, Any] = {"timestamp": LANDED, "key": None, **other}
    return [FakeRecord(f"raw.{feed}.v1", 3, first + place, value=value, **told) for place, value in enumerate(values)]


def values(out: Handled, codec: ValueCodec[T]) -> list[T]:
    return [codec.decode(message["value"]) for message in out.outputs.get(codec.topic.name, [])]


def keys(out: Handled, topic: topics.Topic) -> list[bytes | None]:
    return [message["key"] for message in out.outputs.get(topic.name, [])]


EDI = (
    "ISA*00*          *00*          *02*RLCA           *ZZ*FJORDWARES     *260914*1902*U*00401*000000031*0*P*>~"
    "GS*QM*RLCA*FJORDWARES*20260914*1902*31*X*004010~ST*214*0001~B10*{pro}*771204*RLCA~LX*1~"
    "AT7*X1*NS***20260914*1316*UT~MS1*RENO*NV*USA~SE*6*0001~GE*1*31~IEA*1*000000031~"
)
