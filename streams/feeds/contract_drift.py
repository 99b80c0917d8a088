"""Contract drift: a feed sends what it never sent before, or so many payloads break its contract that the carrier must
have changed it.

The first ``LEARNT_RECORDS`` records of a feed raise nothing; their shapes count as known. Times are UTC ms.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from streams.contracts.feeds import MOST_EXAMPLES, MOST_SHAPES
from streams.contracts.ids import digest
from streams.contracts.model import AlertSignal, DriftHour, FeedActivity, FeedState, Novelty
from streams.feeds.cadence import span
from streams.feeds.feed_alerts import feed_alert
from streams.kernel.vocabulary import AlertKind, AlertState, Severity

LEARNT_RECORDS = 500
"""Records of a feed after which a shape never seen before raises an alert."""
KEPT_HOURS = 24
QUIET_MS = KEPT_HOURS * 3_600_000
"""Sets how long a feed must be without drift for the alert to be resolved."""
BREAKING_SHARE, BREAKING_RECORDS = 0.05, 5
_HOUR_MS = 3_600_000


def with_shapes(state: FeedState, activity: FeedActivity, now_ms: int) -> tuple[FeedState, list[Novelty]]:
    """The feed's state with the shapes and counts of this activity, and the shapes never seen before."""
    known = set(state.shapes)
    fresh = {_number(one.what): one for one in activity.novel if _number(one.what) not in known}
    is_learning = state.records < LEARNT_RECORDS
    unseen = [] if is_learning else list(fresh.values())
    room = MOST_SHAPES - len(state.shapes)
    return replace(
        state,
        records=state.records + activity.records,
        shapes=[*state.shapes, *list(fresh)[:room]] if fresh else state.shapes,
        drift=_counted(state.drift, activity, len(unseen), now_ms),
    ), unseen


def with_drift(
    state: FeedState, unseen: Sequence[Novelty], has_broken: bool, now_ms: int
) -> tuple[FeedState, AlertSignal | None]:
    """The feed's state after drift, and the alert where it is raised or has new examples. ``has_broken``: whether a
    payload of this activity broke the contract."""
    is_breaking = has_broken and breaking(state, now_ms)
    if not unseen and not is_breaking:
        return state, None
    fresh = [f"{one.what} ({one.topic}/{one.partition}@{one.offset})" for one in unseen]
    examples = [*state.drift_examples, *fresh][:MOST_EXAMPLES]
    raised_at = now_ms if state.drift_since is None else state.drift_since
    after = replace(state, drift_since=raised_at, drift_at=now_ms, drift_examples=examples)
    if state.drift_since is not None and examples == state.drift_examples:
        return after, None
    severity = Severity.CRITICAL if is_breaking else Severity.WARNING
    return after, feed_alert(
        state.feed, AlertState.RAISED, _words(state, examples, now_ms), raised_at, now_ms, AlertKind.CONTRACT_DRIFT,
        severity,
    )


def without_old_drift(state: FeedState, now_ms: int) -> tuple[FeedState, AlertSignal | None]:
    """The feed's state, and its drift alert resolved after ``QUIET_MS`` without drift: by then the shape is mapped or
    common."""
    if state.drift_since is None or state.drift_at is None or now_ms - state.drift_at <= QUIET_MS:
        return state, None
    words = f"has sent nothing new for {span(QUIET_MS // 1000)}"
    return replace(state, drift_since=None, drift_at=None, drift_examples=[]), feed_alert(
        state.feed, AlertState.RESOLVED, words, state.drift_since, now_ms, AlertKind.CONTRACT_DRIFT
    )


def share_broken(state: FeedState, now_ms: int) -> tuple[int, int]:
    """(payloads that broke the contract, payloads) in this hour and the one before."""
    hour = now_ms // _HOUR_MS
    near = [one for one in state.drift if one.hour >= hour - 1]
    return sum(one.broken for one in near), sum(one.records for one in near)


def breaking(state: FeedState, now_ms: int) -> bool:
    """Whether so many payloads break the contract that the carrier must have changed it."""
    broken, records = share_broken(state, now_ms)
    return broken >= BREAKING_RECORDS and broken >= BREAKING_SHARE * records


def _words(state: FeedState, examples: Sequence[str], now_ms: int) -> str:
    broken, records = share_broken(state, now_ms)
    words = [f"sends what it never sent before: {'; '.join(examples)}"] if examples else []
    if broken:
        words.append(f"{broken} of its last {records} payloads broke its contract")
    return "; ".join(words)


def _counted(hours: Sequence[DriftHour], activity: FeedActivity, unseen: int, now_ms: int) -> list[DriftHour]:
    hour = now_ms // _HOUR_MS
    kept = [one for one in hours if hour - KEPT_HOURS < one.hour <= hour]
    last = kept.pop() if kept and kept[-1].hour == hour else DriftHour(hour, 0, 0, 0)
    return [*kept, DriftHour(
        hour, last.records + activity.records, last.broken + activity.broken, last.unseen + unseen,
    )]


def _number(what: str) -> int:
    """A shape as a number that fits an Avro long."""
    return int(digest(what)[:15], 16)
