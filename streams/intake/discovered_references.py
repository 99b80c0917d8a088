"""What events tell of numbers beside their own: which numbers belong together, and which reference is whose.

Part of intake; the links go to ``shipment.links``, the claims to ``reference.claims``. Both are idempotent, so what was
told lately is not told again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from streams.contracts.ids import LONGEST_NUMBER
from streams.contracts.link_paths import links_of
from streams.contracts.model import CarrierEvent, ReferenceClaim, ShipmentLink
from streams.contracts.references import identifying
from streams.kernel.vocabulary import SaidBy

RETOLD_AFTER_MS = 30 * 24 * 3_600_000
"""Of what is told again and again, one link or claim for each so long: how long a reference is in use has to be
known."""
MOST_REMEMBERED = 200_000


class News(NamedTuple):
    """In the order of the events that tell it."""

    links: list[ShipmentLink]
    claims: list[ReferenceClaim]


class OtherNumbers:
    """What a worker's events tell of other numbers, as far as it was not told lately.

    It is remembered with the partition and offset that told it, and told again where that is read again: what was told
    in a chunk that came to nothing is never missed.
    """

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._told: dict[tuple[object, ...], int] = {}

    def news(self, events: Iterable[CarrierEvent]) -> News:
        """Links and claims of the events of one chunk, which have numbers."""
        told = News([], [])
        here: set[tuple[object, ...]] = set()
        for event in events:
            if event.references:
                self._take(event, told, here)
        return told

    def _take(self, event: CarrierEvent, told: News, here: set[tuple[object, ...]]) -> None:
        source, at, references = event.source, event.occurred_at, event.references
        carrier, number, offset = event.carrier, event.tracking_number, source.offset
        about = source.topic, source.partition, carrier, number, at // RETOLD_AFTER_MS
        if not self._is_news((*about, *references), offset, here):
            return
        told.links.extend(
            link for link in links_of(carrier, number, references) if self._is_news((*about, link), offset, here)
        )
        told.claims.extend(
            ReferenceClaim(one.type, one.value, carrier, number, SaidBy.EVENT, at, at)
            for one in identifying(references)
            if len(one.key) <= LONGEST_NUMBER and self._is_news((*about, one.key), offset, here)
        )

    def _is_news(self, what: tuple[object, ...], offset: int, here: set[tuple[object, ...]]) -> bool:
        """Whether neither this chunk nor an earlier record told it; if so, this one does."""
        if what in here:
            return False
        here.add(what)
        told_at = self._told.get(what)
        if told_at is not None and told_at < offset:
            return False
        if told_at is None and len(self._told) >= self._most:
            self._told.clear()
        self._told[what] = offset
        return True
