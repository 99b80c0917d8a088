"""Assigns each fact to a shipment where a carrier used the number again before the first shipment was archived.

A function of the facts, whatever came first:

- Where a shipment had ended, a beginning more than ``reuse_after`` later begins another. Events up to then are of the
  first, the later ones of the other, and so are the claims that were first stated later.
- The carrier's own ids of shipments divide the facts first, whenever they were.
- Without a beginning a claim as late begins another where an earlier order claims the first; where none does, it is the
  first one's, however late.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from streams.contracts.claim_order import ClaimVersion
from streams.kernel.vocabulary import STATUS_OF, TERMINAL, Milestone, Status
from streams.shipments.claims.standing import first_claimed_at, last_claimed_at
from streams.shipments.facts import ID_BYTES, Entry, Facts, decode_entry, entries_of, is_tied, sort_key, strangers
from streams.shipments.record import View

BEGINNINGS = frozenset({
    *(one for one, status in STATUS_OF.items() if status in (Status.BOOKED, Status.INFO_RECEIVED, Status.PICKED_UP)),
    Milestone.DEPARTED_PICKUP,
})
"""Milestones that carriers report only of a shipment that begins."""
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
    if entry.own_shipment and view.own_shipment and entry.own_shipment != view.own_shipment:
        return True
    if reuse_after is None:
        return False
    first = min(decode_entry(facts.history[0]).at, entry.at) if facts.history else entry.at
    return max(view.updated_at, view.last_at, entry.at) - first > reuse_after and not is_tied(facts)


def united(ended: Sequence[Facts], facts: Facts) -> Facts:
    """All facts under the number, as if they were of one shipment."""
    if not ended:
        return facts
    every = [*ended, facts]
    pairs = [
        (one.seen[place * ID_BYTES : (place + 1) * ID_BYTES], data)
        for one in every for place, data in enumerate(one.history)
    ]
    # Shipments that the carrier's own ids tell apart may overlap in time.
    pairs.sort(key=lambda pair: sort_key(pair[0], decode_entry(pair[1])))
    return replace(
        facts, history=[data for _, data in pairs], seen=b"".join(event_id for event_id, _ in pairs),
        claims=tuple(sorted(
            (version for one in every for version in one.claims), key=lambda version: (version.claim, version.by)
        )),
        stub=ended[0].stub,
    )  # fmt: skip


def split(facts: Facts, reuse_after: int | None, fold: Fold) -> list[Facts]:
    """The facts of each shipment under the number, the one that goes on last."""
    parts = _by_own_shipment(facts, fold)
    if len(parts) > 1:
        return [each for one in parts for each in split(one, reuse_after, fold)]
    until = _until(facts, reuse_after, fold)
    if until is None:
        return [facts]
    before, after = _cut(facts, until)
    return [before, *split(after, reuse_after, fold)]


def _by_own_shipment(facts: Facts, fold: Fold) -> list[Facts]:
    """The facts of each shipment that the carrier tells apart by ids of its own, in the order in which they began.

    Facts with corrections stay together: what corrects another shipment's event would be lost. An event without such an
    id is of the shipment begun last before it; one found not to be of this number divides nothing and stays with the
    last. An order is of the first shipment that had not ended when the order was written.
    """
    entries = entries_of(facts)
    not_of_it = strangers(facts, entries)
    began: dict[int, int] = {}
    for place, entry in enumerate(entries):
        if entry.own_shipment and place not in not_of_it:
            began.setdefault(entry.own_shipment, entry.at)
    if len(began) < 2 or is_tied(facts):
        return [facts]
    if any((one.corrects or one.own) and place not in not_of_it for place, one in enumerate(entries)):
        return [facts]
    order = list(began)
    histories: dict[int, list[int]] = {own: [] for own in order}
    current = order[0]
    for place, entry in enumerate(entries):
        if place in not_of_it:
            histories[order[-1]].append(place)
            continue
        if entry.own_shipment and began[entry.own_shipment] >= began[current]:
            current = entry.own_shipment
        histories[entry.own_shipment or current].append(place)
    parts = [
        replace(
            facts, history=[facts.history[place] for place in histories[own]],
            seen=b"".join(facts.seen[place * ID_BYTES : (place + 1) * ID_BYTES] for place in histories[own]),
            claims=(), stub=facts.stub if own == order[0] else None,
            parents=facts.parents if own == order[-1] else (),
            withdrawn_routes=facts.withdrawn_routes if own == order[-1] else (),
        )
        for own in order
    ]
    ends = [_ended_at(fold(one, None)) for one in parts[:-1]]
    first = first_claimed_at(facts.claims)
    claims: list[list[ClaimVersion]] = [[] for _ in parts]
    for version in facts.claims:
        at = first.get(version.claim, version.at)
        claims[next((i for i, end in enumerate(ends) if end is None or at <= end), len(parts) - 1)].append(version)
    return [replace(one, claims=tuple(own)) for one, own in zip(parts, claims, strict=True)]


def _until(facts: Facts, reuse_after: int | None, fold: Fold) -> int | None:
    """Returns until when facts are of a shipment that ended before another began; None where all are of one."""
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
