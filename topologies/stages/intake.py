"""The intake stage: raw records in, canonical events out, and claims of which references are whose.

Reads ``raw.<feed>.v1`` of every carrier; keeps no state but the control numbers of EDI, which all workers tell each
other on ``edi.receipts.v1``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from config import headers, topics
from config.settings import Settings
from connectors.carriers import Carrier
from connectors.kafka.registry import Registry, ValueCodec
from connectors.mapping.loading import EDI
from streams.contracts.ids import LONGEST_NUMBER, shipment_key
from streams.contracts.model import (
    Acknowledgement,
    CarrierEvent,
    EdiReceipt,
    FeedActivity,
    Record,
    ReferenceClaim,
    ShipmentLink,
)
from streams.intake.control_numbers import ControlNumbers
from streams.intake.discovered_references import OtherNumbers
from streams.intake.payload_shape import Told
from streams.intake.step import HeaderNames, TakenIn, take_in
from streams.kernel.errors import Reject, Transient
from streams.kernel.vocabulary import RejectReason
from topologies.runtime.handler import Handled, Message, Refused, View
from topologies.stages.carrier_names import check_ready, names_of

HEADER_NAMES = HeaderNames(
    feed=headers.FEED, channel=headers.CHANNEL, received_at=headers.RECEIVED_AT,
    correlation_id=headers.CORRELATION_ID, asked_number=headers.ASKED_NUMBER,
)
MOST_EVENT_BYTES = 64 * 1024
"""Of an event as it is written; its shipment's state keeps parts of it, and brokers take 1 MB by default."""
MOST_KEY = LONGEST_NUMBER + 64


class IntakeHandler:
    """Turns one chunk of a raw topic into outputs."""

    def __init__(self, settings: Settings, registry: Registry, carriers: Mapping[str, Carrier]) -> None:
        self.names = names_of(carriers)
        self.reads_edi = any({*EDI} & {*carrier.formats} for carrier in carriers.values())
        self._adapters = {feed: carrier.adapter for feed, carrier in carriers.items()}
        self._max_bytes = settings.intake.max_record_bytes
        self._told = Told()
        self._events = ValueCodec(topics.CARRIER_EVENTS, CarrierEvent, registry)
        self._unresolved = ValueCodec(topics.CARRIER_UNRESOLVED, CarrierEvent, registry)
        self._links = ValueCodec(topics.SHIPMENT_LINKS, ShipmentLink, registry)
        self._activity = ValueCodec(topics.FEED_ACTIVITY, FeedActivity, registry)
        self.control_numbers = ControlNumbers()
        self._receipts = ValueCodec(topics.EDI_RECEIPTS, EdiReceipt, registry)
        self._acknowledgements = ValueCodec(topics.EDI_ACKNOWLEDGEMENTS, Acknowledgement, registry)
        self._numbers = OtherNumbers()
        self._claims = ValueCodec(topics.REFERENCE_CLAIMS, ReferenceClaim, registry)

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        """Outputs of one chunk; ``now_ms`` stands in where a record has no time of receipt. Raises Transient until
        carriers' names and the control numbers seen before are known."""
        del state
        check_ready(self.names)
        if not self.control_numbers.ready:
            raise Transient("the control numbers of EDI received before are not read yet")
        taken = take_in(
            records, self._adapters, now_ms, self._max_bytes, HEADER_NAMES, self._told, self.control_numbers
        )
        lost: list[tuple[CarrierEvent, Reject]] = []
        keyed = ((shipment_key(e.carrier, e.tracking_number), e) for e in taken.events)
        events = _written(self._events, keyed, lost)
        unresolved = _written(self._unresolved, taken.unresolved, lost)
        told = taken.events
        if lost:
            _count_as_refused(lost, taken, records)
            told = [event for event in told if not any(event is one for one, _ in lost)]
        refused = [Refused(record, reject) for record, reject in taken.refused]
        activity: list[Message] = [
            {"key": one.feed.encode(), "value": self._activity.encode(one)} for one in taken.activity
        ]
        acknowledgements: list[Message] = [
            {"key": one.feed.encode(), "value": self._acknowledgements.encode(one)} for one in taken.acknowledgements
        ]
        receipts: list[Message] = [
            {"key": one.feed.encode(), "value": self._receipts.encode(one)} for one in taken.receipts
        ]
        outputs = {
            topics.EDI_RECEIPTS.name: receipts,
            topics.EDI_ACKNOWLEDGEMENTS.name: acknowledgements,
            topics.CARRIER_EVENTS.name: events,
            topics.CARRIER_UNRESOLVED.name: unresolved,
            **self._other_numbers(told),
            topics.FEED_ACTIVITY.name: activity,
        }
        sent = {name: messages for name, messages in outputs.items() if messages}
        errors = Counter((context.feed, error.kind.value) for context, error in taken.errors)
        return Handled(sent, refused, {}, taken.counts, errors, taken.flags)

    def _other_numbers(self, events: Sequence[CarrierEvent]) -> dict[str, list[Message]]:
        """What these events, which have numbers, tell of other numbers: links and claims."""
        told = self._numbers.news(events)
        links: list[Message] = [
            {"key": shipment_key(one.carrier, one.tracking_number).encode(), "value": self._links.encode(one)}
            for one in told.links
        ]
        claims: list[Message] = [
            {"key": f"{one.type}:{one.value}".encode(), "value": self._claims.encode(one)} for one in told.claims
        ]
        return {topics.SHIPMENT_LINKS.name: links, topics.REFERENCE_CLAIMS.name: claims}


def _written(
    codec: ValueCodec[CarrierEvent], keyed: Iterable[tuple[str, CarrierEvent]],
    lost: list[tuple[CarrierEvent, Reject]],
) -> list[Message]:
    """The events as messages; one that cannot be written (a lone surrogate, a novel for a text) is ``lost``
    alone."""
    messages: list[Message] = []
    encode = codec.encode
    for key, event in keyed:
        try:
            value = encode(event)
            if len(value) > MOST_EVENT_BYTES or len(key) > MOST_KEY:
                raise _too_large(key, value)
            messages.append({"key": key.encode(), "value": value})
        except UnicodeEncodeError as error:
            lost.append((event, Reject(RejectReason.NOT_TEXT, f"text that is not Unicode: {error.object!r}")))
        except Reject as reject:
            lost.append((event, reject))
    return messages


def _too_large(key: str, value: bytes) -> Reject:
    if len(key) > MOST_KEY:
        return Reject(RejectReason.TOO_LARGE, f"a number of {len(key)} characters; {LONGEST_NUMBER} are taken")
    return Reject(RejectReason.TOO_LARGE, f"an event of {len(value)} bytes; {MOST_EVENT_BYTES} are taken")


def _count_as_refused(
    lost: list[tuple[CarrierEvent, Reject]], taken: TakenIn, records: Sequence[Record]
) -> None:
    """Enter events that could not be written as refusals of their records, and no longer as events."""
    by_offset = {record.offset: record for record in records}
    by_feed = {one.feed: one for one in taken.activity}
    for event, reject in lost:
        taken.refused.append((by_offset[event.source.offset], reject))
        taken.counts["events" if event.tracking_number else "unresolved"] -= 1
        taken.counts["refused"] += 1
        by_feed[event.source.feed].events -= 1
        by_feed[event.source.feed].dead_letters += 1
