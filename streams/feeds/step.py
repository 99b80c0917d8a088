"""The feeds step: what intake saw of each feed in; its events per minute, and alerts about silent feeds and contract
drift, out.

Reads ``feed.activity``; writes ``alert.signals`` and, as its state, ``feed.state``. A feed is silent by the clock of
receipt: a timer compares the time of its last record with the time now. Event times only enter the counts per minute.
All times are UTC ms; ``now_ms`` is the worker's clock and may jump, also back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from streams.contracts.model import AlertSignal, FeedActivity, FeedState, MinuteCount
from streams.feeds.cadence import Cadence, with_hour
from streams.feeds.contract_drift import with_drift, with_shapes, without_old_drift
from streams.feeds.feed_alerts import ALL_FEEDS, feed_alert
from streams.feeds.staleness import (
    Silence,
    cadence_of_all,
    find_silence,
    first_seen,
    has_recovered,
    last_received,
    with_check,
    with_receipts,
)
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import AlertKind, AlertState

KEPT_MINUTES = 180
"""How far back the counts per minute reach; older minutes are dropped."""
AHEAD_MINUTES = 60
"""How far ahead of the clock an event time may lie and still be counted."""
_MINUTE_MS = 60_000
_Changed = tuple[FeedState, AlertSignal | None]


class FeedsOutputs(Struct):
    """Alerts about feeds, raised and resolved."""

    alerts: list[AlertSignal] = field(default_factory=list)


def step(
    chunk: Sequence[FeedActivity],
    states: Mapping[str, FeedState | None],
    watched: Mapping[str, Cadence],
    now_ms: int,
) -> StepResult[FeedsOutputs, FeedState]:
    """Count a chunk of activity; resolve the alert of a silent feed that sends again within its cadence.

    ``states``: stored states of the chunk's feeds and of ``ALL_FEEDS``; left unchanged. ``watched``: feed -> cadence.
    Activity read late (a backlog) does not resolve a feed that is silent by now. Silence is raised by the sweep alone.
    ``counts``: activities, and alerts by outcome (raised, resolved, drifts).
    """
    changed: dict[str, FeedState] = {}
    alerts: list[AlertSignal | None] = []
    for activity in chunk:
        known = changed.get(activity.feed) or states.get(activity.feed) or first_seen(activity.feed, now_ms)
        state, unseen = with_shapes(_counted(known, activity, now_ms), activity, now_ms)
        changed[activity.feed], alert = with_drift(state, unseen, activity.broken > 0, now_ms)
        alerts.append(alert)
    for feed, state in list(changed.items()):
        if state.stale:
            changed[feed], alert = _recovered(state, watched.get(feed), now_ms)
            alerts.append(alert)
    if chunk:
        times = [_received_at(activity, now_ms) for activity in chunk]
        together = states.get(ALL_FEEDS) or first_seen(ALL_FEEDS, now_ms)
        changed[ALL_FEEDS], alert = _any_received(together, times, now_ms)
        alerts.append(alert)
    return _result(changed, alerts, {"activities": len(chunk)})


def sweep(
    states: Mapping[str, FeedState], watched: Mapping[str, Cadence], now_ms: int, own_silence_ms: int
) -> StepResult[FeedsOutputs, FeedState]:
    """Finds the feeds that have gone silent, those no longer watched and those never seen.

    ``states``: all stored states. A watched feed without a state gets one that counts from now, so that its silence
    outlives a restart. Where no sweep ran for ``own_silence_ms``, or the clock jumped by as much, every silence counts
    from now. While all feeds together are silent for unusually long, one alert says so, and none is raised for a single
    feed. ``counts`` as in :func:`step`.
    """
    known = states.get(ALL_FEEDS) or first_seen(ALL_FEEDS, now_ms)
    checked = with_check(known, now_ms, own_silence_ms)
    together, alert = _swept_together(checked, cadence_of_all(states, watched, own_silence_ms), now_ms)
    changed: dict[str, FeedState] = {} if together is known else {ALL_FEEDS: together}
    alerts = [alert]
    for feed in watched.keys() - states.keys():
        changed[feed] = first_seen(feed, now_ms)
    for feed, before in sorted(states.items()):
        if feed == ALL_FEEDS:
            continue
        state, cadence = before, watched.get(feed)
        if state.stale:
            state, alert = _recovered(state, cadence, now_ms)
            alerts.append(alert)
        elif cadence is not None and not together.stale:
            state, alert = _silent(state, find_silence(state, cadence, checked.watched_since, now_ms))
            alerts.append(alert)
        state, alert = without_old_drift(state, now_ms)
        alerts.append(alert)
        if state is not before:
            changed[feed] = state
    return _result(changed, alerts, {})


def _result(
    changed: dict[str, FeedState], maybe: Sequence[AlertSignal | None], counts: Mapping[str, int]
) -> StepResult[FeedsOutputs, FeedState]:
    alerts = [alert for alert in maybe if alert is not None]
    counted = Counter(counts)
    for alert in alerts:
        if alert.kind is AlertKind.FEED_STALE:
            counted[alert.state.value] += 1
        elif alert.state is AlertState.RAISED:
            counted["drifts"] += 1
    return StepResult(FeedsOutputs(alerts), changed, counts=+counted)


def _swept_together(together: FeedState, cadence: Cadence | None, now_ms: int) -> _Changed:
    if together.stale and cadence is None:
        return _settled(together, now_ms, "are no longer watched together")
    if cadence is not None and not together.stale:
        return _silent(together, find_silence(together, cadence, together.watched_since, now_ms))
    return together, None


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


def _any_received(together: FeedState, times: Sequence[int], now_ms: int) -> _Changed:
    """A record of any feed ends the silence of all; the silence of each feed counts from then."""
    was_silent = together.stale and max(times) > (together.stale_since or 0)
    together = with_receipts(together, times)
    if not was_silent:
        return together, None
    return _settled(replace(together, watched_since=now_ms), max(times), "are heard of again")


def _recovered(state: FeedState, cadence: Cadence | None, now_ms: int) -> _Changed:
    """The alert of a silent feed resolved where it sends within its cadence again, or is no longer watched."""
    if cadence is None:
        return _settled(state, now_ms, "is no longer watched")
    if has_recovered(state, cadence, now_ms):
        return _settled(state, last_received(state), "speaks again")
    return state, None


def _silent(state: FeedState, found: Silence | None) -> _Changed:
    if found is None:
        return state, None
    alert = feed_alert(state.feed, AlertState.RAISED, found.words, found.since, found.since)
    return replace(state, stale=True, stale_since=found.since), alert


def _settled(state: FeedState, changed_at: int, words: str) -> _Changed:
    raised_at = last_received(state) if state.stale_since is None else state.stale_since
    alert = feed_alert(state.feed, AlertState.RESOLVED, words, raised_at, changed_at)
    return replace(state, stale=False, stale_since=None), alert
