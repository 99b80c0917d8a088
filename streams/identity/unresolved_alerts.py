"""What waits for a reference to be somebody's: the alerts about it, when they fall due, and how it reads to others."""

from __future__ import annotations

from msgspec.structs import replace

from streams.contracts.ids import alert_id, shipment_key
from streams.contracts.model import AlertSignal, ReferenceState
from streams.identity.matching import Rules, Standing, first_told
from streams.identity.record import Known
from streams.kernel.vocabulary import AlertKind, AlertState, ExceptionType, Reason, Severity

MOST_SHOWN = 5
"""Shipments an alert names."""
_KEPT_FOR_SPANS = 2


def waiting_since(known: Known, now: Standing) -> int | None:
    """Receipt of the first event that waits because no shipment is claimed to bear the reference; None for none."""
    waiting = [
        one.received_at for event_id, one in first_told(known).items() if not now.events[event_id].shipments
    ]
    return min(waiting, default=None)


def alerts_between(before: Known, was: Standing, known: Known, now: Standing) -> list[AlertSignal]:
    """The alert about several shipments that could be meant: raised, renewed or resolved by what came in."""
    old, new = _ambiguity(before, was), _ambiguity(known, now)
    if new == old:
        return []
    if new is not None:
        return [new]
    assert old is not None
    return [replace(
        old, state=AlertState.RESOLVED, message=f"{known.key}: settled", changed_at=max(known.updated_at, old.raised_at)
    )]


def settled(known: Known, now: Standing, rules: Rules) -> tuple[Known, list[AlertSignal]]:
    """The record, with the alert about a long wait resolved where it holds no more."""
    if known.raised is None or known.raised == _due(known, now, rules):
        return known, []
    alert = _unresolved(known, known.raised, AlertState.RESOLVED, max(known.updated_at, known.raised))
    return replace(known, raised=None), [alert]


def fall_due(known: Known, now: Standing, rules: Rules, now_ms: int) -> tuple[Known, list[AlertSignal]]:
    """The record, with the alert about a long wait raised where it has fallen due by now."""
    due = _due(known, now, rules)
    if due is None or due > now_ms or known.raised is not None:
        return known, []
    return replace(known, raised=due), [_unresolved(known, due, AlertState.RAISED, due)]


def next_due(known: Known, now: Standing, rules: Rules) -> int | None:
    """When the clock alone has something to do with it: an alert to raise, or a record nobody needs to forget."""
    due = _due(known, now, rules)
    if due is not None:
        return None if known.raised is not None else due
    return None if is_waited_for(now) else _forgotten_at(known, rules)


def is_forgotten(known: Known, now: Standing, rules: Rules, now_ms: int) -> bool:
    """Whether nothing waits for it, and all that was said lies too far back to resolve anything."""
    forgotten_at = None if is_waited_for(now) else _forgotten_at(known, rules)
    return forgotten_at is not None and forgotten_at <= now_ms


def remains(known: Known) -> Known | None:
    """What is kept of a record nobody needs: how often what was taken back from where, so that what is told there
    later, and taken back, is known from what was; None for nothing."""
    return Known(known.type, known.value, turns=known.turns) if known.turns else None


def is_waited_for(now: Standing) -> bool:
    """Whether something waits for it."""
    return any(ruling.shipment is None for ruling in (*now.events.values(), *now.lines.values()))


def state_of(known: Known, now: Standing, record: bytes) -> ReferenceState:
    """The reference as others read it. ``record``: the stage's own, as stored."""
    events, lines = list(now.events.values()), list(now.lines.values())
    shipments = sorted({word.shipment for word in known.words if not word.withdrawn})
    held = first_told(known)
    waits = [held[event_id].received_at for event_id, ruling in now.events.items() if ruling.shipment is None]
    return ReferenceState(
        known.type, known.value, shipments,
        sum(one.shipment is None for one in events), sum(one.shipment is None for one in lines),
        sum(one.shipment is not None for one in (*events, *lines)), min(waits, default=None),
        any(len(one.shipments) > 1 for one in (*events, *lines)), known.updated_at, record,
    )


def _due(known: Known, now: Standing, rules: Rules) -> int | None:
    since = None if rules.patience_ms is None else waiting_since(known, now)
    return None if since is None or rules.patience_ms is None else since + rules.patience_ms


def _forgotten_at(known: Known, rules: Rules) -> int | None:
    if not (known.words or known.lines or known.held):
        return None
    latest = max([known.updated_at, *(word.until for word in known.words), *(one.at for one in known.held)])
    return latest + _KEPT_FOR_SPANS * rules.span_ms


def _ambiguity(known: Known, now: Standing) -> AlertSignal | None:
    held = first_told(known)
    since = [held[event_id].received_at for event_id, one in now.events.items() if len(one.shipments) > 1]
    lines = {name for name, one in now.lines.items() if len(one.shipments) > 1}
    since += [line.said_at for line in known.lines if line.name in lines]
    if not since:
        return None
    meant = sorted({
        shipment_key(*one) for ruling in (*now.events.values(), *now.lines.values())
        if len(ruling.shipments) > 1 for one in ruling.shipments
    })
    shown = ", ".join(meant[:MOST_SHOWN]) + (f" and {len(meant) - MOST_SHOWN} more" if len(meant) > MOST_SHOWN else "")
    return _alert(
        known, AlertKind.REFERENCE_AMBIGUOUS, AlertState.RAISED, f"could be any of {shown}", min(since),
        min(since),
    )


def _unresolved(known: Known, since: int, state: AlertState, changed_at: int) -> AlertSignal:
    told = "events wait, and nobody says which shipment it is" if state is AlertState.RAISED else "settled"
    return _alert(known, AlertKind.REFERENCE_UNRESOLVED, state, told, since, changed_at)


def _alert(
    known: Known, kind: AlertKind, state: AlertState, cause: str, raised_at: int, changed_at: int
) -> AlertSignal:
    return AlertSignal(
        alert_id=alert_id(kind, known.key), kind=kind, state=state, severity=Severity.WARNING, subject=known.key,
        message=f"{known.key}: {cause}", exception=ExceptionType.DATA_QUALITY, reason=Reason.OTHER, raised_at=raised_at,
        changed_at=changed_at, cause=cause,
    )
