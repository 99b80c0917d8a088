"""Resolves a reference to a shipment: one that is claimed to bear it, at that time, with that carrier.

A reference belongs to one shipment for a limited time only: a claim counts for what happened within ``span_ms`` of the
times it was made about. A person's claim beats all others. Exactly one shipment resolves; between several none is
guessed. Times are UTC milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct

from streams.identity.record import KeptEvent, OrderLineClaim, ReferenceRecord, ShipmentClaim
from streams.kernel.vocabulary import SaidBy

DAY_MS = 24 * 3_600_000
NO_CARRIER = frozenset({"", "unknown", "edi"})
"""Carrier slugs of messages or partner feeds that name no carrier: a shipment of any carrier may match."""
_STRENGTH = {SaidBy.PERSON: 0, SaidBy.ORDER: 1, SaidBy.EVENT: 2}


class MatchingRules(Struct, frozen=True):
    """``span_ms``: how far a claim may lie from what it resolves. ``patience_ms``: how long an event waits before an
    alert is raised; None: no alert."""

    span_ms: int = 180 * DAY_MS
    patience_ms: int | None = None


class Resolution(NamedTuple):
    """The matching shipments, (carrier, number) in ascending order, and the strongest kind of claim for them."""

    shipments: tuple[tuple[str, str], ...]
    said_by: SaidBy

    @property
    def shipment(self) -> tuple[str, str] | None:
        """The one matching shipment; None where none or several match."""
        return self.shipments[0] if len(self.shipments) == 1 else None


UNRESOLVED = Resolution((), SaidBy.EVENT)


def resolve(claims: Iterable[ShipmentClaim], carrier: str, at: int, span_ms: int) -> Resolution:
    """The shipments that something of this carrier (any carrier for ``NO_CARRIER``) at this time may belong to."""
    in_time = [
        claim for claim in claims
        if not claim.withdrawn and claim.since - span_ms <= at <= claim.until + span_ms
    ]
    manual = [claim for claim in in_time if claim.said_by is SaidBy.PERSON]
    matching = manual or [claim for claim in in_time if carrier in NO_CARRIER or claim.carrier == carrier]
    if not matching:
        return UNRESOLVED
    strongest = min((claim.said_by for claim in matching), key=_STRENGTH.__getitem__)
    return Resolution(tuple(sorted({(claim.carrier, claim.tracking_number) for claim in matching})), strongest)


class Resolutions(NamedTuple):
    """The resolution of each event, by event id, and of each line that is not withdrawn, by the line's name."""

    events: dict[str, Resolution]
    lines: dict[str, Resolution]


def resolutions(record: ReferenceRecord, rules: MatchingRules) -> Resolutions:
    """The resolutions of everything the record keeps."""
    events: dict[str, Resolution] = {}
    for event_id, one in first_received(record).items():
        events[event_id] = resolve(record.claims, one.carrier, one.at, rules.span_ms)
    lines = {line.name: resolve_line(record, line, rules) for line in record.lines if not line.withdrawn}
    return Resolutions(events, lines)


def resolve_line(record: ReferenceRecord, line: OrderLineClaim, rules: MatchingRules) -> Resolution:
    """The shipments that an order's line may claim."""
    return resolve(record.claims, line.carrier, line.said_at, rules.span_ms)


def first_received(record: ReferenceRecord) -> dict[str, KeptEvent]:
    """The version of each event that was received first, from any source."""
    first: dict[str, KeptEvent] = {}
    for one in record.events:
        other = first.get(one.event_id)
        if other is None or (one.received_at, one.body) < (other.received_at, other.body):
            first[one.event_id] = one
    return first
