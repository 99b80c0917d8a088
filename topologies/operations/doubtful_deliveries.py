"""Deliveries that are held back from customers and the ERP: which there are, and a person's word that one is true,
or is not."""

from __future__ import annotations

from typing import Any

from config import topics
from config.settings import Settings
from connectors.kafka.person_actions import REGISTRY_SECONDS, Act, audited, take
from connectors.kafka.producer import Record
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_reader import each, newest
from streams.contracts.audit import Actor, details_of
from streams.contracts.ids import digest, shipment_key
from streams.contracts.model import AlertAction, CarrierEvent, ShipmentState, Source
from streams.kernel.audit_vocabulary import SubjectKind
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import (
    ActionKind,
    Classifier,
    Correction,
    ExceptionType,
    Flag,
    Milestone,
    Precision,
    Reason,
)
from streams.shipments.record import Shipment, decode
from streams.shipments.reuse.archive import ALL, Keeping
from streams.shipments.step import Received, step
from streams.shipments.told import doubts_of
from topologies.stages.shipments import keeping

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
    state = newest(settings, Registry(settings), topics.SHIPMENT_STATE, ShipmentState, key)
    shipment = decode(state.record) if state is not None and not state.archived else None
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


def release(settings: Settings, event: CarrierEvent, actor: Actor, reason: str = "") -> None:
    """Write the confirmation; return once the broker has it. Raises Transient where broker or registry does not
    answer."""
    registry = Registry(settings, patience=REGISTRY_SECONDS)
    key = shipment_key(event.carrier, event.tracking_number)
    value = ValueCodec(topics.CARRIER_EVENTS, CarrierEvent, registry).encode(event)
    audit = audited(
        actor, event.received_at, "delivery.release", SubjectKind.SHIPMENT, key, reason=reason,
        details=details_of({"event_id": event.event_id}),
    )
    take(settings, [Act(audit, [Record(topics.CARRIER_EVENTS.name, key.encode(), value)])], registry)


def refuse(settings: Settings, shipment: Shipment, actor: Actor, now_ms: int, reason: str) -> None:
    """Say that the delivery is not true: it stays held back, and its alert is resolved until its cause returns. Raises
    Transient where broker or registry does not answer."""
    registry = Registry(settings, patience=REGISTRY_SECONDS)
    [doubt, *_] = doubts_of(shipment, keeping(settings).ordered_late)
    done = AlertAction(doubt.alert_id, ActionKind.RESOLVE, actor.name, now_ms, reason)
    value = ValueCodec(topics.ALERT_ACTIONS, AlertAction, registry).encode(done)
    key = shipment_key(shipment.carrier, shipment.tracking_number)
    audit = audited(
        actor, now_ms, "delivery.refuse", SubjectKind.SHIPMENT, key, reason=reason,
        details=details_of({"alert": doubt.alert_id}),
    )
    take(settings, [Act(audit, [Record(topics.ALERT_ACTIONS.name, doubt.alert_id.encode(), value)])], registry)
