"""Scenes about partners and people: references, links, EDI, files, master data, and a courier that falls silent."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import msgspec

from config import topics
from streams.contracts.ids import shipment_key
from streams.contracts.masterdata import master_key
from streams.contracts.model import Interchange, MasterRecord, OrderLine, Reference
from streams.feeds.feed_alerts import feed_alert
from streams.kernel.vocabulary import AlertKind, AlertState, LinkKind, MasterKind, Status
from streams.masterdata.rows import link_id
from topologies.demo.cast import COMPANIES, EUROPEAN
from topologies.demo.journeys import Journey, Step
from topologies.demo.payloads import ltl, ups
from topologies.demo.planned import Expected
from topologies.demo.scenes import DAY_MS, HOUR_MS, MINUTE_MS, OUTBOUND, Scenery, spread

CARRIERS = Path(__file__).parent / "carriers"
"""The carriers' folders of the demo alone: SHIPSYNC_CARRIERS_DIR of its own stack."""
NORTHWAY, PARTNER = "northway", "x12_partner"
PLANNER = "demo planner"
CUSTOMERS = range(1001, 1042)
_BRANCHES = ("", " East", " West", " Online")
_CODES = {Step.LABEL: "NEW", Step.PICKUP: "COL", Step.HUB_ARRIVED: "HUB", Step.OUT_FOR_DELIVERY: "OUT",
          Step.DELIVERED: "DEL", Step.PROOF: "POD"}


def references(scene: Scenery) -> None:
    """Events that name only a bill of lading: nobody's, an order's, a person's, and one of two."""
    bols = [f"BL{scene.rng.randrange(10**7):07d}" for _ in range(6)]
    seen, moved = OUTBOUND[1:4], OUTBOUND[4:6]

    def by_bol(at: float, bol: str, hours: float, received_ago_ms: int = 0) -> None:
        way = scene.freight(spread(moved, hours, hours - 2))
        scene.staged.pop()  # whose it is, is not known
        scene.edi(at, way, received_ago_ms, bol, with_number=False)

    by_bol(0.1, bols[0], 12, 6 * HOUR_MS)
    by_bol(0.5, bols[1], 5)
    ordered, named, first, second = (scene.freight(spread(seen, 40, 22)) for _ in range(4))
    line = OrderLine("", ordered.carrier, ordered.number, [Reference("bol", bols[2])])
    number = next(scene.order_numbers)
    scene.order(0.05, [ordered], 5_600.0, number=number, lines=[
        msgspec.structs.replace(line, delivery_id=f"DLV-{number}-1")
    ])
    scene.edi(0.1, ordered)
    by_bol(0.3, bols[2], 9)
    scene.order(0.05, [named], 1_940.0)
    scene.edi(0.1, named)
    by_bol(0.3, bols[3], 9)
    scene.record(0.45, topics.MASTER_DATA, master_key(MasterKind.REFERENCE, f"bol:{bols[3]}"), MasterRecord(
        MasterKind.REFERENCE, f"bol:{bols[3]}", scene.now_ms, PLANNER, carrier=named.carrier,
        tracking_number=named.number,
    ), f"a person says whose bol:{bols[3]} is")
    for way in (first, second):
        scene.order(0.05, [way], 2_300.0)
        scene.edi(0.1, way, bol=bols[4])
    by_bol(0.4, bols[4], 8)
    number = next(scene.order_numbers)
    scene.order(0.2, [], 760.0, number=number, lines=[
        OrderLine(f"DLV-{number}-1", ltl.CARRIER, "", [Reference("bol", bols[5])])
    ])


def returned(scene: Scenery) -> None:
    """A refused parcel that came back under a number of its own, which a person has linked."""
    out = scene.ups([*spread(OUTBOUND[:-1], 100, 60), (Step.RETURNING, 55)], end=Status.RETURNED)
    back = scene.ups(spread((Step.PICKUP, Step.HUB_ARRIVED, Step.OUT_FOR_DELIVERY, Step.DELIVERED), 50, 6),
                     end=Status.DELIVERED)
    scene.order(0.04, [out], 230.0)
    scene.pushes(0.08, out)
    child, parent = (shipment_key(way.carrier, way.number) for way in (back, out))
    scene.record(0.2, topics.MASTER_DATA, master_key(MasterKind.LINK, link_id(child, parent)), MasterRecord(
        MasterKind.LINK, link_id(child, parent), scene.now_ms, PLANNER, carrier=back.carrier,
        tracking_number=back.number, of_carrier=out.carrier, of_tracking_number=out.number,
        link=LinkKind.RETURN_LEG.value,
    ), f"a person says that {child} brings {parent} back")
    scene.pushes(0.4, back)


def edi(scene: Scenery) -> None:
    """Two tenders we sent a partner: one it never answered, one it rejected."""
    controls = [f"{scene.rng.randrange(10**8):09d}" for _ in range(2)]
    for control, about, ago in zip(controls, ("LOAD-20417", "LOAD-20431"), (2 * DAY_MS, 5 * HOUR_MS), strict=True):
        scene.record(0.05, topics.EDI_INTERCHANGES, PARTNER, Interchange(
            f"demo-{control}", PARTNER, "x12", "SHIPSYNCDEMO", "NORTHFREIGHT", control, control, "204", about,
            scene.now_ms - ago,
        ), f"tender {about} that was sent to a partner")
    segments = [
        "ISA*00*          *00*          *02*NORTHFREIGHT   *ZZ*SHIPSYNCDEMO   *261101*1200*U*00401*"
        f"{controls[1]}*0*P*>",
        f"GS*FA*NORTHFREIGHT*SHIPSYNCDEMO*20261101*1200*{int(controls[1])}*X*004010",
        "ST*997*0001", f"AK1*SM*{int(controls[1])}", "AK2*204*0001", "AK3*S5*9**8", "AK4*2**1*XX", "AK5*R*5",
        "AK9*R*1*1*0", "SE*8*0001", f"GE*1*{int(controls[1])}", f"IEA*1*{controls[1]}",
    ]
    scene.raw(0.3, PARTNER, "edi", ltl.CONTENT_TYPE, "~".join([*segments, ""]).encode(),
              f"a 997 that rejects tender {controls[1]}", Expected(0, acknowledges=True))


def refused_file(scene: Scenery) -> None:
    """The signal of the watch over drop folders about a file it has put into quarantine."""
    since = scene.now_ms - 40 * MINUTE_MS
    signal = feed_alert(ups.FEED, AlertState.RAISED, "has 1 refused files in quarantine, the newest manifest-0412.csv",
                        since, since, AlertKind.FILE_REFUSED)
    signal.said_at = since
    scene.record(0.1, topics.ALERT_SIGNALS, signal.alert_id, signal, "a dropped file that was refused")


def customers(scene: Scenery) -> None:
    """The names of all customers."""
    for number in CUSTOMERS:
        place = number - CUSTOMERS.start
        name = COMPANIES[place % len(COMPANIES)] + _BRANCHES[place // len(COMPANIES)]
        scene.record(0.0, topics.MASTER_DATA, master_key(MasterKind.CUSTOMER, f"C-{number}"), MasterRecord(
            MasterKind.CUSTOMER, f"C-{number}", scene.now_ms, PLANNER, name=name
        ), f"the name of customer C-{number}")


def silent_courier(scene: Scenery) -> None:
    """A courier whose scans stop coming in the middle of the day."""
    steps = (Step.LABEL, Step.PICKUP, Step.HUB_ARRIVED, Step.OUT_FOR_DELIVERY)
    for origin, destination in pairwise(EUROPEAN[:7]):
        number = f"NW{scene.rng.randrange(10**9):09d}"
        way = scene.way(NORTHWAY, number, spread(steps, 30, 2), 26, origin, destination)
        scene.order(0.02, [way], round(scene.rng.uniform(90, 900), 2))
        for place, scan in enumerate(way.scans):
            scene.raw(0.03 + 0.05 * place, NORTHWAY, "webhook", "application/json", courier_scan(way, place),
                      f"northway webhook of {number}: {scan.step.value}", Expected(1))


def courier_scan(way: Journey, place: int, proof: str = "") -> bytes:
    """A made-up courier's message about the scan at this place of the way. ``proof``: where its proof of delivery
    lies."""
    scan = way.scans[place]
    return msgspec.json.encode({
        **({"proof": proof} if proof else {}),
        "parcel": way.number, "code": _CODES[scan.step], "words": scan.step.value.capitalize(),
        "scanned_at": scan.place.local(scan.at_ms).isoformat(), "city": scan.place.city,
        "country": scan.place.country,
    })


SCENES: tuple[Callable[[Scenery], None], ...] = (references, returned, edi, refused_file)
OF_AN_OWN_STACK: tuple[Callable[[Scenery], None], ...] = (customers, silent_courier)
"""Scenes that need the demo's own carriers, or enter names that elsewhere are somebody's."""
