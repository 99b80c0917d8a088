"""Which shipment a word is about, where a carrier uses its numbers again: a number is unique only with its time.

What is no later than the end of a shipment and ``reuse_after`` is about that one. A beginning after that (or an order's
new claim) begins another shipment under the number, with ids of its own; where the old record is still there it is
archived at once. What is later than the past and no beginning is held until one comes, so that the new record is a
function of the set of its events. An event that is the number's by a reference alone begins nothing, since that may
turn out wrong; and where the claims that began a shipment are withdrawn, it has not begun.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

from msgspec import Struct, field
from msgspec.structs import replace

from streams.archive import CLAIM_BYTES, HEARD_BYTES, Keeping, buried, claim_of, claims_of, is_among, is_tied, with_all
from streams.claims import last_said_at
from streams.deadlines import FOR_EVER, settle
from streams.fanout import alerts_between
from streams.model import AlertSignal, OrderLink, OrderReference
from streams.shipment import ID_BYTES, ClaimWord, Entry, Past, Shipment, decode_entry, decode_receipt
from streams.status import fold, is_voided, put, refold, strangers
from streams.telling import recount
from streams.vocabulary import STATUS_OF, TERMINAL, Milestone, Status

BEGINNINGS = frozenset({
    *(one for one, status in STATUS_OF.items() if status in (Status.BOOKED, Status.INFO_RECEIVED, Status.PICKED_UP)),
    Milestone.DEPARTED_PICKUP,
})
"""What is said of a shipment only when it begins."""
PAST, HELD, KNOWN = "past", "held", "known"


class Turn(Struct):
    """What a word does to the lives under its number. ``shipment``: the record to go on with; ``ended``: the record of
    the shipment it put an end to, of one that ``was``; ``aside``: ``past`` or ``held``, it says no more (``known``:
    nor is it new)."""

    shipment: Shipment
    ended: Shipment | None = None
    was: Shipment | None = None
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
        shipment.past = replace(past, heard=heard, said_at=said_at)
        return Turn(shipment, aside=PAST)
    if shipment.archived:
        if not is_beginning(entry):
            put(shipment, event_id, entry, data)
            shipment.updated_at = max(shipment.updated_at, entry.received_at)
            return Turn(shipment, aside=HELD)
        return Turn(shipment, alerts=begin(shipment))
    return _next(shipment, entry.at, keeping) if is_beginning(entry) else None


def turn_of_claim(shipment: Shipment, reference: OrderReference, keeping: Keeping) -> Turn | None:
    """What an order's word turns; None for the usual, a claim on the present shipment. ``shipment`` stays as it is.

    The first order of a shipment that ended without one is that shipment's, however late its word. A claim withdrawn
    puts an end to a shipment as one that stands does, so that it matters not which word of it came first.
    """
    past, reuse_after = shipment.past, keeping.reuse_after
    if past is None and shipment.status not in TERMINAL:
        return None
    claim = claim_of(reference.order_id, reference.delivery_id)
    if past is not None:
        is_of_the_past = reuse_after is None or reference.updated_at <= past.closed_at + reuse_after
        if is_among(past.claims, claim) or (is_of_the_past and reference.by and reference.withdrawn):
            return Turn(shipment, aside=KNOWN)
        own = copy(shipment)
        own.history = shipment.history.copy()
        if is_of_the_past:
            known = with_all(past.claims, [claim], CLAIM_BYTES)
            own.past = replace(past, claims=known, said_at=max(past.said_at, reference.updated_at))
            return Turn(own, aside=PAST)
        if not past.begun:
            return None if reference.withdrawn else Turn(own, alerts=begin(own))
    claims = claims_of(shipment)
    if not claims or claim in claims:
        return None
    return _next(shipment, reference.updated_at, keeping)


def divided(shipment: Shipment, keeping: Keeping) -> Turn | None:
    """After an event was put in between: the shipment that ended before another began, apart; None where it is one.

    An order goes with the time of its last word.
    """
    reuse_after = keeping.reuse_after
    if reuse_after is None or shipment.archived or is_tied(shipment) or not shipment.history:
        return None
    if shipment.last_at - decode_receipt(shipment.history[0]).at <= reuse_after:
        return None
    entries = [decode_entry(data) for data in shipment.history]
    until = _end_of_first(shipment, entries, reuse_after)
    if until is None:
        return None
    claims = list(zip(shipment.orders, shipment.link_times, strict=True))
    return _split(shipment, until, [one for one in claims if one[1] > until])


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
    if past is None or not past.begun or shipment.orders:
        return None
    entries = [decode_entry(data) for data in shipment.history]
    if any(map(is_beginning, entries)):
        return None
    said_at = max([past.said_at, last_said_at(shipment), *(entry.received_at for entry in entries)])
    held = Shipment(
        shipment.carrier, shipment.tracking_number, shipment.seen, shipment.history, updated_at=said_at,
        withdrawn=shipment.withdrawn, wholes=shipment.wholes, parts=shipment.parts, past=replace(past, begun=False),
        words=shipment.words,
    )
    return Turn(held, alerts=settle(copy(shipment), FOR_EVER) + alerts_between(shipment, shipment.open, []))


def is_beginning(entry: Entry) -> bool:
    """Whether the event is said only of a shipment that begins, by its carrier and with its number."""
    return entry.actual and not entry.retracts and not entry.found and entry.milestone in BEGINNINGS


def _next(shipment: Shipment, at: int, keeping: Keeping) -> Turn | None:
    """Another shipment begins where this one had ended long before ``at``; else None. Its orders stay with it."""
    if keeping.reuse_after is None or shipment.status not in TERMINAL or shipment.status_at is None:
        return None
    if is_tied(shipment):
        return None
    until = shipment.status_at + keeping.reuse_after
    return _split(shipment, until, []) if at > until else None


def _split(shipment: Shipment, until: int, claims: list[tuple[OrderLink, int]]) -> Turn:
    """What happened up to ``until`` as the shipment that ended, the rest, with these claims, as one that begins; what
    was said later of claims that do not stand goes with that too."""
    place = sum(decode_receipt(data).at <= until for data in shipment.history)
    standing = {(one.order_id, one.delivery_id) for one in shipment.orders}
    later = {one.claim for one in shipment.words if one.at > until and one.claim not in standing}
    given = later.union((one.order_id, one.delivery_id) for one, _ in claims)
    all_claims = zip(shipment.orders, shipment.link_times, strict=True)
    kept = [(one, at) for one, at in all_claims if (one.order_id, one.delivery_id) not in given]
    old = _part(shipment, slice(0, place), kept, [one for one in shipment.words if one.claim not in given])
    new = _part(shipment, slice(place, None), claims, [one for one in shipment.words if one.claim in given])
    old.withdrawn = tuple(one for one in shipment.withdrawn if one.at <= until)
    refold(old)
    stone, _ = buried(old)
    alerts = settle(copy(shipment), FOR_EVER) + alerts_between(shipment, shipment.open, [])
    new.past, new.raised = stone.past, ()
    new.withdrawn = tuple(one for one in shipment.withdrawn if one.at > until)
    alerts += begin(new)
    recount(old)
    return Turn(new, old, shipment, alerts)


def _end_of_first(shipment: Shipment, entries: Sequence[Entry], reuse_after: int) -> int | None:
    """Until when, in event time, the history is of a shipment that had ended before another began."""
    told = Shipment(shipment.carrier, shipment.tracking_number, voided=shipment.voided)
    not_of_it = strangers(shipment, entries)
    for place, entry in enumerate(entries):
        if told.status in TERMINAL and told.status_at is not None and is_beginning(entry):
            until = told.status_at + reuse_after
            if entry.at > until:
                return until
        if place not in not_of_it:
            fold(told, place, entry, voided=is_voided(shipment, place, entry))
    return None


def _part(
    shipment: Shipment, which: slice, claims: list[tuple[OrderLink, int]], words: list[ClaimWord]
) -> Shipment:
    """The shipment with some of its history and orders alone."""
    part = copy(shipment)
    part.history = shipment.history[which]
    start, stop, _ = which.indices(len(shipment.history))
    part.seen = shipment.seen[start * ID_BYTES : stop * ID_BYTES]
    part.orders, part.link_times = [one for one, _ in claims], [at for _, at in claims]
    part.words = tuple(words)
    part.last_at, part.last_rank = 0, -2
    refold(part)
    return part
