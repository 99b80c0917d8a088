"""Deliveries of the manufacturer's order whose carrier a booking finds: one goes on to the invoice by the document
behind its carrier's link, the document of another is not there yet, and a third waits for a person.
"""

from __future__ import annotations

from typing import NamedTuple

from config import topics
from streams.contracts.booking_ids import booking_id
from streams.contracts.bookings import Party, ReleasedLine
from streams.contracts.model import DeliveryRelease, WmsConfirmation
from streams.contracts.warehouse import WmsLine, WmsParcel
from streams.kernel.vocabulary import Status
from topologies.demo.carrier_desk import LATER, CarrierDesk, proof, tracking_number
from topologies.demo.cast import AMERICAN
from topologies.demo.journeys import Journey, Step
from topologies.demo.partners import courier_scan
from topologies.demo.planned import Expected, Staged
from topologies.demo.scenes import HOUR_MS, MANUFACTURERS_CUSTOMER, Scenery, spread

MERIDIAN, CONTENT_TYPE = "meridian", "application/json"
RULES = """waits:
  warehouse: {{owner: warehouse, deadline: 7d}}
  decision: {{owner: shipping, deadline: 2h}}
warehouses:
  "*": {{name: Tessel Lighting, street: 1 Harbor Way, city: Boston, region: MA, postal_code: "02118", country: US}}
carriers:
  meridian:
    channel: {{kind: rest, address: "{address}/meridian/bookings"}}
    services:
      parcel: {{weight_kg: {{most: 31.5}}, currency: USD, costs: [{{up_to_kg: 10, price: 6.4}}, {{price: 9.8}}]}}
  crosstown:
    channel: {{kind: rest, address: "{address}/crosstown/bookings"}}
    services: {{pallet: {{weight_kg: {{least: 30}}, currency: USD, costs: [{{price: 118}}]}}}}
"""
_STEPS = (Step.PICKUP, Step.HUB_ARRIVED, Step.OUT_FOR_DELIVERY, Step.DELIVERED)
_LAMPS = 6.0


class _Delivery(NamedTuple):
    """A delivery that is released. ``delivered_h``: hours ago that it was delivered; None: it is not booked;
    ``packed``: lamps."""

    delivery_id: str
    delivered_h: float | None
    packed: float = _LAMPS


def rules(desk: CarrierDesk) -> str:
    """The rules of bookings (``SHIPSYNC_BOOKINGS_FILE``) by which the demo's carriers are asked."""
    return RULES.format(address=desk.address)


def booked_deliveries(scene: Scenery) -> None:
    """Three deliveries of the order that is the story's example; none without carriers that take bookings."""
    desk, order = scene.carriers, scene.example
    if desk is None:
        return
    name = f"DLV-{order.removeprefix('SO-')}"
    stored, missing, held = _Delivery(f"{name}-4", 6), _Delivery(f"{name}-5", 26), _Delivery(f"{name}-6", None, 4.0)
    for one in (stored, missing, held):
        left_ms = scene.now_ms - (5 if one.delivered_h is None else 60) * HOUR_MS
        _released(scene, order, one, left_ms)
    link = desk.lay(f"{stored.delivery_id}.pdf", [proof(f"{stored.delivery_id} of {order}")])
    _carried(scene, stored, 0.3, link)
    _carried(scene, missing, 0.2, desk.lay(f"{missing.delivery_id}.pdf", [LATER, proof(missing.delivery_id)]))


def _released(scene: Scenery, order: str, one: _Delivery, left_ms: int) -> None:
    place = AMERICAN[12]
    scene.record(0.02, topics.DELIVERY_RELEASES, one.delivery_id, DeliveryRelease(
        one.delivery_id, order, MANUFACTURERS_CUSTOMER, "released", left_ms - 6 * HOUR_MS, "plant-2",
        Party("Juniper and Vale", "5 Market Street", place.city, place.postal_code, place.country, place.region),
        [ReleasedLine("10", "LAMP-1", _LAMPS, "C62")],
    ), f"the ERP releases {one.delivery_id}")
    for kind, pieces in (("packed", one.packed), ("short", _LAMPS - one.packed)):
        if pieces:
            scene.record(0.04, topics.WMS_CONFIRMATIONS, one.delivery_id, WmsConfirmation(
                f"{kind.upper()}-{one.delivery_id}", one.delivery_id, order, "plant-2", kind, left_ms - 2 * HOUR_MS,
                None, [], [WmsLine("10", "LAMP-1", _LAMPS, pieces, "C62", None)],
                [WmsParcel(f"BOX-{one.delivery_id}", 2.1 * pieces)] if kind == "packed" else [],
            ), f"the warehouse says what it {kind} of {one.delivery_id}")


def _carried(scene: Scenery, one: _Delivery, at: float, link: str) -> None:
    """The carrier's scans under the number that it gives the booking."""
    assert one.delivered_h is not None
    number = tracking_number(MERIDIAN, booking_id(one.delivery_id, 1))
    way: Journey = scene.way(MERIDIAN, number, spread(_STEPS, 56, one.delivered_h), end=Status.DELIVERED)
    scene.staged[-1] = Staged(scene.staged[-1].key, Status.DELIVERED, is_booked=True)
    for place, scan in enumerate(way.scans):
        bears = link if scan.step is Step.DELIVERED else ""
        scene.raw(at + 0.08 * place, MERIDIAN, "webhook", CONTENT_TYPE, courier_scan(way, place, bears),
                  f"meridian webhook of {number}: {scan.step.value}", Expected(1))
