"""The status machine: folds a shipment's history, in event-time order, into its status.

``apply`` takes one event at the end of the history; ``project.py`` applies a whole history from its beginning. So the
result depends on the set of events alone.

- Only actual events whose milestone has a status move it; a voided event counts for nothing.
- A terminal status is left only by a later return (or when a correction voids what set it).
- On the return leg, the way back's scans leave the status ``returning``.
- An exception is open from the event that reports it until a later good milestone of the kind that resolves it; damage
  and shortage stay open until the goods arrive sound. A terminal status closes what no longer matters, and after it
  only claims open.
- Of several pieces, each has a status of its own; the shipment has ended, or is on its way back, once all pieces known
  by then, and as many as the carrier counts at any time, have or are.
- What a delivery is (the return's end, or doubtful) is decided before (``deliveries.py``).
"""

from __future__ import annotations

from msgspec.structs import replace

from streams.kernel.vocabulary import RANK, STATUS_OF, TERMINAL, ExceptionType, Milestone, Status
from streams.shipments.audiences import FACT_BITS
from streams.shipments.facts import RANK_OF, Entry
from streams.shipments.record import OpenException, Piece, View
from streams.shipments.statements import estimate

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
"""The exceptions a good milestone resolves; a milestone not named resolves none."""

_IMPLIES = {Milestone.LOST: ExceptionType.LOSS, Milestone.DESTROYED: ExceptionType.LOSS}


def apply(view: View, place: int, entry: Entry, *, voided: bool) -> None:
    """Take in the last event of the history, which lies at ``place``. Changes ``view``."""
    skip(view, entry)
    received_at = entry.received_at
    if received_at > view.updated_at:
        view.updated_at = received_at
    if view.last_received_at is None or received_at > view.last_received_at:
        view.last_received_at = received_at
    if view.first_received_at is None or received_at < view.first_received_at:
        view.first_received_at = received_at
    if entry.retracts or voided:
        return
    if entry.actual:
        bits = FACT_BITS.get((entry.milestone, entry.exception), 0)
        if entry.piece:
            _set_piece(view, _with_known(_piece(view, entry.piece), bits))
        else:
            view.known |= bits
    if entry.piece_count > view.piece_count:
        view.piece_count = entry.piece_count
    if entry.own_shipment:
        view.own_shipment = entry.own_shipment
    if entry.estimated_delivery_at is not None or entry.restated:
        estimate(view, entry)
    proof = None if entry.story is None else entry.story.proof_of_delivery
    if proof is not None:
        view.proved = True
    if proof is not None and proof.signed_by is not None:
        view.signed_by = proof.signed_by
    moved = False
    if entry.actual:
        view.last_milestone = entry.milestone
        view.last_event_at = entry.at
        moved = _move(view, place, entry)
    if view.open or entry.exception is not _NONE or entry.milestone in _IMPLIES:
        _follow_exceptions(view, entry, moved=moved)


def skip(view: View, entry: Entry) -> None:
    """Note that the event is the last of the history, and no more. Changes ``view``."""
    view.last_at = entry.at
    view.last_rank = RANK_OF[entry.milestone] if entry.actual else -1


def _move(view: View, place: int, entry: Entry) -> bool:
    told = STATUS_OF[entry.milestone]
    if told is None:
        return False
    target, held = told, False
    if entry.piece:
        _move_piece(view, entry, told)
        target, held = _of_all(view, told)
    current = view.status
    if current in TERMINAL and (not {told, target} <= _RETURN_LEG or current is Status.RETURNED):
        return False
    view.leader = place
    if held:
        return False
    if _leads(current, target):
        view.status = target
        view.status_at = entry.at
        if target is Status.DELIVERED:
            view.delivered_at = entry.at
    return True


def _leads(current: Status, target: Status) -> bool:
    on_the_way_back = current is Status.RETURNING and RANK[target] <= RANK[Status.IN_TRANSIT]
    return target is not current and not on_the_way_back


def _piece(view: View, name: str) -> Piece:
    return next((one for one in view.pieces if one.name == name), Piece(name))


def _with_known(piece: Piece, bits: int) -> Piece:
    return piece if piece.known | bits == piece.known else replace(piece, known=piece.known | bits)


def _set_piece(view: View, piece: Piece) -> None:
    others = [one for one in view.pieces if one.name != piece.name]
    view.pieces = tuple(sorted([piece, *others], key=lambda one: one.name))


def _move_piece(view: View, entry: Entry, target: Status) -> None:
    piece = _piece(view, entry.piece)
    ended = piece.status in TERMINAL and (target not in _RETURN_LEG or piece.status is Status.RETURNED)
    if not ended and _leads(piece.status, target):
        _set_piece(view, replace(piece, status=target, status_at=entry.at))


def _of_all(view: View, target: Status) -> tuple[Status, bool]:
    """Returns the status the shipment takes when a piece reaches ``target``, and whether it has to wait for other
    pieces."""
    if target not in _DONE:
        return target, False
    statuses = {one.status for one in view.pieces}
    if not statuses <= _DONE or len(view.pieces) < view.piece_count:
        return target, True
    first = next((one for one in (Status.DELIVERED, Status.RETURNING) if one in statuses), target)
    return first, False


def known_facts(view: View, piece: str) -> int:
    """The bits of the facts known of a piece, or without one of the shipment as a whole."""
    return _piece(view, piece).known if piece else view.known


def exception_of(entry: Entry) -> ExceptionType:
    """The exception that an event reports, by itself or as its milestone implies."""
    if entry.exception is _NONE and entry.actual:
        return _IMPLIES.get(entry.milestone, _NONE)
    return entry.exception


def _follow_exceptions(view: View, entry: Entry, *, moved: bool) -> None:
    exception = exception_of(entry)
    ended = view.status in TERMINAL
    opens = exception is not _NONE and (not ended or exception in _CLAIMS)
    still = view.open
    if moved and (exception is _NONE or ended):
        closed = _CLOSES.get(entry.milestone, frozenset())
        still = [one for one in still if one.type not in closed or (opens and one.type is exception)]
    if opens:
        still = _opened(still, exception, entry)
    if still != view.open:
        view.open = still


def _opened(still: list[OpenException], exception: ExceptionType, entry: Entry) -> list[OpenException]:
    for place, one in enumerate(still):
        if one.type is exception:
            if one.reason is entry.reason:
                return still
            renewed = OpenException(exception, one.since, entry.reason, entry.at)
            return [*still[:place], renewed, *still[place + 1 :]]
    return [*still, OpenException(exception, entry.at, entry.reason, entry.at)]
