"""Feeds go silent and speak again; the clock is a number the test sets."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.feeds import AHEAD_MINUTES, KEPT_MINUTES, Cadence, Observed, observe, rate, sweep
from streams.model import AlertSignal, FeedActivity, FeedState, MinuteCount
from streams.vocabulary import AlertKind, AlertState, Reason

NOON = 1_767_268_800_000
MINUTE = 60_000
WATCHED = {"north.track": Cadence(expect_every_s=300, stale_after_s=1800)}


@dataclass
class Watch:
    """The stage between restarts: stored states, and every alert ever sent."""

    now: int = NOON
    watched: dict[str, Cadence] = field(default_factory=lambda: dict(WATCHED))
    states: dict[str, FeedState] = field(default_factory=dict)
    alerts: list[AlertSignal] = field(default_factory=list)

    def hear(self, *activities: FeedActivity) -> None:
        self._keep(observe(activities, self.states, self.watched, self.now))

    def sweep(self) -> None:
        self._keep(sweep(self.states, self.watched, self.now))

    def _keep(self, out: Observed) -> None:
        self.states |= out.states
        self.alerts += out.alerts

    @property
    def said(self) -> list[AlertState]:
        return [alert.state for alert in self.alerts]


def activity(at: int, events: int = 1, minutes: list[MinuteCount] | None = None) -> FeedActivity:
    counts = [MinuteCount(at // MINUTE, events)] if minutes is None else minutes
    return FeedActivity("north.track", events, 0, 0, at, at, at, counts)


def test_a_silent_feed_is_raised_once_and_resolved_when_it_speaks_again() -> None:
    watch = Watch()
    watch.hear(activity(NOON))
    watch.now += 30 * MINUTE
    watch.sweep()
    assert not watch.alerts
    watch.now += 1
    watch.sweep()
    watch.sweep()
    assert watch.said == [AlertState.RAISED]
    watch.now += MINUTE
    watch.hear(activity(watch.now))
    watch.sweep()
    assert watch.said == [AlertState.RAISED, AlertState.RESOLVED]
    assert len({alert.alert_id for alert in watch.alerts}) == 1


def test_the_alert_names_the_feed_and_the_moment_it_fell_due() -> None:
    watch = Watch()
    watch.hear(activity(NOON))
    watch.now += 45 * MINUTE
    watch.sweep()
    alert = watch.alerts[0]
    assert (alert.kind, alert.reason, alert.subject) == (
        AlertKind.FEED_STALE, Reason.FEED_STALE, "north.track",
    )  # fmt: skip
    assert alert.raised_at == NOON + 30 * MINUTE == watch.states["north.track"].stale_since
    assert alert.message == (
        "Feed north.track is silent for more than 30 min, since 2026-01-01 12:00:00 UTC; expected every 5 min"
    )


def test_a_feed_never_heard_of_goes_stale_counted_from_when_watching_began() -> None:
    watch = Watch()
    watch.sweep()
    assert watch.states["north.track"].watched_since == NOON
    watch.now += 30 * MINUTE + 1
    watch.sweep()
    assert watch.said == [AlertState.RAISED]
    assert "was not heard of" in watch.alerts[0].message


def test_nothing_is_raised_twice_after_a_restart() -> None:
    watch = Watch()
    watch.hear(activity(NOON))
    watch.now += 60 * MINUTE
    watch.sweep()
    restarted = Watch(now=watch.now + MINUTE, states=dict(watch.states))
    restarted.sweep()
    assert not restarted.alerts
    restarted.hear(activity(restarted.now))
    assert restarted.said == [AlertState.RESOLVED]


def test_a_backlog_read_late_does_not_resolve_a_feed_that_is_silent_now() -> None:
    watch = Watch()
    watch.hear(activity(NOON))
    watch.now += 120 * MINUTE
    watch.sweep()
    watch.hear(activity(NOON + 10 * MINUTE))
    assert watch.said == [AlertState.RAISED]
    watch.hear(activity(watch.now - MINUTE))
    assert watch.said == [AlertState.RAISED, AlertState.RESOLVED]


def test_a_feed_no_longer_watched_leaves_no_alert_open() -> None:
    watch = Watch()
    watch.hear(activity(NOON))
    watch.now += 60 * MINUTE
    watch.sweep()
    watch.watched = {}
    watch.sweep()
    watch.sweep()
    assert watch.said == [AlertState.RAISED, AlertState.RESOLVED]


def test_a_clock_going_backwards_raises_nothing_and_forgets_nothing() -> None:
    watch = Watch()
    watch.hear(activity(NOON, events=5))
    watch.now -= 3 * 60 * MINUTE
    watch.sweep()
    watch.hear(activity(watch.now, events=2))
    assert not watch.alerts
    state = watch.states["north.track"]
    assert state.last_received_at == NOON
    assert state.events == 7
    assert MinuteCount(NOON // MINUTE, 5) in state.minutes


def test_a_receipt_ahead_of_the_clock_does_not_keep_a_feed_fresh_for_ever() -> None:
    watch = Watch()
    watch.hear(activity(NOON + 365 * 24 * 60 * MINUTE))
    watch.now += 31 * MINUTE
    watch.sweep()
    assert watch.said == [AlertState.RAISED]


def test_the_rate_counts_event_time_and_takes_late_minutes_in() -> None:
    watch = Watch()
    minute = NOON // MINUTE
    watch.hear(activity(NOON, 6, [MinuteCount(minute, 6)]))
    watch.hear(activity(NOON, 4, [MinuteCount(minute - 9, 3), MinuteCount(minute - 10, 1)]))
    assert rate(watch.states["north.track"], 10, NOON) == 0.9
    assert rate(watch.states["north.track"], 10, NOON + 60 * MINUTE) == 0.0


def test_counts_per_minute_are_bounded_whatever_the_event_times() -> None:
    watch = Watch()
    minute = NOON // MINUTE
    watch.hear(activity(NOON, 1000, [MinuteCount(minute + step, 1) for step in range(-500, 500)]))
    minutes = watch.states["north.track"].minutes
    assert len(minutes) == KEPT_MINUTES + AHEAD_MINUTES
    assert minutes == sorted(minutes, key=lambda one: one.minute)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["hear", "sweep", "restart"]), st.integers(-40, 40)), max_size=20)
)
def test_raised_and_resolved_alternate_whatever_happens(steps: list[tuple[str, int]]) -> None:
    watch = Watch()
    for step, minutes in steps:
        watch.now += minutes * MINUTE
        if step == "hear":
            watch.hear(activity(watch.now))
        elif step == "sweep":
            watch.sweep()
        else:
            watch = Watch(now=watch.now, states=dict(watch.states), alerts=watch.alerts)
    expected = [AlertState.RAISED, AlertState.RESOLVED] * len(watch.said)
    assert watch.said == expected[: len(watch.said)]
    state = watch.states.get("north.track")
    assert (state is not None and state.stale) == (len(watch.said) % 2 == 1)
