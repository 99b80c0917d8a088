"""The canonical vocabulary: every closed list on topics. Two axes describe a shipment: *where it is* (``Milestone`` of
one event, ``Status`` of the shipment) and *what is wrong with it* (``ExceptionType`` with a ``Reason``). Carriers'
tables map onto these; a code without a mapping is ``unknown`` with the carrier's own code and text kept.
"""

from __future__ import annotations

from enum import StrEnum

from streams.kernel.alert_vocabulary import ActionKind as ActionKind
from streams.kernel.alert_vocabulary import AlertState as AlertState
from streams.kernel.alert_vocabulary import AlertStep as AlertStep
from streams.kernel.audit_vocabulary import ActionChannel as ActionChannel
from streams.kernel.audit_vocabulary import ActionOutcome as ActionOutcome
from streams.kernel.audit_vocabulary import ActorKind as ActorKind
from streams.kernel.audit_vocabulary import SubjectKind as SubjectKind
from streams.kernel.booking_vocabulary import AnswerKind as AnswerKind
from streams.kernel.booking_vocabulary import BookingAction as BookingAction
from streams.kernel.booking_vocabulary import BookingPhase as BookingPhase
from streams.kernel.booking_vocabulary import BookingRequestKind as BookingRequestKind
from streams.kernel.booking_vocabulary import BookingStatus as BookingStatus
from streams.kernel.booking_vocabulary import CancellationStatus as CancellationStatus
from streams.kernel.document_vocabulary import DocumentKind as DocumentKind
from streams.kernel.document_vocabulary import DocumentOrigin as DocumentOrigin
from streams.kernel.document_vocabulary import DocumentStatus as DocumentStatus
from streams.kernel.edi_vocabulary import Direction as Direction
from streams.kernel.edi_vocabulary import Verdict as Verdict
from streams.kernel.fulfilment_vocabulary import DeliveryPhase as DeliveryPhase
from streams.kernel.fulfilment_vocabulary import FulfilmentAction as FulfilmentAction
from streams.kernel.fulfilment_vocabulary import PostingKind as PostingKind
from streams.kernel.fulfilment_vocabulary import WaitKind as WaitKind
from streams.kernel.notice_vocabulary import NoticeKind as NoticeKind
from streams.kernel.outbound_vocabulary import AttemptResult as AttemptResult
from streams.kernel.outbound_vocabulary import DecisionKind as DecisionKind
from streams.kernel.outbound_vocabulary import NotificationActionKind as NotificationActionKind
from streams.kernel.outbound_vocabulary import OutboundStatus as OutboundStatus
from streams.kernel.outbound_vocabulary import RecipientChannel as RecipientChannel
from streams.kernel.polling_vocabulary import PollEnd as PollEnd


class Status(StrEnum):
    """Names where a shipment can be on its way. Terminal values are left only by a correction or a return."""

    PLANNED = "planned"
    BOOKED = "booked"
    INFO_RECEIVED = "info_received"
    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    DELIVERY_ATTEMPTED = "delivery_attempted"
    OUT_FOR_DELIVERY = "out_for_delivery"
    AVAILABLE_FOR_PICKUP = "available_for_pickup"
    RETURNING = "returning"
    DELIVERED = "delivered"
    RETURNED = "returned"
    CANCELLED = "cancelled"
    LOST = "lost"
    DESTROYED = "destroyed"
    TRACKING_EXPIRED = "tracking_expired"
    UNKNOWN = "unknown"


RANK: dict[Status, int] = {
    Status.UNKNOWN: -1,
    Status.TRACKING_EXPIRED: -1,
    Status.PLANNED: 0,
    Status.BOOKED: 1,
    Status.INFO_RECEIVED: 2,
    Status.PICKED_UP: 3,
    Status.IN_TRANSIT: 4,
    Status.DELIVERY_ATTEMPTED: 5,
    Status.OUT_FOR_DELIVERY: 6,
    Status.AVAILABLE_FOR_PICKUP: 6,
    Status.RETURNING: 7,
    Status.DELIVERED: 9,
    Status.RETURNED: 9,
    Status.CANCELLED: 9,
    Status.LOST: 9,
    Status.DESTROYED: 9,
}
"""How far along the transport a status is; decides between events of the same instant."""

TERMINAL = frozenset({Status.DELIVERED, Status.RETURNED, Status.CANCELLED, Status.LOST, Status.DESTROYED})


class Milestone(StrEnum):
    """Names the things an event can report."""

    BOOKING_CONFIRMED = "booking_confirmed"
    BOOKING_REJECTED = "booking_rejected"
    BOOKING_CANCELLED = "booking_cancelled"
    PRE_ADVISED = "pre_advised"
    ARRIVED_PICKUP = "arrived_pickup"
    AT_PICKUP_DOCK = "at_pickup_dock"
    LOADING = "loading"
    PICKED_UP = "picked_up"
    LOADED = "loaded"
    DEPARTED_PICKUP = "departed_pickup"
    ARRIVED_FACILITY = "arrived_facility"
    DEPARTED_FACILITY = "departed_facility"
    IN_TRANSIT = "in_transit"
    HANDED_OVER = "handed_over"
    RECEIVED_FROM_CARRIER = "received_from_carrier"
    STORED = "stored"
    CUSTOMS_STARTED = "customs_started"
    CUSTOMS_HELD = "customs_held"
    CUSTOMS_RELEASED = "customs_released"
    OUT_FOR_DELIVERY = "out_for_delivery"
    ARRIVED_DELIVERY = "arrived_delivery"
    AT_DELIVERY_DOCK = "at_delivery_dock"
    AVAILABLE_FOR_PICKUP = "available_for_pickup"
    DELIVERY_ATTEMPTED = "delivery_attempted"
    DELIVERED = "delivered"
    EMPTY_RETURNED = "empty_returned"
    RETURNING = "returning"
    RETURNED = "returned"
    LOST = "lost"
    DESTROYED = "destroyed"
    TRACKING_EXPIRED = "tracking_expired"
    ETA_UPDATED = "eta_updated"
    APPOINTMENT_SET = "appointment_set"
    POD_RECEIVED = "pod_received"
    INFO = "info"
    UNKNOWN = "unknown"


STATUS_OF: dict[Milestone, Status | None] = {
    Milestone.BOOKING_CONFIRMED: Status.BOOKED,
    Milestone.BOOKING_REJECTED: Status.CANCELLED,
    Milestone.BOOKING_CANCELLED: Status.CANCELLED,
    Milestone.PRE_ADVISED: Status.INFO_RECEIVED,
    Milestone.ARRIVED_PICKUP: Status.INFO_RECEIVED,
    Milestone.AT_PICKUP_DOCK: Status.INFO_RECEIVED,
    Milestone.LOADING: Status.INFO_RECEIVED,
    Milestone.PICKED_UP: Status.PICKED_UP,
    Milestone.LOADED: Status.PICKED_UP,
    Milestone.DEPARTED_PICKUP: Status.IN_TRANSIT,
    Milestone.ARRIVED_FACILITY: Status.IN_TRANSIT,
    Milestone.DEPARTED_FACILITY: Status.IN_TRANSIT,
    Milestone.IN_TRANSIT: Status.IN_TRANSIT,
    Milestone.HANDED_OVER: Status.IN_TRANSIT,
    Milestone.RECEIVED_FROM_CARRIER: Status.IN_TRANSIT,
    Milestone.STORED: Status.IN_TRANSIT,
    Milestone.CUSTOMS_STARTED: Status.IN_TRANSIT,
    Milestone.CUSTOMS_HELD: Status.IN_TRANSIT,
    Milestone.CUSTOMS_RELEASED: Status.IN_TRANSIT,
    Milestone.OUT_FOR_DELIVERY: Status.OUT_FOR_DELIVERY,
    Milestone.ARRIVED_DELIVERY: Status.OUT_FOR_DELIVERY,
    Milestone.AT_DELIVERY_DOCK: Status.OUT_FOR_DELIVERY,
    Milestone.AVAILABLE_FOR_PICKUP: Status.AVAILABLE_FOR_PICKUP,
    Milestone.DELIVERY_ATTEMPTED: Status.DELIVERY_ATTEMPTED,
    Milestone.DELIVERED: Status.DELIVERED,
    Milestone.EMPTY_RETURNED: None,
    Milestone.RETURNING: Status.RETURNING,
    Milestone.RETURNED: Status.RETURNED,
    Milestone.LOST: Status.LOST,
    Milestone.DESTROYED: Status.DESTROYED,
    Milestone.TRACKING_EXPIRED: None,
    Milestone.ETA_UPDATED: None,
    Milestone.APPOINTMENT_SET: None,
    Milestone.POD_RECEIVED: None,
    Milestone.INFO: None,
    Milestone.UNKNOWN: None,
}
"""The status that an *actual* event of this milestone moves a shipment to; None: it moves none."""


class Classifier(StrEnum):
    """Whether an event has happened (DCSA Track & Trace 2.2, eventClassifierCode; ``requested`` is DCSA's REQ)."""

    ACTUAL = "actual"
    ESTIMATED = "estimated"
    PLANNED = "planned"
    REQUESTED = "requested"


class Precision(StrEnum):
    """How exactly the carrier stated the time of the event."""

    INSTANT = "instant"
    LOCAL_NO_ZONE = "local_no_zone"
    DATE_ONLY = "date_only"


class Correction(StrEnum):
    """Whether a message is new, or replaces or retracts an earlier one (after EPCIS 2.0 errorDeclaration)."""

    NEW = "new"
    REPLACES = "replaces"
    RETRACTS = "retracts"


class ExceptionType(StrEnum):
    """Names the things that can be wrong with a shipment."""

    NONE = "none"
    DELAY = "delay"
    DAMAGE = "damage"
    LOSS = "loss"
    SHORTAGE = "shortage"
    MISROUTE = "misroute"
    ADDRESS = "address"
    CONSIGNEE = "consignee"
    REFUSAL = "refusal"
    CUSTOMS = "customs"
    DOCUMENTS = "documents"
    PAYMENT = "payment"
    EQUIPMENT_CAPACITY = "equipment_capacity"
    HOLD = "hold"
    DATA_QUALITY = "data_quality"
    OTHER = "other"


class Reason(StrEnum):
    """Why an event happened. ``normal`` is explicit, never implied (X12 data element 1651, codes NS and NA)."""

    NORMAL = "normal"
    OTHER = "other"
    UNKNOWN = "unknown"
    WEATHER = "weather"
    NATURAL_DISASTER = "natural_disaster"
    STRIKE = "strike"
    ROAD_CONDITIONS = "road_conditions"
    ACCIDENT = "accident"
    HOLIDAY = "holiday"
    SECURITY = "security"
    MECHANICAL = "mechanical"
    DRIVER = "driver"
    DISPATCH_ERROR = "dispatch_error"
    CAPACITY = "capacity"
    EQUIPMENT_UNAVAILABLE = "equipment_unavailable"
    MISSED_PICKUP = "missed_pickup"
    MISSED_CONNECTION = "missed_connection"
    PAST_CUTOFF = "past_cutoff"
    MISSORTED = "missorted"
    PREVIOUS_STOP = "previous_stop"
    PROCESSING_DELAY = "processing_delay"
    CARRIER_KEYING_ERROR = "carrier_keying_error"
    PARTNER_CARRIER = "partner_carrier"
    CONSIGNEE_ABSENT = "consignee_absent"
    CONSIGNEE_CLOSED = "consignee_closed"
    CONSIGNEE_REFUSED = "consignee_refused"
    CONSIGNEE_REQUESTED_LATER = "consignee_requested_later"
    CONSIGNEE_HOURS = "consignee_hours"
    IDENTITY_CHECK_FAILED = "identity_check_failed"
    NO_ACCESS = "no_access"
    APPOINTMENT_PENDING = "appointment_pending"
    NOT_COLLECTED = "not_collected"
    ADDRESS_INCORRECT = "address_incorrect"
    ADDRESS_INCOMPLETE = "address_incomplete"
    RECIPIENT_MOVED = "recipient_moved"
    SHIPPER_NOT_READY = "shipper_not_ready"
    SHIPPER_DATA_ERROR = "shipper_data_error"
    PACKAGING = "packaging"
    OVERWEIGHT_OVERSIZE = "overweight_oversize"
    PROHIBITED_GOODS = "prohibited_goods"
    CUSTOMS_INSPECTION = "customs_inspection"
    CUSTOMS_DOCUMENTS = "customs_documents"
    DUTIES_UNPAID = "duties_unpaid"
    IMPORT_EXPORT_RESTRICTION = "import_export_restriction"
    PAYMENT_DUE = "payment_due"
    INSTRUCTIONS_AWAITED = "instructions_awaited"
    FEED_STALE = "feed_stale"
    CODE_UNMAPPED = "code_unmapped"
    TIMESTAMP_INVALID = "timestamp_invalid"


class LinkKind(StrEnum):
    """How a child number is linked to the shipment of its parent number."""

    ALIAS = "alias"
    HANDED_OVER = "handed_over"
    RELABELLED = "relabelled"
    RETURN_LEG = "return_leg"
    PIECE = "piece"


class Punctuality(StrEnum):
    """A shipment against its promised delivery; a missing promise or estimate is explicit."""

    NO_PROMISE = "no_promise"
    NO_ESTIMATE = "no_estimate"
    ON_TIME = "on_time"
    AT_RISK = "at_risk"
    DELIVERED_ON_TIME = "delivered_on_time"
    DELIVERED_LATE = "delivered_late"
    ENDED = "ended"


class Severity(StrEnum):
    """How severe an alert is, from the least to the most severe."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class AlertKind(StrEnum):
    """Names the causes an alert can have."""

    FEED_STALE = "feed_stale"
    SHIPMENT_EXCEPTION = "shipment_exception"
    CONTRACT_DRIFT = "contract_drift"
    FILE_REFUSED = "file_refused"
    DELIVERY_AT_RISK = "delivery_at_risk"
    SHIPMENT_STALLED = "shipment_stalled"
    DELIVERY_LATE = "delivery_late"
    ORDER_NOT_FOUND = "order_not_found"
    NEVER_SHIPPED = "never_shipped"
    PROOF_MISSING = "proof_missing"
    DELIVERY_UNREPORTED = "delivery_unreported"
    EDI_UNACKNOWLEDGED = "edi_unacknowledged"
    EDI_REJECTED = "edi_rejected"
    REFERENCE_UNRESOLVED = "reference_unresolved"
    REFERENCE_AMBIGUOUS = "reference_ambiguous"
    UNKNOWN = "unknown"
    DELIVERY_DOUBTFUL = "delivery_doubtful"
    ENDPOINT_DISABLED = "endpoint_disabled"
    ERP_ORDERS_SILENT = "erp_orders_silent"
    CONFIRMATION_OVERDUE = "confirmation_overdue"
    BOOKING_MISSING = "booking_missing"
    BOOKING_UNANSWERED = "booking_unanswered"
    FREIGHT_MISMATCH = "freight_mismatch"
    CANCELLATION_NOT_TAKEN = "cancellation_not_taken"


class Flag(StrEnum):
    """Marks what is unusual about an accepted event. ``resolved_by_*``: who claimed the reference that resolved it;
    ``resolved_anew``: retracts an event whose resolution changed. ``*_fallback``: the first way to read it was
    unreadable or unmapped, and a later one was used. ``words_decide``: the carrier's words went over its code;
    ``delivery_doubtful``: not told until a person or a proof says so. ``remapped``: corrects an earlier mapping."""

    TIMESTAMP_FUTURE = "timestamp_future"
    TIMESTAMP_UNTOLD = "timestamp_untold"
    TIMESTAMP_UNREADABLE = "timestamp_unreadable"
    TIME_FALLBACK = "time_fallback"
    ZONE_UNKNOWN = "zone_unknown"
    PLACE_ASSUMED = "place_assumed"
    CODE_UNMAPPED = "code_unmapped"
    CODE_FALLBACK = "code_fallback"
    WORDS_DECIDE = "words_decide"
    DELIVERY_DOUBTFUL = "delivery_doubtful"
    CLASSIFIER_MISSING = "classifier_missing"
    CHECK_DIGIT_WRONG = "check_digit_wrong"
    ENVELOPE_COUNTS_WRONG = "envelope_counts_wrong"
    ENVELOPE_TRUNCATED = "envelope_truncated"
    ENVELOPE_NONSTANDARD = "envelope_nonstandard"
    CONTROL_NUMBER_MISMATCH = "control_number_mismatch"
    CONTROL_NUMBER_REPEATED = "control_number_repeated"
    RESOLVED_BY_EVENT = "resolved_by_event"
    RESOLVED_BY_ORDER = "resolved_by_order"
    RESOLVED_BY_PERSON = "resolved_by_person"
    RESOLVED_ANEW = "resolved_anew"
    CONFIRMED_BY_PERSON = "confirmed_by_person"
    REMAPPED = "remapped"


class RejectReason(StrEnum):
    """Why a record went to the dead letters."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NOT_TEXT = "not_text"
    MALFORMED = "malformed"
    FORBIDDEN_XML = "forbidden_xml"
    UNEXPECTED_SHAPE = "unexpected_shape"
    CONTRACT_BROKEN = "contract_broken"
    INVALID_TIME = "invalid_time"
    NO_REFERENCE = "no_reference"
    CARRIER_ERROR = "carrier_error"
    UNSUPPORTED_MESSAGE = "unsupported_message"
    UNKNOWN_FEED = "unknown_feed"
    UNKNOWN_MAGIC = "unknown_magic"
    UNKNOWN_SCHEMA = "unknown_schema"
    TRUNCATED = "truncated"
    TRAILING_BYTES = "trailing_bytes"
    ILLEGAL_DECISION = "illegal_decision"
    INTERNAL = "internal"
    POISON = "poison"


class SaidBy(StrEnum):
    """Tells who claims that a reference belongs to a shipment."""

    EVENT = "event"
    ORDER = "order"
    PERSON = "person"


class MasterKind(StrEnum):
    """Names the subjects a record of master data can have."""

    CARRIER = "carrier"
    CUSTOMER = "customer"
    REFERENCE = "reference"
    LINK = "link"
