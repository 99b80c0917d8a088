"""The identity step: events without a tracking number, and claims on references, in; those events with their tracking
number out, as soon as exactly one shipment matches.

Reads ``carrier.unresolved`` and ``reference.claims``; writes ``carrier.events``, ``order.references``,
``alert.signals`` and, as its state, ``reference.state``. Times are UTC milliseconds.

The record of a reference, and what stands resolved in the end, depend on the set of inputs alone: not on their order,
their repetition, or how they were cut into chunks. When claims change, events and order claims are retracted from the
former shipment and sent to the new one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from streams.contracts.claim_order import age_of
from streams.contracts.ids import shipment_key
from streams.contracts.model import AlertSignal, CarrierEvent, OrderReference, ReferenceClaim
from streams.identity.matching import MatchingRules, Resolutions, first_received, resolutions
from streams.identity.record import (
    IdentityInput,
    OrderLineClaim,
    ReferenceRecord,
    Retractions,
    age_of_line,
    decode_event,
    key_of,
    with_claim,
    with_event,
)
from streams.identity.resolved_events import resolved_event, retraction_of
from streams.identity.unresolved_alerts import (
    ambiguity_alerts,
    is_forgotten,
    remains,
    with_due_alert,
    without_outdated_alert,
)
from streams.kernel.errors import Reject
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import RejectReason

MOST_EVENT_BYTES = 400 * 1024
MOST_CLAIMS = 500
MOST_LINES = 500
"""Limits the record of one reference, with the two above: some 400 events by their bytes, 500 claims, 500 order lines.
A reference with more is a placeholder (``N/A``, ``00000``). Only at a limit does the order of arrival matter."""
_Shipment = tuple[str, str]
_Counted = Mapping[tuple[str, str], int]
"""(event id or claim, shipment) -> retractions so far."""


class IdentityOutputs(Struct):
    """``events``: resolved events and retractions, each with its message key CARRIER:NUMBER. ``references``: order
    claims on the shipments found."""

    events: list[tuple[str, CarrierEvent]] = field(default_factory=list)
    references: list[OrderReference] = field(default_factory=list)
    alerts: list[AlertSignal] = field(default_factory=list)


def step(
    chunk: Sequence[IdentityInput], states: Mapping[str, ReferenceRecord | None], rules: MatchingRules
) -> StepResult[IdentityOutputs, ReferenceRecord]:
    """Take in a chunk, in its order. ``states``: TYPE:REFERENCE -> stored record; left unchanged.

    ``counts``: every event is one of accepted, duplicates and refused; every claim one of claimed, claims_repeated and
    refused. ``resolved``, ``taken_back``, ``lines_resolved`` and ``lines_taken_back`` count messages.
    """
    changed: dict[str, ReferenceRecord] = {}
    refused: list[tuple[int, Reject]] = []
    counts = Counter[str]()
    for place, item in enumerate(chunk):
        key = key_of(item)
        try:
            after, outcome = _take(item, key, changed.get(key) or states.get(key))
        except Reject as reject:
            refused.append((place, reject))
            outcome = "refused"
        else:
            if after is not None:
                changed[key] = after
        counts[outcome] += 1
    out = IdentityOutputs()
    for key, record in changed.items():
        before = states.get(key) or ReferenceRecord(record.type, record.value)
        done = _reconcile(before, record, rules)
        changed[key] = done.record
        out.events += done.events
        out.references += done.references
        out.alerts += done.alerts
        counts.update(done.counts)
    return StepResult(out, changed, refused, +counts)


def sweep(
    states: Mapping[str, ReferenceRecord], rules: MatchingRules, now_ms: int
) -> StepResult[IdentityOutputs, ReferenceRecord | None]:
    """Raises alerts on events that wait too long, and forgets old records.

    ``counts``: alerts_due and forgotten.
    """
    out = IdentityOutputs()
    changed: dict[str, ReferenceRecord | None] = {}
    counts = Counter[str]()
    for key, record in states.items():
        now = resolutions(record, rules)
        if is_forgotten(record, now, rules, now_ms):
            changed[key] = remains(record)
            counts["forgotten"] += 1
            continue
        after, alerts = with_due_alert(record, now, rules, now_ms)
        if alerts:
            out.alerts += alerts
            changed[key] = after
            counts["alerts_due"] += len(alerts)
    return StepResult(out, changed, counts=counts)


def _take(item: IdentityInput, key: str, known: ReferenceRecord | None) -> tuple[ReferenceRecord | None, str]:
    """The record with the input, None where it changes nothing; and the outcome to count. Raises Reject."""
    kind, _, value = key.partition(":")
    if not kind or not value:
        raise Reject(RejectReason.NO_REFERENCE, "no reference: name a type and a value", "references")
    record = known or ReferenceRecord(kind, value)
    if isinstance(item, ReferenceClaim):
        _check_claim(item)
        after, new, old = with_claim(record, item), "claimed", "claims_repeated"
    else:
        if item.tracking_number:
            detail = "the event has a tracking number: it belongs on carrier.events"
            raise Reject(RejectReason.CONTRACT_BROKEN, detail, "tracking_number")
        after, new, old = with_event(record, item), "accepted", "duplicates"
    if after is None:
        return None, old
    _check_room(record, after)
    return after, new


def _check_claim(claim: ReferenceClaim) -> None:
    if claim.tracking_number and not claim.carrier:
        raise Reject(RejectReason.CONTRACT_BROKEN, "carrier is empty: a tracking number needs its carrier", "carrier")
    if not claim.tracking_number and not claim.order_id and not claim.withdrawn:
        detail = "tracking_number and order_id are empty: a claim names a shipment or an order"
        raise Reject(RejectReason.CONTRACT_BROKEN, detail, "tracking_number")


def _check_room(record: ReferenceRecord, after: ReferenceRecord) -> None:
    """Raises Reject for what the record of a reference has no room for."""
    size = sum(len(one.body) for one in after.events)
    if len(after.events) > len(record.events) and size > MOST_EVENT_BYTES:
        full = f"{len(record.events)} events"
    elif len(after.claims) > MOST_CLAIMS:
        full = f"{MOST_CLAIMS} claims"
    elif len(after.lines) > MOST_LINES:
        full = f"{MOST_LINES} order lines"
    else:
        return
    raise Reject(RejectReason.TOO_LARGE, f"{record.key} has {full} and takes no more; is it a placeholder?")


class _Reconciled(NamedTuple):
    record: ReferenceRecord
    events: list[tuple[str, CarrierEvent]]
    references: list[OrderReference]
    alerts: list[AlertSignal]
    counts: dict[str, int]


def _reconcile(before: ReferenceRecord, record: ReferenceRecord, rules: MatchingRules) -> _Reconciled:
    """Send what is resolved now and was not before, and retract what is resolved otherwise."""
    was, now = resolutions(before, rules), resolutions(record, rules)
    retracted, counted = _retract_events(before, was, now, {(one.name, one.shipment): one.times
                                                            for one in record.retractions})
    withdrawn, claimed, counted = _reconcile_lines(before, record, was, now, counted)
    resolved = _resolve_events(before, record, was, now, counted)
    record = replace(record, retractions=tuple(Retractions(*one, counted[one]) for one in sorted(counted)))
    alerts = ambiguity_alerts(before, was, record, now)
    record, outdated = without_outdated_alert(record, now, rules)
    counts = {
        "taken_back": len(retracted), "resolved": len(resolved), "lines_taken_back": withdrawn,
        "lines_resolved": len(claimed) - withdrawn,
    }
    return _Reconciled(record, retracted + resolved, claimed, alerts + outdated, counts)


def _retract_events(
    before: ReferenceRecord, was: Resolutions, now: Resolutions, counted: _Counted
) -> tuple[list[tuple[str, CarrierEvent]], _Counted]:
    events: list[tuple[str, CarrierEvent]] = []
    after = dict(counted)
    for event_id, one in first_received(before).items():
        former = was.events[event_id].shipment
        if former is None or now.events[event_id].shipment == former:
            continue
        shipment = shipment_key(*former)
        times = after.get((event_id, shipment), 0)
        events.append((shipment, retraction_of(decode_event(one.body), *former, times)))
        after[event_id, shipment] = times + 1
    return events, after


def _resolve_events(
    before: ReferenceRecord, record: ReferenceRecord, was: Resolutions, now: Resolutions, counted: _Counted
) -> list[tuple[str, CarrierEvent]]:
    events: list[tuple[str, CarrierEvent]] = []
    known = set(before.events)
    for one in record.events:
        found, old = now.events[one.event_id], was.events.get(one.event_id)
        if found.shipment is None or (old is not None and old.shipment == found.shipment and one in known):
            continue
        shipment = shipment_key(*found.shipment)
        event = decode_event(one.body)
        corrected = 0 if event.corrects is None else counted.get((event.corrects, shipment), 0)
        times = counted.get((one.event_id, shipment), 0)
        events.append((shipment, resolved_event(event, *found.shipment, found.said_by, times, corrected)))
    return events


def _reconcile_lines(
    before: ReferenceRecord, record: ReferenceRecord, was: Resolutions, now: Resolutions, counted: _Counted
) -> tuple[int, list[OrderReference], _Counted]:
    """Returns how many claims are withdrawn; then these withdrawals, followed by the claims lines make now; and the
    counts.

    A withdrawal carries the time of its claim. A claim made after a withdrawal, or by an older line in place of a newer
    one, carries the next turn.
    """
    after = dict(counted)
    sent = {one: _reference(record.key, line, one[1], after) for one, line in _claimed(before, was).items()}
    wanted = _claimed(record, now)
    withdrawals: list[OrderReference] = []
    for (name, shipment), gone in sent.items():
        if (name, shipment) not in wanted:
            withdrawals.append(replace(gone, withdrawn=True))
            _add_one(after, name, shipment)
    claims: list[OrderReference] = []
    for (name, shipment), line in wanted.items():
        old, new = sent.get((name, shipment)), _reference(record.key, line, shipment, after)
        if old == new:
            continue
        if old is not None and age_of(new) < age_of(old):
            _add_one(after, name, shipment)
            new = _reference(record.key, line, shipment, after)
        claims.append(new)
    return len(withdrawals), withdrawals + claims, after


def _add_one(counted: dict[tuple[str, str], int], name: str, shipment: _Shipment) -> None:
    key = name, shipment_key(*shipment)
    counted[key] = counted.get(key, 0) + 1


def _claimed(record: ReferenceRecord, found: Resolutions) -> dict[tuple[str, _Shipment], OrderLineClaim]:
    """(order and delivery, shipment) -> the newest of the lines that claim it."""
    claimed: dict[tuple[str, _Shipment], OrderLineClaim] = {}
    for line in record.lines:
        resolution = found.lines.get(line.name)
        if resolution is None or resolution.shipment is None:
            continue
        key = line.claim, resolution.shipment
        other = claimed.get(key)
        if other is None or age_of_line(line) > age_of_line(other):
            claimed[key] = line
    return claimed


def _reference(by: str, line: OrderLineClaim, shipment: _Shipment, counted: _Counted) -> OrderReference:
    """The line's claim by this reference; claims on the shipment by other means are separate
    (``shipments/claims/standing.py``)."""
    return OrderReference(
        *shipment, line.order_id, line.delivery_id, line.customer_id, line.promised_delivery_at, line.said_at, False,
        line.order_value, line.currency, by, counted.get((line.claim, shipment_key(*shipment)), 0),
    )
