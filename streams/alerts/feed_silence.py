"""Finds the alerts that a feed's silence may account for: those of the policy's gathered kinds about the same feed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from streams.alerts.routing import AlertPolicy
from streams.contracts.ids import alert_id
from streams.contracts.model import Alert, AlertAction, AlertSignal
from streams.kernel.vocabulary import AlertKind

AlertInput = AlertSignal | AlertAction
StoredAlerts = Mapping[str, Alert | None]
"""Alert id -> the alert as stored."""


def feeds_of(items: Iterable[AlertInput | Alert], stored: StoredAlerts, policy: AlertPolicy) -> set[str]:
    """Feeds whose silence the items are about or may be accounted for by."""
    feeds = set()
    for item in items:
        about = stored.get(item.alert_id) if isinstance(item, AlertAction) else item
        if about is not None and about.feed is not None and depends_on_silence(about.kind, policy):
            feeds.add(about.feed)
    return feeds


def silence_of(feed: str) -> str:
    """The id of the alert about a feed's silence."""
    return alert_id(AlertKind.FEED_STALE, feed)


def depends_on_silence(kind: AlertKind, policy: AlertPolicy) -> bool:
    """Whether alerts of the kind are about a feed's silence, or may be accounted for by it."""
    return kind is AlertKind.FEED_STALE or kind in policy.gathered
