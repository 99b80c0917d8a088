"""Orders as the orders stage reads them."""

from __future__ import annotations

from config import topics
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import Order
from tests.support.records import FakeRecord
from tests.support.registry import fake_registry

REGISTRY = fake_registry()
ORDERS = ValueCodec(topics.ERP_ORDERS, Order, REGISTRY)


def orders(*several: Order | bytes | None) -> list[FakeRecord]:
    framed = [ORDERS.encode(one) if isinstance(one, Order) else one for one in several]
    return [FakeRecord(topics.ERP_ORDERS.name, 0, 50 + place, value=value) for place, value in enumerate(framed)]
