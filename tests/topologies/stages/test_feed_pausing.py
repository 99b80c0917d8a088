"""A feed of which too many records become dead letters is paused: nothing else of the chunk comes about."""

from __future__ import annotations

import pytest

from config import topics
from config.settings import Settings
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import AlertSignal, FeedPause
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import AlertState, Severity
from tests.support.intake_records import CARRIERS, NOW, REGISTRY, alert, raw, values
from topologies.runtime.handler import Handled
from topologies.runtime.watching import metrics
from topologies.stages.intake import IntakeHandler

PAUSES = ValueCodec(topics.FEED_PAUSES, FeedPause, REGISTRY)
SIGNALS = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, REGISTRY)


def paused_by(handler: IntakeHandler, count: int = 200) -> Handled:
    return handler.handle(raw(*[b"{}"] * count), None, NOW)


def test_a_chunk_with_too_many_dead_letters_brings_about_a_pause_and_an_alert_alone() -> None:
    handler = IntakeHandler(Settings(), REGISTRY, CARRIERS)
    out = paused_by(handler)
    assert (out.paused, out.refused) == (True, [])
    assert set(out.outputs) == {topics.FEED_PAUSES.name, topics.ALERT_SIGNALS.name}
    [pause] = values(out, PAUSES)
    assert (pause.feed, pause.paused, pause.changed_at) == ("ups", True, NOW)
    assert pause.why.startswith("200 of its last 200 records became dead letters; the last: unsupported_message")
    [signal] = values(out, SIGNALS)
    assert (signal.state, signal.feed, signal.severity) == (AlertState.RAISED, "ups", Severity.CRITICAL)
    assert handler.pausing.is_paused("raw.ups.v1")
    assert not handler.pausing.is_paused("raw.fedex.v1")
    assert metrics.FEED_PAUSED.labels("ups")._value.get() == 1
    handler.pausing.pauses.learn(FeedPause("ups", False, NOW + 1, "kim", ""))
    assert not handler.pausing.is_paused("raw.ups.v1")
    assert metrics.FEED_PAUSED.labels("ups")._value.get() == 0


def test_dead_letters_of_records_that_also_brought_events_pause_nothing() -> None:
    handler = IntakeHandler(Settings(dead_letter_least=1), REGISTRY, CARRIERS)
    out = handler.handle(raw(alert(), alert(), b"{}"), None, NOW)
    assert (out.paused, len(out.refused)) == (False, 1)


def test_a_feed_resumed_without_a_limit_is_not_paused_again() -> None:
    handler = IntakeHandler(Settings(), REGISTRY, CARRIERS)
    handler.pausing.pauses.learn(FeedPause("ups", False, NOW, "kim", "", NOW + 60_000))
    out = paused_by(handler, 300)
    assert (out.paused, len(out.refused)) == (False, 300)


def test_nothing_is_taken_in_before_it_is_known_which_feeds_are_paused() -> None:
    handler = IntakeHandler(Settings(), REGISTRY, CARRIERS)
    handler.pausing.pauses.ready = False
    with pytest.raises(Transient, match="paused"):
        handler.handle(raw(alert()), None, NOW)
