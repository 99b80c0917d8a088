"""Which shipment of a number each word is about, where a carrier used the number again before the first was archived.

A function of the set of what was said, whatever came first:

- Where a shipment had ended, a beginning more than ``reuse_after`` later begins another. Events up to then are of the
  first, the later ones of the other, and so are the claims whose first word is later.
- Without a beginning a claim as late begins another where an earlier order claims the first; where none does, it is the
  first one's, however late.

The record of the one that ended stays in that of the next (``Shipment.former``) until that is archived, so that a word
about it, which comes late, is taken in, and may join them again.
"""

from __future__ import annotations

from copy import copy

from msgspec.structs import replace

from streams.contracts.model import OrderReference
from streams.kernel.vocabulary import STATUS_OF, TERMINAL, Milestone, Status
from streams.shipments.claims.standing import age_of_claim, first_said, last_said_at
from streams.shipments.notifications.numbering import recount
from streams.shipments.record import ID_BYTES, Entry, Shipment, decode, decode_entry, decode_receipt, encode
from streams.shipments.reuse.archive import Keeping, buried, is_tied
from streams.shipments.status_machine import fold, is_voided, refold, strangers

BEGINNINGS = frozenset({
    *(one for one, status in STATUS_OF.items() if status in (Status.BOOKED, Status.INFO_RECEIVED, Status.PICKED_UP)),
    Milestone.DEPARTED_PICKUP,
})
"""What is said of a shipment only when it begins."""
_MAY_END = TERMINAL | {Status.RETURNING}
"""Statuses of an event after which the shipment may have ended: of several pieces the last may be on its way back."""


def is_beginning(entry: Entry) -> bool:
    """Whether the event is said only of a shipment that begins, by its carrier and with its number."""
    return entry.actual and not entry.retracts and not entry.found and entry.milestone in BEGINNINGS


def may_divide_by_event(shipment: Shipment, entry: Entry, keeping: Keeping) -> bool:
    """Whether with this event the record may be that of other shipments than before; most never are."""
    reuse_after, history = keeping.reuse_after, shipment.history
    if reuse_after is None or is_tied(shipment):
        return False
    if shipment.former or (shipment.archived and history and is_beginning(entry)):
        return True
    if shipment.archived:
        return False
    if entry.at <= shipment.last_at or entry.corrects or entry.own:
        first = min(entry.at, decode_receipt(history[0]).at) if history else entry.at
        return max(entry.at, shipment.last_at, last_said_at(shipment)) - first > reuse_after
    if is_beginning(entry) and shipment.status in TERMINAL and shipment.status_at is not None:
        return entry.at > shipment.status_at + reuse_after
    may_end = entry.actual and STATUS_OF[entry.milestone] in _MAY_END
    return may_end and last_said_at(shipment) > entry.at + reuse_after


def may_divide_by_claim(shipment: Shipment, reference: OrderReference, keeping: Keeping) -> bool:
    """Whether with an order's word the record may be that of other shipments than before."""
    reuse_after, ended_at = keeping.reuse_after, shipment.status_at
    if reuse_after is None or is_tied(shipment):
        return False
    if shipment.former or (shipment.archived and shipment.history):
        return True
    said_at, past = reference.updated_at, shipment.past
    if past is not None and said_at <= past.closed_at + reuse_after:
        return age_of_claim((reference.order_id, reference.delivery_id), shipment) is not None
    if ended_at is None or shipment.status not in TERMINAL:
        return False
    return max(said_at, last_said_at(shipment)) > ended_at + reuse_after


def lives_in(shipment: Shipment) -> list[Shipment]:
    """The shipments the record is of, the one that goes on last, each by itself."""
    lives = [shipment]
    while lives[0].former:
        lives[:1] = [decode(lives[0].former), _alone(lives[0])]
    return lives


def united(lives: list[Shipment]) -> Shipment:
    """All that was said of them in one record, as if it were of one shipment."""
    whole = _alone(lives[0])
    whole.history, whole.seen = [one for life in lives for one in life.history], b"".join(one.seen for one in lives)
    claims = [
        (link, at) for life in lives for link, at in zip(life.orders, life.link_times, strict=True)
    ]
    claims.sort(key=lambda claim: (claim[0].order_id, claim[0].delivery_id))
    whole.orders, whole.link_times = [link for link, _ in claims], [at for _, at in claims]
    given_up = [one for life in lives for one in life.withdrawn]
    whole.withdrawn = tuple(sorted(given_up, key=lambda one: (one.order_id, one.delivery_id)))
    first = [one for life in lives for one in life.since]
    whole.since = tuple(sorted(first, key=lambda one: (one.order_id, one.delivery_id)))
    words = [one for life in lives for one in life.words]
    whole.words = tuple(sorted(words, key=lambda one: (one.claim, one.by)))
    whole.wholes, whole.parts, whole.ways = lives[-1].wholes, lives[-1].parts, lives[-1].ways
    whole.last_at, whole.last_rank = 0, -2
    return whole


def divided(whole: Shipment, keeping: Keeping) -> list[Shipment]:
    """The shipments that what was said is of, the one that goes on last, each by itself; over a grave, where none has
    begun, what is held. Changes ``whole``."""
    if whole.archived:
        return [whole]
    refold(whole)
    until = _until(whole, keeping)
    if until is None:
        recount(whole)
        return [whole]
    old, new = _cut(whole, until)
    old.wholes, old.ways, old.raised = (), (), ()
    refold(old)
    recount(old)
    stone, _ = buried(old)
    assert stone.past is not None
    new.past, new.raised, new.dwells_told = replace(stone.past, begun=True), (), False
    return [old, *divided(new, keeping)]


def kept_together(lives: list[Shipment]) -> Shipment:
    """One record of all of them: that of the one that goes on."""
    former = b""
    for one in lives:
        one.former = former
        former = encode(one)
    return lives[-1]


def _until(whole: Shipment, keeping: Keeping) -> int | None:
    """Until when what was said is of a shipment that ended before another began; None where it is all of one."""
    reuse_after = keeping.reuse_after
    if reuse_after is None or is_tied(whole):
        return None
    until = _before_a_beginning(whole, reuse_after)
    if until is not None or whole.status not in TERMINAL or whole.status_at is None:
        return until
    until, said = whole.status_at + reuse_after, first_said(whole)
    standing = {(one.order_id, one.delivery_id) for one in whole.orders}
    is_claimed = any(at <= until for at in said.values())
    return until if is_claimed and any(at > until for claim, at in said.items() if claim in standing) else None


def _before_a_beginning(whole: Shipment, reuse_after: int) -> int | None:
    told = Shipment(whole.carrier, whole.tracking_number, voided=whole.voided)
    entries = [decode_entry(data) for data in whole.history]
    not_of_it = strangers(whole, entries)
    for place, entry in enumerate(entries):
        if told.status in TERMINAL and told.status_at is not None and is_beginning(entry):
            until = told.status_at + reuse_after
            if entry.at > until:
                return until
        if place not in not_of_it:
            fold(told, place, entry, voided=is_voided(whole, place, entry))
    return None


def _cut(whole: Shipment, until: int) -> tuple[Shipment, Shipment]:
    """What was said up to then, and the rest; of claims their first words count."""
    said = first_said(whole)
    place = sum(decode_receipt(data).at <= until for data in whole.history)
    parts = copy(whole), copy(whole)
    for is_later, part in enumerate(parts):
        which = slice(place, None) if is_later else slice(0, place)
        part.history = whole.history[which]
        start, stop, _ = which.indices(len(whole.history))
        part.seen = whole.seen[start * ID_BYTES : stop * ID_BYTES]
        mine = {claim for claim, at in said.items() if (at > until) is bool(is_later)}
        claims = [
            (link, at) for link, at in zip(whole.orders, whole.link_times, strict=True)
            if (link.order_id, link.delivery_id) in mine
        ]
        part.orders, part.link_times = [link for link, _ in claims], [at for _, at in claims]
        part.withdrawn = tuple(one for one in whole.withdrawn if (one.order_id, one.delivery_id) in mine)
        part.since = tuple(one for one in whole.since if (one.order_id, one.delivery_id) in mine)
        part.words = tuple(
            one for one in whole.words
            if (one.claim in mine if one.claim in said else (one.at > until) is bool(is_later))
        )
        part.last_at, part.last_rank = 0, -2
    return parts


def _alone(shipment: Shipment) -> Shipment:
    own = copy(shipment)
    own.history, own.former = shipment.history.copy(), b""
    return own
