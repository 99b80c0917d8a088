"""Computes the effects of corrections with the steps of shipments and fulfilment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from msgspec.structs import replace

from streams.contracts.links import ShipmentLink
from streams.contracts.model import CarrierEvent, FulfilmentState
from streams.fulfilment.step import step as post
from streams.kernel.vocabulary import Correction, Flag, LinkKind, Milestone, PostingKind, Status
from streams.shipments.record import Shipment
from streams.shipments.reuse.archive import ALL, Keeping, archived
from streams.shipments.step import Input, step
from streams.shipments.timers.deadlines import FOR_EVER
from tests.support.strategies import carrier_event, received, reference
from topologies.operations.remap_effects import Effect, Simulation

OUT = carrier_event(Milestone.OUT_FOR_DELIVERY, 60)
DELIVERED = carrier_event(Milestone.DELIVERED, 60)
KEY = "north:N100"


def correction(of: CarrierEvent, to: CarrierEvent) -> CarrierEvent:
    return replace(to, correction=Correction.REPLACES, corrects=of.event_id, flags=[Flag.REMAPPED.value])


def after(*inputs: Input) -> tuple[dict[str, Shipment], dict[str, FulfilmentState]]:
    """The state after the stages have handled these inputs."""
    states: dict[str, Shipment] = {}
    posted: dict[str, FulfilmentState] = {}
    waiting: Sequence[Input] = inputs
    while waiting:
        done = step(waiting, states)
        states |= {key: one for key, one in done.states.items() if one is not None}
        posted |= post(done.outputs.delivery_milestones, posted).states
        waiting = done.outputs.adoptions
    return states, posted


def effects(
    states: Mapping[str, Shipment], posted: Mapping[str, FulfilmentState], *events: CarrierEvent,
    keeping: Keeping = ALL, links: Sequence[ShipmentLink] = (),
) -> dict[str, Effect]:
    def stored(keys: Set[str]) -> dict[str, Shipment | None]:
        return {key: states[key] for key in keys & states.keys()}

    by_key: dict[str, list[CarrierEvent]] = {}
    for one in events:
        by_key.setdefault(f"{one.carrier}:{one.tracking_number}", []).append(one)
    simulation = Simulation(stored, FOR_EVER, keeping)
    simulation.run(by_key, {KEY: links} if links else {})
    simulation.post(lambda names: {name: posted.get(name) for name in names})
    return simulation.effects


def test_a_delivery_told_anew_is_seen_with_its_posting() -> None:
    states, posted = after(reference(), received(OUT))
    one = effects(states, posted, correction(OUT, DELIVERED))[KEY]
    assert (one.before, one.after, one.roots) == (Status.OUT_FOR_DELIVERY, Status.DELIVERED, {KEY})
    assert [(each.kind, each.reverses) for each in one.postings] == [(PostingKind.DELIVERY_CONFIRMATION, None)]
    assert (one.adds_delivery, one.takes_delivery_back, one.is_heard) == (True, False, True)
    assert states[KEY].status is Status.OUT_FOR_DELIVERY, "nothing is changed"


def test_a_delivery_taken_back_is_seen_with_its_reversal() -> None:
    states, posted = after(reference(), received(DELIVERED))
    one = effects(states, posted, correction(DELIVERED, OUT))[KEY]
    assert (one.before, one.after) == (Status.DELIVERED, Status.OUT_FOR_DELIVERY)
    assert [each.reverses is not None for each in one.postings] == [True]
    assert (one.adds_delivery, one.takes_delivery_back) == (False, True)


def test_a_delivery_told_again_with_other_facts_is_none_told_anew() -> None:
    states, posted = after(reference(), received(DELIVERED))
    other = carrier_event(Milestone.DELIVERED, 90)
    one = effects(states, posted, correction(DELIVERED, other))[KEY]
    assert [each.correction for each in one.updates.values()] == [Correction.REPLACES]
    assert (one.adds_delivery, one.takes_delivery_back, one.postings) == (False, False, [])


def test_a_delivery_without_an_order_is_one_all_the_same() -> None:
    one = effects({}, {}, DELIVERED)[KEY]
    assert (one.before, one.after, one.adds_delivery) == (Status.UNKNOWN, Status.DELIVERED, True)
    assert (one.updates, one.postings) == ({}, [])


def test_what_reaches_a_linked_shipment_is_seen_there_and_whose_it_is() -> None:
    link = ShipmentLink("north", "N100", "north", "P1", LinkKind.PIECE)
    states, posted = after(reference(tracking_number="P1"), link, received(OUT))
    found = effects(states, posted, correction(OUT, DELIVERED))
    parent = found["north:P1"]
    assert (parent.after, parent.roots, parent.adds_delivery) == (Status.DELIVERED, {KEY}, True)
    assert found[KEY].postings == []
    alone, nothing = after(reference(tracking_number="P1"), received(OUT))
    linked = effects(alone, nothing, correction(OUT, DELIVERED), links=[link])
    assert linked["north:P1"].adds_delivery, "a link that the corrections state"


def test_of_an_archived_shipment_nothing_is_told() -> None:
    states, posted = after(reference(), received(DELIVERED))
    stub, _ = archived(states[KEY])
    one = effects({KEY: stub}, posted, correction(DELIVERED, OUT), keeping=Keeping(1, 1, 1, 10**12))[KEY]
    assert (one.is_archived, one.is_heard) == (True, False)
