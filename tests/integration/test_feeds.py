"""Two workers of the feeds stage on a broker of its own: what is known of a feed outlives its watcher."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest

from config import topics
from config.settings import Settings
from connectors.carriers import discover
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.model import Alert, FeedActivity
from streams.kernel.vocabulary import AlertState, AlertStep
from tests.support.brokers import BROKERS, on_broker
from tests.support.signals import Signals
from tests.support.stage_worker import StageWorker
from tests.support.topics import fill, read_all
from tests.support.waiting import eventually
from topologies.local_stack.stack import catalogue

STALE_SECONDS = 15.0
SILENT, TALKING = "ups", "fedex"


class Feeds:
    """Speaks for feeds, and hears what is said of them."""

    def __init__(self, settings: Settings) -> None:
        known = Registry(settings)
        self._bootstrap = settings.kafka.bootstrap
        self._activity = ValueCodec(topics.FEED_ACTIVITY, FeedActivity, known)
        self._signals = Signals(settings)
        self._alerts = ValueCodec(topics.OPS_ALERTS, Alert, known)

    def speak(self, feed: str) -> None:
        """The feed is heard of, now."""
        now = time.time_ns() // 1_000_000
        activity = FeedActivity(feed, 1, 0, 0, now, now, now, [])
        fill(self._bootstrap, topics.FEED_ACTIVITY.name, [(feed.encode(), self._activity.encode(activity))])

    def said(self, feed: str) -> list[AlertState]:
        """What was said of the feed so far, in order."""
        return [one.state for one in self._signals.said() if one.subject == feed]

    def lives(self) -> dict[str, list[AlertStep]]:
        """What happened to the alert about each feed, as everybody reads it."""
        records = read_all(self._bootstrap, topics.OPS_ALERTS.name)
        alerts = [self._alerts.decode(record.value()) for record in records]
        return {alert.subject: [one.step for one in alert.history] for alert in alerts}


@pytest.mark.parametrize("broker", BROKERS)
def test_what_is_known_of_a_feed_outlives_the_worker_that_watched_it(
    broker: Callable[[], ExitStack], tmp_path: Path
) -> None:
    longest = {carrier.feed: carrier.stale_after_s for carrier in discover()}
    factor = STALE_SECONDS / max(longest[SILENT], longest[TALKING])
    with ExitStack() as closing:
        settings = closing.enter_context(on_broker(broker, tmp_path, feed_stale_factor=factor, feed_sweep_interval=0.5))
        TopicAdmin(settings).create(catalogue())
        feeds = Feeds(settings)
        watchers = [StageWorker("feeds", settings, tmp_path / name) for name in ("one", "two")]
        for watcher in watchers:
            closing.callback(watcher.kill)
        eventually(lambda: sum(watcher.partitions() or 0 for watcher in watchers) == 1)
        feeds.speak(SILENT)

        def talking(until: Callable[[], bool], feed: str = TALKING) -> bool:
            feeds.speak(feed)
            return until()

        eventually(lambda: talking(lambda: feeds.said(SILENT) == [AlertState.RAISED]))
        [owner] = [watcher for watcher in watchers if watcher.partitions()]
        [other] = [watcher for watcher in watchers if watcher is not owner]
        owner.kill()
        eventually(lambda: talking(lambda: other.partitions() == 1))
        eventually(lambda: feeds.said(TALKING)[-1:] == [AlertState.RAISED])
        eventually(lambda: talking(lambda: feeds.said(SILENT)[-1] is AlertState.RESOLVED, SILENT))
        said = {feed: feeds.said(feed) for feed in (SILENT, TALKING)}
        closing.callback(StageWorker("alerts", settings, tmp_path / "alerts").kill)
        eventually(lambda: {SILENT, TALKING} <= feeds.lives().keys())
        lives = feeds.lives()
    assert said[SILENT][:2] == [AlertState.RAISED, AlertState.RESOLVED]
    for states in said.values():
        assert all(state is not following for state, following in pairwise(states)), "said anew by who did not know"
    assert lives[SILENT][:2] == [AlertStep.RAISED, AlertStep.RESOLVED]
    assert lives[TALKING][0] is AlertStep.RAISED
