"""The intake step: raw records in, canonical events, unresolved ones and refusals out. Pure; never raises
for bad input.

What a carrier's bytes mean is its adapter's business; here every record is accounted for: it yields at
least one event, or a refusal that says why not. All times are UTC milliseconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct, field

from streams.errors import Reject
from streams.identity import digest
from streams.model import CarrierEvent, FeedActivity, MinuteCount, Record
from streams.vocabulary import Flag, Milestone, RejectReason

DEFAULT_CHANNEL = ""
_RAW_PREFIX, _RAW_SUFFIX = "raw.", ".v1"
_MINUTE_MS = 60_000
_FUTURE = Flag.TIMESTAMP_FUTURE.value
_UNMAPPED = Flag.CODE_UNMAPPED.value


class HeaderNames(Struct, frozen=True):
    """The record headers intake reads; ``received_at`` holds UTC ms in decimal digits."""

    feed: str = "feed"
    channel: str = "channel"
    received_at: str = "received-at"
    correlation_id: str = "correlation-id"


class RawContext(Struct, frozen=True):
    """What is known of a raw record beside its bytes. ``channel`` is empty where the record has none."""

    feed: str
    channel: str
    topic: str
    partition: int
    offset: int
    received_at: int
    correlation_id: str


class Parsed(Struct):
    """What an adapter made of one record: complete canonical events, and what in it could not be used.

    An event whose ``tracking_number`` is empty carries at least one reference.
    """

    events: list[CarrierEvent] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


class Adapter(Protocol):
    """Reads one feed's payloads."""

    feed: str

    def parse(self, body: bytes, context: RawContext) -> Parsed:
        """Events and rejects of one payload, which is neither empty nor too large.

        Raises Reject where nothing in it can be used.
        """


class TakenIn(Struct):
    """What a chunk brought. ``unresolved``: (TYPE:REFERENCE, event) pairs; ``activity``: one per known feed."""

    events: list[CarrierEvent] = field(default_factory=list)
    unresolved: list[tuple[str, CarrierEvent]] = field(default_factory=list)
    refused: list[tuple[Record, Reject]] = field(default_factory=list)
    activity: list[FeedActivity] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def reference_key(event: CarrierEvent) -> str:
    """``TYPE:REFERENCE`` of an event without the carrier's own number."""
    first = event.references[0]
    return f"{first.type}:{first.value}"


class _Seen:
    """What one feed did in this chunk."""

    __slots__ = ("dead_letters", "events", "received_at", "times", "unmapped")

    def __init__(self) -> None:
        self.events = 0
        self.dead_letters = 0
        self.unmapped = 0
        self.received_at = 0
        self.times: Counter[int] = Counter()

    def activity(self, feed: str, first: int | None, last: int | None) -> FeedActivity:
        minutes = [MinuteCount(minute, count) for minute, count in sorted(self.times.items())]
        return FeedActivity(
            feed, self.events, self.dead_letters, self.unmapped, first, last, self.received_at, minutes
        )
