"""Decides when a shipment's record is archived, and makes the stub that is kept in its place.

A shipment that has ended and of which nothing more comes is archived; its stub knows when the shipments under the
number ended, whose they were and which events belonged to them. After a time the stub is forgotten too.

What is no later than the end of the archived shipment plus ``reuse_after`` is about that one, and only the stub grows.
What is later belongs to the next shipment of the number, which begins with its first beginning or standing claim
(``split.py``); until then it is held.
"""

from __future__ import annotations

from copy import copy

from msgspec import Struct
from msgspec.structs import replace

from streams.contracts.ids import digest
from streams.contracts.model import AlertSignal, OrderReference
from streams.kernel.vocabulary import TERMINAL
from streams.shipments.claims.standing import governing, last_claimed_at
from streams.shipments.diff import alerts_between
from streams.shipments.facts import ID_BYTES, ArchiveStub, Entry, Facts, entries_of, is_tied
from streams.shipments.record import Shipment, View
from streams.shipments.timers.deadlines import FOR_EVER, Patience, next_due, settle
from streams.shipments.told import ORDERED_LATE_MS, alerts_of

CLAIM_BYTES, EVENT_BYTES = 8, 4
MOST_KEPT = 5_000
"""Claims and events a stub remembers; repeats of those beyond are not recognised."""


class Keeping(Struct, frozen=True):
    """How long shipments are kept, in ms; None: for ever, and no number is used again.

    ``archive_after``: since the last input of a shipment that has ended; ``unsettled_after``: where an alert of it is
    still open, or no order has claimed it. ``forget_after``: since the last input of one that is archived.
    ``reuse_after``: from its end, in event time; what is later is of another shipment. ``ordered_late``: from a
    delivery to the order that is still the order of it; None: however long.
    """

    archive_after: int | None = None
    unsettled_after: int | None = None
    forget_after: int | None = None
    reuse_after: int | None = None
    ordered_late: int | None = ORDERED_LATE_MS


ALL = Keeping()


def due_at(shipment: Shipment, keeping: Keeping, patience: Patience) -> int | None:
    """Returns when it is to be archived or, where it is, forgotten, UTC ms; None where an input must come before."""
    if shipment.view.archived:
        wait = keeping.forget_after
    elif shipment.view.status not in TERMINAL or is_tied(shipment.facts):
        return None
    else:
        wait = keeping.archive_after if _is_settled(shipment, patience) else keeping.unsettled_after
    return None if wait is None else shipment.view.updated_at + wait


def _is_settled(shipment: Shipment, patience: Patience) -> bool:
    """Whether nothing is open, nothing will fall due, and nothing waits for an order."""
    view = shipment.view
    if view.open or shipment.raised or not (view.standing or view.given_up):
        return False
    return next_due(shipment, patience) is None


def archived(shipment: Shipment, keeping: Keeping = ALL) -> tuple[Shipment, list[AlertSignal]]:
    """The stub of a shipment that has ended, as a record of its own, and its alerts, resolved."""
    facts = shipment.facts
    every = [*shipment.ended, facts]
    stub = next((one.stub for one in every if one.stub is not None), None)
    events = [one.seen[at : at + EVENT_BYTES] for one in every for at in range(0, len(one.seen), ID_BYTES)]
    claims = [claim_digest(*version.claim) for one in every for _, version in governing(one.claims)]
    view = shipment.view
    kept = ArchiveStub(
        view.generation, view.updated_at if view.status_at is None else view.status_at, view.status,
        with_all(b"" if stub is None else stub.claims, claims, CLAIM_BYTES),
        with_all(b"" if stub is None else stub.events, events, EVENT_BYTES), _received_at(facts),
    )
    left = Shipment(
        Facts(facts.carrier, facts.tracking_number, stub=kept),
        View(kept.generations, archived=True, updated_at=kept.received_at),
    )
    alerts = alerts_of(shipment, keeping.ordered_late)
    return left, [*settle(copy(shipment), FOR_EVER), *alerts_between(alerts, {}, shipment)]


def _received_at(facts: Facts) -> int:
    """Receipt of the last input about it by its number; what references found may turn out to be another's."""
    received = [one.received_at for one in entries_of(facts) if not one.found]
    return max([last_claimed_at(facts.claims), *received])


def last_input_at(facts: Facts) -> int:
    """Receipt of the last input of a number whose shipment is archived, what is held among them."""
    held = (one.received_at for one in entries_of(facts))
    return max([0 if facts.stub is None else facts.stub.received_at, last_claimed_at(facts.claims), *held])


def stub_with_event(
    stub: ArchiveStub, event_id: bytes, entry: Entry, keeping: Keeping
) -> tuple[bool, ArchiveStub | None]:
    """Whether a new event is about the archived shipments, and the stub with it; None: it is known to be."""
    known = event_id[:EVENT_BYTES]
    if is_among(stub.events, known):
        return True, None
    if keeping.reuse_after is not None and entry.at > stub.closed_at + keeping.reuse_after:
        return False, stub
    received_at = stub.received_at if entry.found else max(stub.received_at, entry.received_at)
    return True, replace(stub, events=with_all(stub.events, [known], EVENT_BYTES), received_at=received_at)


def stub_with_claim(
    stub: ArchiveStub, reference: OrderReference, keeping: Keeping
) -> tuple[bool, ArchiveStub | None]:
    """Whether a claim is about the archived shipments, and the stub with it; None: it is known to be."""
    claim = claim_digest(reference.order_id, reference.delivery_id)
    is_past = keeping.reuse_after is None or reference.updated_at <= stub.closed_at + keeping.reuse_after
    if is_among(stub.claims, claim) or (is_past and reference.by and reference.withdrawn):
        return True, None
    if not is_past:
        return False, stub
    received_at = max(stub.received_at, reference.updated_at)
    return True, replace(stub, claims=with_all(stub.claims, [claim], CLAIM_BYTES), received_at=received_at)


def claim_digest(order_id: str, delivery_id: str) -> bytes:
    """The part of a claim that a stub keeps."""
    return bytes.fromhex(digest(order_id, delivery_id))[:CLAIM_BYTES]


def with_all(kept: bytes, more: list[bytes], size: int) -> bytes:
    """The pieces side by side with some more, each once, ascending, as many as are kept."""
    pieces = {kept[at : at + size] for at in range(0, len(kept), size)}
    if len(pieces) >= MOST_KEPT or pieces.issuperset(more):
        return kept
    return b"".join(sorted(pieces.union(more))[:MOST_KEPT])


def is_among(kept: bytes, piece: bytes) -> bool:
    """Whether the piece is one of those side by side."""
    size = len(piece)
    return any(kept[at : at + size] == piece for at in range(0, len(kept), size))
