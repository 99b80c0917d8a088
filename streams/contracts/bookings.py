"""Released deliveries, bookings with carriers, their answers and freight invoices: the values of ``delivery.releases``,
``carrier.bookings``, ``booking.answers``, ``booking.decisions``, ``booking.state`` and ``freight.invoices``.

Times are UTC milliseconds, weights kilograms, lengths centimetres; ``currency``: ISO 4217; ``country``: ISO 3166-1
alpha-2.
"""

from __future__ import annotations

from msgspec import Struct, field

from streams.contracts.warehouse import WmsParcel
from streams.kernel.booking_vocabulary import (
    AnswerKind,
    BookingAction,
    BookingPhase,
    BookingRequestKind,
    BookingStatus,
    CancellationStatus,
)


class Party(Struct, frozen=True):
    """A name and an address. ``region``: state or province, as the country writes it."""

    name: str
    street: str
    city: str
    postal_code: str
    country: str
    region: str = ""
    phone: str = ""
    email: str = ""


class ReleasedLine(Struct, frozen=True):
    """One line of a released delivery. ``unit``: UN/ECE Recommendation 20."""

    line_id: str
    sku: str
    quantity: float
    unit: str | None = None


class DeliveryRelease(Struct):
    """An ERP delivery as it is released to the warehouse, or cancelled. ``status``: released or cancelled; the
    newest by ``updated_at`` counts. ``service``: the carrier service that was sold; empty: any."""

    delivery_id: str
    order_id: str
    customer_id: str
    status: str
    updated_at: int
    warehouse: str
    ship_to: Party
    lines: list[ReleasedLine]
    service: str = ""
    ship_on: int | None = None
    promised_delivery_at: int | None = None


class BookingRequest(Struct):
    """A request to a carrier, or what became of it. ``booking_id``: DELIVERY-N, the idempotency key and the
    shipment identification that carriers send back; ``attempt``: how often it was asked; ``answer_by``: after it the
    next carrier is asked; ``carrier_reference``: the carrier's own id of the booking."""

    booking_id: str
    kind: BookingRequestKind
    delivery_id: str
    order_id: str
    customer_id: str
    carrier: str
    service: str
    attempt: int
    issued_at: int
    answer_by: int
    shipper: Party | None
    recipient: Party | None
    parcels: list[WmsParcel]
    ship_on: int | None = None
    tracking_number: str = ""
    carrier_reference: str = ""

    @property
    def message_id(self) -> str:
        """Known to senders by this, and by its attempt."""
        return f"{self.booking_id} {self.kind.value}"


class BookingAnswer(Struct):
    """A carrier's answer. ``attempt``: of the request, 0 where the carrier does not say; ``detail``: its own words;
    ``source``: where it came from: rest, or TOPIC:PARTITION:OFFSET."""

    booking_id: str
    delivery_id: str
    kind: AnswerKind
    carrier: str
    at: int
    attempt: int = 0
    detail: str = ""
    tracking_number: str = ""
    carrier_reference: str = ""
    label_url: str = ""
    tracking_url: str = ""
    cost: float | None = None
    currency: str = ""
    source: str = ""


class BookingDecision(Struct, frozen=True):
    """A person's decision about a delivery's booking. ``carrier``, ``service``: of a re-booking, whom to ask first;
    ``by``: who; ``reason``: why, in their words; ``key``: of a program that may repeat it, empty: none."""

    delivery_id: str
    action: BookingAction
    by: str
    reason: str
    at: int
    carrier: str = ""
    service: str = ""
    key: str = ""


class Candidate(Struct, frozen=True):
    """A carrier's service and why it may be asked, or why not. ``cost`` None: no price is declared."""

    carrier: str
    service: str
    fits: bool
    reason: str
    cost: float | None = None
    currency: str = ""


class Cancellation(Struct, frozen=True):
    """The cancellation of a booking. ``owner``: who sees to one that the carrier does not take, from ``deadline`` on;
    ``overdue``: an alert was raised; ``attempt``: how often the carrier was told; ``retry_at``: when it is told again,
    as it could not be reached; ``detail``: its last words; ``closed``: a person's decision to see to it."""

    asked_at: int
    status: CancellationStatus
    changed_at: int
    owner: str
    deadline: int
    attempt: int = 1
    retry_at: int | None = None
    overdue: bool = False
    detail: str = ""
    closed: BookingDecision | None = None


class Booking(Struct, frozen=True):
    """One booking with one carrier. ``reason``: why this carrier; ``retry_at``: when it is asked again, as it could not
    be reached; ``detail``: the carrier's last words; ``cost``: agreed, or as declared; ``cancellation``: where it
    stands, once the carrier was to be told not to come."""

    booking_id: str
    carrier: str
    service: str
    status: BookingStatus
    asked_at: int
    answer_by: int
    changed_at: int
    reason: str
    attempt: int = 1
    retry_at: int | None = None
    tracking_number: str = ""
    carrier_reference: str = ""
    label_url: str = ""
    tracking_url: str = ""
    cost: float | None = None
    currency: str = ""
    detail: str = ""
    cancellation: Cancellation | None = None


class LineCount(Struct, frozen=True, array_like=True):
    """A line and how much of it one confirmation of the warehouse tells of."""

    line_id: str
    quantity: float


class PackedPart(Struct, frozen=True):
    """One confirmation of the warehouse. ``kind``: picked, packed, shipped or short."""

    confirmation_id: str
    kind: str
    at: int
    lines: list[LineCount]
    parcels: list[WmsParcel]


class BookingWait(Struct, frozen=True):
    """A wait of the delivery: since when, who sees to it, and when an alert is raised (None: never). ``overdue``: it
    was."""

    since: int
    owner: str
    deadline: int | None
    overdue: bool = False


class FreightCharge(Struct, frozen=True):
    """One charge of a freight invoice. ``code``: X12 data element 150 (special charge), empty for the line haul."""

    code: str
    amount: float
    description: str = ""


class FreightInvoice(Struct):
    """A carrier's invoice for freight. ``weight_kg`` None: it does not say."""

    invoice_id: str
    delivery_id: str
    booking_id: str
    carrier: str
    invoiced_at: int
    currency: str
    total: float
    weight_kg: float | None
    charges: list[FreightCharge]
    source: str = ""


class Mismatch(Struct, frozen=True):
    """Where an invoice and the booking differ. ``field``: booking, carrier, currency, rate, weight, accessorial or
    invoice (billed twice)."""

    field: str
    expected: str
    found: str


class MatchedInvoice(Struct, frozen=True):
    """A freight invoice and where it differs from the booking; nowhere: it may be paid."""

    invoice: FreightInvoice
    mismatches: list[Mismatch]


class BookingState(Struct):
    """One delivery from its release to its carrier; the changelog of the bookings stage. ``round_at``: how many
    bookings there were when carriers were last chosen; ``candidates``: as chosen then; ``is_chosen``: they were, in
    this round; ``decision``: the last that counts."""

    delivery_id: str
    order_id: str = ""
    customer_id: str = ""
    phase: BookingPhase = BookingPhase.UNKNOWN
    updated_at: int = 0
    release: DeliveryRelease | None = None
    parts: list[PackedPart] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    bookings: list[Booking] = field(default_factory=list)
    round_at: int = 0
    is_chosen: bool = False
    decision: BookingDecision | None = None
    wait: BookingWait | None = None
    invoices: list[MatchedInvoice] = field(default_factory=list)
