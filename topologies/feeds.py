"""The feeds stage: what intake saw of each feed in, signals about silent feeds and drifting contracts out.

Reads ``feed.activity.v1`` (one partition); its changelog is ``feed.state.v1``. A timer sweeps for silence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from config import topics
from config.settings import Settings
from connectors.carriers import Carrier
from connectors.registry import Registry, ValueCodec
from streams.feeds import Cadence, Observed, observe, sweep
from streams.model import AlertSignal, FeedActivity, FeedState, Record
from topologies.handling import Change, Handled, Message, View
from topologies.reading import decoded, stored


class FeedsHandler:
    """Counts feed activity in and judges silence."""

    def __init__(self, settings: Settings, registry: Registry, carriers: Mapping[str, Carrier]) -> None:
        factor = settings.feed_stale_factor
        self._watched = {
            feed: Cadence(
                max(1, round(carrier.expect_every_s * factor)), max(1, round(carrier.stale_after_s * factor))
            )
            for feed, carrier in carriers.items()
        }
        self._activity = ValueCodec(topics.FEED_ACTIVITY, FeedActivity, registry)
        self._alerts = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, registry)
        self._states = ValueCodec(topics.FEED_STATE, FeedState, registry)

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        """Changed feeds of one chunk, and alerts resolved because a feed speaks again."""
        chunk, _, refused = decoded(records, self._activity.decode)
        known = stored((activity.feed for activity in chunk), state, self._states.decode)
        handled = self._handled(observe(chunk, known, self._watched, now_ms))
        handled.refused = refused
        return handled

    def local_writes(self, key: bytes, changelog_value: bytes) -> dict[bytes, bytes]:
        """The changelog value itself."""
        return {key: changelog_value}

    def sweep(self, state: View, now_ms: int) -> Handled:
        """Feeds that fell silent."""
        known = {key.decode(): self._states.decode(value) for key, value in state.scan(b"")}
        return self._handled(sweep(known, self._watched, now_ms))

    def _handled(self, out: Observed) -> Handled:
        for place, alert in enumerate(out.alerts):
            alert.place = place
        alerts: list[Message] = [
            {"key": alert.alert_id.encode(), "value": self._alerts.encode(alert)} for alert in out.alerts
        ]
        changes = {}
        for feed, changed in out.states.items():
            value = self._states.encode(changed)
            changes[feed.encode()] = Change(value, value)
        return Handled({topics.ALERT_SIGNALS.name: alerts} if alerts else {}, [], changes, out.counts)
