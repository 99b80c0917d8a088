"""Alert signals as messages; each is sent once the record it is about is on the changelog."""

from __future__ import annotations

from collections.abc import Sequence

from config import topics
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import AlertSignal
from topologies.runtime.handler import Afterwards


def signals(codec: ValueCodec[AlertSignal], alerts: Sequence[AlertSignal], now_ms: int) -> Afterwards:
    """The messages by the key of the record, which is the alert's subject. Sets ``said_at`` and ``place`` of each."""
    told: Afterwards = {}
    for place, alert in enumerate(alerts):
        alert.said_at, alert.place = now_ms, place
        of_subject = told.setdefault(alert.subject.encode(), {topics.ALERT_SIGNALS.name: []})
        of_subject[topics.ALERT_SIGNALS.name].append({"key": alert.alert_id.encode(), "value": codec.encode(alert)})
    return told
