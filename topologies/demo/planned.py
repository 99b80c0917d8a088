"""The messages the demo will send, and the expected result of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from msgspec import Struct

from config.topics import Topic
from streams.contracts.ids import shipment_key
from streams.contracts.model import Order
from streams.kernel.vocabulary import RejectReason, Status
from topologies.demo.journeys import Journey, Step


class Kind(Enum):
    """How a message reaches the stack."""

    RAW = "raw"
    ORDER = "order"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class Expected:
    """The expected result of one message: a number of canonical events, a dead letter with this reason, or a carrier's
    answer without data, or a partner's acknowledgement."""

    events: int
    dead_letter: RejectReason | None = None
    carrier_error: bool = False
    acknowledges: bool = False


@dataclass(frozen=True, slots=True)
class OtherRecord:
    """A record that is neither a carrier's message nor an order: master data, EDI that was sent, a signal. ``value``:
    bytes are sent as they are."""

    topic: Topic
    key: str
    value: Struct | bytes


@dataclass(frozen=True, slots=True)
class Staged:
    """A shipment of a scene, ``CARRIER:REFERENCE``, and the terminal status it ends in, if it does. ``is_booked``: a
    booking, and not the order, says whose it is."""

    key: str
    end: Status | None = None
    is_booked: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """One message. ``at_s``: seconds after the start; ``body`` is empty and ``order`` set for an order, ``record`` for
    another record. ``received_ago_ms``: how long ago it is to have been received."""

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
    record: OtherRecord | None = None
    received_ago_ms: int = 0


@dataclass(frozen=True)
class Plan:
    """A whole demo, in sending order."""

    seed: int
    now_ms: int
    seconds: float
    journeys: tuple[Journey, ...]
    messages: tuple[Planned, ...]
    staged: tuple[Staged, ...] = ()
    example: str = ""
    """An order that shows much; empty: none."""

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
        told = {shipment_key(j.carrier, j.number) for j in self.journeys if j.delivered}
        return frozenset(told | {one.key for one in self.staged if one.end is Status.DELIVERED})

    @cached_property
    def returned(self) -> frozenset[str]:
        """CARRIER:REFERENCE of the shipments that are returned to their sender."""
        told = {shipment_key(j.carrier, j.number) for j in self.journeys if j.scans[-1].step is Step.RETURNED}
        return frozenset(told | {one.key for one in self.staged if one.end is Status.RETURNED})

    @cached_property
    def ordered(self) -> frozenset[str]:
        """CARRIER:REFERENCE of the shipments that an order names."""
        return frozenset(
            shipment_key(line.carrier, line.tracking_number)
            for order in self.orders
            for line in order.shipments if line.tracking_number
        )

    @cached_property
    def booked(self) -> frozenset[str]:
        """CARRIER:REFERENCE of the shipments whose order a booking names."""
        return frozenset(one.key for one in self.staged if one.is_booked)

    @cached_property
    def shipments(self) -> frozenset[str]:
        """CARRIER:REFERENCE of every shipment of the story."""
        told = {shipment_key(way.carrier, way.number) for way in self.journeys}
        return frozenset(told | {one.key for one in self.staged})

    @cached_property
    def backdated(self) -> frozenset[str]:
        """Correlation ids of what is to have been received some time ago."""
        return frozenset(message.correlation_id for message in self.messages if message.received_ago_ms)

    @cached_property
    def dead_letters(self) -> Mapping[str, int]:
        """Expected dead letters by reason."""
        reasons = (message.expected.dead_letter for message in self.raw)
        return Counter(reason.value for reason in reasons if reason is not None)
