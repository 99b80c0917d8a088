"""The intake step: raw records in; canonical events, unresolved events and refusals out. Never raises for bad input.

What a carrier's bytes mean is its adapter's business. Here every record is accounted for: it yields at least one event,
a carrier error, an acknowledgement, or a refusal that says why not. All times are UTC milliseconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from streams.contracts.ids import digest
from streams.contracts.model import (
    Acknowledgement,
    BookingAnswer,
    CarrierEvent,
    EdiReceipt,
    FeedActivity,
    FreightInvoice,
    Record,
    WmsConfirmation,
)
from streams.contracts.references import most_specific
from streams.intake.adapter import Adapter, Parsed, RawContext
from streams.intake.control_numbers import ControlNumbers
from streams.intake.feed_tally import FeedTally
from streams.intake.payload_shape import ReportedShapes, sampled
from streams.kernel.carrier_errors import CarrierError
from streams.kernel.errors import Reject
from streams.kernel.memo import Memory
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import Flag, RejectReason

_RAW_PREFIX, _RAW_SUFFIX = "raw.", ".v1"
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


class IntakeOutputs(Struct):
    """``unresolved``: events without a tracking number, each with its key TYPE:REFERENCE. ``activity``: one record for
    each known feed. ``carrier_errors``: each with the context of its record. ``flags``: (feed, flag) -> events."""

    events: list[CarrierEvent] = field(default_factory=list)
    unresolved: list[tuple[str, CarrierEvent]] = field(default_factory=list)
    acknowledgements: list[Acknowledgement] = field(default_factory=list)
    receipts: list[EdiReceipt] = field(default_factory=list)
    activity: list[FeedActivity] = field(default_factory=list)
    carrier_errors: list[tuple[RawContext, CarrierError]] = field(default_factory=list)
    flags: dict[tuple[str, str], int] = field(default_factory=dict)
    answers: list[BookingAnswer] = field(default_factory=list)
    confirmations: list[WmsConfirmation] = field(default_factory=list)
    invoices: list[FreightInvoice] = field(default_factory=list)


IntakeResult = StepResult[IntakeOutputs, None]


def step(
    chunk: Sequence[Record],
    adapters: Mapping[str, Adapter],
    now_ms: int,
    max_bytes: int,
    names: HeaderNames = DEFAULT_NAMES,
    shapes: ReportedShapes | None = None,
    control_numbers: ControlNumbers | None = None,
) -> IntakeResult:
    """Take in a chunk of one raw topic; intake keeps no state.

    ``adapters``: feed -> adapter. ``now_ms``: time of receipt where a record has none. ``shapes`` and
    ``control_numbers`` are the worker's bounded memories, and the only arguments that change: without ``shapes`` no new
    field or code is reported, without ``control_numbers`` only numbers repeated within one record are flagged.
    """
    out = IntakeOutputs()
    refused: list[tuple[int, Reject]] = []
    tallies: dict[str, FeedTally] = {}
    for place, record in enumerate(chunk):
        context = _context(record, names, now_ms)
        parsed = _parse(record.value, context, adapters, max_bytes)
        if parsed.rejects:
            refused += [(place, reject) for reject in parsed.rejects]
        if parsed.envelopes and control_numbers is not None:
            out.receipts += _flag_repeated(parsed, context, control_numbers)
        out.answers += parsed.answers
        out.confirmations += parsed.confirmations
        out.invoices += parsed.invoices
        feed = context.feed
        tally = tallies.get(feed)
        if tally is None and feed in adapters:
            tally = tallies[feed] = FeedTally()
        if tally is not None:
            tally.count(parsed, context.received_at)
            if parsed.errors:
                out.carrier_errors += [(context, error) for error in parsed.errors]
            if parsed.acknowledgements:
                out.acknowledgements += parsed.acknowledgements
        for event in parsed.events:
            if event.tracking_number:
                out.events.append(event)
            else:
                out.unresolved.append((_reference_key(event), event))
    if shapes is not None:
        for record in sampled(chunk):
            feed = _context(record, names, now_ms).feed
            if feed in tallies:
                parts = _shape(adapters[feed], record.value, max_bytes)
                tallies[feed].novel += shapes.unreported(feed, parts, record)
        _report_unmapped_codes(tallies, shapes, chunk)
    for feed, tally in tallies.items():
        flags = Counter(flag for event in tally.flagged() for flag in dict.fromkeys(event.flags))
        out.flags |= {(feed, flag): number for flag, number in flags.items()}
        out.activity.append(tally.activity(feed, flags[_UNMAPPED]))
    return StepResult(out, {}, refused, _counts(len(chunk), len(refused), out))


def _counts(records: int, refused: int, out: IntakeOutputs) -> dict[str, int]:
    flagged = Counter[str]()
    for (_, flag), number in out.flags.items():
        flagged[flag] += number
    return {
        "records": records, "events": len(out.events), "unresolved": len(out.unresolved), "refused": refused,
        "carrier_errors": len(out.carrier_errors), "acknowledgements": len(out.acknowledgements),
        "unmapped": flagged[_UNMAPPED], "future": flagged[_FUTURE],
    }


def _reference_key(event: CarrierEvent) -> str:
    """``TYPE:REFERENCE`` of the event's most specific reference; empty where none has a value."""
    found = most_specific(event.references)
    return "" if found is None else found.key


def _flag_repeated(parsed: Parsed, context: RawContext, control_numbers: ControlNumbers) -> list[EdiReceipt]:
    repeats, receipts = control_numbers.note(parsed.envelopes, context)
    for one in repeats:
        for event in one.events:
            if _REPEATED not in event.flags:
                event.flags = [*event.flags, _REPEATED]
    return receipts


def _shape(adapter: Adapter, body: bytes | None, max_bytes: int) -> set[str]:
    if not body or len(body) > max_bytes:
        return set()
    try:
        return adapter.shape(body)
    except Reject:
        return set()


def _report_unmapped_codes(
    tallies: Mapping[str, FeedTally], shapes: ReportedShapes, chunk: Sequence[Record]
) -> None:
    by_offset: dict[int, Record] = {}
    for feed, tally in tallies.items():
        for event in tally.flagged():
            if _UNMAPPED in event.flags:
                by_offset = by_offset or {record.offset: record for record in chunk}
                what = f"code {event.carrier_code or event.carrier_text}"
                tally.novel += shapes.unreported(feed, (what[:_LONGEST_CODE],), by_offset[event.source.offset])


def _lenient(name: bytes) -> str:
    return name.decode("utf-8", "replace")


_NAMES = Memory(_lenient)
"""Decoded names of feeds and channels: there are few, and every record has them."""


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
            raise Reject(RejectReason.EMPTY, "the record has no value; send the carrier's payload as its value")
        if len(body) > max_bytes:
            raise Reject(RejectReason.TOO_LARGE, f"the record has {len(body)} bytes; at most {max_bytes} are accepted")
        if adapter is None:
            raise Reject(RejectReason.UNKNOWN_FEED, f"no carrier declares the feed {context.feed!r}")
        parsed = adapter.parse(body, context)
    except Reject as reject:
        return Parsed([], [reject.as_value()])
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
    if not events and not (parsed.rejects or parsed.errors or parsed.acknowledgements or parsed.answers
                           or parsed.confirmations):
        detail = "the payload holds no event; is it in this feed's format?"
        parsed.rejects.append(Reject(RejectReason.UNEXPECTED_SHAPE, detail))
    return parsed


def _without_nameless(parsed: Parsed) -> Parsed:
    named = [event for event in parsed.events if event.tracking_number or event.references]
    nameless = len(parsed.events) - len(named)
    detail = f"events with neither a tracking number nor a reference: {nameless}"
    return replace(parsed, events=named, rejects=[*parsed.rejects, Reject(RejectReason.NO_REFERENCE, detail)])
