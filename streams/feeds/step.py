"""The feeds step: what intake saw of each feed in, its rate and its silence out.

Reads ``feed.activity``; writes ``alert.signals`` and, as its state, ``feed.state``. Silence is judged by the
clock of receipt from a last-seen record, swept by a timer; event time only counts into the rate. All
times are UTC ms; ``now_ms`` is the worker's clock and may jump, also back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from streams.contracts.feeds import MOST_EXAMPLES
from streams.contracts.ids import alert_id
from streams.contracts.model import AlertSignal, FeedActivity, FeedState, MinuteCount, Novelty
from streams.feeds.cadence import Cadence, span, with_hour
from streams.feeds.contract_drift import (
    QUIET_MS,
    breaking,
    learnt,
    share_broken,
)
from streams.feeds.staleness import (
    ALL_FEEDS,
    Overdue,
    cadence_of_all,
    first_seen,
    hear,
    is_over,
    last_heard,
    look,
    overdue,
)
from streams.kernel.vocabulary import AlertKind, AlertState, ExceptionType, Reason, Severity

KEPT_MINUTES = 180
"""How far back the counts per minute reach; older minutes are dropped."""
AHEAD_MINUTES = 60
"""How far ahead of the clock an event time may lie and still be counted."""
_MINUTE_MS = 60_000


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
    """Count a chunk of activity in; a stale feed that has spoken within its cadence is resolved. ``states``: of the
    chunk's feeds and of :data:`ALL_FEEDS`.

    Activity read late (a backlog) does not resolve a feed that is silent by now. Nothing is raised here:
    that is the sweep's.
    """
    out = Observed()
    for activity in chunk:
        state = out.states.get(activity.feed) or states.get(activity.feed)
        if state is None:
            state = first_seen(activity.feed, now_ms)
        state, unseen = learnt(_counted(state, activity, now_ms), activity, now_ms)
        out.states[activity.feed] = state
        _judge_drift(state, unseen, activity.broken > 0, now_ms, out)
    for feed, state in list(out.states.items()):
        if state.stale:
            _resolve(state, watched.get(feed), now_ms, out)
    if chunk:
        times = [_received_at(activity, now_ms) for activity in chunk]
        _hear(states.get(ALL_FEEDS) or first_seen(ALL_FEEDS, now_ms), times, now_ms, out)
        out.counts["activities"] = len(chunk)
    return out


def sweep(
    states: Mapping[str, FeedState], watched: Mapping[str, Cadence], now_ms: int, own_silence_ms: int
) -> Observed:
    """What the clock alone brings about: feeds gone stale, feeds no longer watched, feeds never seen.

    A watched feed without a state gets one, watched from now on; so its silence outlives a restart. Where the watch
    itself has not looked for ``own_silence_ms``, or its clock has jumped by as much, every silence is counted anew.
    While all feeds together are silent, for as long and longer than is usual, that is said once, and of none alone.
    """
    out = Observed()
    known = states.get(ALL_FEEDS) or first_seen(ALL_FEEDS, now_ms)
    together = look(known, now_ms, own_silence_ms)
    if together is not known:
        out.states[ALL_FEEDS] = together
    _sweep_together(together, cadence_of_all(states, watched, own_silence_ms), now_ms, out)
    all_silent = out.states.get(ALL_FEEDS, together).stale
    for feed in watched.keys() - states.keys():
        out.states[feed] = first_seen(feed, now_ms)
    for feed, state in sorted(states.items()):
        if feed == ALL_FEEDS:
            continue
        cadence = watched.get(feed)
        if state.stale:
            _resolve(state, cadence, now_ms, out)
        elif cadence is not None and not all_silent:
            _raise(state, overdue(state, cadence, together.watched_since, now_ms), out)
        _settle_drift(out.states.get(feed, state), now_ms, out)
    return out


def _sweep_together(together: FeedState, cadence: Cadence | None, now_ms: int, out: Observed) -> None:
    if together.stale and cadence is None:
        _settle(together, now_ms, "are no longer watched together", out)
    elif cadence is not None and not together.stale:
        _raise(together, overdue(together, cadence, together.watched_since, now_ms), out)


def rate(state: FeedState, window_minutes: int, now_ms: int) -> float:
    """Events per minute of event time in the window that ends now (the current minute included)."""
    newest = now_ms // _MINUTE_MS
    oldest = newest - window_minutes
    counted = sum(one.events for one in state.minutes if oldest < one.minute <= newest)
    return counted / window_minutes


def _counted(state: FeedState, activity: FeedActivity, now_ms: int) -> FeedState:
    received_at = _received_at(activity, now_ms)
    heard, week = with_hour(state.heard, state.heard_week, received_at)
    return replace(
        state,
        heard=heard,
        heard_week=week,
        last_received_at=_latest(state.last_received_at, received_at),
        last_event_at=_latest(state.last_event_at, activity.last_event_at),
        events=state.events + activity.events,
        dead_letters=state.dead_letters + activity.dead_letters,
        unmapped=state.unmapped + activity.unmapped,
        minutes=_merged(state, activity.minutes, now_ms),
    )


def _received_at(activity: FeedActivity, now_ms: int) -> int:
    return max(0, min(activity.received_at, now_ms))


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


def _hear(together: FeedState, times: Sequence[int], now_ms: int, out: Observed) -> None:
    """That some feed is heard ends the silence of all; each feed's own is counted anew from then."""
    was_silent = together.stale and max(times) > (together.stale_since or 0)
    together = out.states[ALL_FEEDS] = hear(together, times)
    if was_silent:
        out.states[ALL_FEEDS] = replace(together, watched_since=now_ms)
        _settle(together, max(times), "are heard of again", out)


def _resolve(state: FeedState, cadence: Cadence | None, now_ms: int, out: Observed) -> None:
    """Resolve what was said of a feed that has spoken within its cadence, or is watched no more."""
    if cadence is None:
        _settle(state, now_ms, "is no longer watched", out)
    elif is_over(state, cadence, now_ms):
        _settle(state, last_heard(state), "speaks again", out)


def _raise(state: FeedState, found: Overdue | None, out: Observed) -> None:
    if found is None:
        return
    out.states[state.feed] = replace(out.states.get(state.feed, state), stale=True, stale_since=found.since)
    out.alerts.append(_alert(state.feed, AlertState.RAISED, found.words, found.since, found.since))
    out.counts["raised"] = out.counts.get("raised", 0) + 1


def _settle(state: FeedState, changed_at: int, words: str, out: Observed) -> None:
    raised_at = last_heard(state) if state.stale_since is None else state.stale_since
    out.states[state.feed] = replace(out.states.get(state.feed, state), stale=False, stale_since=None)
    out.alerts.append(_alert(state.feed, AlertState.RESOLVED, words, raised_at, changed_at))
    out.counts["resolved"] = out.counts.get("resolved", 0) + 1


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
            _alert(state.feed, AlertState.RAISED, words, raised_at, now_ms, AlertKind.CONTRACT_DRIFT, severity)
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
        state.feed, AlertState.RESOLVED, f"has sent nothing new for {span(QUIET_MS // 1000)}", state.drift_since,
        now_ms, AlertKind.CONTRACT_DRIFT,
    ))


def _alert(
    feed: str, state: AlertState, words: str, raised_at: int, changed_at: int,
    kind: AlertKind = AlertKind.FEED_STALE, severity: Severity = Severity.WARNING,
) -> AlertSignal:
    return AlertSignal(
        alert_id=alert_id(kind, feed),
        kind=kind,
        state=state,
        severity=severity,
        subject=feed,
        message=f"{'Feeds' if feed == ALL_FEEDS else f'Feed {feed}'} {words}",
        exception=ExceptionType.NONE,
        reason=Reason.FEED_STALE if kind is AlertKind.FEED_STALE else Reason.OTHER,
        raised_at=raised_at,
        changed_at=changed_at,
        feed=feed,
        cause=words,
    )
