"""References that identify a shipment, from the most specific type to the least.

A container travels many times; container and booking together identify one voyage, as ``container+booking``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from streams.contracts.ids import normalise_tracking_number
from streams.contracts.model import Reference
from streams.contracts.tracking_numbers import sscc

CONTAINER, BOOKING, CONTAINER_AND_BOOKING = "container", "booking", "container+booking"
SSCC = "sscc"
IDENTIFYING = (
    SSCC, CONTAINER_AND_BOOKING, "pro", "house_waybill", "air_waybill", "waybill", "house_bol", "bol", "shipment",
    "consignment", BOOKING, CONTAINER, "delivery_note", "master_waybill", "master_bol", "po", "order",
)
"""The types of references that identify a shipment, the most specific first."""
OTHERWISE = len(IDENTIFYING)
_RANKS = {kind: rank for rank, kind in enumerate(IDENTIFYING)}
MOST_NAMED = 20
"""References examined in one event or line: a list of hundreds identifies nothing."""


class Named(NamedTuple):
    """A reference in the form of topic keys."""

    type: str
    value: str

    @property
    def key(self) -> str:
        """``TYPE:REFERENCE``."""
        return f"{self.type}:{self.value}"


def named(reference: Reference) -> Named:
    """The reference normalised: its type trimmed and in lower case, its value in upper case without white space; an
    SSCC without its application identifier."""
    kind, value = reference.type.strip().lower(), normalise_tracking_number(reference.value)
    return Named(kind, sscc(value) if kind == SSCC else value)


def by_specificity(references: Iterable[Reference]) -> list[Named]:
    """The distinct references, the most specific first; those of other types last, in their own order.

    Where there is exactly one container and one booking, ``container+booking`` is added.
    """
    found = list(dict.fromkeys(one for one in map(named, references) if one.value))[:MOST_NAMED]
    containers, bookings = _of(CONTAINER, found), _of(BOOKING, found)
    if len(containers) == len(bookings) == 1:
        found.append(Named(CONTAINER_AND_BOOKING, f"{containers[0].value}/{bookings[0].value}"))
    return sorted(found, key=lambda one: _RANKS.get(one.type, OTHERWISE))


def identifying(references: Iterable[Reference]) -> list[Named]:
    """The references that identify a shipment, the most specific first."""
    return [one for one in by_specificity(references) if one.type in _RANKS]


def most_specific(references: Sequence[Reference]) -> Named | None:
    """The reference by which an event or line without a tracking number is resolved; None where none has a value."""
    found = by_specificity(references)
    return found[0] if found else None


def parse_key(key: str) -> Named | None:
    """The reference of a text ``TYPE:REFERENCE``, normalised; None for any other text."""
    kind, colon, value = key.partition(":")
    found = named(Reference(kind, value))
    return found if colon and found.type and found.value else None


def _of(kind: str, found: Iterable[Named]) -> list[Named]:
    return [one for one in found if one.type == kind]
