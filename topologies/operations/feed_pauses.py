"""Feeds whose intake is paused: which they are, pausing and resuming them."""

from __future__ import annotations

from config import topics
from config.settings import Settings
from connectors.kafka.action_audits import of_feed
from connectors.kafka.person_actions import Act, take
from connectors.kafka.producer import Record
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_reader import latest
from streams.contracts.audit import Actor
from streams.contracts.model import AlertSignal, FeedPause
from streams.kernel.errors import Fatal
from topologies.stages.feed_pausing import pause_message, signal_message

MINUTE_MS = 60_000


def paused(settings: Settings) -> list[FeedPause]:
    """The feeds that are paused, by name. Raises Transient."""
    known = latest(settings, Registry(settings), topics.FEED_PAUSES, FeedPause)
    return sorted((one for one in known.values() if one.paused), key=lambda one: one.feed)


def resume(settings: Settings, feed: str, actor: Actor, now_ms: int, unlimited_minutes: int = 0) -> FeedPause:
    """Resume a feed; for ``unlimited_minutes`` no number of dead letters pauses it again.

    Raises Fatal where it is not paused, Transient where it could not be written.
    """
    if not any(one.feed == feed for one in paused(settings)):
        raise Fatal(f"feed {feed} is not paused; shipsync feeds paused lists those that are")
    until = now_ms + unlimited_minutes * MINUTE_MS if unlimited_minutes else None
    return _write(settings, FeedPause(feed, False, now_ms, actor.name, "", until), actor)


def pause(settings: Settings, feed: str, actor: Actor, now_ms: int, why: str) -> FeedPause:
    """Pause a feed: its raw records wait until it is resumed.

    Raises Fatal where it is paused already, Transient where it could not be written.
    """
    if any(one.feed == feed for one in paused(settings)):
        raise Fatal(f"feed {feed} is paused already; shipsync feeds resume {feed} lets it go on")
    return _write(settings, FeedPause(feed, True, now_ms, actor.name, why), actor)


def _write(settings: Settings, change: FeedPause, actor: Actor) -> FeedPause:
    registry = Registry(settings)
    messages = {
        topics.FEED_PAUSES.name: pause_message(ValueCodec(topics.FEED_PAUSES, FeedPause, registry), change),
        topics.ALERT_SIGNALS.name: signal_message(ValueCodec(topics.ALERT_SIGNALS, AlertSignal, registry), change),
    }
    records = [Record(topic, message["key"], message["value"]) for topic, message in messages.items()]
    take(settings, [Act(of_feed(actor, change), records)], registry)
    return change
