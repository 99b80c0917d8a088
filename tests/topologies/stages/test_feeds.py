"""The feeds handler: activity in, what is known of each feed kept, silence raised and resolved by a clock we move."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime

import fastavro
import pytest
from msgspec.structs import replace

from config import contracts, topics
from config.settings import Settings
from connectors.carriers import Carrier, discover
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import AlertSignal, DriftHour, FeedActivity, FeedState, MinuteCount
from streams.feeds.cadence import HOURS
from streams.feeds.feed_alerts import ALL_FEEDS
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import AlertKind, AlertState, RejectReason, Severity
from tests.fakes.memory import Memory
from tests.support.clock import FakeClock
from tests.support.framing import framed_wrong
from tests.support.messages import sent_to
from tests.support.records import FakeRecord
from tests.support.registry import fake_registry
from topologies.runtime.handler import Handled
from topologies.stages.feeds import FeedsHandler

REGISTRY = fake_registry()
ACTIVITY = ValueCodec(topics.FEED_ACTIVITY, FeedActivity, REGISTRY)
SIGNALS = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, REGISTRY)
STATES = ValueCodec(topics.FEED_STATE, FeedState, REGISTRY)
CARRIERS = {carrier.feed: carrier for carrier in discover()}
NOON = 1_790_000_000_000
MINUTE = 60_000
LOOK_MS = 10 * MINUTE
STALE = CARRIERS["ups"].stale_after_s * 1000
UPS = {"ups": CARRIERS["ups"]}


HOUR = 60 * MINUTE


def known_hours(at: int) -> bytes:
    """A feed heard once."""
    hour = at // HOUR % HOURS
    return bytes(hour) + b"\x01" + bytes(HOURS - hour - 1)


class Stage:
    """The handler with its state and a clock; a new one over the same state is a restart."""

    def __init__(
        self, carriers: Mapping[str, Carrier] = UPS, clock: FakeClock | None = None,
        memory: Memory | None = None, factor: float = 1.0,
    ) -> None:
        self.handler = FeedsHandler(Settings(feed_stale_factor=factor), REGISTRY, carriers)
        self.clock = clock or FakeClock(NOON)
        self.memory = memory or Memory()

    @property
    def now(self) -> int:
        return int(self.clock())

    def hear(self, *values: FeedActivity | bytes | None) -> Handled:
        return self._kept(self.handler.handle(chunk(*values), self.memory, self.now))

    def sweep(self) -> Handled:
        return self._kept(self.handler.sweep(self.memory, self.now))

    def wait(self, seconds: float) -> Handled:
        """Time passes, and the watch looks now and then; what its last look brought, at the end of it."""
        until = self.clock.now + seconds
        while self.clock.now < until - LOOK_MS:
            self.clock.advance(LOOK_MS)
            assert self.sweep().afterwards == {}
        self.clock.now = until
        return self.sweep()

    def known(self, feed: str = "ups") -> FeedState:
        return STATES.decode(self.memory.held[feed.encode()])

    def _kept(self, handled: Handled) -> Handled:
        for key, change in handled.changes.items():
            assert change.changelog is not None
            self.memory.held.update(self.handler.local_writes(key, change.changelog))
        return handled


def chunk(*values: FeedActivity | bytes | None) -> list[FakeRecord]:
    return [
        FakeRecord(
            topics.FEED_ACTIVITY.name, 0, place,
            value=ACTIVITY.encode(value) if isinstance(value, FeedActivity) else value,
        )
        for place, value in enumerate(values)
    ]


def activity(at: int, events: int = 1, feed: str = "ups") -> FeedActivity:
    return FeedActivity(feed, events, 0, 0, at - 5000, at - 1000, at, [MinuteCount((at - 1000) // MINUTE, events)])


def alerts(out: Handled) -> list[AlertSignal]:
    return [SIGNALS.decode(message["value"]) for message in sent_to(out, topics.ALERT_SIGNALS.name)]


def said(out: Handled) -> list[tuple[str, AlertState]]:
    return [(alert.subject, alert.state) for alert in alerts(out)]


def test_what_intake_saw_is_kept_as_the_last_that_is_known_of_the_feed() -> None:
    stage = Stage()
    heard = FeedActivity("ups", 3, 2, 1, NOON - 90_000, NOON - 30_000, NOON - 4000, [MinuteCount(29_833_331, 3)])
    out = stage.hear(heard)
    assert stage.known() == FeedState(
        "ups", NOON - 4000, NOON - 30_000, 3, 2, 1, False, None, NOON, [MinuteCount(29_833_331, 3)],
        drift=[DriftHour(NOON // 3_600_000, 0, 0, 0)], heard=known_hours(NOON - 4000), heard_week=NOON // HOUR // HOURS,
    )
    assert (stage.known(ALL_FEEDS).last_received_at, stage.known(ALL_FEEDS).heard) == (
        NOON - 4000, known_hours(NOON - 4000)
    )
    assert (out.outputs, out.afterwards, out.refused, out.counts) == ({}, {}, [], {"activities": 1})


def test_the_changelog_holds_the_record_that_is_restored() -> None:
    stage = Stage()
    changes = stage.hear(activity(NOON)).changes
    assert set(changes) == {b"ups", ALL_FEEDS.encode()}
    for key, change in changes.items():
        assert change.changelog is not None
        assert stage.handler.local_writes(key, change.changelog) == {key: change.local}


def test_activity_adds_up_over_chunks_and_inside_one() -> None:
    stage = Stage()
    stage.hear(activity(NOON - 3 * MINUTE, 2))
    stage.hear(activity(NOON - 2 * MINUTE, 3), activity(NOON - MINUTE, 4))
    known = stage.known()
    assert (known.events, known.last_received_at, known.last_event_at) == (9, NOON - MINUTE, NOON - MINUTE - 1000)
    assert [one.events for one in known.minutes] == [2, 3, 4]


def test_older_activity_read_later_does_not_set_the_last_seen_back() -> None:
    stage = Stage()
    stage.hear(activity(NOON))
    stage.hear(activity(NOON - 10 * MINUTE))
    assert (stage.known().last_received_at, stage.known().events) == (NOON, 2)


def test_feeds_of_one_chunk_are_kept_apart_also_one_nobody_watches() -> None:
    stage = Stage()
    out = stage.hear(activity(NOON, 1), activity(NOON, 5, feed="kestrel"))
    assert set(out.changes) == {b"ups", b"kestrel", b"*"}
    assert (stage.known().events, stage.known("kestrel").events) == (1, 5)


def test_a_sweep_raises_an_alert_once_the_declared_silence_has_passed() -> None:
    stage = Stage()
    stage.sweep()
    stage.hear(activity(NOON))
    assert said(stage.wait(STALE)) == []
    out = stage.wait(1)
    [message] = sent_to(out, topics.ALERT_SIGNALS.name)
    [alert] = alerts(out)
    assert (out.outputs, list(out.afterwards)) == ({}, [b"ups"])
    assert message["key"] == alert.alert_id.encode()
    assert (alert.kind, alert.state, alert.severity, alert.subject, alert.raised_at) == (
        AlertKind.FEED_STALE, AlertState.RAISED, Severity.WARNING, "ups", NOON + STALE,
    )
    assert alert.message == (
        "Feed ups is silent for more than 2 h, since 2026-09-21 14:13:20 UTC; expected every 15 min"
    )
    assert (stage.known().stale, stage.known().stale_since) == (True, NOON + STALE)
    assert out.counts == {"raised": 1}


def test_any_avro_reader_reads_an_alert_by_its_contract() -> None:
    stage = Stage()
    stage.sweep()
    stage.hear(activity(NOON))
    value = sent_to(stage.wait(STALE + 1), topics.ALERT_SIGNALS.name)[0]["value"]
    assert value is not None
    assert value[:5] == b"\x00" + REGISTRY.schema_id(topics.ALERT_SIGNALS).to_bytes(4, "big")
    read = fastavro.schemaless_reader(io.BytesIO(value[5:]), contracts.schema("alert_signal"), None)
    assert isinstance(read, dict)
    assert (read["kind"], read["state"], read["subject"], read["raised_at"]) == (
        "feed_stale", "raised", "ups", datetime(2026, 9, 21, 16, 13, 20, tzinfo=UTC),
    )


def test_a_silence_already_told_is_not_told_again() -> None:
    stage = Stage()
    stage.sweep()
    stage.hear(activity(NOON))
    assert len(said(stage.wait(STALE + 1))) == 1
    assert said(stage.wait(STALE)) == []


def test_a_feed_that_speaks_again_resolves_the_same_alert() -> None:
    stage = Stage()
    stage.sweep()
    stage.hear(activity(NOON))
    raised = stage.wait(STALE + 1)
    stage.clock.advance(20 * MINUTE)
    out = stage.hear(activity(stage.now))
    [resolved] = alerts(out)
    assert said(out) == [("ups", AlertState.RESOLVED)]
    assert sent_to(out, topics.ALERT_SIGNALS.name)[0]["key"] == sent_to(raised, topics.ALERT_SIGNALS.name)[0]["key"]
    assert (resolved.raised_at, resolved.changed_at) == (NOON + STALE, stage.now)
    assert (stage.known().stale, stage.known().stale_since) == (False, None)
    assert said(stage.sweep()) == []
    assert out.counts == {"activities": 1, "resolved": 1}


def test_a_backlog_from_before_the_silence_resolves_nothing() -> None:
    stage = Stage()
    stage.sweep()
    stage.hear(activity(NOON))
    stage.wait(STALE + 1)
    stage.wait(STALE)
    assert said(stage.hear(activity(NOON + MINUTE))) == []
    assert stage.known().stale


def test_hearing_of_a_feed_raises_nothing_before_the_sweep() -> None:
    stage = Stage()
    stage.sweep()
    stage.wait(STALE)
    stage.clock.advance(MINUTE)
    assert said(stage.hear(activity(NOON))) == []
    assert said(stage.sweep()) == [("ups", AlertState.RAISED)]


def test_a_feed_never_heard_of_is_told_from_when_watching_began() -> None:
    stage = Stage()
    assert set(stage.sweep().changes) == {b"ups", b"*"}
    assert (stage.known().watched_since, stage.known().last_received_at) == (NOON, None)
    [alert] = alerts(stage.wait(STALE + 1))
    assert alert.message.startswith("Feed ups was not heard of for more than 2 h")


def test_silence_is_counted_through_a_restart_and_told_once() -> None:
    stage = Stage()
    stage.sweep()
    stage.wait(STALE)
    restarted = Stage(clock=stage.clock, memory=stage.memory)
    assert said(restarted.sweep()) == []
    assert said(restarted.wait(1)) == [("ups", AlertState.RAISED)]
    assert said(Stage(clock=stage.clock, memory=stage.memory).sweep()) == []


def test_a_stage_that_was_away_raises_nothing_on_its_return() -> None:
    stage = Stage(CARRIERS)
    stage.sweep()
    stage.hear(*(activity(NOON, feed=feed) for feed in CARRIERS))
    stage.clock.advance(3 * STALE)
    returned = Stage(CARRIERS, stage.clock, stage.memory)
    assert said(returned.sweep()) == []
    assert said(returned.wait(20 * MINUTE)) == []


def test_what_is_learnt_of_a_feed_comes_back_through_the_changelog() -> None:
    stage = Stage()
    weeks = [NOON - week * HOURS * HOUR for week in range(7, -1, -1)]
    for at in weeks:
        stage.hear(*(activity(at - back * HOUR) for back in range(40)))
    restarted = Stage(clock=stage.clock, memory=stage.memory)
    restarted.sweep()
    restarted.wait(STALE)
    stage.clock.advance(MINUTE)
    assert said(restarted.sweep()) == [], "these hours were silent in every week before"
    assert sum(one.bit_count() for one in restarted.known().heard) > 7 * 40


def test_a_feed_rests_on_the_holidays_its_carrier_names() -> None:
    post = CARRIERS["usps"]
    christmas = 1_798_174_800_000
    stage = Stage({"usps": post}, FakeClock(christmas - 30 * MINUTE))
    stage.sweep()
    stage.hear(activity(stage.now, feed="usps"))
    assert said(stage.wait(24 * HOUR + post.stale_after_s * 1000)) == []
    [alert] = alerts(stage.wait(1))
    assert alert.message.endswith("not counted: Christmas Day")


def test_every_carrier_found_is_watched_at_its_own_pace() -> None:
    stage = Stage(CARRIERS)
    stage.sweep()
    stage.hear(*(activity(NOON, feed=feed) for feed in CARRIERS))
    raised: dict[int, set[str]] = {}
    longest = max(carrier.stale_after_s for carrier in CARRIERS.values())
    for minutes in range(10, longest // 60 + 20, 10):
        stage.clock.now = NOON + minutes * MINUTE + 1
        stage.hear(activity(stage.now, feed="kestrel"))
        for feed, _ in said(stage.sweep()):
            raised.setdefault(minutes * 60, set()).add(feed)
    due = sorted({carrier.stale_after_s for carrier in CARRIERS.values()})
    assert len(due) > 1
    assert raised == {
        seconds: {feed for feed, carrier in CARRIERS.items() if carrier.stale_after_s == seconds} for seconds in due
    }


def test_the_setting_stretches_every_cadence() -> None:
    stage = Stage(factor=0.5)
    stage.sweep()
    stage.hear(activity(NOON))
    assert said(stage.wait(STALE // 2)) == []
    [alert] = alerts(stage.wait(1))
    assert alert.message == (
        "Feed ups is silent for more than 1 h, since 2026-09-21 14:13:20 UTC; expected every 450 s"
    )


def test_a_cadence_never_shrinks_to_nothing() -> None:
    stage = Stage(factor=0.000_001)
    stage.sweep()
    stage.hear(activity(NOON))
    assert said(stage.wait(1000)) == []
    assert said(stage.wait(1)) == [("ups", AlertState.RAISED)]


def test_a_carrier_taken_away_leaves_no_alert_open() -> None:
    stage = Stage()
    stage.sweep()
    stage.hear(activity(NOON))
    stage.wait(STALE + 1)
    without = Stage({}, stage.clock, stage.memory)
    [alert] = alerts(without.sweep())
    assert (alert.state, alert.message) == (AlertState.RESOLVED, "Feed ups is no longer watched")
    assert said(without.sweep()) == []


GOOD = ACTIVITY.encode(activity(NOON))


@pytest.mark.parametrize(("value", "reason"), framed_wrong(GOOD, b"ups"))
def test_a_value_framed_wrong_is_refused_and_its_neighbours_are_counted(
    value: bytes | None, reason: RejectReason
) -> None:
    stage = Stage()
    out = stage.hear(activity(NOON, 2), value, GOOD)
    assert [(one.record.offset, one.record.value, one.reject.reason) for one in out.refused] == [(1, value, reason)]
    assert stage.known().events == 3


def test_a_chunk_of_nothing_usable_keeps_nothing() -> None:
    out = Stage().hear(None)
    assert (out.afterwards, out.changes, len(out.refused)) == ({}, {}, 1)


def test_a_number_of_more_than_64_bits_is_refused_alone() -> None:
    stage = Stage()
    most = ACTIVITY.encode(replace(activity(NOON), last_event_at=(1 << 63) - 1))
    beyond = most.replace(b"\xfe" + b"\xff" * 8 + b"\x01", b"\xfe" + b"\xff" * 8 + b"\x7f")
    assert beyond != most
    out = stage.hear(beyond, GOOD)
    assert [one.record.offset for one in out.refused] == [0]
    assert stage.known().events == 1


def test_a_time_of_receipt_no_calendar_has_does_not_stop_the_sweep() -> None:
    stage = Stage()
    stage.sweep()
    stage.hear(replace(activity(NOON), received_at=-100_000_000_000_000))
    assert said(stage.wait(STALE + 1)) == [("ups", AlertState.RAISED)]


def test_without_its_state_the_stage_goes_no_further() -> None:
    with pytest.raises(Fatal):
        Stage().handler.handle(chunk(GOOD), None, NOON)
