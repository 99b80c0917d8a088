"""The records every scenario runs on: UPS-like pushes of about 450 bytes and the orders they belong to."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from connectors.mapping.values.check_digits import RULES
from streams.contracts.model import OrderReference

SHIPMENT_EVENTS = 4
REPEATED_SHARE = 0.2
FEED = "ups"
START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=2, hours=2)
"""When the first scans happen: all are in the past when they are sent, as scans are."""
ESTIMATED, PROMISED = timedelta(days=3), timedelta(days=5)
"""After ``START``: the carrier's estimate for every shipment, and what nearly every order promises."""
PROMISED_TOO_EARLY, TOO_EARLY = 20, timedelta(days=1)
"""One order in so many promises a day before the carrier's estimate: its shipment raises an alert."""
STEPS = (
    ("M", "MP", "Shipper created a label, UPS has not received the package yet. ", 3),
    ("I", "OR", "Origin Scan", 5),
    ("I", "OT", "Out For Delivery Today", 17),
    ("D", "FS", "DELIVERED", 9),
)
CITIES = (
    ("Charlotte", "NC", "28209"), ("Columbus", "OH", "43215"), ("Reno", "NV", "89502"),
    ("Louisville", "KY", "40213"), ("Ontario", "CA", "91761"), ("Dallas", "TX", "75211"),
)


class Workload(NamedTuple):
    """Raw bodies in sending order, and the order references of every shipment."""

    bodies: list[bytes]
    references: list[OrderReference]
    distinct: int


def tracking_number(number: int) -> str:
    """A made-up UPS number, check digit included."""
    body = f"999AA1{number:09d}"
    return f"1Z{body}{RULES['weights_1_2'](body)}"


def body(shipment: int, step: int, rng: random.Random) -> bytes:
    """One push: the ``step``-th scan of a shipment."""
    kind, code, text, description = STEPS[step]
    city, region, postal = CITIES[(shipment + step) % len(CITIES)]
    at = START + timedelta(seconds=shipment % 86_400, hours=8 * step, minutes=rng.randrange(60))
    local = at - timedelta(hours=5)
    push: dict[str, object] = {
        "trackingNumber": tracking_number(shipment),
        "localActivityDate": f"{local:%Y%m%d}",
        "localActivityTime": f"{local:%H%M%S}",
        "activityLocation": {"city": city, "stateProvince": region, "postalCode": postal, "country": "US"},
        "activityStatus": {"type": kind, "code": code, "description": text, "descriptionCode": description},
        "scheduledDeliveryDate": f"{START + ESTIMATED:%Y%m%d}",
        "gmtActivityDate": f"{at:%Y%m%d}",
        "gmtActivityTime": f"{at:%H%M%S}",
        "deliveryTimeDescription": "end of day",
    }
    if kind == "D":
        push |= {"actualDeliveryDate": f"{local:%Y%m%d}", "actualDeliveryTime": f"{local:%H%M%S}"}
        push["receivedBy"] = "PATEL"
    return json.dumps(push).encode()


def make(events: int, seed: int = 1) -> Workload:
    """``events`` bodies, a fifth of them exact repeats, of a quarter as many shipments.

    Scans of a shipment come in order, shipments interleaved; a repeat comes some time after its original.
    """
    rng = random.Random(seed)
    shipments = max(1, events // SHIPMENT_EVENTS)
    originals = list(_originals(shipments, events - int(events * REPEATED_SHARE), rng))
    distinct = len(originals)
    bodies = originals + [originals[rng.randrange(distinct)] for _ in range(events - distinct)]
    places = [float(n) for n in range(distinct)]
    places += [rng.uniform(0, distinct * 1.05) for _ in range(events - distinct)]
    ordered = [bodies[n] for n in sorted(range(len(bodies)), key=places.__getitem__)]
    return Workload(ordered, [_order(n) for n in range(shipments)], distinct)


def _order(shipment: int) -> OrderReference:
    """The order of a shipment: promised after the carrier's estimate, one in twenty before it."""
    after = ESTIMATED - TOO_EARLY if shipment % PROMISED_TOO_EARLY == 0 else PROMISED
    promised, placed = (int((START + span).timestamp() * 1000) for span in (after, -timedelta(days=1)))
    return OrderReference(
        FEED, tracking_number(shipment), f"SO-{shipment}", f"DN-{shipment}", f"C-{shipment % 500}", promised, placed
    )


def _originals(shipments: int, count: int, rng: random.Random) -> Iterator[bytes]:
    """The first ``count`` scans of a day: for each step, every shipment in an order of its own."""
    made = 0
    for step in range(SHIPMENT_EVENTS):
        numbers = list(range(shipments))
        rng.shuffle(numbers)
        for number in numbers:
            if made == count:
                return
            made += 1
            yield body(number, step, rng)
