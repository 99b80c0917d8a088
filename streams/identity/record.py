"""The identity stage's own record of one reference: who claims it for which shipment, and what it is to resolve.

The record is a function of the *set* of inputs, except for ``retractions`` and ``alerted_at``. It is stored as a
MessagePack array: new fields go to the end, with a default. Times are UTC milliseconds.
"""

from __future__ import annotations

from msgspec import Struct, msgpack
from msgspec.structs import replace

from streams.contracts.ids import shipment_key
from streams.contracts.model import CarrierEvent, ReferenceClaim
from streams.contracts.references import most_specific
from streams.kernel.vocabulary import SaidBy

IdentityInput = CarrierEvent | ReferenceClaim


class ShipmentClaim(Struct, frozen=True, array_like=True, gc=False):
    """The newest version of a claim that the reference belongs to a shipment.

    A person has one such claim on a reference; an order one for each of its deliveries and shipments; events one for
    each shipment. ``since`` and ``until``: the times it was made about. ``turn`` as in :class:`ReferenceClaim`.
    """

    said_by: SaidBy
    order_id: str
    delivery_id: str
    carrier: str
    tracking_number: str
    said_at: int
    withdrawn: bool
    since: int
    until: int
    turn: int = 0

    @property
    def shipment(self) -> str:
        """CARRIER:NUMBER."""
        return shipment_key(self.carrier, self.tracking_number)


class OrderLineClaim(Struct, frozen=True, array_like=True, gc=False):
    """The newest version of an order's claim on whichever shipment the reference belongs to. ``turn`` as in
    :class:`ReferenceClaim`."""

    order_id: str
    delivery_id: str
    carrier: str
    customer_id: str
    promised_delivery_at: int | None
    said_at: int
    withdrawn: bool
    order_value: float | None = None
    currency: str | None = None
    turn: int = 0

    @property
    def name(self) -> str:
        """Identifies the line among those of the reference."""
        return f"{self.claim}\x1f{self.carrier}"

    @property
    def claim(self) -> str:
        """Order and delivery; lines that name different carriers may claim the same shipment for them."""
        return f"{self.order_id}\x1f{self.delivery_id}"


class KeptEvent(Struct, frozen=True, array_like=True, gc=False):
    """An event without a tracking number, in the version of one source; ``body``: the whole event in MessagePack."""

    event_id: str
    carrier: str
    at: int
    received_at: int
    source: str
    body: bytes


class Retractions(Struct, frozen=True, array_like=True, gc=False):
    """How often an event or an order's claim, by ``name``, was retracted from a shipment; also counts how often an
    older line took the place of a newer one there."""

    name: str
    shipment: str
    times: int


class ReferenceRecord(Struct, array_like=True, gc=False):
    """Keeps everything known of one reference. ``alerted_at``: the due time of the open alert about an event that waits
    too long; None without one."""

    type: str
    value: str
    claims: tuple[ShipmentClaim, ...] = ()
    lines: tuple[OrderLineClaim, ...] = ()
    events: tuple[KeptEvent, ...] = ()
    retractions: tuple[Retractions, ...] = ()
    alerted_at: int | None = None

    @property
    def key(self) -> str:
        """TYPE:REFERENCE."""
        return f"{self.type}:{self.value}"

    @property
    def updated_at(self) -> int:
        """The time of the latest claim or receipt; 0 without any."""
        times = [
            *(claim.said_at for claim in self.claims), *(line.said_at for line in self.lines),
            *(event.received_at for event in self.events),
        ]
        return max(times, default=0)


encode = msgpack.Encoder().encode
decode = msgpack.Decoder(ReferenceRecord).decode
"""The record of stored bytes. Raises msgspec.DecodeError (or its ValidationError) for other bytes."""

decode_event = msgpack.Decoder(CarrierEvent).decode


def key_of(item: IdentityInput) -> str:
    """The key of the reference an input is about, TYPE:REFERENCE; empty where it names none."""
    if isinstance(item, ReferenceClaim):
        return f"{item.type}:{item.value}"
    found = most_specific(item.references)
    return "" if found is None else found.key


def kept(event: CarrierEvent) -> KeptEvent:
    """The event in the form in which the record keeps it."""
    source = f"{event.source.feed}\x1f{event.source.channel}"
    return KeptEvent(
        event.event_id, event.carrier, event.occurred_at, event.received_at, source, encode(event)
    )


def with_event(record: ReferenceRecord, event: CarrierEvent) -> ReferenceRecord | None:
    """The record with the event; None where that changes nothing. Of two versions by one source the one received first
    is kept (same receipt: the smaller)."""
    new = kept(event)
    others = []
    for one in record.events:
        if (one.event_id, one.source) != (new.event_id, new.source):
            others.append(one)
        elif (one.received_at, one.body) <= (new.received_at, new.body):
            return None
    return replace(record, events=tuple(sorted([*others, new], key=lambda one: (one.event_id, one.source))))


def with_claim(record: ReferenceRecord, claim: ReferenceClaim) -> ReferenceRecord | None:
    """The record with the claim; None where that changes nothing."""
    if not claim.tracking_number and claim.said_by is SaidBy.ORDER:
        return _with_line(record, claim)
    return _with_shipment_claim(record, claim)


def _with_line(record: ReferenceRecord, claim: ReferenceClaim) -> ReferenceRecord | None:
    new = OrderLineClaim(
        claim.order_id, claim.delivery_id, claim.carrier, claim.customer_id, claim.promised_delivery_at,
        claim.said_at, False, claim.order_value, claim.currency, claim.turn,
    )
    if claim.withdrawn:
        new = OrderLineClaim(
            claim.order_id, claim.delivery_id, claim.carrier, "", None, claim.said_at, True, turn=claim.turn
        )
    before = next((one for one in record.lines if one.name == new.name), None)
    if before is not None and _age_with_turn(new) <= _age_with_turn(before):
        return None
    lines = sorted([*(one for one in record.lines if one is not before), new], key=lambda one: one.name)
    return replace(record, lines=tuple(lines))


def _with_shipment_claim(record: ReferenceRecord, claim: ReferenceClaim) -> ReferenceRecord | None:
    given = ShipmentClaim(
        claim.said_by, claim.order_id, claim.delivery_id, claim.carrier, claim.tracking_number, claim.said_at,
        claim.withdrawn, claim.valid_at, claim.valid_at, claim.turn,
    )
    before = next((one for one in record.claims if _identity(one) == _identity(given)), None)
    new = given if before is None else _newest(before, given)
    if new == before:
        return None
    return replace(
        record, claims=tuple(sorted([*(one for one in record.claims if one is not before), new], key=_identity))
    )


def _newest(one: ShipmentClaim, other: ShipmentClaim) -> ShipmentClaim:
    """The later version of the same claim; except for a person's, it covers the times of both."""
    newest = max(one, other, key=_age)
    if newest.said_by is SaidBy.PERSON:
        return newest
    since, until = min(one.since, other.since), max(one.until, other.until)
    return ShipmentClaim(
        newest.said_by, newest.order_id, newest.delivery_id, newest.carrier, newest.tracking_number,
        newest.said_at, newest.withdrawn, since, until, newest.turn,
    )


def _identity(claim: ShipmentClaim) -> tuple[str, str, str, str, str]:
    if claim.said_by is SaidBy.PERSON:
        return SaidBy.PERSON.value, "", "", "", ""
    return claim.said_by.value, claim.order_id, claim.delivery_id, claim.carrier, claim.tracking_number


def _age(claim: ShipmentClaim) -> tuple[int, int, bool, str, str, int]:
    return claim.said_at, claim.turn, claim.withdrawn, claim.carrier, claim.tracking_number, claim.since


def _age_with_turn(line: OrderLineClaim) -> tuple[int, int, bool, str, int, float, str]:
    """Orders the versions of one line from old to new."""
    return line.said_at, line.turn, *age_of_line(line)[1:]


def age_of_line(line: OrderLineClaim) -> tuple[int, bool, str, int, float, str]:
    """Orders lines from old to new, whatever their turns; lines of the same time in a fixed order."""
    promised, value = line.promised_delivery_at, line.order_value
    return (
        line.said_at, line.withdrawn, line.customer_id, -1 if promised is None else promised,
        -1.0 if value is None else value, line.currency or "",
    )
