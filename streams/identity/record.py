"""The identity stage's own record of one reference: who says whose it is, and what is to be resolved by it.

The record is a function of the *set* of what was taken in, but for ``turns`` and ``raised``. It is stored as a
MessagePack array: new fields go to the end, with a default. Times are UTC milliseconds.
"""

from __future__ import annotations

from msgspec import Struct, msgpack
from msgspec.structs import replace

from streams.contracts.ids import shipment_key
from streams.contracts.model import CarrierEvent, ReferenceClaim
from streams.kernel.vocabulary import SaidBy


class Word(Struct, frozen=True, array_like=True, gc=False):
    """Somebody's newest word that the reference is a shipment's. ``since`` and ``until``: the times it was said of;
    ``turn`` as of :class:`ReferenceClaim`.

    A person has one word on a reference; an order one for each of its deliveries and shipments; events one for each
    shipment.
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


class Line(Struct, frozen=True, array_like=True, gc=False):
    """An order's line that is the shipment's the reference turns out to be. ``turn`` as of :class:`ReferenceClaim`."""

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
        """What tells it from others of the reference."""
        return f"{self.claim}\x1f{self.carrier}"

    @property
    def claim(self) -> str:
        """What it claims a shipment for; lines that name different carriers may do so for the same."""
        return f"{self.order_id}\x1f{self.delivery_id}"


class Held(Struct, frozen=True, array_like=True, gc=False):
    """An event without a number, as one source told of it; ``body``: the whole event in MessagePack."""

    event_id: str
    carrier: str
    at: int
    received_at: int
    source: str
    body: bytes


class Turn(Struct, frozen=True, array_like=True, gc=False):
    """That an event, or what lines claim, by ``name``, was taken back from a shipment, or an older line took the place
    of a newer one there, so often."""

    name: str
    shipment: str
    times: int


class Known(Struct, array_like=True, gc=False):
    """Everything known of one reference. ``raised``: when the wait an alert was raised for ran out."""

    type: str
    value: str
    words: tuple[Word, ...] = ()
    lines: tuple[Line, ...] = ()
    held: tuple[Held, ...] = ()
    turns: tuple[Turn, ...] = ()
    raised: int | None = None

    @property
    def key(self) -> str:
        """TYPE:REFERENCE."""
        return f"{self.type}:{self.value}"

    @property
    def updated_at(self) -> int:
        """When something was last said or received of it."""
        times = [
            *(word.said_at for word in self.words), *(line.said_at for line in self.lines),
            *(one.received_at for one in self.held),
        ]
        return max(times, default=0)


encode = msgpack.Encoder().encode
decode = msgpack.Decoder(Known).decode
"""A stored record back. Raises msgspec.DecodeError (or its ValidationError) where it is not one."""

decode_event = msgpack.Decoder(CarrierEvent).decode


def held(event: CarrierEvent) -> Held:
    """The event as it is kept."""
    source = f"{event.source.feed}\x1f{event.source.channel}"
    return Held(
        event.event_id, event.carrier, event.occurred_at, event.received_at, source, encode(event)
    )


def with_event(known: Known, event: CarrierEvent) -> Known | None:
    """The record with the event; None where it is there already. Of two versions by one source the one received first
    is kept (equal receipt: the smaller)."""
    new = held(event)
    others = []
    for one in known.held:
        if (one.event_id, one.source) != (new.event_id, new.source):
            others.append(one)
        elif (one.received_at, one.body) <= (new.received_at, new.body):
            return None
    kept = sorted([*others, new], key=lambda one: (one.event_id, one.source))
    return replace(known, held=tuple(kept))


def with_claim(known: Known, claim: ReferenceClaim) -> Known | None:
    """The record with the claim; None where it says nothing new."""
    if not claim.tracking_number and claim.said_by is SaidBy.ORDER:
        return _with_line(known, claim)
    return _with_word(known, claim)


def _with_line(known: Known, claim: ReferenceClaim) -> Known | None:
    new = Line(
        claim.order_id, claim.delivery_id, claim.carrier, claim.customer_id, claim.promised_delivery_at,
        claim.said_at, False, claim.order_value, claim.currency, claim.turn,
    )
    if claim.withdrawn:
        new = Line(claim.order_id, claim.delivery_id, claim.carrier, "", None, claim.said_at, True, turn=claim.turn)
    before = next((one for one in known.lines if one.name == new.name), None)
    if before is not None and _turned_age(new) <= _turned_age(before):
        return None
    kept = sorted([*(one for one in known.lines if one is not before), new], key=lambda one: one.name)
    return replace(known, lines=tuple(kept))


def _with_word(known: Known, claim: ReferenceClaim) -> Known | None:
    said = Word(
        claim.said_by, claim.order_id, claim.delivery_id, claim.carrier, claim.tracking_number, claim.said_at,
        claim.withdrawn, claim.valid_at, claim.valid_at, claim.turn,
    )
    before = next((one for one in known.words if _name(one) == _name(said)), None)
    new = said if before is None else _newest(before, said)
    if new == before:
        return None
    kept = sorted([*(one for one in known.words if one is not before), new], key=_name)
    return replace(known, words=tuple(kept))


def _newest(one: Word, other: Word) -> Word:
    """Of two words of the same speaker the later; but for a person's, about all the times that both are about."""
    newest = max(one, other, key=_age_of_word)
    if newest.said_by is SaidBy.PERSON:
        return newest
    since, until = min(one.since, other.since), max(one.until, other.until)
    return Word(
        newest.said_by, newest.order_id, newest.delivery_id, newest.carrier, newest.tracking_number,
        newest.said_at, newest.withdrawn, since, until, newest.turn,
    )


def _name(word: Word) -> tuple[str, str, str, str, str]:
    if word.said_by is SaidBy.PERSON:
        return SaidBy.PERSON.value, "", "", "", ""
    return word.said_by.value, word.order_id, word.delivery_id, word.carrier, word.tracking_number


def _age_of_word(word: Word) -> tuple[int, int, bool, str, str, int]:
    return word.said_at, word.turn, word.withdrawn, word.carrier, word.tracking_number, word.since


def _turned_age(line: Line) -> tuple[int, int, bool, str, int, float, str]:
    """What makes one word of a line newer than another of the same line."""
    return line.said_at, line.turn, *age_of_line(line)[1:]


def age_of_line(line: Line) -> tuple[int, bool, str, int, float, str]:
    """What makes one line newer than another, whatever its turn; of equal time, always the same wins."""
    promised, worth = line.promised_delivery_at, line.order_value
    return (
        line.said_at, line.withdrawn, line.customer_id, -1 if promised is None else promised,
        -1.0 if worth is None else worth, line.currency or "",
    )
