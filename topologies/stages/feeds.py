"""The feeds stage: what intake saw of each feed in; alerts about silent feeds and contract drift out.

Reads ``feed.activity.v1`` (one partition); its changelog is ``feed.state.v1``. A timer finds the silent feeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from config import topics
from config.settings import Settings
from connectors.carriers import Carrier
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import AlertSignal, FeedActivity, FeedState, Record
from streams.feeds.cadence import Cadence
from streams.feeds.feed_alerts import ALL_FEEDS
from streams.feeds.step import FeedsOutputs, step, sweep
from streams.kernel.step_result import StepResult
from topologies.runtime.decoding import decoded, stored
from topologies.runtime.handler import Handled, View
from topologies.runtime.step_results import changes_of
from topologies.runtime.writing.alert_outbox import signals
from topologies.stages import alert_rules, holiday_calendars


class FeedsHandler:
    """Counts feed activity, and finds silent feeds."""

    def __init__(self, settings: Settings, registry: Registry, carriers: Mapping[str, Carrier]) -> None:
        factor = settings.monitoring.feed_stale_factor
        calendars = holiday_calendars.load(settings.monitoring.holidays_file)
        self._declared = {
            feed: (
                Cadence(max(1, round(carrier.expect_every_s * factor)), max(1, round(carrier.stale_after_s * factor))),
                holiday_calendars.followed(calendars, carrier.calendar, feed),
            )
            for feed, carrier in carriers.items()
        }
        self._own_silence_ms = alert_rules.load(settings.monitoring.alerts_file).after_silence_ms
        self._year: int | None = None
        self._watched: dict[str, Cadence] = {}
        self._activity = ValueCodec(topics.FEED_ACTIVITY, FeedActivity, registry)
        self._alerts = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, registry)
        self._states = ValueCodec(topics.FEED_STATE, FeedState, registry)

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        """Changed feeds of one chunk, and alerts resolved because a feed sends again."""
        chunk, _, refused = decoded(records, self._activity.decode)
        known = stored([*(activity.feed for activity in chunk), ALL_FEEDS], state, self._states.decode)
        handled = self._handled(step(chunk, known, self._watched_at(now_ms), now_ms), now_ms)
        handled.refused = refused
        return handled

    def local_writes(self, key: bytes, changelog_value: bytes) -> dict[bytes, bytes]:
        """The changelog value itself. Raises Reject where it is none."""
        self._states.decode(changelog_value)
        return {key: changelog_value}

    def sweep(self, state: View, now_ms: int) -> Handled:
        """Feeds that fell silent."""
        known = {key.decode(): self._states.decode(value) for key, value in state.scan(b"")}
        return self._handled(sweep(known, self._watched_at(now_ms), now_ms, self._own_silence_ms), now_ms)

    def _watched_at(self, now_ms: int) -> dict[str, Cadence]:
        """Feed -> cadence, with the holidays of this year and the years beside it."""
        year = holiday_calendars.year_of(now_ms)
        if year != self._year:
            self._year = year
            self._watched = {
                feed: cadence if calendar is None else replace(cadence, pauses=holiday_calendars.pauses(calendar, year))
                for feed, (cadence, calendar) in self._declared.items()
            }
        return self._watched

    def _handled(self, result: StepResult[FeedsOutputs, FeedState], now_ms: int) -> Handled:
        return Handled(
            changes=changes_of(result.states, self._states.encode), counts=dict(result.counts),
            afterwards=signals(self._alerts, result.outputs.alerts, now_ms),
        )
