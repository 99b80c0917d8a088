"""The feeds step: what intake saw of each feed in, its rate and its silence out.

Reads ``feed.activity``; writes ``ops.alerts`` and, as its state, ``feed.state``. Silence is judged by the
clock of receipt from a last-seen record, swept by a timer; event time only counts into the rate. All
times are UTC ms; ``now_ms`` is the worker's clock and may jump, also back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct, field
from msgspec.structs import replace

from streams.cadence import Cadence, due, expected, rhythm, span, with_hour
from streams.drift import MOST_EXAMPLES, QUIET_MS, breaking, learnt, share_broken
from streams.identity import digest
from streams.model import Alert, FeedActivity, FeedState, MinuteCount, Novelty
from streams.vocabulary import AlertKind, AlertState, ExceptionType, Reason, Severity

KEPT_MINUTES = 180
"""How far back the counts per minute reach; older minutes are dropped."""
AHEAD_MINUTES = 60
"""How far ahead of the clock an event time may lie and still be counted."""
NOTED_MS = 300_000
"""How often the watch notes that it looks."""
ALL_FEEDS = "*"
"""The key of what is known of all feeds together."""
_MINUTE_MS = 60_000


class Observed(Struct):
    """What one chunk or sweep brought about; ``states`` by feed, changed ones only."""

    states: dict[str, FeedState] = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list)
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
            state = _first_seen(activity.feed, now_ms)
        state, unseen = learnt(_counted(state, activity, now_ms), activity, now_ms)
        out.states[activity.feed] = state
        _judge_drift(state, unseen, activity.broken > 0, now_ms, out)
    for feed, state in list(out.states.items()):
        _resolve(state, watched.get(feed), now_ms, out)
    if chunk:
        times = [_received_at(activity, now_ms) for activity in chunk]
        _hear(states.get(ALL_FEEDS) or _first_seen(ALL_FEEDS, now_ms), times, now_ms, out)
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
    together = _looked(states.get(ALL_FEEDS) or _first_seen(ALL_FEEDS, now_ms), now_ms, own_silence_ms, out)
    for feed in watched.keys() - states.keys():
        out.states[feed] = _first_seen(feed, now_ms)
    of_all = _cadence_of_all(states, watched, own_silence_ms)
    if together.stale and of_all is None:
        _settle(together, now_ms, "are no longer watched together", out)
    elif of_all is not None and not together.stale:
        _raise(together, of_all, together.watched_since, now_ms, out)
    together = out.states.get(ALL_FEEDS, together)
    for feed, state in sorted(states.items()):
        if feed == ALL_FEEDS:
            continue
        cadence = watched.get(feed)
        if state.stale:
            _resolve(state, cadence, now_ms, out)
        elif cadence is not None and not together.stale:
            _raise(state, cadence, together.watched_since, now_ms, out)
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
    heard, week, latest = together.heard, together.heard_week, max(times)
    for at in times:
        heard, week = with_hour(heard, week, at)
    together = replace(
        together, last_received_at=_latest(together.last_received_at, latest), heard=heard, heard_week=week
    )
    out.states[ALL_FEEDS] = together
    if together.stale and latest > (together.stale_since or 0):
        out.states[ALL_FEEDS] = replace(together, watched_since=now_ms)
        _settle(together, latest, "are heard of again", out)


def _looked(together: FeedState, now_ms: int, own_silence_ms: int, out: Observed) -> FeedState:
    """Note now and then that the watch looks; where it had not, all begins anew."""
    looked_at = together.looked_at
    if looked_at is None or abs(now_ms - looked_at) > own_silence_ms:
        together = replace(together, looked_at=now_ms, watched_since=now_ms)
    elif now_ms - looked_at >= NOTED_MS:
        together = replace(together, looked_at=now_ms)
    else:
        return together
    out.states[ALL_FEEDS] = together
    return together


def _cadence_of_all(
    states: Mapping[str, FeedState], watched: Mapping[str, Cadence], own_silence_ms: int
) -> Cadence | None:
    """How often any feed at all is to be heard; None where fewer than two ever were: one alone is itself."""
    known = [watched[feed] for feed, state in states.items() if feed in watched and state.last_received_at is not None]
    if len(known) < 2:
        return None
    every = min(one.expect_every_s for one in known)
    shared = set.intersection(*(set(one.pauses) for one in known))
    pauses = tuple(sorted(shared, key=lambda one: one.begins))
    return Cadence(every, max(own_silence_ms // 1000, 2 * every), pauses)


def _resolve(state: FeedState, cadence: Cadence | None, now_ms: int, out: Observed) -> None:
    """Resolve what was said of a feed that has spoken within its cadence, or is watched no more."""
    if not state.stale:
        return
    heard_at = _heard_at(state)
    if cadence is None:
        _settle(state, now_ms, "is no longer watched", out)
        return
    silence = due(heard_at, cadence, rhythm(state.heard, state.heard_week, cadence.pauses), now_ms)
    if silence is None or now_ms <= silence.at:
        _settle(state, heard_at, "speaks again", out)


def _raise(state: FeedState, cadence: Cadence, counted_from: int, now_ms: int, out: Observed) -> None:
    """Say of a feed that it is silent, once it is for too long. No silence counts from before ``counted_from``."""
    heard_at = _heard_at(state)
    since = max(heard_at, counted_from)
    if now_ms - since <= cadence.stale_after_s * 1000:
        return
    known = rhythm(state.heard, state.heard_week, cadence.pauses)
    silence = due(since, cadence, known, now_ms)
    if silence is None or now_ms <= silence.at:
        return
    out.states[state.feed] = replace(out.states.get(state.feed, state), stale=True, stale_since=silence.at)
    what = "not heard of" if state.last_received_at is None else "silent"
    words = (
        f"{_is(state.feed, what)} for more than {span(silence.wait_s)}, since {_second(heard_at)}; "
        f"{expected(cadence, known, silence)}"
    )
    out.alerts.append(_alert(state.feed, AlertState.RAISED, words, silence.at, silence.at))
    out.counts["raised"] = out.counts.get("raised", 0) + 1


def _settle(state: FeedState, changed_at: int, words: str, out: Observed) -> None:
    raised_at = _heard_at(state) if state.stale_since is None else state.stale_since
    out.states[state.feed] = replace(out.states.get(state.feed, state), stale=False, stale_since=None)
    out.alerts.append(_alert(state.feed, AlertState.RESOLVED, words, raised_at, changed_at))
    out.counts["resolved"] = out.counts.get("resolved", 0) + 1


def _heard_at(state: FeedState) -> int:
    return state.watched_since if state.last_received_at is None else state.last_received_at


def _is(feed: str, what: str) -> str:
    if feed == ALL_FEEDS:
        return f"are all {what}"
    return f"was {what}" if what == "not heard of" else f"is {what}"


def _second(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


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
) -> Alert:
    return Alert(
        alert_id=digest(kind.value, feed),
        kind=kind,
        state=state,
        severity=severity,
        subject=feed,
        message=f"{'Feeds' if feed == ALL_FEEDS else f'Feed {feed}'} {words}",
        exception=ExceptionType.NONE,
        reason=Reason.FEED_STALE if kind is AlertKind.FEED_STALE else Reason.OTHER,
        raised_at=raised_at,
        changed_at=changed_at,
    )
