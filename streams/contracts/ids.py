"""Deterministic ids: the same fact always carries the same id, whoever reports it and however often.

An id is BLAKE2b-128 over its parts, as 32 hex digits. The parts are joined by a unit separator
(U+001F), which no carrier number contains.
"""

from __future__ import annotations

from hashlib import blake2b

from streams.contracts.model import Location
from streams.kernel.memo import Memory
from streams.kernel.vocabulary import AlertKind, Milestone

LONGEST_NUMBER = 256
"""The most characters a tracking, order, delivery or customer number may have."""
_SEPARATOR = "\x1f"
_UNBEGUN = blake2b(digest_size=16)
_CODE_TELLS_APART = frozenset({Milestone.UNKNOWN, Milestone.INFO})


def digest(*parts: str) -> str:
    """The id of the fact with these parts: BLAKE2b-128, 32 hex digits."""
    hashed = _UNBEGUN.copy()
    hashed.update(_SEPARATOR.join(parts).encode("utf-8", "surrogatepass"))
    return hashed.hexdigest()


def _bare(place: str) -> str:
    return place.strip().casefold()


_PLACES = Memory(_bare)
"""Keys of places: there are few, and every scan has one."""


def location_key(location: Location | None) -> str:
    """Identifies the place of a scan, whatever the carrier's spelling: its UN/LOCODE, else its city, else its postal
    code, name or country; empty without a place."""
    if location is None:
        return ""
    place = location.unlocode or location.city or location.postal_code or location.name or location.country
    return _PLACES[place] if place else ""


def event_id(
    carrier: str,
    tracking_number: str,
    milestone: Milestone,
    carrier_code: str,
    occurred_at: int,
    location: Location | None,
    piece: str | None,
) -> str:
    """The id of a canonical event (design §3). ``occurred_at``: UTC ms *as the carrier stated it*.

    The channel and the carrier's wording do not enter: the same milestone by webhook, by EDI and by an aggregator is
    one event. Only for ``unknown`` and ``info``, which say too little, the carrier's own code enters. Times count to
    the second.
    """
    what = f"{milestone.value}:{carrier_code}" if milestone in _CODE_TELLS_APART else milestone
    second = str(occurred_at // 1000)
    return digest(carrier, tracking_number, what, second, location_key(location), piece or "")


def alert_id(kind: AlertKind, subject: str, *which: str) -> str:
    """The id of the alert of a kind about a subject; ``which`` distinguishes several about the same subject."""
    return digest(kind.value, subject, *which)


def shipment_key(carrier: str, reference: str) -> str:
    """``CARRIER:REFERENCE``: the key of every topic about shipments."""
    return f"{carrier}:{reference}"


def normalise_tracking_number(number: str) -> str:
    """The number as every topic carries it: upper case, without white space. Empty stays empty."""
    return "".join(number.split()).upper()


def normalise_carrier(carrier: str) -> str:
    """The carrier slug as every topic carries it: trimmed, lower case."""
    return carrier.strip().lower()
