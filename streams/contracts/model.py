"""One Struct per topic value: names, order and types as in ``avro/*.avsc`` (a test holds them together).

Times are integers: milliseconds since 1970-01-01T00:00Z. ``None`` means the carrier did not say.
"""

from __future__ import annotations

from msgspec import Struct, field

from streams.contracts.alerts import Alert as Alert
from streams.contracts.alerts import AlertAction as AlertAction
from streams.contracts.alerts import AlertChange as AlertChange
from streams.contracts.alerts import AlertOrder as AlertOrder
from streams.contracts.alerts import AlertSignal as AlertSignal
from streams.contracts.alerts import AtStake as AtStake
from streams.contracts.audit import ActionDetail as ActionDetail
from streams.contracts.audit import AuditAction as AuditAction
from streams.contracts.bookings import Booking as Booking
from streams.contracts.bookings import BookingAnswer as BookingAnswer
from streams.contracts.bookings import BookingDecision as BookingDecision
from streams.contracts.bookings import BookingRequest as BookingRequest
from streams.contracts.bookings import BookingState as BookingState
from streams.contracts.bookings import BookingWait as BookingWait
from streams.contracts.bookings import Cancellation as Cancellation
from streams.contracts.bookings import Candidate as Candidate
from streams.contracts.bookings import DeliveryRelease as DeliveryRelease
from streams.contracts.bookings import FreightCharge as FreightCharge
from streams.contracts.bookings import FreightInvoice as FreightInvoice
from streams.contracts.bookings import LineCount as LineCount
from streams.contracts.bookings import MatchedInvoice as MatchedInvoice
from streams.contracts.bookings import Mismatch as Mismatch
from streams.contracts.bookings import PackedPart as PackedPart
from streams.contracts.bookings import Party as Party
from streams.contracts.bookings import ReleasedLine as ReleasedLine
from streams.contracts.claims import OrderClaim as OrderClaim
from streams.contracts.claims import OrderState as OrderState
from streams.contracts.claims import ReferenceClaim as ReferenceClaim
from streams.contracts.claims import ReferenceState as ReferenceState
from streams.contracts.dead_letter import DeadLetter as DeadLetter
from streams.contracts.delivery_milestones import DeliveryMilestone as DeliveryMilestone
from streams.contracts.documents import DocumentChase as DocumentChase
from streams.contracts.documents import DocumentedShipment as DocumentedShipment
from streams.contracts.documents import DocumentState as DocumentState
from streams.contracts.documents import DocumentWant as DocumentWant
from streams.contracts.documents import ShipmentDocument as ShipmentDocument
from streams.contracts.documents import ToldDocument as ToldDocument
from streams.contracts.dwells import Dwell as Dwell
from streams.contracts.dwells import DwellNorm as DwellNorm
from streams.contracts.dwells import DwellPeriod as DwellPeriod
from streams.contracts.edi import Acknowledgement as Acknowledgement
from streams.contracts.edi import ControlRun as ControlRun
from streams.contracts.edi import EdiReceipt as EdiReceipt
from streams.contracts.edi import Exchange as Exchange
from streams.contracts.edi import Interchange as Interchange
from streams.contracts.edi import MessageVerdict as MessageVerdict
from streams.contracts.erp_cursor import ErpCursor as ErpCursor
from streams.contracts.estimate import Estimate as Estimate
from streams.contracts.feeds import DriftHour as DriftHour
from streams.contracts.feeds import FeedActivity as FeedActivity
from streams.contracts.feeds import FeedPause as FeedPause
from streams.contracts.feeds import FeedState as FeedState
from streams.contracts.feeds import MinuteCount as MinuteCount
from streams.contracts.feeds import Novelty as Novelty
from streams.contracts.fulfilment import FulfilmentDecision as FulfilmentDecision
from streams.contracts.fulfilment import FulfilmentState as FulfilmentState
from streams.contracts.fulfilment import FulfilmentWait as FulfilmentWait
from streams.contracts.fulfilment import PostedFact as PostedFact
from streams.contracts.fulfilment import ShippedLine as ShippedLine
from streams.contracts.fulfilment import ShippedPart as ShippedPart
from streams.contracts.fulfilment import StandingFact as StandingFact
from streams.contracts.links import Adoption as Adoption
from streams.contracts.links import ShipmentLink as ShipmentLink
from streams.contracts.masterdata import MasterRecord as MasterRecord
from streams.contracts.notices import ErpNotice as ErpNotice
from streams.contracts.outbound import CustomerSubscriptions as CustomerSubscriptions
from streams.contracts.outbound import EndpointSetting as EndpointSetting
from streams.contracts.outbound import NewMessage as NewMessage
from streams.contracts.outbound import OutboundAttempt as OutboundAttempt
from streams.contracts.outbound import OutboundDecision as OutboundDecision
from streams.contracts.outbound import OutboundDestination as OutboundDestination
from streams.contracts.outbound import OutboundMessage as OutboundMessage
from streams.contracts.outbound import OutboundOutcome as OutboundOutcome
from streams.contracts.outbound import OutboundQueue as OutboundQueue
from streams.contracts.outbound import OutboundRequest as OutboundRequest
from streams.contracts.outbound import OutboundState as OutboundState
from streams.contracts.outbound import SentMessage as SentMessage
from streams.contracts.outbound import WebhookEndpoint as WebhookEndpoint
from streams.contracts.paging import AlertGroup as AlertGroup
from streams.contracts.paging import PagedAlert as PagedAlert
from streams.contracts.paging import PagingState as PagingState
from streams.contracts.paging import ToldChannel as ToldChannel
from streams.contracts.polling import PollState as PollState
from streams.contracts.postings import ErpPosting as ErpPosting
from streams.contracts.postings import ProofOfDelivery as ProofOfDelivery
from streams.contracts.recipients import AskedOptIn as AskedOptIn
from streams.contracts.recipients import NotificationAction as NotificationAction
from streams.contracts.recipients import OrderOptIns as OrderOptIns
from streams.contracts.recipients import PastMessage as PastMessage
from streams.contracts.recipients import Recipient as Recipient
from streams.contracts.record import Record as Record
from streams.contracts.warehouse import WmsConfirmation as WmsConfirmation
from streams.contracts.warehouse import WmsLine as WmsLine
from streams.contracts.warehouse import WmsParcel as WmsParcel
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


class Location(Struct, frozen=True, array_like=True, gc=False):
    """A place as the carrier names it. ``country``: ISO 3166-1 alpha-2; ``unlocode``: UN/LOCODE; ``latitude`` and
    ``longitude``: WGS 84 degrees."""

    name: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None
    unlocode: str | None = None
    latitude: float | None = None
    longitude: float | None = None


class Reference(Struct, frozen=True, array_like=True, gc=False):
    """Another number the shipment is known by. ``type``: po, bol, pro, sscc, container, customer, ... (see
    ``references.IDENTIFYING``).

    ``carrier``: the slug of the carrier whose tracking number it is, where that is another carrier (a hand-over).
    """

    type: str
    value: str
    carrier: str | None = None


class Source(Struct, frozen=True, gc=False):
    """Identifies the origin of an event: the raw record, and the place (``index``) inside it."""

    feed: str
    channel: str
    topic: str
    partition: int
    offset: int
    index: int
    correlation_id: str


class SightedSource(Struct, frozen=True, gc=False):
    """The part of a source that the shipments step reads."""

    feed: str
    channel: str


class CarrierEvent(Struct, gc=False):
    """The canonical event: one thing that one carrier reports about one shipment, or one piece of it.

    ``stated_at``: the time the carrier stated, where ``occurred_at`` differs from it (a plan, an estimate, a time in
    the future). ``leg``: voyage, flight or on-carrier, as the carrier names it. ``carrier_event_id``: the carrier's own
    id; an event with the same id and other contents replaces this one. ``piece_count``: the pieces that the carrier
    counts. ``carrier_shipment_id``: the carrier's own id of the shipment, other than its number.
    ``estimated_delivery_from``: the beginning of the window that ends with the estimate.
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
    piece_count: int | None = None
    carrier_shipment_id: str | None = None
    estimated_delivery_from: int | None = None


class Sighting(Struct, gc=False):
    """The fields of a canonical event that the shipments step reads; decoded from the same bytes, the rest skipped."""

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
    piece_count: int | None = None
    carrier_shipment_id: str | None = None
    estimated_delivery_from: int | None = None


class OrderLine(Struct, frozen=True):
    """One shipment of an order: the ERP delivery it fulfils, and its tracking number; where that is empty, the
    references identify the shipment."""

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
    """One version of an order's claim on one shipment, keyed like the carrier's events; ``withdrawn`` once the order no
    longer makes it.

    ``by``: how the claim was made: empty for a line with a tracking number, TYPE:REFERENCE for a line resolved by that
    reference. A claim stands while it stands in any of these ways. ``turn`` orders versions made in the same way: by a
    reference, the highest turn is the newest, whatever the times; by tracking number, the highest turn is the newest
    among versions of the same ``updated_at``, and counts how often the claim was withdrawn and made again at that time.
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
    """An order that claims the shipment, with its terms."""

    order_id: str
    delivery_id: str
    customer_id: str
    promised_delivery_at: int | None
    order_value: float | None = None
    currency: str | None = None


class EnrichedEvent(Struct, gc=False):
    """The canonical event with what was known of its shipment when it was accepted.

    ``event`` may be the event's Avro bytes as they arrived; they are then written unchanged. ``same_as``: id of another
    source's event about the same occurrence, which readers hear of once.
    """

    event: CarrierEvent | bytes
    status: Status
    late: bool
    matched: bool
    orders: list[OrderLink]
    same_as: str | None = None


class Related(Struct, frozen=True, array_like=True, gc=False):
    """Another number of a shipment (``CARRIER:REFERENCE``), and how the two are linked."""

    key: str
    kind: LinkKind


class PieceState(Struct, frozen=True, array_like=True, gc=False):
    """The status of one piece of a shipment."""

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
    estimated_delivery_from: int | None = None


class CustomerUpdate(Struct, gc=False):
    """One customer-facing milestone of one order's shipment, without internal reasons. ``correction``: whether it is
    new, or replaces or retracts the update sent under this id before. ``corrects``: the event that was retracted; None
    where the order no longer claims the shipment. ``estimated_delivery_from``: the beginning of the window that ends
    with the estimate."""

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
    estimated_delivery_from: int | None = None
