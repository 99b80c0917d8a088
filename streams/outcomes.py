"""What a raw record may be beside canonical events and dead letters: the carrier's own errors, and functional
acknowledgements of EDI.

Times are UTC milliseconds.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field


class ErrorKind(StrEnum):
    """What a carrier says went wrong with a question put to it."""

    NOT_FOUND = "not_found"
    UNAUTHORISED = "unauthorised"
    RATE_LIMITED = "rate_limited"
    INVALID_REQUEST = "invalid_request"
    UNAVAILABLE = "unavailable"
    OTHER = "other"


class CarrierError(Struct, frozen=True, gc=False):
    """A carrier's error body: no event and no dead letter. ``tracking_number`` is empty where it names none."""

    kind: ErrorKind
    tracking_number: str
    detail: str


class Verdict(StrEnum):
    """What is said of an interchange, a functional group or a message (X12 717/715, EDIFACT 0083)."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_ERRORS = "accepted_with_errors"
    PARTLY_ACCEPTED = "partly_accepted"
    REJECTED = "rejected"


class Direction(StrEnum):
    """Who acknowledges: ``sent`` is our answer to a partner, ``received`` a partner's answer to us."""

    SENT = "sent"
    RECEIVED = "received"


class MessageVerdict(Struct, frozen=True):
    """One transaction set or message. ``errors``: what is wrong with it, code first (``4: SE-01 counts 9, not 8``)."""

    kind: str
    control: str
    verdict: Verdict
    errors: list[str] = field(default_factory=list)


class Acknowledgement(Struct, frozen=True):
    """A 997 or CONTRL. ``interchange_control`` and ``group_control`` (empty in CONTRL) are those of what is
    acknowledged; ``sender`` sent that. ``text`` is the interchange to send back, empty where it was received.
    """

    acknowledgement_id: str
    feed: str
    direction: Direction
    syntax: str
    sender: str
    receiver: str
    interchange_control: str
    group_control: str
    verdict: Verdict
    messages: list[MessageVerdict]
    text: str
    acknowledged_at: int
    topic: str
    partition: int
    offset: int
