"""Resolves references by hand: lists the unresolved ones, previews a resolution, and lists order lines without
events and shipments without an order."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

import msgspec
from msgspec import Struct

from config import topics
from config.settings import Settings
from connectors.kafka.registry import Registry
from connectors.kafka.topic_reader import each, latest, newest
from streams.contracts.audit import Actor
from streams.contracts.ids import shipment_key
from streams.contracts.masterdata import master_key
from streams.contracts.model import CarrierEvent, MasterRecord, OrderLink, OrderState, ReferenceState
from streams.contracts.references import Named
from streams.identity import step as identity
from streams.identity.matching import MatchingRules, resolutions
from streams.identity.record import ReferenceRecord, decode, decode_event
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import Correction, MasterKind, Status
from streams.masterdata import step as masterdata
from topologies.operations import master_data

Row = dict[str, Any]


class ShipmentSummary(Struct, gc=False):
    """A shipment's number, and whether carriers' events and orders name it."""

    carrier: str
    tracking_number: str
    status: Status
    event_count: int
    orders: list[OrderLink]
    updated_at: int


def rules_of(settings: Settings) -> MatchingRules:
    """The rules by which this installation resolves references."""
    return MatchingRules(round(settings.lifetimes.reference_span * 1000))


def waiting(settings: Settings) -> list[Row]:
    """Every reference with unresolved events or order lines, longest wait first. Raises Transient without Kafka."""
    found = latest(settings, Registry(settings), topics.REFERENCE_STATE, ReferenceState)
    rows = [
        row(state, rules_of(settings)) for state in found.values()
        if state.events_waiting or state.lines_waiting
    ]
    return sorted(rows, key=lambda one: (one["waiting_since"] or one["updated_at"], one["reference"]))


def known_of(settings: Settings, name: Named) -> ReferenceRecord:
    """The reference's stored record. Raises Transient without Kafka, Fatal if there is no record of it."""
    state = newest(settings, Registry(settings), topics.REFERENCE_STATE, ReferenceState, name.key)
    if state is None:
        raise Fatal(f"nothing is known of {name.key}: `shipsync identity list` shows what waits")
    return decode(state.record)


def decided(
    known: ReferenceRecord, rules: MatchingRules, carrier: str, number: str, now_ms: int, by: str
) -> MasterRecord:
    """The master data record that assigns the reference to this shipment, valid at the time of the latest unresolved
    event or order line."""
    held = resolutions(known, rules)
    times = [one.at for one in known.events if held.events[one.event_id].shipment is None]
    open_lines = {line for line, ruling in held.lines.items() if ruling.shipment is None}
    times += [line.said_at for line in known.lines if line.name in open_lines]
    return MasterRecord(
        MasterKind.REFERENCE, known.key, now_ms, by, carrier=carrier, tracking_number=number,
        valid_at=max(times, default=now_ms),
    )


def taken_back(known: ReferenceRecord, now_ms: int, by: str) -> MasterRecord:
    """The master data record that withdraws a manual resolution of the reference."""
    return MasterRecord(MasterKind.REFERENCE, known.key, now_ms, by, withdrawn=True)


def write(settings: Settings, record: MasterRecord, actor: Actor) -> None:
    """Write a decision on a reference. Raises Transient."""
    key = master_key(record.kind, record.id)
    before = newest(settings, Registry(settings), topics.MASTER_DATA, MasterRecord, key)
    master_data.write(settings, [record], actor, {} if before is None else {key: before})


def consequences(known: ReferenceRecord, rules: MatchingRules, record: MasterRecord) -> Row:
    """Preview ``record``: events sent and retracted, order lines linked and unlinked, and what stays unresolved."""
    result = identity.step(masterdata.step([record]).outputs.claims, {known.key: known}, rules)
    rulings = resolutions(result.states.get(known.key, known), rules)
    events = result.outputs.events
    return {
        "reference": known.key,
        "told": [_event(key, event) for key, event in events if event.correction is not Correction.RETRACTS],
        "taken_back": [_event(key, event) for key, event in events if event.correction is Correction.RETRACTS],
        "lines": [msgspec.to_builtins(one) for one in result.outputs.references],
        "still_waiting": sum(one.shipment is None for one in (*rulings.events.values(), *rulings.lines.values())),
    }


def never_found(settings: Settings) -> dict[str, list[Row]]:
    """``lines``: order lines whose number or reference is in no carrier's event; ``shipments``: those no order claims.
    Oldest first. Raises Transient without Kafka."""
    registry = Registry(settings)
    orders = latest(settings, registry, topics.ORDER_STATE, OrderState)
    wanted = {
        shipment_key(claim.carrier, claim.tracking_number)
        for order in orders.values() for claim in order.claims if not claim.type and not claim.withdrawn
    }
    with_events, unclaimed = _shipments(settings, registry, wanted)
    references = latest(settings, registry, topics.REFERENCE_STATE, ReferenceState)
    lines = [
        one for order in orders.values()
        for one in lines_never_found(order, with_events, references, rules_of(settings))
    ]
    shipments = [
        {"shipment": key, "status": one.status.value, "events": one.event_count, "updated_at": one.updated_at}
        for key, one in unclaimed.items()
    ]
    return {
        "lines": sorted(lines, key=lambda one: (one["updated_at"], one["order_id"], one["delivery_id"])),
        "shipments": sorted(shipments, key=lambda one: (one["updated_at"], one["shipment"])),
    }


def _shipments(settings: Settings, registry: Registry, wanted: Set[str]) -> tuple[set[str], dict[str, ShipmentSummary]]:
    """The wanted shipments that have events, archived ones included; and all shipments that no order claims."""
    with_events: set[str] = set()
    unclaimed: dict[str, ShipmentSummary] = {}

    def take(key: str, one: ShipmentSummary | None) -> None:
        if one is None or one.orders or not one.event_count:
            unclaimed.pop(key, None)
        else:
            unclaimed[key] = one
        take_archived(key, one)

    def take_archived(key: str, one: ShipmentSummary | None) -> None:
        if key in wanted and one is not None and one.event_count:
            with_events.add(key)

    each(settings, registry, topics.SHIPMENT_STATE, ShipmentSummary, take)
    each(settings, registry, topics.SHIPMENT_ARCHIVE, ShipmentSummary, take_archived)
    return with_events, unclaimed


def lines_never_found(
    order: OrderState, with_events: Set[str], references: Mapping[str, ReferenceState], rules: MatchingRules
) -> list[Row]:
    """A row for each order line without a shipment, with the reason. ``with_events``: keys of shipments with events."""
    rows = []
    for claim in order.claims:
        if claim.withdrawn or (claim.type and claim.tracking_number):
            continue
        if claim.type:
            name = Named(claim.type, claim.value).key
            why = _unresolved(references.get(name), order.order_id, claim.delivery_id, rules)
        else:
            name = shipment_key(claim.carrier, claim.tracking_number)
            why = "" if name in with_events else "no carrier event names it"
        if why:
            rows.append({
                "order_id": order.order_id, "delivery_id": claim.delivery_id, "customer_id": order.customer_id,
                "waits_for": name, "why": why, "updated_at": order.updated_at,
            })
    return rows


def _unresolved(state: ReferenceState | None, order_id: str, delivery_id: str, rules: MatchingRules) -> str:
    """Why the reference does not resolve the order's line; empty if it does."""
    if state is None:
        return "no event or claim names it"
    known = decode(state.record)
    rulings = resolutions(known, rules).lines
    mine = [line.name for line in known.lines if (line.order_id, line.delivery_id) == (order_id, delivery_id)]
    found = [rulings[name] for name in mine if name in rulings]
    if not found or any(one.shipment is not None for one in found):
        return "" if found else "no event or claim names it"
    several = max(len(one.shipments) for one in found)
    return "several shipments could be meant" if several else "no shipment is known by it"


def row(state: ReferenceState, rules: MatchingRules) -> Row:
    """A row for one reference: what is unresolved, and the shipments that claims assign it to."""
    known = decode(state.record)
    rulings = resolutions(known, rules)
    events = [decode_event(one.body) for one in known.events if rulings.events[one.event_id].shipment is None]
    lines = [
        line for line in known.lines if line.name in rulings.lines and rulings.lines[line.name].shipment is None
    ]
    return {
        "reference": known.key, "waiting_since": state.waiting_since, "updated_at": state.updated_at,
        "ambiguous": state.ambiguous, "candidates": state.shipments,
        "events": [
            {"carrier": one.carrier, "milestone": one.milestone.value, "occurred_at": one.occurred_at,
             "carrier_text": one.carrier_text, "feed": one.source.feed}
            for one in sorted(events, key=lambda event: (event.occurred_at, event.event_id))
        ],
        "lines": [{"order_id": one.order_id, "delivery_id": one.delivery_id, "carrier": one.carrier} for one in lines],
    }


def _event(key: str, event: CarrierEvent) -> Row:
    return {
        "shipment": key, "milestone": event.milestone.value, "occurred_at": event.occurred_at,
        "carrier_text": event.carrier_text,
    }

