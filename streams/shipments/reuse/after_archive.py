"""Which shipment a word is about where the number's shipment before is archived: a number is unique only with its time.

What is no later than the end of a shipment and ``reuse_after`` is about that one. A beginning after that (or an order's
new claim) begins another shipment under the number, with ids of its own. What is later than the past and no beginning
is held until one comes, so that the new record is a function of the set of its events. An event that is the number's by
a reference alone begins nothing, since that may turn out wrong; and where the claims that began a shipment are
withdrawn, it has not begun. Where the record of the one before is still there, ``split.py`` has the rules.
"""

from __future__ import annotations

from copy import copy

from msgspec import Struct, field
from msgspec.structs import replace

from streams.contracts.model import AlertSignal, OrderReference
from streams.shipments.claims.standing import last_said_at
from streams.shipments.notifications.numbering import recount
from streams.shipments.notifications.outputs import alerts_between
from streams.shipments.record import Entry, Past, Shipment, decode_entry
from streams.shipments.reuse.archive import CLAIM_BYTES, HEARD_BYTES, Keeping, claim_of, is_among, with_all
from streams.shipments.reuse.split import is_beginning
from streams.shipments.status_machine import put, refold
from streams.shipments.timers.deadlines import FOR_EVER, settle

PAST, HELD, KNOWN = "past", "held", "known"


class Turn(Struct):
    """What a word does to the lives under its number. ``shipment``: the record to go on with; ``aside``: ``past`` or
    ``held``, it says no more (``known``: nor is it new)."""

    shipment: Shipment
    alerts: list[AlertSignal] = field(default_factory=list)
    aside: str = ""


def is_repeat(past: Past, event_id: bytes) -> bool:
    """Whether the event was heard of a shipment of the past."""
    return is_among(past.heard, event_id[:HEARD_BYTES])


def turn_of_event(shipment: Shipment, event_id: bytes, entry: Entry, data: bytes, keeping: Keeping) -> Turn | None:
    """What a new event turns; None for the usual, an event of the present shipment. Changes ``shipment``, which is the
    caller's own."""
    past, reuse_after = shipment.past, keeping.reuse_after
    if past is not None and (reuse_after is None or entry.at <= past.closed_at + reuse_after):
        heard = with_all(past.heard, [event_id[:HEARD_BYTES]], HEARD_BYTES)
        said_at = past.said_at if entry.found else max(past.said_at, entry.received_at)
        _go_past(shipment, replace(past, heard=heard, said_at=said_at))
        return Turn(shipment, aside=PAST)
    if shipment.archived:
        if not is_beginning(entry):
            put(shipment, event_id, entry, data)
            shipment.updated_at = max(shipment.updated_at, entry.received_at)
            return Turn(shipment, aside=HELD)
        return Turn(shipment, alerts=begin(shipment))
    return None


def turn_of_claim(shipment: Shipment, reference: OrderReference, keeping: Keeping) -> Turn | None:
    """What an order's word turns; None for the usual, a claim on the present shipment. ``shipment`` stays as it is."""
    past, reuse_after = shipment.past, keeping.reuse_after
    if past is None:
        return None
    claim = claim_of(reference.order_id, reference.delivery_id)
    is_of_the_past = reuse_after is None or reference.updated_at <= past.closed_at + reuse_after
    if is_among(past.claims, claim) or (is_of_the_past and reference.by and reference.withdrawn):
        return Turn(shipment, aside=KNOWN)
    if past.begun and not is_of_the_past:
        return None
    own = copy(shipment)
    own.history = shipment.history.copy()
    if is_of_the_past:
        known = with_all(past.claims, [claim], CLAIM_BYTES)
        _go_past(own, replace(past, claims=known, said_at=max(past.said_at, reference.updated_at)))
        return Turn(own, aside=PAST)
    return None if reference.withdrawn else Turn(own, alerts=begin(own))


def _go_past(shipment: Shipment, past: Past) -> None:
    shipment.past = past
    if not past.begun:
        shipment.updated_at = max(shipment.updated_at, past.said_at)


def begin(shipment: Shipment) -> list[AlertSignal]:
    """Let a shipment begin under the number, with what was held of it; the alerts that raises."""
    assert shipment.past is not None
    shipment.past = replace(shipment.past, begun=True)
    refold(shipment)
    recount(shipment)
    return alerts_between(shipment, [], shipment.open)


def put_back(shipment: Shipment) -> Turn | None:
    """After a claim was withdrawn: the number as it was before it, where nothing else began the shipment; else None."""
    past = shipment.past
    if past is None or not past.begun or shipment.orders or shipment.former:
        return None
    if any(is_beginning(decode_entry(data)) for data in shipment.history):
        return None
    held = Shipment(
        shipment.carrier, shipment.tracking_number, shipment.seen, shipment.history,
        withdrawn=shipment.withdrawn, wholes=shipment.wholes, parts=shipment.parts, past=replace(past, begun=False),
        words=shipment.words, since=shipment.since, ways=shipment.ways,
    )
    held.updated_at = last_word_at(held)
    return Turn(held, alerts=settle(copy(shipment), FOR_EVER) + alerts_between(shipment, shipment.open, []))


def last_word_at(stone: Shipment) -> int:
    """Receipt of the last word of a number whose shipment is archived, what is held of it among them."""
    held = (decode_entry(data).received_at for data in stone.history)
    return max([0 if stone.past is None else stone.past.said_at, last_said_at(stone), *held])
