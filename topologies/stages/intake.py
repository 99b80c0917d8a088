"""The intake stage: raw records in; canonical events, and claims on references, out.

Reads ``raw.<feed>.v1`` of every carrier; keeps no state except the control numbers of EDI, which the workers share on
``edi.receipts.v1``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from config import headers, topics
from config.settings import Settings
from connectors.carriers import Carrier
from connectors.kafka.registry import Registry, ValueCodec
from connectors.mapping.declared.refusals import merged_by_reason
from connectors.mapping.loading import EDI
from streams.contracts.ids import LONGEST_NUMBER, shipment_key
from streams.contracts.model import (
    Acknowledgement,
    BookingAnswer,
    CarrierEvent,
    EdiReceipt,
    FeedActivity,
    FreightInvoice,
    Record,
    ReferenceClaim,
    ShipmentLink,
    WmsConfirmation,
)
from streams.intake.control_numbers import ControlNumbers
from streams.intake.discovered_references import DiscoveredReferences
from streams.intake.payload_shape import ReportedShapes
from streams.intake.step import HeaderNames, IntakeOutputs, step
from streams.kernel.errors import Reject, Transient
from streams.kernel.vocabulary import RejectReason
from topologies.runtime.handler import Handled, Message, Refused, View
from topologies.runtime.step_results import refusals
from topologies.stages.carrier_names import check_ready, names_of
from topologies.stages.feed_pausing import FeedPausing

HEADER_NAMES = HeaderNames(
    feed=headers.FEED, channel=headers.CHANNEL, received_at=headers.RECEIVED_AT,
    correlation_id=headers.CORRELATION_ID, asked_number=headers.ASKED_NUMBER,
)
MOST_EVENT_BYTES = 64 * 1024
"""Size of an encoded event: its shipment's state keeps parts of it, and brokers accept 1 MB by default."""
MOST_EDI_BYTES = 900_000
"""Size of an encoded acknowledgement or receipt: brokers accept 1 MB by default."""
MOST_KEY = LONGEST_NUMBER + 64


class IntakeHandler:
    """Turns one chunk of a raw topic into outputs."""

    def __init__(self, settings: Settings, registry: Registry, carriers: Mapping[str, Carrier]) -> None:
        self.names = names_of(carriers)
        self.reads_edi = any({*EDI} & {*carrier.formats} for carrier in carriers.values())
        self._adapters = {feed: carrier.adapter for feed, carrier in carriers.items()}
        self._max_bytes = settings.intake.max_record_bytes
        self._shapes = ReportedShapes()
        self._events = ValueCodec(topics.CARRIER_EVENTS, CarrierEvent, registry)
        self._unresolved = ValueCodec(topics.CARRIER_UNRESOLVED, CarrierEvent, registry)
        self._links = ValueCodec(topics.SHIPMENT_LINKS, ShipmentLink, registry)
        self._activity = ValueCodec(topics.FEED_ACTIVITY, FeedActivity, registry)
        self.control_numbers = ControlNumbers()
        self._receipts = ValueCodec(topics.EDI_RECEIPTS, EdiReceipt, registry)
        self._acknowledgements = ValueCodec(topics.EDI_ACKNOWLEDGEMENTS, Acknowledgement, registry)
        self._of_deliveries: dict[str, ValueCodec[Any]] = {
            topics.BOOKING_ANSWERS.name: ValueCodec(topics.BOOKING_ANSWERS, BookingAnswer, registry),
            topics.WMS_CONFIRMATIONS.name: ValueCodec(topics.WMS_CONFIRMATIONS, WmsConfirmation, registry),
            topics.FREIGHT_INVOICES.name: ValueCodec(topics.FREIGHT_INVOICES, FreightInvoice, registry),
        }
        self._references = DiscoveredReferences()
        self._claims = ValueCodec(topics.REFERENCE_CLAIMS, ReferenceClaim, registry)
        self.pausing = FeedPausing(settings, registry)

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        """Outputs of one chunk; ``now_ms``: time of receipt where a record has none. Where too many of the feed's
        records are refused, only that the feed is paused from here on.

        Raises Transient until carriers' names, pauses and the control numbers received before are known.
        """
        del state
        check_ready(self.names)
        self.pausing.check_ready()
        if not self.control_numbers.ready:
            raise Transient("the control numbers of EDI received before have not been read yet")
        result = step(
            records, self._adapters, now_ms, self._max_bytes, HEADER_NAMES, self._shapes, self.control_numbers
        )
        out = result.outputs
        keyed = ((shipment_key(e.carrier, e.tracking_number), e) for e in out.events)
        events, too_long = _written(self._events, keyed)
        unresolved, others = _written(self._unresolved, out.unresolved)
        unwritable = too_long + others
        refused, counts, written = refusals(records, result.refused), dict(result.counts), out.events
        if unwritable:
            refused += _count_as_refused(unwritable, out.activity, counts, records)
            left_out = {id(event) for event, _ in unwritable}
            written = [event for event in written if id(event) not in left_out]
        with_numbers, without = written, (event for _, event in out.unresolved)
        paused = self.pausing.after(records, refused, chain(with_numbers, without), now_ms)
        if paused is not None:
            return paused
        acknowledgements, unsendable = _about_edi(self._acknowledgements, out.acknowledgements)
        receipts, unsaid = _about_edi(self._receipts, out.receipts)
        if unsendable or unsaid:
            refused += _count_as_oversized({**unsaid, **unsendable}, out.activity, counts, records)
        activity: list[Message] = [
            {"key": one.feed.encode(), "value": self._activity.encode(one)} for one in out.activity
        ]
        outputs = {
            topics.EDI_RECEIPTS.name: receipts,
            topics.EDI_ACKNOWLEDGEMENTS.name: acknowledgements,
            topics.CARRIER_EVENTS.name: events,
            topics.CARRIER_UNRESOLVED.name: unresolved,
            **self._links_and_claims(written),
            **self._about_deliveries(out),
            topics.FEED_ACTIVITY.name: activity,
        }
        sent = {name: messages for name, messages in outputs.items() if messages}
        errors = Counter((context.feed, error.kind.value) for context, error in out.carrier_errors)
        return Handled(sent, refused, {}, counts, errors, out.flags)

    def _about_deliveries(self, out: IntakeOutputs) -> dict[str, list[Message]]:
        """The words of carriers and warehouses on the ERP's deliveries, by topic."""
        said_of: tuple[Sequence[Any], ...] = (out.answers, out.confirmations, out.invoices)
        found = zip(self._of_deliveries.items(), said_of, strict=True)
        return {
            name: [{"key": one.delivery_id.encode(), "value": codec.encode(one)} for one in said]
            for (name, codec), said in found
        }

    def _links_and_claims(self, events: Sequence[CarrierEvent]) -> dict[str, list[Message]]:
        """The links and claims these events, which have tracking numbers, state about other numbers."""
        found = self._references.discover(events)
        links: list[Message] = [
            {"key": shipment_key(one.carrier, one.tracking_number).encode(), "value": self._links.encode(one)}
            for one in found.links
        ]
        claims: list[Message] = [
            {"key": f"{one.type}:{one.value}".encode(), "value": self._claims.encode(one)} for one in found.claims
        ]
        return {topics.SHIPMENT_LINKS.name: links, topics.REFERENCE_CLAIMS.name: claims}


def _written(
    codec: ValueCodec[CarrierEvent], keyed: Iterable[tuple[str, CarrierEvent]]
) -> tuple[list[Message], list[tuple[CarrierEvent, Reject]]]:
    """The events as messages, and those that cannot be written, each with the reason: text with a lone surrogate, or
    too many bytes."""
    messages: list[Message] = []
    unwritable: list[tuple[CarrierEvent, Reject]] = []
    encode = codec.encode
    for key, event in keyed:
        try:
            value = encode(event)
            if len(value) > MOST_EVENT_BYTES or len(key) > MOST_KEY:
                raise _too_large(key, value)
            messages.append({"key": key.encode(), "value": value})
        except UnicodeEncodeError as error:
            unwritable.append((event, Reject(RejectReason.NOT_TEXT, f"text that is not Unicode: {error.object!r}")))
        except Reject as reject:
            unwritable.append((event, reject.as_value()))
    return messages, unwritable


def _about_edi(codec: ValueCodec[Any], found: Iterable[Any]) -> tuple[list[Message], dict[int, Reject]]:
    """Acknowledgements or receipts as messages; by offset, why one is larger than its topic takes."""
    messages: list[Message] = []
    oversized: dict[int, Reject] = {}
    for one in found:
        value = codec.encode(one)
        if len(value) > MOST_EDI_BYTES:
            oversized[one.offset] = Reject(
                RejectReason.TOO_LARGE,
                f"what is said of its control numbers has {len(value)} bytes, at most {MOST_EDI_BYTES} are sent: put"
                " fewer transaction sets or messages into one interchange",
            )
        else:
            messages.append({"key": one.feed.encode(), "value": value})
    return messages, oversized


def _count_as_oversized(
    rejects: Mapping[int, Reject], activity: Sequence[FeedActivity], counts: dict[str, int], records: Sequence[Record]
) -> list[Refused]:
    """Records whose events are taken and whose acknowledgement cannot be sent, as refusals. ``activity`` and ``counts``
    change accordingly."""
    counts["refused"] += len(rejects)
    for one in activity[:1]:
        one.dead_letters += len(rejects)
    return [Refused(record, rejects[record.offset]) for record in records if record.offset in rejects]


def _too_large(key: str, value: bytes) -> Reject:
    if len(key) > MOST_KEY:
        detail = f"the tracking number or reference has {len(key)} characters; at most {LONGEST_NUMBER} are accepted"
        return Reject(RejectReason.TOO_LARGE, detail)
    return Reject(RejectReason.TOO_LARGE, f"the event has {len(value)} bytes; at most {MOST_EVENT_BYTES} are accepted")


def _count_as_refused(
    unwritable: Sequence[tuple[CarrierEvent, Reject]], activity: Sequence[FeedActivity], counts: dict[str, int],
    records: Sequence[Record],
) -> list[Refused]:
    """The unwritable events as refusals of their records, each once a reason. ``activity`` and ``counts`` change
    accordingly."""
    by_offset = {record.offset: record for record in records}
    by_feed = {one.feed: one for one in activity}
    rejects: dict[int, list[Reject]] = {}
    for event, reject in unwritable:
        counts["events" if event.tracking_number else "unresolved"] -= 1
        by_feed[event.source.feed].events -= 1
        rejects.setdefault(event.source.offset, []).append(reject)
    feed_of = {event.source.offset: event.source.feed for event, _ in unwritable}
    refused = []
    for offset, found in rejects.items():
        merged = merged_by_reason(found)
        counts["refused"] += len(merged)
        by_feed[feed_of[offset]].dead_letters += len(merged)
        refused += [Refused(by_offset[offset], reject) for reject in merged]
    return refused
