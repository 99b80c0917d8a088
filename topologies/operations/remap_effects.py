"""Works out the effects of corrections: runs the pure steps of shipments and fulfilment over the records as they
stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set

from msgspec import Struct, field

from streams.contracts.ids import shipment_key
from streams.contracts.model import (
    Adoption,
    CarrierEvent,
    CustomerUpdate,
    DeliveryMilestone,
    ErpPosting,
    FulfilmentState,
    ShipmentLink,
)
from streams.fulfilment.step import step as post
from streams.kernel.vocabulary import Correction, Milestone, PostingKind, Status
from streams.shipments.record import Shipment
from streams.shipments.reuse.archive import Keeping
from streams.shipments.step import Input, Received, step
from streams.shipments.timers.deadlines import Patience

Shipments = Callable[[Set[str]], Mapping[str, Shipment | None]]
"""Returns the stored records of these shipments, by CARRIER:NUMBER; a key is absent where there is none."""
Posted = Callable[[Set[str]], Mapping[str, FulfilmentState | None]]
"""Returns the stored records of these ERP deliveries, by delivery."""
_DELIVERY = frozenset({Milestone.DELIVERED, Milestone.POD_RECEIVED})
_POSTED = frozenset({PostingKind.DELIVERY_CONFIRMATION, PostingKind.PROOF_OF_DELIVERY})
MOST_LINKS = 8
"""Numbers that an event passes through at most, and some."""


class Effect(Struct):
    """Describes the effect of corrections on one shipment. ``roots``: the corrected shipments whose events reach it:
    itself, or numbers linked to it. ``updates``: the last message of each; ``postings``: in order, reversals among
    them. ``refused``: the inputs the stage would dead-letter."""

    key: str
    before: Status
    after: Status
    roots: set[str] = field(default_factory=set)
    updates: dict[str, CustomerUpdate] = field(default_factory=dict)
    milestones: list[DeliveryMilestone] = field(default_factory=list)
    postings: list[ErpPosting] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    is_archived: bool = False

    @property
    def adds_delivery(self) -> bool:
        """Whether somebody would hear of a delivery who has not, or the shipment becomes delivered."""
        return (
            (self.after is Status.DELIVERED and self.before is not Status.DELIVERED)
            or any(one.kind in _POSTED and one.reverses is None for one in self.postings)
            or any(_tells_of_delivery(one) for one in self.updates.values())
            or any(_tells_of_delivery(one) for one in self.milestones)
        )

    @property
    def takes_delivery_back(self) -> bool:
        """Whether a delivery that was told holds no more."""
        return (
            (self.before is Status.DELIVERED and self.after is not Status.DELIVERED)
            or any(one.kind in _POSTED and one.reverses is not None for one in self.postings)
        )

    @property
    def is_heard(self) -> bool:
        """Whether anybody would notice."""
        return bool(self.before is not self.after or self.updates or self.milestones or self.postings)


def _tells_of_delivery(told: CustomerUpdate | DeliveryMilestone) -> bool:
    return told.milestone in _DELIVERY and told.correction is Correction.NEW


class Simulation:
    """The shipments as they would come to be, and what would be sent on the way."""

    def __init__(self, shipments: Shipments, patience: Patience, keeping: Keeping) -> None:
        self._load, self._patience, self._keeping = shipments, patience, keeping
        self._states: dict[str, Shipment | None] = {}
        self.effects: dict[str, Effect] = {}

    def run(self, events: Mapping[str, Sequence[CarrierEvent]], links: Mapping[str, Sequence[ShipmentLink]]) -> None:
        """Take corrections in, by shipment, and the links that they state, by the shipment that states them."""
        waiting: dict[str, list[tuple[Input, set[str]]]] = {}
        for key, corrected in events.items():
            for one in corrected:
                waiting.setdefault(key, []).append((Received(one, b""), {key}))
        for key, stated in links.items():
            for link in stated:
                child = shipment_key(link.carrier, link.tracking_number)
                waiting.setdefault(child, []).append((link, {key}))
        for _ in range(MOST_LINKS):
            if not waiting:
                return
            unknown = waiting.keys() - self._states.keys()
            self._states |= {**dict.fromkeys(unknown), **(self._load(unknown) if unknown else {})}
            after: dict[str, list[tuple[Input, set[str]]]] = {}
            for key, inputs in waiting.items():
                for adopted, roots in self._take(key, inputs):
                    parent = shipment_key(adopted.carrier, adopted.tracking_number)
                    after.setdefault(parent, []).append((adopted, roots))
            waiting = after

    def post(self, posted: Posted) -> None:
        """Post what was told of deliveries."""
        milestones = [one for effect in self.effects.values() for one in effect.milestones]
        known = posted({one.delivery_id for one in milestones}) if milestones else {}
        for one in post(milestones, known).outputs.postings:
            self.effects[shipment_key(one.carrier, one.tracking_number)].postings.append(one)

    def _take(self, key: str, inputs: Iterable[tuple[Input, set[str]]]) -> list[tuple[Adoption, set[str]]]:
        """Take inputs of one shipment in; what its parents are to take in."""
        pairs = list(inputs)
        before = self._states[key]
        result = step([one for one, _ in pairs], {key: before}, self._patience, self._keeping)
        after = result.states.get(key, before)
        was = Status.UNKNOWN if before is None else before.status
        effect = self.effects.setdefault(key, Effect(key, was, was))
        effect.after = was if after is None else after.status
        effect.is_archived = effect.is_archived or (before is not None and before.view.archived)
        roots = set[str]().union(*(found for _, found in pairs))
        effect.roots |= roots
        effect.updates |= {one.update_id: one for one in result.outputs.customer_updates}
        effect.milestones += result.outputs.delivery_milestones
        effect.refused += [str(reject) for _, reject in result.refused]
        self._states[key] = after
        return [(one, roots) for one in result.outputs.adoptions]
