"""The steps of an order's way from the ERP to the invoice: which records of which topic tell of it, and in what words.

A step is found by the ids that its record bears: the order's, the ERP delivery's, the shipment's key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

from msgspec import Struct

from config import topics
from config.topics import Topic
from streams.contracts.documents import stored_id
from streams.contracts.ids import shipment_key
from streams.contracts.model import (
    Alert,
    BookingAnswer,
    BookingDecision,
    BookingRequest,
    CarrierEvent,
    CustomerUpdate,
    DeliveryMilestone,
    DeliveryRelease,
    DocumentChase,
    EnrichedEvent,
    ErpNotice,
    ErpPosting,
    FreightInvoice,
    FulfilmentDecision,
    Order,
    OrderReference,
    ProofOfDelivery,
    ShipmentDocument,
    WmsConfirmation,
)
from streams.contracts.outbound import OutboundAttempt, OutboundDecision, OutboundOutcome
from streams.kernel.vocabulary import Correction, ExceptionType
from streams.postings.messages import is_of_notices
from streams.read_model.project import order_and_shipment


class Ids(NamedTuple):
    """The ids that are followed. ``shipments``: CARRIER:REFERENCE."""

    orders: frozenset[str] = frozenset()
    deliveries: frozenset[str] = frozenset()
    shipments: frozenset[str] = frozenset()
    customers: frozenset[str] = frozenset()

    def with_all(self, *others: Ids) -> Ids:
        """These and the others."""
        return Ids(*(frozenset[str]().union(*each) for each in zip(self, *others, strict=True)))


class Said(NamedTuple):
    """One thing that a record tells. ``at``: when it happened, UTC ms; None: when the record was written. ``raw``: the
    raw record it was read from, as topic, partition and offset."""

    words: str
    at: int | None = None
    raw: tuple[str, int, int] | None = None
    is_past: bool = False
    """Whether it is told by a later record, as the history of an alert is: it stands at its own time."""


class Kind(NamedTuple):
    """A kind of step. ``keys``: the keys of its records; None: any record may be one. ``fits``: whether a record is of
    what is followed."""

    name: str
    topic: Topic
    struct: type[Struct]
    keys: Callable[[Ids], Collection[str]] | None
    fits: Callable[[Any, Ids], bool]
    says: Callable[[Any], Iterable[Said]]


def _orders(ids: Ids) -> Collection[str]:
    return ids.orders


def _deliveries(ids: Ids) -> Collection[str]:
    return ids.deliveries


def _shipments(ids: Ids) -> Collection[str]:
    return ids.shipments


def _customers(ids: Ids) -> Collection[str]:
    return ids.customers


def _always(_: object, __: Ids) -> bool:
    return True


def _plain(code: str) -> str:
    return code.replace("_", " ")


def _of_shipment(value: DeliveryMilestone | ErpPosting, ids: Ids) -> bool:
    return shipment_key(value.carrier, value.tracking_number) in ids.shipments


def _order(value: Order) -> Iterable[Said]:
    deliveries = sorted({line.delivery_id for line in value.shipments})
    worth = "" if value.value is None else f", {value.value:,.2f} {value.currency or ''}".rstrip()
    yield Said(
        f"{value.order_id} of customer {value.customer_id} is {value.status}{worth};"
        f" deliveries: {', '.join(deliveries) or 'none yet'}", value.updated_at,
    )


def _claimed(value: OrderReference, ids: Ids) -> bool:
    return value.order_id in ids.orders and value.delivery_id in ids.deliveries


def _claim(value: OrderReference) -> Iterable[Said]:
    does = "gives up" if value.withdrawn else "claims"
    by = f", by {value.by}" if value.by else ""
    key = shipment_key(value.carrier, value.tracking_number)
    yield Said(f"{value.order_id} {does} {key} for delivery {value.delivery_id}{by}")


def _release(value: DeliveryRelease) -> Iterable[Said]:
    yield Said(f"{value.delivery_id} of {value.order_id} is {value.status} to {value.warehouse}", value.updated_at)


def _booking(value: BookingRequest) -> Iterable[Said]:
    number = f" as {value.tracking_number}" if value.tracking_number else ""
    yield Said(f"{_plain(value.kind.value)} {value.delivery_id} with {value.carrier}{number}", value.issued_at)


def _answer(value: BookingAnswer) -> Iterable[Said]:
    number = f" as {value.tracking_number}" if value.tracking_number else ""
    yield Said(f"{value.carrier}: {_plain(value.kind.value)}{number}{_because(value.detail)}", value.at)


def _booking_decision(value: BookingDecision) -> Iterable[Said]:
    yield Said(f"{value.by}: {value.action.value} {value.delivery_id} ({value.reason})", value.at)


def _freight(value: FreightInvoice) -> Iterable[Said]:
    yield Said(
        f"{value.carrier}: {value.invoice_id} for {value.delivery_id}, {value.total:,.2f} {value.currency}",
        value.invoiced_at,
    )


def _documented(value: ShipmentDocument, ids: Ids) -> bool:
    return not value.delivery_ids or not ids.deliveries.isdisjoint(value.delivery_ids)


def _document(value: ShipmentDocument) -> Iterable[Said]:
    key = shipment_key(value.carrier, value.tracking_number)
    yield Said(f"{key}: {_plain(value.kind.value)} is {value.status.value}{_because(value.reason)}", value.at)


def _chase(value: DocumentChase) -> Iterable[Said]:
    yield Said(
        f"the document of {value.tracking_number} is asked for again, {value.times} times by then"
        f"{_because(value.found)}", value.at,
    )


def _warehouse(value: WmsConfirmation) -> Iterable[Said]:
    as_numbers = f" as {', '.join(value.tracking_numbers)}" if value.tracking_numbers else ""
    yield Said(f"{value.warehouse} {value.kind} delivery {value.delivery_id}{as_numbers}", value.confirmed_at)


def _event(value: EnrichedEvent) -> Iterable[Said]:
    event = value.event
    assert isinstance(event, CarrierEvent)
    trouble = "" if event.exception is ExceptionType.NONE else (
        f", {_plain(event.exception.value)} ({_plain(event.reason.value)})"
    )
    place = "" if event.location is None or not event.location.city else f" in {event.location.city}"
    piece = "" if event.piece is None else f", piece {event.piece}"
    back = "" if event.correction is Correction.NEW else f" [{event.correction.value}]"
    source = event.source
    yield Said(
        f"{shipment_key(event.carrier, event.tracking_number)}: {_plain(event.milestone.value)}{place}{piece}{trouble}"
        f"{back}, by {source.feed} {source.channel}", event.occurred_at,
        (source.topic, source.partition, source.offset),
    )


def _told_order(value: CustomerUpdate, ids: Ids) -> bool:
    return value.order_id in ids.orders and shipment_key(value.carrier, value.tracking_number) in ids.shipments


def _update(value: CustomerUpdate) -> Iterable[Said]:
    back = "takes back: " if value.correction is Correction.RETRACTS else ""
    yield Said(
        f"to {value.customer_id}: {back}{value.tracking_number} {_plain(value.milestone.value)}", value.occurred_at
    )


def _milestone(value: DeliveryMilestone) -> Iterable[Said]:
    back = " is taken back" if value.correction is Correction.RETRACTS else ""
    piece = "" if value.piece is None else f", piece {value.piece}"
    proof = _proof(value.proof_of_delivery)
    trouble = "" if value.exception is ExceptionType.NONE else f", {_plain(value.exception.value)}"
    yield Said(
        f"{value.delivery_id}: {_plain(value.milestone.value)}{trouble} of {value.tracking_number}{piece}{proof}{back}",
        value.occurred_at,
    )


def _proof(proof: ProofOfDelivery | None) -> str:
    if proof is None:
        return ""
    is_link = not (proof.signed_by or proof.left_at) and stored_id(proof.document_url) is None
    return ", with a link to a proof" if is_link else ", with a proof"


def _decision(value: FulfilmentDecision) -> Iterable[Said]:
    yield Said(f"{value.by}: {value.action.value} {value.delivery_id} ({value.reason})", value.at)


def _posting(value: ErpPosting) -> Iterable[Said]:
    does = "reversal of " if value.reverses is not None else ""
    piece = "" if value.piece is None else f", piece {value.piece}"
    of_it = f"; {value.pieces_delivered} of {value.pieces_known} pieces" if value.pieces_known else ""
    yield Said(
        f"{does}{_plain(value.kind.value)} of {value.delivery_id}, {value.tracking_number}{piece}{of_it}",
        value.occurred_at,
    )


def _notice(value: ErpNotice) -> Iterable[Said]:
    yield Said(f"{_plain(value.kind.value)}, {value.delivery_id}: {value.words}", value.occurred_at)


def _attempt(value: OutboundAttempt) -> Iterable[Said]:
    yield Said(
        f"{value.owner}, attempt {value.attempt}: {_plain(value.result.value)}{_because(value.detail)}", value.ended_at
    )


def _outcome(value: OutboundOutcome) -> Iterable[Said]:
    what = _plain(value.kind)
    if is_of_notices(value.destination):
        what = f"notice of {what}"
    elif value.correction is Correction.RETRACTS:
        what = f"reversal of {what}"
    yield Said(f"{what} at {value.owner}: {_plain(value.status.value)}{_because(value.detail)}", value.at)


def _posting_decision(value: OutboundDecision) -> Iterable[Said]:
    yield Said(f"{value.by}: {_plain(value.decision.value)} ({value.reason})", value.at)


def _notified(value: OutboundOutcome, ids: Ids) -> bool:
    order, shipment = order_and_shipment(value.queue)
    return order in ids.orders and (shipment in ids.shipments or not ids.shipments)


def _notification(value: OutboundOutcome) -> Iterable[Said]:
    yield Said(
        f"{value.kind} to {value.owner} by {value.destination}: {_plain(value.status.value)}{_because(value.detail)}",
        value.at,
    )


def _alerted(value: Alert, ids: Ids) -> bool:
    return (
        value.subject in ids.deliveries | ids.shipments | ids.orders
        or any(one.order_id in ids.orders and one.delivery_id in ids.deliveries for one in value.orders)
    )


def _alert(value: Alert) -> Iterable[Said]:
    for one in value.history:
        by = "" if one.by == "itself" else f" by {one.by}"
        note = f" ({one.note})" if one.note else ""
        yield Said(
            f"{_plain(value.kind.value)} of {value.subject} is {_plain(one.step.value)}{by}{note}", one.at, is_past=True
        )


def _because(detail: str) -> str:
    return f" ({detail})" if detail else ""


KINDS: tuple[Kind, ...] = (
    Kind("order", topics.ERP_ORDERS, Order, _orders, _always, _order),
    Kind("claim", topics.ORDER_REFERENCES, OrderReference, _shipments, _claimed, _claim),
    Kind("release", topics.DELIVERY_RELEASES, DeliveryRelease, _deliveries, _always, _release),
    Kind("warehouse", topics.WMS_CONFIRMATIONS, WmsConfirmation, _deliveries, _always, _warehouse),
    Kind("booking", topics.CARRIER_BOOKINGS, BookingRequest, _deliveries, _always, _booking),
    Kind("answer", topics.BOOKING_ANSWERS, BookingAnswer, _deliveries, _always, _answer),
    Kind("decision", topics.BOOKING_DECISIONS, BookingDecision, _deliveries, _always, _booking_decision),
    Kind("carrier", topics.SHIPMENT_EVENTS, EnrichedEvent, _shipments, _always, _event),
    Kind("customer", topics.CUSTOMER_UPDATES, CustomerUpdate, _customers, _told_order, _update),
    Kind("notification", topics.NOTIFICATION_OUTCOMES, OutboundOutcome, _customers, _notified, _notification),
    Kind("milestone", topics.DELIVERY_MILESTONES, DeliveryMilestone, _deliveries, _of_shipment, _milestone),
    Kind("document", topics.SHIPMENT_DOCUMENTS, ShipmentDocument, _shipments, _documented, _document),
    Kind("chase", topics.DOCUMENT_CHASES, DocumentChase, _deliveries, _always, _chase),
    Kind("decision", topics.FULFILMENT_DECISIONS, FulfilmentDecision, _deliveries, _always, _decision),
    Kind("posting", topics.ERP_POSTINGS, ErpPosting, _deliveries, _of_shipment, _posting),
    Kind("notice", topics.ERP_NOTICES, ErpNotice, _deliveries, _always, _notice),
    Kind("attempt", topics.POSTING_ATTEMPTS, OutboundAttempt, _deliveries, _always, _attempt),
    Kind("outcome", topics.POSTING_OUTCOMES, OutboundOutcome, _deliveries, _always, _outcome),
    Kind("decision", topics.POSTING_DECISIONS, OutboundDecision, _deliveries, _always, _posting_decision),
    Kind("freight invoice", topics.FREIGHT_INVOICES, FreightInvoice, _deliveries, _always, _freight),
    Kind("alert", topics.OPS_ALERTS, Alert, None, _alerted, _alert),
)
"""Every kind, in the order of the way; steps of one moment stand in it."""
