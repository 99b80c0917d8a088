"""The scans of one shipment at places and times, before any carrier's format.

A journey starts some days before ``now`` and ends there at the latest: no scan lies in the future. Local hours are
those of the trade: collected in the afternoon, moved by night, delivered by day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import Enum
from random import Random

from topologies.demo.cast import COMPANIES, PEOPLE, Place


class Step(Enum):
    """Names the things a scan can report."""

    LABEL = "label created"
    PICKUP = "picked up"
    ORIGIN_DEPARTED = "left the origin facility"
    HUB_ARRIVED = "arrived at a hub"
    HUB_DEPARTED = "left a hub"
    CUSTOMS_HELD = "held by customs"
    CUSTOMS_RELEASED = "released by customs"
    DELAYED = "delayed by weather"
    ODD = "a code nobody documented"
    DESTINATION_ARRIVED = "arrived at the destination facility"
    OUT_FOR_DELIVERY = "out for delivery"
    ATTEMPTED = "delivery attempted"
    DELIVERED = "delivered"
    DOUBTFUL = "delivered, in a code that proves nothing"
    PROOF = "proof of delivery received"
    RETURNING = "refused, going back"
    RETURNED = "returned to sender"


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan. ``at_ms``: UTC, whole seconds."""

    step: Step
    at_ms: int
    place: Place


@dataclass(frozen=True, slots=True)
class Journey:
    """The scans of one shipment so far, oldest first."""

    carrier: str
    number: str
    origin: Place
    destination: Place
    shipper: str
    consignee: str
    person: tuple[str, str]
    promised_ms: int
    scans: tuple[Scan, ...]

    @property
    def delivered(self) -> bool:
        """Whether it was delivered to the consignee."""
        return self.scans[-1].step is Step.DELIVERED


def _at(day: datetime, rng: Random, earliest: time, latest: time) -> datetime:
    start = day.replace(hour=earliest.hour, minute=earliest.minute, second=0, microsecond=0)
    seconds = (latest.hour - earliest.hour) * 3600 + (latest.minute - earliest.minute) * 60
    return start + timedelta(seconds=rng.randrange(seconds))


def _ms(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000


def _ending(
    rng: Random, at_facility_ms: int, origin: Place, destination: Place, incident: Step | None
) -> Iterator[Scan]:
    """The delivery attempts: every day from the morning after the arrival at the destination facility."""
    day = destination.local(at_facility_ms) + timedelta(days=1)
    while True:
        out = _at(day, rng, time(6, 40), time(9, 10))
        yield Scan(Step.OUT_FOR_DELIVERY, _ms(out), destination)
        reached = _ms(_at(day, rng, time(9, 30), time(17, 45)))
        if incident is Step.ATTEMPTED:
            yield Scan(Step.ATTEMPTED, reached, destination)
            day, incident = day + timedelta(days=1), None
            continue
        if incident is Step.RETURNING:
            yield Scan(Step.RETURNING, reached, destination)
            yield Scan(Step.RETURNED, reached + rng.randrange(20, 40) * 3_600_000, origin)
            return
        yield Scan(Step.DELIVERED, reached, destination)
        return


def _line_haul(
    rng: Random, picked_up: datetime, origin: Place, hub: Place, destination: Place, incident: Step | None
) -> Iterator[Scan]:
    left = _ms(picked_up) + rng.randrange(2 * 3600, 5 * 3600) * 1000
    yield Scan(Step.ORIGIN_DEPARTED, left, origin)
    at_hub = left + rng.randrange(4 * 3600, 9 * 3600) * 1000
    yield Scan(Step.HUB_ARRIVED, at_hub, hub)
    if incident is Step.CUSTOMS_HELD:
        yield Scan(Step.CUSTOMS_HELD, at_hub + 2_400_000, hub)
        at_hub += rng.randrange(3 * 3600, 7 * 3600) * 1000
        yield Scan(Step.CUSTOMS_RELEASED, at_hub, hub)
    if incident in (Step.DELAYED, Step.ODD):
        yield Scan(incident, at_hub + 1_800_000, hub)
        at_hub += 2 * 3_600_000
    left_hub = at_hub + rng.randrange(3600, 4 * 3600) * 1000
    yield Scan(Step.HUB_DEPARTED, left_hub, hub)
    yield Scan(Step.DESTINATION_ARRIVED, left_hub + rng.randrange(5 * 3600, 11 * 3600) * 1000, destination)


def journey(
    rng: Random,
    carrier: str,
    number: str,
    places: tuple[Place, ...],
    incident: Step | None,
    now_ms: int,
) -> Journey:
    """A journey of up to six days, cut off at ``now_ms`` (UTC ms)."""
    origin, hub, destination = rng.sample(places, 3)
    first_day = origin.local(now_ms) - timedelta(days=rng.choice((1, 2, 3, 3, 4, 4, 5, 5, 6)))
    label = _at(first_day, rng, time(8, 0), time(13, 0))
    picked_up = _at(first_day, rng, time(14, 0), time(18, 30))
    scans = [Scan(Step.LABEL, _ms(label), origin), Scan(Step.PICKUP, _ms(picked_up), origin)]
    scans += _line_haul(rng, picked_up, origin, hub, destination, incident)
    scans += _ending(rng, scans[-1].at_ms, origin, destination, incident)
    promised = destination.local(_ms(picked_up)) + timedelta(days=3)
    shipper, consignee = rng.sample(COMPANIES, 2)
    return Journey(
        carrier, number, origin, destination, shipper, consignee, rng.choice(PEOPLE),
        _ms(promised.replace(hour=18, minute=0, second=0)),
        tuple(scan for scan in scans if scan.at_ms <= now_ms),
    )
