"""Alerts about references that nothing, or too much, is claimed to bear; when they fall due; and the public state.

Times are UTC milliseconds.
"""

from __future__ import annotations

from msgspec.structs import replace

from streams.contracts.ids import alert_id, shipment_key
from streams.contracts.model import AlertSignal, ReferenceState
from streams.identity.matching import MatchingRules, Resolutions, first_received
from streams.identity.record import ReferenceRecord
from streams.kernel.vocabulary import AlertKind, AlertState, ExceptionType, Reason, Severity

MOST_SHOWN = 5
"""Shipments an alert names."""
_KEPT_FOR_SPANS = 2


def waiting_since(record: ReferenceRecord, now: Resolutions) -> int | None:
    """Receipt of the first event that no shipment matches; None where there is none."""
    waiting = [
        one.received_at for event_id, one in first_received(record).items() if not now.events[event_id].shipments
    ]
    return min(waiting, default=None)


def ambiguity_alerts(
    before: ReferenceRecord, was: Resolutions, record: ReferenceRecord, now: Resolutions
) -> list[AlertSignal]:
    """The alert about several matching shipments, where the input raised, updated or resolved it."""
    old, new = _ambiguity(before, was), _ambiguity(record, now)
    if new == old:
        return []
    if new is not None:
        return [new]
    assert old is not None
    return [replace(
        old, state=AlertState.RESOLVED, message=f"{record.key}: settled",
        changed_at=max(record.updated_at, old.raised_at),
    )]


def without_outdated_alert(
    record: ReferenceRecord, now: Resolutions, rules: MatchingRules
) -> tuple[ReferenceRecord, list[AlertSignal]]:
    """The record, with its alert about a long wait resolved where the event no longer waits."""
    if record.alerted_at is None or record.alerted_at == _due(record, now, rules):
        return record, []
    alert = _unresolved(record, record.alerted_at, AlertState.RESOLVED, max(record.updated_at, record.alerted_at))
    return replace(record, alerted_at=None), [alert]


def with_due_alert(
    record: ReferenceRecord, now: Resolutions, rules: MatchingRules, now_ms: int
) -> tuple[ReferenceRecord, list[AlertSignal]]:
    """The record, with the alert about a long wait raised where it is due by now."""
    due = _due(record, now, rules)
    if due is None or due > now_ms or record.alerted_at is not None:
        return record, []
    return replace(record, alerted_at=due), [_unresolved(record, due, AlertState.RAISED, due)]


def next_due(record: ReferenceRecord, now: Resolutions, rules: MatchingRules) -> int | None:
    """Returns when the clock alone changes the record: an alert to raise, or the record to forget; None: never."""
    due = _due(record, now, rules)
    if due is not None:
        return None if record.alerted_at is not None else due
    return None if has_unresolved(now) else _forgotten_at(record, rules)


def is_forgotten(record: ReferenceRecord, now: Resolutions, rules: MatchingRules, now_ms: int) -> bool:
    """Whether nothing waits for the reference and its claims are too old to resolve anything."""
    forgotten_at = None if has_unresolved(now) else _forgotten_at(record, rules)
    return forgotten_at is not None and forgotten_at <= now_ms


def remains(record: ReferenceRecord) -> ReferenceRecord | None:
    """Reduces a forgotten record to its counts of retractions, so that later ids continue; None without any."""
    return ReferenceRecord(record.type, record.value, retractions=record.retractions) if record.retractions else None


def has_unresolved(now: Resolutions) -> bool:
    """Whether an event or a line has no shipment yet."""
    return any(one.shipment is None for one in (*now.events.values(), *now.lines.values()))


def public_state(record: ReferenceRecord, now: Resolutions, encoded: bytes) -> ReferenceState:
    """The value of ``reference.state``. ``encoded``: the record as stored."""
    events, lines = list(now.events.values()), list(now.lines.values())
    shipments = sorted({claim.shipment for claim in record.claims if not claim.withdrawn})
    first = first_received(record)
    waits = [first[event_id].received_at for event_id, found in now.events.items() if found.shipment is None]
    return ReferenceState(
        record.type, record.value, shipments,
        sum(one.shipment is None for one in events), sum(one.shipment is None for one in lines),
        sum(one.shipment is not None for one in (*events, *lines)), min(waits, default=None),
        any(len(one.shipments) > 1 for one in (*events, *lines)), record.updated_at, encoded,
    )


def _due(record: ReferenceRecord, now: Resolutions, rules: MatchingRules) -> int | None:
    since = None if rules.patience_ms is None else waiting_since(record, now)
    return None if since is None or rules.patience_ms is None else since + rules.patience_ms


def _forgotten_at(record: ReferenceRecord, rules: MatchingRules) -> int | None:
    if not (record.claims or record.lines or record.events):
        return None
    latest = max([
        record.updated_at, *(claim.until for claim in record.claims), *(event.at for event in record.events)
    ])
    return latest + _KEPT_FOR_SPANS * rules.span_ms


def _ambiguity(record: ReferenceRecord, now: Resolutions) -> AlertSignal | None:
    first = first_received(record)
    since = [first[event_id].received_at for event_id, one in now.events.items() if len(one.shipments) > 1]
    lines = {name for name, one in now.lines.items() if len(one.shipments) > 1}
    since += [line.said_at for line in record.lines if line.name in lines]
    if not since:
        return None
    matching = sorted({
        shipment_key(*one) for found in (*now.events.values(), *now.lines.values())
        if len(found.shipments) > 1 for one in found.shipments
    })
    more = len(matching) - MOST_SHOWN
    shown = ", ".join(matching[:MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return _alert(
        record, AlertKind.REFERENCE_AMBIGUOUS, AlertState.RAISED, f"could be any of {shown}", min(since),
        min(since),
    )


def _unresolved(record: ReferenceRecord, since: int, state: AlertState, changed_at: int) -> AlertSignal:
    cause = "events wait, and nobody says which shipment it is" if state is AlertState.RAISED else "settled"
    return _alert(record, AlertKind.REFERENCE_UNRESOLVED, state, cause, since, changed_at)


def _alert(
    record: ReferenceRecord, kind: AlertKind, state: AlertState, cause: str, raised_at: int, changed_at: int
) -> AlertSignal:
    return AlertSignal(
        alert_id=alert_id(kind, record.key), kind=kind, state=state, severity=Severity.WARNING, subject=record.key,
        message=f"{record.key}: {cause}", exception=ExceptionType.DATA_QUALITY, reason=Reason.OTHER,
        raised_at=raised_at, changed_at=changed_at, cause=cause,
    )
