"""The shipments stage: carrier events and order references in, the shipment's truth and its fan-out out.

Reads ``carrier.events.v1`` and ``order.references.v1`` (co-partitioned); its changelog is
``shipment.state.v1``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct

from config import topics
from config.settings import Settings
from connectors.carriers import Carrier
from connectors.registry import Registry, ValueCodec
from streams.identity import shipment_key
from streams.model import (
    Alert,
    CustomerUpdate,
    DeliveryMilestone,
    EnrichedEvent,
    OrderReference,
    Record,
    ShipmentState,
    Sighting,
)
from streams.public_state import state_of
from streams.shipment import Shipment, decode, encode
from streams.shipments import Advance, Received, advance
from topologies.handling import Change, Handled, Message, Refused, View
from topologies.reading import decoded, stored

T = TypeVar("T", bound=Struct)


class ShipmentsHandler:
    """Takes a chunk of carrier events or order references into the shipments' state."""

    def __init__(self, settings: Settings, registry: Registry, carriers: Mapping[str, Carrier]) -> None:
        del settings, carriers
        self._events = ValueCodec(topics.CARRIER_EVENTS, Sighting, registry)
        self._references = ValueCodec(topics.ORDER_REFERENCES, OrderReference, registry)
        self._enriched = ValueCodec(topics.SHIPMENT_EVENTS, EnrichedEvent, registry)
        self._states = ValueCodec(topics.SHIPMENT_STATE, ShipmentState, registry)
        self._updates = ValueCodec(topics.CUSTOMER_UPDATES, CustomerUpdate, registry)
        self._milestones = ValueCodec(topics.DELIVERY_MILESTONES, DeliveryMilestone, registry)
        self._alerts = ValueCodec(topics.OPS_ALERTS, Alert, registry)

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        """Outputs and changed shipments of one chunk. ``state`` is never None: the stage has a changelog."""
        del now_ms
        is_event = records[0].topic == topics.CARRIER_EVENTS.name
        read: Callable[[bytes | None], Received | OrderReference]
        read = self._received if is_event else self._references.decode
        chunk: list[Received | OrderReference]
        chunk, kept, refused = decoded(records, read)
        out = advance(chunk, stored(map(_key, chunk), state, decode))
        refused += [Refused(kept[place], reject) for place, reject in out.refused]
        if refused:
            out.counts["refused"] = len(refused)
        return Handled(self._outputs(out), refused, self._changes(out.states), out.counts)

    def local_record(self, changelog_value: bytes) -> bytes:
        """The stage's own record inside a changelog value."""
        return self._states.decode(changelog_value).record

    def sweep(self, state: View, now_ms: int) -> Handled:
        """Nothing falls due by the clock alone yet."""
        del state, now_ms
        return Handled()

    def _received(self, value: bytes | None) -> Received:
        return Received(*self._events.decode_with_body(value))

    def _outputs(self, out: Advance) -> dict[str, list[Message]]:
        enrich = self._enriched.encode
        outputs: dict[str, list[Message]] = {
            topics.SHIPMENT_EVENTS.name: [
                {"key": key.encode(), "value": enrich(event)} for key, event in out.events
            ],
            topics.CUSTOMER_UPDATES.name: _keyed(
                self._updates, out.customer_updates, lambda update: update.customer_id
            ),
            topics.DELIVERY_MILESTONES.name: _keyed(
                self._milestones, out.delivery_milestones, lambda milestone: milestone.delivery_id
            ),
            topics.OPS_ALERTS.name: _keyed(self._alerts, out.alerts, lambda alert: alert.alert_id),
        }
        return {name: messages for name, messages in outputs.items() if messages}

    def _changes(self, states: Mapping[str, Shipment]) -> dict[bytes, Change]:
        changes = {}
        for key, shipment in states.items():
            record = encode(shipment)
            public = self._states.encode(state_of(shipment, record, shipment.updated_at))
            changes[key.encode()] = Change(record, public)
        return changes


def _key(item: Received | OrderReference) -> str:
    about = item.event if isinstance(item, Received) else item
    return shipment_key(about.carrier, about.tracking_number)


def _keyed(codec: ValueCodec[T], values: Sequence[T], key: Callable[[T], str]) -> list[Message]:
    encode_value = codec.encode
    return [{"key": key(value).encode(), "value": encode_value(value)} for value in values]
