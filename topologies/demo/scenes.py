"""Scenes of the demo written by hand: one of each thing that a page shows and that chance brings seldom or never.

Pure, like the rest of the story. A scene's messages have their moments as a share (0 to 1) of the demo's length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random

from msgspec import Struct, json

from config import topics
from config.topics import Topic
from streams.contracts.ids import shipment_key
from streams.contracts.model import Order, OrderLine, WmsConfirmation
from streams.kernel.vocabulary import RejectReason, Status
from topologies.demo import numbers
from topologies.demo.carrier_desk import CarrierDesk
from topologies.demo.cast import AMERICAN, Place
from topologies.demo.journeys import Journey, Scan, Step
from topologies.demo.payloads import fedex, ltl, ups
from topologies.demo.planned import Expected, Kind, OtherRecord, Planned, Staged

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
MANUFACTURERS_CUSTOMER = "C-1041"
"""Its deliveries wait for a proof, on a stack of the demo's own."""
DAY_MS = 24 * HOUR_MS
OUTBOUND: tuple[Step, ...] = (
    Step.LABEL, Step.PICKUP, Step.ORIGIN_DEPARTED, Step.HUB_ARRIVED, Step.HUB_DEPARTED, Step.DESTINATION_ARRIVED,
    Step.OUT_FOR_DELIVERY, Step.DELIVERED,
)


@dataclass
class Scenery:
    """Collects the scenes: ``now_ms`` is the demo's clock (UTC ms), ``rng`` makes numbers up."""

    rng: Random
    now_ms: int
    messages: list[Planned] = field(default_factory=list)
    staged: list[Staged] = field(default_factory=list)
    example: str = ""
    """The order whose pages show most."""
    carriers: CarrierDesk | None = None
    """The carriers that take bookings, where there are any."""

    def __post_init__(self) -> None:
        self.order_numbers = count(self.rng.randrange(810_000, 890_000))
        self._controls = count(910_000_000 + self.rng.randrange(80_000_000))

    def way(
        self, carrier: str, number: str, steps: Sequence[tuple[Step, float]], promised_in_h: float = 26,
        origin: Place = AMERICAN[0], destination: Place = AMERICAN[12], end: Status | None = None,
    ) -> Journey:
        """A journey whose steps happened so many hours ago, promised for the evening of the day in so many hours; it
        is noted as one of the story's shipments."""
        scans = tuple(
            Scan(step, (self.now_ms - int(hours * HOUR_MS)) // 1000 * 1000, _place(step, origin, destination))
            for step, hours in steps
        )
        self.staged.append(Staged(shipment_key(carrier, number), end))
        return Journey(
            carrier, number, origin, destination, "Tessel Lighting", "Juniper and Vale", ("Mireille", "Duval"),
            _evening(destination, self.now_ms + int(promised_in_h * HOUR_MS)), scans,
        )

    def ups(self, steps: Sequence[tuple[Step, float]], promised_in_h: float = 26, end: Status | None = None) -> Journey:
        """A UPS parcel from Boston to Denver."""
        return self.way(ups.CARRIER, numbers.ups(self.rng), steps, promised_in_h, end=end)

    def freight(
        self, steps: Sequence[tuple[Step, float]], promised_in_h: float = 26, end: Status | None = None
    ) -> Journey:
        """An LTL shipment from Newark to Memphis."""
        number = numbers.pro(self.rng)
        return self.way(ltl.CARRIER, number, steps, promised_in_h, AMERICAN[1], AMERICAN[10], end)

    def raw(
        self, at: float, feed: str, channel: str, content_type: str, body: bytes, what: str, expected: Expected,
        received_ago_ms: int = 0,
    ) -> None:
        """A carrier's message."""
        self.messages.append(Planned(
            at, Kind.RAW, feed, channel, content_type, body, "", what, expected, received_ago_ms=received_ago_ms
        ))

    def pushes(self, at: float, way: Journey, received_ago_ms: int = 0) -> None:
        """Each scan of a UPS parcel as a track alert, from ``at`` on."""
        for place, scan in enumerate(way.scans):
            self.raw(at + place * 0.01, ups.FEED, "webhook", ups.CONTENT_TYPE, ups.push(way, scan),
                     f"ups webhook of {way.number}: {scan.step.value}", Expected(1), received_ago_ms)

    def edi(
        self, at: float, way: Journey, received_ago_ms: int = 0, bol: str = "", *, with_number: bool = True
    ) -> None:
        """All scans of an LTL shipment as one interchange."""
        control, sent_ms = next(self._controls), way.scans[-1].at_ms
        told = [(way, scan) for scan in way.scans]
        body = ltl.interchange(told, control, ltl.TILDE, sent_ms, bol=bol, with_number=with_number)
        about = way.number if with_number else f"bill of lading {bol}"
        self.raw(at, ltl.FEED, "edi", ltl.CONTENT_TYPE, body, f"interchange {control} on {about}",
                 Expected(len(told)), received_ago_ms)

    def order(
        self, at: float, ways: Sequence[Journey], value: float, *, updated_ago_ms: int | None = None,
        deliveries: Sequence[int] = (), number: int | None = None, lines: Sequence[OrderLine] = (), customer: str = "",
    ) -> Order:
        """An order of these shipments. ``deliveries``: of which delivery of the order each is; one for all by default.
        ``lines``: in place of those of the shipments; ``customer``: in place of any."""
        number = next(self.order_numbers) if number is None else number
        written = min((way.scans[0].at_ms for way in ways), default=self.now_ms) - 6 * HOUR_MS
        made = [
            OrderLine(f"DLV-{number}-{delivery}", way.carrier, way.number)
            for way, delivery in zip(ways, deliveries or [1] * len(ways), strict=True)
        ]
        order = Order(
            f"SO-{number}", customer or f"C-{1001 + number % 40}", "released", "USD", value,
            max((way.promised_ms for way in ways), default=None),
            written if updated_ago_ms is None else self.now_ms - updated_ago_ms, list(lines) or made,
        )
        self.messages.append(Planned(
            at, Kind.ORDER, "", "erp", "avro", b"", "", f"order {order.order_id}", Expected(0), order
        ))
        return order

    def record(
        self, at: float, topic: Topic, key: str, value: Struct | bytes, what: str, reason: RejectReason | None = None
    ) -> None:
        """Another record. ``reason``: of the dead letter it is to become."""
        self.messages.append(Planned(
            at, Kind.RECORD, "", "", "", b"", "", what, Expected(0, reason), record=OtherRecord(topic, key, value)
        ))


def _place(step: Step, origin: Place, destination: Place) -> Place:
    if step in (Step.HUB_ARRIVED, Step.HUB_DEPARTED, Step.DELAYED):
        return AMERICAN[7]
    return origin if step in (Step.LABEL, Step.PICKUP, Step.ORIGIN_DEPARTED, Step.RETURNED) else destination


def _evening(place: Place, at_ms: int) -> int:
    return int(place.local(at_ms).replace(hour=18, minute=0, second=0, microsecond=0).timestamp()) * 1000


def spread(steps: Sequence[Step], first_h: float, last_h: float) -> list[tuple[Step, float]]:
    """The steps evenly between so many hours ago."""
    gap = (first_h - last_h) / max(1, len(steps) - 1)
    return [(step, first_h - gap * place) for place, step in enumerate(steps)]


def split_order(scene: Scenery) -> None:
    """An order of two deliveries and three parcels: delivered, out for delivery, and put off twice by the weather."""
    done = scene.ups(spread(OUTBOUND, 71, 5), end=Status.DELIVERED)
    near = scene.ups(spread(OUTBOUND[:-1], 70, 2))
    far = scene.ups([*spread(OUTBOUND[:4], 68, 30), (Step.DELAYED, 26), (Step.HUB_DEPARTED, 9), (Step.DELAYED, 3)])
    order = scene.order(0.02, [done, near, far], 18_400.0, deliveries=(1, 1, 2))
    scene.example = order.order_id
    for way in (done, near):
        scene.pushes(0.05, way)
    for place, scan in enumerate(far.scans):
        days = 2 if place == len(far.scans) - 1 else 1 if place >= 4 else 0
        put_off = replace(far, promised_ms=far.promised_ms + days * DAY_MS)
        scene.raw(0.06 + place * 0.03, ups.FEED, "webhook", ups.CONTENT_TYPE, ups.push(put_off, scan),
                  f"ups webhook of {far.number}: {scan.step.value}", Expected(1))


def manufacturer(scene: Scenery) -> None:
    """A manufacturer's order from the ERP to the invoice, in three deliveries: two parcels of which the first arrives
    alone and both are proved late (webhook), freight that is refused (EDI), and a parcel of whose carrier nothing was
    heard for days (REST)."""
    first = scene.ups([*spread(OUTBOUND, 75, 30), (Step.PROOF, 9)], end=Status.DELIVERED)
    second = scene.ups([*spread(OUTBOUND, 72, 7), (Step.PROOF, 2)], end=Status.DELIVERED)
    refused = scene.freight(
        [*spread(OUTBOUND[:-1], 90, 40), (Step.RETURNING, 38), (Step.RETURNED, 8)], end=Status.RETURNED
    )
    polled = scene.way(fedex.CARRIER, numbers.fedex(scene.rng), spread(OUTBOUND, 70, 12), end=Status.DELIVERED)
    order = scene.order(
        0.01, [first, second, refused, polled], 46_800.0, deliveries=(1, 1, 2, 3), customer=MANUFACTURERS_CUSTOMER
    )
    scene.example = order.order_id
    number = order.order_id.removeprefix("SO-")
    for delivery, ways in ((1, (first, second)), (2, (refused,)), (3, (polled,))):
        name = f"DLV-{number}-{delivery}"
        scene.record(0.03, topics.WMS_CONFIRMATIONS, name, WmsConfirmation(
            f"PACK-{number}-{delivery}", name, order.order_id, "plant-2", "shipped",
            min(way.scans[1].at_ms for way in ways), ways[0].carrier, [way.number for way in ways], [],
        ), f"the warehouse shipped {name}")
    for way, moments in ((first, (0.05, 0.15, 0.35)), (second, (0.06, 0.5, 0.75))):
        for scan in way.scans:
            at = moments[{Step.DELIVERED: 1, Step.PROOF: 2}.get(scan.step, 0)]
            scene.raw(at + 0.001 * way.scans.index(scan), ups.FEED, "webhook", ups.CONTENT_TYPE,
                      without_a_name(ups.push(way, scan)), f"ups webhook of {way.number}: {scan.step.value}",
                      Expected(1))
    for at, scans in ((0.08, refused.scans[:-2]), (0.4, refused.scans[-2:-1]), (0.6, refused.scans[-1:])):
        scene.edi(at, replace(refused, scans=scans))
    scene.raw(0.65, fedex.FEED, "poll", fedex.CONTENT_TYPE,
              fedex.answer(polled, polled.scans, f"{scene.rng.getrandbits(128):032x}"),
              f"fedex poll of {polled.number}, the first in days", Expected(len(polled.scans)))


def without_a_name(push: bytes) -> bytes:
    """The track alert as it comes before anybody has signed."""
    said = json.decode(push)
    said.pop("receivedBy", None)
    return json.encode(said)


def pieces(scene: Scenery) -> None:
    """A shipment of three packages, of which one is delivered."""
    lead, second = (scene.ups(spread(OUTBOUND[:-1], 50, 3)) for _ in range(2))
    third = scene.ups(spread(OUTBOUND, 50, 2), end=Status.DELIVERED)
    ways = [lead, second, third]
    scene.order(0.03, [lead], 3_250.0)
    scene.raw(0.25, ups.FEED, "poll", ups.CONTENT_TYPE, ups.consignment(ways),
              f"ups poll of three packages, the first {lead.number}", Expected(sum(len(way.scans) for way in ways)))


def held_back(scene: Scenery) -> None:
    """A delivery that its code does not prove: a person has to decide."""
    way = scene.ups([*spread(OUTBOUND[:-1], 54, 6), (Step.DOUBTFUL, 4)])
    scene.order(0.05, [way], 1_180.0)
    scene.pushes(0.1, way)


def corrected_order(scene: Scenery) -> None:
    """An order that named the wrong number: customer and ERP are corrected."""
    wrong = scene.ups(spread(OUTBOUND, 60, 7), end=Status.DELIVERED)
    right = scene.ups(spread(OUTBOUND[:-1], 40, 3))
    order = scene.order(0.04, [wrong], 640.0)
    scene.pushes(0.1, wrong)
    scene.pushes(0.2, right)
    scene.order(0.6, [right], 640.0, updated_ago_ms=2 * HOUR_MS, number=int(order.order_id.removeprefix("SO-")))


def overdue(scene: Scenery) -> None:
    """Only the clock finds these: late, stalled, never shipped, without an order, without a proof or a delivery."""
    late = scene.ups(spread(OUTBOUND[:5], 80, 20), -26)
    scene.order(0.05, [late], 12_700.0)
    scene.pushes(0.08, late)
    stalled = scene.freight(spread(OUTBOUND[:4], 160, 126))
    scene.order(0.05, [stalled], 4_300.0)
    scene.edi(0.1, stalled, received_ago_ms=126 * HOUR_MS)
    never = scene.ups([(Step.LABEL, 150)])
    scene.order(0.05, [never], 890.0, updated_ago_ms=6 * DAY_MS)
    scene.pushes(0.1, never)
    unordered = scene.ups(spread(OUTBOUND[:3], 40, 31))
    scene.pushes(0.1, unordered, received_ago_ms=30 * HOUR_MS)
    unproved = scene.freight(spread(OUTBOUND, 150, 98), -90, Status.DELIVERED)
    scene.order(0.05, [unproved], 2_050.0)
    scene.edi(0.12, unproved)
    unreported = scene.ups([*spread(OUTBOUND[:-1], 60, 32), (Step.PROOF, 30)], 40)
    scene.order(0.05, [unreported], 410.0)
    scene.pushes(0.1, unreported, received_ago_ms=29 * HOUR_MS)


def broken_order(scene: Scenery) -> None:
    """A record on the orders' topic that breaks its contract."""
    scene.record(0.3, topics.ERP_ORDERS, "SO-BROKEN", b'{"order": "SO-BROKEN", "lines": 3}',
                 "an order that is JSON, not Avro", RejectReason.UNKNOWN_MAGIC)


SCENES: tuple[Callable[[Scenery], None], ...] = (
    split_order, manufacturer, pieces, held_back, corrected_order, overdue, broken_order,
)


def played(
    scenes: Sequence[Callable[[Scenery], None]], rng: Random, now_ms: int, carriers: CarrierDesk | None = None
) -> Scenery:
    """The scenes, one after the other."""
    scenery = Scenery(rng, now_ms, carriers=carriers)
    for scene in scenes:
        scene(scenery)
    return scenery

