"""The script: each order's story, the messages that tell it, and the state it must end in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from random import Random
from typing import NamedTuple

from config import topics
from streams.contracts.model import OrderLine, WmsConfirmation
from streams.kernel.vocabulary import DeliveryPhase, PostingKind, WaitKind
from topologies.demo.journeys import Journey, Step
from topologies.demo.partners import NORTHWAY, northway_scan
from topologies.demo.payloads import ups
from topologies.demo.planned import Expected, Plan
from topologies.demo.scenes import OUTBOUND, Scenery, spread, without_a_name

SEED = 11
PLAIN, PROVED = "C-PLAIN", "C-PROVED"
"""Customers: one whose deliveries are confirmed as they are reported, one whose need a proof."""
POLICIES = f"customers:\n  {PROVED}: {{proof: any, waits: {{proof: {{owner: finance, deadline: 1h}}}}}}\n"
_ISSUE, _CONFIRMED = PostingKind.GOODS_ISSUE, PostingKind.DELIVERY_CONFIRMATION
_COURIER = (Step.LABEL, Step.PICKUP, Step.HUB_ARRIVED, Step.OUT_FOR_DELIVERY, Step.DELIVERED)


class Act(Enum):
    """The acts, in the order they are played."""

    LEAVES = 0
    ARRIVES = 1
    CATCHES_UP = 2


class Story(Enum):
    """The fate of an order."""

    STRAIGHT = "delivered"
    LATE_PROOF = "proof comes late"
    NO_PROOF = "no proof comes"
    WAIVED = "proof is waived"
    REFUSED = "refused, comes back"
    SPLIT = "two parcels, both there"
    PARTIAL = "two parcels, one there"
    OUTAGE = "carrier's feed was out"


class End(NamedTuple):
    """The state an order must end in. ``booked``: postings that stand in the ERP by kind; ``pieces``: delivered and
    known by the last confirmation; ``was_overdue``: whether its wait raised an alert; ``in_tryton``: the state of its
    shipment there (open: neither done nor cancelled), and its posted invoices."""

    phase: DeliveryPhase
    waits_for: WaitKind | None
    booked: Mapping[PostingKind, int]
    pieces: tuple[int, int]
    was_overdue: bool
    in_tryton: tuple[str, int]


ENDS: Mapping[Story, End] = {
    Story.STRAIGHT: End(DeliveryPhase.CONFIRMED, None, {_ISSUE: 1, _CONFIRMED: 1}, (1, 1), False, ("done", 1)),
    Story.LATE_PROOF: End(
        DeliveryPhase.CONFIRMED, None, {_ISSUE: 1, PostingKind.PROOF_OF_DELIVERY: 1, _CONFIRMED: 1}, (1, 1), True,
        ("done", 1),
    ),
    Story.NO_PROOF: End(DeliveryPhase.WAITING_FOR_PROOF, WaitKind.PROOF, {_ISSUE: 1}, (0, 0), True, ("open", 0)),
    Story.WAIVED: End(DeliveryPhase.CONFIRMED, None, {_ISSUE: 1, _CONFIRMED: 1}, (1, 1), True, ("done", 1)),
    Story.REFUSED: End(
        DeliveryPhase.RETURNED, None, {_ISSUE: 1, PostingKind.RETURN_STARTED: 1, PostingKind.RETURN_RECEIPT: 1},
        (0, 0), False, ("cancelled", 0),
    ),
    Story.SPLIT: End(DeliveryPhase.CONFIRMED, None, {_ISSUE: 2, _CONFIRMED: 2}, (2, 2), False, ("done", 1)),
    Story.PARTIAL: End(DeliveryPhase.PARTLY_DELIVERED, None, {_ISSUE: 2, _CONFIRMED: 1}, (1, 2), False, ("open", 0)),
    Story.OUTAGE: End(DeliveryPhase.CONFIRMED, None, {_ISSUE: 1, _CONFIRMED: 1}, (1, 1), False, ("done", 1)),
}


class Numbers(NamedTuple):
    """An order's numbers in the ERP."""

    order_id: str
    delivery_id: str


class Scripted(NamedTuple):
    """An order of the script."""

    story: Story
    order_id: str
    delivery_id: str
    shipments: Sequence[str]


class Script(NamedTuple):
    """All orders, and the messages that tell them: the second of each is the number of its act."""

    orders: Sequence[Scripted]
    plan: Plan


def write(numbers: Sequence[Numbers], now_ms: int) -> Script:
    """The script for orders of these numbers; stories follow each other in turn."""
    scene = Scenery(Random(SEED), now_ms)
    orders = []
    for place, one in enumerate(numbers):
        story = list(Story)[place % len(Story)]
        ways = _TELL[story](scene)
        orders.append(Scripted(story, one.order_id, one.delivery_id, [way.number for way in ways]))
        _order(scene, one, story, ways)
    messages = sorted(scene.messages, key=lambda message: message.at_s)
    plan = Plan(SEED, now_ms, float(len(Act)), (), ())
    timed = tuple(
        replace(message, correlation_id=f"{plan.correlation_prefix}{number:06d}")
        for number, message in enumerate(messages)
    )
    return Script(orders, replace(plan, messages=timed, staged=tuple(scene.staged)))


def _order(scene: Scenery, one: Numbers, story: Story, ways: Sequence[Journey]) -> None:
    """The ERP's order, and the warehouse's word that it shipped the parcels."""
    is_proved = story in (Story.LATE_PROOF, Story.NO_PROOF, Story.WAIVED)
    order = scene.order(
        Act.LEAVES.value, ways, 100.0, customer=PROVED if is_proved else PLAIN,
        lines=[OrderLine(one.delivery_id, way.carrier, way.number) for way in ways],
    )
    order.order_id = one.order_id
    scene.record(Act.LEAVES.value, topics.WMS_CONFIRMATIONS, one.delivery_id, WmsConfirmation(
        f"PACK-{one.delivery_id}", one.delivery_id, one.order_id, "plant-2", "shipped", ways[0].scans[0].at_ms,
        ways[0].carrier, [way.number for way in ways], [],
    ), f"the warehouse shipped {one.delivery_id}")


def _parcel(scene: Scenery, acts: Mapping[Step, Act], *steps: Step, named: bool = True) -> Journey:
    """A UPS parcel that has left; ``steps`` come after it is out for delivery, each in its act. ``named``: the delivery
    says who took it."""
    way = scene.ups([*spread(OUTBOUND[:-1], 60, 12), *((step, 8 - place) for place, step in enumerate(steps))])
    for scan in way.scans:
        body = ups.push(way, scan)
        scene.raw(
            acts.get(scan.step, Act.LEAVES).value, ups.FEED, "webhook", ups.CONTENT_TYPE,
            body if named else without_a_name(body), f"ups webhook of {way.number}: {scan.step.value}", Expected(1),
        )
    return way


def _arrives(scene: Scenery) -> Journey:
    return _parcel(scene, {Step.DELIVERED: Act.ARRIVES}, Step.DELIVERED)


def _unnamed(scene: Scenery) -> list[Journey]:
    return [_parcel(scene, {Step.DELIVERED: Act.ARRIVES}, Step.DELIVERED, named=False)]


def _late_proof(scene: Scenery) -> list[Journey]:
    acts = {Step.DELIVERED: Act.ARRIVES, Step.PROOF: Act.CATCHES_UP}
    return [_parcel(scene, acts, Step.DELIVERED, Step.PROOF, named=False)]


def _refused(scene: Scenery) -> list[Journey]:
    acts = {Step.RETURNING: Act.ARRIVES, Step.RETURNED: Act.CATCHES_UP}
    return [_parcel(scene, acts, Step.RETURNING, Step.RETURNED)]


def _split(scene: Scenery) -> list[Journey]:
    return [_arrives(scene), _parcel(scene, {Step.DELIVERED: Act.CATCHES_UP}, Step.DELIVERED)]


def _partial(scene: Scenery) -> list[Journey]:
    return [_arrives(scene), _parcel(scene, {})]


def _outage(scene: Scenery) -> list[Journey]:
    """Nothing of it is heard until its carrier catches up, and then the last scan first."""
    way = scene.way(NORTHWAY, f"NW{scene.rng.randrange(10**9):09d}", spread(_COURIER, 60, 6))
    for place in reversed(range(len(way.scans))):
        scene.raw(Act.CATCHES_UP.value, NORTHWAY, "webhook", "application/json", northway_scan(way, place),
                  f"northway webhook of {way.number}", Expected(1))
    return [way]


_TELL: Mapping[Story, Callable[[Scenery], list[Journey]]] = {
    Story.STRAIGHT: lambda scene: [_arrives(scene)], Story.LATE_PROOF: _late_proof, Story.NO_PROOF: _unnamed,
    Story.WAIVED: _unnamed, Story.REFUSED: _refused, Story.SPLIT: _split, Story.PARTIAL: _partial,
    Story.OUTAGE: _outage,
}
