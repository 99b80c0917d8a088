"""Decides when a feed has been silent for too long, and when all are: then our own intake fails, not the feeds.

All feeds together have a record like that of one feed, under ``ALL_FEEDS``. Silences count from its ``watched_since``:
since then records arrived and sweeps ran. Times are UTC ms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from streams.contracts.model import FeedState
from streams.feeds.cadence import Cadence, explanation, span, stale_at, weekly_pattern, with_hour
from streams.feeds.feed_alerts import ALL_FEEDS

NOTED_MS = 300_000
"""How often a sweep is noted in the state."""


class Silence(Struct, frozen=True):
    """A silence that is too long: since when it is, and the words of its alert."""

    since: int
    words: str


def first_seen(feed: str, now_ms: int) -> FeedState:
    """The state of a feed before its first record."""
    return FeedState(
        feed=feed, last_received_at=None, last_event_at=None, events=0, dead_letters=0, unmapped=0,
        stale=False, stale_since=None, watched_since=now_ms,
    )  # fmt: skip


def last_received(state: FeedState) -> int:
    """The time of its last record; before the first, since when it is watched."""
    return state.watched_since if state.last_received_at is None else state.last_received_at


def with_receipts(together: FeedState, times: Sequence[int]) -> FeedState:
    """The state of all feeds together, with receipts of any of them."""
    heard, week = together.heard, together.heard_week
    for at in times:
        heard, week = with_hour(heard, week, at)
    latest = max([*times, together.last_received_at or 0])
    return replace(together, last_received_at=latest, heard=heard, heard_week=week)


def with_check(together: FeedState, now_ms: int, own_silence_ms: int) -> FeedState:
    """The state of all feeds together, with a note, every ``NOTED_MS``, that a sweep ran. Where none ran for
    ``own_silence_ms``, or the clock jumped, silences count from now."""
    looked_at = together.looked_at
    if looked_at is None or abs(now_ms - looked_at) > own_silence_ms:
        return replace(together, looked_at=now_ms, watched_since=now_ms)
    return replace(together, looked_at=now_ms) if now_ms - looked_at >= NOTED_MS else together


def cadence_of_all(
    states: Mapping[str, FeedState], watched: Mapping[str, Cadence], own_silence_ms: int
) -> Cadence | None:
    """Returns how often any feed at all is expected to send; None where fewer than two ever did."""
    known = [watched[feed] for feed, state in states.items() if feed in watched and state.last_received_at is not None]
    if len(known) < 2:
        return None
    every = min(one.expect_every_s for one in known)
    shared = set.intersection(*(set(one.pauses) for one in known))
    pauses = tuple(sorted(shared, key=lambda one: one.begins))
    return Cadence(every, max(own_silence_ms // 1000, 2 * every), pauses)


def has_recovered(state: FeedState, cadence: Cadence, now_ms: int) -> bool:
    """Whether a feed that was silent has sent within its cadence."""
    learnt = weekly_pattern(state.heard, state.heard_week, cadence.pauses)
    found = stale_at(last_received(state), cadence, learnt, now_ms)
    return found is None or now_ms <= found.at


def find_silence(state: FeedState, cadence: Cadence, counted_from: int, now_ms: int) -> Silence | None:
    """The silence of a feed where it is too long by now; None where it is not. It counts from ``counted_from`` on."""
    since = max(last_received(state), counted_from)
    if now_ms - since <= cadence.stale_after_s * 1000:
        return None
    learnt = weekly_pattern(state.heard, state.heard_week, cadence.pauses)
    found = stale_at(since, cadence, learnt, now_ms)
    if found is None or now_ms <= found.at:
        return None
    return Silence(found.at, (
        f"{_is_silent(state)} for more than {span(found.wait_s)}, since {_second(last_received(state))}; "
        f"{explanation(cadence, learnt, found)}"
    ))


def _is_silent(state: FeedState) -> str:
    if state.feed == ALL_FEEDS:
        return "are all silent"
    return "was not heard of" if state.last_received_at is None else "is silent"


def _second(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
