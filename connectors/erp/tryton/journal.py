"""Reads and writes what was posted to a shipment, as notes on it: one note for each posting, written last; and one for
each notice.

A note begins with a line that programs read, and goes on with words for people::

    shipsync 5f0c1e9a7b0d4c5a8e2f6b1d3c9a7e40 delivery_confirmation 1Z999AA10123456784
    Delivered 2026-11-04 09:11 UTC, taken by J. Roe.

A reversal names the posting it takes back as well: ``shipsync KEY KIND NUMBER reverses KEY``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from streams.contracts.postings import ErpPosting
from streams.kernel.vocabulary import ExceptionType, NoticeKind, PostingKind

MARK = "shipsync"
_WORDS = {
    PostingKind.GOODS_ISSUE: "Taken by the carrier",
    PostingKind.DELIVERY_ATTEMPT: "Delivery attempted in vain",
    PostingKind.DELIVERY_CONFIRMATION: "Delivered",
    PostingKind.PROOF_OF_DELIVERY: "Proof of delivery received",
    PostingKind.RETURN_STARTED: "On its way back",
    PostingKind.RETURN_RECEIPT: "Returned",
    PostingKind.LOSS: "Lost or destroyed",
    PostingKind.CANCELLATION: "Booking cancelled",
}


class Entry(Struct, frozen=True):
    """One posting. ``reverses``: the posting it takes back."""

    key: str
    kind: str
    number: str
    reverses: str | None = None


class Journal:
    """The postings of one shipment."""

    def __init__(self, notes: Iterable[str]) -> None:
        """``notes``: the texts of the shipment's notes, anybody's."""
        entries = (_entry(one) for one in notes)
        self._entries = {one.key: one for one in entries if one is not None}
        self._reversed = {one.reverses for one in self._entries.values() if one.reverses}

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def stands(self, key: str) -> bool:
        """Whether a posting is in effect and was not taken back."""
        return key in self._entries and key not in self._reversed

    def confirmed(self) -> set[str]:
        """The carriers' numbers whose delivery is confirmed."""
        return {
            one.number for one in self._entries.values()
            if one.kind == PostingKind.DELIVERY_CONFIRMATION and not one.reverses and self.stands(one.key)
        }

    def issued(self) -> set[str]:
        """The carriers' numbers that were taken by a carrier."""
        return {
            one.number for one in self._entries.values()
            if one.kind == PostingKind.GOODS_ISSUE and not one.reverses and self.stands(one.key)
        }

    def booked(self) -> set[str]:
        """The carriers' numbers that the shipment was booked under, now or before."""
        return {one.number for one in self._entries.values() if one.kind == NoticeKind.BOOKED}

    def was_taken_back(self, kind: PostingKind) -> bool:
        """Whether some posting of a kind was taken back."""
        return any(one.kind == kind and one.key in self._reversed for one in self._entries.values())


def plain(number: str) -> str:
    """A carrier's number without blanks, as notes bear it."""
    return "".join(number.split())


def when(at: int) -> str:
    """A time, UTC ms, for people."""
    return (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at)).strftime("%Y-%m-%d %H:%M UTC")


def note_of(posting: ErpPosting, done: str = "") -> str:
    """The note of a posting. ``done``: what else there is to say of it."""
    first = f"{MARK} {posting.posting_id} {posting.kind.value} {plain(posting.tracking_number)}"
    if posting.reverses is not None:
        first += f" reverses {posting.reverses}"
    words = f"{_WORDS[posting.kind]} {when(posting.occurred_at)}"
    if posting.reverses is not None:
        words = f"Taken back: {words}"
    proof = posting.proof_of_delivery
    if proof is not None and proof.signed_by:
        words += f", taken by {proof.signed_by}"
    if posting.pieces_delivered < posting.pieces_known:
        words += f", {posting.pieces_delivered} of {posting.pieces_known} pieces of the delivery"
    if posting.exception is not ExceptionType.NONE:
        words += f", with {posting.exception.value.replace('_', ' ')}"
    if posting.reason.value != "normal":
        words += f" ({posting.reason.value})"
    return "\n".join(filter(None, (first, f"{words}.", done)))


def _entry(note: str) -> Entry | None:
    match note.partition("\n")[0].split():
        case [mark, key, kind, number] if mark == MARK:
            return Entry(key, kind, number)
        case [mark, key, kind, number, "reverses", before] if mark == MARK:
            return Entry(key, kind, number, before)
    return None
