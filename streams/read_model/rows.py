"""The rows of the read model, one NamedTuple a table; which fields name a row, ``KEYS`` says.

Times are UTC milliseconds. ``doc``: the topic's value, its Struct as MessagePack; the columns beside it are there
to search and sort by.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

MOST_HANDLES = 60
"""Numbers by which one shipment can be found, beside its own and those of its orders."""


KINDS_OF_STATES = frozenset({"tracking", "order", "delivery"})
"""The numbers that a shipment's state names: its own, and those of the orders that claim it now."""


class Handle(NamedTuple):
    """A number by which a shipment is found: ``value`` as :func:`search_form` writes it; ``kind``: tracking, order,
    delivery, or the type of a reference an event bears (po, bol, sscc, ...)."""

    value: str
    kind: str


class Shipment(NamedTuple):
    """The current truth about one shipment. ``key``: CARRIER:REFERENCE. ``exception``: the first that is open."""

    key: str
    carrier: str
    tracking_number: str
    status: str
    punctuality: str
    exception: str
    status_at: int | None
    last_event_at: int | None
    promised_delivery_at: int | None
    estimated_delivery_at: int | None
    delivered_at: int | None
    archived: int
    updated_at: int
    doc: bytes


class Event(NamedTuple):
    """One event of a shipment's history, as it was said. ``told_at``: when ShipSync wrote it; ``corrects``: the event
    it retracts or replaces, else empty; ``origin``: a ``tallies.Origin``; ``exact``: 1 where it has happened and its
    instant is known; ``unmapped``: 1 where the carrier's code has no milestone; ``proof``: 1 with a proof of delivery;
    ``promised_at``: what its orders promised when it was told."""

    shipment: str
    occurred_at: int
    event_id: str
    correction: str
    received_at: int
    told_at: int
    feed: str
    milestone: str
    corrects: str
    origin: str
    exact: int
    unmapped: int
    proof: int
    promised_at: int | None
    doc: bytes


class CustomerWord(NamedTuple):
    """One customer update as it was sent; a correction is a row beside the one it corrects."""

    shipment: str
    customer: str
    update_id: str
    correction: str
    event_id: str
    told_at: int
    order_id: str
    milestone: str
    occurred_at: int
    doc: bytes


class Posting(NamedTuple):
    """One posting for the ERP. ``told_at``: when ShipSync wrote it; ``reverses``: empty for what reverses nothing."""

    posting_id: str
    shipment: str
    kind: str
    delivery_id: str
    order_id: str
    customer: str
    occurred_at: int
    told_at: int
    reverses: str
    doc: bytes


class Order(NamedTuple):
    """The newest version of an order."""

    order_id: str
    customer: str
    status: str
    promised_delivery_at: int | None
    updated_at: int
    doc: bytes


class DeliveryRecord(NamedTuple):
    """Where an ERP delivery stands. ``at``: when that was written; ``waits_for``, ``owner``: empty where it waits for
    nothing; ``deadline``: None for never; ``overdue``: 1 once that has passed."""

    delivery_id: str
    at: int
    order_id: str
    customer: str
    phase: str
    waits_for: str
    owner: str
    overdue: int
    since: int | None
    deadline: int | None
    doc: bytes


class BookingRecord(NamedTuple):
    """A delivery between its release and its carrier. ``at``: when that was written; ``carrier``: of its last booking,
    ``owner``: of its wait, empty where there is none; ``deadline``: None for never; ``overdue``: 1 once that has
    passed; ``mismatched``: 1 with a freight invoice that differs from its booking; ``uncancelled``: 1 with a
    cancellation that its carrier has not taken."""

    delivery_id: str
    at: int
    order_id: str
    customer: str
    phase: str
    carrier: str
    owner: str
    overdue: int
    deadline: int | None
    mismatched: int
    uncancelled: int
    doc: bytes


class Alert(NamedTuple):
    """An alert as it stands. ``open``: 1 while somebody has to act; ``rank``: the greater, the more pressing;
    ``shipment``: the subject where it is one shipment, else empty; ``resolved_at``: None also for one that was never
    raised itself; ``hands``: how often a person did something about it."""

    alert_id: str
    kind: str
    state: str
    severity: str
    open: int
    rank: float
    subject: str
    shipment: str
    carrier: str
    feed: str
    owner: str
    under: str
    raised_at: int
    changed_at: int
    snoozed_until: int | None
    resolved_at: int | None
    hands: int
    doc: bytes


class Feed(NamedTuple):
    """A feed as it is known."""

    feed: str
    stale: int
    last_received_at: int | None
    doc: bytes


class FeedPause(NamedTuple):
    """Whether intake of a feed is paused."""

    feed: str
    paused: int
    changed_at: int
    doc: bytes


class DeadLetter(NamedTuple):
    """The index card of a dead letter."""

    step: str
    origin_topic: str
    origin_partition: int
    origin_offset: int
    feed: str
    reason: str
    failed_at: int
    doc: bytes


class Reference(NamedTuple):
    """A reference, and what waits because nobody says whose it is. ``waiting``: events and lines that wait."""

    type: str
    value: str
    waiting: int
    ambiguous: int
    waiting_since: int | None
    updated_at: int
    doc: bytes


class Customer(NamedTuple):
    """A customer as people entered it."""

    customer: str
    doc: bytes


class Action(NamedTuple):
    """An action of a person or a program. ``shipment``: the shipment it is about, or a reference was said to be; else
    empty."""

    action_id: str
    at: int
    who: str
    action: str
    subject_kind: str
    subject: str
    shipment: str
    channel: str
    doc: bytes


class Notification(NamedTuple):
    """The state of one message to a customer's endpoint. ``pending``: 1 while it is not done with; ``shipment``: the
    shipment it is about."""

    message_id: str
    at: int
    status: str
    pending: int
    destination: str
    customer: str
    order_id: str
    shipment: str
    update_id: str
    doc: bytes


class AlertMessage(NamedTuple):
    """The state of one message that told a channel of an alert. ``told_by``: the message's queue, the same from the
    alert's beginning to its end."""

    alert: str
    message_id: str
    told_by: str
    at: int
    doc: bytes


class PostingOutcome(NamedTuple):
    """Where a posting to one ERP, or a notice, is. ``posting_id``: of a reversal, of the posting it takes back; of a
    notice its id; ``pending``: 1 while it is not done with; ``notice``: 1 for a notice."""

    message_id: str
    at: int
    status: str
    pending: int
    delivery_id: str
    posting_id: str
    notice: int
    doc: bytes


class Document(NamedTuple):
    """A document of a shipment, or the link to one, as it stands."""

    shipment: str
    source_id: str
    at: int
    status: str
    document_id: str
    doc: bytes


class ManualDecision(NamedTuple):
    """A reference or link that a person decided. ``shipment``: the shipment it is about, a link's child; ``at``: when
    it was decided last."""

    kind: str
    subject: str
    shipment: str
    at: int
    by: str
    doc: bytes


Row = (
    Shipment | Event | CustomerWord | Posting | Order | Alert | Feed | FeedPause | DeadLetter | Reference | Customer
    | ManualDecision | Action | Notification | AlertMessage | PostingOutcome | DeliveryRecord
    | Document | BookingRecord
)
KEYS: Mapping[type[Row], int] = {
    Shipment: 1, Event: 4, CustomerWord: 5, Posting: 1, Order: 1, Alert: 1, Feed: 1, FeedPause: 1, DeadLetter: 4,
    Reference: 2, Customer: 1, ManualDecision: 2, Action: 1, Notification: 1, PostingOutcome: 1,
    AlertMessage: 2, DeliveryRecord: 1, Document: 2, BookingRecord: 1,
}
"""How many of a row's first fields name it."""


class Put(NamedTuple):
    """A row that takes the place of the one with its key. Of a shipment: ``handles`` are added, and where ``claimed``
    is given, orders, deliveries and customers are exactly these; with a customer, the punctuality by its promise."""

    row: Row
    handles: tuple[Handle, ...] = ()
    customers: tuple[tuple[str, str], ...] | None = None


class Remove(NamedTuple):
    """The row of ``table`` with this key is gone; of a shipment also all that hangs on it."""

    table: type[Row]
    key: tuple[str, ...]


Change = Put | Remove


def search_form(text: str) -> str:
    """A number as it is searched for: letters in upper case and digits, nothing else."""
    text = text.upper()
    return text if text.isalnum() else "".join(filter(str.isalnum, text))


def alike(one: str, other: str) -> int:
    """How many characters both begin with."""
    return next(
        (place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]),
        min(len(one), len(other)),
    )
