"""Decides what a reported delivery is: the recipient's, the return's end, or one that nobody may rely on yet.

``delivered`` is the costliest word: it is posted to the ERP and told to the customer. So, of the whole history:

- After the way back has begun, of the shipment or of that piece, a delivery is the return's end, whoever reports it.
- A *doubtful* delivery is one whose mapping says so, or one that another source contradicts: more than a day later it
  was still out for delivery, attempted, or waiting to be fetched; or one of which its own source says later that the
  recipient refused it. It counts for nothing until a proof of delivery, a delivery without doubt, or a person says that
  it is true.
- Where the carrier counts the pieces, neither the ERP nor the customer hears of one before all have ended.

A function of the events alone, so that it does not matter which came first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from streams.kernel.vocabulary import STATUS_OF, TERMINAL, ExceptionType, Milestone, Status
from streams.shipments.audiences import FACT_BITS
from streams.shipments.facts import Entry, reports_of
from streams.shipments.occurrences.matching import source_of
from streams.shipments.record import View

DOUBTFUL, ORDINARY, CONFIRMED = -1, 0, 1
"""How sure a delivery is by itself (``Entry.certainty``); a person confirmed it, where it is ``CONFIRMED``."""
CONTRADICTED_AFTER_MS = 24 * 3_600_000
"""How much later another source's event contradicts a delivery; clocks and zones of sources differ by less."""
_DONE = TERMINAL | {Status.RETURNING}
_WAY_BACK = frozenset({Milestone.RETURNING, Milestone.RETURNED})
_NOT_THERE = frozenset({Milestone.OUT_FOR_DELIVERY, Milestone.DELIVERY_ATTEMPTED, Milestone.AVAILABLE_FOR_PICKUP})
_DELIVERED = Milestone.DELIVERED
_BY_OTHERS = _WAY_BACK | _NOT_THERE | {_DELIVERED, Milestone.POD_RECEIVED}
_DELIVERED_BIT = max(bits for (milestone, _), bits in FACT_BITS.items() if milestone is _DELIVERED and bits < 16)
_RETURN_BITS = 32 | 64


def as_they_are(entries: Sequence[Entry], counts: Callable[[int, Entry], bool]) -> list[Entry]:
    """The history with each delivery as what it is: delivered, returned, or ``info`` while it is doubtful.

    ``counts``: whether the event at a place counts: it is this shipment's, and no correction took it out.
    """
    found = [
        place for place, entry in enumerate(entries)
        if entry.milestone is _DELIVERED and entry.actual and not entry.retracts
    ]
    meant = list(entries)
    if not found:
        return meant
    others = [
        (place, entry) for place, entry in enumerate(entries)
        if entry.actual and not entry.retracts and (entry.milestone in _BY_OTHERS or entry.certainty)
        and counts(place, entry)
    ]
    for place in found:
        entry = entries[place]
        if entry.certainty < CONFIRMED and any(
            at < place and other.milestone in _WAY_BACK and other.piece in ("", entry.piece) for at, other in others
        ):
            meant[place] = replace(entry, milestone=Milestone.RETURNED)
    sure = [entry for place, entry in others if meant[place].milestone is _DELIVERED and _is_sure(entry, others)]
    proved = any(_is_proof(entry) for _, entry in others)
    for place in found:
        if meant[place].milestone is _DELIVERED and not proved and not _is_sure(entries[place], others):
            told_by_another = any(entry.piece == entries[place].piece for entry in sure)
            if not told_by_another:
                meant[place] = replace(entries[place], milestone=Milestone.INFO)
    return meant


def held_back(entries: Sequence[Entry], meant: Sequence[Entry]) -> list[Entry]:
    """The deliveries that are doubtful: reported as such in ``entries``, and not so in ``meant``."""
    return [
        entry for entry, told in zip(entries, meant, strict=True)
        if entry.milestone is _DELIVERED and told.milestone is Milestone.INFO
    ]


def settle(view: View, delivered: Sequence[Entry]) -> None:
    """Date the delivery of the view as customers and the ERP are told of it: by the report received first.

    ``delivered``: the deliveries that count, those received first first. Changes ``view``.
    """
    view.confirmed = any(entry.certainty == CONFIRMED for entry in delivered)
    whole = next((entry for entry in delivered if not entry.piece), None)
    if whole is not None and view.delivered_at is not None and not view.pieces:
        view.delivered_at = whole.at


def waits_for_pieces(view: View, entry: Entry) -> bool:
    """Whether a piece's delivery waits for the others: the carrier counts more pieces than have ended so far."""
    if entry.milestone is not _DELIVERED or not entry.piece or not view.piece_count:
        return False
    return sum(one.status in _DONE or bool(one.known & _DELIVERED_BIT) for one in view.pieces) < view.piece_count


def touches_deliveries(view: View, entry: Entry) -> bool:
    """Whether a new event may change what earlier deliveries are, or is one that earlier events may change."""
    if entry.piece_count > view.piece_count and view.pieces:
        return True
    if not entry.actual:
        return False
    if entry.certainty or view.doubtful:
        return True
    if (entry.piece_count or view.piece_count) and STATUS_OF[entry.milestone] in _DONE:
        return True
    known = view.known
    for piece in view.pieces:
        known |= piece.known
    if entry.milestone is _DELIVERED:
        is_earlier = bool(known & _DELIVERED_BIT) and entry.received_at < (view.last_received_at or 0)
        return is_earlier or bool(known & _RETURN_BITS) or entry.at < view.last_at
    return bool(known & _DELIVERED_BIT) and entry.milestone in _WAY_BACK | _NOT_THERE


def _is_proof(entry: Entry) -> bool:
    if entry.milestone is Milestone.POD_RECEIVED or entry.certainty == CONFIRMED:
        return True
    proof = None if entry.story is None else entry.story.proof_of_delivery
    return entry.milestone is _DELIVERED and proof is not None and bool(proof.signed_by)


def _is_sure(entry: Entry, others: Sequence[tuple[int, Entry]]) -> bool:
    if entry.certainty == CONFIRMED or _is_proof(entry):
        return True
    return entry.certainty == ORDINARY and not any(_contradicts(entry, other) for _, other in others)


def _contradicts(entry: Entry, other: Entry) -> bool:
    if other.milestone not in _NOT_THERE or other.at <= entry.at:
        return False
    if entry.piece and other.piece and entry.piece != other.piece:
        return False
    told_by = set(map(source_of, reports_of(entry)))
    if not told_by.isdisjoint(map(source_of, reports_of(other))):
        return other.exception is ExceptionType.REFUSAL
    return bool(told_by) and other.at > entry.at + CONTRADICTED_AFTER_MS
