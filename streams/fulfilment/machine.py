"""The state machine of a delivery: its phases, what moves it, and where each may lead, as one table.

Carriers report in any order and take reports back, so a phase is computed of all that is known (``phases.py``); the
table says which steps can come of that. What carriers and the warehouse report is never illegal; a person's decision is
where the table has no row for it, and is refused. docs/fulfilment.md draws the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from streams.kernel.vocabulary import DeliveryPhase, FulfilmentAction, PostingKind


class Event(StrEnum):
    """Names the things that move a delivery. ``expected``: the warehouse, or a booking, named its shipments, or how
    much was shipped; ``short``: a carrier said that pieces are short; ``unbooked``: a booking is no more;
    ``retracted``: a report was taken back; ``grace_ended``: the clock; ``released``, ``waived``, ``closed``: a
    person."""

    EXPECTED = "expected"
    UNBOOKED = "unbooked"
    DISPATCHED = "dispatched"
    ATTEMPTED = "attempted"
    DELIVERED = "delivered"
    SHORT = "short"
    PROVED = "proved"
    RETURN_STARTED = "return_started"
    RETURNED = "returned"
    LOST = "lost"
    CANCELLED = "cancelled"
    RETRACTED = "retracted"
    GRACE_ENDED = "grace_ended"
    RELEASED = "released"
    WAIVED = "waived"
    CLOSED = "closed"


EVENT_OF: Mapping[PostingKind, Event] = {
    PostingKind.GOODS_ISSUE: Event.DISPATCHED, PostingKind.DELIVERY_ATTEMPT: Event.ATTEMPTED,
    PostingKind.DELIVERY_CONFIRMATION: Event.DELIVERED, PostingKind.PROOF_OF_DELIVERY: Event.PROVED,
    PostingKind.RETURN_STARTED: Event.RETURN_STARTED, PostingKind.RETURN_RECEIPT: Event.RETURNED,
    PostingKind.LOSS: Event.LOST, PostingKind.CANCELLATION: Event.CANCELLED,
}
DECISIONS: Mapping[FulfilmentAction, Event] = {
    FulfilmentAction.RELEASE: Event.RELEASED, FulfilmentAction.WAIVE: Event.WAIVED,
    FulfilmentAction.CLOSE: Event.CLOSED,
}
_P = DeliveryPhase


def _to(*phases: DeliveryPhase) -> frozenset[DeliveryPhase]:
    return frozenset(phases)


TRANSITIONS: Mapping[DeliveryPhase, Mapping[Event, frozenset[DeliveryPhase]]] = {
    _P.OPEN: {
        Event.UNBOOKED: _to(_P.CANCELLED),
        Event.DISPATCHED: _to(_P.IN_TRANSIT),
        Event.ATTEMPTED: _to(_P.IN_TRANSIT),
        Event.DELIVERED: _to(_P.PARTLY_DELIVERED, _P.WAITING_FOR_PROOF, _P.CONFIRMED),
        Event.PROVED: _to(_P.WAITING_FOR_DELIVERY),
        Event.RETURN_STARTED: _to(_P.RETURNING),
        Event.RETURNED: _to(_P.IN_TRANSIT, _P.WAITING_FOR_DELIVERY, _P.RETURNED),
        Event.LOST: _to(_P.IN_TRANSIT, _P.WAITING_FOR_DELIVERY, _P.LOST),
        Event.CANCELLED: _to(_P.CANCELLED),
        Event.RETRACTED: _to(_P.IN_TRANSIT, _P.WAITING_FOR_DELIVERY),
        Event.CLOSED: _to(_P.CLOSED),
    },
    _P.IN_TRANSIT: {
        Event.UNBOOKED: _to(_P.RETURNED, _P.LOST),
        Event.DELIVERED: _to(_P.PARTLY_DELIVERED, _P.WAITING_FOR_PROOF, _P.CONFIRMED),
        Event.PROVED: _to(_P.WAITING_FOR_DELIVERY),
        Event.RETURN_STARTED: _to(_P.RETURNING),
        Event.RETURNED: _to(_P.WAITING_FOR_DELIVERY, _P.RETURNED, _P.LOST),
        Event.LOST: _to(_P.WAITING_FOR_DELIVERY, _P.LOST),
        Event.CANCELLED: _to(_P.OPEN, _P.RETURNED, _P.LOST, _P.CANCELLED),
        Event.RETRACTED: _to(_P.OPEN, _P.WAITING_FOR_DELIVERY, _P.RETURNING, _P.RETURNED, _P.LOST, _P.CANCELLED),
        Event.CLOSED: _to(_P.CLOSED),
    },
    _P.WAITING_FOR_DELIVERY: {
        Event.UNBOOKED: _to(_P.RETURNED, _P.LOST),
        Event.DELIVERED: _to(_P.PARTLY_DELIVERED, _P.WAITING_FOR_PROOF, _P.CONFIRMED),
        Event.RETURN_STARTED: _to(_P.RETURNING),
        Event.RETURNED: _to(_P.RETURNED, _P.LOST),
        Event.LOST: _to(_P.LOST),
        Event.CANCELLED: _to(_P.OPEN, _P.IN_TRANSIT, _P.RETURNED, _P.LOST, _P.CANCELLED),
        Event.RETRACTED: _to(_P.OPEN, _P.IN_TRANSIT, _P.RETURNING, _P.RETURNED, _P.LOST, _P.CANCELLED),
        Event.CLOSED: _to(_P.CLOSED),
    },
    _P.PARTLY_DELIVERED: {
        Event.EXPECTED: _to(_P.CONFIRMED),
        Event.UNBOOKED: _to(_P.WAITING_FOR_PROOF, _P.CONFIRMED, _P.RETURNED),
        Event.DELIVERED: _to(_P.WAITING_FOR_PROOF, _P.CONFIRMED),
        Event.PROVED: _to(_P.CONFIRMED),
        Event.RETURN_STARTED: _to(_P.RETURNING),
        Event.RETURNED: _to(_P.CONFIRMED, _P.RETURNING, _P.RETURNED, _P.LOST),
        Event.LOST: _to(_P.CONFIRMED, _P.LOST),
        Event.CANCELLED: _to(_P.WAITING_FOR_PROOF, _P.CONFIRMED, _P.RETURNED),
        Event.RETRACTED: _to(
            _P.OPEN, _P.IN_TRANSIT, _P.WAITING_FOR_DELIVERY, _P.WAITING_FOR_PROOF, _P.CONFIRMED, _P.RETURNING,
            _P.RETURNED, _P.LOST, _P.CANCELLED,
        ),
        Event.GRACE_ENDED: _to(_P.CONFIRMED),
        Event.RELEASED: _to(_P.CONFIRMED),
        Event.WAIVED: _to(_P.CONFIRMED),
        Event.CLOSED: _to(_P.CLOSED),
    },
    _P.WAITING_FOR_PROOF: {
        Event.EXPECTED: _to(_P.PARTLY_DELIVERED, _P.CONFIRMED),
        Event.DISPATCHED: _to(_P.PARTLY_DELIVERED),
        Event.ATTEMPTED: _to(_P.PARTLY_DELIVERED),
        Event.PROVED: _to(_P.PARTLY_DELIVERED, _P.CONFIRMED),
        Event.RETURN_STARTED: _to(_P.PARTLY_DELIVERED, _P.RETURNING),
        Event.RETURNED: _to(_P.PARTLY_DELIVERED, _P.RETURNED),
        Event.LOST: _to(_P.PARTLY_DELIVERED),
        Event.RETRACTED: _to(
            _P.OPEN, _P.IN_TRANSIT, _P.WAITING_FOR_DELIVERY, _P.PARTLY_DELIVERED, _P.CONFIRMED, _P.LOST, _P.CANCELLED,
        ),
        Event.GRACE_ENDED: _to(_P.PARTLY_DELIVERED, _P.CONFIRMED),
        Event.RELEASED: _to(_P.CONFIRMED),
        Event.WAIVED: _to(_P.PARTLY_DELIVERED, _P.CONFIRMED),
        Event.CLOSED: _to(_P.CLOSED),
    },
    _P.CONFIRMED: {
        Event.EXPECTED: _to(_P.PARTLY_DELIVERED, _P.WAITING_FOR_PROOF, _P.CLOSED),
        Event.DISPATCHED: _to(_P.PARTLY_DELIVERED, _P.CLOSED),
        Event.ATTEMPTED: _to(_P.PARTLY_DELIVERED, _P.CLOSED),
        Event.DELIVERED: _to(_P.PARTLY_DELIVERED, _P.WAITING_FOR_PROOF, _P.CLOSED),
        Event.SHORT: _to(_P.PARTLY_DELIVERED, _P.CLOSED),
        Event.PROVED: _to(_P.PARTLY_DELIVERED, _P.CLOSED),
        Event.RETURN_STARTED: _to(_P.PARTLY_DELIVERED, _P.RETURNING, _P.CLOSED),
        Event.RETURNED: _to(_P.PARTLY_DELIVERED, _P.RETURNED, _P.LOST, _P.CLOSED),
        Event.LOST: _to(_P.PARTLY_DELIVERED, _P.CLOSED),
        Event.RETRACTED: _to(
            _P.OPEN, _P.IN_TRANSIT, _P.WAITING_FOR_DELIVERY, _P.PARTLY_DELIVERED, _P.WAITING_FOR_PROOF, _P.RETURNED,
            _P.LOST, _P.CANCELLED, _P.CLOSED,
        ),
    },
    _P.RETURNING: {
        Event.DELIVERED: _to(_P.PARTLY_DELIVERED),
        Event.RETURNED: _to(_P.IN_TRANSIT, _P.WAITING_FOR_DELIVERY, _P.PARTLY_DELIVERED, _P.RETURNED, _P.LOST),
        Event.RETRACTED: _to(
            _P.OPEN, _P.IN_TRANSIT, _P.WAITING_FOR_DELIVERY, _P.PARTLY_DELIVERED, _P.WAITING_FOR_PROOF, _P.CONFIRMED,
            _P.RETURNED, _P.LOST, _P.CANCELLED,
        ),
        Event.CLOSED: _to(_P.CLOSED),
    },
    _P.RETURNED: {
        Event.EXPECTED: _to(_P.IN_TRANSIT, _P.WAITING_FOR_DELIVERY, _P.PARTLY_DELIVERED, _P.CLOSED),
        Event.DISPATCHED: _to(_P.IN_TRANSIT, _P.WAITING_FOR_DELIVERY, _P.PARTLY_DELIVERED, _P.CLOSED),
        Event.ATTEMPTED: _to(_P.IN_TRANSIT, _P.WAITING_FOR_DELIVERY, _P.PARTLY_DELIVERED, _P.CLOSED),
        Event.DELIVERED: _to(_P.PARTLY_DELIVERED, _P.CONFIRMED, _P.CLOSED),
        Event.PROVED: _to(_P.WAITING_FOR_DELIVERY, _P.PARTLY_DELIVERED, _P.CLOSED),
        Event.RETURN_STARTED: _to(_P.RETURNING, _P.CLOSED),
        Event.LOST: _to(_P.LOST),
        Event.RETRACTED: _to(
            _P.OPEN, _P.IN_TRANSIT, _P.WAITING_FOR_DELIVERY, _P.PARTLY_DELIVERED, _P.WAITING_FOR_PROOF, _P.CONFIRMED,
            _P.RETURNING, _P.LOST, _P.CANCELLED, _P.CLOSED,
        ),
    },
    _P.LOST: {
        Event.EXPECTED: _to(_P.IN_TRANSIT, _P.WAITING_FOR_DELIVERY, _P.CLOSED),
        Event.DISPATCHED: _to(_P.IN_TRANSIT, _P.WAITING_FOR_DELIVERY, _P.CLOSED),
        Event.ATTEMPTED: _to(_P.IN_TRANSIT, _P.WAITING_FOR_DELIVERY, _P.CLOSED),
        Event.DELIVERED: _to(_P.PARTLY_DELIVERED, _P.WAITING_FOR_PROOF, _P.CONFIRMED, _P.CLOSED),
        Event.PROVED: _to(_P.WAITING_FOR_DELIVERY, _P.CLOSED),
        Event.RETURN_STARTED: _to(_P.RETURNING, _P.CLOSED),
        Event.RETURNED: _to(_P.RETURNED),
        Event.RETRACTED: _to(
            _P.OPEN, _P.IN_TRANSIT, _P.WAITING_FOR_DELIVERY, _P.PARTLY_DELIVERED, _P.CONFIRMED, _P.RETURNING,
            _P.RETURNED, _P.CANCELLED, _P.CLOSED,
        ),
    },
    _P.CANCELLED: {
        Event.EXPECTED: _to(_P.OPEN, _P.CLOSED),
        Event.DISPATCHED: _to(_P.IN_TRANSIT, _P.CLOSED),
        Event.ATTEMPTED: _to(_P.IN_TRANSIT, _P.CLOSED),
        Event.DELIVERED: _to(_P.PARTLY_DELIVERED, _P.WAITING_FOR_PROOF, _P.CONFIRMED, _P.CLOSED),
        Event.PROVED: _to(_P.WAITING_FOR_DELIVERY, _P.CLOSED),
        Event.RETURN_STARTED: _to(_P.RETURNING, _P.CLOSED),
        Event.RETURNED: _to(_P.RETURNED),
        Event.LOST: _to(_P.LOST),
        Event.RETRACTED: _to(_P.OPEN, _P.IN_TRANSIT, _P.WAITING_FOR_DELIVERY, _P.CLOSED),
    },
    _P.CLOSED: {
        Event.EXPECTED: _to(_P.CONFIRMED),
        Event.UNBOOKED: _to(_P.CONFIRMED, _P.RETURNED, _P.LOST, _P.CANCELLED),
        Event.DELIVERED: _to(_P.CONFIRMED),
        Event.PROVED: _to(_P.CONFIRMED),
        Event.RETURNED: _to(_P.CONFIRMED, _P.RETURNED, _P.LOST),
        Event.LOST: _to(_P.CONFIRMED, _P.LOST),
        Event.CANCELLED: _to(_P.CONFIRMED, _P.RETURNED, _P.LOST, _P.CANCELLED),
        Event.RETRACTED: _to(_P.CONFIRMED, _P.RETURNED, _P.LOST, _P.CANCELLED),
        Event.RELEASED: _to(
            _P.OPEN, _P.IN_TRANSIT, _P.WAITING_FOR_DELIVERY, _P.PARTLY_DELIVERED, _P.CONFIRMED, _P.RETURNING,
        ),
        Event.WAIVED: _to(
            _P.OPEN, _P.IN_TRANSIT, _P.WAITING_FOR_DELIVERY, _P.PARTLY_DELIVERED, _P.WAITING_FOR_PROOF, _P.CONFIRMED,
            _P.RETURNING,
        ),
    },
}
"""By phase and event, the phases it may lead to; an event that is not there, or leads nowhere new, leaves the phase."""

MAY_DECIDE: Mapping[FulfilmentAction, frozenset[DeliveryPhase]] = {
    FulfilmentAction.RELEASE: _to(_P.PARTLY_DELIVERED, _P.WAITING_FOR_PROOF, _P.CLOSED),
    FulfilmentAction.WAIVE: _to(
        _P.OPEN, _P.IN_TRANSIT, _P.WAITING_FOR_DELIVERY, _P.PARTLY_DELIVERED, _P.WAITING_FOR_PROOF, _P.RETURNING,
        _P.CLOSED,
    ),
    FulfilmentAction.CLOSE: _to(
        _P.OPEN, _P.IN_TRANSIT, _P.WAITING_FOR_DELIVERY, _P.PARTLY_DELIVERED, _P.WAITING_FOR_PROOF, _P.RETURNING,
    ),
}
"""The phases in which a person may decide so."""


def actions_in(phase: DeliveryPhase) -> Iterator[FulfilmentAction]:
    """The decisions a person may take about a delivery that stands so."""
    return (action for action, phases in MAY_DECIDE.items() if phase in phases)
