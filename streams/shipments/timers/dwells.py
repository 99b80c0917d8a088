"""Measures how long a shipment stood in each status, told once it has ended and its history has come to rest.

Written to ``shipment.dwells``; ``norms/step.py`` learns from it what is usual. A dwell is known under its *lane*: the
first and the latest country that were known while it lasted, so that a shipment still standing there is measured by
others of which as much was known. Times are UTC ms.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from streams.contracts.dwells import Dwell
from streams.contracts.ids import digest, shipment_key
from streams.kernel.vocabulary import TERMINAL, Status
from streams.shipments.facts import Entry, entries_of, strangers
from streams.shipments.occurrences.numbering import is_voided
from streams.shipments.record import Shipment, View
from streams.shipments.status_machine import apply

DWELT = frozenset(Status) - TERMINAL - {Status.PLANNED, Status.UNKNOWN, Status.TRACKING_EXPIRED}
"""The statuses a shipment can stand in too long."""


class _Stay(NamedTuple):
    status: Status
    since: int
    until: int | None
    lane: str


def dwells(shipment: Shipment) -> list[Dwell]:
    """Every stay that has ended, in event-time order; a function of the record, so told again it is the same."""
    key = shipment_key(shipment.carrier, shipment.tracking_number)
    return [
        Dwell(
            digest("dwell", key, stay.status.value, str(stay.since)), shipment.carrier, stay.lane, stay.status,
            stay.until - stay.since, stay.until,
        )
        for stay in _stays(shipment)
        if stay.until is not None and stay.status in DWELT
    ]


def lane_of(shipment: Shipment) -> str:
    """The lane of the status it stands in."""
    lane = ""
    for stay in _stays(shipment):
        lane = stay.lane
    return lane


def _stays(shipment: Shipment) -> Iterator[_Stay]:
    """Every status it ever had with a time, the one it stands in last, with no end."""
    facts, view, again = shipment.facts, shipment.view, View()
    first = latest = ""
    entries = entries_of(facts)
    not_of_it = strangers(facts, entries)
    for place, entry in enumerate(entries):
        if place in not_of_it:
            continue
        voided = is_voided(facts, view, place, entry)
        status, since = again.status, again.status_at
        apply(again, place, entry, voided=voided)
        if again.status is not status and since is not None:
            yield _Stay(status, since, entry.at, _lane(first, latest))
        if not voided and (country := _country(entry)):
            first, latest = first or country, country
    if again.status_at is not None:
        yield _Stay(again.status, again.status_at, None, _lane(first, latest))


def _country(entry: Entry) -> str:
    if entry.retracts or entry.story is None or entry.story.location is None:
        return ""
    return entry.story.location.country or ""


def _lane(first: str, latest: str) -> str:
    return f"{first}>{latest}" if first else ""
