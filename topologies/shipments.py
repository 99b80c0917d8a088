"""The shipments stage: carrier events and order references in, the shipment's truth and its fan-out out.

Reads ``carrier.events.v1``, ``order.references.v1``, ``shipment.links.v1`` and ``shipment.adoptions.v1``
(co-partitioned), the last of which it writes itself, to other shipments' partitions; its changelog is
``shipment.state.v1``. What falls due by the clock alone is found by an index beside the records, which is local and
made of them (``due_index.py``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import TypeVar

from msgspec import Struct

from config import topics
from config.settings import Settings
from connectors.carriers import Carrier
from connectors.registry import Registry, ValueCodec
from streams.acceptance import Advance
from streams.archive import Keeping, buried, due_at
from streams.deadlines import Hearing, fall_due, next_due
from streams.identity import shipment_key
from streams.model import (
    Adoption,
    AlertSignal,
    CustomerUpdate,
    DeliveryMilestone,
    EnrichedEvent,
    OrderReference,
    Record,
    ShipmentLink,
    ShipmentState,
    Sighting,
)
from streams.public_state import state_of
from streams.shipment import Shipment, decode, encode
from streams.shipments import Received, Told, advance
from streams.signals import feed_of, feeds_by_source
from topologies import alert_rules, due_index
from topologies.handling import Change, Handled, Message, Refused, View
from topologies.reading import decoded, stored

T = TypeVar("T", bound=Struct)
MOST_DUE = 5_000
"""Shipments one sweep looks at; the next goes on."""
DAY_MS = 24 * 3_600_000


class StoredShipment(Struct, gc=False):
    """Of a shipment's state, the stage's own record; the rest is skipped."""

    record: bytes


class ShipmentsHandler:
    """Takes a chunk of carrier events or order references into the shipments' state."""

    def __init__(self, settings: Settings, registry: Registry, carriers: Mapping[str, Carrier]) -> None:
        self._feeds = feeds_by_source(carriers)
        slugs = Counter(carrier.slug for carrier in carriers.values())
        self._own_feeds = {
            carrier.slug: feed for feed, carrier in carriers.items()
            if carrier.slug is not None and slugs[carrier.slug] == 1
        }
        rules = alert_rules.load(settings.alerts_file)
        self._patience = rules.patience
        self._keeping = keeping(settings)
        self._hearing = Hearing(rules.after_silence_ms, rules.until_heard_for_ms)
        self._events = ValueCodec(topics.CARRIER_EVENTS, Sighting, registry)
        self._references = ValueCodec(topics.ORDER_REFERENCES, OrderReference, registry)
        self._links = ValueCodec(topics.SHIPMENT_LINKS, ShipmentLink, registry)
        self._adoptions = ValueCodec(topics.SHIPMENT_ADOPTIONS, Adoption, registry)
        self._reads: dict[str, Callable[[bytes | None], Told]] = {
            topics.CARRIER_EVENTS.name: self._received,
            topics.ORDER_REFERENCES.name: self._references.decode,
            topics.SHIPMENT_LINKS.name: self._links.decode,
            topics.SHIPMENT_ADOPTIONS.name: self._adoptions.decode,
        }
        self._enriched = ValueCodec(topics.SHIPMENT_EVENTS, EnrichedEvent, registry)
        self._states = ValueCodec(topics.SHIPMENT_STATE, ShipmentState, registry)
        self._archive = ValueCodec(topics.SHIPMENT_ARCHIVE, ShipmentState, registry)
        self._stored = ValueCodec(topics.SHIPMENT_STATE, StoredShipment, registry)
        self._updates = ValueCodec(topics.CUSTOMER_UPDATES, CustomerUpdate, registry)
        self._milestones = ValueCodec(topics.DELIVERY_MILESTONES, DeliveryMilestone, registry)
        self._signals = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, registry)

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        """Outputs and changed shipments of one chunk. ``state`` is never None: the stage has a changelog."""
        topic = records[0].topic
        chunk, kept, refused = decoded(records, self._reads[topic])
        if topic == topics.CARRIER_EVENTS.name:
            self._hearing.heard(now_ms)
        known = stored(map(_key, chunk), state, decode)
        out = advance(chunk, known, self._patience, self._keeping)
        refused += [Refused(kept[place], reject) for place, reject in out.refused]
        if refused:
            out.counts["refused"] = len(refused)
        return Handled(
            self._outputs(out, now_ms), refused, self._changes(out.states), out.counts,
            local=self._indexed(known, out.states),
        )

    def local_writes(self, key: bytes, changelog_value: bytes) -> dict[bytes, bytes]:
        """The stage's own record inside a changelog value, and where the index has it."""
        record = self._stored.decode(changelog_value).record
        at = self._next_due(decode(record))
        return {key: record} if at is None else {key: record, due_index.entry(at, key): b""}

    def sweep(self, state: View, now_ms: int) -> Handled:
        """Alerts that fall due, and shipments to archive or forget; none while the platform itself hears nothing."""
        if not self._hearing.is_sound(now_ms):
            return Handled()
        due = due_index.due(state, now_ms, MOST_DUE)
        keys = list(dict.fromkeys(map(due_index.key_of, due)))
        known = stored((key.decode() for key in keys), state, decode)
        out, forgotten = Advance(), list[str]()
        for key, shipment in known.items():
            own = None if shipment is None else copy(shipment)
            if own is not None and (alerts := fall_due(own, self._patience, now_ms)):
                out.alerts += alerts
                out.states[key] = own
            if own is None or (at := due_at(own, self._keeping, self._patience)) is None or at > now_ms:
                continue
            if own.archived:
                forgotten.append(key)
                continue
            out.states[key], alerts = buried(own)
            out.alerts += alerts
            out.archived.append(own)
        local: dict[bytes, bytes | None] = dict.fromkeys(due)
        local |= {
            due_index.entry(at, key.encode()): b"" for key, shipment in {**known, **out.states}.items()
            if shipment is not None and key not in forgotten and (at := self._next_due(shipment)) is not None
        }
        counts = {"alerts_due": len(out.alerts), "archived": len(out.archived), "forgotten": len(forgotten)}
        changes = self._changes(out.states) | {key.encode(): Change(None, None) for key in forgotten}
        return Handled(
            self._outputs(out, now_ms), [], changes, {name: count for name, count in counts.items() if count},
            local=local,
        )

    def _next_due(self, shipment: Shipment) -> int | None:
        """When the clock alone next does something about it."""
        due = next_due(shipment, self._patience), due_at(shipment, self._keeping, self._patience)
        return min((at for at in due if at is not None), default=None)

    def _indexed(
        self, before: Mapping[str, Shipment | None], after: Mapping[str, Shipment]
    ) -> dict[bytes, bytes | None]:
        """What the index lacks with these shipments. It holds each no later than it is due; where one turns out not to
        be due yet, as with most after their next event, the sweep that meets it puts it where it belongs."""
        changes: dict[bytes, bytes | None] = {}
        for key, shipment in after.items():
            at = self._next_due(shipment)
            if at is None:
                continue
            old = before.get(key)
            was = None if old is None else self._next_due(old)
            if was is None or at < was:
                changes[due_index.entry(at, key.encode())] = b""
        return changes

    def _received(self, value: bytes | None) -> Received:
        return Received(*self._events.decode_with_body(value))

    def _outputs(self, out: Advance, now_ms: int) -> dict[str, list[Message]]:
        enrich = self._enriched.encode
        outputs: dict[str, list[Message]] = {
            topics.SHIPMENT_EVENTS.name: [
                {"key": key.encode(), "value": enrich(event)} for key, event in out.events
            ],
            topics.SHIPMENT_ARCHIVE.name: [
                {"key": shipment_key(one.carrier, one.tracking_number).encode(), "value": self._archived(one)}
                for one in out.archived
            ],
            topics.CUSTOMER_UPDATES.name: _keyed(
                self._updates, out.customer_updates, lambda update: update.customer_id
            ),
            topics.DELIVERY_MILESTONES.name: _keyed(
                self._milestones, out.delivery_milestones, lambda milestone: milestone.delivery_id
            ),
            topics.ALERT_SIGNALS.name: _keyed(self._signals, self._signed(out, now_ms), lambda one: one.alert_id),
            topics.SHIPMENT_ADOPTIONS.name: _keyed(
                self._adoptions, out.adoptions, lambda told: shipment_key(told.carrier, told.tracking_number)
            ),
        }
        return {name: messages for name, messages in outputs.items() if messages}

    def _signed(self, out: Advance, now_ms: int) -> list[AlertSignal]:
        """The signals in their order, each with the feed its shipment is heard by."""
        for place, one in enumerate(out.alerts):
            one.said_at, one.place = now_ms, place
            one.feed = feed_of(out.states[one.subject], self._feeds, self._own_feeds)
        return out.alerts

    def _archived(self, shipment: Shipment) -> bytes:
        return self._archive.encode(state_of(shipment, encode(shipment), shipment.updated_at))

    def _changes(self, states: Mapping[str, Shipment]) -> dict[bytes, Change]:
        changes = {}
        for key, shipment in states.items():
            record = encode(shipment)
            public = self._states.encode(state_of(shipment, record, shipment.updated_at))
            changes[key.encode()] = Change(record, public)
        return changes


def keeping(settings: Settings) -> Keeping:
    """How long shipments are kept."""
    return Keeping(
        settings.archive_after_days * DAY_MS, settings.unsettled_after_days * DAY_MS,
        settings.forget_after_days * DAY_MS, settings.reuse_after_days * DAY_MS,
    )


def _key(item: Told) -> str:
    about = item.event if isinstance(item, Received) else item
    return shipment_key(about.carrier, about.tracking_number)


def _keyed(codec: ValueCodec[T], values: Sequence[T], key: Callable[[T], str]) -> list[Message]:
    encode_value = codec.encode
    return [{"key": key(value).encode(), "value": encode_value(value)} for value in values]
