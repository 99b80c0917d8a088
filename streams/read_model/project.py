"""From the values of topics to the rows of the read model. A value alone decides its rows: order and repeats of other
values change nothing, and reading a topic again ends with the same rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any

from msgspec import Struct, msgpack, structs

from streams.contracts import model
from streams.contracts.promise import judged_for
from streams.kernel.alert_vocabulary import ITSELF, OPEN
from streams.kernel.booking_vocabulary import NOT_TAKEN
from streams.kernel.outbound_vocabulary import ERP_PREFIX, NOTICE_PREFIX, PENDING
from streams.kernel.vocabulary import (
    AlertKind,
    AlertState,
    AlertStep,
    Classifier,
    ExceptionType,
    Flag,
    MasterKind,
    Milestone,
    Precision,
    Severity,
    SubjectKind,
)
from streams.read_model import rows
from streams.read_model.rows import KINDS_OF_STATES, MOST_HANDLES, Change, Handle, Put, Remove, Row, search_form
from streams.read_model.tallies import Origin

OF_A_SHIPMENT = frozenset({
    AlertKind.SHIPMENT_EXCEPTION, AlertKind.DELIVERY_AT_RISK, AlertKind.SHIPMENT_STALLED, AlertKind.DELIVERY_LATE,
    AlertKind.ORDER_NOT_FOUND, AlertKind.NEVER_SHIPPED, AlertKind.PROOF_MISSING, AlertKind.DELIVERY_UNREPORTED,
    AlertKind.DELIVERY_DOUBTFUL,
})
"""The kinds of alerts whose subject is one shipment."""
_RANKS = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
_SEVERITY, _PUT_OFF = 1e15, 1e18
"""Above any value of orders; above any severity."""
_BY_PERSON = frozenset({Flag.RESOLVED_BY_PERSON, Flag.CONFIRMED_BY_PERSON})
_BY_SHIPSYNC = frozenset({Flag.RESOLVED_ANEW, Flag.REMAPPED})
_INEXACT = frozenset({
    Flag.TIMESTAMP_FUTURE, Flag.TIMESTAMP_UNTOLD, Flag.TIMESTAMP_UNREADABLE, Flag.TIME_FALLBACK, Flag.ZONE_UNKNOWN,
})
_encode = msgpack.Encoder().encode


def key_of(carrier: str, tracking_number: str) -> str:
    """``CARRIER:REFERENCE``, the shipment's key on its topics."""
    return f"{carrier}:{tracking_number}"


def order_and_shipment(queue: str) -> tuple[str, str]:
    """The order and the shipment that messages of a queue are about, ``ORDER:CARRIER:NUMBER``."""
    *_, order, carrier, number = "", "", *queue.rsplit(":", 2)
    return order, key_of(carrier, number)


def changes(key: str, value: Struct, told_at: int) -> list[Change]:
    """The rows a value makes. ``key``: the record's; ``told_at``: when it was written, UTC ms. Raises KeyError for a
    value the read model does not hold."""
    return _PROJECTIONS[type(value)](key, value, told_at)


def removals(kind: type[Struct], key: str) -> list[Change]:
    """The rows that go with a key that is deleted from its topic."""
    table = _TABLES.get(kind)
    return [] if table is None else [Remove(table, _parts(table, key))]


def _parts(table: type[Row], key: str) -> tuple[str, ...]:
    if table is rows.Reference:
        kind, _, value = key.partition(":")
        return kind, value
    return (key,)


def _shipment(key: str, state: model.ShipmentState, _: int) -> list[Change]:
    state = structs.replace(state, record=b"")
    opened = state.open_exceptions[0] if state.open_exceptions else ExceptionType.NONE
    row = rows.Shipment(
        key, state.carrier, state.tracking_number, state.status, state.punctuality, opened, state.status_at,
        state.last_event_at, state.promised_delivery_at, state.estimated_delivery_at, state.delivered_at,
        state.archived, state.updated_at, _encode(state),
    )
    handles = [("tracking", state.tracking_number)]
    for order in state.orders:
        handles += [("order", order.order_id), ("delivery", order.delivery_id)]
    customers = tuple(
        (one, judged_for(state, one).punctuality) for one in sorted({order.customer_id for order in state.orders})
    )
    return [Put(row, _handles(handles), customers)]


def _event(key: str, told: model.EnrichedEvent, told_at: int) -> list[Change]:
    event = told.event
    assert not isinstance(event, bytes), "the whole event is read"
    promises = [one.promised_delivery_at for one in told.orders if one.promised_delivery_at is not None]
    row = rows.Event(
        key, event.occurred_at, event.event_id, event.correction, event.received_at, told_at, event.source.feed,
        event.milestone, event.corrects or "", _origin(event), _is_exact(event), Flag.CODE_UNMAPPED in event.flags,
        event.proof_of_delivery is not None or event.milestone is Milestone.POD_RECEIVED, min(promises, default=None),
        _encode(told),
    )
    return [Put(row, _handles((_kind(one.type), one.value) for one in event.references[:MOST_HANDLES]))]


def _origin(event: model.CarrierEvent) -> Origin:
    if event.source.channel == Origin.PERSON or not _BY_PERSON.isdisjoint(event.flags):
        return Origin.PERSON
    return Origin.CARRIER if _BY_SHIPSYNC.isdisjoint(event.flags) else Origin.SHIPSYNC


def _is_exact(event: model.CarrierEvent) -> bool:
    return (
        event.classifier is Classifier.ACTUAL and event.precision is not Precision.DATE_ONLY
        and _INEXACT.isdisjoint(event.flags)
    )


def _kind(reference: str) -> str:
    """The kind of an event's reference: a carrier's word for an order is not the ERP's claim."""
    return f"{reference} reference" if reference in KINDS_OF_STATES else reference


def _word(_: str, told: model.CustomerUpdate, told_at: int) -> list[Change]:
    return [Put(rows.CustomerWord(
        key_of(told.carrier, told.tracking_number), told.customer_id, told.update_id, told.correction, told.event_id,
        told_at, told.order_id, told.milestone, told.occurred_at, _encode(told),
    ))]


def _posting(_: str, told: model.ErpPosting, told_at: int) -> list[Change]:
    return [Put(rows.Posting(
        told.posting_id, key_of(told.carrier, told.tracking_number), told.kind, told.delivery_id, told.order_id,
        told.customer_id, told.occurred_at, told_at, told.reverses or "", _encode(told),
    ))]


def _delivery(_: str, one: model.FulfilmentState, told_at: int) -> list[Change]:
    wait = one.wait
    kind, owner, overdue, since, deadline = ("", "", False, None, None) if wait is None else (
        wait.kind, wait.owner, wait.overdue, wait.since, wait.deadline
    )
    return [Put(rows.DeliveryRecord(
        one.delivery_id, told_at, one.order_id, one.customer_id, one.phase, kind, owner, int(overdue), since, deadline,
        _encode(one),
    ))]


def _booking(_: str, one: model.BookingState, told_at: int) -> list[Change]:
    wait, is_mismatched = one.wait, any(match.mismatches for match in one.invoices)
    owner, overdue, deadline = ("", False, None) if wait is None else (wait.owner, wait.overdue, wait.deadline)
    told = [item.cancellation for item in one.bookings if item.cancellation is not None]
    return [Put(rows.BookingRecord(
        one.delivery_id, told_at, one.order_id, one.customer_id, one.phase,
        one.bookings[-1].carrier if one.bookings else "", owner, int(overdue), deadline, int(is_mismatched),
        int(any(item.status in NOT_TAKEN for item in told)), _encode(one),
    ))]


def _document(_: str, one: model.ShipmentDocument, __: int) -> list[Change]:
    return [Put(rows.Document(
        key_of(one.carrier, one.tracking_number), one.source_id, one.at, one.status, one.document_id, _encode(one)
    ))]


def _order(_: str, order: model.OrderState, __: int) -> list[Change]:
    return [Put(rows.Order(
        order.order_id, order.customer_id, order.status, order.promised_delivery_at, order.updated_at, _encode(order)
    ))]


def _alert(_: str, alert: model.Alert, __: int) -> list[Change]:
    alert = structs.replace(alert, record=b"")
    return [Put(rows.Alert(
        alert.alert_id, alert.kind, alert.state, alert.severity, alert.state in OPEN, _rank(alert), alert.subject,
        alert.subject if alert.kind in OF_A_SHIPMENT else "", alert.carrier or "", alert.feed or "",
        alert.owner or "", alert.under or "", alert.raised_at, alert.changed_at, alert.snoozed_until,
        alert.resolved_at if alert.times_raised else None,
        sum(one.by != ITSELF and one.step is not AlertStep.IGNORED for one in alert.history), _encode(alert),
    ))]


def _rank(alert: model.Alert) -> float:
    """The more severe first, then what is worth most; what was put off behind all others."""
    value = max((one.amount for one in alert.at_stake if isfinite(one.amount)), default=0.0)
    rank = _RANKS[alert.severity] * _SEVERITY + min(max(value, 0.0), _SEVERITY / 2)
    return rank - _PUT_OFF if alert.state is AlertState.SNOOZED else rank


def _feed(_: str, feed: model.FeedState, __: int) -> list[Change]:
    return [Put(rows.Feed(feed.feed, feed.stale, feed.last_received_at, _encode(feed)))] if feed.feed else []


def _pause(_: str, pause: model.FeedPause, __: int) -> list[Change]:
    return [Put(rows.FeedPause(pause.feed, pause.paused, pause.changed_at, _encode(pause)))]


def _dead_letter(_: str, letter: model.DeadLetter, __: int) -> list[Change]:
    return [Put(rows.DeadLetter(
        letter.step, letter.origin_topic, letter.origin_partition, letter.origin_offset, letter.feed or "",
        letter.reason, letter.failed_at, _encode(letter),
    ))]


def _reference(_: str, state: model.ReferenceState, __: int) -> list[Change]:
    state = structs.replace(state, record=b"")
    return [Put(rows.Reference(
        state.type, state.value, state.events_waiting + state.lines_waiting, state.ambiguous, state.waiting_since,
        state.updated_at, _encode(state),
    ))]


def _master(_: str, record: model.MasterRecord, __: int) -> list[Change]:
    if record.kind is MasterKind.CUSTOMER:
        if record.withdrawn:
            return [Remove(rows.Customer, (record.id,))]
        return [Put(rows.Customer(record.id, _encode(record)))]
    if record.kind in (MasterKind.REFERENCE, MasterKind.LINK):
        shipment = key_of(record.carrier, record.tracking_number) if record.tracking_number else ""
        return [Put(rows.ManualDecision(
            record.kind, record.id, shipment, record.updated_at, record.updated_by, _encode(record)
        ))]
    return []


def _action(_: str, action: model.AuditAction, __: int) -> list[Change]:
    shipment = action.subject if action.subject_kind is SubjectKind.SHIPMENT else next(
        (one.value for one in action.details if one.name == "shipment"), ""
    )
    return [Put(rows.Action(
        action.action_id, action.at, action.who, action.action, action.subject_kind, action.subject, shipment,
        action.channel, _encode(action),
    ))]


def _outcome(_: str, outcome: model.OutboundOutcome, __: int) -> list[Change]:
    if outcome.about:
        told = structs.replace(outcome, about=[])
        return [
            Put(rows.AlertMessage(alert, outcome.message_id, f"{outcome.destination}:{outcome.queue}", outcome.at,
                                  _encode(told)))
            for alert in outcome.about
        ]
    if outcome.destination.startswith((ERP_PREFIX, NOTICE_PREFIX)):
        return [Put(rows.PostingOutcome(
            outcome.message_id, outcome.at, outcome.status, int(outcome.status in PENDING), outcome.queue,
            outcome.source_id, int(outcome.destination.startswith(NOTICE_PREFIX)), _encode(outcome),
        ))]
    order, shipment = order_and_shipment(outcome.queue)
    return [Put(rows.Notification(
        outcome.message_id, outcome.at, outcome.status, int(outcome.status in PENDING), outcome.destination,
        outcome.owner, order, shipment, outcome.source_id, _encode(outcome),
    ))]


def _handles(numbers: Iterable[tuple[str, str]]) -> tuple[Handle, ...]:
    found = (Handle(search_form(value), kind) for kind, value in numbers)
    return tuple(dict.fromkeys(one for one in found if one.value))


_PROJECTIONS: Mapping[type[Struct], Callable[[str, Any, int], list[Change]]] = {
    model.ShipmentState: _shipment, model.EnrichedEvent: _event, model.CustomerUpdate: _word,
    model.ErpPosting: _posting, model.OrderState: _order, model.Alert: _alert, model.FeedState: _feed,
    model.FeedPause: _pause, model.DeadLetter: _dead_letter, model.ReferenceState: _reference,
    model.MasterRecord: _master, model.AuditAction: _action, model.OutboundOutcome: _outcome,
    model.FulfilmentState: _delivery, model.BookingState: _booking, model.ShipmentDocument: _document,
}
VALUES: tuple[type[Struct], ...] = tuple(_PROJECTIONS)
"""The kinds of values the read model is made of."""
_TABLES: Mapping[type[Struct], type[Row]] = {
    model.ShipmentState: rows.Shipment, model.OrderState: rows.Order, model.Alert: rows.Alert,
    model.FeedState: rows.Feed, model.FeedPause: rows.FeedPause, model.ReferenceState: rows.Reference,
    model.FulfilmentState: rows.DeliveryRecord, model.BookingState: rows.BookingRecord,
}
"""Compacted topics' values and the table whose row goes with a deleted key."""
