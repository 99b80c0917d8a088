"""Finds what events state about numbers other than their own: which tracking numbers belong together, and which
reference belongs to which shipment.

Part of intake; links go to ``shipment.links``, claims to ``reference.claims``. Both are idempotent, so what was sent
recently is not sent again. Times are UTC milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from streams.contracts.ids import LONGEST_NUMBER
from streams.contracts.link_paths import links_of
from streams.contracts.model import CarrierEvent, ReferenceClaim, ShipmentLink
from streams.contracts.references import identifying
from streams.kernel.vocabulary import SaidBy

REPEATED_AFTER_MS = 30 * 24 * 3_600_000
"""A link or claim that events keep repeating is sent once in so long, so that readers know how long a reference is in
use."""
MOST_REMEMBERED = 200_000
_Fact = tuple[object, ...]


class Discovered(NamedTuple):
    """Links and claims in the order of the events that state them."""

    links: list[ShipmentLink]
    claims: list[ReferenceClaim]


class DiscoveredReferences:
    """Finds the links and claims a worker's events state and that were not sent recently. Bounded.

    Each is remembered with the offset that stated it, and sent again when that offset is read again: a chunk that
    failed loses nothing.
    """

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._sent_at_offset: dict[_Fact, int] = {}

    def discover(self, events: Iterable[CarrierEvent]) -> Discovered:
        """Links and claims of the events of one chunk. Every event has a tracking number."""
        found = Discovered([], [])
        in_chunk: set[_Fact] = set()
        for event in events:
            if event.references:
                self._add(event, found, in_chunk)
        return found

    def _add(self, event: CarrierEvent, found: Discovered, in_chunk: set[_Fact]) -> None:
        source, at, references = event.source, event.occurred_at, event.references
        carrier, number, offset = event.carrier, event.tracking_number, source.offset
        about = source.topic, source.partition, carrier, number, at // REPEATED_AFTER_MS
        if not self._is_new((*about, *references), offset, in_chunk):
            return
        found.links.extend(
            link for link in links_of(carrier, number, references) if self._is_new((*about, link), offset, in_chunk)
        )
        found.claims.extend(
            ReferenceClaim(one.type, one.value, carrier, number, SaidBy.EVENT, at, at)
            for one in identifying(references)
            if len(one.key) <= LONGEST_NUMBER and self._is_new((*about, one.key), offset, in_chunk)
        )

    def _is_new(self, fact: _Fact, offset: int, in_chunk: set[_Fact]) -> bool:
        """Whether neither this chunk nor an earlier offset stated it; if so, remembers this offset."""
        if fact in in_chunk:
            return False
        in_chunk.add(fact)
        sent_at = self._sent_at_offset.get(fact)
        if sent_at is not None and sent_at < offset:
            return False
        if sent_at is None and len(self._sent_at_offset) >= self._most:
            self._sent_at_offset.clear()
        self._sent_at_offset[fact] = offset
        return True
