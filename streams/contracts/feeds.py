"""The values of ``feed.activity`` and ``feed.state``. Times are UTC milliseconds."""

from __future__ import annotations

from msgspec import Struct, field


class FeedActivity(Struct):
    """The activity of one feed in one chunk. ``broken``: records that break the feed's contract."""

    feed: str
    events: int
    dead_letters: int
    unmapped: int
    first_event_at: int | None
    last_event_at: int | None
    received_at: int
    minutes: list[MinuteCount]
    carrier_errors: int = 0
    records: int = 0
    broken: int = 0
    novel: list[Novelty] = field(default_factory=list)


class Novelty(Struct, frozen=True, array_like=True):
    """A field, type or code that an intake worker had not reported yet, and a raw record that has it."""

    what: str
    topic: str
    partition: int
    offset: int


class FeedPause(Struct):
    """Whether intake of a feed is paused; the newest record of a feed counts. ``why``: empty once resumed;
    ``unlimited_until``: until when dead letters pause it no more."""

    feed: str
    paused: bool
    changed_at: int
    changed_by: str
    why: str
    unlimited_until: int | None = None


class MinuteCount(Struct, frozen=True, array_like=True):
    """Events of one feed whose event time lies in one minute (``minute``: minutes since the epoch)."""

    minute: int
    events: int


class FeedState(Struct):
    """The state of one feed, or of all together; the changelog of the feeds stage.

    ``heard``, ``heard_week``: the hours of the last weeks in which it sent (``feeds/cadence.py``). ``shapes``: fields,
    types and codes seen, as numbers. ``looked_at``: for all together, when the last noted sweep ran.
    """

    feed: str
    last_received_at: int | None
    last_event_at: int | None
    events: int
    dead_letters: int
    unmapped: int
    stale: bool
    stale_since: int | None
    watched_since: int
    minutes: list[MinuteCount] = field(default_factory=list)
    records: int = 0
    shapes: list[int] = field(default_factory=list)
    drift: list[DriftHour] = field(default_factory=list)
    drift_since: int | None = None
    drift_at: int | None = None
    drift_examples: list[str] = field(default_factory=list)
    heard: bytes = b""
    heard_week: int = 0
    looked_at: int | None = None


class DriftHour(Struct, frozen=True, array_like=True):
    """Payloads of one feed in one hour (``hour``: since the epoch): all, breaking the contract, of unseen shape."""

    hour: int
    records: int
    broken: int
    unseen: int


MOST_SHAPES = 2_000
MOST_EXAMPLES = 5
