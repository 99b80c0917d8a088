"""One interchange of ours and its acknowledgement: what is known of both, when it is overdue, and its alerts.

Known by feed, partner and control number; the control number is that of the functional group where there is one (X12),
otherwise that of the interchange (EDIFACT). Times are UTC ms.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from streams.contracts.ids import alert_id
from streams.contracts.model import Acknowledgement, AlertSignal, Exchange, Interchange
from streams.kernel.vocabulary import AlertKind, AlertState, ExceptionType, Reason, Severity, Verdict

KEPT_MS = 30 * 86_400_000
"""How long an acknowledged exchange is kept, in case its other half or a repeat arrives."""
MOST_ERRORS = 10
_BAD = frozenset({Verdict.REJECTED, Verdict.PARTLY_ACCEPTED})
_ORDER = tuple(Verdict)


def key_of(item: Interchange | Acknowledgement) -> str:
    """``FEED:PARTNER:CONTROL``."""
    return _key(new_exchange(item))


def new_exchange(item: Interchange | Acknowledgement) -> Exchange:
    """The exchange an item belongs to, with nothing known of it yet."""
    control = (item.group_control or item.interchange_control).strip()
    return Exchange(item.feed, item.receiver.strip(), control.lstrip("0") or "0")


def with_interchange(known: Exchange, item: Interchange) -> Exchange:
    """The exchange with what we sent; of several sent under one number, the first."""
    if known.sent_at is not None and (known.sent_at, known.kind, known.about) <= (item.sent_at, item.kind, item.about):
        return known
    return replace(known, kind=item.kind, about=item.about, sent_at=item.sent_at)


def with_acknowledgement(known: Exchange, item: Acknowledgement) -> Exchange:
    """The exchange with the partner's acknowledgement; of several, the latest."""
    errors = list(_errors(item))[:MOST_ERRORS]
    age = (item.acknowledged_at, _ORDER.index(item.verdict), errors)
    if known.acknowledged_at is not None and age <= (
        known.acknowledged_at, _ORDER.index(known.verdict), known.errors
    ):
        return known
    return replace(known, acknowledged_at=item.acknowledged_at, verdict=item.verdict, errors=errors)


def with_alerts(known: Exchange) -> tuple[Exchange, list[AlertSignal]]:
    """The exchange and the alerts that its acknowledgement raises or resolves."""
    if known.acknowledged_at is None:
        return known, []
    at, is_bad = known.acknowledged_at, known.verdict in _BAD
    alerts: list[AlertSignal] = []
    if known.unacknowledged_since is not None:
        alerts.append(
            _alert(known, AlertKind.EDI_UNACKNOWLEDGED, AlertState.RESOLVED, known.unacknowledged_since, at)
        )
    if is_bad != known.is_rejected:
        state = AlertState.RAISED if is_bad else AlertState.RESOLVED
        alerts.append(_alert(known, AlertKind.EDI_REJECTED, state, at, at))
    return replace(known, unacknowledged_since=None, is_rejected=is_bad), alerts


def with_overdue_alert(known: Exchange, wait_ms: int | None, now_ms: int) -> tuple[Exchange, list[AlertSignal]]:
    """The exchange, and the alert about its missing acknowledgement where it is overdue by now. ``wait_ms`` None: it
    never is."""
    due_at = _overdue_at(known, wait_ms)
    if due_at is None or due_at > now_ms:
        return known, []
    after = replace(known, unacknowledged_since=due_at)
    return after, [_alert(after, AlertKind.EDI_UNACKNOWLEDGED, AlertState.RAISED, due_at, due_at)]


def next_due(known: Exchange, wait_ms: int | None) -> int | None:
    """Returns when the clock alone changes the exchange: it becomes overdue or is forgotten; None: never."""
    forgotten_at = forget_at(known)
    return _overdue_at(known, wait_ms) if forgotten_at is None else forgotten_at


def forget_at(known: Exchange) -> int | None:
    """Returns when the exchange is forgotten; None while it is not acknowledged."""
    if known.acknowledged_at is None:
        return None
    return max(known.acknowledged_at, known.sent_at or 0) + KEPT_MS


def _overdue_at(known: Exchange, wait_ms: int | None) -> int | None:
    if known.sent_at is None or known.acknowledged_at is not None or known.unacknowledged_since is not None:
        return None
    return None if wait_ms is None else known.sent_at + wait_ms


def _key(known: Exchange) -> str:
    return f"{known.feed}:{known.partner}:{known.control}"


def _errors(item: Acknowledgement) -> Iterator[str]:
    for message in item.messages:
        if message.verdict in _BAD or message.errors:
            words = "; ".join(message.errors) or message.verdict.value.replace("_", " ")
            yield f"{message.kind} {message.control}: {words}"


def _alert(known: Exchange, kind: AlertKind, state: AlertState, raised_at: int, changed_at: int) -> AlertSignal:
    key = _key(known)
    is_rejection, words = kind is AlertKind.EDI_REJECTED, _words(known, kind, state)
    return AlertSignal(
        alert_id=alert_id(kind, key), kind=kind, state=state,
        severity=Severity.CRITICAL if is_rejection else Severity.WARNING, subject=key,
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
