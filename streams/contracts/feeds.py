"""What is told and kept of feeds: one Struct per topic value, as ``contracts/model.py`` has them."""

from __future__ import annotations

from msgspec import Struct, field


class FeedActivity(Struct):
    """What intake saw of one feed in one chunk."""

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
    """A field, type or code an intake worker had not told of yet, and a raw record it stands in."""

    what: str
    topic: str
    partition: int
    offset: int


class MinuteCount(Struct, frozen=True, array_like=True):
    """Events of one feed whose event time lies in one minute (``minute``: minutes since the epoch)."""

    minute: int
    events: int


class FeedState(Struct):
    """What is known of one feed, or of all together; the changelog of the feeds stage.

    ``heard``, ``heard_week``: in which hours of which weeks it was heard (``feeds/cadence.py``). ``looked_at``: of all
    together, when the watch last looked.
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
    """How the payloads of one feed received in one hour (``hour``: since the epoch) were built."""

    hour: int
    records: int
    broken: int
    unseen: int


MOST_SHAPES = 2_000
MOST_EXAMPLES = 5
