"""Tells the orders whose carriers are found by bookings: released, packed, booked, and then told of under the number
that the carrier gave, or by the booking alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from config import topics
from streams.contracts.booking_ids import booking_id
from streams.contracts.bookings import Party, ReleasedLine
from streams.contracts.model import DeliveryRelease
from tests.lifecycle import haulage
from tests.lifecycle.ends import ENDS, Act, Story
from tests.lifecycle.rules import FREIGHT_USD, HAULAGE, MUTE, OLD_FRIEND, PAPER, PLAIN, SWIFT
from topologies.demo.carrier_desk import LATER, SIGN_IN, CarrierDesk, Conduct, Reply, proof, tracking_number
from topologies.demo.cast import AMERICAN
from topologies.demo.journeys import Journey, Step
from topologies.demo.partners import courier_scan
from topologies.demo.planned import Expected
from topologies.demo.scenes import HOUR_MS, Scenery, spread

ORDERED = 5.0
"""Pieces of the one line of a delivery."""
PARCEL_KG, PALLET_KG = 12.5, 240.0
PACKED_H, LEFT_H, DELIVERED_H, LONG_DELIVERED_H = 72, 60, 8, 20
"""Hours ago that the warehouse packed, that the carrier collected, and that it delivered: recently, or so long ago
that a missing document is due."""
PACKED: Mapping[Story, float] = {Story.SHORT: 3.0, Story.OVER: 6.0}
CONDUCT: Mapping[Story, tuple[str, Conduct]] = {
    Story.DECLINED: (SWIFT, Conduct.DECLINES), Story.UNANSWERED: (MUTE, Conduct.SILENT),
}
FREIGHT = frozenset({Story.TENDERED, Story.COUNTERED, Story.OVERCHARGED})
COUNTERS = frozenset({Story.COUNTERED})
"""The haulier offers other terms first."""
BILLED_CENTS: Mapping[Story, int] = {Story.TENDERED: FREIGHT_USD * 100, Story.OVERCHARGED: FREIGHT_USD * 125}
_LATE = frozenset({Story.DOCUMENT_LATE, Story.DOCUMENT_PAGE})
_STEPS = (Step.PICKUP, Step.HUB_ARRIVED, Step.OUT_FOR_DELIVERY, Step.DELIVERED)
_FEED, _JSON = "depot", "application/json"


class Numbered(NamedTuple):
    """A delivery of the script with its story."""

    story: Story
    order_id: str
    delivery_id: str


def is_booked(story: Story) -> bool:
    """Whether a booking is to find the carrier."""
    return story is Story.OVER or bool(ENDS[story].booking.carriers)


def tell(scene: Scenery, one: Numbered, desk: CarrierDesk) -> list[Journey]:
    """Put all messages of the order into the scene, and what ``desk`` is to answer; its shipments."""
    customer = OLD_FRIEND if one.story is Story.UNANSWERED else PAPER if "document" in one.story.name.lower() else PLAIN
    order = scene.order(Act.RELEASED.value, [], 100.0, customer=customer)
    order.order_id = one.order_id
    _released(scene, one, customer)
    _packed(scene, one)
    if one.story in CONDUCT:
        carrier, conduct = CONDUCT[one.story]
        desk.conduct[carrier, one.delivery_id] = conduct
    carriers = ENDS[one.story].booking.carriers
    if not carriers:
        return []
    booking = booking_id(one.delivery_id, len(carriers))
    carrier = carriers[-1][0]
    until = LONG_DELIVERED_H if one.story in _LATE else DELIVERED_H
    steps = spread(_STEPS, LEFT_H, until)
    if one.story is Story.DOCUMENT_REPLACED:
        steps.append((Step.PROOF, until - 2))
    way = scene.way(carrier, tracking_number(carrier, booking), steps)
    if carrier == HAULAGE:
        _by_edi(scene, one, way, booking)
    else:
        _by_webhook(scene, one, way, desk)
    return [way]


def _released(scene: Scenery, one: Numbered, customer: str) -> None:
    place = AMERICAN[12]
    scene.record(Act.RELEASED.value, topics.DELIVERY_RELEASES, one.delivery_id, DeliveryRelease(
        one.delivery_id, one.order_id, customer, "released", scene.now_ms - HOUR_MS, "DEPOT",
        Party("Juniper and Vale", "5 Market Street", place.city, place.postal_code, place.country, place.region),
        [ReleasedLine("10", "LAMP-1", ORDERED, "C62")],
    ), f"the ERP releases {one.delivery_id}")


def _packed(scene: Scenery, one: Numbered) -> None:
    """The warehouse's file: a row a line, and one more of what it is short of."""
    weight = PALLET_KG if one.story in FREIGHT else PARCEL_KG
    done = PACKED.get(one.story, ORDERED)
    at = _stamp(scene.now_ms - PACKED_H * HOUR_MS)
    name = one.delivery_id
    rows = [f"P-{name},{name},10,{done:g},{ORDERED:g},packed,{at},BOX-{name},{weight:g}"]
    if done < ORDERED:
        rows.append(f"S-{name},{name},10,{ORDERED - done:g},{ORDERED:g},short,{at},,")
    text = "\n".join(["confirmation,delivery,line,quantity,ordered,kind,at,parcel,weight_kg", *rows, ""])
    scene.raw(Act.RELEASED.value, _FEED, "file", "text/csv", text.encode(), f"picks of {one.delivery_id}", Expected(0))


def _by_webhook(scene: Scenery, one: Numbered, way: Journey, desk: CarrierDesk) -> None:
    links = _links(one, desk)
    for place, scan in enumerate(way.scans):
        act = {Step.DELIVERED: Act.ARRIVES, Step.PROOF: Act.CATCHES_UP}.get(scan.step, Act.LEAVES)
        scene.raw(act.value, way.carrier, "webhook", _JSON, courier_scan(way, place, links.get(scan.step, "")),
                  f"{way.carrier} webhook of {way.number}: {scan.step.value}", Expected(1))


def _links(one: Numbered, desk: CarrierDesk) -> dict[Step, str]:
    """The links to proofs that scans bear."""
    there = proof(f"{one.delivery_id} of {one.order_id}")
    replies: Mapping[Story, Sequence[Reply]] = {
        Story.DOCUMENTED: [there], Story.DOCUMENT_LATE: [LATER, there], Story.DOCUMENT_PAGE: [SIGN_IN],
        Story.DOCUMENT_REPLACED: [there],
    }
    if one.story not in replies:
        return {}
    links = {Step.DELIVERED: desk.lay(f"{one.delivery_id}.pdf", replies[one.story])}
    if one.story is Story.DOCUMENT_REPLACED:
        links[Step.PROOF] = desk.lay(f"{one.delivery_id}-signed.pdf", [proof(f"{one.delivery_id}, signed")])
    return links


def _by_edi(scene: Scenery, one: Numbered, way: Journey, booking: str) -> None:
    controls = 800_000_000 + len(scene.messages)
    for place, scan in enumerate(way.scans):
        act = Act.ARRIVES if scan.step is Step.DELIVERED else Act.LEAVES
        scene.raw(act.value, haulage.FEED, "edi", haulage.CONTENT_TYPE,
                  haulage.status_message(way, place, booking, controls + place),
                  f"214 of booking {booking}: {scan.step.value}", Expected(1))
    advice = haulage.shipping_advice(
        one.delivery_id, way.number, ORDERED, controls + len(way.scans) + 1, way.scans[0].at_ms - HOUR_MS
    )
    scene.raw(Act.LEAVES.value, "depot_edi", "edi", haulage.CONTENT_TYPE, advice, f"945 of {one.delivery_id}",
              Expected(1))
    cents = BILLED_CENTS.get(one.story)
    if cents is not None:
        control = controls + len(way.scans)
        bill = haulage.invoice(f"F-{one.delivery_id}", booking, cents, PALLET_KG, control, scene.now_ms)
        scene.raw(Act.CATCHES_UP.value, haulage.FEED, "edi", haulage.CONTENT_TYPE, bill, f"210 of booking {booking}",
                  Expected(1))


def _stamp(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
