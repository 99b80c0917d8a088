"""The EDI step: what we sent and what partners acknowledged in, alerts about what they did not, or rejected, out.

Reads ``edi.interchanges`` and ``edi.acknowledgements``, both by feed; writes ``alert.signals`` and, as its state,
``edi.state``. What is known of an exchange is a function of the set of what was sent and received: of several
acknowledgements the latest holds. Times are UTC ms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from streams.contracts.ids import alert_id
from streams.contracts.model import Acknowledgement, AlertSignal, Exchange, Interchange
from streams.kernel.vocabulary import AlertKind, AlertState, Direction, ExceptionType, Reason, Severity, Verdict

KEPT_MS = 30 * 86_400_000
"""How long an acknowledged exchange is kept, should its other half or a repeat come."""
MOST_ERRORS = 10
_BAD = frozenset({Verdict.REJECTED, Verdict.PARTLY_ACCEPTED})
_ORDER = tuple(Verdict)


class Exchanged(Struct):
    """What one chunk brought about; ``states`` by key, changed ones only. ``counts``: of what was read, sent,
    acknowledged (by a partner) and ours (our own acknowledgements, which expect none)."""

    states: dict[str, Exchange] = field(default_factory=dict)
    alerts: list[AlertSignal] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def key_of(item: Interchange | Acknowledgement) -> str:
    """``FEED:PARTNER:CONTROL``; the control number is that of the group where there is one."""
    return _key(_new(item))


def exchange(chunk: Sequence[Interchange | Acknowledgement], states: Mapping[str, Exchange | None]) -> Exchanged:
    """Take a chunk in. ``states`` is left unchanged."""
    out = Exchanged()
    for item in chunk:
        if isinstance(item, Acknowledgement) and item.direction is Direction.SENT:
            _count(out, "ours")
            continue
        key = key_of(item)
        known = out.states.get(key) or states.get(key) or _new(item)
        out.states[key] = _sent(known, item) if isinstance(item, Interchange) else _acknowledged(known, item)
        _count(out, "sent" if isinstance(item, Interchange) else "acknowledged")
    for key, known in out.states.items():
        out.states[key] = _told(known, out.alerts)
    return out


def fall_due(known: Exchange, wait_ms: int | None, now_ms: int, alerts: list[AlertSignal]) -> Exchange:
    """The exchange, with an alert once it is overdue. ``wait_ms`` None: it never is."""
    due_at = _overdue_at(known, wait_ms)
    if due_at is None or due_at > now_ms:
        return known
    raised = replace(known, unacknowledged_since=due_at)
    alerts.append(_alert(raised, AlertKind.EDI_UNACKNOWLEDGED, AlertState.RAISED, due_at, due_at))
    return raised


def look_again_at(known: Exchange, wait_ms: int | None) -> int | None:
    """When the clock alone changes something of it: it is overdue, or is to be forgotten; None: never."""
    forgotten_at = forget_at(known)
    return _overdue_at(known, wait_ms) if forgotten_at is None else forgotten_at


def forget_at(known: Exchange) -> int | None:
    """When an exchange is to be forgotten; None while it is not acknowledged."""
    if known.acknowledged_at is None:
        return None
    return max(known.acknowledged_at, known.sent_at or 0) + KEPT_MS


def _overdue_at(known: Exchange, wait_ms: int | None) -> int | None:
    if known.sent_at is None or known.acknowledged_at is not None or known.unacknowledged_since is not None:
        return None
    return None if wait_ms is None else known.sent_at + wait_ms


def _new(item: Interchange | Acknowledgement) -> Exchange:
    control = (item.group_control or item.interchange_control).strip()
    return Exchange(item.feed, item.receiver.strip(), control.lstrip("0") or "0")


def _key(known: Exchange) -> str:
    return f"{known.feed}:{known.partner}:{known.control}"


def _sent(known: Exchange, item: Interchange) -> Exchange:
    if known.sent_at is not None and (known.sent_at, known.kind, known.about) <= (item.sent_at, item.kind, item.about):
        return known
    return replace(known, kind=item.kind, about=item.about, sent_at=item.sent_at)


def _acknowledged(known: Exchange, item: Acknowledgement) -> Exchange:
    errors = list(_errors(item))[:MOST_ERRORS]
    age = (item.acknowledged_at, _ORDER.index(item.verdict), errors)
    if known.acknowledged_at is not None and age <= (
        known.acknowledged_at, _ORDER.index(known.verdict), known.errors
    ):
        return known
    return replace(known, acknowledged_at=item.acknowledged_at, verdict=item.verdict, errors=errors)


def _errors(item: Acknowledgement) -> Iterator[str]:
    for message in item.messages:
        if message.verdict in _BAD or message.errors:
            words = "; ".join(message.errors) or message.verdict.value.replace("_", " ")
            yield f"{message.kind} {message.control}: {words}"


def _told(known: Exchange, alerts: list[AlertSignal]) -> Exchange:
    """The exchange with its alerts raised and resolved as its acknowledgement has it."""
    if known.acknowledged_at is None:
        return known
    at, is_bad = known.acknowledged_at, known.verdict in _BAD
    if known.unacknowledged_since is not None:
        alerts.append(
            _alert(known, AlertKind.EDI_UNACKNOWLEDGED, AlertState.RESOLVED, known.unacknowledged_since, at)
        )
    if is_bad != known.is_rejected:
        state = AlertState.RAISED if is_bad else AlertState.RESOLVED
        alerts.append(_alert(known, AlertKind.EDI_REJECTED, state, at, at))
    return replace(known, unacknowledged_since=None, is_rejected=is_bad)


def _alert(known: Exchange, kind: AlertKind, state: AlertState, raised_at: int, changed_at: int) -> AlertSignal:
    key = _key(known)
    rejected, words = kind is AlertKind.EDI_REJECTED, _words(known, kind, state)
    return AlertSignal(
        alert_id=alert_id(kind, key), kind=kind, state=state,
        severity=Severity.CRITICAL if rejected else Severity.WARNING, subject=key,
        message=f"{_name(known)}: {words}", exception=ExceptionType.DOCUMENTS, reason=Reason.OTHER,
        raised_at=raised_at, changed_at=changed_at, feed=known.feed, cause=words,
    )


def _name(known: Exchange) -> str:
    about = f" about {known.about}" if known.about else ""
    return f"{known.kind or 'EDI'} {known.control} to {known.partner} ({known.feed}){about}"


def _words(known: Exchange, kind: AlertKind, state: AlertState) -> str:
    if state is AlertState.RESOLVED:
        return "acknowledged"
    if kind is AlertKind.EDI_UNACKNOWLEDGED:
        return "not acknowledged"
    return f"{known.verdict.value.replace('_', ' ')} by the partner; {'; '.join(known.errors) or 'no reason given'}"


def _count(out: Exchanged, outcome: str) -> None:
    out.counts[outcome] = out.counts.get(outcome, 0) + 1
