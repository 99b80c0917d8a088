"""Workers of the feeds stage, one after the other, on a broker of their own: what is known of a feed outlives its
watcher.

Signals are counted exactly. Two faults of the watch once made the counts differ on a busy machine. A successor looked
for silences before it had read its topic, so a feed that had delivered all along was raised and resolved. And a worker
whose group did not answer, after the changelog had a chunk, repeated it on the state from before, so its alerts came
twice (``tests/topologies/runtime/test_frozen_worker.py``). Only the death of a worker may repeat a signal, byte for
byte: the embedded broker offers no more than at least once. No time is waited for: the receipts lie in the past.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from msgspec.structs import replace

from config import topics
from config.settings import Settings
from connectors.carriers import discover
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.model import Alert, FeedActivity, FeedState
from streams.feeds.feed_alerts import ALL_FEEDS
from streams.feeds.staleness import first_seen
from streams.kernel.vocabulary import AlertState, AlertStep
from tests.support.brokers import BROKERS, on_broker
from tests.support.signals import Signals
from tests.support.stage_worker import StageWorker
from tests.support.topics import fill, read_all
from tests.support.waiting import eventually
from topologies.local_stack.stack import catalogue

MINUTE = 60_000
SILENT, DELIVERING, FORGOTTEN = "ups", "landmark", "smartkargo"
STALE_MINUTES = {SILENT: 10, DELIVERING: 40, FORGOTTEN: 40}
"""For the first worker; for its successor half of it."""


class Feeds:
    """Delivers for feeds, and reads the signals about them."""

    def __init__(self, settings: Settings) -> None:
        known = Registry(settings)
        self._bootstrap = settings.kafka.bootstrap
        self._activity = ValueCodec(topics.FEED_ACTIVITY, FeedActivity, known)
        self._states = ValueCodec(topics.FEED_STATE, FeedState, known)
        self._signals = Signals(settings)
        self._alerts = ValueCodec(topics.OPS_ALERTS, Alert, known)

    def watched_for(self, minutes: int) -> None:
        """A worker has watched for so long, and swept ten minutes ago."""
        now = time.time_ns() // 1_000_000
        state = replace(first_seen(ALL_FEEDS, now - minutes * MINUTE), looked_at=now - 10 * MINUTE)
        fill(self._bootstrap, topics.FEED_STATE.name, [(ALL_FEEDS.encode(), self._states.encode(state))])

    def deliver(self, feed: str, minutes_ago: int = 0) -> None:
        """A record of the feed was received then."""
        at = time.time_ns() // 1_000_000 - minutes_ago * MINUTE
        activity = FeedActivity(feed, 1, 0, 0, at, at, at, [])
        fill(self._bootstrap, topics.FEED_ACTIVITY.name, [(feed.encode(), self._activity.encode(activity))])

    def deliveries(self, feed: str) -> int:
        """Events of the feed that are in the state."""
        records = read_all(self._bootstrap, topics.FEED_STATE.name)
        states = [self._states.decode(record.value()) for record in records if record.key() == feed.encode()]
        return states[-1].events if states else 0

    def signals(self, feed: str) -> list[AlertState]:
        """The signals about the feed so far, in order."""
        return [one.state for one in self._signals.said() if one.subject == feed]

    def histories(self) -> dict[str, list[AlertStep]]:
        """The history of the alert about each feed."""
        records = read_all(self._bootstrap, topics.OPS_ALERTS.name)
        alerts = [self._alerts.decode(record.value()) for record in records]
        return {alert.subject: [one.step for one in alert.history] for alert in alerts}


@pytest.mark.parametrize("broker", BROKERS)
def test_what_is_known_of_a_feed_outlives_the_worker_that_watched_it(
    broker: Callable[[], ExitStack], tmp_path: Path
) -> None:
    declared = {carrier.feed: carrier.stale_after_s for carrier in discover()}
    factor = STALE_MINUTES[SILENT] * 60 / declared[SILENT]
    assert {feed: round(declared[feed] * factor / 60) for feed in STALE_MINUTES} == STALE_MINUTES
    with ExitStack() as closing:
        settings = closing.enter_context(on_broker(broker, tmp_path, feed_stale_factor=factor, feed_sweep_interval=0.1))
        TopicAdmin(settings).create(catalogue())
        feeds = Feeds(settings)
        feeds.watched_for(minutes=60)
        for feed in (DELIVERING, FORGOTTEN, SILENT):
            feeds.deliver(feed, minutes_ago=25)
        first = StageWorker("feeds", settings, tmp_path / "one")
        closing.callback(first.kill)
        eventually(lambda: feeds.signals(SILENT) == [AlertState.RAISED])
        assert feeds.signals(DELIVERING) == feeds.signals(FORGOTTEN) == []
        first.kill()
        feeds.deliver(DELIVERING)
        second = StageWorker("feeds", settings.replace(feed_stale_factor=factor / 2), tmp_path / "two")
        closing.callback(second.kill)
        eventually(lambda: feeds.signals(FORGOTTEN) == [AlertState.RAISED])
        feeds.deliver(SILENT)
        eventually(lambda: feeds.signals(SILENT) == [AlertState.RAISED, AlertState.RESOLVED])
        eventually(lambda: feeds.deliveries(SILENT) == feeds.deliveries(DELIVERING) == 2)
        closing.callback(StageWorker("alerts", settings, tmp_path / "alerts").kill)
        eventually(lambda: feeds.histories().get(SILENT, [])[-1:] == [AlertStep.RESOLVED])
        eventually(lambda: FORGOTTEN in feeds.histories())
        signals = {feed: feeds.signals(feed) for feed in STALE_MINUTES}
        histories = feeds.histories()
    assert signals == {
        SILENT: [AlertState.RAISED, AlertState.RESOLVED], DELIVERING: [], FORGOTTEN: [AlertState.RAISED]
    }
    assert histories == {
        SILENT: [AlertStep.RAISED, AlertStep.RESOLVED], FORGOTTEN: [AlertStep.RAISED]
    }
