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
from msgspec.structs import replace

from streams.contracts.ids import digest
from streams.contracts.model import (
    Acknowledgement,
    CarrierEvent,
    EdiReceipt,
    FeedActivity,
    MinuteCount,
    Novelty,
    Record,
)
from streams.contracts.references import most_specific
from streams.intake.control_numbers import ControlNumbers, Envelope
from streams.intake.payload_shape import BREAKS_CONTRACT, Told, sampled
from streams.kernel.carrier_errors import CarrierError
from streams.kernel.errors import Reject
from streams.kernel.memo import Memory
from streams.kernel.vocabulary import Flag, RejectReason

_RAW_PREFIX, _RAW_SUFFIX = "raw.", ".v1"
_MINUTE_MS = 60_000
_STAMP_DIGITS = 16
_LONGEST_CODE = 120
_FUTURE = Flag.TIMESTAMP_FUTURE.value
_REPEATED = Flag.CONTROL_NUMBER_REPEATED.value
_UNMAPPED = Flag.CODE_UNMAPPED.value


class HeaderNames(Struct, frozen=True):
    """The record headers intake reads; ``received_at`` holds UTC ms in decimal digits, ``asked_number`` the tracking
    number a poller asked for."""

    feed: str = "feed"
    channel: str = "channel"
    received_at: str = "received-at"
    correlation_id: str = "correlation-id"
    asked_number: str = "tracking-number"


DEFAULT_NAMES = HeaderNames()


class RawContext(Struct, frozen=True, gc=False):
    """What is known of a raw record beside its bytes. ``channel`` is empty where the record has none, and
    ``asked_number`` where it is no answer to a question about one number."""

    feed: str
    channel: str
    topic: str
    partition: int
    offset: int
    received_at: int
    correlation_id: str
    asked_number: str = ""


class Parsed(Struct):
    """What an adapter made of one record: complete canonical events, and what in it could not be used.

    An event whose ``tracking_number`` is empty carries at least one reference. ``errors`` are the carrier's
    own words that there is nothing to tell; ``acknowledgements`` those of EDI, ours and theirs; ``envelopes`` what of
    EDI was read, rejected sets among it.
    """

    events: list[CarrierEvent] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    errors: list[CarrierError] = field(default_factory=list)
    acknowledgements: list[Acknowledgement] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)


class Adapter(Protocol):
    """Reads one feed's payloads."""

    feed: str

    def parse(self, body: bytes, context: RawContext) -> Parsed:
        """Events and rejects of one payload, which is neither empty nor too large.

        Raises Reject where nothing in it can be used.
        """

    def shape(self, body: bytes) -> set[str]:
        """The fields of a payload with the kinds of their values (``intake/payload_shape.py``). Raises Reject."""


class TakenIn(Struct):
    """What a chunk brought. ``unresolved``: (TYPE:REFERENCE, event) pairs; ``errors``: each with its
    record's context; ``activity``: one per known feed; ``flags``: (feed, flag) -> events that bear it."""

    events: list[CarrierEvent] = field(default_factory=list)
    unresolved: list[tuple[str, CarrierEvent]] = field(default_factory=list)
    refused: list[tuple[Record, Reject]] = field(default_factory=list)
    errors: list[tuple[RawContext, CarrierError]] = field(default_factory=list)
    acknowledgements: list[Acknowledgement] = field(default_factory=list)
    receipts: list[EdiReceipt] = field(default_factory=list)
    activity: list[FeedActivity] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    flags: dict[tuple[str, str], int] = field(default_factory=dict)

    def flagged(self, flag: str) -> int:
        """How many events of all feeds bear the flag."""
        return sum(number for (_, name), number in self.flags.items() if name == flag)


def reference_key(event: CarrierEvent) -> str:
    """``TYPE:REFERENCE`` of an event without the carrier's own number: its most specific reference. Empty where none
    has a value."""
    found = most_specific(event.references)
    return "" if found is None else found.key


class _Seen:
    """What one feed did in this chunk."""

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
        self.records += 1
        if parsed.rejects:
            self.dead_letters += len(parsed.rejects)
            self.broken += any(reject.reason in BREAKS_CONTRACT for reject in parsed.rejects)
        self.errors += len(parsed.errors)
        if received_at > self.received_at:
            self.received_at = received_at
        self.events += parsed.events

    def flagged(self) -> list[CarrierEvent]:
        return [event for event in self.events if event.flags]

    def activity(self, feed: str, unmapped: int) -> FeedActivity:
        times = [event.occurred_at for event in self.events]
        minutes = Counter([time // _MINUTE_MS for time in times])
        return FeedActivity(
            feed, len(times), self.dead_letters, unmapped, min(times, default=None), max(times, default=None),
            self.received_at, [MinuteCount(minute, count) for minute, count in sorted(minutes.items())],
            self.errors, self.records, self.broken, self.novel,
        )


def take_in(
    records: Sequence[Record],
    adapters: Mapping[str, Adapter],
    now_ms: int,
    max_bytes: int,
    names: HeaderNames = DEFAULT_NAMES,
    told: Told | None = None,
    numbers: ControlNumbers | None = None,
) -> TakenIn:
    """Take in a chunk of one raw topic. ``now_ms`` stands in where a record tells no time of receipt; ``told`` is
    what was told of the feeds' shapes before (without it nothing is), ``numbers`` the control numbers of EDI seen
    before (without them only those repeated within a record are flagged).
    """
    out = TakenIn()
    seen: dict[str, _Seen] = {}
    for record in records:
        context = _context(record, names, now_ms)
        parsed = _parse(record.value, context, adapters, max_bytes)
        if parsed.rejects:
            out.refused += [(record, reject) for reject in parsed.rejects]
        if parsed.envelopes and numbers is not None:
            out.receipts += _flag_repeated(parsed, context, numbers)
        feed = context.feed
        counted = seen.get(feed)
        if counted is None and feed in adapters:
            counted = seen[feed] = _Seen()
        if counted is not None:
            counted.count(parsed, context.received_at)
            if parsed.errors:
                out.errors += [(context, error) for error in parsed.errors]
            if parsed.acknowledgements:
                out.acknowledgements += parsed.acknowledgements
        for event in parsed.events:
            if event.tracking_number:
                out.events.append(event)
            else:
                out.unresolved.append((reference_key(event), event))
    if told is not None:
        for record in sampled(records):
            feed = _context(record, names, now_ms).feed
            if feed in seen:
                seen[feed].novel += told.news(feed, _shape(adapters[feed], record.value, max_bytes), record)
        _unmapped_codes(seen, told, records)
    for feed, counted in seen.items():
        flags = Counter(flag for event in counted.flagged() for flag in dict.fromkeys(event.flags))
        out.flags |= {(feed, flag): number for flag, number in flags.items()}
        out.activity.append(counted.activity(feed, flags[_UNMAPPED]))
    out.counts = {
        "records": len(records), "events": len(out.events), "unresolved": len(out.unresolved),
        "refused": len(out.refused), "carrier_errors": len(out.errors),
        "acknowledgements": len(out.acknowledgements), "unmapped": out.flagged(_UNMAPPED),
        "future": out.flagged(_FUTURE),
    }
    return out


def _flag_repeated(parsed: Parsed, context: RawContext, numbers: ControlNumbers) -> list[EdiReceipt]:
    repeats, first = numbers.repeated(parsed.envelopes, context)
    for one in repeats:
        for event in one.events:
            if _REPEATED not in event.flags:
                event.flags = [*event.flags, _REPEATED]
    return first


def _shape(adapter: Adapter, body: bytes | None, max_bytes: int) -> set[str]:
    if not body or len(body) > max_bytes:
        return set()
    try:
        return adapter.shape(body)
    except Reject:
        return set()


def _unmapped_codes(seen: Mapping[str, _Seen], told: Told, records: Sequence[Record]) -> None:
    by_offset: dict[int, Record] = {}
    for feed, counted in seen.items():
        for event in counted.flagged():
            if _UNMAPPED in event.flags:
                by_offset = by_offset or {record.offset: record for record in records}
                what = f"code {event.carrier_code or event.carrier_text}"
                counted.novel += told.news(feed, (what[:_LONGEST_CODE],), by_offset[event.source.offset])


def _lenient(name: bytes) -> str:
    return name.decode("utf-8", "replace")


_NAMES = Memory(_lenient)
"""Of feeds and channels: few, and in every record."""


def _context(record: Record, names: HeaderNames, now_ms: int) -> RawContext:
    header = dict(record.headers).get
    topic, partition, offset = record.topic, record.partition, record.offset
    feed, channel, asked = header(names.feed), header(names.channel), header(names.asked_number)
    stamp, correlation = header(names.received_at), header(names.correlation_id)
    if stamp is not None and stamp.isdigit() and len(stamp) < _STAMP_DIGITS:
        received_at = int(stamp)
    else:
        received_at = record.timestamp if record.timestamp > 0 else now_ms
    return RawContext(
        _NAMES[feed] if feed else topic.removeprefix(_RAW_PREFIX).removesuffix(_RAW_SUFFIX),
        _NAMES[channel] if channel else "",
        topic, partition, offset, received_at,
        correlation.decode("utf-8", "replace") if correlation else digest(topic, str(partition), str(offset)),
        "" if asked is None else asked.decode("utf-8", "replace"),
    )


def _parse(
    body: bytes | None, context: RawContext, adapters: Mapping[str, Adapter], max_bytes: int
) -> Parsed:
    adapter = adapters.get(context.feed)
    try:
        if not body:
            raise Reject(RejectReason.EMPTY, "a record without a value")
        if len(body) > max_bytes:
            raise Reject(RejectReason.TOO_LARGE, f"{len(body)} bytes; {max_bytes} are taken")
        if adapter is None:
            raise Reject(RejectReason.UNKNOWN_FEED, f"no carrier has the feed {context.feed!r}")
        parsed = adapter.parse(body, context)
    except Reject as reject:
        return Parsed([], [reject])
    except Exception as error:
        # The one broad except of the project: an adapter's fault on one record (a shape nobody foresaw)
        # must cost that record alone, not stop its feed. Nothing is swallowed: it is dead-lettered whole.
        return Parsed([], [Reject(RejectReason.INTERNAL, f"{type(error).__name__}: {error}")])
    return _accounted_for(parsed)


def _accounted_for(parsed: Parsed) -> Parsed:
    events = parsed.events
    for event in events:
        if not event.tracking_number and not event.references:
            return _without_nameless(parsed)
    if not events and not (parsed.rejects or parsed.errors or parsed.acknowledgements):
        parsed.rejects.append(Reject(RejectReason.UNEXPECTED_SHAPE, "the adapter found nothing in it"))
    return parsed


def _without_nameless(parsed: Parsed) -> Parsed:
    named = [event for event in parsed.events if event.tracking_number or event.references]
    lost = Reject(RejectReason.NO_REFERENCE, f"{len(parsed.events) - len(named)} events name no shipment")
    return replace(parsed, events=named, rejects=[*parsed.rejects, lost])
