"""The alert about a delivery that waits longer than it may: raised when its deadline passes, resolved when it does not
wait so any more."""

from __future__ import annotations

from collections.abc import Sequence

from streams.contracts.ids import alert_id
from streams.contracts.model import AlertOrder, AlertSignal, DocumentChase, FulfilmentState, FulfilmentWait
from streams.kernel.vocabulary import AlertKind, AlertState, ExceptionType, Reason, Severity, WaitKind

_KIND = AlertKind.CONFIRMATION_OVERDUE
WAITS_FOR = {
    WaitKind.PROOF: "its proof of delivery",
    WaitKind.PIECES: "the delivery of its other shipments or pieces, or of those that are short",
    WaitKind.DELIVERY: "a report that it was delivered, though there is a proof",
    WaitKind.RETURN: "the arrival of the goods that come back",
    WaitKind.QUANTITY: "the shipping of what was ordered, no more and no less", WaitKind.UNKNOWN: "something",
}
"""The thing a delivery waits for, in words."""


def alert_between(before: FulfilmentState | None, after: FulfilmentState, now_ms: int) -> AlertSignal | None:
    """The signal that is due now; None: nothing changes. ``now_ms``: UTC ms."""
    old, new = _overdue(before), _overdue(after)
    if new is not None:
        is_new = old is None or (old.kind, old.since) != (new.kind, new.since)
        return _signal(after, new, AlertState.RAISED, new.deadline or now_ms) if is_new else None
    return None if old is None else _signal(after, old, AlertState.RESOLVED, max(now_ms, old.deadline or 0))


def tried(chases: Sequence[DocumentChase]) -> str:
    """The attempts to get a missing document, as the end of a sentence; empty where there were none."""
    if not chases:
        return ""
    times = "once" if len(chases) == 1 else f"{len(chases)} times"
    return f"; asked for again {times}, without success: {chases[-1].found}"


def _overdue(state: FulfilmentState | None) -> FulfilmentWait | None:
    wait = None if state is None else state.wait
    return wait if wait is not None and wait.overdue else None


def _signal(state: FulfilmentState, wait: FulfilmentWait, is_in: AlertState, at: int) -> AlertSignal:
    words = "does not wait any more"
    if is_in is AlertState.RAISED:
        words = f"waits for {WAITS_FOR[wait.kind]}{tried(state.chases) if wait.kind is WaitKind.PROOF else ''}"
    return AlertSignal(
        alert_id=alert_id(_KIND, state.delivery_id), kind=_KIND, state=is_in, severity=Severity.WARNING,
        subject=state.delivery_id, message=f"delivery {state.delivery_id} of order {state.order_id} {words}",
        exception=ExceptionType.DOCUMENTS if wait.kind is WaitKind.PROOF else ExceptionType.OTHER,
        reason=Reason.OTHER, raised_at=wait.deadline or at, changed_at=at, cause=wait.kind.value,
        orders=[AlertOrder(state.order_id, state.delivery_id, state.customer_id)], owner=wait.owner,
    )
