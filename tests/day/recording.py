"""A day's records of carriers and the ERP: generated from a seed, as it would lie on its topics.

Many carriers; every shipment with a story of its own, told late and again, by several sources, with corrections; orders
before and after it, changed and cancelled; and now and then a record that is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from msgspec.structs import replace

from streams.contracts.ids import event_id, shipment_key
from streams.contracts.model import CarrierEvent, Location, OrderReference, ProofOfDelivery, Source
from streams.kernel.vocabulary import Classifier, Correction, ExceptionType, Milestone, Precision, Reason

CARRIERS = ("north", "south", "east", "west", "rail", "river", "coast", "hill", "lake", "moor", "dale", "fen")
CITIES = ("Lund", "Lyon", "Graz", "Reno", "Gent", "Turku", "Porto", "Perth")
MINUTE, HOUR = 60_000, 3_600_000
BAD_SHARE, REPEATED_SHARE = 0.002, 0.12
TROUBLES = (
    (ExceptionType.DELAY, Reason.WEATHER), (ExceptionType.DAMAGE, Reason.OTHER), (ExceptionType.CUSTOMS, Reason.OTHER),
    (ExceptionType.ADDRESS, Reason.ADDRESS_INCOMPLETE), (ExceptionType.SHORTAGE, Reason.OTHER),
)
WAY = (
    Milestone.PRE_ADVISED, Milestone.PICKED_UP, Milestone.DEPARTED_PICKUP, Milestone.ARRIVED_FACILITY,
    Milestone.DEPARTED_FACILITY, Milestone.OUT_FOR_DELIVERY, Milestone.DELIVERED, Milestone.POD_RECEIVED,
)
DETOURS: tuple[tuple[Milestone, ...], ...] = (
    (Milestone.DELIVERY_ATTEMPTED, Milestone.OUT_FOR_DELIVERY), (Milestone.CUSTOMS_HELD, Milestone.CUSTOMS_RELEASED),
    (Milestone.RETURNING, Milestone.RETURNED), (Milestone.LOST,), (Milestone.BOOKING_CANCELLED,),
    (Milestone.STORED, Milestone.DEPARTED_FACILITY),
)


class Day(NamedTuple):
    """``events``: those to send, repeats among them; ``bad``: values that are none, with their keys; ``cancelled``:
    orders withdrawn in the course of it."""

    events: list[CarrierEvent]
    references: list[OrderReference]
    bad: list[tuple[bytes, bytes | CarrierEvent]]
    cancelled: frozenset[str]

    @property
    def distinct(self) -> int:
        """Events with an id of their own."""
        return len({event.event_id for event in self.events})


def record(count: int, seed: int, now_ms: int) -> Day:
    """A day of ``count`` records on carrier.events, in no order, the last at ``now_ms`` at the latest."""
    rng = Random(seed)
    bad = max(4, int(count * BAD_SHARE))
    repeated = int(count * REPEATED_SHARE)
    wanted = count - bad - repeated
    told: list[CarrierEvent] = []
    references: list[OrderReference] = []
    number = 0
    while len(told) < wanted:
        number += 1
        carrier = CARRIERS[number % len(CARRIERS)]
        began = now_ms - rng.randrange(20, 24) * HOUR
        told += _story(rng, carrier, f"N{number:07d}", began)
        references += _orders(rng, carrier, f"N{number:07d}", number, began)
    del told[wanted:]
    repeats = [told[rng.randrange(wanted)] for _ in range(repeated)]
    cancelled = frozenset(one.order_id for one in references if one.withdrawn and not one.by)
    return Day(told + repeats, references, list(_bad(rng, told, bad)), cancelled)


def key_of(said: CarrierEvent | OrderReference) -> bytes:
    """The record's key."""
    return shipment_key(said.carrier, said.tracking_number).encode()


def _story(rng: Random, carrier: str, number: str, began: int) -> Iterator[CarrierEvent]:
    """The story of one shipment: its way up to some point, maybe a detour, by one source and in part by another."""
    way = list(WAY[: rng.randrange(2, len(WAY) + 1)])
    if rng.random() < 0.25:
        place = rng.randrange(1, len(way) + 1)
        way[place:place] = rng.choice(DETOURS)
    at, own = began, Source(f"{carrier}.track", "webhook", "-", 0, 0, 0, "c-1")
    for step, milestone in enumerate(way):
        at += rng.randrange(5, 120) * MINUTE + rng.randrange(60) * 1000
        event = _event(rng, carrier, number, milestone, at, own)
        yield event
        if step and rng.random() < 0.10:
            yield _event(rng, carrier, number, Milestone.ETA_UPDATED, at + 1000, own, classifier=Classifier.ESTIMATED)
        if rng.random() < 0.12:
            yield _elsewhere(rng, event)
        if rng.random() < 0.05:
            polled = Source(own.feed, "poll", "-", 0, 0, 0, "c-2")
            yield replace(event, source=polled, received_at=event.received_at + rng.randrange(-60, 600) * 1000)
        if rng.random() < 0.02:
            yield _correction(rng, event)


def _event(
    rng: Random, carrier: str, number: str, milestone: Milestone, at: int, source: Source, **changes: Any
) -> CarrierEvent:
    trouble = rng.choice(TROUBLES) if rng.random() < 0.04 else (ExceptionType.NONE, Reason.NORMAL)
    place = Location(city=rng.choice(CITIES), country="SE")
    delivered = milestone in (Milestone.DELIVERED, Milestone.POD_RECEIVED)
    fields: dict[str, Any] = {
        "classifier": Classifier.ACTUAL, "exception": trouble[0], "reason": trouble[1],
        "estimated_delivery_at": at + rng.randrange(4, 60) * HOUR if rng.random() < 0.3 else None,
        "proof_of_delivery": ProofOfDelivery(signed_by="A. Berg") if delivered and rng.random() < 0.7 else None,
        "correction": Correction.NEW, "corrects": None, "precision": Precision.INSTANT,
        "carrier_event_id": f"E-{number}-{milestone.value}" if rng.random() < 0.03 else None, **changes,
    }
    salt = f"{fields['correction']}{fields['corrects']}{fields['classifier']}{trouble[0]}"
    return CarrierEvent(
        event_id=event_id(carrier, number, milestone, "", at, place, salt), carrier=carrier, tracking_number=number,
        milestone=milestone, occurred_at=at, received_at=at + rng.randrange(1, 3600) * 1000, carrier_code="X",
        carrier_text="as the carrier says it", location=place, piece=None, utc_offset_minutes=60, zone_assumed=False,
        references=[], flags=[], source=source, **fields,
    )


def _elsewhere(rng: Random, event: CarrierEvent) -> CarrierEvent:
    """The same occurrence as an aggregator tells it: rounded to the minute, its place unknown, under another id."""
    at = (event.occurred_at + MINUTE // 2) // MINUTE * MINUTE
    return replace(
        event, source=Source("all.track", "webhook", "-", 0, 0, 0, "c-3"), occurred_at=at, location=None,
        received_at=at + rng.randrange(1, 7200) * 1000,
        event_id=event_id(event.carrier, event.tracking_number, event.milestone, "", at, None, "all"),
    )


def _correction(rng: Random, event: CarrierEvent) -> CarrierEvent:
    """The event taken back, or put right a little later."""
    kind = rng.choice((Correction.RETRACTS, Correction.REPLACES))
    return _event(
        rng, event.carrier, event.tracking_number, event.milestone, event.occurred_at + MINUTE, event.source,
        correction=kind, corrects=event.event_id,
    )


def _orders(rng: Random, carrier: str, number: str, place: int, began: int) -> Iterator[OrderReference]:
    """The claims on a shipment: most have one order, some two, a few change their promise or are cancelled.
    Some claim by a reference too, which may become doubtful, and certain again."""
    if rng.random() < 0.12:
        return
    for order in range(2 if rng.random() < 0.05 else 1):
        promise = began + rng.randrange(10, 72) * HOUR if rng.random() < 0.8 else None
        claim = OrderReference(
            carrier, number, f"SO-{place}-{order}", f"DN-{place}-{order}", f"C-{place % 997}", promise,
            began + rng.randrange(-10, 20) * HOUR,
        )
        yield claim
        if rng.random() < 0.08:
            yield replace(claim, promised_delivery_at=began + 80 * HOUR, updated_at=claim.updated_at + HOUR)
        if rng.random() < 0.05:
            yield claim
        if rng.random() < 0.06:
            by_reference = replace(claim, by=f"bol:B{place}")
            yield by_reference
            if rng.random() < 0.5:
                yield replace(by_reference, withdrawn=True)
                if rng.random() < 0.5:
                    yield replace(by_reference, turn=1)
        if rng.random() < 0.04:
            yield replace(claim, updated_at=claim.updated_at + 2 * HOUR, withdrawn=True)


def _bad(rng: Random, told: list[CarrierEvent], count: int) -> Iterator[tuple[bytes, bytes | CarrierEvent]]:
    """Records that end as dead letters: no value, no Avro, no number, no id, a correction of nothing."""
    for number in range(count):
        event = told[rng.randrange(len(told))]
        yield key_of(event), (
            b"", b"no Avro at all", replace(event, tracking_number=""), replace(event, event_id="not an id"),
            replace(event, correction=Correction.RETRACTS, corrects=None, event_id=f"{number:032x}"),
        )[number % 5]
