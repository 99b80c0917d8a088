"""When a shipment's record is put away, and what is kept in its place.

A shipment that has ended and of which nothing more is heard is archived; a gravestone stays: a record without events
or orders that knows, of those it stands for, when they ended, whose they were and what was heard of them. After a time
it is forgotten too. All of it is a function of the record and the time.
"""

from __future__ import annotations

from copy import copy

from msgspec import Struct

from streams.contracts.ids import digest
from streams.contracts.model import AlertSignal
from streams.kernel.vocabulary import TERMINAL
from streams.shipments.claims.standing import last_said_at
from streams.shipments.notifications.outputs import alerts_between
from streams.shipments.record import ID_BYTES, Past, Shipment, decode_entry
from streams.shipments.timers.deadlines import FOR_EVER, Patience, next_due, settle

CLAIM_BYTES, HEARD_BYTES = 8, 4
MOST_KEPT = 5_000
"""Claims and events a gravestone remembers; those beyond, of no real shipment, are told again when they come again."""


class Keeping(Struct, frozen=True):
    """How long shipments are kept, in ms; None: for ever, and no number is used again.

    ``archive_after``: since the last word of a shipment that has ended; ``unsettled_after``: where an alert of it is
    still open, or no order has claimed it. ``forget_after``: since the last word of one that is archived.
    ``reuse_after``: from its end, in event time; what is later is of another shipment.
    """

    archive_after: int | None = None
    unsettled_after: int | None = None
    forget_after: int | None = None
    reuse_after: int | None = None


ALL = Keeping()


def due_at(shipment: Shipment, keeping: Keeping, patience: Patience) -> int | None:
    """When it is to be archived or, where it is, forgotten, UTC ms; None where a word must come before."""
    if shipment.archived:
        wait = keeping.forget_after
    elif shipment.status not in TERMINAL or is_tied(shipment):
        return None
    else:
        wait = keeping.archive_after if _is_settled(shipment, patience) else keeping.unsettled_after
    return None if wait is None else shipment.updated_at + wait


def buried(shipment: Shipment) -> tuple[Shipment, list[AlertSignal]]:
    """The gravestone of a shipment that has ended, and its alerts, resolved: nobody will hear of it again."""
    past = shipment.past
    heard = [shipment.seen[at : at + HEARD_BYTES] for at in range(0, len(shipment.seen), ID_BYTES)]
    closed_at = shipment.updated_at if shipment.status_at is None else shipment.status_at
    grave = Past(
        shipment.life, closed_at, shipment.status,
        with_all(b"" if past is None else past.claims, claims_of(shipment), CLAIM_BYTES),
        with_all(b"" if past is None else past.heard, heard, HEARD_BYTES), said_at=_said_at(shipment),
    )
    alerts = settle(copy(shipment), FOR_EVER) + alerts_between(shipment, shipment.open, [])
    stone = Shipment(shipment.carrier, shipment.tracking_number, updated_at=grave.said_at, past=grave)
    return stone, alerts


def _said_at(shipment: Shipment) -> int:
    """Receipt of the last word of it by its number; what references found may turn out to be another's."""
    entries = map(decode_entry, shipment.history)
    return max([last_said_at(shipment), *(one.received_at for one in entries if not one.found)])


def is_tied(shipment: Shipment) -> bool:
    """Whether other numbers belong to it, or it to them: their stories need its record."""
    return bool(shipment.parts) or any(not one.withdrawn for one in shipment.wholes)


def claims_of(shipment: Shipment) -> list[bytes]:
    """What is kept of the claims on a shipment, those given up among them."""
    claims = [claim_of(one.order_id, one.delivery_id) for one in shipment.orders]
    return claims + [claim_of(one.order_id, one.delivery_id) for one in shipment.withdrawn]


def claim_of(order_id: str, delivery_id: str) -> bytes:
    """What is kept of an order's claim."""
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


def _is_settled(shipment: Shipment, patience: Patience) -> bool:
    """Whether nothing is open, nothing will fall due, and nothing waits for an order."""
    if shipment.open or shipment.raised or not (shipment.orders or shipment.withdrawn):
        return False
    return next_due(shipment, patience) is None
