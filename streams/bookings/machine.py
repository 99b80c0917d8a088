"""The state machine of one booking with one carrier, as one table. docs/bookings.md draws it.

An answer for which the table has no row is refused, and so is a decision; both are kept as dead letters. A carrier that
takes a load that is no longer its own gets a cancellation: no two carriers come for the same goods.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from streams.kernel.booking_vocabulary import AnswerKind, BookingAction, BookingPhase, BookingStatus


class Event(StrEnum):
    """Names the things that move a booking. ``accepted`` to ``failed``: the carrier; ``expired``: the clock;
    ``agreed``, ``refused``: a person, of other terms; ``cancelled``: a person, or a release that is cancelled."""

    ACCEPTED = "accepted"
    BOOKED = "booked"
    DECLINED = "declined"
    COUNTERED = "countered"
    FAILED = "failed"
    EXPIRED = "expired"
    AGREED = "agreed"
    REFUSED = "refused"
    CANCELLED = "cancelled"


EVENT_OF: Mapping[AnswerKind, Event] = {
    AnswerKind.ACCEPTED: Event.ACCEPTED, AnswerKind.BOOKED: Event.BOOKED, AnswerKind.DECLINED: Event.DECLINED,
    AnswerKind.COUNTERED: Event.COUNTERED, AnswerKind.FAILED: Event.FAILED,
}
_S = BookingStatus
_TOO_LATE = {
    Event.ACCEPTED: _S.CANCELLED, Event.BOOKED: _S.CANCELLED, Event.DECLINED: _S.DECLINED,
}
TRANSITIONS: Mapping[BookingStatus, Mapping[Event, BookingStatus]] = {
    _S.ASKED: {
        Event.ACCEPTED: _S.ACCEPTED, Event.BOOKED: _S.BOOKED, Event.DECLINED: _S.DECLINED,
        Event.COUNTERED: _S.COUNTERED, Event.FAILED: _S.FAILED, Event.EXPIRED: _S.EXPIRED,
        Event.CANCELLED: _S.CANCELLED,
    },
    _S.COUNTERED: {
        Event.AGREED: _S.ASKED, Event.REFUSED: _S.DECLINED, Event.ACCEPTED: _S.ACCEPTED, Event.BOOKED: _S.BOOKED,
        Event.DECLINED: _S.DECLINED, Event.COUNTERED: _S.COUNTERED, Event.EXPIRED: _S.EXPIRED,
        Event.CANCELLED: _S.CANCELLED,
    },
    _S.ACCEPTED: {
        Event.ACCEPTED: _S.ACCEPTED, Event.BOOKED: _S.BOOKED, Event.DECLINED: _S.DECLINED,
        Event.CANCELLED: _S.CANCELLED,
    },
    _S.BOOKED: {
        Event.ACCEPTED: _S.BOOKED, Event.BOOKED: _S.BOOKED, Event.DECLINED: _S.DECLINED, Event.CANCELLED: _S.CANCELLED,
    },
    _S.DECLINED: _TOO_LATE,
    _S.EXPIRED: _TOO_LATE,
    _S.CANCELLED: {**_TOO_LATE, Event.DECLINED: _S.CANCELLED},
    _S.FAILED: _TOO_LATE,
}

_P = BookingPhase
MAY_DECIDE: Mapping[BookingAction, frozenset[BookingPhase]] = {
    BookingAction.BOOK: frozenset({_P.HELD, _P.WAITING_FOR_WAREHOUSE}),
    BookingAction.REBOOK: frozenset({
        _P.ASKING, _P.COUNTERED, _P.WAITING_FOR_NUMBER, _P.BOOKED, _P.NO_CARRIER, _P.CANCELLED,
    }),
    BookingAction.ACCEPT: frozenset({_P.COUNTERED}),
    BookingAction.REFUSE: frozenset({_P.COUNTERED}),
    BookingAction.CANCEL: frozenset(_P) - {_P.CANCELLED, _P.UNKNOWN},
    BookingAction.CLOSE: frozenset(_P) - {_P.UNKNOWN},
}
"""The phases of a delivery in which a person may decide so; ``close`` only about a cancellation that is open."""


def actions_in(phase: BookingPhase) -> list[BookingAction]:
    """The decisions that are possible there."""
    return [action for action, phases in MAY_DECIDE.items() if phase in phases]
