"""The messages the demo will send, and the expected result of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from streams.contracts.ids import shipment_key
from streams.contracts.model import Order
from streams.kernel.vocabulary import RejectReason
from topologies.demo.journeys import Journey, Step


class Kind(Enum):
    """How a message reaches the stack."""

    RAW = "raw"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class Expected:
    """The expected result of one message: a number of canonical events, a dead letter with this reason, or a carrier's
    answer without data."""

    events: int
    dead_letter: RejectReason | None = None
    carrier_error: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """One message. ``at_s``: seconds after the start; ``body`` is empty and ``order`` set for an order."""

    at_s: float
    kind: Kind
    feed: str
    channel: str
    content_type: str
    body: bytes
    correlation_id: str
    what: str
    expected: Expected
    order: Order | None = None


@dataclass(frozen=True)
class Plan:
    """A whole demo, in sending order."""

    seed: int
    now_ms: int
    seconds: float
    journeys: tuple[Journey, ...]
    messages: tuple[Planned, ...]

    @property
    def correlation_prefix(self) -> str:
        """The prefix of the correlation id of every message of this demo."""
        return f"demo-{self.seed:x}-{self.now_ms:x}-"

    @cached_property
    def raw(self) -> tuple[Planned, ...]:
        """The carriers' messages."""
        return tuple(message for message in self.messages if message.kind is Kind.RAW)

    @cached_property
    def orders(self) -> tuple[Order, ...]:
        """The ERP's orders."""
        return tuple(message.order for message in self.messages if message.order is not None)

    @cached_property
    def delivered(self) -> frozenset[str]:
        """CARRIER:REFERENCE of the shipments that are delivered."""
        return frozenset(shipment_key(j.carrier, j.number) for j in self.journeys if j.delivered)

    @cached_property
    def returned(self) -> frozenset[str]:
        """CARRIER:REFERENCE of the shipments that are returned to their sender."""
        return frozenset(
            shipment_key(j.carrier, j.number) for j in self.journeys if j.scans[-1].step is Step.RETURNED
        )

    @cached_property
    def ordered(self) -> frozenset[str]:
        """CARRIER:REFERENCE of the shipments that an order names."""
        return frozenset(
            shipment_key(line.carrier, line.tracking_number)
            for order in self.orders
            for line in order.shipments
        )

    @cached_property
    def dead_letters(self) -> Mapping[str, int]:
        """Expected dead letters by reason."""
        reasons = (message.expected.dead_letter for message in self.raw)
        return Counter(reason.value for reason in reasons if reason is not None)
