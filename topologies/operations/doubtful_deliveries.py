"""Deliveries that are held back from customers and the ERP: which there are, and a person's word that one is true."""

from __future__ import annotations

from typing import Any

from config import topics
from config.settings import Settings
from connectors.kafka.producer import Record, deliver, producer
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_reader import each
from streams.contracts.ids import digest, shipment_key
from streams.contracts.model import CarrierEvent, ShipmentState, Source
from streams.kernel.errors import Fatal, Transient
from streams.kernel.vocabulary import Classifier, Correction, ExceptionType, Flag, Milestone, Precision, Reason
from streams.shipments.record import Shipment, decode
from streams.shipments.reuse.archive import ALL, Keeping
from streams.shipments.step import Received, step
from streams.shipments.told import doubts_of
from topologies.stages.shipments import keeping

ACK_SECONDS = 10.0
REGISTRY_SECONDS = 2.0
PERSON = "person"
"""The feed and the channel of what a person says."""
Row = dict[str, Any]


def held_back(settings: Settings) -> list[Row]:
    """Every delivery that is held back, the oldest first. Raises Transient without Kafka."""
    records: dict[str, bytes] = {}

    def take(key: str, state: ShipmentState | None) -> None:
        records.pop(key, None)
        if state is not None and not state.archived:
            records[key] = state.record

    each(settings, Registry(settings), topics.SHIPMENT_STATE, ShipmentState, take)
    rules = keeping(settings)
    rows = [row for key, record in records.items() if (row := row_of(key, decode(record), rules)) is not None]
    return sorted(rows, key=lambda one: (one["delivered_at"], one["shipment"]))


def row_of(key: str, shipment: Shipment, rules: Keeping = ALL) -> Row | None:
    """Shows the deliveries held back of a shipment, and why; None if there are none."""
    doubts = doubts_of(shipment, rules.ordered_late)
    if not doubts:
        return None
    return {
        "shipment": key, "status": shipment.status.value, "delivered_at": delivered_at(shipment),
        "orders": sorted({one.order_id for one in shipment.orders}), "why": doubts[0].cause,
    }


def delivered_at(shipment: Shipment) -> int:
    """Returns when the delivery that is held back was, UTC ms."""
    view = shipment.view
    return view.doubtful[0] if view.doubtful else view.delivered_at or 0


def known_of(settings: Settings, key: str) -> Shipment:
    """The shipment of ``CARRIER:NUMBER``. Raises Transient without Kafka, Fatal if nothing of it is held back."""
    records: list[bytes] = []

    def take(name: str, state: ShipmentState | None) -> None:
        if name == key:
            records[:] = [] if state is None else [state.record]

    each(settings, Registry(settings), topics.SHIPMENT_STATE, ShipmentState, take)
    shipment = decode(records[0]) if records else None
    if shipment is None or not doubts_of(shipment, keeping(settings).ordered_late):
        raise Fatal(f"no delivery of {key} is held back: `shipsync delivery list` shows those that are")
    return shipment


def confirmation(shipment: Shipment, now_ms: int, by: str) -> CarrierEvent:
    """The event by which a person says that the delivery is true. The same word twice is one event."""
    carrier, number, at = shipment.carrier, shipment.tracking_number, delivered_at(shipment)
    event_id = digest("confirmed by a person", carrier, number, str(at))
    return CarrierEvent(
        event_id, carrier, number, Milestone.DELIVERED, Classifier.ACTUAL, at, max(now_ms, at), ExceptionType.NONE,
        Reason.NORMAL, "", f"confirmed by {by}", None, None, None, None, None, False, Precision.INSTANT,
        Correction.NEW, None, [], [Flag.CONFIRMED_BY_PERSON.value],
        Source(PERSON, PERSON, topics.CARRIER_EVENTS.name, 0, 0, 0, event_id),
    )


def consequences(shipment: Shipment, event: CarrierEvent, rules: Keeping = ALL) -> Row:
    """Shows whom the event would reach: the customers, and the ERP's deliveries."""
    key = shipment_key(shipment.carrier, shipment.tracking_number)
    out = step([Received(event, b"")], {key: shipment}, keeping=rules).outputs
    return {
        "shipment": key, "delivered_at": event.occurred_at,
        "customers": sorted({one.customer_id for one in out.customer_updates}),
        "deliveries": sorted({one.delivery_id for one in out.delivery_milestones}),
    }


def write(settings: Settings, event: CarrierEvent) -> None:
    """Return once the broker has it. Raises Transient where broker or registry does not answer."""
    value = ValueCodec(topics.CARRIER_EVENTS, CarrierEvent, Registry(settings, patience=REGISTRY_SECONDS)).encode(event)
    key = shipment_key(event.carrier, event.tracking_number).encode()
    try:
        deliver(
            producer(settings, ack_seconds=ACK_SECONDS), [Record(topics.CARRIER_EVENTS.name, key, value)],
            ACK_SECONDS + 1,
        )
    except Transient as error:
        raise Transient(f"nothing was confirmed: {error}") from error
