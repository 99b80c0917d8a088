"""Orders from the ERP for the demo's shipments, some before the first scan, some after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count, islice
from random import Random

from streams.contracts.model import Order, OrderLine
from topologies.demo.journeys import Journey
from topologies.demo.planned import Expected, Kind, Planned

WITHOUT_ORDER = 0.10
AFTER_THE_FIRST_SCAN = 0.30
SHARED = 0.08
UNSEEN_ORDERS = 3
WRITTEN_BEFORE_MS = 6 * 3_600_000


def _bundles(rng: Random, journeys: Sequence[Journey]) -> Iterator[list[Journey]]:
    """The shipments of each order; some shipments have none."""
    ordered = [way for way in journeys if rng.random() >= WITHOUT_ORDER]
    while ordered:
        size = rng.choice((2, 3)) if rng.random() < SHARED else 1
        yield ordered[:size]
        ordered = ordered[size:]


def _order(rng: Random, number: int, ways: Sequence[Journey]) -> Order:
    """An order that was written some hours before its first parcel left."""
    written = min(way.scans[0].at_ms for way in ways) - WRITTEN_BEFORE_MS
    split = rng.random() < 0.5
    lines = [
        OrderLine(f"DLV-{number}-{1 if split else index}", way.carrier, way.number)
        for index, way in enumerate(ways, start=1)
    ]
    european = ways[0].destination.country != "US"
    return Order(
        f"SO-{number}", f"C-{rng.randrange(1001, 1041)}", "released", "EUR" if european else "USD",
        round(rng.uniform(40, 2400), 2), max(way.promised_ms for way in ways), written, lines,
    )


def _planned(order: Order, moment: float) -> Planned:
    what = f"order {order.order_id}"
    return Planned(moment, Kind.ORDER, "", "erp", "avro", b"", "", what, Expected(0), order)


def place_orders(
    rng: Random,
    journeys: Sequence[Journey],
    first_heard: Mapping[str, float],
    now_ms: int,
    last_moment: float,
    first_number: int | None = None,
) -> Iterator[Planned]:
    """Orders for about nine shipments in ten. ``first_heard``: when each shipment's number is first sent, as a share of
    the demo's length; the orders' times are such shares too, at most ``last_moment``. ``first_number``: of the orders;
    None: any, and some orders are of shipments that are never seen.
    """
    numbers = count(rng.randrange(400_000, 800_000) if first_number is None else first_number)
    for ways in _bundles(rng, journeys):
        first = min(first_heard[way.number] for way in ways)
        if rng.random() < AFTER_THE_FIRST_SCAN:
            moment = first + rng.uniform(0.05, 0.5)
        else:
            moment = first * rng.uniform(0.6, 1.0) - 0.005
        yield _planned(_order(rng, next(numbers), ways), min(max(moment, 0.0), last_moment))
    for number in islice(numbers, UNSEEN_ORDERS if first_number is None else 0):
        line = OrderLine(f"DLV-{number}-1", "ups", f"1ZUNSEEN03{rng.randrange(10**7):07d}0")
        order = Order(f"SO-{number}", "C-1001", "released", "USD", 75.0, None, now_ms, [line])
        yield _planned(order, rng.uniform(0, last_moment))
