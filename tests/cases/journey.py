"""The consequences of carriers' events whose shipments are claimed by orders: status, customer updates, ERP postings.

The pure steps of shipments and fulfilment are run as their topics wire them, until nothing moves any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from streams.contracts.ids import shipment_key
from streams.contracts.model import (
    AlertSignal,
    CarrierEvent,
    CustomerUpdate,
    DeliveryMilestone,
    ErpPosting,
    OrderReference,
    ShipmentLink,
)
from streams.fulfilment.policy import PLAIN, Policies
from streams.fulfilment.step import step as post
from streams.intake.discovered_references import DiscoveredReferences
from streams.kernel.vocabulary import Correction
from streams.shipments.record import Shipment
from streams.shipments.step import Input, Received, step

SHIPMENTS = Mapping[str, Shipment | None]
_DAY_MS = 86_400_000


@dataclass
class Journey:
    """``shipments``: by CARRIER:NUMBER. ``postings``, ``updates``: those that stand at the end. ``alerts``: all that
    were raised, the last of each id."""

    shipments: dict[str, Shipment] = field(default_factory=dict)
    postings: list[ErpPosting] = field(default_factory=list)
    updates: list[CustomerUpdate] = field(default_factory=list)
    alerts: dict[str, AlertSignal] = field(default_factory=dict)


def orders_for(events: Sequence[CarrierEvent], since: Mapping[str, int]) -> list[OrderReference]:
    """A claim on each number a day before its first event; with ``since``, on its numbers alone, when it says."""
    first: dict[tuple[str, str], int] = {}
    for event in events:
        key = event.carrier, event.tracking_number
        first[key] = min(event.occurred_at, first.get(key, event.occurred_at))
    return [
        OrderReference(carrier, number, f"O-{number}", f"D-{number}", "C", None, since.get(number, at - _DAY_MS))
        for (carrier, number), at in first.items() if number and (not since or number in since)
    ]


def travelled(
    events: Sequence[CarrierEvent], orders: Iterable[OrderReference], policies: Policies = PLAIN
) -> Journey:
    """Run everything, with the links that the events state."""
    known = [event for event in events if event.tracking_number]
    links: list[ShipmentLink] = DiscoveredReferences().discover(known).links
    return played([*orders, *links, *(Received(event, b"") for event in known)], policies)


def played(inputs: Sequence[Input], policies: Policies = PLAIN) -> Journey:
    """Run the inputs of the shipments step, in this order."""
    journey = Journey()
    waiting: Sequence[Input] = inputs
    milestones: list[DeliveryMilestone] = []
    updates: dict[str, CustomerUpdate] = {}
    while waiting:
        done = step(waiting, journey.shipments)
        journey.shipments |= {key: one for key, one in done.states.items() if one is not None}
        milestones += done.outputs.delivery_milestones
        updates |= {one.update_id: one for one in done.outputs.customer_updates}
        journey.alerts |= {one.alert_id: one for one in done.outputs.alerts}
        waiting = done.outputs.adoptions
    outputs = post(milestones, {}, policies).outputs
    posted = [*outputs.postings, *outputs.settled]
    reversed_ids = {one.reverses for one in posted if one.reverses}
    journey.postings = [one for one in posted if not one.reverses and one.posting_id not in reversed_ids]
    journey.updates = [one for one in updates.values() if one.correction is not Correction.RETRACTS]
    return journey


def status_of(journey: Journey, carrier: str, number: str) -> str:
    """The status others read of the last shipment under a number; ``none`` where nothing is known of it."""
    found = journey.shipments.get(shipment_key(carrier, number))
    return "none" if found is None else found.status.value
