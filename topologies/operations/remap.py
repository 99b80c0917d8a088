"""A feed's raw records through an edited mapping: what would change, and the corrections that change it.

Writes corrections to ``carrier.events.v1``, and what they state of other numbers to ``shipment.links.v1`` and
``reference.claims.v1``, as intake does for what it reads.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from contextlib import closing
from typing import TypeVar

from msgspec import Struct, field

from config import topics
from config.settings import Settings
from connectors.carriers import Carrier
from connectors.kafka.consumer import PartitionReader
from connectors.kafka.person_actions import Act, audited, take
from connectors.kafka.producer import Record
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.audit import Actor, details_of
from streams.contracts.ids import shipment_key
from streams.contracts.model import CarrierEvent, FulfilmentState, ReferenceClaim, ShipmentLink
from streams.intake.discovered_references import Discovered, DiscoveredReferences
from streams.intake.mapping_diff import is_retraction
from streams.intake.remap import Place, corrections, place_of
from streams.kernel.audit_vocabulary import SubjectKind
from streams.shipments.record import Shipment, decode
from topologies.operations.remap_effects import Effect, Simulation
from topologies.operations.remap_reading import GROUP, Asked, Compared, Comparison, Progress, latest_of
from topologies.stages import alert_rules
from topologies.stages.shipments import StoredShipment, keeping

T = TypeVar("T", bound=Struct)


class Plan(Struct):
    """Holds the outcome a re-map would have. By CARRIER:NUMBER: ``corrections``, ``held`` (events that cannot be
    corrected, and why), ``effects`` on corrected shipments and those linked to them."""

    feed: str
    asked: Asked
    compared: Compared
    corrections: dict[str, list[CarrierEvent]] = field(default_factory=dict)
    held: dict[str, list[tuple[CarrierEvent, str]]] = field(default_factory=dict)
    effects: dict[str, Effect] = field(default_factory=dict)

    @property
    def archived(self) -> set[str]:
        """Corrected shipments that are archived: what was told of them is not corrected any more."""
        return {key for key in self.corrections if key in self.effects and self.effects[key].is_archived}

    @property
    def deliveries(self) -> list[Effect]:
        """The shipments of which a delivery would be told anew."""
        return [one for one in self.effects.values() if one.adds_delivery]

    @property
    def with_deliveries(self) -> set[str]:
        """The corrected shipments by which a delivery would be told anew, of themselves or of linked ones."""
        return set[str]().union(*(one.roots for one in self.deliveries))

    def to_publish(self, *, without: Collection[str] = ()) -> list[CarrierEvent]:
        """The corrections, but those of archived shipments and of the ones named."""
        left_out = self.archived.union(without)
        return [one for key, events in self.corrections.items() if key not in left_out for one in events]


def plan(settings: Settings, carrier: Carrier, asked: Asked, progress: Progress = lambda *_: None) -> Plan:
    """Plans the corrections the carrier's mapping would make. Raises Transient where a broker, a topic or the registry
    is silent."""
    with closing(Comparison(settings, carrier, asked, progress)) as comparison:
        compared = comparison.read()
    found = Plan(carrier.feed, asked, compared)
    places: dict[str, set[Place]] = {}
    for place, events in compared.remapped.items():
        for event in events:
            places.setdefault(shipment_key(event.carrier, event.tracking_number), set()).add(place)
    for key, published in compared.published.items():
        looked_at = places.get(key, set()).union(map(place_of, published)) & compared.remapped.keys()
        one = corrections(published, {place: compared.remapped[place] for place in looked_at}, key)
        if one.events:
            found.corrections[key] = one.events
        if one.held:
            found.held[key] = one.held
    found.effects = _effects(settings, found.corrections, progress)
    return found


def publish(settings: Settings, feed: str, events: Collection[CarrierEvent], actor: Actor, now_ms: int) -> int:
    """Publish corrections of a feed; how many, once the broker has them.

    Twice the same is once: their ids are made of what they say. Raises Transient where broker or registry does not
    answer; some may be written then, and it may be repeated.
    """
    registry = Registry(settings)
    codec = ValueCodec(topics.CARRIER_EVENTS, CarrierEvent, registry)
    links = ValueCodec(topics.SHIPMENT_LINKS, ShipmentLink, registry)
    claims = ValueCodec(topics.REFERENCE_CLAIMS, ReferenceClaim, registry)
    found = _stated(events)
    records = [
        Record(topics.CARRIER_EVENTS.name, shipment_key(one.carrier, one.tracking_number).encode(), codec.encode(one))
        for one in events
    ]
    beside = [
        Record(topics.SHIPMENT_LINKS.name, shipment_key(one.carrier, one.tracking_number).encode(), links.encode(one))
        for one in found.links
    ] + [
        Record(topics.REFERENCE_CLAIMS.name, f"{one.type}:{one.value}".encode(), claims.encode(one))
        for one in found.claims
    ]
    audit = audited(
        actor, now_ms, "mapping.correct", SubjectKind.FEED, feed, details=details_of({
            "events": len(events), "shipments": len({(one.carrier, one.tracking_number) for one in events}),
        }),
    )
    take(settings, [Act(audit, [*records, *beside])], registry)
    return len(records)


def _stated(events: Collection[CarrierEvent]) -> Discovered:
    """Finds the links and claims the events state about other numbers."""
    return DiscoveredReferences().discover(one for one in events if not is_retraction(one))


def _effects(
    settings: Settings, corrected: Mapping[str, list[CarrierEvent]], progress: Progress
) -> dict[str, Effect]:
    registry = Registry(settings)
    shipments = ValueCodec(topics.SHIPMENT_STATE, StoredShipment, registry)
    deliveries = ValueCodec(topics.FULFILMENT_STATE, FulfilmentState, registry)

    def stored(keys: Set[str]) -> dict[str, Shipment | None]:
        values = latest_of(reader, topics.SHIPMENT_STATE.name, keys, progress)
        return {key: None if value is None else decode(shipments.decode(value).record) for key, value in values.items()}

    def posted(names: Set[str]) -> dict[str, FulfilmentState | None]:
        values = latest_of(reader, topics.FULFILMENT_STATE.name, names, progress)
        return {key: None if value is None else deliveries.decode(value) for key, value in values.items()}

    patience = alert_rules.load(settings.monitoring.alerts_file).patience
    with closing(PartitionReader(settings, GROUP)) as reader:
        simulation = Simulation(stored, patience, keeping(settings))
        simulation.run(corrected, {key: _stated(events).links for key, events in corrected.items()})
        simulation.post(posted)
    return simulation.effects
