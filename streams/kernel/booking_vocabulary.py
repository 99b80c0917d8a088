"""Closed vocabularies of bookings: where a booking and its delivery stand, what carriers answer, what people decide."""

from __future__ import annotations

from enum import StrEnum


class BookingStatus(StrEnum):
    """Where one booking with one carrier stands. ``asked``: the carrier has not answered; ``countered``: it offers
    other terms; ``accepted``: it takes the load and has not given its number; ``booked``: it has; ``failed``: it could
    not be asked."""

    UNKNOWN = "unknown"
    ASKED = "asked"
    COUNTERED = "countered"
    ACCEPTED = "accepted"
    BOOKED = "booked"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"


LIVE = frozenset({BookingStatus.ASKED, BookingStatus.COUNTERED, BookingStatus.ACCEPTED, BookingStatus.BOOKED})
"""A carrier may come for the goods: at most one booking of a delivery is so."""


class CancellationStatus(StrEnum):
    """Where the cancellation of a booking stands. ``asked``: the carrier has not taken it; ``sent``: it went by EDI,
    and nothing answers it but an acknowledgement; ``taken``: the carrier does not come; ``refused``: it says that it
    does; ``closed``: a person saw to it."""

    UNKNOWN = "unknown"
    ASKED = "asked"
    SENT = "sent"
    TAKEN = "taken"
    REFUSED = "refused"
    CLOSED = "closed"


NOT_TAKEN = frozenset({CancellationStatus.ASKED, CancellationStatus.REFUSED})
"""The carrier may come though it was to be told not to."""


class BookingPhase(StrEnum):
    """Where a delivery stands between its release and its carrier. ``held``: the warehouse packed less or more than was
    ordered, and a person decides; ``no_carrier``: every carrier that may be asked was."""

    UNKNOWN = "unknown"
    WAITING_FOR_RELEASE = "waiting_for_release"
    WAITING_FOR_WAREHOUSE = "waiting_for_warehouse"
    HELD = "held"
    ASKING = "asking"
    COUNTERED = "countered"
    WAITING_FOR_NUMBER = "waiting_for_number"
    BOOKED = "booked"
    NO_CARRIER = "no_carrier"
    CANCELLED = "cancelled"


class BookingRequestKind(StrEnum):
    """Names the records of ``carrier.bookings``: ``book`` and ``cancel`` are asked of a carrier; ``booked`` and
    ``released`` say that the number is the delivery's, and that it is not any more."""

    UNKNOWN = "unknown"
    BOOK = "book"
    CANCEL = "cancel"
    BOOKED = "booked"
    RELEASED = "released"


class AnswerKind(StrEnum):
    """A carrier's answer to a booking. ``unavailable``: it could not be reached and is asked again; ``failed``: it
    cannot be asked as the booking is. ``cancelled`` to ``cancel_unavailable``: to a cancellation."""

    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    BOOKED = "booked"
    DECLINED = "declined"
    COUNTERED = "countered"
    UNAVAILABLE = "unavailable"
    FAILED = "failed"
    CANCELLED = "cancelled"
    CANCEL_REFUSED = "cancel_refused"
    CANCEL_UNAVAILABLE = "cancel_unavailable"


class BookingAction(StrEnum):
    """A person's decision. ``book``: book what is packed; ``rebook``: cancel what is booked and ask again, a named
    carrier first; ``accept`` and ``refuse``: a carrier's other terms; ``cancel``: the delivery needs no carrier;
    ``close``: a carrier that did not take a cancellation was called, and does not come."""

    UNKNOWN = "unknown"
    BOOK = "book"
    REBOOK = "rebook"
    ACCEPT = "accept"
    REFUSE = "refuse"
    CANCEL = "cancel"
    CLOSE = "close"
