"""Which shipment of a number each fact is about, where a carrier used the number again before the first was archived.

A function of the facts, whatever came first:

- Where a shipment had ended, a beginning more than ``reuse_after`` later begins another. Events up to then are of the
  first, the later ones of the other, and so are the claims that were first stated later.
- Without a beginning a claim as late begins another where an earlier order claims the first; where none does, it is the
  first one's, however late.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from streams.kernel.vocabulary import STATUS_OF, TERMINAL, Milestone, Status
from streams.shipments.claims.standing import first_claimed_at, last_claimed_at
from streams.shipments.facts import ID_BYTES, Entry, Facts, decode_entry, is_tied
from streams.shipments.record import View

BEGINNINGS = frozenset({
    *(one for one, status in STATUS_OF.items() if status in (Status.BOOKED, Status.INFO_RECEIVED, Status.PICKED_UP)),
    Milestone.DEPARTED_PICKUP,
})
"""Milestones that carriers report only of a shipment that begins."""
_MAY_END = TERMINAL | {Status.RETURNING}
"""Statuses of an event after which the shipment may have ended: of several pieces the last may be on its way back."""
Fold = Callable[[Facts, int | None], View]
"""The view of facts as of one shipment; with a number of events, of no more than those."""


def is_beginning(entry: Entry) -> bool:
    """True for an event that begins a shipment: one that its carrier reported with its number."""
    return entry.actual and not entry.retracts and not entry.found and entry.milestone in BEGINNINGS


def has_begun(facts: Facts) -> bool:
    """Whether a shipment has begun under the number of an archived one: an order claims it or an event begins it."""
    return any(not one.withdrawn for one in facts.claims) or any(
        is_beginning(decode_entry(data)) for data in facts.history
    )


def may_split(facts: Facts, view: View, entry: Entry, reuse_after: int | None) -> bool:
    """Whether a new event may divide what is one shipment's so far: not while all lies close together; ``view``: before
    it."""
    if reuse_after is None or is_tied(facts):
        return False
    first = min(decode_entry(facts.history[0]).at, entry.at) if facts.history else entry.at
    return max(view.updated_at, view.last_at, entry.at) - first > reuse_after


def united(ended: Sequence[Facts], facts: Facts) -> Facts:
    """All facts under the number, as if they were of one shipment."""
    if not ended:
        return facts
    every = [*ended, facts]
    return replace(
        facts, history=[data for one in every for data in one.history], seen=b"".join(one.seen for one in every),
        claims=tuple(sorted(
            (version for one in every for version in one.claims), key=lambda version: (version.claim, version.by)
        )),
        stub=ended[0].stub,
    )  # fmt: skip


def split(facts: Facts, reuse_after: int | None, fold: Fold) -> list[Facts]:
    """The facts of each shipment under the number, the one that goes on last."""
    until = _until(facts, reuse_after, fold)
    if until is None:
        return [facts]
    before, after = _cut(facts, until)
    return [before, *split(after, reuse_after, fold)]


def _until(facts: Facts, reuse_after: int | None, fold: Fold) -> int | None:
    """Until when facts are of a shipment that ended before another began; None where all are of one."""
    if reuse_after is None or not facts.history or is_tied(facts):
        return None
    first, last = decode_entry(facts.history[0]), decode_entry(facts.history[-1])
    if max(last.at, last_claimed_at(facts.claims)) - first.at <= reuse_after:
        return None
    for place, data in enumerate(facts.history):
        entry = decode_entry(data)
        if is_beginning(entry) and entry.at - first.at > reuse_after:
            before = fold(facts, place)
            if _ended_at(before) is not None and entry.at > (_ended_at(before) or 0) + reuse_after:
                return (_ended_at(before) or 0) + reuse_after
    ended_at = _ended_at(fold(facts, None))
    if ended_at is None:
        return None
    until, claimed = ended_at + reuse_after, first_claimed_at(facts.claims)
    standing = {one.claim for one in facts.claims if not one.withdrawn}
    is_claimed = any(at <= until for at in claimed.values())
    return until if is_claimed and any(at > until for claim, at in claimed.items() if claim in standing) else None


def _ended_at(view: View) -> int | None:
    return view.status_at if view.status in TERMINAL else None


def _cut(facts: Facts, until: int) -> tuple[Facts, Facts]:
    """The facts up to then, and the rest; of claims the first statement counts."""
    place = sum(decode_entry(data).at <= until for data in facts.history)
    first = first_claimed_at(facts.claims)
    early = [one for one in facts.claims if first.get(one.claim, one.at) <= until]
    late = [one for one in facts.claims if first.get(one.claim, one.at) > until]
    before = replace(
        facts, history=facts.history[:place], seen=facts.seen[: place * ID_BYTES], claims=tuple(early), parents=(),
        withdrawn_routes=(),
    )
    after = replace(
        facts, history=facts.history[place:], seen=facts.seen[place * ID_BYTES :], claims=tuple(late), stub=None
    )
    return before, after
