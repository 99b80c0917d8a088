"""Counts one feed's records and events in one chunk, for ``feed.activity``."""

from __future__ import annotations

from collections import Counter

from streams.contracts.model import CarrierEvent, FeedActivity, MinuteCount, Novelty
from streams.intake.adapter import Parsed
from streams.intake.payload_shape import BREAKS_CONTRACT

_MINUTE_MS = 60_000
MOST_NOVEL = 400
"""Limits the new fields and codes told of one chunk: more would make a message no broker takes."""


class FeedTally:
    """Counts the records of one feed as they are parsed. Times are UTC ms."""

    __slots__ = ("broken", "dead_letters", "errors", "events", "novel", "received_at", "records")

    def __init__(self) -> None:
        self.events: list[CarrierEvent] = []
        self.dead_letters = 0
        self.errors = 0
        self.received_at = 0
        self.records = 0
        self.broken = 0
        self.novel: list[Novelty] = []

    def count(self, parsed: Parsed, received_at: int) -> None:
        """Add one record."""
        self.records += 1
        if parsed.rejects:
            self.dead_letters += len(parsed.rejects)
            self.broken += any(reject.reason in BREAKS_CONTRACT for reject in parsed.rejects)
        self.errors += len(parsed.errors)
        if received_at > self.received_at:
            self.received_at = received_at
        self.events += parsed.events

    def flagged(self) -> list[CarrierEvent]:
        """The events with at least one flag."""
        return [event for event in self.events if event.flags]

    def activity(self, feed: str, unmapped: int) -> FeedActivity:
        """The record for ``feed.activity``. ``unmapped``: events whose code no table maps."""
        times = [event.occurred_at for event in self.events]
        minutes = Counter([time // _MINUTE_MS for time in times])
        return FeedActivity(
            feed, len(times), self.dead_letters, unmapped, min(times, default=None), max(times, default=None),
            self.received_at, [MinuteCount(minute, count) for minute, count in sorted(minutes.items())],
            self.errors, self.records, self.broken, self.novel[:MOST_NOVEL],
        )
