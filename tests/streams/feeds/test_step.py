"""Feeds go silent and speak again; the clock is a number the test sets."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.contracts.model import AlertSignal, FeedActivity, FeedState, MinuteCount
from streams.feeds.cadence import HOURS, WEEKS, Cadence, Pause
from streams.feeds.feed_alerts import ALL_FEEDS
from streams.feeds.step import AHEAD_MINUTES, KEPT_MINUTES, FeedsOutputs, step, sweep
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import AlertKind, AlertState, Reason

NOON = 1_767_268_800_000
MINUTE = 60_000
WATCHED = {"north.track": Cadence(expect_every_s=300, stale_after_s=1800)}
HOUR = 60 * MINUTE
OWN_SILENCE = 30 * MINUTE
LOOK = 5 * MINUTE


@dataclass
class Watch:
    """The stage between restarts: stored states, and every alert ever sent."""

    now: int = NOON
    watched: dict[str, Cadence] = field(default_factory=lambda: dict(WATCHED))
    states: dict[str, FeedState] = field(default_factory=dict)
    alerts: list[AlertSignal] = field(default_factory=list)

    def hear(self, *activities: FeedActivity) -> None:
        self._keep(step(activities, self.states, self.watched, self.now))

    def sweep(self) -> None:
        self._keep(sweep(self.states, self.watched, self.now, OWN_SILENCE))

    def wait(self, span: int) -> None:
        """Time passes, and the watch looks now and then, also at the end."""
        until = self.now + span
        while self.now < until:
            self.now = min(self.now + LOOK, until)
            self.sweep()

    def _keep(self, out: StepResult[FeedsOutputs, FeedState]) -> None:
        self.states |= out.states
        self.alerts += out.outputs.alerts

    @property
    def said(self) -> list[AlertState]:
        return [alert.state for alert in self.alerts]


def activity(
    at: int, events: int = 1, minutes: list[MinuteCount] | None = None, feed: str = "north.track"
) -> FeedActivity:
    counts = [MinuteCount(at // MINUTE, events)] if minutes is None else minutes
    return FeedActivity(feed, events, 0, 0, at, at, at, counts)


def test_a_silent_feed_is_raised_once_and_resolved_when_it_speaks_again() -> None:
    watch = Watch()
    watch.sweep()
    watch.hear(activity(NOON))
    watch.wait(30 * MINUTE)
    assert not watch.alerts
    watch.wait(1)
    watch.sweep()
    assert watch.said == [AlertState.RAISED]
    watch.now += MINUTE
    watch.hear(activity(watch.now))
    watch.sweep()
    assert watch.said == [AlertState.RAISED, AlertState.RESOLVED]
    assert len({alert.alert_id for alert in watch.alerts}) == 1


def test_the_alert_names_the_feed_and_the_moment_it_fell_due() -> None:
    watch = Watch()
    watch.sweep()
    watch.hear(activity(NOON))
    watch.wait(45 * MINUTE)
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
    watch.wait(30 * MINUTE + 1)
    assert watch.said == [AlertState.RAISED]
    assert "was not heard of" in watch.alerts[0].message


def test_nothing_is_raised_twice_after_a_restart() -> None:
    watch = Watch()
    watch.sweep()
    watch.hear(activity(NOON))
    watch.wait(60 * MINUTE)
    restarted = Watch(now=watch.now + MINUTE, states=dict(watch.states))
    restarted.sweep()
    assert not restarted.alerts
    restarted.hear(activity(restarted.now))
    assert restarted.said == [AlertState.RESOLVED]


def test_a_backlog_read_late_does_not_resolve_a_feed_that_is_silent_now() -> None:
    watch = Watch()
    watch.sweep()
    watch.hear(activity(NOON))
    watch.wait(120 * MINUTE)
    watch.hear(activity(NOON + 10 * MINUTE))
    assert watch.said == [AlertState.RAISED]
    watch.hear(activity(watch.now - MINUTE))
    assert watch.said == [AlertState.RAISED, AlertState.RESOLVED]


def test_a_feed_no_longer_watched_leaves_no_alert_open() -> None:
    watch = Watch()
    watch.sweep()
    watch.hear(activity(NOON))
    watch.wait(60 * MINUTE)
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
    watch.sweep()
    watch.hear(activity(NOON + 365 * 24 * 60 * MINUTE))
    watch.wait(31 * MINUTE)
    assert watch.said == [AlertState.RAISED]


def test_events_are_counted_by_the_minute_they_happened_in_late_ones_too() -> None:
    watch = Watch()
    minute = NOON // MINUTE
    watch.hear(activity(NOON, 6, [MinuteCount(minute, 6)]))
    watch.hear(activity(NOON, 4, [MinuteCount(minute - 9, 3), MinuteCount(minute - 10, 1)]))
    assert watch.states["north.track"].minutes == [
        MinuteCount(minute - 10, 1), MinuteCount(minute - 9, 3), MinuteCount(minute, 6)
    ]


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
    for move, minutes in steps:
        watch.now += minutes * MINUTE
        if move == "hear":
            watch.hear(activity(watch.now))
        elif step == "sweep":
            watch.sweep()
        else:
            watch = Watch(now=watch.now, states=dict(watch.states), alerts=watch.alerts)
    expected = [AlertState.RAISED, AlertState.RESOLVED] * len(watch.said)
    assert watch.said == expected[: len(watch.said)]
    state = watch.states.get("north.track")
    assert (state is not None and state.stale) == (len(watch.said) % 2 == 1)


def test_of_a_watch_that_did_not_look_no_silence_is_raised_on_its_return() -> None:
    watch = Watch()
    watch.sweep()
    watch.hear(activity(NOON))
    watch.now += 3 * HOUR
    watch.sweep()
    watch.wait(30 * MINUTE)
    assert not watch.alerts, "the watch was away, not the feed"
    watch.wait(1)
    assert watch.said == [AlertState.RAISED]
    assert "since 2026-01-01 12:00:00 UTC" in watch.alerts[0].message


def test_a_clock_that_jumps_forward_raises_nothing() -> None:
    watch = Watch()
    watch.sweep()
    watch.hear(activity(NOON))
    watch.now += 400 * 24 * HOUR
    watch.sweep()
    watch.hear(activity(watch.now))
    watch.sweep()
    assert not watch.alerts


def test_silence_goes_on_where_one_watch_takes_over_from_another() -> None:
    watch = Watch()
    watch.sweep()
    watch.hear(activity(NOON))
    watch.wait(25 * MINUTE)
    other = Watch(now=watch.now + 4 * MINUTE, states=dict(watch.states))
    other.sweep()
    other.wait(MINUTE)
    assert not other.alerts
    other.wait(1)
    assert other.said == [AlertState.RAISED]


MANY = {f"feed{number}": Cadence(expect_every_s=300, stale_after_s=3600) for number in range(20)}


def hear_all(watch: Watch, feeds: list[str] | None = None) -> None:
    watch.hear(*(activity(watch.now, feed=feed) for feed in feeds or sorted(MANY)))


def test_an_outage_of_our_own_is_one_alert_and_none_on_return() -> None:
    watch = Watch(watched=MANY)
    watch.sweep()
    hear_all(watch)
    watch.wait(5 * HOUR)
    assert [(one.subject, one.state) for one in watch.alerts] == [(ALL_FEEDS, AlertState.RAISED)]
    assert watch.alerts[0].message == (
        "Feeds are all silent for more than 30 min, since 2026-01-01 12:00:00 UTC; expected every 5 min"
    )
    hear_all(watch, ["feed3"])
    watch.wait(25 * MINUTE)
    assert [(one.subject, one.state) for one in watch.alerts[1:]] == [(ALL_FEEDS, AlertState.RESOLVED)]
    assert watch.alerts[1].message == "Feeds are heard of again"
    hear_all(watch)
    watch.wait(20 * MINUTE)
    assert len(watch.alerts) == 2


def test_a_feed_that_stays_away_after_our_outage_is_raised_counted_from_its_end() -> None:
    watch = Watch(watched=MANY)
    watch.sweep()
    hear_all(watch)
    watch.wait(5 * HOUR)
    back = watch.now
    for _ in range(7):
        hear_all(watch, [feed for feed in MANY if feed != "feed7"])
        watch.wait(10 * MINUTE)
    raised = [one for one in watch.alerts if one.state is AlertState.RAISED and one.subject != ALL_FEEDS]
    assert [(one.subject, one.raised_at) for one in raised] == [("feed7", back + HOUR)]


def test_of_feeds_that_seldom_speak_one_that_is_silent_is_named() -> None:
    slow = {feed: Cadence(expect_every_s=12 * 3600, stale_after_s=24 * 3600) for feed in ("early", "late")}
    watch = Watch(watched=slow)
    watch.sweep()
    watch.hear(activity(watch.now, feed="early"), activity(watch.now, feed="late"))
    for _ in range(5):
        watch.wait(12 * HOUR)
        watch.hear(activity(watch.now, feed="late"))
    assert [(one.subject, one.state) for one in watch.alerts] == [("early", AlertState.RAISED)]


def heard_for_weeks(watch: Watch, hours: range, weeks: int = WEEKS) -> None:
    """Told in the order of time, as fast as it can be: a feed that speaks in these hours of Monday to Friday."""
    first = watch.now - weeks * HOURS * HOUR
    for hour in range(weeks * HOURS):
        at = first + hour * HOUR
        weekday = (at // (24 * HOUR) + 3) % 7
        if weekday < 5 and at // HOUR % 24 in hours:
            watch.hear(activity(at))


def test_hours_and_days_in_which_a_feed_is_usually_silent_count_for_no_silence() -> None:
    friday_evening = NOON + 34 * HOUR + 30 * MINUTE
    watch = Watch(now=friday_evening, watched={"north.track": Cadence(300, 2 * 3600)})
    assert (watch.now // (24 * HOUR) + 3) % 7 == 4
    heard_for_weeks(watch, range(6, 22))
    watch.sweep()
    watch.wait(2 * 24 * HOUR + 8 * HOUR)
    assert not watch.alerts, "the weekend, and Monday until half past six"
    watch.wait(3 * HOUR)
    [alert] = watch.alerts
    assert alert.raised_at == alert.changed_at
    assert "hours of the week, in which it is usually silent, do not count" in alert.message
    assert watch.now - alert.raised_at < 3 * HOUR


def test_on_a_holiday_a_feed_need_not_speak() -> None:
    day = Pause(NOON - 12 * HOUR, NOON + 12 * HOUR, "New Year's Day")
    watch = Watch(watched={"north.track": Cadence(300, 1800, (day,))})
    watch.sweep()
    watch.hear(activity(NOON))
    watch.wait(12 * HOUR + 30 * MINUTE)
    assert not watch.alerts
    watch.wait(1)
    [alert] = watch.alerts
    assert alert.message.endswith("expected every 5 min; not counted: New Year's Day")


@settings(deadline=None)
@given(st.permutations([NOON - hours * HOUR for hours in (0, 1, 30, 200, 900, 1300, 1400)]))
def test_what_is_learnt_of_a_feeds_hours_depends_on_no_order(times: list[int]) -> None:
    watch, other = Watch(), Watch()
    watch.hear(*(activity(at) for at in sorted(times)))
    for at in times:
        other.hear(activity(at))
    for feed in ("north.track", ALL_FEEDS):
        one, same = watch.states[feed], other.states[feed]
        assert (one.heard, one.heard_week) == (same.heard, same.heard_week)
