"""Alerts about refused files: one for each feed that has some, until its quarantine is empty."""

from __future__ import annotations

import structlog

from config import topics
from config.settings import Settings
from connectors.kafka.producer import Record, deliver, producer
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import AlertSignal
from streams.feeds.feed_alerts import feed_alert
from streams.kernel.errors import ShipSyncError
from streams.kernel.vocabulary import AlertKind, AlertState

ANSWER_SECONDS = 2.0
REST_SECONDS = 30.0
"""Pause after a signal that could not be written: files do not wait for the registry."""
log = structlog.get_logger(__name__)


class Alarm:
    """Writes the signals. Files are sent also while it cannot. Close it when done."""

    def __init__(self, settings: Settings) -> None:
        self._registry = Registry(settings, patience=ANSWER_SECONDS)
        self._codec: ValueCodec[AlertSignal] | None = None
        self._producer = producer(settings, ack_seconds=ANSWER_SECONDS)
        self._not_before = 0

    def tell(self, feed: str, count: int, newest: str, since_ms: int, now_ms: int) -> bool:
        """Signal so many refused files, the oldest since ``since_ms``; False where the signal could not be written."""
        if now_ms < self._not_before:
            return False
        state = AlertState.RAISED if count else AlertState.RESOLVED
        words = f"has {count} refused files in quarantine, the newest {newest}" if count else "has no refused files"
        signal = feed_alert(feed, state, words, since_ms, now_ms, AlertKind.FILE_REFUSED)
        signal.said_at = now_ms
        try:
            if self._codec is None:
                self._codec = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, self._registry)
            record = Record(topics.ALERT_SIGNALS.name, signal.alert_id.encode(), self._codec.encode(signal))
            deliver(self._producer, [record], ANSWER_SECONDS)
        except ShipSyncError as error:
            log.warning("the alert about refused files cannot be written", feed=feed, trouble=str(error))
            self._not_before = now_ms + int(REST_SECONDS * 1000)
            return False
        return True

    def close(self) -> None:
        """Disconnect."""
        self._producer.flush(ANSWER_SECONDS)
