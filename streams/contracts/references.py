"""Which of a shipment's other numbers tell what shipment it is: a stated order, the most specific first.

A container is told from itself on another voyage by its booking: the two together are one reference,
``container+booking``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from streams.contracts.ids import normalise_tracking_number
from streams.contracts.model import Reference

CONTAINER, BOOKING, CONTAINER_AND_BOOKING = "container", "booking", "container+booking"
IDENTIFYING = (
    "sscc", CONTAINER_AND_BOOKING, "pro", "house_waybill", "air_waybill", "waybill", "house_bol", "bol", "shipment",
    "consignment", BOOKING, CONTAINER, "delivery_note", "master_waybill", "master_bol", "po", "order",
)
"""The types that tell which shipment it is, by how narrowly they do."""
OTHERWISE = len(IDENTIFYING)
_RANKS = {kind: rank for rank, kind in enumerate(IDENTIFYING)}
MOST_NAMED = 20
"""References looked at of one event or one line: a list of hundreds is no name of one shipment."""


class Named(NamedTuple):
    """A reference in the form topics are keyed by."""

    type: str
    value: str

    @property
    def key(self) -> str:
        """``TYPE:REFERENCE``."""
        return f"{self.type}:{self.value}"


def named(reference: Reference) -> Named:
    """The reference trimmed: its type in lower case, its value without white space and in upper case."""
    return Named(reference.type.strip().lower(), normalise_tracking_number(reference.value))


def by_specificity(references: Iterable[Reference]) -> list[Named]:
    """The distinct references, the most specific first; of types that identify nothing, the last, in their own order.

    A container and a booking, where there is one of each, stand for themselves and for both together.
    """
    found = list(dict.fromkeys(one for one in map(named, references) if one.value))[:MOST_NAMED]
    containers, bookings = _of(CONTAINER, found), _of(BOOKING, found)
    if len(containers) == len(bookings) == 1:
        found.append(Named(CONTAINER_AND_BOOKING, f"{containers[0].value}/{bookings[0].value}"))
    return sorted(found, key=lambda one: _RANKS.get(one.type, OTHERWISE))


def identifying(references: Iterable[Reference]) -> list[Named]:
    """Those that tell which shipment it is, the most specific first."""
    return [one for one in by_specificity(references) if one.type in _RANKS]


def most_specific(references: Sequence[Reference]) -> Named | None:
    """The one reference by which something without a carrier's number is resolved; None where none has a value."""
    found = by_specificity(references)
    return found[0] if found else None


def parse_key(key: str) -> Named | None:
    """``TYPE:REFERENCE`` as a person writes it; None where it is not that."""
    kind, colon, value = key.partition(":")
    found = named(Reference(kind, value))
    return found if colon and found.type and found.value else None


def _of(kind: str, found: Iterable[Named]) -> list[Named]:
    return [one for one in found if one.type == kind]
