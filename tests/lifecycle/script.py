"""The script: each order's story, the messages that tell it, and the state it must end in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import NamedTuple

from config import topics
from streams.contracts.model import OrderLine, WmsConfirmation
from tests.lifecycle import booked
from tests.lifecycle.ends import Act, Story
from tests.lifecycle.rules import PLAIN, PROVED
from topologies.demo.carrier_desk import CarrierDesk
from topologies.demo.journeys import Journey, Step
from topologies.demo.partners import NORTHWAY, courier_scan
from topologies.demo.payloads import ups
from topologies.demo.planned import Expected, Plan
from topologies.demo.scenes import OUTBOUND, Scenery, spread, without_a_name

SEED = 11
_COURIER = (Step.LABEL, Step.PICKUP, Step.HUB_ARRIVED, Step.OUT_FOR_DELIVERY, Step.DELIVERED)


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


def write(numbers: Sequence[Numbers], now_ms: int, desk: CarrierDesk) -> Script:
    """The script for orders of these numbers; stories follow each other in turn. ``desk``: it learns how couriers
    answer, and what lies behind their links."""
    scene = Scenery(Random(SEED), now_ms)
    orders = []
    for place, one in enumerate(numbers):
        story = list(Story)[place % len(Story)]
        if booked.is_booked(story):
            ways = booked.tell(scene, booked.Numbered(story, *one), desk)
        else:
            ways = _TELL[story](scene)
            _order(scene, one, story, ways)
        orders.append(Scripted(story, one.order_id, one.delivery_id, [way.number for way in ways]))
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
        scene.raw(Act.CATCHES_UP.value, NORTHWAY, "webhook", "application/json", courier_scan(way, place),
                  f"northway webhook of {way.number}", Expected(1))
    return [way]


_TELL: Mapping[Story, Callable[[Scenery], list[Journey]]] = {
    Story.STRAIGHT: lambda scene: [_arrives(scene)], Story.LATE_PROOF: _late_proof, Story.NO_PROOF: _unnamed,
    Story.WAIVED: _unnamed, Story.REFUSED: _refused, Story.SPLIT: _split, Story.PARTIAL: _partial,
    Story.OUTAGE: _outage,
}
