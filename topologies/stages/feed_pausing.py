"""Pauses a feed of which too many records become dead letters (``streams/intake/dead_letter_limit.py``).

The chunk that is too much brings about nothing but the pause on ``feed.pauses.v1`` and an alert; it is neither written
nor committed, and read anew when the feed is resumed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from config import topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.ids import alert_id
from streams.contracts.model import AlertSignal, CarrierEvent, FeedPause, Record
from streams.feeds.feed_alerts import feed_alert
from streams.intake.dead_letter_limit import DeadLetterLimit, FeedPauses, Limit
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import AlertKind, AlertState, Severity
from topologies.runtime.handler import Handled, Message, Refused
from topologies.runtime.watching import metrics

log = logging.getLogger(__name__)

INTAKE = "intake"


class FeedPausing:
    """Pauses the feeds of one intake worker. ``pauses``: what all workers and people said of each feed."""

    def __init__(self, settings: Settings, registry: Registry) -> None:
        intake = settings.intake
        self.pauses = FeedPauses()
        self._shown: frozenset[str] = frozenset()
        self._limit = DeadLetterLimit(Limit(
            intake.dead_letter_share, intake.dead_letter_least, round(intake.dead_letter_window * 1000),
            frozenset(intake.dead_letter_unlimited),
        ))
        self._codec = ValueCodec(topics.FEED_PAUSES, FeedPause, registry)
        self._signals = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, registry)

    def check_ready(self) -> None:
        """Raises Transient until it has been read which feeds are paused."""
        if not self.pauses.ready:
            raise Transient("which feeds are paused has not been read yet")

    def is_paused(self, topic: str) -> bool:
        """Whether the records of a raw topic wait."""
        paused = self.pauses.paused
        if paused is not self._shown:
            self._show(paused)
        return bool(paused) and topics.raw_feed(topic) in paused

    def _show(self, paused: frozenset[str]) -> None:
        for feed in paused | self._shown:
            metrics.FEED_PAUSED.labels(feed).set(feed in paused)
        self._shown = paused

    def after(
        self, records: Sequence[Record], refused: Sequence[Refused], events: Iterable[CarrierEvent], now_ms: int
    ) -> Handled | None:
        """Count a chunk; what to say instead of its outputs where it is too much, else None."""
        feed = topics.raw_feed(records[0].topic)
        useless = {one.record.offset for one in refused}
        if useless:
            useless -= {event.source.offset for event in events}
        if not self.pauses.is_limited(feed, now_ms):
            return None
        excess = self._limit.count(feed, len(records), len(useless), now_ms)
        if excess is None:
            return None
        why = (
            f"{excess.refused} of its last {excess.records} records became dead letters;"
            f" the last: {refused[-1].reject}"[:500]
        )
        log.error("feed %s is paused: %s; mend its mapping, then: shipsync feeds resume %s", feed, why, feed)
        pause = FeedPause(feed, True, now_ms, INTAKE, why)
        self.pauses.learn(pause)
        return Handled(
            {
                topics.FEED_PAUSES.name: [pause_message(self._codec, pause)],
                topics.ALERT_SIGNALS.name: [signal_message(self._signals, pause)],
            },
            counts={"paused": 1}, paused=True,
        )


def pause_message(codec: ValueCodec[FeedPause], pause: FeedPause) -> Message:
    """The record of ``feed.pauses.v1``."""
    return {"key": pause.feed.encode(), "value": codec.encode(pause)}


def signal_message(codec: ValueCodec[AlertSignal], pause: FeedPause) -> Message:
    """The signal that a feed is paused, or no more."""
    state = AlertState.RAISED if pause.paused else AlertState.RESOLVED
    words = f"is paused: {pause.why}" if pause.paused else f"was resumed by {pause.changed_by}"
    signal = feed_alert(
        pause.feed, state, words, pause.changed_at, pause.changed_at, AlertKind.CONTRACT_DRIFT, Severity.CRITICAL
    )
    own_id = alert_id(AlertKind.CONTRACT_DRIFT, pause.feed, "paused")
    signal = replace(signal, alert_id=own_id, said_at=pause.changed_at)
    return {"key": signal.alert_id.encode(), "value": codec.encode(signal)}
