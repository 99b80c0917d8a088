"""The feeds step: what intake saw of each feed in, its rate and its silence out.

Reads ``feed.activity``; writes ``alert.signals`` and, as its state, ``feed.state``. Silence is judged by the
clock of receipt from a last-seen record, swept by a timer; event time only counts into the rate. All
times are UTC ms; ``now_ms`` is the worker's clock and may jump, also back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct, field
from msgspec.structs import replace

from streams.drift import MOST_EXAMPLES, QUIET_MS, breaking, learnt, share_broken
from streams.identity import alert_id
from streams.model import AlertSignal, FeedActivity, FeedState, MinuteCount, Novelty
from streams.vocabulary import AlertKind, AlertState, ExceptionType, Reason, Severity

KEPT_MINUTES = 180
"""How far back the counts per minute reach; older minutes are dropped."""
AHEAD_MINUTES = 60
"""How far ahead of the clock an event time may lie and still be counted."""
_MINUTE_MS = 60_000


class Cadence(Struct, frozen=True):
    """How often a feed usually speaks, and after how long a silence it counts as stale (seconds)."""

    expect_every_s: int
    stale_after_s: int


class Observed(Struct):
    """What one chunk or sweep brought about; ``states`` by feed, changed ones only."""

    states: dict[str, FeedState] = field(default_factory=dict)
    alerts: list[AlertSignal] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def observe(
    chunk: Sequence[FeedActivity],
    states: Mapping[str, FeedState | None],
    watched: Mapping[str, Cadence],
    now_ms: int,
) -> Observed:
    """Count a chunk of activity in; a stale feed that has spoken within its cadence is resolved.

    Activity read late (a backlog) does not resolve a feed that is silent by now. Nothing is raised here:
    that is the sweep's.
    """
    out = Observed()
    for activity in chunk:
        state = out.states.get(activity.feed) or states.get(activity.feed)
        if state is None:
            state = _first_seen(activity.feed, now_ms)
        state, unseen = learnt(_counted(state, activity, now_ms), activity, now_ms)
        out.states[activity.feed] = state
        _judge_drift(state, unseen, activity.broken > 0, now_ms, out)
    for feed, state in out.states.items():
        _judge(state, watched.get(feed), now_ms, out, may_raise=False)
    if chunk:
        out.counts["activities"] = len(chunk)
    return out


def sweep(states: Mapping[str, FeedState], watched: Mapping[str, Cadence], now_ms: int) -> Observed:
    """What the clock alone brings about: feeds gone stale, feeds no longer watched, feeds never seen.

    A watched feed without a state gets one, watched from now on; so its silence outlives a restart.
    """
    out = Observed()
    for feed in watched.keys() - states.keys():
        out.states[feed] = _first_seen(feed, now_ms)
    for feed, state in sorted(states.items()):
        _judge(state, watched.get(feed), now_ms, out, may_raise=True)
        _settle_drift(out.states.get(feed, state), now_ms, out)
    return out


def rate(state: FeedState, window_minutes: int, now_ms: int) -> float:
    """Events per minute of event time in the window that ends now (the current minute included)."""
    newest = now_ms // _MINUTE_MS
    oldest = newest - window_minutes
    counted = sum(one.events for one in state.minutes if oldest < one.minute <= newest)
    return counted / window_minutes


def _first_seen(feed: str, now_ms: int) -> FeedState:
    return FeedState(
        feed=feed, last_received_at=None, last_event_at=None, events=0, dead_letters=0, unmapped=0,
        stale=False, stale_since=None, watched_since=now_ms,
    )  # fmt: skip


def _counted(state: FeedState, activity: FeedActivity, now_ms: int) -> FeedState:
    received_at = max(0, min(activity.received_at, now_ms))
    return replace(
        state,
        last_received_at=_latest(state.last_received_at, received_at),
        last_event_at=_latest(state.last_event_at, activity.last_event_at),
        events=state.events + activity.events,
        dead_letters=state.dead_letters + activity.dead_letters,
        unmapped=state.unmapped + activity.unmapped,
        minutes=_merged(state, activity.minutes, now_ms),
    )


def _merged(state: FeedState, more: Sequence[MinuteCount], now_ms: int) -> list[MinuteCount]:
    newest = max(now_ms, state.last_received_at or 0) // _MINUTE_MS
    counts: dict[int, int] = {}
    for one in (*state.minutes, *more):
        if newest - KEPT_MINUTES < one.minute <= newest + AHEAD_MINUTES:
            counts[one.minute] = counts.get(one.minute, 0) + one.events
    return [MinuteCount(minute, counts[minute]) for minute in sorted(counts)]


def _latest(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


def _judge(state: FeedState, cadence: Cadence | None, now_ms: int, out: Observed, *, may_raise: bool) -> None:
    """Raise or resolve, where the feed's silence and what was said of it differ."""
    heard_at = state.watched_since if state.last_received_at is None else state.last_received_at
    due_at = None if cadence is None else heard_at + cadence.stale_after_s * 1000
    silent = due_at is not None and now_ms > due_at
    if silent and not state.stale and may_raise and due_at is not None and cadence is not None:
        out.states[state.feed] = replace(state, stale=True, stale_since=due_at)
        silence = _silence(state, cadence, heard_at)
        out.alerts.append(_alert(state.feed, AlertState.RAISED, silence, due_at, due_at, now_ms))
        out.counts["raised"] = out.counts.get("raised", 0) + 1
    elif state.stale and not silent:
        raised_at = heard_at if state.stale_since is None else state.stale_since
        words = "is no longer watched" if cadence is None else "speaks again"
        changed_at = now_ms if cadence is None else heard_at
        out.states[state.feed] = replace(state, stale=False, stale_since=None)
        out.alerts.append(_alert(state.feed, AlertState.RESOLVED, words, raised_at, changed_at, now_ms))
        out.counts["resolved"] = out.counts.get("resolved", 0) + 1


def _silence(state: FeedState, cadence: Cadence, heard_at: int) -> str:
    silent = "was not heard of" if state.last_received_at is None else "is silent"
    since = datetime.fromtimestamp(heard_at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return (
        f"{silent} for more than {_span(cadence.stale_after_s)}, since {since}; "
        f"expected every {_span(cadence.expect_every_s)}"
    )


def _span(seconds: int) -> str:
    if seconds % 3600 == 0:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"


def _judge_drift(state: FeedState, unseen: Sequence[Novelty], broke: bool, now_ms: int, out: Observed) -> None:
    """Raise, or tell anew, what a feed sends that it never sent, or that its contract does not allow."""
    broken = broke and breaking(state, now_ms)
    if not unseen and not broken:
        return
    fresh = [f"{one.what} ({one.topic}/{one.partition}@{one.offset})" for one in unseen]
    examples = [*state.drift_examples, *fresh][:MOST_EXAMPLES]
    raised_at = now_ms if state.drift_since is None else state.drift_since
    out.states[state.feed] = replace(state, drift_since=raised_at, drift_at=now_ms, drift_examples=examples)
    if state.drift_since is None or examples != state.drift_examples:
        words = _drifted(state, examples, now_ms)
        severity = Severity.CRITICAL if broken else Severity.WARNING
        out.alerts.append(
            _alert(state.feed, AlertState.RAISED, words, raised_at, now_ms, now_ms, AlertKind.CONTRACT_DRIFT, severity)
        )
        out.counts["drifts"] = out.counts.get("drifts", 0) + 1


def _drifted(state: FeedState, examples: Sequence[str], now_ms: int) -> str:
    broken, records = share_broken(state, now_ms)
    words = [f"sends what it never sent before: {'; '.join(examples)}"] if examples else []
    if broken:
        words.append(f"{broken} of its last {records} payloads broke its contract")
    return "; ".join(words)


def _settle_drift(state: FeedState, now_ms: int, out: Observed) -> None:
    """Resolve what has not been seen for a day: by then it is either mapped or usual."""
    if state.drift_since is None or state.drift_at is None or now_ms - state.drift_at <= QUIET_MS:
        return
    out.states[state.feed] = replace(state, drift_since=None, drift_at=None, drift_examples=[])
    out.alerts.append(_alert(
        state.feed, AlertState.RESOLVED, f"has sent nothing new for {_span(QUIET_MS // 1000)}", state.drift_since,
        now_ms, now_ms, AlertKind.CONTRACT_DRIFT,
    ))


def _alert(
    feed: str, state: AlertState, words: str, raised_at: int, changed_at: int, now_ms: int,
    kind: AlertKind = AlertKind.FEED_STALE, severity: Severity = Severity.WARNING,
) -> AlertSignal:
    return AlertSignal(
        alert_id=alert_id(kind, feed),
        kind=kind,
        state=state,
        severity=severity,
        subject=feed,
        message=f"Feed {feed} {words}",
        exception=ExceptionType.NONE,
        reason=Reason.FEED_STALE if kind is AlertKind.FEED_STALE else Reason.OTHER,
        raised_at=raised_at,
        changed_at=changed_at,
        feed=feed,
        cause=words,
        said_at=now_ms,
    )
