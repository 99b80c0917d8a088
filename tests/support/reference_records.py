"""Claims and events without a number as the identity stage reads them."""

from __future__ import annotations

from config import topics
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import CarrierEvent, ReferenceClaim
from tests.support.records import FakeRecord
from tests.support.registry import fake_registry

REGISTRY = fake_registry()
UNRESOLVED = ValueCodec(topics.CARRIER_UNRESOLVED, CarrierEvent, REGISTRY)
CLAIMS = ValueCodec(topics.REFERENCE_CLAIMS, ReferenceClaim, REGISTRY)


def events(*several: CarrierEvent | bytes | None) -> list[FakeRecord]:
    framed = [UNRESOLVED.encode(one) if isinstance(one, CarrierEvent) else one for one in several]
    return [FakeRecord(topics.CARRIER_UNRESOLVED.name, 0, offset, value=value) for offset, value in enumerate(framed)]


def claims(*several: ReferenceClaim) -> list[FakeRecord]:
    return [
        FakeRecord(topics.REFERENCE_CLAIMS.name, 0, offset, value=CLAIMS.encode(one))
        for offset, one in enumerate(several)
    ]
