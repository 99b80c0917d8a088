"""Raises an alert when an ERP's orders have not been read for long, and ends it once they are. Times are UTC ms."""

from __future__ import annotations

from streams.contracts.ids import alert_id
from streams.contracts.model import Alert, AlertSignal
from streams.kernel.vocabulary import AlertKind, AlertState, ExceptionType, Reason, Severity

PATIENCE_MS = 15 * 60_000
"""How long orders may not be read before it is an alert."""
LONGEST_REASON = 200


def alert_of(erp: str) -> str:
    """The id of the alert about an ERP."""
    return alert_id(AlertKind.ERP_ORDERS_SILENT, erp)


class OrderSilence:
    """Knows since when the orders of one ERP are not read. A signal counts as told once ``told`` was called."""

    def __init__(self, erp: str, before: Alert | None = None) -> None:
        """``before``: the alert as it stands, by a process before."""
        self._erp, self._since = erp, None if before is None else before.raised_at
        self._raised = before is not None and before.state is not AlertState.RESOLVED
        if not self._raised:
            self._since = None

    def failed(self, why: str, now_ms: int) -> AlertSignal | None:
        """The signal where a round failed: after ``PATIENCE_MS`` without one that did not."""
        self._since = now_ms if self._since is None else self._since
        if self._raised or now_ms - self._since < PATIENCE_MS:
            return None
        minutes = (now_ms - self._since) // 60_000
        return self._signal(AlertState.RAISED, self._since, f"for {minutes} minutes: {why[:LONGEST_REASON]}", now_ms)

    def read(self, now_ms: int) -> AlertSignal | None:
        """The signal where a round read all there was."""
        if not self._raised:
            self._since = None
            return None
        return self._signal(AlertState.RESOLVED, now_ms, "until now; they are read again", now_ms)

    def told(self, signal: AlertSignal) -> None:
        """The signal is on Kafka."""
        self._raised = signal.state is not AlertState.RESOLVED
        self._since = self._since if self._raised else None

    def _signal(self, state: AlertState, at: int, how: str, now_ms: int) -> AlertSignal:
        cause = f"are not read {how}"
        return AlertSignal(
            alert_of(self._erp), AlertKind.ERP_ORDERS_SILENT, state, Severity.WARNING, self._erp,
            f"Orders of ERP {self._erp} {cause}", ExceptionType.NONE, Reason.OTHER, at, now_ms, cause=cause,
            said_at=now_ms,
        )
