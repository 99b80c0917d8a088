"""Events that bear a carrier's number and other references too: each such pair is a claim that lets others be resolved.

Part of intake; writes ``reference.claims``. A claim is idempotent, so what was told lately is not told again.
"""

from __future__ import annotations

from collections.abc import Iterable

from streams.identity import LONGEST_NUMBER
from streams.model import CarrierEvent, ReferenceClaim
from streams.references import identifying
from streams.vocabulary import SaidBy

RETOLD_AFTER_MS = 30 * 24 * 3_600_000
"""Of a pair told again and again, one claim for each so long: how long a reference is in use has to be known."""
MOST_REMEMBERED = 200_000


class Pairs:
    """The pairs of reference and shipment that a worker's events tell of, those not told lately.

    A pair is remembered with the partition and offset that told it, and told again where that is read again: what was
    told in a chunk that came to nothing is never missed.
    """

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._told: dict[tuple[object, ...], int] = {}

    def news(self, events: Iterable[CarrierEvent]) -> list[ReferenceClaim]:
        """Claims of the events, which have numbers, in their order."""
        claims: list[ReferenceClaim] = []
        for event in events:
            if event.references:
                self._take(event, claims)
        return claims

    def _take(self, event: CarrierEvent, claims: list[ReferenceClaim]) -> None:
        source, at, offset = event.source, event.occurred_at, event.source.offset
        about = source.topic, source.partition, event.carrier, event.tracking_number, at // RETOLD_AFTER_MS
        if self._was_told((*about, *event.references), offset):
            return
        for one in identifying(event.references):
            if len(one.key) <= LONGEST_NUMBER and not self._was_told((*about, one.key), offset):
                claims.append(ReferenceClaim(
                    one.type, one.value, event.carrier, event.tracking_number, SaidBy.EVENT, at, at
                ))  # fmt: skip

    def _was_told(self, what: tuple[object, ...], offset: int) -> bool:
        """Whether an earlier record told it; if not, this one does."""
        told_at = self._told.get(what)
        if told_at is not None and told_at < offset:
            return True
        if len(self._told) >= self._most:
            self._told.clear()
        self._told[what] = offset
        return False
