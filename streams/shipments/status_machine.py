"""The status machine: folds a shipment's history, in event-time order, into where it stands.

``fold`` takes one event at the end of the history, ``refold`` starts again from its beginning; both use
the same step, so what comes out depends on the set of events alone.

- Only actual events whose milestone has a status move it; a voided event counts for nothing.
- A terminal status is left only by a later return (or when a correction voids what set it).
- On the return leg, the way back's scans leave the status ``returning``.
- An exception is open from the event that reports it until a later good milestone of the kind that puts
  it right; damage and shortage stay open until the goods arrive sound. A terminal status closes what no
  longer matters, and after it only claims open.
- Of several pieces, each stands somewhere of its own; the shipment has ended, or is on its way back, once all pieces
  that are known by then are.
- An event that was found not to be the shipment's (``Entry.disowns``), and what says so, stay in the history and count
  for nothing, as if the shipment had never been taken for theirs; one a carrier takes back was heard all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from streams.contracts.estimate import Estimate, with_earlier
from streams.contracts.link_paths import steps_of
from streams.kernel.vocabulary import RANK, STATUS_OF, TERMINAL, ExceptionType, LinkKind, Milestone, Status
from streams.shipments.claims.standing import last_said_at
from streams.shipments.facts import FACT_BITS
from streams.shipments.record import (
    ID_BYTES,
    RANK_OF,
    Entry,
    OpenException,
    Piece,
    Shipment,
    decode_entry,
    place_of,
    rank_of,
)

_NONE = ExceptionType.NONE
_RETURN_LEG = frozenset({Status.RETURNING, Status.RETURNED})
_DONE = TERMINAL | {Status.RETURNING}
_ALL = frozenset(ExceptionType)
_CLAIMS = frozenset(
    {ExceptionType.DAMAGE, ExceptionType.LOSS, ExceptionType.SHORTAGE, ExceptionType.REFUSAL}
)
_MATERIAL = frozenset({ExceptionType.DAMAGE, ExceptionType.SHORTAGE})
_STANDS_STILL = frozenset({
    ExceptionType.CUSTOMS, ExceptionType.DOCUMENTS, ExceptionType.PAYMENT, ExceptionType.HOLD,
    ExceptionType.ADDRESS, ExceptionType.CONSIGNEE, ExceptionType.REFUSAL,
})  # fmt: skip
_CLOSES: dict[Milestone, frozenset[ExceptionType]] = {
    **dict.fromkeys((Milestone.DELIVERED, Milestone.RETURNED), _ALL),
    **dict.fromkeys((Milestone.BOOKING_CANCELLED, Milestone.BOOKING_REJECTED), _ALL - _CLAIMS),
    **dict.fromkeys((Milestone.LOST, Milestone.DESTROYED), _ALL - _CLAIMS),
    Milestone.RETURNING: _ALL - _MATERIAL - {ExceptionType.REFUSAL},
    **dict.fromkeys(
        (Milestone.PICKED_UP, Milestone.LOADED, Milestone.DEPARTED_PICKUP, Milestone.DEPARTED_FACILITY,
         Milestone.IN_TRANSIT, Milestone.HANDED_OVER, Milestone.CUSTOMS_RELEASED,
         Milestone.OUT_FOR_DELIVERY, Milestone.ARRIVED_DELIVERY, Milestone.AT_DELIVERY_DOCK,
         Milestone.AVAILABLE_FOR_PICKUP),
        _ALL - _MATERIAL,
    ),
    **dict.fromkeys(
        (Milestone.ARRIVED_FACILITY, Milestone.RECEIVED_FROM_CARRIER), _ALL - _MATERIAL - _STANDS_STILL
    ),
}  # fmt: skip
"""The exceptions a good milestone puts right; a milestone not named puts right none."""

_IMPLIES = {Milestone.LOST: ExceptionType.LOSS, Milestone.DESTROYED: ExceptionType.LOSS}


def fold(shipment: Shipment, place: int, entry: Entry, *, voided: bool) -> None:
    """Count in the latest event of the history, which stands at ``place``. Changes ``shipment``."""
    _pass(shipment, entry)
    received_at = entry.received_at
    if received_at > shipment.updated_at:
        shipment.updated_at = received_at
    if shipment.heard_at is None or received_at > shipment.heard_at:
        shipment.heard_at = received_at
    if shipment.first_heard_at is None or received_at < shipment.first_heard_at:
        shipment.first_heard_at = received_at
    if entry.retracts or voided:
        return
    if entry.actual:
        bits = FACT_BITS.get((entry.milestone, entry.exception), 0)
        if entry.piece:
            _set_piece(shipment, _with_facts(_piece(shipment, entry.piece), bits))
        else:
            shipment.facts |= bits
    if entry.estimated_delivery_at is not None:
        _estimate(shipment, entry, entry.estimated_delivery_at)
    proof = None if entry.story is None else entry.story.proof_of_delivery
    if proof is not None:
        shipment.proved = True
    if proof is not None and proof.signed_by is not None:
        shipment.signed_by = proof.signed_by
    moved = False
    if entry.actual:
        shipment.last_milestone = entry.milestone
        shipment.last_event_at = entry.at
        moved = _move(shipment, place, entry)
    if shipment.open or entry.exception is not _NONE or entry.milestone in _IMPLIES:
        _follow_exceptions(shipment, entry, moved=moved)


def _pass(shipment: Shipment, entry: Entry) -> None:
    """Remember the event as the last of the history."""
    shipment.last_at = entry.at
    shipment.last_rank = RANK_OF[entry.milestone] if entry.actual else -1


def _estimate(shipment: Shipment, entry: Entry, estimate: int) -> None:
    """The estimate stated last counts; the first, how often it changed and those given up are kept beside it."""
    current = shipment.estimated_delivery_at
    if shipment.first_estimate is None or current is None:
        shipment.first_estimate = estimate
    elif estimate != current:
        shipment.estimate_changes += 1
        shipment.earlier = with_earlier(
            shipment.earlier, Estimate(current, shipment.estimate_at or 0, shipment.estimate_by)
        )
    shipment.estimated_delivery_at = estimate
    shipment.estimate_at, shipment.estimate_by = entry.at, entry.told_by


def _move(shipment: Shipment, place: int, entry: Entry) -> bool:
    told = STATUS_OF[entry.milestone]
    if told is None:
        return False
    target, held = told, False
    if entry.piece:
        _move_piece(shipment, entry, told)
        target, held = _of_all(shipment, told)
    current = shipment.status
    if current in TERMINAL and (not {told, target} <= _RETURN_LEG or current is Status.RETURNED):
        return False
    shipment.leader = place
    if held:
        return False
    if _leads(current, target):
        shipment.status = target
        shipment.status_at = entry.at
        if target is Status.DELIVERED:
            shipment.delivered_at = entry.at
    return True


def _leads(current: Status, target: Status) -> bool:
    on_the_way_back = current is Status.RETURNING and RANK[target] <= RANK[Status.IN_TRANSIT]
    return target is not current and not on_the_way_back


def _piece(shipment: Shipment, name: str) -> Piece:
    return next((one for one in shipment.pieces if one.name == name), Piece(name))


def _with_facts(piece: Piece, bits: int) -> Piece:
    return piece if piece.facts | bits == piece.facts else replace(piece, facts=piece.facts | bits)


def _set_piece(shipment: Shipment, piece: Piece) -> None:
    others = [one for one in shipment.pieces if one.name != piece.name]
    shipment.pieces = tuple(sorted([piece, *others], key=lambda one: one.name))


def _move_piece(shipment: Shipment, entry: Entry, target: Status) -> None:
    piece = _piece(shipment, entry.piece)
    ended = piece.status in TERMINAL and (target not in _RETURN_LEG or piece.status is Status.RETURNED)
    if not ended and _leads(piece.status, target):
        _set_piece(shipment, replace(piece, status=target, status_at=entry.at))


def _of_all(shipment: Shipment, target: Status) -> tuple[Status, bool]:
    """What a piece's new status means for the shipment, and whether it has to wait for other pieces."""
    if target not in _DONE:
        return target, False
    statuses = {one.status for one in shipment.pieces}
    if not statuses <= _DONE:
        return target, True
    first = next((one for one in (Status.DELIVERED, Status.RETURNING) if one in statuses), target)
    return first, False


def facts_of(shipment: Shipment, piece: str) -> int:
    """The bits of the facts known of a piece, or without one of the shipment as a whole."""
    return _piece(shipment, piece).facts if piece else shipment.facts


def _follow_exceptions(shipment: Shipment, entry: Entry, *, moved: bool) -> None:
    exception = entry.exception
    if exception is _NONE and entry.actual:
        exception = _IMPLIES.get(entry.milestone, _NONE)
    ended = shipment.status in TERMINAL
    opens = exception is not _NONE and (not ended or exception in _CLAIMS)
    still = shipment.open
    if moved and (exception is _NONE or ended):
        closed = _CLOSES.get(entry.milestone, frozenset())
        still = [one for one in still if one.type not in closed or (opens and one.type is exception)]
    if opens:
        still = _opened(still, exception, entry)
    if still != shipment.open:
        shipment.open = still


def _opened(still: list[OpenException], exception: ExceptionType, entry: Entry) -> list[OpenException]:
    for place, one in enumerate(still):
        if one.type is exception:
            if one.reason is entry.reason:
                return still
            renewed = OpenException(exception, one.since, entry.reason, entry.at)
            return [*still[:place], renewed, *still[place + 1 :]]
    return [*still, OpenException(exception, entry.at, entry.reason, entry.at)]


def refold(shipment: Shipment) -> None:
    """Fold the whole history again, after an event came in between or a correction voided one."""
    entries = [decode_entry(data) for data in shipment.history]
    not_of_it = strangers(shipment, entries)
    own = {place: entry for place, entry in enumerate(entries) if place not in not_of_it}
    voided = {entry.corrects for entry in entries if entry.disowns}
    voided.update(entry.corrects for entry in own.values() if entry.corrects)
    voided.update(origin_at(shipment, place, own[place]) for place in _replaced(own))
    shipment.voided, shipment.strangers = b"".join(sorted(voided)), len(not_of_it)
    shipment.status = Status.UNKNOWN
    shipment.status_at = shipment.last_event_at = shipment.estimated_delivery_at = None
    shipment.first_estimate = shipment.estimate_at = None
    shipment.estimate_by, shipment.estimate_changes, shipment.earlier = "", 0, ()
    shipment.first_heard_at = shipment.heard_at = None
    shipment.proved = False
    shipment.last_milestone = Milestone.UNKNOWN
    shipment.delivered_at = shipment.signed_by = None
    shipment.open = []
    shipment.leader = -1
    shipment.facts = 0
    shipment.pieces = tuple(Piece(part.key) for part in shipment.parts if part.kind is LinkKind.PIECE)
    shipment.updated_at = last_said_at(shipment)
    for place, entry in enumerate(entries):
        if place in own:
            fold(shipment, place, entry, voided=is_voided(shipment, place, entry))
        else:
            _pass(shipment, entry)


def strangers(shipment: Shipment, entries: Sequence[Entry]) -> set[int]:
    """Places of the events found not to be the shipment's, and of what says so; ``entries``: its history."""
    disowned = {entry.corrects for entry in entries if entry.disowns}
    if not disowned:
        return set()
    return {
        place for place, entry in enumerate(entries)
        if entry.disowns or origin_at(shipment, place, entry) in disowned
    }


def _replaced(entries: Mapping[int, Entry]) -> list[int]:
    """Places of the events whose carrier sent them again, under the same number, later, with other facts."""
    newest: dict[tuple[int, str], int] = {}
    owners = {
        place: (entry.own, steps_of(entry.paths[0])[0] if entry.paths else "")
        for place, entry in entries.items() if entry.own
    }
    for place, owner in owners.items():
        newest[owner] = max(entries[place].received_at, newest.get(owner, 0))
    return [place for place, owner in owners.items() if entries[place].received_at < newest[owner]]


def insert(shipment: Shipment, event_id: bytes, entry: Entry, data: bytes) -> int:
    """Put an event at its place in the history and fold again; the place. ``data``: encoded ``entry``."""
    place = put(shipment, event_id, entry, data)
    refold(shipment)
    return place


def put(shipment: Shipment, event_id: bytes, entry: Entry, data: bytes) -> int:
    """Put an event at its place in the history, and no more; the place. ``data``: encoded ``entry``."""
    place = _place_for(shipment, (entry.at, rank_of(entry), event_id))
    shipment.history.insert(place, data)
    cut = place * ID_BYTES
    shipment.seen = shipment.seen[:cut] + event_id + shipment.seen[cut:]
    return place


def remove(shipment: Shipment, place: int) -> None:
    """Take the event at ``place`` out of the history; the caller inserts its better version."""
    del shipment.history[place]
    cut = place * ID_BYTES
    shipment.seen = shipment.seen[:cut] + shipment.seen[cut + ID_BYTES :]


def _place_for(shipment: Shipment, key: tuple[int, int, bytes]) -> int:
    """Where an event with this sort key belongs (event time, rank, id)."""
    low, high = 0, len(shipment.history)
    while low < high:
        middle = (low + high) // 2
        other = decode_entry(shipment.history[middle])
        if (other.at, rank_of(other), id_at(shipment, middle)) < key:
            low = middle + 1
        else:
            high = middle
    return low


def id_at(shipment: Shipment, place: int) -> bytes:
    """The id of the event at ``place``."""
    return shipment.seen[place * ID_BYTES : (place + 1) * ID_BYTES]


def origin_at(shipment: Shipment, place: int, entry: Entry) -> bytes:
    """The id ``entry``, the one at ``place``, was told under; that of the raw message, however it is seen here."""
    return entry.origin or id_at(shipment, place)


def is_voided(shipment: Shipment, place: int, entry: Entry) -> bool:
    """True where a correction took the event, ``entry`` at ``place``, out."""
    return bool(shipment.voided) and place_of(shipment.voided, origin_at(shipment, place, entry)) >= 0
