"""When a feed has been silent for too long, and when all are: then it is our own hearing that fails, not the feeds'.

What all feeds together are is a record like that of one, under :data:`ALL_FEEDS`. Its ``watched_since`` is from when
silences count: since then some feed was heard now and then, and the watch looked. Times are UTC ms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from streams.contracts.model import FeedState
from streams.feeds.cadence import Cadence, due, expected, rhythm, span, with_hour

ALL_FEEDS = "*"
"""The key of what is known of all feeds together."""
NOTED_MS = 300_000
"""How often the watch notes that it looks."""


class Overdue(Struct, frozen=True):
    """A silence that is too long: since when, and what to say of it."""

    since: int
    words: str


def first_seen(feed: str, now_ms: int) -> FeedState:
    """What is known of a feed nothing is known of."""
    return FeedState(
        feed=feed, last_received_at=None, last_event_at=None, events=0, dead_letters=0, unmapped=0,
        stale=False, stale_since=None, watched_since=now_ms,
    )  # fmt: skip


def last_heard(state: FeedState) -> int:
    """When it was heard last; of a feed never heard, since when it is watched."""
    return state.watched_since if state.last_received_at is None else state.last_received_at


def hear(together: FeedState, times: Sequence[int]) -> FeedState:
    """All feeds together, with receipts of any of them."""
    heard, week = together.heard, together.heard_week
    for at in times:
        heard, week = with_hour(heard, week, at)
    latest = max([*times, together.last_received_at or 0])
    return replace(together, last_received_at=latest, heard=heard, heard_week=week)


def look(together: FeedState, now_ms: int, own_silence_ms: int) -> FeedState:
    """All feeds together, with a note, now and then, that the watch looked. Where it had not for so long, or its clock
    has jumped, silences count from now."""
    looked_at = together.looked_at
    if looked_at is None or abs(now_ms - looked_at) > own_silence_ms:
        return replace(together, looked_at=now_ms, watched_since=now_ms)
    return replace(together, looked_at=now_ms) if now_ms - looked_at >= NOTED_MS else together


def cadence_of_all(
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


def is_over(state: FeedState, cadence: Cadence, now_ms: int) -> bool:
    """Whether a feed that was silent has spoken within its cadence."""
    found = due(last_heard(state), cadence, rhythm(state.heard, state.heard_week, cadence.pauses), now_ms)
    return found is None or now_ms <= found.at


def overdue(state: FeedState, cadence: Cadence, counted_from: int, now_ms: int) -> Overdue | None:
    """Since when a feed is silent for too long; None while it is not. Silences count from ``counted_from`` on."""
    since = max(last_heard(state), counted_from)
    if now_ms - since <= cadence.stale_after_s * 1000:
        return None
    learnt = rhythm(state.heard, state.heard_week, cadence.pauses)
    found = due(since, cadence, learnt, now_ms)
    if found is None or now_ms <= found.at:
        return None
    return Overdue(found.at, (
        f"{_is_silent(state)} for more than {span(found.wait_s)}, since {_second(last_heard(state))}; "
        f"{expected(cadence, learnt, found)}"
    ))


def _is_silent(state: FeedState) -> str:
    if state.feed == ALL_FEEDS:
        return "are all silent"
    return "was not heard of" if state.last_received_at is None else "is silent"


def _second(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
