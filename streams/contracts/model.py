"""One Struct per topic value: names, order and types as in ``avro/*.avsc`` (a test holds them together).

Times are integers: milliseconds since 1970-01-01T00:00Z. ``None`` means the carrier did not say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct, field

from streams.contracts.alerts import Alert as Alert
from streams.contracts.alerts import AlertAction as AlertAction
from streams.contracts.alerts import AlertChange as AlertChange
from streams.contracts.alerts import AlertOrder as AlertOrder
from streams.contracts.alerts import AlertSignal as AlertSignal
from streams.contracts.alerts import AtStake as AtStake
from streams.contracts.claims import OrderClaim as OrderClaim
from streams.contracts.claims import OrderState as OrderState
from streams.contracts.claims import ReferenceClaim as ReferenceClaim
from streams.contracts.claims import ReferenceState as ReferenceState
from streams.contracts.dwells import Dwell as Dwell
from streams.contracts.dwells import DwellNorm as DwellNorm
from streams.contracts.dwells import DwellPeriod as DwellPeriod
from streams.contracts.edi import Acknowledgement as Acknowledgement
from streams.contracts.edi import ControlRun as ControlRun
from streams.contracts.edi import EdiReceipt as EdiReceipt
from streams.contracts.edi import Exchange as Exchange
from streams.contracts.edi import Interchange as Interchange
from streams.contracts.edi import MessageVerdict as MessageVerdict
from streams.contracts.estimate import Estimate as Estimate
from streams.contracts.feeds import DriftHour as DriftHour
from streams.contracts.feeds import FeedActivity as FeedActivity
from streams.contracts.feeds import FeedState as FeedState
from streams.contracts.feeds import MinuteCount as MinuteCount
from streams.contracts.feeds import Novelty as Novelty
from streams.contracts.links import Adoption as Adoption
from streams.contracts.links import ShipmentLink as ShipmentLink
from streams.contracts.masterdata import MasterRecord as MasterRecord
from streams.contracts.polling import PollState as PollState
from streams.contracts.postings import ErpPosting as ErpPosting
from streams.contracts.postings import FulfilmentState as FulfilmentState
from streams.contracts.postings import PostedFact as PostedFact
from streams.contracts.postings import ProofOfDelivery as ProofOfDelivery
from streams.contracts.warehouse import WmsConfirmation as WmsConfirmation
from streams.contracts.warehouse import WmsLine as WmsLine
from streams.kernel.vocabulary import (
    Classifier,
    Correction,
    ExceptionType,
    LinkKind,
    Milestone,
    Precision,
    Punctuality,
    Reason,
    Status,
)


class Record(Protocol):
    """A Kafka record as the transport hands it over (aiokafka's ConsumerRecord fits as it is)."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Location(Struct, frozen=True, array_like=True, gc=False):
    """A place as the carrier names it. ``country`` is ISO 3166-1 alpha-2 where the carrier gives it."""

    name: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None
    unlocode: str | None = None
    latitude: float | None = None
    longitude: float | None = None


class Reference(Struct, frozen=True, array_like=True, gc=False):
    """Another number the shipment is known by. ``type``: po, bol, pro, sscc, container, customer, ...

    ``carrier``: the slug of the carrier whose tracking number it is, where that is another one (a hand-over).
    """

    type: str
    value: str
    carrier: str | None = None


class Source(Struct, frozen=True, gc=False):
    """Where an event came from: the exact raw record, and the place inside it."""

    feed: str
    channel: str
    topic: str
    partition: int
    offset: int
    index: int
    correlation_id: str


class SightedSource(Struct, frozen=True, gc=False):
    """Of a source, which feed spoke by which channel."""

    feed: str
    channel: str


class CarrierEvent(Struct, gc=False):
    """The canonical event: one thing one carrier says about one shipment (or one piece of it).

    ``stated_at``: the time the carrier stated, where ``occurred_at`` is not it (a plan, an estimate, a stamp from the
    future). ``leg``: voyage, flight or on-carrier, as the carrier names it. ``carrier_event_id``: sent again with
    other facts, it replaces them.
    """

    event_id: str
    carrier: str
    tracking_number: str
    milestone: Milestone
    classifier: Classifier
    occurred_at: int
    received_at: int
    exception: ExceptionType
    reason: Reason
    carrier_code: str
    carrier_text: str
    location: Location | None
    estimated_delivery_at: int | None
    proof_of_delivery: ProofOfDelivery | None
    piece: str | None
    utc_offset_minutes: int | None
    zone_assumed: bool
    precision: Precision
    correction: Correction
    corrects: str | None
    references: list[Reference]
    flags: list[str]
    source: Source
    stated_at: int | None = None
    leg: str | None = None
    carrier_event_id: str | None = None


class Sighting(Struct, gc=False):
    """Of a canonical event, what the shipments step looks at; read from the same bytes, the rest skipped."""

    event_id: str
    carrier: str
    tracking_number: str
    milestone: Milestone
    classifier: Classifier
    occurred_at: int
    received_at: int
    exception: ExceptionType
    reason: Reason
    location: Location | None
    estimated_delivery_at: int | None
    proof_of_delivery: ProofOfDelivery | None
    utc_offset_minutes: int | None
    zone_assumed: bool
    precision: Precision
    correction: Correction
    corrects: str | None
    flags: list[str]
    source: SightedSource
    carrier_event_id: str | None = None
    piece: str | None = None


class OrderLine(Struct, frozen=True):
    """One shipment of an order: the ERP delivery it fulfils and the carrier's number it travels under; where that is
    empty, the references it is known by tell."""

    delivery_id: str
    carrier: str
    tracking_number: str
    references: list[Reference] = []


class Order(Struct):
    """An ERP order and the shipments it expects."""

    order_id: str
    customer_id: str
    status: str
    currency: str | None
    value: float | None
    promised_delivery_at: int | None
    updated_at: int
    shipments: list[OrderLine]
    references: list[Reference] = []


class OrderReference(Struct, gc=False):
    """One word of an order's claim on one shipment, keyed like the carrier's events; ``withdrawn`` once it claims so no
    more.

    ``by``: what the claim is made by; empty for a line with the carrier's own number, TYPE:REFERENCE for lines that are
    resolved by that reference. A claim stands while any of its words, by whatever, does. ``turn``: of a reference, how
    often it has turned about the claim; of its words those of the highest turn hold, whatever their times. Of the
    number itself, how often the claim was given up and made again at the very time ``updated_at``: of its words of that
    time those of the highest turn hold.
    """

    carrier: str
    tracking_number: str
    order_id: str
    delivery_id: str
    customer_id: str
    promised_delivery_at: int | None
    updated_at: int
    withdrawn: bool = False
    order_value: float | None = None
    currency: str | None = None
    by: str = ""
    turn: int = 0


class OrderLink(Struct, frozen=True, array_like=True, gc=False):
    """What a shipment knows of an order it belongs to."""

    order_id: str
    delivery_id: str
    customer_id: str
    promised_delivery_at: int | None
    order_value: float | None = None
    currency: str | None = None


class EnrichedEvent(Struct, gc=False):
    """The canonical event with what was known of its shipment when it was accepted.

    ``event`` may be the event's Avro bytes as they arrived: they are then written as they are. ``same_as``: id of
    another source's event of the same occurrence, which is told once.
    """

    event: CarrierEvent | bytes
    status: Status
    late: bool
    matched: bool
    orders: list[OrderLink]
    same_as: str | None = None


class Related(Struct, frozen=True, array_like=True, gc=False):
    """Another number of a shipment (``CARRIER:REFERENCE``), and what it is to it."""

    key: str
    kind: LinkKind


class PieceState(Struct, frozen=True, array_like=True, gc=False):
    """Where one piece of a shipment stands."""

    name: str
    status: Status
    status_at: int | None = None


class ShipmentState(Struct, gc=False):
    """The current truth about one shipment; the changelog of the shipments stage."""

    carrier: str
    tracking_number: str
    status: Status
    status_at: int | None
    last_milestone: Milestone
    last_event_at: int | None
    event_count: int
    orders: list[OrderLink]
    estimated_delivery_at: int | None
    delivered_at: int | None
    signed_by: str | None
    open_exceptions: list[ExceptionType]
    updated_at: int
    record: bytes
    promised_delivery_at: int | None = None
    first_estimated_delivery_at: int | None = None
    estimate_stated_at: int | None = None
    estimated_by: str | None = None
    estimate_changes: int = 0
    punctuality: Punctuality = Punctuality.NO_PROMISE
    part_of: list[Related] = []
    parts: list[Related] = []
    pieces: list[PieceState] = []
    life: int = 1
    archived: bool = False
    slip_ms: int | None = None
    slip_from_promise_ms: int | None = None
    earlier_estimates: list[Estimate] = field(default_factory=list)


class CustomerUpdate(Struct, gc=False):
    """One customer-facing milestone of one order's shipment, in no internal words. ``correction``: what is to be made
    of what was told under this id before; ``corrects``: the event taken back, None where the order itself claims the
    shipment no more."""

    update_id: str
    customer_id: str
    order_id: str
    carrier: str
    tracking_number: str
    milestone: Milestone
    status: Status
    occurred_at: int
    utc_offset_minutes: int | None
    location: Location | None
    exception: ExceptionType
    reason: Reason
    estimated_delivery_at: int | None
    signed_by: str | None
    superseded: bool
    event_id: str
    piece: str | None = None
    correction: Correction = Correction.NEW
    corrects: str | None = None


class DeliveryMilestone(Struct, gc=False):
    """A financially relevant fact about one ERP delivery, from one shipment of it; ``correction`` and ``corrects`` as
    of :class:`CustomerUpdate`. ``claim_revision``: ``claims.revision_of`` the delivery; ``life``:
    ``Shipment.life``; ``because_of``: what made it so, where what was told had to be put right, or may have been
    before: an event's id, or a digest of a word. What says the same of the same fact by the same event because of the
    same is a repeat."""

    milestone_id: str
    delivery_id: str
    order_id: str
    customer_id: str
    carrier: str
    tracking_number: str
    milestone: Milestone
    occurred_at: int
    exception: ExceptionType
    reason: Reason
    proof_of_delivery: ProofOfDelivery | None
    event_id: str
    piece: str | None = None
    correction: Correction = Correction.NEW
    corrects: str | None = None
    claim_revision: int = 0
    life: int = 1
    because_of: str | None = None


class DeadLetter(Struct):
    """The index card of one dead letter; the record itself lies whole on ``dlq.<step>.v1``."""

    step: str
    reason: str
    detail: str
    path: str | None
    origin_topic: str
    origin_partition: int
    origin_offset: int
    feed: str | None
    correlation_id: str | None
    size: int
    failed_at: int
