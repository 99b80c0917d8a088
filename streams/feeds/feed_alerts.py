"""Alerts about a feed: it is silent, or what it sends has changed."""

from __future__ import annotations

from streams.contracts.ids import alert_id
from streams.contracts.model import AlertSignal
from streams.kernel.vocabulary import AlertKind, AlertState, ExceptionType, Reason, Severity

ALL_FEEDS = "*"
"""The key of the record about all feeds together."""


def feed_alert(
    feed: str, state: AlertState, words: str, raised_at: int, changed_at: int,
    kind: AlertKind = AlertKind.FEED_STALE, severity: Severity = Severity.WARNING,
) -> AlertSignal:
    """The signal ``Feed NAME WORDS``. Times are UTC ms."""
    return AlertSignal(
        alert_id=alert_id(kind, feed),
        kind=kind,
        state=state,
        severity=severity,
        subject=feed,
        message=f"{'Feeds' if feed == ALL_FEEDS else f'Feed {feed}'} {words}",
        exception=ExceptionType.NONE,
        reason=Reason.FEED_STALE if kind is AlertKind.FEED_STALE else Reason.OTHER,
        raised_at=raised_at,
        changed_at=changed_at,
        feed=feed,
        cause=words,
    )
